"""An SMS connector of the tests' own: it posts to a provider over HTTP, and fails with any code that it is told."""

from datetime import datetime
from typing import Any, ClassVar

import urllib3
from attrs import field, frozen

from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Guard,
    Sms,
    SmsConnector,
)


@frozen
class AcmeTemplate:
    """One text message."""

    usage_type: str
    content: str = field(repr=False)


@frozen
class AcmeSmsConfig:
    """The config: where the provider is, the key for it, templates, and how to fail."""

    gateway: str
    api_key: str = field(repr=False)
    templates: tuple[AcmeTemplate, ...] = field(repr=False)
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
    """The connector."""

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
        """Post the text, or fail as told, with all that must not get out in the error's data."""
        if config.fail_with is not None:
            secret = f"{config.api_key} {sms.to} {sms.content} {sms.data.payload.code}"
            raise ConnectorError(ConnectorErrorCodes(config.fail_with), {"message": secret, "provider": secret})
        answer = urllib3.request(
            "POST",
            f"{config.gateway}/texts",
            headers={"Authorization": config.api_key},
            json={"to": sms.to, "text": sms.content},
            timeout=5,
            retries=False,
        )
        return {"status": answer.status, "id": answer.json().get("id")}

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Count the messages: one a day since the moment given, or 7."""
        return 7 if start_from is None else 20 - start_from.day
