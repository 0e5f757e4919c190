"""The Amazon SES connectors: one ``SendEmail`` call for each message."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from connector_kit.aws_api.api import AwsResponse
from connector_kit.aws_api.credentials import AwsKeys, AwsRole
from connector_kit.connector import Declaration, Email, EmailConnector
from connector_kit.connectors.aws_ses.config import AwsSesConfig, AwsSesSettings, aws_ses_config_guard, keys_of
from connector_kit.connectors.aws_ses.metadata import METADATA
from connector_kit.connectors.aws_ses.request import check_setting, send_email_request
from connector_kit.guards import Guard
from connector_kit.metadata import ConnectorMetadata
from connector_kit.redaction import config_secrets, message_secrets
from connector_kit.wire import to_json

if TYPE_CHECKING:
    from connector_kit.connectors.aws_ses.client import SendEmailClientFactory

S = TypeVar("S", bound=AwsSesSettings)


def _message_secrets(config: AwsSesSettings, email: Email) -> Iterator[object]:
    """Yield what an error must not show of a message, except parts of the recipient's address and of public settings.

    AWS's message about an identity that is not verified names these addresses, and the operator needs them.
    """
    settings = (config.email_address, config.feedback_forwarding_email_address, config.configuration_set_name)
    arns = (config.email_address_identity_arn, config.feedback_forwarding_email_address_identity_arn)
    public = " ".join(filter(None, (email.to, config.region, *settings, *arns)))
    return message_secrets(email.data.payload, public)


class SesConnector(EmailConnector[S]):
    """Base class of the connectors for Amazon SES v2. A subclass decides as whom it sends.

    Args:
        client_factory: returns a botocore ``sesv2`` client, or anything with its ``send_email``, for a config. The
            connector calls it for each message. A client of the default factory ends a send within 15 seconds and three
            attempts, and shares its connections with the others of its region.
        **kit: see `connector_kit.Connector`.
    """

    def __init__(self, *, client_factory: "SendEmailClientFactory | None" = None, **kit: Any) -> None:
        from connector_kit.connectors.aws_ses.client import SesClientFactory  # noqa: PLC0415 - botocore takes 0.1 s, and who only validates a config constructs no connector

        super().__init__(**kit)
        self._client_of = client_factory or SesClientFactory(self.credentials)

    @abstractmethod
    def credentials(self, config: S) -> AwsKeys | AwsRole | None:
        """Return the keys or the role to send with; ``None`` is botocore's default chain."""

    def request(self, config: S, email: Email) -> dict[str, Any]:
        """Return the members of a ``SendEmail`` request.

        Raises:
            ConnectorError: see `connector_kit.connectors.aws_ses.request.send_email_request`.
        """
        return send_email_request(config, email)

    def deliver(self, config: S, email: Email) -> object:
        """Call ``SendEmail`` once and return the MessageId.

        Raises:
            ConnectorError: the code of the error's kind (see `connector_kit.aws_api.errors`), with AWS's message, error code
                and request id; ``invalid_config`` or ``invalid_request_parameters`` for a region, access key id or mailbox
                that cannot be used.
        """
        from connector_kit.connectors.aws_ses.errors import ERRORS  # noqa: PLC0415 - see `__init__`

        request = self.request(config, email)
        client: Any = None
        try:
            client = self._client_of(config)
            response = client.send_email(**request)
        except Exception as error:  # noqa: BLE001 - the one place that translates exceptions of botocore
            secrets = (*config_secrets(type(self), to_json(config)), *_message_secrets(config, email))
            translated = ERRORS.connector_error(error, (*secrets, *getattr(client, "secrets", ())))
            raise translated from translated.__cause__
        return AwsResponse(ERRORS.provider, response["ResponseMetadata"]["HTTPStatusCode"], response).text("MessageId")


class AwsSesConnector(SesConnector[AwsSesConfig]):
    """Sends e-mail through Amazon SES v2."""

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

    def credentials(self, config: AwsSesConfig) -> AwsKeys:
        """Return the keys of the config."""
        return keys_of(config)

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Return the members of a ``SendEmail`` request, if its keys can be used."""
        check_setting("accessKeyId", config.access_key_id)
        check_setting("accessKeySecret", config.access_key_secret)
        return send_email_request(config, email)
