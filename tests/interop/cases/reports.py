"""Values for the schema of conformance reports, which has no counterpart upstream."""

from typing import Any, Final

from conformance import State
from tests.interop.cases.guards import GuardCases
from tests.interop.cases.values import list_of, one_of, record, text
from tests.interop.dice import Dice

_STATES: Final = tuple(map(str, State))
_EITHER: Final = (True, False)
_SECONDS: Final = (0, 0.25, 1, 12.5, 1e-7)


def _some_text(dice: Dice) -> str:
    return text(dice) or "why"


def _examples(dice: Dice) -> Any:
    return {text(dice): dice.below(100) for _ in range(dice.below(3))}


_exchange = record({"request": text, "response": text})


def _check(dice: Dice) -> Any:
    state = dice.pick(("passed", *_STATES))
    failed = state in {"failed", "expected failure"}
    shape = {
        "id": _some_text,
        "state": one_of(state),
        "level": one_of("required", "required", "advisory"),
        "clause": text,
        "description": text,
        "examples": _examples,
        "seconds": one_of(*_SECONDS),
        "message": one_of("") if state == "passed" else _some_text,
        "example": one_of(None, "{}", "") if failed else one_of(None),
        "transcript": list_of(_exchange) if failed else one_of([]),
        "replay": _some_text if failed else one_of(""),
        "group": text if failed else one_of(""),
    }
    return record(shape)(dice)


def _report(dice: Dice) -> Any:
    checks = list_of(_check)(dice)
    spec_errors = list_of(_some_text, 1, 2)(dice) if dice.chance(0.15) else []
    states = [check["state"] for check in checks]
    wrong = {"unexpected pass", "not exercised"} & set(states) or any(
        check["state"] == "failed" and check["level"] == "required" for check in checks
    )
    shape = {
        "connector": text,
        "target": text,
        "conforms": one_of(bool(checks) and not spec_errors and not wrong),
        "profile": one_of("dev", "ci", "nightly"),
        "seed": one_of(None, 0, -7, 2**53),
        "started": one_of("2025-06-01T12:00:00+00:00", "2025-06-01T12:00:00Z", "2025-12-31T23:59:59-08:00"),
        "seconds": one_of(*_SECONDS),
        "requireCoverage": one_of(*_EITHER),
        "available": one_of(0, 134),
        "specErrors": one_of(spec_errors),
        "counts": one_of({} if spec_errors else {state: states.count(state) for state in states}),
        "checks": one_of([] if spec_errors else checks),
    }
    return record(shape)(dice)


REPORT: Final = GuardCases(
    "",
    "conformance-report",
    _report,
    ("2025-06-01T12:00:00Z\n", "2025-06-01 12:00:00Z", "Passed", "passed ", "optional"),
)
"""Reports that the suite writes with ``--json``."""
