"""What social connectors are judged by: the stub of an OAuth 2 provider, a user's way, and Specs that cannot work."""

import socket
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
import urllib3
from attrs import evolve

from conformance import PROFILES, CheckFailure, Consent, Outcome, Spec, State, check_connector
from conformance.http_exchange import HttpRequest
from conformance.providers.oauth2 import OAuth2Provider
from conformance.sign_in import Visitor, expect_user, user_of
from conformance.smoke import spec_faults
from conformance.subject import Attempt, Subject
from connector_kit import AuthorizationRequest, ConnectorErrorCodes, ConnectorSession, Guard, SetSession
from tests.conformance.right_connectors.social import BEACON, HUB, BeaconProvider, Hub, HubProvider, LoginConfig

DEV = PROFILES["dev"]
URI = "http://provider.example/authorize?client_id=c&redirect_uri=https%3A%2F%2Flogto.example&state=s"


class Mute(HubProvider):
    """Lets nobody sign in."""

    def authorize(self, uri: str) -> Consent:
        """Do what the base class does."""
        return super(OAuth2Provider, self).authorize(uri)

    def deny(self, uri: str) -> Any:  # noqa: ANN401 - see the base class
        """Do what the base class does."""
        return super(OAuth2Provider, self).deny(uri)


class Elsewhere(Hub):
    """Talks to something that is not its provider."""

    def fetch(self, place: str, method: str, url: str, **request: Any) -> bytes:  # noqa: ANN401 - see urllib3
        """Open a socket."""
        del place, method, url, request
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto(b"x", ("192.0.2.1", 9))
        raise NotImplementedError


class Nowhere(Hub):
    """Knows no way."""

    def get_authorization_uri(self, request: AuthorizationRequest, set_session: SetSession) -> str:
        """Send nobody anywhere."""
        raise RuntimeError(request.jti, set_session)


class Broken(Hub):
    """Knows nobody."""

    def code(self, data: object) -> str:
        """Fail."""
        raise RuntimeError(type(data).__name__)


class Picky(HubProvider):
    """Takes no URI."""

    def authorize(self, uri: str) -> Consent:
        """Refuse it."""
        raise ValueError(len(uri) > 0)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"provider": Mute}, "give it a method authorize(uri)"),
        ({"provider": Picky}, "an authorization URI that the provider takes; it raised ValueError"),
        ({"connector": Elsewhere}, "went to 192.0.2.1 port 9 and not to `provider`"),
        ({"connector": Nowhere}, "a first sign-in failed: it raised RuntimeError"),
        ({"connector": Broken}, "a first sign-in failed: it raised RuntimeError, which is no ConnectorError: dict"),
        ({"capabilities": frozenset()}, "declare the capability 'social'"),
    ],
)
def test_a_spec_whose_users_cannot_sign_in_says_so_itself(changes: dict[str, Any], words: str) -> None:
    """The gate names the one fault, before any check runs."""
    assert words in " ".join(spec_faults(evolve(HUB, **changes), DEV))


def test_a_right_social_spec_has_no_fault() -> None:
    """The gate lets a right Spec through."""
    assert spec_faults(HUB) == ()


class Quiet(HubProvider):
    """Does not tell that a user has refused."""

    def deny(self, uri: str) -> Any:  # noqa: ANN401 - see the base class
        """Do what the base class does."""
        return super(OAuth2Provider, self).deny(uri)


class BeaconWithoutRefresh(BeaconProvider):
    """Issues no refresh tokens."""

    def _issued(self, user_id: str) -> dict[str, Any]:
        return {key: value for key, value in super()._issued(user_id).items() if key != "refresh_token"}


@pytest.mark.parametrize(
    ("spec", "check", "words"),
    [
        (evolve(HUB, provider=Quiet), "social.denied", "Quiet does not declare"),
        (evolve(BEACON, provider=BeaconWithoutRefresh), "social.refresh", "does not declare refresh tokens"),
    ],
)
def test_a_provider_need_not_do_everything(spec: Spec, check: str, words: str) -> None:
    """What a provider does not do is not held against the connector."""
    (result,) = check_connector(spec, checks=[check], profile=DEV).results
    assert result.state is State.NOT_APPLICABLE
    assert words in result.message


class Fussy(Hub):
    """Has client ids of one form."""

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


def test_a_client_id_may_have_a_form_of_its_own() -> None:
    """Ids that the schema does not take are not tried."""
    (result,) = check_connector(evolve(HUB, connector=Fussy), checks=["social.client-id"], profile=DEV).results
    assert result.state is State.PASSED
    assert result.examples["client id"] >= 1


