"""The registry of checks: plain functions, each with a stable id."""

from collections.abc import Callable, Collection
from typing import Final

from attrs import frozen

from conformance.harness.harness import Harness
from conformance.verdicts import Level
from connector_kit import ConnectorType


@frozen
class Check:
    """One rule for connectors, and the function that tests it.

    Args:
        id: ``area.description``; documented, and stable.
        description: the rule, from the docstring of the function.
        level: a connector that fails a required check does not conform; an advisory check recommends an improvement.
        clause: the clause of docs/contract.md that the check proves.
        needs: the capabilities that the check requires; ``a or b`` if one of them is enough.
        covers: the kinds of example that the check must try; without one of them it counts as not exercised.
        types: the types of connector that the check is for.
        run: raises CheckFailure if the connector breaks the rule.
        waits: about how many seconds the check waits for time limits or pauses of a connector; 0 if it seldom waits.
            Among several processes, checks that wait run in others than those that work, the longest first.
        is_smoke: whether the profile ``quick`` runs the check.
    """

    id: str
    description: str
    level: Level
    clause: str
    needs: frozenset[str]
    covers: tuple[str, ...]
    types: frozenset[ConnectorType]
    run: Callable[[Harness], None]
    waits: float = 0
    is_smoke: bool = False

    @property
    def area(self) -> str:
        """The first part of the id, such as ``routing``."""
        return self.id.partition(".")[0]

    def missing_capabilities(self, capabilities: Collection[str]) -> tuple[str, ...]:
        """Return the required capabilities that are not among these, sorted."""
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
    covers: tuple[str, ...],
    level: Level = "required",
    needs: tuple[str, ...] = (),
    types: Collection[ConnectorType] = MESSAGES,
    waits: float = 0,
    is_smoke: bool = False,
) -> Callable[[Callable[[Harness], None]], Callable[[Harness], None]]:
    """Register a function as a check; its docstring is the description. The arguments are those of `Check`."""

    def register(run: Callable[[Harness], None]) -> Callable[[Harness], None]:
        description = " ".join((run.__doc__ or "").split())
        _CHECKS[check_id] = Check(
            check_id, description, level, clause, frozenset(needs), covers, frozenset(types), run, waits, is_smoke
        )
        return run

    return register


def registered_checks() -> tuple[Check, ...]:
    """Return the checks of all imported modules, in the order of their registration."""
    return tuple(_CHECKS.values())
