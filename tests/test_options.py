"""Options: what is accepted, how text becomes it, and what the errors say (and never show)."""

from __future__ import annotations

import dataclasses
import logging
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsgi_apimetrics import options
from wsgi_apimetrics.backends.base import SHARED, Backend
from wsgi_apimetrics.backends.table import OURS, backend_named
from wsgi_apimetrics.capture.policy import CapturePolicy
from wsgi_apimetrics.exceptions import ConfigurationError, MissingExtraError
from wsgi_apimetrics.options import (
    BOOLEAN,
    FUNCTION,
    PERMITS,
    RULES,
    SECRET,
    STRINGS,
    TEXT,
    Kind,
    choice,
    integer,
    number,
    optional,
    seconds,
)

SHOUTED = "kSECRETk"


class Refuses:
    """A value that cannot even be shown."""

    def __repr__(self) -> str:
        raise RuntimeError("no repr")


def strings_that_end_early() -> Any:
    """An iterable that has two texts and something else."""
    yield from ("a", "b", 3)


def a_function() -> None:
    """What dotted paths in these tests name."""


class Box:
    """Holds a function, for a path with two names after its colon."""

    function = staticmethod(a_function)


def message(call: Callable[[], Any]) -> str:
    """Return the text of the ConfigurationError that ``call`` raises."""
    with pytest.raises(ConfigurationError) as caught:
        call()
    return str(caught.value)


# -- kinds ------------------------------------------------------------------------------------

ACCEPTED = [
    (BOOLEAN, True, True),
    (BOOLEAN, False, False),
    (integer(1), 1, 1),
    (integer(0, 5), 5, 5),
    (number(0), 0, 0.0),
    (number(0, 1), 1, 1.0),
    (number(0, above=True), 0.001, 0.001),
    (number(0), sys.float_info.max, sys.float_info.max),
    (seconds(), 0, 0.0),
    (seconds(above=True), 604_800, 604_800.0),
    (TEXT, "a", "a"),
    (SECRET, "a", "a"),
    (choice("normal", "full"), "full", "full"),
    (STRINGS, [], ()),
    (STRINGS, ["a", "b", "a"], ("a", "b")),
    (STRINGS, {"a": 1}, ("a",)),
    (STRINGS, (word for word in ("x", "y")), ("x", "y")),
    (FUNCTION, len, len),
    (FUNCTION, "builtins.len", len),
    (FUNCTION, f"{__name__}:a_function", a_function),
    (FUNCTION, f"{__name__}:Box.function", a_function),
    (optional(TEXT), None, None),
    (optional(TEXT), "a", "a"),
]


@pytest.mark.parametrize(("kind", "given_value", "kept"), ACCEPTED)
def test_what_is_accepted(kind: Kind, given_value: Any, kept: Any) -> None:
    """Each kind keeps a right value, in one type, whatever type of the right ones came."""
    found = options.checked("option", given_value, kind)
    assert found == kept
    assert type(found) is type(kept)


