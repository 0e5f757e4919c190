"""Specs for Logto's own npm packages, so that the target ``npm:NAME`` needs no Spec by the user."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from attrs import field, frozen

from conformance.npm.connector import npm_connector
from conformance.npm.packages import split_name
from conformance.providers.aws_ses import AwsSesServer
from conformance.providers.base import Provider
from conformance.providers.http import Failure, HttpProvider, Message
from conformance.providers.http_messages import HttpRequest, HttpResponse
from conformance.spec import Spec, SpecError


class Endpoint(HttpProvider):
    """The endpoint that Logto's HTTP connectors send each message to. Any 2xx status is a success."""

    config_key = "endpoint"
    base_path = "/messages"
    content_type = "application/json"
    authorization = "{authorization}"
    is_response_read = False
    failures: ClassVar[tuple[Failure, ...]] = (
        Failure("too-many", "throttle", 429, "Too many messages a second."),
        Failure("quota-exceeded", "quota", 429, "The messages of this month are used up."),
        Failure("unknown-recipient", "rejection", 422, "The recipient is unknown."),
        Failure("unauthorized", "credentials", 401, "The authorization is unknown."),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the forwarded message."""
        message = request.json
        if not isinstance(message["type"], str) or not isinstance(message["payload"], dict):
            raise TypeError("expected a string as the type and an object as the payload")
        return Message(to=message["to"], forwarded=message)

    def success_response(self, message_id: str) -> HttpResponse:  # noqa: ARG002 - the endpoint returns no id
        """Return status 204."""
        return HttpResponse(204)


@frozen
class _Package:
    """The parts of a Spec, apart from the connector class."""

    schema: str | Mapping[str, Any] = field(repr=False)
    valid_config: Mapping[str, Any] = field(repr=False)
    provider: type[Provider]
    capabilities: frozenset[str]
    secrets: tuple[str, ...]


_ARN: Final = "arn:aws:ses:eu-west-1:123456789012:identity/example.com"
_TYPES: Final = ("Register", "SignIn", "ForgotPassword", "Generic")


def _endpoint(*capabilities: str) -> _Package:
    return _Package(
        schema={
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "HTTP connector config",
            "type": "object",
            "properties": {"endpoint": {"type": "string"}, "authorization": {"type": "string"}},
            "required": ["endpoint"],
        },
        valid_config={"endpoint": "https://example.com/messages", "authorization": "Bearer example-token"},
        provider=Endpoint,
        capabilities=frozenset({"provider-templates", *capabilities}),
        secrets=("authorization",),
    )


_PACKAGES: Final[Mapping[str, _Package]] = {
    "@logto/connector-aws-ses": _Package(
        schema="aws-ses-config",
        valid_config={
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "accessKeySecret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "region": "eu-west-1",
            "emailAddress": "Example<noreply@example.com>",
            "emailAddressIdentityArn": _ARN,
            "feedbackForwardingEmailAddress": "bounces@example.com",
            "feedbackForwardingEmailAddressIdentityArn": _ARN,
            "configurationSetName": "verification-codes",
            "templates": [
                {"usageType": kind, "subject": f"{kind} code", "content": "<p>Your code is {{code}}.</p>"}
                for kind in _TYPES
            ],
        },
        provider=AwsSesServer,
        capabilities=frozenset({"config-templates", "html", "i18n-templates"}),
        secrets=("accessKeyId", "accessKeySecret"),
    ),
    "@logto/connector-http-email": _endpoint(),
    "@logto/connector-http-sms": _endpoint("sms"),
}

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
    if name not in _PACKAGES:
        raise SpecError(_INSTRUCTIONS.format(name=name, target=target, known=", ".join(_PACKAGES)))
    known = _PACKAGES[name]
    return Spec(
        connector=npm_connector(target, schema=known.schema),
        valid_config=known.valid_config,
        provider=known.provider,
        capabilities=known.capabilities,
        secrets=known.secrets,
    )
