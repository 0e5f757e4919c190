"""Specs for Logto's own npm packages, so that the target ``npm:NAME`` needs no Spec by the user.

Each package is one module: the schema of its config, a valid config, and the stub of its provider.
"""

from collections.abc import Mapping
from typing import Final

from conformance.npm.connector import npm_connector
from conformance.npm.official.aws_ses import AWS_SES
from conformance.npm.official.github import GITHUB
from conformance.npm.official.http_endpoint import HTTP_EMAIL, HTTP_SMS
from conformance.npm.official.mailgun import MAILGUN
from conformance.npm.official.oidc import OAUTH, OIDC
from conformance.npm.official.package import OfficialPackage
from conformance.npm.official.postmark import POSTMARK
from conformance.npm.official.sendgrid import SENDGRID_EMAIL
from conformance.npm.official.smtp import SMTP
from conformance.npm.official.twilio import TWILIO_SMS
from conformance.npm.official.vonage import VONAGE_SMS
from conformance.npm.packages import split_name
from conformance.spec import Spec, SpecError

OFFICIAL_PACKAGES: Final[Mapping[str, OfficialPackage]] = {
    "@logto/connector-aws-ses": AWS_SES,
    "@logto/connector-github": GITHUB,
    "@logto/connector-http-email": HTTP_EMAIL,
    "@logto/connector-http-sms": HTTP_SMS,
    "@logto/connector-mailgun": MAILGUN,
    "@logto/connector-oauth": OAUTH,
    "@logto/connector-oidc": OIDC,
    "@logto/connector-postmark": POSTMARK,
    "@logto/connector-sendgrid-email": SENDGRID_EMAIL,
    "@logto/connector-smtp": SMTP,
    "@logto/connector-twilio-sms": TWILIO_SMS,
    "@logto/connector-vonage-sms": VONAGE_SMS,
}
"""By name: the packages that the suite has a Spec for. ``pinned/package.json`` has their versions."""

_INSTRUCTIONS: Final = """\
The suite has no Spec for {name}, which needs a valid config and a provider stub.
Write a Spec, and name it as package.module:spec:

    from conformance import Spec
    from conformance.npm import npm_connector

    spec = Spec(
        connector=npm_connector("{target}", schema={{"type": "object", "required": ["token"]}}),
        valid_config={{"token": "..."}},
        provider=MyProvider,  # a conformance.providers.http.HttpProvider, for most
        capabilities={{"config-templates", "html"}},
        secrets=("token",),
    )

Packages with a Spec: {known}."""


def npm_spec(target: str) -> Spec:
    """Return the Spec of one of Logto's own packages.

    Args:
        target: ``@logto/connector-aws-ses``, or with a version: ``@logto/connector-aws-ses@1.5.4``.

    Raises:
        SpecError: the suite has no Spec for the package, or it cannot be installed; the message explains what to do.
    """
    name, _ = split_name(target)
    if name not in OFFICIAL_PACKAGES:
        raise SpecError(_INSTRUCTIONS.format(name=name, target=target, known=", ".join(OFFICIAL_PACKAGES)))
    known = OFFICIAL_PACKAGES[name]
    return Spec(
        connector=npm_connector(target, schema=known.schema),
        valid_config=known.valid_config,
        provider=known.provider,
        capabilities=known.capabilities,
        secrets=known.secrets,
    )