REFUSED = [
    (BOOLEAN, 1, "option must be True or False, not 1"),
    (BOOLEAN, "yes", "option must be True or False, not 'yes'"),
    (integer(1), True, "option must be a whole number of at least 1, not True"),
    (integer(1), 1.0, "option must be a whole number of at least 1, not 1.0"),
    (integer(1), 0, "option must be a whole number of at least 1, not 0"),
    (integer(0, 5), 6, "option must be a whole number from 0 to 5, not 6"),
    (number(0), True, "option must be a number of at least 0, not True"),
    (number(0), "1", "option must be a number of at least 0, not '1'"),
    (number(0), -1, "option must be a number of at least 0, not -1"),
    (number(0), math.nan, "option must be a number of at least 0, not nan"),
    (number(0), math.inf, "option must be a number of at least 0, not inf"),
    (number(0), 10**400, "not a number of over 40 digits"),
    (integer(0, 5), 10**5000, "not a number of over 40 digits"),
    (number(0, above=True), 0, "option must be a number above 0, not 0"),
    (number(0, 1), 1.5, "option must be a number of at least 0 and at most 1, not 1.5"),
    (seconds(), 1e9, "option must be a number of at least 0 and at most 604800, not 1000000000.0"),
    (TEXT, "", "option must be a text that is not empty, not ''"),
    (TEXT, " \n", r"option must be a text that is not empty, not ' \n'"),
    (TEXT, b"a", "option must be a text that is not empty, not b'a'"),
    (choice("normal", "full"), "off", "option must be 'normal' or 'full', not 'off'"),
    (choice("normal", "full"), None, "option must be 'normal' or 'full', not None"),
    (STRINGS, "a,b", "option must be a list of texts, not 'a,b' (a list belongs here)"),
    (STRINGS, b"a", "option must be a list of texts, not b'a' (a list belongs here)"),
    (STRINGS, 5, "option must be a list of texts, not 5"),
    (STRINGS, ["a", ""], "option must be a list of texts, not ['a', ''] ('' is in it)"),
    (STRINGS, ["a", " "], "option must be a list of texts, not ['a', ' '] (' ' is in it)"),
    (STRINGS, strings_that_end_early(), "(3 is in it)"),
    (FUNCTION, 5, "option must be a function, or the dotted path of one, not 5"),
    (FUNCTION, "nothing", "a dotted path has a module and a name: package.module.name"),
    (FUNCTION, "", "a dotted path has a module and a name: package.module.name"),
    (FUNCTION, "no.such.thing", "importing it: ModuleNotFoundError: No module named 'no'"),
    (FUNCTION, "builtins.nothing", "importing it: AttributeError"),
    (FUNCTION, "sys.maxsize", f"({sys.maxsize} can't be called)"),
    (optional(TEXT), "", "option must be a text that is not empty, or None, not ''"),
    (TEXT, Refuses(), "option must be a text that is not empty, not <Refuses instance at"),
]


@pytest.mark.parametrize(("kind", "came", "text"), REFUSED, ids=range(len(REFUSED)))
def test_what_is_refused(kind: Kind, came: Any, text: str) -> None:
    """The error names the option, what is accepted, and what came."""
    said = message(lambda: options.checked("option", came, kind))
    assert text in said
    assert said.startswith("option must be ")


def test_an_error_stays_short_whatever_came() -> None:
    """A body given in place of a name does not fill the log."""
    said = message(lambda: options.checked("option", ["x" * 1_000_000] * 1_000, BOOLEAN))
    assert len(said) < 150


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()


@given(st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_no_value_gets_past_as_another_error(came: Any) -> None:
    """Whatever comes is either kept or a ConfigurationError."""
    for kind in (BOOLEAN, integer(0), number(0), TEXT, choice("a"), STRINGS, optional(SECRET)):
        try:
            options.checked("option", came, kind)
        except ConfigurationError:
            continue


TEXTS = [
    (BOOLEAN, " Yes ", True),
    (BOOLEAN, "off", False),
    (integer(0), " 5 ", 5),
    (number(0), "0.5", 0.5),
    (TEXT, " a ", "a"),
    (STRINGS, "a, b,, c", ("a", "b", "c")),
    (STRINGS, "\n  a, b\n  c\n", ("a, b", "c")),
    (STRINGS, "\n  a\n", ("a",)),
    (optional(RULES), "a", ("a",)),
    (FUNCTION, " builtins.len ", len),
]


@pytest.mark.parametrize(("kind", "text", "kept"), TEXTS)
def test_what_text_becomes(kind: Kind, text: str, kept: Any) -> None:
    """The same value from an ini file as from the environment, white space aside."""
    assert options.read_text({"option": text}, {"option": kind}, "app.ini") == {"option": kept}
    environment = {"WSGI_APIMETRICS_OPTION": text}
    assert options.read_environment(environment, {"option": kind}) == {"option": kept}


@pytest.mark.parametrize(
    ("kind", "text"),
    [(BOOLEAN, "maybe"), (integer(0), "1.5"), (number(0), "much"), (number(0), "inf")],
)
def test_what_text_does_not_become(kind: Kind, text: str) -> None:
    """The error says where the text stands, and says it once."""
    said = message(lambda: options.read_text({"option": text}, {"option": kind}, "app.ini"))
    assert said.startswith(f"app.ini: option must be {kind.accepts}, not ")
    environment = {"WSGI_APIMETRICS_LOCAL_OPTION": text}
    said = message(lambda: options.read_environment(environment, {"option": kind}, infix="local_"))
    assert said.startswith("environment variable WSGI_APIMETRICS_LOCAL_OPTION must be ")
    assert said.count(text) == 1


def test_an_empty_variable_is_not_set() -> None:
    """A container's template that leaves a variable empty means the default."""
    environment = {"WSGI_APIMETRICS_OPTION": "  ", "OPTION": "x"}
    assert options.read_environment(environment, {"option": TEXT}) == {}


@given(st.lists(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1)))
def test_a_list_survives_being_written_as_lines(words: list[str]) -> None:
    """One rule per line is taken as it is, commas and all."""
    text = "\n".join(["", *words, ""])
    assert options.list_from_text(text) == words or len(words) < 2


