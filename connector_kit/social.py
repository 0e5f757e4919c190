"""Data of social connectors: sessions, tokens, user info, and constants of Google One Tap."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final

from attrs import field, frozen

from connector_kit._javascript import is_truthy
from connector_kit.wire import always, frozen_mapping, register_json_form, wire_name


class OidcPrompt(StrEnum):
    """The ``prompt`` values of an OpenID Connect authentication request.

    Source: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
    """

    NONE = "none"
    LOGIN = "login"
    CONSENT = "consent"
    SELECT_ACCOUNT = "select_account"


@frozen
class SocialUserInfo:
    """A user at the social provider. ``raw_data`` is the provider's response, any JSON value."""

    id: str
    email: str | None = None
    phone: str | None = None
    name: str | None = None
    avatar: str | None = None
    raw_data: object = field(default=None, repr=False)


_SESSION_KEYS: Final = {
    "nonce": "nonce",
    "redirect_uri": "redirectUri",
    "connector_id": "connectorId",
    "connector_factory_id": "connectorFactoryId",
    "jti": "jti",
    "state": "state",
}


def _frozen(extra: Mapping[str, object]) -> Mapping[str, object]:
    return frozen_mapping(extra)


@frozen
class ConnectorSession:
    """What a social connector stores between the authorization request and the callback. Its repr shows no value.

    Args:
        nonce: the nonce of OpenID Connect.
        redirect_uri: the URL to which the provider redirects the user.
        connector_id: the id of the configured connector in Logto.
        connector_factory_id: the id in the connector's metadata.
        jti: the id of the interaction.
        state: the state of OAuth 2.
        extra: other values that a connector stores, by JSON key.
    """

    nonce: str | None = field(default=None, repr=False)
    redirect_uri: str | None = field(default=None, repr=False)
    connector_id: str | None = field(default=None, repr=False)
    connector_factory_id: str | None = field(default=None, repr=False)
    jti: str | None = field(default=None, repr=False)
    state: str | None = field(default=None, repr=False)
    extra: Mapping[str, object] = field(factory=dict, repr=False, converter=_frozen)


def _load_session(value: Mapping[str, str]) -> ConnectorSession:
    known = set(_SESSION_KEYS.values())
    return ConnectorSession(
        **{name: value[key] for name, key in _SESSION_KEYS.items() if key in value},
        extra={key: member for key, member in value.items() if key not in known},
    )


def _dump_session(session: ConnectorSession) -> dict[str, object]:
    own = {key: getattr(session, name) for name, key in _SESSION_KEYS.items()}
    return {key: member for key, member in own.items() if member is not None} | dict(session.extra)


register_json_form(ConnectorSession, load=_load_session, dump=_dump_session)


@frozen
class TokenResponse:
    """The response of an OAuth 2 token endpoint (RFC 6749 §5.1). Its repr shows no token."""

    id_token: str | None = field(default=None, repr=False, metadata=wire_name("id_token"))
    access_token: str | None = field(default=None, repr=False, metadata=wire_name("access_token"))
    refresh_token: str | None = field(default=None, repr=False, metadata=wire_name("refresh_token"))
    expires_in: float | int | str | None = field(default=None, metadata=wire_name("expires_in"))
    scope: str | None = None
    token_type: str | None = field(default=None, metadata=wire_name("token_type"))


@frozen
class TokenResponseAndUserInfo:
    """The result of the callback, for connectors with token storage."""

    user_info: SocialUserInfo
    token_response: TokenResponse | None = None


@frozen
class AuthorizationRequest:
    """The input of `SocialConnector.get_authorization_uri`.

    Args:
        state: the state of OAuth 2; not in the repr.
        redirect_uri: the URL to which the provider redirects the user.
        connector_id: the id of the configured connector in Logto.
        connector_factory_id: the id in the connector's metadata.
        jti: the id of the interaction.
        user_agent: of the user's browser, if known.
        scope: additional scopes, separated by spaces.
    """

    state: str = field(repr=False)
    redirect_uri: str
    connector_id: str
    connector_factory_id: str
    jti: str
    user_agent: str | None = None
    scope: str | None = None


GetSession = Callable[[], ConnectorSession]
SetSession = Callable[[ConnectorSession], None]


@frozen
class GoogleOneTapConfig:
    """The settings of Google One Tap.

    Source: https://developers.google.com/identity/gsi/web/reference/html-reference
    """

    is_enabled: bool | None = None
    auto_select: bool | None = None
    close_on_tap_outside: bool | None = None
    itp_support: bool | None = None


@frozen
class GoogleConnectorConfig:
    """The config of the official Google connector."""

    client_id: str
    client_secret: str = field(repr=False)
    scope: str | None = None
    prompts: tuple[OidcPrompt, ...] | None = None
    one_tap: GoogleOneTapConfig | None = None
    offline_access: bool | None = None


@frozen
class GoogleOneTapParams:
    """The names of the form fields that Google One Tap posts."""

    csrf_token: str = field(default="g_csrf_token", metadata=always())
    credential: str = field(default="credential", metadata=always())


logto_google_one_tap_cookie_key: Final = "_logto_google_one_tap_credential"


def is_google_one_tap(data: Mapping[str, object]) -> bool:
    """Return whether the data of a callback comes from Google One Tap, on any page."""
    return is_truthy(data.get(GoogleOneTapParams().credential))


def is_external_google_one_tap(data: Mapping[str, object]) -> bool:
    """Return whether it comes from Google One Tap outside Logto's pages, where it posts no CSRF token."""
    return is_google_one_tap(data) and not is_truthy(data.get(GoogleOneTapParams().csrf_token))
