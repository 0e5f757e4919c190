"""The AWS SMS connector: one ``SendTextMessage`` call for each message."""

from typing import Any, ClassVar

from connector_kit import (
    AwsApi,
    AwsKeys,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Declaration,
    Sms,
    SmsConnector,
)
from connector_kit.connectors.aws_sms.config import AwsSmsConfig, rejected_settings


class AwsSmsConnector(SmsConnector[AwsSmsConfig]):
    """Sends text messages through AWS End User Messaging (``pinpoint-sms-voice-v2``)."""

    metadata: ClassVar[ConnectorMetadata] = ConnectorMetadata(
        id="aws-sms",
        target="aws-sms",
        name={"en": "AWS SMS"},
        description={"en": "Sends Logto's verification codes as text messages through AWS End User Messaging."},
    )
    config_class = AwsSmsConfig
    config_warnings = (rejected_settings,)
    declaration: ClassVar[Declaration | None] = Declaration(
        provider="aws-sms", capabilities={"config-templates", "sms"}
    )

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self.api = AwsApi(
            "AWS End User Messaging",
            "pinpoint-sms-voice-v2",
            "SendTextMessage",
            errors={"ServiceQuotaExceededException": ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED},
        )

    def deliver(self, config: AwsSmsConfig, sms: Sms) -> object:
        """Send one text message and return its id."""
        keys = AwsKeys.of(config.access_key_id, config.access_key_secret)
        request = {
            "DestinationPhoneNumber": sms.e164,
            "MessageBody": sms.content,
            "MessageType": config.message_type,
            "OriginationIdentity": config.origination_identity,
            "MaxPrice": config.max_price,
            "ConfigurationSetName": config.configuration_set_name,
        }
        public = (config.origination_identity, config.configuration_set_name)
        return self.api.call(request, sms, region=config.region, credentials=keys, public=public).text("MessageId")
