"""Social connectors: the stub of an OAuth 2 provider, the steps of a sign-in, and Specs that cannot work."""

import base64
import hmac
import json
import socket
import time
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
import urllib3
from attrs import evolve

from conformance import PROFILES, CheckFailure, Consent, Outcome, Spec, State, check_connector
from conformance.harness.attempt import Attempt
from conformance.harness.harness import Harness
from conformance.harness.search import SearchOptions
from conformance.harness.sign_in import SignIn, expect_user, user_of
from conformance.providers.http_messages import HttpRequest
from conformance.providers.oauth2 import OAuth2Provider
from conformance.run.smoke_test import spec_errors
from connector_kit import AuthorizationRequest, ConnectorErrorCodes, ConnectorSession, Guard, SetSession
from tests.conformance.right_connectors.social import BEACON, HUB, BeaconProvider, Hub, HubProvider, LoginConfig

DEV = PROFILES["dev"]
URI = "http://provider.example/authorize?client_id=c&redirect_uri=https%3A%2F%2Flogto.example&state=s"


class Mute(HubProvider):
    """Has no way to sign in."""

    def authorize(self, uri: str) -> Consent:
        """Do what `Provider` does."""
        return super(OAuth2Provider, self).authorize(uri)

    def deny(self, uri: str) -> Any:
        """Do what `Provider` does."""
        return super(OAuth2Provider, self).deny(uri)


class Elsewhere(Hub):
    """Sends to an address that is not its provider's."""

    def fetch(self, endpoint: str, method: str, url: str, **request: Any) -> bytes:
        """Open a socket."""
        del endpoint, method, url, request
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(b"x", ("192.0.2.1", 9))
        raise NotImplementedError


