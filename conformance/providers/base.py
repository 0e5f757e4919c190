"""`Provider`, the base class of provider stubs: accepts messages, fails in named ways, and records every request."""

import math
import os
import secrets
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar, Final, Literal

from attrs import field, frozen

from conformance.providers.sockets import only_sockets_to
from connector_kit import ConnectorErrorCodes

HANG_LIMIT: Final = 60.0
"""Seconds after which a hanging stub returns, so that no thread outlives a run."""

Family = Literal["accepted", "throttle", "quota", "rejection", "credentials", "server-error", "malformed", "network"]
"""What an outcome means. The suite has a check for each family of failures."""

Aspect = Literal["format", "sender", "credentials", "options"]
"""A part of a request that a provider can verify.

``format``: method, path and shape; ``sender``: the config's sender; ``credentials``: what authorizes the request;
``options``: the remaining values of the config.
"""


Purpose = Literal["retry-after", "slow-response", "endless-response", "redirect", "unreadable-error"]
"""What an outcome is for that only one check uses."""


@frozen
class Outcome:
    """One way in which a provider responds to a request.

    Args:
        name: unique for the provider; ``"accepted"`` is the usual success.
        family: what it means.
        expect: the code of the `ConnectorError` that the connector must raise; ``None`` where the send must succeed.
        message: the provider's error message, which the connector must show to operators; may be empty.
        ambiguous: whether the provider may have accepted the message before it responds, so that a retry could send it
            twice.
        echoes: whether the response repeats parts of the request, secrets included, as some providers and proxies do.
        hangs: whether the stub sends no response until the outcome changes or the client closes the connection.
        code: the provider's own error code, by which operators find it in the documentation; may be empty.
        alternatives: other codes of the `ConnectorError` that are as right as `expect`.
        only_for: the checks that use the outcome, if it is not for all checks of its family.
    """

    name: str
    family: Family
    expect: ConnectorErrorCodes | None
    message: str = ""
    ambiguous: bool = False
    echoes: bool = False
    hangs: bool = False
    code: str = ""
    alternatives: frozenset[ConnectorErrorCodes] = frozenset()
    only_for: Purpose | None = None


_AMBIGUOUS_STATUSES: Final = frozenset({502, 504})
_SUCCESSES: Final = range(200, 300)


def is_ambiguous(family: Family, status: int) -> bool:
    """Return whether the provider may have accepted the message before it sends such a response.

    A gateway that gets no response in time sends 504, for example. With 500 the provider itself states that it failed, and
    with 503 that it has not handled the request (RFC 9110 §15.6).

    Args:
        family: what the response means.
        status: its HTTP status.
    """
    if family == "malformed" and status in _SUCCESSES:
        return True
    return family in {"server-error", "malformed"} and status in _AMBIGUOUS_STATUSES


@frozen
class ConfigCase:
    """A variant of the valid config that the connector's guard accepts.

    Where neither `rejected` nor `unusable` is set, the provider accepts messages with this config.

    Args:
        changes: config keys and their new values.
        without: config keys to remove.
        rejected: the key because of which the provider rejects every message.
        unusable: the key because of which no request can be made, so that the connector itself must reject the config.
    """

    changes: Mapping[str, Any] = field(factory=dict)
    without: tuple[str, ...] = ()
    rejected: str | None = None
    unusable: str | None = None


@frozen
class Exchange:
    """One request and its response as text, for reports.

    Args:
        request: what the provider received: request line, headers, body.
        response: what it sent back, or a text in brackets about what happened instead.
    """

    request: str = field(repr=False)
    response: str = field(repr=False)


@frozen
class Call:
    """One request that reached the provider.

    Args:
        to: the recipients.
        subject: ``None`` for text messages.
        html: the HTML body, or ``None``.
        text: the plain-text body, or ``None``.
        sender: as sent.
        reply_to: as sent.
        outcome: the outcome that the stub applied.
        result: what `send_message` must return, usually the message id; ``None`` where the request was not accepted.
        raw: the request itself, for `Provider.request_error`.
        exchange: request and response as text; without it, a report shows the members of this object.
        forwarded: the message as received, ``{to, type, payload, ip?}``, from a connector that forwards messages.
        template: the name of the provider's own template, from a connector with the capability ``template-names``.
        reference: the provider's id of the request, which it also gives to failed requests.
        idempotency_key: the key by which the provider recognises a repeated request; calls with one key are one message.
        is_ignored: whether the provider has ignored the request, because it knows the key from another message.
        other_requests: how many requests that are not messages, such as those for a token, came before.
        variables: what the provider's template receives: values by name, or in order; ``None`` where the stub reads none.
    """

    to: tuple[str, ...]
    subject: str | None
    html: str | None
    text: str | None
    sender: str | None
    reply_to: tuple[str, ...]
    outcome: Outcome
    result: object
    raw: Any = field(repr=False)
    exchange: Exchange | None = field(default=None, repr=False)
    forwarded: Any = field(default=None, repr=False)
    template: str | None = None
    reference: str | None = None
    idempotency_key: str | None = None
    is_ignored: bool = False
    other_requests: int = 0
    variables: Mapping[str, Any] | Sequence[Any] | None = field(default=None, repr=False)

    @property
    def body(self) -> str | None:
        """The HTML body if there is one, or else the plain-text body.

        A plain-text body next to an HTML body is its alternative for readers without HTML.
        """
        return self.text if self.html is None else self.html


