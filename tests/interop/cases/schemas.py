"""Values for every schema; those of its guard if it has one."""

from functools import partial
from typing import Final

from attrs import frozen

from connector_kit import bundle
from tests.interop.cases.guards import GUARDS, TEMPLATES, GuardCases, guard_cases
from tests.interop.cases.hosts import HOST, REQUESTS
from tests.interop.cases.reports import REPORT
from tests.interop.cases.values import to_text
from tests.interop.recording import CaseSet


@frozen
class SchemaCases:
    """A schema, and the source of its values.

    Args:
        schema: its name.
        cases: makes values like those of this guard.
        guard: the guard that it belongs to, if there is one upstream.
    """

    schema: str
    cases: GuardCases
    guard: GuardCases | None

    def __str__(self) -> str:
        """Return the test id."""
        return self.schema


SCHEMAS: Final = tuple(
    sorted(
        [
            *(SchemaCases(it.schema, it, it) for it in GUARDS),
            *(SchemaCases(it.schema, it, None) for it in (HOST, *REQUESTS, REPORT, *TEMPLATES)),
        ],
        key=str,
    ),
)


def ajv_verdicts(schema: SchemaCases) -> CaseSet:
    """Return the case set for Ajv in its default, strict mode."""
    return CaseSet(
        f"ajv.{schema.schema}",
        "ajv",
        partial(guard_cases, schema.cases),
        "bits",
        {"schema": to_text(bundle(schema.schema))},
    )


CASE_SETS: Final = tuple(map(ajv_verdicts, SCHEMAS))
