"""The Amazon SES connector: one ``SendEmail`` call a message."""

from typing import Any, ClassVar, Final

from botocore.exceptions import BotoCoreError

from connector_kit.connector import Declaration, Email, EmailConnector
from connector_kit.connectors.aws_ses.client import ClientFactory, ClientStore, SendEmailClient, SessionClientFactory
from connector_kit.connectors.aws_ses.config import AwsSesConfig, aws_ses_config_guard
from connector_kit.connectors.aws_ses.failures import client_failure, send_failure, unusable_answer
from connector_kit.connectors.aws_ses.metadata import METADATA
from connector_kit.connectors.aws_ses.request import send_email_request
from connector_kit.guards import Guard
from connector_kit.metadata import ConnectorMetadata

_OK: Final = 200


class AwsSesConnector(EmailConnector[AwsSesConfig]):
    """Sends e-mail through Amazon SES v2.

    Args:
        client_factory: makes the botocore ``sesv2`` client for a config; it is kept and used again while region and
            keys stay the same. The default limits a whole send to under 15 seconds and three attempts.
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
                {"usageType": kind, "subject": f"{kind} code", "content": "<p>Your code is {{code}}.</p>"}
                for kind in ("Register", "SignIn", "ForgotPassword", "Generic")
            ],
        },
    )

    def __init__(self, *, client_factory: ClientFactory | None = None, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self._clients = ClientStore(client_factory or SessionClientFactory())

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Call ``SendEmail`` once and return the MessageId.

        Raises:
            ConnectorError: ``rate_limit_exceeded`` for a throttle, ``usage_limit_exceeded`` for a quota,
                ``invalid_response`` for any other refusal, with AWS's message, code and request id;
                ``general`` when SES cannot be reached; ``invalid_config`` or ``invalid_request_parameters`` when a
                region, key or mailbox cannot be used.
        """
        request = send_email_request(config, email)
        client = self._client(config)
        try:
            answer = client.send_email(**request)
        except Exception as error:  # noqa: BLE001 - translated here and nowhere else
            secrets = (config.access_key_secret, config.access_key_id, email.data.payload.code, email.data.payload.link)
            failure = send_failure(error, secrets)
            raise failure from failure.__cause__
        status = answer["ResponseMetadata"]["HTTPStatusCode"]
        if status != _OK:
            raise unusable_answer("only 200 means accepted", status)
        message_id = answer.get("MessageId")
        if not isinstance(message_id, str) or not message_id:
            raise unusable_answer("it has no MessageId")
        return message_id

    def _client(self, config: AwsSesConfig) -> SendEmailClient:
        try:
            return self._clients.get(config)
        except BotoCoreError as error:
            raise client_failure(error) from error
        except ValueError as error:
            raise client_failure(error) from None
