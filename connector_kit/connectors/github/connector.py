"""The GitHub connector: the user, and the e-mail addresses of the user, which GitHub keeps apart."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from attrs import evolve, frozen

from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    ConnectorPlatform,
    Declaration,
    OAuth2Config,
    OAuth2Connector,
    OAuth2Endpoints,
    SocialUserInfo,
    UserFields,
)

_EMAILS: Final = "https://api.github.com/user/emails"
_NOT_PERMITTED: Final = frozenset({403, 404})
"""The status of GitHub's response about e-mail addresses if the token has no scope for them."""


@frozen
class GitHubConfig(OAuth2Config):
    """The config of the GitHub connector: the client id and the client secret of an OAuth app."""


class GitHubConnector(OAuth2Connector[GitHubConfig]):
    """Signs users in with GitHub (https://docs.github.com/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps)."""

    metadata: ClassVar[ConnectorMetadata] = ConnectorMetadata(
        id="github",
        target="github",
        platform=ConnectorPlatform.UNIVERSAL,
        name={"en": "GitHub"},
        description={"en": "Signs users in with their GitHub accounts."},
        is_token_storage_supported=True,
    )
    config_class = GitHubConfig
    declaration: ClassVar[Declaration | None] = Declaration(provider="github", capabilities={"social"})
    endpoints: ClassVar[OAuth2Endpoints] = OAuth2Endpoints(
        authorization_endpoint="https://github.com/login/oauth/authorize",
        token_endpoint="https://github.com/login/oauth/access_token",  # noqa: S106 - an address
        user_info_endpoint="https://api.github.com/user",
    )
    scope = "read:user user:email"
    # The raw data has the form of Logto's own connector.
    user_fields = UserFields(
        id="userInfo.id", name="userInfo.name", avatar="userInfo.avatar_url", email=None, phone=None
    )
    error_message = "message"
    errors: ClassVar[Mapping[int | str, ConnectorErrorCodes]] = {
        401: ConnectorErrorCodes.SOCIAL_ACCESS_TOKEN_INVALID,
        "bad_verification_code": ConnectorErrorCodes.SOCIAL_AUTH_CODE_INVALID,
        "bad_refresh_token": ConnectorErrorCodes.SOCIAL_ACCESS_TOKEN_INVALID,
        "incorrect_client_credentials": ConnectorErrorCodes.GENERAL,
    }

    def request_user(self, config: GitHubConfig, access_token: str) -> Any:
        """Request the user and the e-mail addresses; the addresses are optional, because they need a scope of their own."""
        user = super().request_user(config, access_token)
        try:
            emails = self.get_json(_EMAILS, access_token)
        except ConnectorError as error:
            if not isinstance(error.data, Mapping) or error.data.get("status") not in _NOT_PERMITTED:
                raise
            emails = None
        return {"userInfo": user, "userEmails": emails}

    def read_user(self, config: GitHubConfig, details: Any) -> SocialUserInfo:
        """Return the user with the public e-mail address if it is verified, or else with the primary one if that is.

        Without the scope for the addresses, the public one counts: GitHub only lets users publish a verified one.
        """
        user = super().read_user(config, details)
        public, emails = details["userInfo"].get("email"), details["userEmails"]
        if emails is None:
            return evolve(user, email=public or None, raw_data={**details, "userEmails": []})
        found = (
            [it for it in emails if isinstance(it, dict) and it.get("verified") is True]
            if isinstance(emails, list)
            else []
        )
        primary = next((it.get("email") for it in found if it.get("primary") is True), None)
        return evolve(user, email=public if public in [it.get("email") for it in found] else primary)
