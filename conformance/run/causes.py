"""The cause of a failure in words that are the same for all checks that fail for it."""

import re
from typing import Final

from conformance.harness.error_text import text_of
from conformance.harness.harness import Harness
from conformance.harness.steps import StuckError
from conformance.verdicts import CheckFailure
from connector_kit import ConnectorError

_OUTCOME: Final = re.compile(r" for the outcome '[^']*'")
_CIRCUMSTANCES: Final = re.compile(
    r"^for [^:]*: | (?:for|from) (?:the|a|an|each)\b.*?(?=[,;] (?:found|it raised)\b|$)", re.DOTALL
)
"""In which case a check found what it found, as in "for the locale 'af-ZA': " and " for a template of 100 characters"."""

_VALUE: Final = re.compile(
    r"""'(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" | \$(?:[.\w]|\[\w*\])* | \b\d[\d,.]*\b""", re.VERBOSE
)


def cause_of(error: BaseException, harness: Harness) -> str:
    """Describe the cause of a failure: where the connector raised what the failure is about, or else its wording.

    The wording is the message of the check without its circumstances and the values of its example.
    """
    if isinstance(error, StuckError):
        return f"a step does not end in {error.where}"
    raised = _raised(error, harness)
    if raised is None:
        return _VALUE.sub("…", _CIRCUMSTANCES.sub("", _OUTCOME.sub("", text_of(error))))
    code = f" {raised.code}" if isinstance(raised, ConnectorError) else ""
    return f"{type(raised).__name__}{code} raised in {harness.steps.position_of(raised)}"


def _raised(error: BaseException, harness: Harness) -> BaseException | None:
    """Return the exception of the connector that a failure is about, if there is one."""
    if not isinstance(error, CheckFailure):
        return error
    latest = harness.latest_error or error.__cause__
    return latest if latest is not None and f"raised {type(latest).__name__}" in error.message else None
