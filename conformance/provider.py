"""What stands in for a provider: it accepts messages or fails in one of its named ways, and lists what it was asked."""

import math
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar, Final, Literal

from attrs import field, frozen

from conformance.canaries import Canaries
from conformance.sockets import only_sockets_to
from connector_kit import ConnectorErrorCodes

HANG_LIMIT: Final = 60.0
"""Seconds after which a stub that hangs gives up, so that nothing outlives a run."""

Family = Literal["accepted", "throttle", "quota", "refusal", "credentials", "fault", "broken", "network"]
"""What a kind of answer means: one check for each."""

Aspect = Literal["form", "sender", "credentials", "options"]
"""What a provider can judge of a request: is it well-formed, and does it say what the config says."""


@frozen
class Outcome:
    """One way in which a provider answers.

    Args:
        name: unique for the provider; ``"accepted"`` is the plain success.
        family: what it means.
        expect: the code that the connector must raise; ``None`` for a success, of the family ``accepted`` where it is
            told in another form.
        message: what the provider says, if it says anything that an operator should get to see.
        ambiguous: the provider may have accepted the message all the same, so that repeating it could send it twice.
        echoes: the answer repeats parts of the request, secrets included, as careless providers and proxies do.
        hangs: the request is taken and never answered, until the outcome changes or the caller gives up.
        code: the provider's own name for it, by which an operator looks it up.
    """

    name: str
    family: Family
    expect: ConnectorErrorCodes | None
    message: str = ""
    ambiguous: bool = False
    echoes: bool = False
    hangs: bool = False
    code: str = ""


@frozen
class ConfigCase:
    """A change of the valid config that its guard accepts, and whether the provider then takes any message at all.

    Args:
        changes: the keys that are changed.
        without: the keys that are taken out.
        hopeless: the key for which the provider refuses every message; ``None`` where it takes them.
        unusable: the key for which no request can be made at all, so that the connector itself has to refuse it.
    """

    changes: Mapping[str, Any] = field(factory=dict)
    without: tuple[str, ...] = ()
    hopeless: str | None = None
    unusable: str | None = None


@frozen
class Exchange:
    """One request and its answer as text, for a report.

    Args:
        request: what the provider received: line, headers, body.
        answer: what it sent back, or what happened instead.
    """

    request: str = field(repr=False)
    answer: str = field(repr=False)


@frozen
class Call:
    """One request that reached the provider.

    Args:
        to: the recipients.
        subject: ``None`` for text messages.
        html: the HTML body, if there is one.
        text: the plain body, if there is one.
        sender: as on the wire.
        reply_to: as on the wire.
        outcome: how it was answered.
        result: what the provider gave back on success: the message's id.
        raw: the request itself, for the provider's own judgement.
        exchange: the request and its answer as text; where there is none, a report shows the message alone.
        reference: under what id the provider can find the request again, on failures too.
        template: the name of the provider's own template that was asked for, from a connector whose config names them.
        forwarded: the message as the provider got it, ``{to, type, payload, ip?}``, from a connector that forwards
            messages; ``None`` for others.
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

    @property
    def body(self) -> str | None:
        """The one body, whichever kind it is; ``None`` when there is none or there are two."""
        bodies = [body for body in (self.html, self.text) if body is not None]
        return bodies[0] if len(bodies) == 1 else None


@frozen
class Consent:
    """A user has signed in at the provider and agreed, and the browser goes back to Logto.

    Args:
        callback: the data it brings along: the parameters of the query, or of the form, that the provider sends it
            back with.
        user_id: who the user is to the provider.
    """

    callback: Mapping[str, Any] = field(repr=False)
    user_id: str


class Provider(ABC):
    """The stub of a provider; made anew for each check.

    Subclasses say what `outcomes` they know, put themselves in the provider's place in `_installed`, and record each
    request with `calls.append`.
    """

    outcomes: ClassVar[tuple[Outcome, ...]]

    config_cases: ClassVar[tuple[ConfigCase, ...]] = ()
    """What a config can say that the guard accepts and the provider never does, and near misses that it takes."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.issue: Callable[[str], str] = Canaries().make
        """Makes a secret of the provider's own, such as a token, given what it is: the suite looks for it in what leaks."""
        self._outcome = self.outcome("accepted")
        self._last = math.inf
        self._changed = threading.Event()
        self._refused: list[str] = []

    @classmethod
    def outcome(cls, name: str) -> Outcome:
        """Return the outcome of that name."""
        return next(outcome for outcome in cls.outcomes if outcome.name == name)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Stand in for the provider while the context lasts.

        Meanwhile no socket is opened in this process but to `addresses`, and `environment` holds.
        """
        with (
            self._installed(),
            _environment(self.environment),
            only_sockets_to(lambda: self.addresses) as self._refused,
        ):
            _running.append(self)
            try:
                yield
            finally:
                _running.remove(self)
                self._changed.set()

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment variables that lead a connector here, while the stub is running."""
        return {}

    @property
    def addresses(self) -> Collection[tuple[str, int]]:
        """The hosts and ports that a connector may open sockets to, while the stub is running."""
        return ()

    @property
    def refused_sockets(self) -> tuple[str, ...]:
        """The addresses, in words, to which a socket was asked for and refused since the last `reset`."""
        return tuple(self._refused)

    def refuse_socket(self, where: str) -> None:
        """Note that a socket was refused where this process cannot see it: for connectors that run in another one."""
        self._refused.append(where)

    @abstractmethod
    def _installed(self) -> AbstractContextManager[None]:
        """Take the provider's place, and leave it."""

    def answer_with(self, name: str, times: float = math.inf) -> None:
        """Answer so from now on, or so many times and then accept."""
        self._last = len(self.calls) + times
        self._outcome = self.outcome(name)  # before the event is exchanged: see `hang`
        waiting, self._changed = self._changed, threading.Event()
        waiting.set()

    @property
    def current(self) -> Outcome:
        """How it answers the next request."""
        return self._outcome if len(self.calls) < self._last else self.outcome("accepted")

    def hang(self) -> None:
        """Wait until the outcome changes or the stub stops: what a subclass does for an outcome that hangs."""
        changed = self._changed
        if self._outcome.hangs:  # else it changed before this thread came here, and nobody would end the wait
            changed.wait(HANG_LIMIT)

    def reset(self) -> None:
        """Forget all calls and accept again."""
        self.calls.clear()
        self._refused.clear()
        self.answer_with("accepted")

    def prepare_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return a valid config that leads to this stub; a loopback server puts its own address in."""
        return dict(config)

    def connector_options(self) -> dict[str, Any]:
        """Return further arguments for the connector's class: for a connector that takes its provider's address."""
        return {}

    def authorize(self, uri: str) -> Consent:
        """Let a new user sign in and agree at an authorization URI; for the providers of social connectors.

        Whatever this raises but `NotImplementedError` says that the provider does not take the URI.
        """
        raise NotImplementedError(
            f"{type(self).__name__} lets nobody sign in at {uri}: give it a method authorize(uri)"
        )

    def deny(self, uri: str) -> Mapping[str, Any] | None:  # noqa: ARG002 - what an override receives
        """Let a user refuse there, and return the data of the callback; ``None`` where the provider then sends none."""
        return None

    @abstractmethod
    def fault(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Say what is wrong with one aspect of a request that was made for a config, or ``None``."""


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
