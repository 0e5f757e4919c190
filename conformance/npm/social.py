"""`NodeSocialConnector`: signs users in through an npm package in Node.js."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from conformance.npm.errors import NodeError
from conformance.npm.instance import NodeInstance
from connector_kit import (
    AuthorizationRequest,
    Guard,
    SocialConnector,
    SocialUserInfo,
    TokenResponse,
    TokenResponseAndUserInfo,
    connector_session_guard,
    social_user_info_guard,
    to_json,
    token_response_guard,
)
from connector_kit.social import GetSession, SetSession

T = TypeVar("T")
"""What a method of the package returns."""


class NodeSocialConnector(NodeInstance, SocialConnector[Any]):
    """Signs users in through an npm package in Node.js. `OPTIONAL_METHODS` are added where the package has them."""

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> Any:
        """Return the result of the package's ``getAuthorizationUri``.

        Raises:
            ConnectorError: the package threw one.
            NodeError: the package threw any other value, exceeded the time limit, or ended its process; or it passes a
                session to ``setSession`` that Logto cannot store.
        """
        own = to_json(request)
        user_agent = own.pop("userAgent", None)
        data = {**own, "headers": {} if user_agent is None else {"userAgent": user_agent}}
        return self.request("authorizationUri", arguments={"data": data}, callbacks=_setter(set_session))

    def get_user_info(self, data: object, get_session: GetSession) -> SocialUserInfo:
        """Return the result of the package's ``getUserInfo``.

        Raises:
            ConnectorError: the package threw one.
            NodeError: as above, or the result is not a user that Logto can store.
        """
        result = self.request("userInfo", arguments={"data": data}, callbacks=_getter(get_session))
        return _read("getUserInfo", social_user_info_guard, result)


def _get_token_response_and_user_info(
    self: NodeSocialConnector, data: object, get_session: GetSession
) -> TokenResponseAndUserInfo:
    """Return the result of the package's ``getTokenResponseAndUserInfo``."""
    result = self.request("tokensAndUserInfo", arguments={"data": data}, callbacks=_getter(get_session))
    method, members = "getTokenResponseAndUserInfo", result if isinstance(result, dict) else {}
    info, tokens = members.get("userInfo"), members.get("tokenResponse")
    return TokenResponseAndUserInfo(
        _read(method, social_user_info_guard, info),
        None if tokens is None else _read(method, token_response_guard, tokens),
    )


def _get_access_token_by_refresh_token(self: NodeSocialConnector, refresh_token: str) -> TokenResponse:
    """Return the result of the package's ``getAccessTokenByRefreshToken``."""
    result = self.request("refresh", arguments={"data": refresh_token})
    return _read("getAccessTokenByRefreshToken", token_response_guard, result)


def _validate_saml_assertion(
    self: NodeSocialConnector, assertion: Mapping[str, object], get_session: GetSession, set_session: SetSession
) -> Any:
    """Return the result of the package's ``validateSamlAssertion``."""
    callbacks = {**_getter(get_session), **_setter(set_session)}
    return self.request("samlAssertion", arguments={"data": assertion}, callbacks=callbacks)


OPTIONAL_METHODS: Final[Mapping[str, tuple[str, Callable[..., Any]]]] = {
    "getTokenResponseAndUserInfo": ("get_token_response_and_user_info", _get_token_response_and_user_info),
    "getAccessTokenByRefreshToken": ("get_access_token_by_refresh_token", _get_access_token_by_refresh_token),
    "validateSamlAssertion": ("validate_saml_assertion", _validate_saml_assertion),
}
"""By name of a package's method: the method in Python, and its name."""


def _getter(get_session: GetSession) -> dict[str, Callable[..., object]]:
    return {"getSession": lambda: to_json(get_session())}


def _setter(set_session: SetSession) -> dict[str, Callable[..., object]]:
    return {"setSession": lambda session: set_session(_read("setSession", connector_session_guard, session))}


def _read(method: str, guard: Guard[T], result: object) -> T:
    issues = guard.issues(result)
    if issues:
        found = "; ".join(f"{issue.path}: {issue.message}" for issue in issues)
        raise NodeError("InvalidValue", f"Logto cannot store the value of {method}: {found}")
    return guard.validate(result)
