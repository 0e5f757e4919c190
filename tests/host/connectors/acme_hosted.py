"""Connectors of an imaginary provider, for the tests of the host. The message's payload chooses the outcome."""

import copy
from collections.abc import Mapping
from datetime import datetime
from threading import Event
from typing import Any, ClassVar

from attrs import frozen

from connector_kit import (
    AuthorizationRequest,
    Connector,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    ConnectorPlatform,
    ConnectorSession,
    ConnectorType,
    Declaration,
    Email,
    EmailConnector,
    GetSession,
    Guard,
    SendMessageData,
    SetSession,
    Sms,
    SmsConnector,
    SocialConnector,
    SocialUserInfo,
    Template,
    TokenResponse,
    TokenResponseAndUserInfo,
    to_json,
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


ID_TOKEN = "acme-id-token-9c1e"
ACCESS_TOKEN = "acme-access-token-4b7d"
REFRESHED = TokenResponse(
    access_token="acme-refreshed-token-e2a8", refresh_token="acme-next-refresh-1f6c", expires_in=3600
)
VERIFIER = "acme-verifier-70d3"
NONCE = "acme-nonce-5b9a"
USER = SocialUserInfo(
    "acme-user-1", email="ana.canary@example.com", name="Ana Canary", raw_data={"sub": ["acme-user-1"]}
)


class AcmeSocial(SocialConnector[Mapping[str, Any]]):
    """A social connector. The redirect URI, the callback or the refresh token chooses the outcome."""

    metadata: ClassVar = _metadata("acme-social", ConnectorPlatform.WEB)
    config_guard: ClassVar = Guard(
        {
            "type": "object",
            "properties": {"clientSecret": {"type": "string"}},
            "required": ["clientSecret"],
            "examples": [{"clientSecret": "secret"}],
        },
        dict,
    )

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Return an address with the request's values, and store a session twice, as Logto's connectors may."""
        config = self.read_config()
        set_session(ConnectorSession(nonce=NONCE, extra={"verifier": VERIFIER, "list": [1, None]}))
        set_session(ConnectorSession(redirect_uri=request.redirect_uri, state=request.state))
        everything = f"{config['clientSecret']} {request.state} {VERIFIER} {NONCE}"
        outcome = request.scope or "sent"
        if outcome == "not-json":
            set_session(ConnectorSession(extra={"set": {1}}))
        found: Any = _act_social(outcome, everything, f"https://acme.example/authorize?state={request.state}")
        SENT.append((dict(config), request))
        return found

    def get_user_info(self, data: object, get_session: GetSession) -> SocialUserInfo:
        """Return the user."""
        return self.get_token_response_and_user_info(data, get_session).user_info

    def get_token_response_and_user_info(self, data: object, get_session: GetSession) -> TokenResponseAndUserInfo:
        """Return the user and the tokens."""
        config: Mapping[str, Any] = self.read_config()
        callback: Mapping[str, Any] = data if isinstance(data, dict) else {}
        session = ConnectorSession() if callback.get("sessionless") else get_session()
        SENT.append((dict(config), data, session))
        user = f"{USER.name} {USER.email} {USER.id}"
        everything = f"{config['clientSecret']} {data} {to_json(session)} {ACCESS_TOKEN} {ID_TOKEN} {user}"
        result = TokenResponseAndUserInfo(USER, TokenResponse(access_token=ACCESS_TOKEN, id_token=ID_TOKEN))
        results: dict[str, Any] = {
            "no-tokens": TokenResponseAndUserInfo(USER),
            "not-a-user": TokenResponseAndUserInfo("acme-user-1"),  # type: ignore[arg-type]  # what the test is about
            "not-tokens": TokenResponseAndUserInfo(USER, {"access_token": "a"}),  # type: ignore[arg-type]  # likewise
            "not-json": TokenResponseAndUserInfo(SocialUserInfo("acme-user-1", raw_data={1})),
            "invalid-user": TokenResponseAndUserInfo(SocialUserInfo(7)),  # type: ignore[arg-type]  # likewise
        }
        outcome = str(callback.get("outcome", "sent"))
        found: Any = results[outcome] if outcome in results else _act_social(outcome, everything, result)
        return found

    def get_access_token_by_refresh_token(self, refresh_token: str) -> TokenResponse:
        """Return new tokens."""
        config: Mapping[str, Any] = self.read_config()
        SENT.append((dict(config), refresh_token))
        everything = f"{config['clientSecret']} {refresh_token} {REFRESHED.access_token}"
        found: Any = _act_social(refresh_token.partition(":")[0], everything, REFRESHED)
        return found

    def validate_saml_assertion(
        self, assertion: Mapping[str, object], get_session: GetSession, set_session: SetSession
    ) -> str:
        """Store the assertion, and return the redirect URI of the session, with what the session has then."""
        set_session(ConnectorSession(extra={"profile": assertion.get("body")}))
        session = get_session()
        SENT.append((dict(self.read_config()), assertion, session))
        return f"{session.redirect_uri}?keys={'-'.join(to_json(session))}"


def _act_social(outcome: str, everything: str, result: object) -> object:
    match outcome:
        case "crash":
            raise RuntimeError(everything)
        case "bare":
            raise ConnectorError(ConnectorErrorCodes.GENERAL)
        case "listed":
            raise ConnectorError(ConnectorErrorCodes.GENERAL, ["a list", everything])
        case "hang":
            STARTED.set()
            RELEASE.wait(LONGEST_HANG)
        case "text":
            return everything
        case _ if outcome in set(ConnectorErrorCodes):
            issues = [{"path": "$", "keyword": "acme", "message": everything}]
            data = {"message": f"Acme: invalid_grant, HTTP 401, {everything}", "issues": issues, "none": None}
            raise ConnectorError(ConnectorErrorCodes(outcome), data) from OSError(everything)
    return result


class AcmePlainSocial(SocialConnector[Mapping[str, Any]]):
    """A social connector with the required methods only."""

    metadata: ClassVar = _metadata("acme-plain", ConnectorPlatform.UNIVERSAL)
    config_guard: ClassVar = Guard({}, dict)

    def get_authorization_uri(self, *_: object) -> str:
        """Return the address."""
        return "https://acme.example/authorize"

    def get_user_info(self, *_: object) -> SocialUserInfo:
        """Return the user."""
        return USER


class AcmeOther(Connector[Mapping[str, Any]]):
    """A connector that cannot be hosted: its base class is that of no kind."""

    type: ClassVar = ConnectorType.EMAIL
    metadata: ClassVar = _metadata("acme-other")
    config_guard: ClassVar = Guard({}, dict)