class Nowhere(Hub):
    """Has no authorization URI."""

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Fail."""
        raise RuntimeError(request.jti, set_session)


class Broken(Hub):
    """Rejects every callback."""

    def read_code(self, data: object) -> str:
        """Fail."""
        raise RuntimeError(type(data).__name__)


class Picky(HubProvider):
    """Rejects every authorization URI."""

    def authorize(self, uri: str) -> Consent:
        """Fail."""
        raise ValueError(len(uri) > 0)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"provider": Mute}, "give it a method authorize(uri)"),
        ({"provider": Picky}, "an authorization URI that the provider accepts; it raised ValueError"),
        ({"connector": Elsewhere}, "went to 192.0.2.1 port 9 instead of the stub."),
        ({"connector": Nowhere}, "a first sign-in failed: it raised RuntimeError"),
        ({"connector": Broken}, "a first sign-in failed: it raised RuntimeError, which is not a ConnectorError: dict"),
        ({"capabilities": frozenset()}, "the type of the connector is Social: declare 'social'."),
    ],
)
def test_spec_whose_users_cannot_sign_in_has_one_error(changes: dict[str, Any], message: str) -> None:
    """The smoke test reports it before any check runs."""
    assert message in " ".join(spec_errors(evolve(HUB, **changes)))


def test_correct_social_spec_has_no_errors() -> None:
    """The smoke test accepts it."""
    assert spec_errors(HUB) == ()


class Quiet(HubProvider):
    """Sends no callback when a user declines."""

    def deny(self, uri: str) -> Any:
        """Do what `Provider` does."""
        return super(OAuth2Provider, self).deny(uri)


class BeaconWithoutRefresh(BeaconProvider):
    """Issues no refresh tokens."""

    def _new_tokens(self, user_id: str) -> dict[str, Any]:
        return {key: value for key, value in super()._new_tokens(user_id).items() if key != "refresh_token"}


@pytest.mark.parametrize(
    ("spec", "check", "message"),
    [
        (evolve(HUB, provider=Quiet), "social.denied", "Quiet does not declare"),
        (evolve(BEACON, provider=BeaconWithoutRefresh), "social.refresh", "does not declare refresh tokens"),
    ],
)
def test_check_does_not_apply_without_the_feature_of_the_provider(spec: Spec, check: str, message: str) -> None:
    """A callback after a refusal and refresh tokens are optional."""
    (result,) = check_connector(spec, checks=[check], profile=DEV).results
    assert result.state is State.NOT_APPLICABLE
    assert message in result.message


class Fussy(Hub):
    """Accepts client ids that match a pattern."""

    config_guard: ClassVar[Guard[Any]] = Guard(
        {
            **Hub.config_guard.schema,
            "properties": {
                **Hub.config_guard.schema["properties"],
                "clientId": {"type": "string", "pattern": "^hub-[a-z]+$"},
            },
        },
        LoginConfig,
    )


def test_client_id_check_uses_ids_that_match_the_schema() -> None:
    """Other ids are not valid configs."""
    (result,) = check_connector(evolve(HUB, connector=Fussy), checks=["social.client-id"], profile=DEV).results
    assert result.state is State.PASSED
    assert result.examples["client id"] >= 1


def test_time_limit_check_is_not_exercised_without_time() -> None:
    """No hanging outcome starts after the time limit of the run."""
    (result,) = check_connector(HUB, checks=["social.time-limit"], profile=DEV, max_time=0).results
    assert result.state is State.NOT_EXERCISED


def _harness(spec: Spec = HUB) -> Harness:
    return Harness(spec, SearchOptions(DEV))


def test_missing_authorization_uri_is_a_check_failure() -> None:
    """The message shows the exception of ``get_authorization_uri``."""
    harness = _harness(evolve(HUB, connector=Nowhere))
    with harness.provider.running(), pytest.raises(CheckFailure, match="expected an authorization URI; it raised Run"):
        SignIn(harness).authorization_uri()


def test_sign_in_without_saved_session_has_an_empty_one() -> None:
    """Logto also passes an empty session then."""
    harness = _harness()
    with harness.provider.running():
        assert SignIn(harness).session == ConnectorSession()


def test_result_that_is_not_a_user_is_a_check_failure() -> None:
    """Only a SocialUserInfo is a user."""
    harness = _harness()
    attempt = Attempt({"id": "x"}, None, (), 0, "")
    assert user_of(attempt) is None
    with pytest.raises(CheckFailure, match="expected a SocialUserInfo, found dict"):
        expect_user(harness, attempt, Consent({}, "x"))


# --- the stub -------------------------------------------------------------------------------------------------------

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _post(provider: OAuth2Provider, body: str, headers: Mapping[str, str] = FORM, method: str = "POST") -> Any:
    request = HttpRequest(method, "http://127.0.0.1/token", headers, body.encode())
    response = provider.handle(request)
    assert response is not None
    return response


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("grant_type=password", "expected the grant type authorization_code or refresh_token, found 'password'"),
        (
            "grant_type=refresh_token&refresh_token=x",
            "expected a refresh token of this provider, found a value of 1 characters",
        ),
        ("grant_type=refresh_token", "expected a refresh token of this provider, found none"),
        ("code=x", "expected an unused code of this provider, found a value of 1 characters"),
        ("code={code}&client_id=d", "expected the client id of the authorization URI, 'c'; found 'd'"),
        ("code={code}&client_id=c&redirect_uri=elsewhere", "'https://logto.example'; found 'elsewhere'"),
        (
            "code={code}&client_id=c&redirect_uri=https%3A%2F%2Flogto.example",
            "expected the code_verifier of the authorization URI's code_challenge; found none",
        ),
    ],
)
def test_wrong_token_request_is_rejected_with_the_reason(body: str, message: str) -> None:
    """The error shows the value that was expected and the one found, or its length where it is secret."""
    provider = HubProvider()
    code = provider.authorize(f"{URI}&code_challenge=abc").callback["code"]
    assert _post(provider, body.format(code=code)).status == 400
    (call,) = provider.calls
    error = provider.request_error(call, {}, "format")
    assert error is not None
    assert message in error


def test_code_is_accepted_once() -> None:
    """The stub rejects the second token request."""
    provider = HubProvider()
    code = provider.authorize(URI).callback["code"]
    body = f"code={code}&client_id=c&redirect_uri=https%3A%2F%2Flogto.example"
    assert [_post(provider, body).status for _ in range(2)] == [200, 400]


@pytest.mark.parametrize(
    ("client", "message"),
    [
        ("client_id=c&client_secret=s", None),
        ("client_id=d&client_secret=s", "expected the config's clientId 'c' at the token endpoint, found 'd'"),
        (
            "client_id=c&client_secret=no",
            "the config's clientSecret at the token endpoint, found a value of 2 characters",
        ),
    ],
)
def test_client_of_a_token_request_is_compared_with_the_config(client: str, message: str | None) -> None:
    """The message shows the client id, and no secret."""
    provider = HubProvider()
    _post(provider, client)
    error = provider.request_error(provider.calls[0], {"clientId": "c", "clientSecret": "s"}, "credentials")
    assert (error is None) if message is None else (message in str(error))


@pytest.mark.parametrize(("headers", "method"), [({}, "POST"), (FORM, "GET")])
def test_token_endpoint_requires_a_posted_form(headers: dict[str, str], method: str) -> None:
    """The stub rejects a body without a form, and a GET."""
    assert _post(HubProvider(), "{}", headers, method).status == 400


@pytest.mark.parametrize(
    ("outcome", "status", "body"),
    [
        ("token-rejected", 400, {"error": "invalid_grant", "error_description": "The code has expired."}),
        ("token-unauthorized", 401, {"error": "invalid_client", "error_description": "Client authentication failed."}),
        ("token-throttled", 429, {"error": "slow_down", "error_description": "Slow down."}),
        ("token-server-error", 503, {"error": "temporarily_unavailable", "error_description": "Try again later."}),
        ("token-echo", 400, {"error": "invalid_request", "error_description": "Rejected: None code=x"}),
        ("token-missing", 200, {}),
        ("token-wrong-type", 200, {"access_token": 1, "id_token": [], "token_type": "Bearer"}),
        ("user-json-array", 400, None),
    ],
)
def test_outcome_of_the_token_endpoint_has_a_response(outcome: str, status: int, body: object) -> None:
    """An outcome of the user info endpoint does not apply to the token endpoint."""
    provider = HubProvider()
    provider.respond_with(outcome)
    response = _post(provider, "code=x")
    assert response.status == status
    if body is not None:
        assert json.loads(response.body) == body


@pytest.mark.parametrize(("outcome", "body"), [("token-html", b"<html>"), ("token-empty-body", b"")])
def test_outcome_of_the_token_endpoint_may_not_be_json(outcome: str, body: bytes) -> None:
    """The status is 200."""
    provider = HubProvider()
    provider.respond_with(outcome)
    response = _post(provider, "code=x")
    assert (response.status, response.body[:6]) == (200, body)


def test_outcome_of_the_user_info_endpoint_has_a_response() -> None:
    """An access token is not required for it."""
    provider = HubProvider()
    provider.respond_with("user-json-array")
    response = provider.handle(HttpRequest("GET", "http://127.0.0.1/userinfo", {}))
    assert response is not None
    assert response.body == b"[]"


@pytest.mark.parametrize(
    ("outcome", "shown"), [("token-connection-lost", "the connection was closed"), ("token-hangs", "no response")]
)
def test_network_outcome_of_the_token_endpoint_has_no_response(outcome: str, shown: str) -> None:
    """The call shows what happened instead."""
    provider = HubProvider()
    with provider.running(), urllib3.PoolManager(retries=False, timeout=0.5) as pool:
        provider.respond_with(outcome)
        with pytest.raises(urllib3.exceptions.HTTPError):
            pool.request("POST", f"{provider.url}/token", body=b"code=x", headers=FORM)
        (call,) = provider.calls
    assert call.exchange is not None
    assert call.exchange.response == f"[{shown}]"


def test_tokens_belong_to_the_user_of_the_code() -> None:
    """The access token returns the user's details, and the refresh token returns new tokens."""
    provider = HubProvider()
    consent = provider.authorize(URI)
    body = f"code={consent.callback['code']}&client_id=c&redirect_uri=https%3A%2F%2Flogto.example"
    tokens = json.loads(_post(provider, body).body)
    tokens = json.loads(_post(provider, f"grant_type=refresh_token&refresh_token={tokens['refresh_token']}").body)
    headers = {"Authorization": f"Bearer {tokens['access_token']}"}
    response = provider.handle(HttpRequest("GET", "http://127.0.0.1/userinfo", headers))
    assert response is not None
    assert json.loads(response.body)["sub"] == consent.user_id


