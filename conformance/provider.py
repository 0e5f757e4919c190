"""What stands in for a provider: it accepts messages or fails in one of its named ways, and lists what it was asked."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, ClassVar, Literal

from attrs import field, frozen

from connector_kit import ConnectorErrorCodes

Family = Literal["accepted", "throttle", "quota", "refusal", "credentials", "fault", "broken", "network"]
"""What a kind of answer means: one check for each."""

Aspect = Literal["form", "sender", "credentials", "options"]
"""What a provider can judge of a request: is it well-formed, and does it say what the config says."""


@frozen
class Outcome:
    """One way in which a provider answers.

    Args:
        name: unique for the provider; ``"accepted"`` is the one success.
        family: what it means.
        expect: the code that the connector must raise; ``None`` for a success.
        message: what the provider says, if it says anything that an operator should get to see.
        ambiguous: the provider may have accepted the message all the same, so that repeating it could send it twice.
        echoes: the answer repeats parts of the request, secrets included, as careless providers and proxies do.
    """

    name: str
    family: Family
    expect: ConnectorErrorCodes | None
    message: str = ""
    ambiguous: bool = False
    echoes: bool = False


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

    @property
    def body(self) -> str | None:
        """The one body, whichever kind it is; ``None`` when there is none or there are two."""
        bodies = [body for body in (self.html, self.text) if body is not None]
        return bodies[0] if len(bodies) == 1 else None


class Provider(ABC):
    """The stub of a provider; made anew for each check.

    Subclasses say what `outcomes` they know, put themselves in the provider's place in `_installed`, and record each
    request with `calls.append`.
    """

    outcomes: ClassVar[tuple[Outcome, ...]]

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._outcome = self.outcome("accepted")

    @classmethod
    def outcome(cls, name: str) -> Outcome:
        """Return the outcome of that name."""
        return next(outcome for outcome in cls.outcomes if outcome.name == name)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Stand in for the provider while the context lasts."""
        with self._installed():
            yield

    @abstractmethod
    def _installed(self) -> AbstractContextManager[None]:
        """Take the provider's place, and leave it."""

    def answer_with(self, name: str) -> None:
        """Answer so from now on."""
        self._outcome = self.outcome(name)

    def reset(self) -> None:
        """Forget all calls and accept again."""
        self.calls.clear()
        self.answer_with("accepted")

    def prepare_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return a valid config that leads to this stub; a loopback server puts its own address in."""
        return dict(config)

    @abstractmethod
    def fault(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Say what is wrong with one aspect of a request that was made for a config, or ``None``."""
