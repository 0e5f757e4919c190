"""The conformance suite: property tests that an author runs on a connector of their own."""

from conformance.checks import all_checks
from conformance.profile import PROFILES, Profile
from conformance.provider import Aspect, Call, Family, Outcome, Provider
from conformance.pytest_tests import conformance_tests
from conformance.registry import Check, CheckFailure, NotApplicable
from conformance.report import CheckResult, Report, State
from conformance.runner import check_connector
from conformance.spec import CAPABILITIES, Spec, SpecError, spec_of

__all__ = [
    "CAPABILITIES",
    "PROFILES",
    "Aspect",
    "Call",
    "Check",
    "CheckFailure",
    "CheckResult",
    "Family",
    "NotApplicable",
    "Outcome",
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
