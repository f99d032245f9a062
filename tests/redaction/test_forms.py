"""Forms under rules: a field is a member of an object, a repeated one holds a list."""

from __future__ import annotations

import pytest
from exchanges import FORM, body, redacted_body

BOUNDARY = "multipart/form-data; boundary=B"


def multipart(*fields: tuple[str, str]) -> str:
    """Return a form of these parts; each says what follows ``name="``, and its content."""
    parts = (
        f'--B\r\nContent-Disposition: form-data; name="{head}\r\n\r\n{content}\r\n'
        for head, content in fields
    )
    return f"{''.join(parts)}--B--\r\n"


def after(*fields: tuple[str, str], **rules: object) -> str:
    """Return a multipart form after redaction."""
    return redacted_body(body(multipart(*fields), BOUNDARY), **rules)


def test_a_repeated_field_is_a_list_to_the_rules() -> None:
    """One that comes once is no list: [*] and an index reach nothing in it."""
    rules = {"redact_request_body": ("$.tag[*]",)}
    assert redacted_body(body("tag=one&q=x", FORM), **rules) == "tag=one&q=x"
    twice = redacted_body(body("tag=one&q=x&tag=three", FORM), **rules)
    assert twice == "tag=%5BREDACTED%203%5D&q=x&tag=%5BREDACTED%205%5D"
    rules = {"redact_request_body": ("$.tag[1]",)}
    second = redacted_body(body("tag=one&q=x&tag=three", FORM), **rules)
    assert second == "tag=one&q=x&tag=%5BREDACTED%205%5D"


def test_each_field_of_a_multipart_form_is_judged_by_itself() -> None:
    """What no rule names goes on byte for byte, in its place."""
    fields = (('q"', "before"), ('p"', "hunter2"), ('r"', "behind"))
    expected = (('q"', "before"), ('p"', "[REDACTED 7]"), ('r"', "behind"))
    assert after(*fields, denylist=("p",)) == multipart(*expected)
    assert after(*fields, denylist=("s",)) == multipart(*fields)


def test_a_pattern_takes_a_file_name_and_leaves_the_content() -> None:
    """And the other way round: each is asked by itself."""
    rules = {"redact_patterns": ("email",)}
    named = ('p"; filename="ada@example.com.txt"', "nothing here")
    assert "nothing here" in after(named, **rules)
    assert "ada@" not in after(named, **rules)
    holding = ('p"; filename="a.txt"', "to ada@example.com")
    assert 'filename="a.txt"' in after(holding, **rules)
    assert "ada@" not in after(holding, **rules)


@pytest.mark.parametrize("before", ["to ", "~ ", " "])
def test_a_pattern_takes_it_from_any_content(before: str) -> None:
    """Whether the content sorts before or behind what is put in its place."""
    found = after(('p"', f"{before}ada@example.com"), redact_patterns=("email",))
    assert found == multipart(('p"', f"{before}[REDACTED 15]"))


def test_a_file_name_is_marked_apart_from_its_content() -> None:
    """Both go by the rule that names the field."""
    came = ('p"; filename="secret.txt"', "hunter2")
    expected = ('p"; filename="[REDACTED 10]"', "[REDACTED 7]")
    assert after(came, denylist=("p",)) == multipart(expected)
