"""Results: a state for each check, and the verdict on the connector."""

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Literal

from attrs import asdict, field, frozen

from conformance.providers.base import Exchange

Level = Literal["required", "advisory"]
"""A connector that fails a required check does not conform; an advisory check recommends an improvement."""


class State(StrEnum):
    """The state of a check after a run."""

    PASSED = "passed"
    FAILED = "failed"
    EXPECTED_FAILURE = "expected failure"
    UNEXPECTED_PASS = "unexpected pass"  # noqa: S105 - a verdict, not a password
    NOT_APPLICABLE = "not applicable"
    NOT_EXERCISED = "not exercised"


@frozen
class CheckResult:
    """The result of one check.

    Args:
        id: the check's id.
        state: passed, failed, or another of the six states.
        level: required or advisory.
        clause: the clause of docs/contract.md that the check proves.
        description: what the check requires of a connector.
        examples: the number of examples of each kind.
        seconds: the duration.
        message: the reason for the state; empty if the check passed.
        example: the smallest input that fails, secrets replaced.
        transcript: what the provider received for that input, and how it responded, secrets replaced.
        replay: the value of ``--replay`` that runs only this failure again; empty unless the check failed.
        error: the exception that failed the check, for a debugger.
        cause: the cause of the failure, in the same words for all checks that fail for it; empty unless it failed.
    """

    id: str
    state: State
    level: Level
    clause: str
    description: str
    examples: Mapping[str, int]
    seconds: float
    message: str = ""
    example: str | None = None
    transcript: tuple[Exchange, ...] = ()
    replay: str = ""
    error: BaseException | None = field(default=None, repr=False, eq=False)
    cause: str = ""

    @property
    def area(self) -> str:
        """The first part of the check's id, such as ``routing``."""
        return self.id.partition(".")[0]

    @property
    def is_error(self) -> bool:
        """Whether it keeps the connector from conforming."""
        if self.state is State.FAILED:
            return self.level == "required"
        return self.state in {State.UNEXPECTED_PASS, State.NOT_EXERCISED}

    def to_json(self) -> dict[str, Any]:
        """Return the result as JSON, without what needs the whole report."""
        return asdict(self, filter=lambda attribute, _: attribute.name not in {"error", "cause"}) | {
            "seconds": round(self.seconds, 3),
            "transcript": [asdict(exchange) for exchange in self.transcript],
        }


@frozen
class Report:
    """The results of a run.

    Args:
        connector: the connector's id.
        profile: the name of the profile.
        results: the results, in the order in which the checks ran.
        spec_errors: the errors in the Spec; if there are any, no check ran.
        seconds: the duration.
        target: the connector's name on the command line: its id, ``module:name`` or ``npm:package``.
        seed: the seed of the examples, if one was given.
        started: when the run started.
        require_coverage: whether a check that lacks examples of some kind is an error.
        available: the number of checks for connectors of this type; 0 if unknown.
    """

    connector: str
    profile: str
    results: tuple[CheckResult, ...]
    spec_errors: tuple[str, ...]
    seconds: float
    target: str = ""
    seed: int | None = None
    started: datetime = field(factory=lambda: datetime.now(UTC))
    require_coverage: bool = True
    available: int = 0

    @property
    def is_partial(self) -> bool:
        """Whether only some of the available checks ran."""
        return len(self.results) < self.available

    @property
    def conforms(self) -> bool:
        """The verdict: there is no error, and at least one check was exercised."""
        unexercised = {State.NOT_APPLICABLE, State.NOT_EXERCISED}
        return any(it.state not in unexercised for it in self.results) and not self.spec_errors and not self.errors

    @property
    def errors(self) -> tuple[CheckResult, ...]:
        """The results that keep the connector from conforming."""
        return tuple(result for result in self.results if self.is_error(result))

    def is_error(self, result: CheckResult) -> bool:
        """Return whether a result keeps the connector from conforming in this run."""
        return result.is_error and (self.require_coverage or result.state is not State.NOT_EXERCISED)

    @property
    def examples(self) -> int:
        """The number of examples of all checks."""
        return sum(sum(result.examples.values()) for result in self.results)

    @property
    def counts(self) -> Mapping[State, int]:
        """The number of checks in each state; states without a check are left out."""
        found = Counter(result.state for result in self.results)
        return {state: found[state] for state in State if found[state]}

    @property
    def shared_causes(self) -> Mapping[str, tuple[CheckResult, ...]]:
        """The causes for which several checks failed, each with the results of these checks."""
        found: dict[str, list[CheckResult]] = {}
        for result in self.results:
            if result.state is State.FAILED and result.cause:
                found.setdefault(result.cause, []).append(result)
        return {cause: tuple(results) for cause, results in found.items() if len(results) > 1}

    def group_of(self, result: CheckResult) -> tuple[CheckResult, ...]:
        """Return the results of all checks that failed for the cause of this one; empty if it is the only one."""
        return self.shared_causes.get(result.cause, ()) if result.state is State.FAILED else ()

    def by_cause(self, results: Iterable[CheckResult]) -> list[tuple[CheckResult, ...]]:
        """Return results in groups: those of the checks that fail for one cause, and each other one alone."""
        causes: dict[str, list[CheckResult]] = {}
        for result in results:
            causes.setdefault(result.cause if self.group_of(result) else result.id, []).append(result)
        return [tuple(group) for group in causes.values()]

    def replay_command(self, result: CheckResult) -> str:
        """Return the command that runs only this failure again; empty if there is nothing to replay."""
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
            "requireCoverage": self.require_coverage,
            "available": self.available,
            "specErrors": list(self.spec_errors),
            "counts": {str(state): count for state, count in self.counts.items()},
            "checks": [self._result_to_json(result) for result in self.results],
        }

    def _result_to_json(self, result: CheckResult) -> dict[str, Any]:
        return {**result.to_json(), "group": result.cause if self.group_of(result) else ""}


class CheckFailure(AssertionError):  # noqa: N818 - a verdict, not an error of the suite
    """The connector breaks the contract.

    Args:
        message: what was expected and what was found.
    """

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotApplicable(Exception):  # noqa: N818 - a verdict, not an error
    """The check does not apply to this connector; the message states why."""


class NotExercised(Exception):  # noqa: N818 - a verdict, not an error
    """The check could not prove something; the message states what, and what the author can do."""


def expect(condition: object, message: str) -> None:
    """Raise CheckFailure with that message unless the condition is true."""
    if not condition:
        raise CheckFailure(message)
