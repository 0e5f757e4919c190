"""Connectors of an imaginary provider that do what a message's payload says, for the tests of the host."""

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


def _act(config: AcmeConfig, to: str, payload: Mapping[str, object]) -> object:  # noqa: C901 - a case an outcome
    outcome = str(payload.get("outcome", "sent"))
    everything = f"{to} {payload.get('code')} {config.api_key} {payload.get('link')}"
    match outcome:
        case "sent":
            return "acme-1"
        case "odd":
            return {1, 2}
        case "echo":
            return everything
        case "boom":
            raise RuntimeError(everything)
        case "exit":
            raise SystemExit(3)
        case "bare":
            raise ConnectorError(ConnectorErrorCodes.GENERAL)
        case "listed":
            raise ConnectorError(ConnectorErrorCodes.GENERAL, ["a list", everything])
        case "issues":
            issues = ["odd", {"path": "$", "keyword": "acme", "message": everything}, {"path": "$", "message": 1}]
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"issues": issues})
        case "hang" | "hang-and-fail":
            STARTED.set()
            RELEASE.wait(LONGEST_HANG)
            if outcome == "hang":
                return "acme-late"
            raise ConnectorError(ConnectorErrorCodes.GENERAL, everything)
    data = {"message": f"Acme says no: {everything}", "code": "E7", "none": None}
    raise ConnectorError(ConnectorErrorCodes(outcome), data) from OSError(everything)


class AcmeMail(EmailConnector[AcmeConfig]):
    """Sends nothing."""

    metadata: ClassVar = _metadata("acme-mail")
    config_guard: ClassVar = Guard(SCHEMA, AcmeConfig)
    declaration: ClassVar = Declaration(provider="acme", valid_config={}, capabilities=(), secrets=("apiKey",))

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        MADE.append(self)

    def deliver(self, config: AcmeConfig, email: Email) -> object:
        """Do what the payload says."""
        SENT.append((config, email))
        return _act(config, email.to, email.data.payload)

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Count 1,000 in all, and since a moment as many as its hour."""
        self.read_config()
        return 1000 if start_from is None else start_from.hour


class SecondMail(AcmeMail):
    """Another of the type."""

    metadata: ClassVar = _metadata("acme-mail-2")


class AcmeSms(SmsConnector[AcmeConfig]):
    """Sends nothing."""

    metadata: ClassVar = _metadata("acme-sms")
    config_guard: ClassVar = Guard(SCHEMA, AcmeConfig)

    def deliver(self, config: AcmeConfig, sms: Sms) -> object:
        """Do what the payload says."""
        SENT.append((config, sms))
        return _act(config, sms.to, sms.data.payload)

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Count 1,000 in all, and since a moment as many as its hour."""
        self.read_config()
        return 1000 if start_from is None else start_from.hour


class AcmeForward(SmsConnector[Mapping[str, Any]]):
    """Forwards messages as they are, and changes the config that it is given."""

    metadata: ClassVar = _metadata("acme-forward")
    config_guard: ClassVar = Guard({"type": "object"}, Mapping[str, Any])

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        """Take a note, and leave one."""
        found: Any = self.get_config("acme-forward") if config is None else config
        SENT.append((dict(found), data))
        found["changed"] = True
        return {"forwarded": found.get("apiKey")}


class AcmeSocial(SocialConnector[Mapping[str, Any]]):
    """Cannot be hosted."""

    metadata: ClassVar = _metadata("acme-social", ConnectorPlatform.WEB)
    config_guard: ClassVar = Guard({}, dict)

    def get_authorization_uri(self, *_: object) -> str:
        """Not asked here."""
        raise NotImplementedError

    def get_user_info(self, *_: object) -> SocialUserInfo:
        """Not asked here."""
        raise NotImplementedError