# -- names ------------------------------------------------------------------------------------

KNOWN = options.kinds(CapturePolicy, *SHARED)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [("denylst", "denylist"), ("DENYLIST", "denylist"), ("bufer_length", "buffer_length")],
)
def test_an_unknown_option_suggests_the_nearest(name: str, nearest: str) -> None:
    """In code and in a file."""
    said = message(lambda: options.read({name: 1}, KNOWN, "ReadMe"))
    assert said == f"ReadMe has no option {name!r}: did you mean {nearest!r}?"
    said = message(lambda: options.read_text({name: "1"}, KNOWN, "app.ini"))
    assert said == f"app.ini: there is no option {name!r}: did you mean {nearest!r}?"


def test_a_name_like_no_other_gets_no_suggestion() -> None:
    """A wrong hint is worse than none."""
    said = message(lambda: options.read({"zzzzzz": 1}, KNOWN, "ReadMe"))
    assert said == "ReadMe has no option 'zzzzzz'"


def test_read_keeps_what_is_right() -> None:
    """Each value as its kind keeps it."""
    assert options.read({"denylist": ["a"], "timeout": 2}, KNOWN, "ReadMe") == {
        "denylist": ("a",),
        "timeout": 2.0,
    }


def test_a_missing_extra_says_so_itself() -> None:
    """An error that knows more than the kind does is passed on."""

    def check(value: Any) -> Any:
        raise MissingExtraError("speed", "speed")

    with pytest.raises(MissingExtraError, match=r"wsgi-apimetrics\[speed\]"):
        options.checked("option", 1, Kind("anything", check))


# -- joining ----------------------------------------------------------------------------------

names = st.lists(st.sampled_from("abcdef"), unique=True).map(tuple)


@given(names, names)
def test_a_backend_forbids_more_and_permits_less(shared: Any, own: Any) -> None:
    """Redaction rules add up: a backend never sends what the middleware forbids."""
    known = {"denylist": RULES, "allowlist": PERMITS}
    both = options.merged(
        {"denylist": shared, "allowlist": shared}, {"denylist": own, "allowlist": own}, known
    )
    assert set(both["denylist"]) == {*shared, *own}
    assert set(both["allowlist"]) == {*shared} & {*own}


def test_permits_are_compared_without_case() -> None:
    """Names of headers have none (RFC 9110, 5.1)."""
    known = {"allowlist": PERMITS}
    both = options.merged({"allowlist": ("X-Name",)}, {"allowlist": ("x-name", "y")}, known)
    assert both == {"allowlist": ("x-name",)}


@pytest.mark.parametrize(
    ("shared", "own", "found"),
    [
        ({"denylist": None}, {"denylist": ("a",)}, ("a",)),
        ({}, {"denylist": ("a",)}, ("a",)),
        ({"denylist": ("a",)}, {"denylist": None}, ("a",)),
        ({"denylist": ("a",)}, {}, ("a",)),
    ],
)
def test_one_side_alone_holds(shared: Any, own: Any, found: Any) -> None:
    """A backend's ``None`` takes nothing away."""
    assert options.merged(shared, own, KNOWN) == {"denylist": found}


def test_other_options_are_replaced() -> None:
    """The one that is closer to the use."""
    assert options.merged({"timeout": 3.0}, {"timeout": 1.0}, KNOWN) == {"timeout": 1.0}


