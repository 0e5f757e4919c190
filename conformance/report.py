"""What came out: a state for each check, and the verdict."""

from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import asdict, frozen

from conformance.registry import Level


class State(StrEnum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"
    EXPECTED_FAILURE = "expected failure"
    UNEXPECTED_PASS = "unexpected pass"  # noqa: S105 - a verdict, not a password
    NOT_APPLICABLE = "not applicable"
    NOT_EXERCISED = "not exercised"


@frozen
class CheckResult:
    """One check's outcome.

    Args:
        id: of the check.
        state: what became of it.
        level: required or advisory.
        clause: of docs/contract.md.
        claim: what the check tries to prove wrong.
        examples: how many examples of each kind it saw.
        seconds: how long it took.
        message: why, for any state but passed.
        example: the smallest input that shows a failure, secrets replaced.
    """

    id: str
    state: State
    level: Level
    clause: str
    claim: str
    examples: Mapping[str, int]
    seconds: float
    message: str = ""
    example: str | None = None

    @property
    def is_error(self) -> bool:
        """Whether it keeps the connector from conforming."""
        if self.state is State.FAILED:
            return self.level == "required"
        return self.state in {State.UNEXPECTED_PASS, State.NOT_EXERCISED}


@frozen
class Report:
    """The whole run.

    Args:
        connector: its id.
        profile: how hard the suite tried.
        results: in the order in which the checks ran.
        faults: what is wrong with the Spec itself; then no check ran.
        seconds: how long all of it took.
    """

    connector: str
    profile: str
    results: tuple[CheckResult, ...]
    faults: tuple[str, ...]
    seconds: float

    @property
    def conforms(self) -> bool:
        """The verdict: something ran, and nothing is an error."""
        return bool(self.results) and not self.faults and not self.errors

    @property
    def errors(self) -> tuple[CheckResult, ...]:
        """The results that keep the connector from conforming."""
        return tuple(result for result in self.results if result.is_error)

    @property
    def counts(self) -> Mapping[State, int]:
        """How many checks ended in each state; states that did not come up are left out."""
        found = Counter(result.state for result in self.results)
        return {state: found[state] for state in State if found[state]}

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON."""
        return {
            "connector": self.connector,
            "conforms": self.conforms,
            "profile": self.profile,
            "seconds": round(self.seconds, 3),
            "faults": list(self.faults),
            "counts": {str(state): count for state, count in self.counts.items()},
            "checks": [asdict(result) | {"seconds": round(result.seconds, 3)} for result in self.results],
        }
