"""The default templates of Logto's own connectors produce no false alarm."""

import os
from typing import Any, Final

import pytest

from conformance import SpecError
from conformance.npm import npm_connector
from conformance.npm.packages import pinned_versions
from connector_kit import Guard

KEYS: Final = {"templates", "deliveries"}
EXPECTED: Final = {
    # Each subject is a placeholder such as <sign-in-template-subject>.
    "@logto/connector-aws-ses": {"placeholder", "unfilled"},
    "@logto/connector-mailgun": {"unfilled"},
    "@logto/connector-sendgrid-email": {"unfilled"},
    "@logto/connector-smtp": {"unfilled"},
    "@logto/connector-twilio-sms": set[str](),
    "@logto/connector-vonage-sms": set[str](),
}
"""The keywords of the warnings about the packages whose default templates have texts.

Their invitations by e-mail have a code. Logto's invitations have none, but a link: that is a true alarm.
"""


def _texts(templates: Any) -> list[dict[str, str]]:
    """Return the default templates of a form item in the form of most packages; Mailgun's are an object."""
    if isinstance(templates, dict):
        return [{"usageType": kind, "subject": it["subject"], "content": it["html"]} for kind, it in templates.items()]
    return [it for it in templates if "content" in it] if isinstance(templates, list) else []


@pytest.mark.parametrize("package", pinned_versions())
def test_default_templates_of_an_official_package_produce_no_false_alarm(package: str) -> None:
    """A new version of a package may have other texts."""
    try:
        connector = npm_connector(package, schema={"type": "object"})
    except SpecError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    connector.driver.close()
    templates = [
        it for item in connector.metadata.form_items or () if item.key in KEYS for it in _texts(item.default_value)
    ]
    assert bool(templates) == (package in EXPECTED)
    issues = Guard({}, object).issues({"templates": templates})
    assert {issue.keyword for issue in issues} == EXPECTED.get(package, set())
    unfilled = [issue.message for issue in issues if issue.keyword == "unfilled"]
    assert all(it.startswith("{{code}} stays in messages of type OrganizationInvitation") for it in unfilled)
