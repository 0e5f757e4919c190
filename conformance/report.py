"""What came out: a state for each check, and the verdict."""

import shlex
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from attrs import asdict, field, frozen

from conformance.provider import Exchange
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
        transcript: what the provider received for that input, and how it answered, secrets replaced.
        replay: what ``--replay`` takes to run this failure alone again; empty unless it failed.
        error: what the check raised, for a debugger.
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
    transcript: tuple[Exchange, ...] = ()
    replay: str = ""
    error: BaseException | None = field(default=None, repr=False, eq=False)

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
        target: what the command line calls the connector: its id, ``module:name`` or ``npm:package``.
        seed: of the examples, where one was given.
        started: when it began.
        strict_vacuity: whether a check that saw no example of some kind is an error.
        available: how many checks there are for a connector of its type; 0 where that is not known.
    """

    connector: str
    profile: str
    results: tuple[CheckResult, ...]
    faults: tuple[str, ...]
    seconds: float
    target: str = ""
    seed: int | None = None
    started: datetime = field(factory=lambda: datetime.now(UTC))
    strict_vacuity: bool = True
    available: int = 0

    @property
    def is_partial(self) -> bool:
        """Whether some checks were left out, so that the verdict is not the whole truth."""
        return len(self.results) < self.available

    @property
    def conforms(self) -> bool:
        """The verdict: some check has really looked, and nothing is an error."""
        idle = {State.NOT_APPLICABLE, State.NOT_EXERCISED}
        return any(it.state not in idle for it in self.results) and not self.faults and not self.errors

    @property
    def errors(self) -> tuple[CheckResult, ...]:
        """The results that keep the connector from conforming."""
        return tuple(result for result in self.results if self.is_error(result))

    def is_error(self, result: CheckResult) -> bool:
        """Tell whether a result keeps the connector from conforming in this run."""
        return result.is_error and (self.strict_vacuity or result.state is not State.NOT_EXERCISED)

    @property
    def examples(self) -> int:
        """How many examples all checks saw together."""
        return sum(sum(result.examples.values()) for result in self.results)

    @property
    def counts(self) -> Mapping[State, int]:
        """How many checks ended in each state; states that did not come up are left out."""
        found = Counter(result.state for result in self.results)
        return {state: found[state] for state in State if found[state]}

    def replay_command(self, result: CheckResult) -> str:
        """Return the command line that runs one failure alone again; empty where there is nothing to replay."""
        if not result.replay:
            return ""
        return f"connector-kit conformance {shlex.quote(self.target)} --replay {shlex.quote(result.replay)}"

    def to_json(self) -> dict[str, Any]:
        """Return the report as JSON, as ``schemas/conformance-report.schema.json`` describes it."""
        return {
            "connector": self.connector,
            "target": self.target,
            "conforms": self.conforms,
            "profile": self.profile,
            "seed": self.seed,
            "started": self.started.isoformat(timespec="seconds"),
            "seconds": round(self.seconds, 3),
            "strictVacuity": self.strict_vacuity,
            "available": self.available,
            "faults": list(self.faults),
            "counts": {str(state): count for state, count in self.counts.items()},
            "checks": [_result_to_json(result) for result in self.results],
        }


def _result_to_json(result: CheckResult) -> dict[str, Any]:
    return asdict(result, filter=lambda attribute, _: attribute.name != "error") | {
        "seconds": round(result.seconds, 3),
        "transcript": [asdict(exchange) for exchange in result.transcript],
    }
