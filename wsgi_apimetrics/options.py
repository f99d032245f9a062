"""What an option is: its default, what it accepts, how text becomes it, what it means.

A policy (``CapturePolicy``, ``RedactionPolicy``, ``DeliveryPolicy``, a backend's settings) is
a frozen dataclass whose fields are made by :func:`option`; everything that needs to know an
option (the constructor, the environment, an ini file, the documentation) reads it off the
field, so that each option has one home. A leaf: imports nothing of ours but the exceptions.

A wrong value is a :class:`~wsgi_apimetrics.exceptions.ConfigurationError` that names the
option, what came and what is accepted; an unknown name suggests the nearest.
"""

from __future__ import annotations

import dataclasses
import difflib
import importlib
import reprlib
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from .exceptions import ConfigurationError

ENV_PREFIX = "WSGI_APIMETRICS_"
"""The environment variable of an option is this and the option's name in capitals."""

P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of value.

    Attributes:
        accepts: What is accepted, in words that end the sentence "... must be".
        check: Returns the value to keep; raises ``TypeError`` or ``ValueError`` for a wrong one,
            with a text if there is more to say than ``accepts`` does.
        from_text: Makes a value for ``check`` from an environment variable or an ini file.
        joined: Makes one value of the middleware's and a backend's, where the second does not
            simply replace the first.
        secret: Whether the value must never be shown.
    """

    accepts: str
    check: Callable[[Any], Any]
    from_text: Callable[[str], Any] = str.strip
    joined: Callable[[Any, Any], Any] | None = None
    secret: bool = False


def option(default: Any, kind: Kind, doc: str) -> Any:
    """Declare a dataclass field as an option of this ``kind``, with one sentence of ``doc``."""
    return dataclasses.field(
        default=default, repr=not kind.secret, metadata={"kind": kind, "doc": doc}
    )


def kinds(*policies: type) -> dict[str, Kind]:
    """Return the options of the ``policies`` by name."""
    return {
        field.name: field.metadata["kind"]
        for policy in policies
        for field in dataclasses.fields(policy)
        if "kind" in field.metadata
    }


def checked(name: str, value: Any, kind: Kind, where: str = "") -> Any:
    """Return ``value`` as ``kind`` keeps it.

    Raises:
        ConfigurationError: it is not accepted. ``where`` says where it came from.
    """
    try:
        return kind.check(value)
    except ConfigurationError:
        raise
    except (TypeError, ValueError) as error:
        raise _wrong(f"{where}{name}", value, kind, error) from None


def read(given: Mapping[str, Any], known: Mapping[str, Kind], owner: str) -> dict[str, Any]:
    """Check every option in ``given`` against the ``known`` ones.

    Raises:
        ConfigurationError: a name is unknown (``owner`` is named, the nearest suggested), or
            a value is wrong.
    """
    _refuse_unknown(given, known, f"{owner} has no option")
    return {name: checked(name, value, known[name], f"{owner}: ") for name, value in given.items()}


def read_text(texts: Mapping[str, str], known: Mapping[str, Kind], where: str) -> dict[str, Any]:
    """Like :func:`read` for values that are text; ``where`` names the file or the section."""
    _refuse_unknown(texts, known, f"{where}: there is no option")
    return {name: _parsed(name, text, known[name], f"{where}: ") for name, text in texts.items()}


def read_environment(
    environment: Mapping[str, str], known: Mapping[str, Kind], infix: str = ""
) -> dict[str, Any]:
    """Return the ``known`` options that the environment sets.

    The variable is ``WSGI_APIMETRICS_`` + ``infix`` + the name, in capitals; an empty one
    counts as not set.
    """
    values = {}
    for name, kind in known.items():
        variable = f"{ENV_PREFIX}{infix}{name}".upper()
        text = environment.get(variable, "")
        if text.strip():
            values[name] = _parsed(variable, text, kind, "environment variable ")
    return values


def merged(
    shared: Mapping[str, Any], own: Mapping[str, Any], known: Mapping[str, Kind]
) -> dict[str, Any]:
    """Return ``shared`` with ``own`` over it, joined where their kind says how."""
    values = dict(shared)
    for name, value in own.items():
        join = known[name].joined
        if join is None or values.get(name) is None:
            values[name] = value
        elif value is not None:  # a backend can't take back a rule that holds for all
            values[name] = join(values[name], value)
    return values


def build(policy: type[P], values: Mapping[str, Any]) -> P:
    """Make a ``policy`` of those ``values`` that it has a field for."""
    names = {field.name for field in dataclasses.fields(policy)}  # type: ignore[arg-type]
    return policy(**{name: value for name, value in values.items() if name in names})


def _parsed(name: str, text: str, kind: Kind, where: str) -> Any:
    try:
        value = kind.from_text(text)
    except ValueError as error:
        raise _wrong(f"{where}{name}", text, kind, error) from None
    return checked(name, value, kind, where)


def _refuse_unknown(names: Iterable[str], known: Mapping[str, Kind], text: str) -> None:
    for name in names:
        if name not in known:
            near = difflib.get_close_matches(name.lower(), known, n=1)
            hint = f": did you mean {near[0]!r}?" if near else ""
            raise ConfigurationError(f"{text} {name!r}{hint}")


def _wrong(option: str, came: object, kind: Kind, error: Exception) -> ConfigurationError:
    if kind.secret:  # nor the error's own text, which may quote what came
        return ConfigurationError(f"{option} must be {kind.accepts}, not (not shown)")
    more = f" ({error})" if str(error) else ""
    return ConfigurationError(f"{option} must be {kind.accepts}, not {_short(came)}{more}")


class _Short(reprlib.Repr):
    """A repr for an error's text: short, quick for a large value, and never an error itself."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 80

    def repr_int(self, value: int, _level: int) -> str:
        """Python refuses to spell out an integer of more than 4,300 digits."""
        digits = 40
        return repr(value) if abs(value) < 10**digits else f"a number of over {digits} digits"


def _short(value: object) -> str:
    text = _Short().repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


# -- the kinds ----------------------------------------------------------------------------

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


TEXT = Kind("a text that is not empty", _text)
SECRET = Kind("a text that is not empty", _text, secret=True)


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
            raise TypeError(f"{_short(item)} is in it")
    return tuple(dict.fromkeys(items))


def list_from_text(text: str) -> list[str]:
    """Split ``text`` at line ends, or at commas if it is of one line."""
    lines = text.strip().splitlines()
    parts = lines if len(lines) > 1 else text.split(",")
    return [part.strip() for part in parts if part.strip()]


def _all_of(shared: Iterable[str], own: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*shared, *own]))


def _common_to(shared: Iterable[str], own: Iterable[str]) -> tuple[str, ...]:
    allowed = {rule.lower() for rule in shared}
    return tuple(rule for rule in own if rule.lower() in allowed)


STRINGS = Kind("a list of texts", _strings, list_from_text)
RULES = dataclasses.replace(STRINGS, joined=_all_of)
"""Rules that forbid: a backend's hold beside the middleware's."""
PERMITS = dataclasses.replace(STRINGS, joined=_common_to)
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
        raise TypeError("" if found is value else f"{_short(found)} can't be called")
    return found  # type: ignore[no-any-return]


FUNCTION = Kind("a function, or the dotted path of one", _function)


def optional(kind: Kind) -> Kind:
    """``kind``, or ``None`` for "not set"."""

    def check(value: Any) -> Any:
        return None if value is None else kind.check(value)

    return dataclasses.replace(kind, accepts=f"{kind.accepts}, or None", check=check)
