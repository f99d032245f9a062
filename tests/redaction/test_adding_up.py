"""Rules add up, wherever they come from: no later place takes back what an earlier one forbids."""

from __future__ import annotations

import pytest
from exchanges import exchange

from wsgi_apimetrics import ConfigurationError
from wsgi_apimetrics.config import compose
from wsgi_apimetrics.exceptions import ExchangeDropped
from wsgi_apimetrics.exchange import RedactedExchange
from wsgi_apimetrics.options import list_from_text
from wsgi_apimetrics.redaction.policy import RedactionPolicy
from wsgi_apimetrics.redaction.redactor import Redactor
from wsgi_apimetrics.redaction.vocabulary import README
from wsgi_apimetrics.testing import Memory

PREFIX = "WSGI_APIMETRICS_"
KINDS = ["denylist", "redact_headers", "redact_request_body", "redact_response_body"]


def policy(*, everywhere, given, backends, own) -> RedactionPolicy:
    """Return what a backend redacts by: two environments' and two arguments' options."""
    environment = {f"{PREFIX}{name}".upper(): value for name, value in everywhere.items()}
    environment |= {f"{PREFIX}MEMORY_{name}".upper(): value for name, value in backends.items()}
    [parts] = compose([Memory(**own)], given, environment).parts
    return parts.redaction


@pytest.mark.parametrize("option", [*KINDS, "redact_patterns"])
def test_rules_of_all_four_places_hold(option: str) -> None:
    """The environment's, the middleware's, the backend's environment's, the backend's."""
    found = policy(
        everywhere={option: "one"},
        given={option: ["two"]},
        backends={option: "three"},
        own={option: ["four"]},
    )
    assert getattr(found, option) == ("one", "two", "three", "four")


@pytest.mark.parametrize("option", ["redact_common_secrets", "redact_ignore_case"])
@pytest.mark.parametrize("place", range(4))
def test_what_is_switched_on_anywhere_stays_on(option: str, place: int) -> None:
    """False in the code does not take back what the environment says."""
    said = [position == place for position in range(4)]
    found = policy(
        everywhere={option: str(said[0])},
        given={option: said[1]},
        backends={option: str(said[2])},
        own={option: said[3]},
    )
    assert getattr(found, option) is True


def test_allowlists_of_all_four_places_intersect() -> None:
    """What is sent has to be allowed by each."""
    found = policy(
        everywhere={"allowlist": "a,b,c,d"},
        given={"allowlist": ["b", "c", "d", "e"]},
        backends={"allowlist": "c,d,e,f"},
        own={"allowlist": ["d", "e", "f", "g"]},
    )
    names = "abcdefg"
    given = exchange(query="&".join(f"{name}=value" for name in names))
    query = Redactor(found, README).redact(given).request.query
    assert [pair for pair in query.split("&") if pair.endswith("=value")] == ["d=value"]


def test_a_default_is_turned_off_only_by_all() -> None:
    """A header that is sensitive for one place that speaks of it is redacted."""
    found = policy(
        everywhere={"unredacted_headers": "Cookie, Authorization"},
        given={"unredacted_headers": ["authorization", "X-Api-Key"]},
        backends={},
        own={},
    )
    assert [name.lower() for name in found.unredacted_headers or ()] == ["authorization"]


def test_nothing_said_takes_nothing_back() -> None:
    """None in the code is not an answer to a rule of the environment."""
    found = policy(
        everywhere={"denylist": "one"}, given={"denylist": None}, backends={}, own={"denylist": ()}
    )
    assert found.denylist == ("one",)


def test_every_hook_runs() -> None:
    """In the order of the places; each gets what the one before returned."""
    calls = []

    def first(exchange: RedactedExchange) -> RedactedExchange:
        calls.append("first")
        return exchange

    def second(exchange: RedactedExchange) -> RedactedExchange:
        calls.append("second")
        return exchange

    found = policy(
        everywhere={}, given={"before_send": first}, backends={}, own={"before_send": second}
    )
    Redactor(found, README).redact(exchange())
    assert calls == ["first", "second"]


def test_a_hook_that_drops_an_exchange_is_the_last_to_see_it() -> None:
    """What it has dropped reaches no other."""
    seen: list[RedactedExchange] = []
    found = policy(
        everywhere={},
        given={"before_send": lambda _: None},
        backends={},
        own={"before_send": seen.append},
    )
    with pytest.raises(ExchangeDropped, match="hook_dropped"):
        Redactor(found, README).redact(exchange())
    assert seen == []


def test_a_wrong_rule_of_the_environment_is_an_error_too() -> None:
    """It is not overridden by a right one."""
    with pytest.raises(ConfigurationError, match="nonsense"):
        policy(
            everywhere={"unredacted_headers": "nonsense"},
            given={"unredacted_headers": ["Cookie"]},
            backends={},
            own={},
        )


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        (r"EMP-\d{2,6},[a,b]x,(?:c|d,e)", [r"EMP-\d{2,6}", "[a,b]x", "(?:c|d,e)"]),
        ("$.a[?(@.b == 'x,y')].c, d", ["$.a[?(@.b == 'x,y')].c", "d"]),
        ("a,b]c", ["a,b]c"]),
    ],
)
def test_a_rule_of_the_environment_stays_in_one_piece(text: str, rules: list[str]) -> None:
    """Half of a regular expression compiles, and would redact nothing."""
    assert list_from_text(text) == rules
