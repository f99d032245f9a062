"""What a backend is: an encoder, a transport, and the policies that it was given.

A backend object holds what the user wrote and does nothing: no thread, no connection, no
file until the first exchange. The middleware asks it for its :class:`Parts` when it is built,
which is when every mistake in its options is found.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from .. import options
from ..delivery.policy import BatchLimits, DeliveryPolicy
from ..delivery.retry import RetryTable
from ..exceptions import ConfigurationError
from ..redaction.policy import RedactionPolicy
from ..redaction.vocabulary import README, Vocabulary
from ..transport.policy import HttpPolicy
from .selection import SelectionPolicy

if TYPE_CHECKING:
    from ..encoding import Encoder
    from ..payload import Transport

SHARED = (SelectionPolicy, RedactionPolicy, DeliveryPolicy, HttpPolicy)
"""The policies whose options may be given to the middleware or to a backend."""


@dataclass(frozen=True, eq=False)
class Parts:
    """What the assembly builds one backend's pipeline of.

    Attributes:
        name: The backend's name in statistics, log lines and metrics.
        make_encoder: Makes what turns redacted exchanges into fragments, and fragments into a
            payload; called on the worker, at the first exchange.
        open_transport: Makes the transport; called on the worker, at the first exchange of
            the process and again after a fork.
        limits: How much one payload may carry.
        retries: What to do about each outcome.
        takes_client_exchanges: Whether outgoing calls are sent to it too.
        destination: What has to be the same for a spooled exchange to be sent: address, account,
            format. Only a digest of it is kept; ``""`` for :meth:`Backend.destination`.
        vocabulary: How the redactor marks what it takes out for this backend.
        response_header: Takes an exchange's id and returns a header for its response, or
            ``None``; called on the request's thread, so it must not wait for anything.
    """

    name: str
    make_encoder: Callable[[], Encoder]
    open_transport: Callable[[], Transport]
    selection: SelectionPolicy
    redaction: RedactionPolicy
    delivery: DeliveryPolicy
    limits: BatchLimits = BatchLimits()
    retries: RetryTable = RetryTable()
    takes_client_exchanges: bool = False
    destination: str = field(default="", repr=False)
    vocabulary: Vocabulary = README
    response_header: Callable[[str], tuple[str, str] | None] | None = None

    @cached_property
    def encoder(self) -> Encoder:
        """The encoder, made when it is first asked for."""
        return self.make_encoder()


def required(value: str | None, backend: str, option: str) -> str:
    """Return an option's ``value``; raise :class:`ConfigurationError` if it was not given."""
    if value is None:
        raise ConfigurationError(
            f"{backend}: {option} is missing: give {backend}({option}=...) or set the environment "
            f"variable {options.ENV_PREFIX}{backend.upper()}_{option.upper()}"
        )
    return value


class Backend:
    """The base of every backend; a subclass names its settings and makes its parts.

    Args:
        options: This backend's own settings and any shared option, by name.

    Raises:
        ConfigurationError: an option is unknown or wrong.
    """

    name: ClassVar[str]
    settings: ClassVar[type]
    defaults: ClassVar[Mapping[str, Any]] = {}
    _given: Mapping[str, Any] = {}  # so that one whose options were wrong has a repr too

    def __init__(self, **given: Any) -> None:
        self._known = options.kinds(self.settings, *SHARED)
        self._given = options.read(given, self._known, type(self).__name__)

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}=..." if self._known[name].secret else f"{name}={value!r}"
            for name, value in self._given.items()
        )
        return f"{type(self).__name__}({shown})"

    def variables(self) -> list[str]:
        """Return the names of this backend's own variables, without the prefix, in lower case."""
        return [f"{self.name}_{name}" for name in self._known]

    def resolve(self, shared: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
        """Return every option that is set.

        Later ones hold: the backend's defaults, what the middleware was given, this backend's
        environment variables, what it was given itself. Rules of redaction add up instead.
        """
        said = options.read_environment(environment, self._known, infix=f"{self.name}_")
        own = options.merged(said, self._given, self._known)
        return options.merged({**self.defaults, **shared}, own, self._known)

    def parts(self, shared: Mapping[str, Any], environment: Mapping[str, str]) -> Parts:
        """Make the parts of this backend's pipeline.

        Args:
            shared: The shared options that the middleware was given.
            environment: ``os.environ`` at the time when the middleware is built.

        Raises:
            ConfigurationError: what was given does not suffice or does not fit.
        """
        raise NotImplementedError

    def destination(self, shared: Mapping[str, Any], environment: Mapping[str, str]) -> str:
        """Return what tells this backend's spool from another's: the settings that are its own.

        Holds keys: it is never shown, and only a digest of it is kept.
        """
        own = options.kinds(self.settings)
        values = self.resolve(shared, environment)
        return repr(
            sorted(
                (name, str(value))
                for name, value in values.items()
                if name in own and not callable(value)
            )
        )
