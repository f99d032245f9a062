"""The kinds of values that options have, each with what it accepts in words."""

from __future__ import annotations

import importlib
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

from .kind import Kind, short

_TRUE = frozenset({"true", "yes", "on", "y", "t", "1"})
_FALSE = frozenset({"false", "no", "off", "n", "f", "0"})


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _boolean_from_text(text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError
    return word in _TRUE


BOOLEAN = Kind("True or False", _boolean, _boolean_from_text)


def _quiet(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """``parse`` without its own text, which would only say again what came."""

    def parsed(text: str) -> Any:
        try:
            return parse(text)
        except ValueError:
            raise ValueError from None

    return parsed


def integer(least: int, most: int | None = None) -> Kind:
    """A whole number from ``least`` to ``most``."""

    def check(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError
        if value < least or (most is not None and value > most):
            raise ValueError
        return value

    bound = f"from {least} to {most}" if most is not None else f"of at least {least}"
    return Kind(f"a whole number {bound}", check, _quiet(int))


def number(least: float, most: float | None = None, *, above: bool = False) -> Kind:
    """A finite number from ``least`` (not itself, if ``above``) to ``most``."""

    def check(value: Any) -> float:
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            raise TypeError
        top = sys.float_info.max if most is None else most
        if not least <= value <= top or (above and value == least):  # false for NaN too
            raise ValueError
        return float(value)

    low = f"above {least}" if above else f"of at least {least}"
    high = f" and at most {most}" if most is not None else ""
    return Kind(f"a number {low}{high}", check, _quiet(float))


def seconds(least: float = 0, *, above: bool = False) -> Kind:
    """A duration that can be waited for: at most a week, as ``poll`` takes 24 days at most."""
    return number(least, 7 * 24 * 3600, above=above)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    if not value.strip():
        raise ValueError
    return value


def _key(value: Any) -> str:
    text = _text(value)
    if not text.isprintable() or any(map(str.isspace, text)):
        raise ValueError
    return text


TEXT = Kind("a text that is not empty", _text)
SECRET = Kind("a text that is not empty", _text, secret=True)
KEY = Kind(
    "a text that is not empty, without white space and control characters", _key, secret=True
)


def choice(*words: str) -> Kind:
    """One of the ``words``."""

    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise TypeError
        if value not in words:
            raise ValueError
        return words[words.index(value)]

    return Kind(" or ".join(repr(word) for word in words), check)


def _strings(value: Any) -> tuple[str, ...]:
    if isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
        raise TypeError("a list belongs here" if isinstance(value, (str, bytes)) else "")
    items = tuple(value)
    for item in items:
        if not isinstance(item, str) or not item.strip():
            raise TypeError(f"{short(item)} is in it")
    return tuple(dict.fromkeys(items))


_COMMA = re.compile(r",(?![^][(){}]*[])}])")


def list_from_text(text: str) -> list[str]:
    r"""Split ``text`` at line ends, or if it is of one line, at commas outside of brackets.

    Half of a rule such as ``EMP-\d{2,6}`` would be a rule too, and redact nothing.
    """
    lines = text.strip().splitlines()
    parts = lines if len(lines) > 1 else _COMMA.split(text)
    return [part.strip() for part in parts if part.strip()]


def _all_of(shared: Iterable[str], own: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*shared, *own]))


def _common_to(shared: Iterable[str], own: Iterable[str]) -> tuple[str, ...]:
    allowed = {rule.lower() for rule in shared}
    return tuple(rule for rule in own if rule.lower() in allowed)


STRINGS = Kind("a list of texts", _strings, list_from_text)
RULES = STRINGS._replace(joined=_all_of)
"""Rules that forbid: a backend's hold beside the middleware's."""
PERMITS = STRINGS._replace(joined=_common_to)
"""Rules that permit: what a backend permits must be permitted by the middleware too."""


def imported(dotted: str) -> Any:
    """Return what ``package.module.name`` or ``package.module:name`` names.

    Raises:
        ValueError: it cannot be imported; the text says why.
    """
    module, _, name = dotted.rpartition(":") if ":" in dotted else dotted.rpartition(".")
    if not module:
        raise ValueError("a dotted path has a module and a name: package.module.name")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except Exception as error:  # an import runs code, which may raise anything
        raise ValueError(f"importing it: {type(error).__name__}: {error}") from None
    return found


def _function(value: Any) -> Callable[..., Any]:
    found = imported(value) if isinstance(value, str) else value
    if not callable(found):
        raise TypeError("" if found is value else f"{short(found)} can't be called")
    return found  # type: ignore[no-any-return]


FUNCTION = Kind("a function, or the dotted path of one", _function)


def optional(kind: Kind) -> Kind:
    """``kind``, or ``None`` for "not set"."""

    def check(value: Any) -> Any:
        return None if value is None else kind.check(value)

    return kind._replace(accepts=f"{kind.accepts}, or None", check=check)
