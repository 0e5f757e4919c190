"""The conformance suite: property tests that an author runs on a connector of their own.

A name is imported from its module when it is first used: pytest, Hypothesis and the checks take most of a second.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING
from typing import Any as _Any

if TYPE_CHECKING:
    from conformance.checks import all_checks
    from conformance.profile import PROFILES, Profile
    from conformance.providers.aws_ses import AwsSesProvider, aws_response, read_request
    from conformance.providers.aws_signature import aws_signature_error
    from conformance.providers.base import Aspect, Call, ConfigCase, Consent, Family, Outcome, Provider
    from conformance.providers.http import Failure, HttpProvider, Message
    from conformance.providers.http_messages import HttpRequest, HttpResponse
    from conformance.providers.oauth2 import OAuth2Provider
    from conformance.providers.smtp import SmtpFailure, SmtpProvider
    from conformance.providers.tcp import TcpProvider
    from conformance.pytest_tests import conformance_tests
    from conformance.registry import Check
    from conformance.run.processes import ProcessError
    from conformance.run.runner import check_connector
    from conformance.spec import CAPABILITIES, Medium, Spec, SpecError, spec_of
    from conformance.verdicts import CheckFailure, CheckResult, NotApplicable, Report, State

__all__ = [
    "CAPABILITIES",
    "PROFILES",
    "Aspect",
    "AwsSesProvider",
    "Call",
    "Check",
    "CheckFailure",
    "CheckResult",
    "ConfigCase",
    "Consent",
    "Failure",
    "Family",
    "HttpProvider",
    "HttpRequest",
    "HttpResponse",
    "Medium",
    "Message",
    "NotApplicable",
    "OAuth2Provider",
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
    "aws_response",
    "aws_signature_error",
    "check_connector",
    "conformance_tests",
    "read_request",
    "spec_of",
]

_NAMES = {
    "checks": "all_checks",
    "profile": "PROFILES Profile",
    "providers.aws_ses": "AwsSesProvider aws_response read_request",
    "providers.aws_signature": "aws_signature_error",
    "providers.base": "Aspect Call ConfigCase Consent Family Outcome Provider",
    "providers.http": "Failure HttpProvider Message",
    "providers.http_messages": "HttpRequest HttpResponse",
    "providers.oauth2": "OAuth2Provider",
    "providers.smtp": "SmtpFailure SmtpProvider",
    "providers.tcp": "TcpProvider",
    "pytest_tests": "conformance_tests",
    "registry": "Check",
    "run.processes": "ProcessError",
    "run.runner": "check_connector",
    "spec": "CAPABILITIES Medium Spec SpecError spec_of",
    "verdicts": "CheckFailure CheckResult NotApplicable Report State",
}
"""The public names by module."""

_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> _Any:
    """Import a public name."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return [*globals(), *(name for name in __all__ if name not in globals())]