def test_a_connector_that_never_answers_is_told_so_only_while_there_is_time() -> None:
    """No hanging outcome is begun when the time is up."""
    (result,) = check_connector(HUB, checks=["social.time-limit"], profile=DEV, max_time=0).results
    assert result.state is State.NOT_EXERCISED


def _subject(spec: Spec = HUB) -> Subject:
    return Subject(spec, DEV)


def test_a_visitor_must_be_sent_somewhere() -> None:
    """A failing get_authorization_uri is a failure of the check."""
    subject = _subject(evolve(HUB, connector=Nowhere))
    with subject.provider.running(), pytest.raises(CheckFailure, match="expected an authorization URI; it raised Run"):
        Visitor(subject).uri()


def test_a_visitor_without_a_session_has_an_empty_one() -> None:
    """Logto gives an empty session where nothing was kept."""
    subject = _subject()
    with subject.provider.running():
        assert Visitor(subject).session == ConnectorSession()


def test_what_comes_back_must_be_a_user() -> None:
    """Anything but a SocialUserInfo is nobody."""
    subject = _subject()
    attempt = Attempt({"id": "x"}, None, (), 0, "")
    assert user_of(attempt) is None
    with pytest.raises(CheckFailure, match="expected a SocialUserInfo, found dict"):
        expect_user(subject, attempt, Consent({}, "x"))


# --- the stub -------------------------------------------------------------------------------------------------------

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _post(provider: OAuth2Provider, body: str, headers: Mapping[str, str] = FORM, method: str = "POST") -> Any:  # noqa: ANN401 - see the base class
    request = HttpRequest(method, "http://127.0.0.1/token", headers, body.encode())
    answer = provider.handle(request)
    assert answer is not None
    return answer


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("grant_type=password", "expected the grant type"),
        ("grant_type=refresh_token&refresh_token=x", "expected a refresh token of this provider"),
        ("grant_type=refresh_token", "expected a refresh token of this provider"),
        ("code=x", "expected a code that was not used before"),
        ("code={code}&client_id=d", "expected the client id"),
        ("code={code}&client_id=c&redirect_uri=elsewhere", "expected the redirect_uri"),
        ("code={code}&client_id=c&redirect_uri=https%3A%2F%2Flogto.example&code_verifier=x", "expected the verifier"),
    ],
)
def test_the_stub_refuses_what_a_provider_refuses(body: str, words: str) -> None:
    """A token request must be right in all its parts, and the refusal says which is not."""
    provider = HubProvider()
    code = provider.authorize(f"{URI}&code_challenge=abc").callback["code"]
    answer = _post(provider, body.format(code=code))
    assert answer.status == 400
    (call,) = provider.calls
    fault = provider.fault(call, {}, "form")
    assert fault is not None
    assert words in fault


def test_the_stub_takes_a_code_once() -> None:
    """The second time it is refused."""
    provider = HubProvider()
    code = provider.authorize(URI).callback["code"]
    body = f"code={code}&client_id=c&redirect_uri=https%3A%2F%2Flogto.example"
    assert [_post(provider, body).status for _ in range(2)] == [200, 400]


@pytest.mark.parametrize(("headers", "method"), [({}, "POST"), (FORM, "GET")])
def test_the_stub_takes_forms_by_post(headers: dict[str, str], method: str) -> None:
    """JSON, or a GET, is refused."""
    assert _post(HubProvider(), "{}", headers, method).status == 400


def test_the_stub_tells_details_to_the_holder_of_a_token_alone() -> None:
    """Without a token there are none, and elsewhere there is nothing."""
    provider = HubProvider()
    with provider.running():
        statuses = [
            urllib3.request("GET", f"{provider.url}{path}", headers=headers, retries=False).status
            for path, headers in (("/userinfo", {}), ("/userinfo", {"Authorization": "Bearer x"}), ("/other", {}))
        ]
    assert statuses == [400, 400, 400]


def test_a_stub_names_the_outcomes_that_it_has() -> None:
    """An expectation about an outcome that is none is an author's mistake."""
    with pytest.raises(TypeError, match="token-refussed, which is no outcome"):

        class Mistaken(OAuth2Provider):
            expects: ClassVar[Mapping[str, ConnectorErrorCodes]] = {"token-refussed": ConnectorErrorCodes.GENERAL}


def test_users_have_ids_of_their_own() -> None:
    """Each one who signs in is a new user."""
    provider = HubProvider()
    assert len({provider.authorize(URI).user_id for _ in range(5)}) == 5
    assert provider.user("u")["sub"] == "u"
    assert all(isinstance(outcome, Outcome) for outcome in provider.outcomes)
