"""Connectors of an imaginary provider for the tests of the command. The config's ``outcome`` selects the result."""

import copy
import os
import signal
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

from attrs import evolve, frozen

from connector_kit import (
    AuthorizationRequest,
    Connector,
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    ConnectorPlatform,
    Declaration,
    Email,
    EmailConnector,
    EmailTemplateDetails,
    GetSession,
    Guard,
    SendMessageData,
    SetSession,
    Sms,
    SmsConnector,
    SocialConnector,
    SocialUserInfo,
    Template,
    TemplateEmailConnector,
    TemplateMessage,
    TemplateNames,
    setting,
    template_names,
)

SENT: list[SendMessageData] = []

SCHEMA = {
    "title": "Acme config",
    "type": "object",
    "properties": {
        "apiKey": {"type": "string"},
        "account": {"type": "string"},
        "outcome": {"type": "string"},
        "templates": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "usageType": {"type": "string"},
                    "subject": {"type": "string"},
                    "content": {"type": "string"},
                },
                "required": ["usageType", "subject", "content"],
            },
        },
    },
    "required": ["apiKey", "templates"],
}


@frozen
class AcmeConfig:
    """The config of Acme's connectors."""

    api_key: str
    templates: tuple[Template, ...]
    account: str = ""
    outcome: str = "id"


def _metadata(connector_id: str, **more: object) -> ConnectorMetadata:
    given: dict[str, Any] = {
        "target": "acme",
        "name": {"en": "Acme", "es": "Acmé"},
        "description": {"en": "Sends with Acme."},
        "logo": "https://acme.example/logo.svg",
        "readme": "# Acme\nAll about it.",
    }
    return ConnectorMetadata(id=connector_id, **given | more)


def _outcome(config: AcmeConfig) -> object:
    match config.outcome:
        case "id":
            return "message-1"
        case "json":
            return {"accepted": ["á"]}
        case "object":
            return object()
        case "rejected":
            data = {"message": f"No account {config.account} for {config.api_key}.", "code": "E1", "requestId": None}
            raise ConnectorError(ConnectorErrorCodes.INVALID_RESPONSE, data)
        case "issues":
            issues = [{"path": "$.account", "message": f"not {config.api_key}"}, "an issue"]
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"issues": issues})
        case "list":
            raise ConnectorError(ConnectorErrorCodes.AUTHORIZATION_FAILED, [1, 2])
        case "exit":
            sys.exit(0)
        case "interrupt":
            # A job in the background of a shell starts with this signal ignored, and Python leaves it so.
            signal.signal(signal.SIGINT, signal.default_int_handler)
            os.kill(os.getpid(), signal.SIGINT)
        case "pipe":
            raise BrokenPipeError
        case _:
            raise RuntimeError(config.api_key)
    return None


class AcmeMail(EmailConnector[AcmeConfig]):
    """A simple e-mail connector."""

    metadata: ClassVar = _metadata(
        "acme-mail",
        logo="./acme.svg",
        readme="./README.md",
        form_items=(
            ConnectorConfigFormItem(
                type=ConnectorConfigFormItemType.TEXT,
                key="apiKey",
                label="API key",
                required=True,
            ),
            ConnectorConfigFormItem(
                type=ConnectorConfigFormItemType.TEXT,
                key="account",
                label="Account",
                description="Who pays.",
                is_confidential=True,
            ),
            ConnectorConfigFormItem(type=ConnectorConfigFormItemType.JSON, key="templates", label="Templates"),
        ),
    )
    config_guard: ClassVar = Guard(SCHEMA, AcmeConfig)

    def deliver(self, config: AcmeConfig, email: Email) -> object:
        """Record the message, and return or raise what the config selects."""
        SENT.append(email.data)
        return _outcome(config)


