"""The Amazon SES connector: one ``SendEmail`` call for each message."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

from connector_kit.connector import Declaration, Email, EmailConnector
from connector_kit.connectors.aws_ses.config import AwsSesConfig, aws_ses_config_guard
from connector_kit.connectors.aws_ses.metadata import METADATA
from connector_kit.connectors.aws_ses.request import send_email_request
from connector_kit.guards import Guard
from connector_kit.metadata import ConnectorMetadata
from connector_kit.redaction import config_secrets, message_secrets
from connector_kit.wire import to_json

if TYPE_CHECKING:
    from connector_kit.connectors.aws_ses.client import ClientFactory


def _message_secrets(config: AwsSesConfig, email: Email) -> Iterator[object]:
    """Yield what an error must not show of a message, except parts of the recipient's address and of public settings.

    AWS's message about an identity that is not verified names these addresses, and the operator needs them.
    """
    settings = (config.email_address, config.feedback_forwarding_email_address, config.configuration_set_name)
    arns = (config.email_address_identity_arn, config.feedback_forwarding_email_address_identity_arn)
    public = " ".join(filter(None, (email.to, config.region, *settings, *arns)))
    return message_secrets(email.data.payload, public)


class AwsSesConnector(EmailConnector[AwsSesConfig]):
    """Sends e-mail through Amazon SES v2.

    Args:
        client_factory: returns a botocore ``sesv2`` client, or anything with its ``send_email``, for a config. The
            connector calls it for each message. A client of the default factory ends a send within 15 seconds and three
            attempts, and shares its connections with the others of its region.
        **kit: see `connector_kit.Connector`.
    """

    metadata: ClassVar[ConnectorMetadata] = METADATA
    config_guard: ClassVar[Guard[AwsSesConfig]] = aws_ses_config_guard
    declaration: ClassVar[Declaration | None] = Declaration(
        provider="aws-ses",
        capabilities={"config-templates", "html", "i18n-templates", "reply-to", "send-from", "text"},
        secrets=("accessKeyId", "accessKeySecret"),
        valid_config={
            "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
            "accessKeySecret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "region": "eu-west-1",
            "emailAddress": "Example<noreply@example.com>",
            "emailAddressIdentityArn": "arn:aws:ses:eu-west-1:123456789012:identity/example.com",
            "feedbackForwardingEmailAddress": "bounces@example.com",
            "feedbackForwardingEmailAddressIdentityArn": "arn:aws:ses:eu-west-1:123456789012:identity/example.com",
            "configurationSetName": "verification-codes",
            "templates": [
                *(
                    {"usageType": kind, "subject": f"{kind} code", "content": "<p>Your code is {{code}}.</p>"}
                    for kind in ("Register", "SignIn", "ForgotPassword", "Generic")
                ),
                {"usageType": "OrganizationInvitation", "subject": "Invitation", "content": "<p>Join: {{link}}</p>"},
            ],
        },
    )

    def __init__(self, *, client_factory: "ClientFactory | None" = None, **kit: Any) -> None:
        from connector_kit.connectors.aws_ses.client import SesClientFactory  # noqa: PLC0415 - botocore takes 0.1 s, and who only validates a config constructs no connector

        super().__init__(**kit)
        self._client_of = client_factory or SesClientFactory()

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Call ``SendEmail`` once and return the MessageId.

        Raises:
            ConnectorError: the code of the error's kind (see `connector_kit.connectors.aws_ses.errors`), with AWS's
                message, error code and request id; ``invalid_config`` or ``invalid_request_parameters`` for a region,
                access key id or mailbox that cannot be used.
        """
        from connector_kit.connectors.aws_ses.errors import connector_error, malformed_response  # noqa: PLC0415 - see `__init__`

        request = send_email_request(config, email)
        try:
            response = self._client_of(config).send_email(**request)
        except Exception as error:  # noqa: BLE001 - the one place that translates exceptions of botocore
            secrets = (*config_secrets(type(self), to_json(config)), *_message_secrets(config, email))
            translated = connector_error(error, secrets)
            raise translated from translated.__cause__
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        if status != HTTPStatus.OK:
            raise malformed_response("only 200 means that the message was accepted", status)
        message_id = response.get("MessageId")
        if not isinstance(message_id, str) or not message_id:
            raise malformed_response("no MessageId", status)
        return message_id