# -- secrets ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings with a secret of each sort."""

    token: str = options.option("", SECRET, "A token.")
    other: str | None = options.option(None, optional(SECRET), "Another.")
    plain: str = options.option("", TEXT, "No secret.")


def _quotes(text: Any) -> Any:
    raise ValueError(f"can't read {text!r}")


@pytest.mark.parametrize("kind", [SECRET, Kind("a key", _quotes, _quotes, secret=True)])
@pytest.mark.parametrize("came", [[SHOUTED], SHOUTED.encode(), {"key": SHOUTED}])
def test_a_secret_is_not_in_an_error(kind: Kind, came: Any) -> None:
    """Neither the value nor what the error behind says of it."""
    for call in (
        lambda: options.checked("api_key", came, kind),
        lambda: options.read({"api_key": came}, {"api_key": kind}, "ReadMe"),
        lambda: options.read_environment({"WSGI_APIMETRICS_KEY": SHOUTED}, {"key": BAD}),
        lambda: options.read_text({"key": SHOUTED}, {"key": BAD}, "app.ini"),
    ):
        said = message(call)
        assert SHOUTED not in said
        assert "(not shown)" in said


BAD = Kind("a key", str, _quotes, secret=True)


def test_a_secret_is_not_in_a_repr() -> None:
    """Policies are shown in tracebacks and logs; their secrets are not."""
    shown = repr(options.build(Settings, {"token": SHOUTED, "other": SHOUTED, "plain": "seen"}))
    assert SHOUTED not in shown
    assert "seen" in shown


# -- every option of every policy ---------------------------------------------------------------


def _policies() -> Mapping[str, type]:
    found = {policy.__name__: policy for policy in (CapturePolicy, *SHARED)}
    for name in OURS:
        try:
            settings = backend_named(name).settings
        except ModuleNotFoundError:  # a backend that needs an extra which is not installed
            continue
        found[settings.__name__] = settings
    return found


OPTIONS = [
    pytest.param(field, id=f"{name}.{field.name}")
    for name, policy in _policies().items()
    for field in dataclasses.fields(policy)
]


@pytest.mark.parametrize("field", OPTIONS)
def test_every_option_is_whole(field: Any) -> None:
    """A kind, a sentence, a name without capitals, and a default that its own kind keeps."""
    kind, doc = field.metadata["kind"], field.metadata["doc"]
    assert doc.endswith(".")
    assert field.name == field.name.lower()
    assert kind.accepts
    if field.default not in ("", dataclasses.MISSING):  # "": must be given
        kept = options.checked(field.name, field.default, kind)
        assert kept == field.default
        assert type(kept) is type(field.default)


@pytest.mark.parametrize("field", OPTIONS)
def test_every_option_refuses_what_it_is_not(field: Any) -> None:
    """A value of no option's type is an error which names the option."""
    said = message(lambda: options.checked(field.name, object(), field.metadata["kind"]))
    assert said.startswith(f"{field.name} must be {field.metadata['kind'].accepts}, not ")


def test_no_option_has_two_homes() -> None:
    """A name means one thing, for the middleware and for every backend."""
    shared = [name for policy in (CapturePolicy, *SHARED) for name in options.kinds(policy)]
    assert len(shared) == len(set(shared))
    for name in OURS:
        own = options.kinds(backend_named(name).settings)
        assert not set(own) & set(shared), name


def test_build_takes_what_the_policy_knows() -> None:
    """And leaves the rest to the others."""
    assert options.build(Settings, {"plain": "x", "timeout": 3}) == Settings(plain="x")


def test_fields_that_are_no_options_are_left_alone() -> None:
    """A policy may hold what is derived."""

    @dataclass
    class Odd:
        plain: int = 1
        real: bool = options.option(False, BOOLEAN, "One.")

    assert list(options.kinds(Odd)) == ["real"]


def test_a_backend_shows_no_secret() -> None:
    """Not in its repr, and not in a log line that holds it."""

    class Ours(Backend):
        name = "ours"
        settings = Settings

    backend = Ours(token=SHOUTED, plain="seen")
    record = logging.LogRecord("x", logging.INFO, "x", 1, "%s", (backend,), None)
    assert SHOUTED not in record.getMessage()
    assert "seen" in record.getMessage()