class AcmeSms(SmsConnector[AcmeConfig]):
    """An SMS connector that declares its secret."""

    metadata: ClassVar = _metadata("acme-sms")
    config_guard: ClassVar = Guard(SCHEMA, AcmeConfig)
    declaration: ClassVar = Declaration(provider="acme", valid_config={}, capabilities=(), secrets=("apiKey",))

    def deliver(self, config: AcmeConfig, sms: Sms) -> object:
        """Record the message, and return or raise what the config selects."""
        SENT.append(sms.data)
        return _outcome(config)


def _without_required_subject() -> dict[str, Any]:
    schema = copy.deepcopy(SCHEMA)
    properties: Any = schema["properties"]
    properties["templates"]["items"]["required"].remove("subject")
    return schema


class AcmeDisagreeing(AcmeSms):
    """An SMS connector with e-mail templates: its schema accepts templates that its class cannot hold."""

    config_guard: ClassVar = Guard(_without_required_subject(), AcmeConfig)


class AcmeManaged(AcmeMail):
    """An e-mail connector with a template that is not in the config."""

    def compose(self, config: AcmeConfig, message: SendMessageData) -> Email:
        """Use a template that is not in the config."""
        template = EmailTemplateDetails("", "") if message.type == "Generic" else {"usageType": "Own"}
        email = super().compose(config, message)
        return evolve(email, template=template, reply_to="help@acme.example", send_from="Acme")


@frozen
class AcmeAliasConfig:
    """The config of the connector whose templates Acme stores."""

    api_key: str = setting("API key", secret=True)
    templates: TemplateNames = template_names("templateAlias")


class AcmeAliases(TemplateEmailConnector[AcmeAliasConfig]):
    """An e-mail connector whose templates Acme stores."""

    metadata: ClassVar = _metadata("acme-aliases")
    config_class = AcmeAliasConfig

    def deliver(self, config: AcmeAliasConfig, message: TemplateMessage) -> object:
        """Record the message, and return the name of its template."""
        del config
        SENT.append(message.data)
        return message.template.name


class AcmeForward(EmailConnector[Any]):
    """A connector without templates: it forwards the message unchanged."""

    metadata: ClassVar = _metadata("acme-forward")
    config_guard: ClassVar = Guard({}, object)

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        """Forward the message."""
        self.read_config(config)
        return f"forwarded {data}"


class AcmeOwnSend(AcmeMail):
    """An e-mail connector that always uses its saved config."""

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        """Send with the saved config."""
        del config
        return super().send_message(data, self.get_config(self.metadata.id))


class AcmeSocial(SocialConnector[Any]):
    """A social connector without a form, and with a logo that is missing."""

    metadata: ClassVar = _metadata("acme-social", platform=ConnectorPlatform.WEB, logo_dark="./absent.svg")
    config_guard: ClassVar = Guard({}, dict)

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Not implemented."""
        raise NotImplementedError

    def get_user_info(self, data: object, get_session: GetSession) -> SocialUserInfo:
        """Not implemented."""
        raise NotImplementedError


class AcmeNoMetadata(Connector[Any]):
    """A connector without metadata."""

    type: ClassVar = AcmeMail.type


class AcmeBadMetadata(AcmeMail):
    """A connector without an English name."""

    metadata: ClassVar = evolve(AcmeMail.metadata, name={"es": "Acme"})


class AcmeJsonMetadata(AcmeMail):
    """A connector whose metadata is JSON instead of a ConnectorMetadata."""

    metadata: ClassVar = {
        "id": "a",
        "target": "a",
        "platform": None,
        "name": {"en": "A"},
        "description": {"en": "A"},
        "logo": "",
        "logoDark": None,
        "readme": "",
    }


class AcmeNoSchema(AcmeMail):
    """A connector whose guard names a schema that does not exist."""

    config_guard: ClassVar = Guard("there-is-no-such-schema", AcmeConfig)


class AcmeOdd(AcmeMail):
    """A connector with an invalid type."""

    type: ClassVar = []
