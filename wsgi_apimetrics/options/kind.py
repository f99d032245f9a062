"""One kind of option value: how it is checked, and what is said of a wrong one.

A wrong value is a :class:`~wsgi_apimetrics.exceptions.ConfigurationError` that names the
option, what came and what is accepted; of a secret it never shows what came.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable
from typing import Any, NamedTuple

from ..exceptions import ConfigurationError


class Kind(NamedTuple):
    """A kind of value.

    Attributes:
        accepts: What is accepted, in words that end the sentence "... must be".
        check: Returns the value to keep; raises ``TypeError``, ``ValueError`` or ``OSError`` for a
            wrong one, with a text if there is more to say than ``accepts`` does.
        from_text: Makes a value for ``check`` from an environment variable or an ini file.
        joined: Makes one value of two that were given for different reaches or in different
            places (the middleware and a backend, the environment and the code), where the
            second does not simply replace the first.
        secret: Whether the value must never be shown.
    """

    accepts: str
    check: Callable[[Any], Any]
    from_text: Callable[[str], Any] = str.strip
    joined: Callable[[Any, Any], Any] | None = None
    secret: bool = False


def checked(name: str, value: Any, kind: Kind, where: str = "") -> Any:
    """Return ``value`` as ``kind`` keeps it.

    Raises:
        ConfigurationError: it is not accepted. ``where`` says where it came from.
    """
    try:
        return kind.check(value)
    except ConfigurationError:
        raise
    except (TypeError, ValueError, OSError) as error:
        raise _wrong(f"{where}{name}", value, kind, error) from None


def parsed(name: str, text: str, kind: Kind, where: str) -> Any:
    """Like :func:`checked` for a value that is text.

    Raises:
        ConfigurationError: it is not accepted. ``where`` says where it came from.
    """
    try:
        value = kind.from_text(text)
    except ValueError as error:
        raise _wrong(f"{where}{name}", text, kind, error) from None
    return checked(name, value, kind, where)


def _wrong(option: str, came: object, kind: Kind, error: Exception) -> ConfigurationError:
    if kind.secret:  # nor the error's own text, which may quote what came
        return ConfigurationError(f"{option} must be {kind.accepts}, not (not shown)")
    more = f" ({error})" if str(error) else ""
    return ConfigurationError(f"{option} must be {kind.accepts}, not {short(came)}{more}")


_USERINFO = re.compile("://[^/]*@")


class _Short(reprlib.Repr):
    """A repr for an error's text: short, quick for a large value, and never an error itself."""

    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 80

    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002 - reprlib's
        """Python refuses to spell out an integer of more than 4,300 digits."""
        digits = 40
        return repr(x) if abs(x) < 10**digits else f"a number of over {digits} digits"


def short(value: object) -> str:
    """Return a repr of ``value`` of at most 80 characters, without a URL's user and password."""
    if isinstance(value, str):
        value = _USERINFO.sub("://...@", value)
    text = _Short().repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
