"""The conformance suite: property tests that an author runs on a connector of their own."""

from conformance.checks import all_checks
from conformance.http_exchange import Answer, HttpRequest
from conformance.processes import ProcessError
from conformance.profile import PROFILES, Profile
from conformance.provider import Aspect, Call, Consent, Family, Outcome, Provider
from conformance.providers.http import Failure, HttpProvider, Message
from conformance.pytest_tests import conformance_tests
from conformance.registry import Check, CheckFailure, NotApplicable
from conformance.report import CheckResult, Report, State
from conformance.runner import check_connector
from conformance.spec import CAPABILITIES, Spec, SpecError, spec_of

__all__ = [
    "CAPABILITIES",
    "PROFILES",
    "Answer",
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
    "Message",
    "NotApplicable",
    "Outcome",
    "ProcessError",
    "Profile",
    "Provider",
    "Report",
    "Spec",
    "SpecError",
    "State",
    "all_checks",
    "check_connector",
    "conformance_tests",
    "spec_of",
]