@pytest.mark.parametrize(
    ("outcome", "is_signed", "is_current", "is_for_client"),
    [
        ("accepted", True, True, True),
        ("id-token-forged", False, True, True),
        ("id-token-expired", True, False, True),
        ("id-token-wrong-audience", True, True, False),
    ],
)
def test_id_token_has_the_defect_of_the_outcome(
    outcome: str, *, is_signed: bool, is_current: bool, is_for_client: bool
) -> None:
    """It is signed with the client secret, and has the nonce of the authorization URI."""
    provider = BeaconProvider()
    with provider.running():
        provider.respond_with(outcome)
        consent = provider.authorize(f"{URI}&nonce=n-1")
        body = f"code={consent.callback['code']}&client_id=c&client_secret=s&redirect_uri=https%3A%2F%2Flogto.example"
        id_token = json.loads(_post(provider, body).body)["id_token"]
    signed, _, signature = id_token.rpartition(".")
    digest = hmac.digest(b"s", signed.encode(), "sha256")
    claims = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
    assert (base64.urlsafe_b64decode(signature + "==") == digest) == is_signed
    assert (claims["exp"] > time.time()) == is_current
    assert (claims["aud"] == "c") == is_for_client
    assert (claims["sub"], claims["nonce"]) == (consent.user_id, "n-1")


