"""The conformance suite: property tests that an author runs on a connector of their own."""

from typing import TYPE_CHECKING, Any

from conformance.checks import all_checks
from conformance.profile import PROFILES, Profile
from conformance.providers.base import Aspect, Call, Consent, Family, Outcome, Provider
from conformance.providers.http import Failure, HttpProvider, Message
from conformance.providers.http_messages import HttpRequest, HttpResponse
from conformance.providers.smtp import SmtpFailure, SmtpProvider
from conformance.providers.tcp import TcpProvider
from conformance.registry import Check
from conformance.run.processes import ProcessError
from conformance.run.runner import check_connector
from conformance.spec import CAPABILITIES, Medium, Spec, SpecError, spec_of
from conformance.verdicts import CheckFailure, CheckResult, NotApplicable, Report, State

if TYPE_CHECKING:
    from conformance.pytest_tests import conformance_tests

__all__ = [
    "CAPABILITIES",
    "PROFILES",
    "Aspect",
    "Call",
    "Check",
    "CheckFailure",
    "CheckResult",
    "Consent",
    "Failure",
    "Family",
    "HttpProvider",
    "HttpRequest",
    "HttpResponse",
    "Medium",
    "Message",
    "NotApplicable",
    "Outcome",
    "ProcessError",
    "Profile",
    "Provider",
    "Report",
    "SmtpFailure",
    "SmtpProvider",
    "Spec",
    "SpecError",
    "State",
    "TcpProvider",
    "all_checks",
    "check_connector",
    "conformance_tests",
    "spec_of",
]


def __getattr__(name: str) -> Any:
    """Import `conformance_tests` when it is first used: it needs pytest, and the processes of a run do not."""
    if name != "conformance_tests":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from conformance.pytest_tests import conformance_tests  # noqa: PLC0415 - pytest takes a tenth of a process's start

    return conformance_tests
