"""A new access token for a refresh token: the request as RFC 6749 asks, every failure a connector error."""

import socket
import traceback
from base64 import b64encode

import pytest

from connector_kit import ConnectorError, ConnectorErrorCodes, TokenResponse, get_access_token_by_refresh_token, oauth
from tests.loopback import Answer, Loopback


def call(endpoint: str, *, secret: str = "s3:ü") -> TokenResponse:
    """Ask for a token."""
    return get_access_token_by_refresh_token("client", secret, endpoint, "re&fresh=tök en")


def refused(endpoint: str) -> ConnectorError:
    """Return the error that a call raises, after a look for secrets in all that could be printed of it."""
    with pytest.raises(ConnectorError) as caught:
        call(endpoint)
    printed = "".join(traceback.format_exception(caught.value))
    for secret in ("s3:ü", b64encode("client:s3:ü".encode()).decode(), "CANARY"):
        assert secret not in f"{printed}{caught.value!r}"
    return caught.value


def test_the_request_is_that_of_rfc_6749(loopback: Loopback) -> None:
    """A form with ``grant_type=refresh_token`` (§6) under HTTP Basic authentication (§2.3.1); one call."""
    loopback.answers = [Answer(200, b'{"access_token":"a","expires_in":"60","scope":"x","more":1}')]
    assert call(f"{loopback.url}/token?tenant=1") == TokenResponse(access_token="a", expires_in="60", scope="x")
    (request,) = loopback.requests
    assert (request.method, request.path) == ("POST", "/token?tenant=1")
    assert request.body == b"grant_type=refresh_token&refresh_token=re%26fresh%3Dt%C3%B6k+en"
    assert request.headers["authorization"] == f"Basic {b64encode('client:s3:ü'.encode()).decode()}"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept"] == "application/json"


@pytest.mark.parametrize("status", [200, 201, 299])
def test_any_2xx_is_a_success(loopback: Loopback, status: int) -> None:
    """Upstream's client takes the whole class."""
    loopback.answers = [Answer(status)]
    assert call(loopback.url) == TokenResponse()


@pytest.mark.parametrize("status", [300, 400, 401, 429, 500, 503])
def test_a_refusal_is_told_by_its_status_alone(loopback: Loopback, status: int) -> None:
    """The body may repeat a token, so it is not passed on; the call is not made again."""
    loopback.answers = [Answer(status, b'{"error":"invalid_grant","error_description":"CANARY"}')]
    error = refused(loopback.url)
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.data == {"message": f"The token endpoint answered with HTTP {status}.", "status": status}
    assert len(loopback.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(loopback: Loopback, status: int) -> None:
    """Following it would take client secret and token elsewhere."""
    loopback.answers = [Answer(status, headers={"Location": f"{loopback.url}/elsewhere"})]
    assert refused(f"{loopback.url}/token").data["status"] == status  # type: ignore[index]
    assert [request.path for request in loopback.requests] == ["/token"]


@pytest.mark.parametrize(
    "body", [b"", b"<html>CANARY</html>", b"access_token=CANARY", b'{"access_token":"CANARY', b"\xff"]
)
def test_an_answer_that_is_no_json_is_an_invalid_response(loopback: Loopback, body: bytes) -> None:
    """The data says so and shows nothing of it."""
    loopback.answers = [Answer(200, body)]
    error = refused(loopback.url)
    assert error.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert error.data == {"message": "The token endpoint's answer is not JSON."}


@pytest.mark.parametrize("body", [b"[]", b"null", b'{"access_token":null}', b'{"access_token":["CANARY"]}'])
def test_json_that_is_no_token_response_is_an_invalid_response(loopback: Loopback, body: bytes) -> None:
    """The guard's issues say what is wrong with it."""
    loopback.answers = [Answer(200, body)]
    error = refused(loopback.url)
    assert error.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert error.data["issues"]  # type: ignore[index]


def test_an_endpoint_that_nobody_serves_cannot_be_reached() -> None:
    """A refused connection is ``general``, with its cause chained."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        error = refused(f"http://127.0.0.1:{unused.getsockname()[1]}/token")
    assert error.code is ConnectorErrorCodes.GENERAL
    assert "could not be reached" in str(error)
    assert error.__cause__ is not None


@pytest.mark.parametrize(
    "endpoint", ["", "token", "ftp://127.0.0.1/", "http://", "http://[", "http://127.0.0.1:99999/"]
)
def test_an_endpoint_that_is_no_url_cannot_be_reached(endpoint: str) -> None:
    """A wrong setting is the same error, not a foreign one."""
    assert refused(endpoint).code is ConnectorErrorCodes.GENERAL


def test_a_secret_that_has_no_utf_8_form_is_not_a_foreign_exception(loopback: Loopback) -> None:
    """A lone surrogate goes out replaced, and the endpoint may refuse it; no exception shows the secret."""
    assert get_access_token_by_refresh_token("c", "\ud800", loopback.url, "\udfff") == TokenResponse()


@pytest.mark.parametrize("instead", ["hang", "reset"])
def test_an_endpoint_that_does_not_answer_is_given_up(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, instead: str
) -> None:
    """A silent endpoint costs the time limit and no more; a lost connection is not tried again."""
    assert oauth._TIME_LIMIT == 10
    monkeypatch.setattr(oauth, "_TIME_LIMIT", 1.0)
    loopback.answers = [Answer(instead=instead)]  # type: ignore[arg-type]
    error = refused(loopback.url)
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.__cause__ is not None
    assert len(loopback.requests) == 1
