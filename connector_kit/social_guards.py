"""The guards of @logto/connector-kit for social connectors. Other connectors do not import their classes."""

from typing import ClassVar, Final

from connector_kit.errors import ConnectorErrorCodes
from connector_kit.guards import Guard
from connector_kit.social import (
    ConnectorSession,
    GoogleConnectorConfig,
    GoogleOneTapConfig,
    GoogleOneTapParams,
    OidcPrompt,
    SocialUserInfo,
    TokenResponse,
)

oidc_prompts_guard: Final[Guard[tuple[OidcPrompt, ...]]] = Guard("oidc-prompts", tuple[OidcPrompt, ...], warnings=())
google_one_tap_config_guard: Final[Guard[GoogleOneTapConfig]] = Guard(
    "google-one-tap-config", GoogleOneTapConfig, warnings=()
)
social_user_info_guard: Final[Guard[SocialUserInfo]] = Guard(
    "social-user-info", SocialUserInfo, error_code=ConnectorErrorCodes.INVALID_RESPONSE
)
connector_session_guard: Final[Guard[ConnectorSession]] = Guard(
    "connector-session", ConnectorSession, error_code=ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS
)
token_response_guard: Final[Guard[TokenResponse]] = Guard(
    "token-response", TokenResponse, error_code=ConnectorErrorCodes.INVALID_RESPONSE
)


class GoogleConnector:
    """Constants and the config guard of the official Google connector. A namespace: do not instantiate it."""

    target: ClassVar[str] = "google"
    factory_id: ClassVar[str] = "google-universal"
    jwks_uri: ClassVar[str] = "https://www.googleapis.com/oauth2/v3/certs"
    issuer: ClassVar[tuple[str, ...]] = ("https://accounts.google.com", "accounts.google.com")
    one_tap_params: ClassVar[GoogleOneTapParams] = GoogleOneTapParams()
    config_guard: ClassVar[Guard[GoogleConnectorConfig]] = Guard(
        "google-connector-config", GoogleConnectorConfig, warnings=()
    )
