"""An SMS connector for the tests: it sends through an HTTP gateway, or fails with a code from its config."""

from datetime import datetime
from typing import Any, ClassVar

import urllib3
from attrs import evolve, field, frozen

from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Guard,
    Sms,
    SmsConnector,
    SmsTemplate,
)


@frozen
class AcmeSmsConfig:
    """The config: the URL and the key of the gateway, templates, and the error code to fail with."""

    gateway: str
    api_key: str = field(repr=False)
    templates: tuple[SmsTemplate, ...] = field(repr=False)
    fail_with: str | None = None


_SCHEMA: dict[str, Any] = {
    "title": "Acme SMS config",
    "type": "object",
    "properties": {
        "gateway": {"type": "string", "pattern": "^https?://[a-z0-9.:]+$"},
        "apiKey": {"type": "string", "minLength": 8},
        "templates": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/template"}},
        "failWith": {"enum": [str(code) for code in ConnectorErrorCodes]},
    },
    "required": ["gateway", "apiKey", "templates"],
    "additionalProperties": False,
    "$defs": {
        "template": {
            "type": "object",
            "properties": {key: {"type": "string"} for key in ("usageType", "content")},
            "required": ["usageType", "content"],
        },
    },
}


class AcmeSms(SmsConnector[AcmeSmsConfig]):
    """Sends text messages through the gateway."""

    metadata: ClassVar[ConnectorMetadata] = ConnectorMetadata(
        id="acme-sms",
        target="acme",
        name={"en": "Acme SMS", "pt-BR": "SMS da Acme"},
        description={"en": "Sends text messages through Acme."},
        logo="./acme.png",
        readme="# Acme SMS\n\nText messages, também em português.",
        form_items=(
            ConnectorConfigFormItem(type=ConnectorConfigFormItemType.TEXT, key="gateway", label="Gateway"),
            ConnectorConfigFormItem(type=ConnectorConfigFormItemType.TEXT, key="apiKey", label="API key"),
            ConnectorConfigFormItem(type=ConnectorConfigFormItemType.JSON, key="templates", label="Templates"),
        ),
    )
    config_guard: ClassVar[Guard[AcmeSmsConfig]] = Guard(_SCHEMA, AcmeSmsConfig)

    def deliver(self, config: AcmeSmsConfig, sms: Sms) -> object:
        """Send the text, or raise the configured error with every secret in its data."""
        if config.fail_with is not None:
            secret = f"{config.api_key} {sms.to} {sms.content} {sms.data.payload.code}"
            raise ConnectorError(ConnectorErrorCodes(config.fail_with), {"message": secret, "provider": secret})
        response = urllib3.request(
            "POST",
            f"{config.gateway}/texts",
            headers={"Authorization": config.api_key},
            json={"to": sms.to, "text": sms.content},
            timeout=5,
            retries=False,
        )
        return {"status": response.status, "id": response.json().get("id")}

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Return one message for each day since the start, or 7."""
        return 7 if start_from is None else 20 - start_from.day


class AcmeOddSms(AcmeSms):
    """The same with an id that is not a part of a path as it is."""

    metadata: ClassVar[ConnectorMetadata] = evolve(AcmeSms.metadata, id="acme/sms ?#%2F")
