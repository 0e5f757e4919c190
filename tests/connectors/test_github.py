"""The GitHub connector conforms, and reads the e-mail addresses of users as its README describes."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from attrs import evolve

from conformance import PROFILES, HttpRequest, HttpResponse, State, check_connector, spec_of
from connector_kit import (
    AuthorizationRequest,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorSession,
    SocialUserInfo,
    TokenResponseAndUserInfo,
)
from connector_kit.connectors import github
from connector_kit.connectors.github import GitHubConfig, GitHubConnector
from connector_kit.connectors.github.stub import GitHubProvider
from connector_kit.settings import example_config

PUBLIC, PRIMARY = "public@user.example", "primary@user.example"


def test_connector_conforms() -> None:
    """Every check passes; those that do not apply are for other connectors."""
    report = check_connector(spec_of(GitHubConnector), profile=evolve(PROFILES["ci"], examples=5, failure_examples=1))
    assert [(it.id, it.message) for it in report.results if it.is_error or it.state is State.FAILED] == []
    assert report.conforms


class _GitHub(GitHubProvider):
    """Returns this user and these addresses, or this response instead of them."""

    public: ClassVar[str | None] = None
    emails: ClassVar[Any] = None
    failure: ClassVar[HttpResponse | None] = None
    failing_path: ClassVar[str] = "/user/emails"

    def user(self, user_id: str) -> Mapping[str, Any]:
        return {**super().user(user_id), "email": self.public, "name": "Octocat"}

    def resource(self, request: HttpRequest, user_id: str) -> Any:
        del request, user_id
        return self.emails

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        response = super().handle(request)
        return self.failure if self.failure and request.path == self.failing_path else response


def _sign_in(stub: GitHubProvider, outcome: str = "accepted") -> tuple[GitHubConnector, TokenResponseAndUserInfo]:
    """Sign a user in at a running stub."""
    stub.respond_with(outcome)
    config = stub.prepare_config(example_config(GitHubConfig))
    connector = GitHubConnector(get_config=lambda _: config)
    sessions: list[ConnectorSession] = []
    request = AuthorizationRequest("state", "https://logto.example/callback", "id", "github", "jti")
    consent = stub.authorize(connector.get_authorization_uri(request, sessions.append))
    return connector, connector.get_token_response_and_user_info(consent.callback, lambda: sessions[-1])


def _user_of(stub: GitHubProvider) -> SocialUserInfo:
    with stub.running():
        return _sign_in(stub)[1].user_info


def _address(email: str, **more: bool) -> dict[str, Any]:
    return {"email": email, "primary": email == PRIMARY, "verified": True, "visibility": None, **more}


@pytest.mark.parametrize(
    ("public", "emails", "expected"),
    [
        (None, [_address(PUBLIC), _address(PRIMARY)], PRIMARY),
        (PUBLIC, [_address(PUBLIC), _address(PRIMARY)], PUBLIC),
        (PUBLIC, [_address(PUBLIC, verified=False), _address(PRIMARY)], PRIMARY),
        (None, [_address(PRIMARY, verified=False)], None),
        (PUBLIC, [], None),
        (PUBLIC, {"unexpected": "object"}, None),
        (None, ["unexpected"], None),
    ],
)
def test_address_is_verified(public: str | None, emails: Any, expected: str | None) -> None:
    """The public one counts more than the primary one."""
    stub = _GitHub()
    stub.public, stub.emails = public, emails  # type: ignore[misc] # of this instance
    user = _user_of(stub)
    assert (user.email, user.name) == (expected, "Octocat")
    assert isinstance(user.raw_data, dict)
    assert user.raw_data["userEmails"] == emails


@pytest.mark.parametrize("status", [403, 404])
def test_public_address_is_used_without_the_scope_for_addresses(status: int) -> None:
    """The raw data then has an empty list, as that of Logto's own connector."""
    stub = _GitHub()
    stub.public, stub.failure = PUBLIC, HttpResponse.json({"message": "Not Found"}, status)  # type: ignore[misc] # see above
    user = _user_of(stub)
    assert user.email == PUBLIC
    assert isinstance(user.raw_data, dict)
    assert user.raw_data["userEmails"] == []


def test_other_failure_to_read_the_addresses_fails_the_sign_in() -> None:
    """Logto would store the user without an address."""
    stub = _GitHub()
    stub.failure = HttpResponse.json({"message": "Server Error"}, 502)  # type: ignore[misc] # see above
    with pytest.raises(ConnectorError) as caught:
        _user_of(stub)
    assert caught.value.data == {"message": "Server Error", "status": 502}


@pytest.mark.parametrize(
    ("outcome", "code", "message"),
    [
        ("token-rejected", ConnectorErrorCodes.SOCIAL_AUTH_CODE_INVALID, "The code has expired."),
        ("token-unauthorized", ConnectorErrorCodes.GENERAL, "Client authentication failed."),
        ("user-server-error", ConnectorErrorCodes.GENERAL, "Try again later."),
        ("token-throttled", ConnectorErrorCodes.RATE_LIMIT_EXCEEDED, "GitHub responded with HTTP 429 and no message."),
    ],
)
def test_errors_have_the_codes_of_the_readme(outcome: str, code: ConnectorErrorCodes, message: str) -> None:
    """And GitHub's message, also where the status is 200."""
    stub = GitHubProvider()
    with stub.running(), pytest.raises(ConnectorError) as caught:
        _sign_in(stub, outcome)
    assert caught.value.code is code
    assert isinstance(caught.value.data, dict)
    assert caught.value.data["message"] == message


def test_invalid_access_token_has_a_code_of_its_own() -> None:
    """GitHub responds with 401."""
    stub = _GitHub()
    stub.failure, stub.failing_path = HttpResponse.json({"message": "Bad credentials"}, 401), "/user"  # type: ignore[misc] # see above
    with pytest.raises(ConnectorError) as caught:
        _user_of(stub)
    assert caught.value.code is ConnectorErrorCodes.SOCIAL_ACCESS_TOKEN_INVALID
    assert caught.value.data == {"message": "Bad credentials", "status": 401}


def test_stub_knows_no_other_path() -> None:
    """A request to another path of the API is an error."""
    stub = GitHubProvider()
    with stub.running():
        connector, signed_in = _sign_in(stub)
        tokens = signed_in.token_response
        assert tokens is not None
        assert tokens.access_token is not None
        with pytest.raises(ConnectorError, match="expected the path of an endpoint"):
            connector.get_json("https://api.github.com/user/repos", tokens.access_token)


def test_readme_lists_the_settings() -> None:
    """Each key of the config has a row."""
    readme = (Path(str(github.__file__)).parent / "README.md").read_text(encoding="utf-8")
    keys = [item.key for item in GitHubConnector.metadata.form_items or ()]
    assert re.findall(r"^\| `(\w+)` \|", readme, re.MULTILINE)[: len(keys)] == keys


def test_example_config_has_no_warnings() -> None:
    """Nothing in it is a placeholder."""
    assert GitHubConnector.config_guard.issues(example_config(GitHubConfig)) == []
