"""The one list of checks behind every front: plain functions, each with an id that never changes."""

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Final, Literal

from attrs import frozen

from connector_kit import ConnectorType

if TYPE_CHECKING:
    from conformance.subject import Subject

Level = Literal["required", "advisory"]


@frozen
class Check:
    """One claim about connectors, and the function that tries to prove it wrong.

    Args:
        id: ``area.claim``; documented, and never changed.
        claim: the function's docstring, one sentence.
        level: a connector that fails a required check does not conform; an advisory one says how to do better.
        clause: the clause of docs/contract.md that it proves.
        needs: the capabilities without which it does not apply; ``a or b`` where either will do.
        sees: the kinds of example that it must have seen to have proven anything.
        types: the types of connector that it is about.
        run: raises CheckFailure.
        waits: whether it waits for time limits or pauses, so that it is begun first where several run at a time.
    """

    id: str
    claim: str
    level: Level
    clause: str
    needs: frozenset[str]
    sees: tuple[str, ...]
    types: frozenset[ConnectorType]
    run: "Callable[[Subject], None]"
    waits: bool = False

    def lacking(self, capabilities: Collection[str]) -> tuple[str, ...]:
        """Return what it needs and these are not, sorted."""
        return tuple(sorted(it for it in self.needs if not any(name in capabilities for name in it.split(" or "))))


ALL: Final = frozenset(ConnectorType)
"""Every type of connector."""

MESSAGES: Final = frozenset({ConnectorType.EMAIL, ConnectorType.SMS})
"""The types of connector that send messages."""

_CHECKS: Final[dict[str, Check]] = {}


def check(
    check_id: str,
    *,
    clause: str,
    sees: tuple[str, ...],
    level: Level = "required",
    needs: tuple[str, ...] = (),
    types: Collection[ConnectorType] = MESSAGES,
    waits: bool = False,
) -> "Callable[[Callable[[Subject], None]], Callable[[Subject], None]]":
    """Register a function as a check; its docstring is the claim."""

    def register(run: "Callable[[Subject], None]") -> "Callable[[Subject], None]":
        claim = " ".join((run.__doc__ or "").split())
        _CHECKS[check_id] = Check(check_id, claim, level, clause, frozenset(needs), sees, frozenset(types), run, waits)
        return run

    return register


def registered_checks() -> tuple[Check, ...]:
    """Return the checks of all modules that are imported, in the order of their registration."""
    return tuple(_CHECKS.values())


class CheckFailure(AssertionError):  # noqa: N818 - a verdict, not an error of the suite
    """The connector does what the contract forbids, or does not do what it demands.

    Args:
        message: what was expected and what was found.
        example: the smallest input that shows it, secrets replaced.
    """

    def __init__(self, message: str, example: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.example = example


class NotApplicable(Exception):  # noqa: N818 - a verdict, not an error
    """The check has nothing to look at in this connector; the message says what was declared and by whom."""


def expect(condition: object, message: str) -> None:
    """Fail the check with that message unless the condition holds."""
    if not condition:
        raise CheckFailure(message)