@frozen
class Consent:
    """A user has signed in at the provider and agreed; the provider redirects the browser to Logto.

    Args:
        callback: the parameters of that redirect, from its query or its form body.
        user_id: the provider's id of the user.
    """

    callback: Mapping[str, Any] = field(repr=False)
    user_id: str


def _random_secret(_: str) -> str:
    """Return a secret for a stub that runs without a harness, which replaces this function."""
    return secrets.token_hex(16)


class Provider(ABC):
    """The stub of a provider. Each check makes a new instance.

    A subclass lists its `outcomes`, receives the connector's requests while `_intercepting` lasts, appends a `Call` to
    `calls` for each request, responds as the `current` outcome requires, and implements `request_error`.
    """

    outcomes: ClassVar[tuple[Outcome, ...]]
    """All outcomes of this provider. One has the name ``"accepted"``."""

    config_cases: ClassVar[tuple[ConfigCase, ...]] = ()
    """Configs that the connector's guard accepts and the provider rejects, and similar ones that it accepts."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        """The requests since the last `reset`, in order."""
        self.other_requests = 0
        """How many requests since the last `reset` were not messages, such as those for a token."""
        self.new_secret: Callable[[str], str] = _random_secret
        """Returns a new secret of the provider, such as a token, given its name; the suite searches for it in leaks."""
        self._outcome = self.outcome("accepted")
        self._last = math.inf
        self._changed = threading.Event()
        self._blocked: list[str] = []

    @classmethod
    def outcome(cls, name: str) -> Outcome:
        """Return the outcome with that name."""
        return next(outcome for outcome in cls.outcomes if outcome.name == name)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Replace the provider while the context lasts.

        Meanwhile `environment` is set, and this process can open sockets to `addresses` only.
        """
        with (
            self._intercepting(),
            _environment(self.environment),
            only_sockets_to(lambda: self.addresses) as self._blocked,
        ):
            _running.append(self)
            try:
                yield
            finally:
                _running.remove(self)
                self._changed.set()

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables that direct a connector to the stub; set while the stub is running."""
        return {}

    @property
    def addresses(self) -> Collection[tuple[str, int]]:
        """The hosts and ports to which sockets may open while the stub is running."""
        return ()

    @property
    def blocked_sockets(self) -> tuple[str, ...]:
        """Other addresses to which the connector tried to open a socket since the last `reset`: ``host port 443``."""
        return tuple(self._blocked)

    @property
    def stub_errors(self) -> tuple[str, ...]:
        """Exceptions of the stub itself, which look like failures of the connector."""
        return ()

    def record_blocked_socket(self, address: str) -> None:
        """Add to `blocked_sockets`: for connectors that run in another process."""
        self._blocked.append(address)

    @abstractmethod
    def _intercepting(self) -> AbstractContextManager[None]:
        """Return a context manager; the connector's requests reach the stub while it lasts."""

    def respond_with(self, name: str, times: float = math.inf) -> None:
        """Set the outcome of the next requests, and release those that hang.

        Args:
            name: of the outcome.
            times: how many requests it applies to; later ones are accepted.
        """
        self._last = len(self.calls) + times
        self._outcome = self.outcome(name)  # before the event is replaced: see `hang`
        waiting, self._changed = self._changed, threading.Event()
        waiting.set()

    @property
    def current(self) -> Outcome:
        """The outcome of the next request."""
        return self._outcome if len(self.calls) < self._last else self.outcome("accepted")

    def hang(self) -> None:
        """Wait until the outcome changes, the stub stops, or 60 seconds have passed.

        A subclass calls it for an outcome that hangs, after it has recorded the call.
        """
        changed = self._changed
        if self._outcome.hangs:  # else the outcome changed before this line, and nothing would end the wait
            changed.wait(HANG_LIMIT)

    def reset(self) -> None:
        """Forget all calls and accept again."""
        self.calls.clear()
        self.other_requests = 0
        self._blocked.clear()
        self.respond_with("accepted")

    def prepare_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the valid config, changed so that it directs a connector to the stub."""
        return dict(config)

    def connector_options(self) -> dict[str, Any]:
        """Return extra arguments for the connector's class: for one that accepts its provider's address."""
        return {}

    def authorize(self, uri: str) -> Consent:
        """Sign a new user in at an authorization URI; for the providers of social connectors.

        Raises:
            NotImplementedError: the provider has no users.
            Exception: any other exception means that the provider rejects the URI.
        """
        raise NotImplementedError(
            f"{type(self).__name__} cannot sign users in at {uri}: give it a method authorize(uri)"
        )

    def deny(self, uri: str) -> Mapping[str, Any] | None:  # noqa: ARG002 - the parameter of overriding methods
        """Return the parameters of the redirect after a user has declined; ``None`` where the provider sends none."""
        return None

    @abstractmethod
    def request_error(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Compare one aspect of a request with the config that it was made for.

        Returns:
            What was expected and what was found, without secrets; ``None`` if the request is correct.
        """


_running: Final[list[Provider]] = []


def running_provider() -> Provider | None:
    """Return the stub that is running, the latest of several: for connectors that run in another process."""
    return _running[-1] if _running else None


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
