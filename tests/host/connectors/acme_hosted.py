"""Connectors of an imaginary provider, for the tests of the host. The message's payload chooses the outcome."""

import copy
from collections.abc import Mapping
from datetime import datetime
from threading import Event
from typing import Any, ClassVar

from attrs import frozen

from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    ConnectorPlatform,
    Declaration,
    Email,
    EmailConnector,
    Guard,
    SendMessageData,
    Sms,
    SmsConnector,
    SocialConnector,
    SocialUserInfo,
    Template,
)

LONGEST_HANG = 20.0

MADE: list[object] = []
SENT: list[Any] = []
STARTED = Event()
RELEASE = Event()

SCHEMA = {
    "title": "Acme config",
    "type": "object",
    "properties": {
        "apiKey": {"type": "string"},
        "account": {"type": "string"},
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
    """Acme's config."""

    api_key: str
    templates: tuple[Template, ...]
    account: str | None = None


def _metadata(connector_id: str, platform: ConnectorPlatform | None = None) -> ConnectorMetadata:
    return ConnectorMetadata(
        id=connector_id,
        target="acme",
        name={"en": "Acme"},
        description={"en": "Acme."},
        logo="./acme.svg",
        readme="./README.md",
        platform=platform,
    )


def _act(config: AcmeConfig, to: str, payload: Mapping[str, object]) -> object:  # noqa: C901 - one case per outcome
    outcome = str(payload.get("outcome", "sent"))
    everything = f"{to} {payload.get('code')} {config.api_key} {payload.get('link')}"
    match outcome:
        case "sent":
            return "acme-1"
        case "not-json":
            return {1, 2}
        case "echo":
            return everything
        case "crash":
            raise RuntimeError(everything)
        case "exit":
            raise SystemExit(3)
        case "bare":
            raise ConnectorError(ConnectorErrorCodes.GENERAL)
        case "listed":
            raise ConnectorError(ConnectorErrorCodes.GENERAL, ["a list", everything])
        case "issues":
            issues = [
                "not an issue",
                {"path": "$", "keyword": "acme", "message": everything},
                {"path": "$", "message": 1},
            ]
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"issues": issues})
        case "hang" | "hang-and-fail":
            STARTED.set()
            RELEASE.wait(LONGEST_HANG)
            if outcome == "hang":
                return "acme-late"
            raise ConnectorError(ConnectorErrorCodes.GENERAL, everything)
    data = {"message": f"Acme rejects: {everything}", "code": "E7", "none": None}
    raise ConnectorError(ConnectorErrorCodes(outcome), data) from OSError(everything)


class AcmeMail(EmailConnector[AcmeConfig]):
    """An e-mail connector."""

    metadata: ClassVar = _metadata("acme-mail")
    config_guard: ClassVar = Guard(SCHEMA, AcmeConfig)
    declaration: ClassVar = Declaration(provider="acme", valid_config={}, capabilities=(), secrets=("apiKey",))

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        MADE.append(self)

    def deliver(self, config: AcmeConfig, email: Email) -> object:
        """Record the message and produce the outcome that its payload names."""
        SENT.append((config, email))
        return _act(config, email.to, email.data.payload)

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Return 1,000, or the hour of the given moment."""
        self.read_config()
        return 1000 if start_from is None else start_from.hour


class SecondMail(AcmeMail):
    """A second e-mail connector."""

    metadata: ClassVar = _metadata("acme-mail-2")


class AcmeSms(SmsConnector[AcmeConfig]):
    """An SMS connector."""

    metadata: ClassVar = _metadata("acme-sms")
    config_guard: ClassVar = Guard(SCHEMA, AcmeConfig)

    def deliver(self, config: AcmeConfig, sms: Sms) -> object:
        """Record the message and produce the outcome that its payload names."""
        SENT.append((config, sms))
        return _act(config, sms.to, sms.data.payload)

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Return 1,000, or the hour of the given moment."""
        self.read_config()
        return 1000 if start_from is None else start_from.hour


def _without_required_subject() -> dict[str, Any]:
    schema = copy.deepcopy(SCHEMA)
    properties: Any = schema["properties"]
    properties["templates"]["items"]["required"].remove("subject")
    return schema


class AcmeDisagreeing(AcmeSms):
    """An SMS connector with e-mail templates: its schema accepts templates that its class cannot hold."""

    config_guard: ClassVar = Guard(_without_required_subject(), AcmeConfig)


class AcmeForward(SmsConnector[Mapping[str, Any]]):
    """An SMS connector without templates, which changes the config it gets."""

    metadata: ClassVar = _metadata("acme-forward")
    config_guard: ClassVar = Guard({"type": "object"}, Mapping[str, Any])

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        """Record config and message, then change the config."""
        found: Any = self.get_config("acme-forward") if config is None else config
        SENT.append((dict(found), data))
        found["changed"] = True
        return {"forwarded": found.get("apiKey")}


class AcmeSocial(SocialConnector[Mapping[str, Any]]):
    """A connector that cannot be hosted."""

    metadata: ClassVar = _metadata("acme-social", ConnectorPlatform.WEB)
    config_guard: ClassVar = Guard({}, dict)

    def get_authorization_uri(self, *_: object) -> str:
        """Never called by the host."""
        raise NotImplementedError

    def get_user_info(self, *_: object) -> SocialUserInfo:
        """Never called by the host."""
        raise NotImplementedError