def test_unreadable_id_token_and_unreadable_request() -> None:
    """The outcome replaces the ID token; a body that is not a form is rejected as without the outcome."""
    provider = BeaconProvider()
    provider.respond_with("id-token-unreadable")
    code = provider.authorize(URI).callback["code"]
    body = f"code={code}&client_id=c&redirect_uri=https%3A%2F%2Flogto.example"
    assert json.loads(_post(provider, body).body)["id_token"] == "unreadable"
    assert _post(provider, "{}", {}).status == 400


def test_callback_of_a_denial_has_error_and_state() -> None:
    """The names are those of RFC 6749."""
    provider = HubProvider()
    with provider.running():
        callback = provider.deny(URI)
    assert (callback["error"], callback["state"]) == ("access_denied", "s")


def test_user_details_require_an_access_token() -> None:
    """The stub also rejects a path that is not an endpoint."""
    provider = HubProvider()
    with provider.running():
        statuses = [
            urllib3.request("GET", f"{provider.url}{path}", headers=headers, retries=False).status
            for path, headers in (("/userinfo", {}), ("/userinfo", {"Authorization": "Bearer x"}), ("/other", {}))
        ]
    assert statuses == [400, 400, 400]


def test_expected_code_of_unknown_outcome_raises_type_error() -> None:
    """The message lists the outcomes of the stub."""
    with pytest.raises(TypeError, match=r"found 'token-rejectd' \(did you mean 'token-rejected'\?\)"):

        class Mistaken(OAuth2Provider):
            expected_codes: ClassVar[Mapping[str, ConnectorErrorCodes]] = {"token-rejectd": ConnectorErrorCodes.GENERAL}


def test_each_sign_in_is_a_new_user() -> None:
    """Each authorization has another user id."""
    provider = HubProvider()
    assert len({provider.authorize(URI).user_id for _ in range(5)}) == 5
    assert provider.user("u")["sub"] == "u"
    assert all(isinstance(outcome, Outcome) for outcome in provider.outcomes)
