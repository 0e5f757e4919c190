"""The refresh token request: as RFC 6749 defines it; every failure is a connector error."""

import socket
import time
import traceback
from base64 import b64encode

import pytest

from connector_kit import ConnectorError, ConnectorErrorCodes, TokenResponse, get_access_token_by_refresh_token, oauth
from tests.loopback import HttpResponse, Loopback


def call(endpoint: str, *, secret: str = "s3:ü") -> TokenResponse:
    """Request a token."""
    return get_access_token_by_refresh_token("client", secret, endpoint, "re&fresh=tök en")


def raised_error(endpoint: str) -> ConnectorError:
    """Return the error that a request raises, after checking that it shows no secret."""
    with pytest.raises(ConnectorError) as caught:
        call(endpoint)
    printed = "".join(traceback.format_exception(caught.value))
    for secret in ("s3:ü", b64encode("client:s3:ü".encode()).decode(), "CANARY"):
        assert secret not in f"{printed}{caught.value!r}"
    return caught.value


def test_request_is_that_of_rfc_6749(loopback: Loopback) -> None:
    """A form with ``grant_type=refresh_token`` (§6) and HTTP Basic authentication (§2.3.1); one call."""
    loopback.answers = [HttpResponse(200, b'{"access_token":"a","expires_in":"60","scope":"x","more":1}')]
    assert call(f"{loopback.url}/token?tenant=1") == TokenResponse(access_token="a", expires_in="60", scope="x")
    (request,) = loopback.requests
    assert (request.method, request.path) == ("POST", "/token?tenant=1")
    assert request.body == b"grant_type=refresh_token&refresh_token=re%26fresh%3Dt%C3%B6k+en"
    assert request.headers["authorization"] == f"Basic {b64encode('client:s3:ü'.encode()).decode()}"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.headers["accept"] == "application/json"


@pytest.mark.parametrize("status", [200, 201, 299])
def test_any_2xx_is_a_success(loopback: Loopback, status: int) -> None:
    """As upstream."""
    loopback.answers = [HttpResponse(status)]
    assert call(loopback.url) == TokenResponse()


@pytest.mark.parametrize("status", [300, 400, 401, 429, 500, 503])
def test_error_response_raises_with_its_status_only(loopback: Loopback, status: int) -> None:
    """The body may contain a token. There is no retry."""
    loopback.answers = [HttpResponse(status, b'{"error":"invalid_grant","error_description":"CANARY"}')]
    error = raised_error(loopback.url)
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.data == {"message": f"The token endpoint returned HTTP {status}.", "status": status}
    assert len(loopback.requests) == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_not_followed(loopback: Loopback, status: int) -> None:
    """It could send the client secret and the token to another server."""
    loopback.answers = [HttpResponse(status, headers={"Location": f"{loopback.url}/elsewhere"})]
    assert raised_error(f"{loopback.url}/token").data["status"] == status  # type: ignore[index]
    assert [request.path for request in loopback.requests] == ["/token"]


@pytest.mark.parametrize(
    "body", [b"", b"<html>CANARY</html>", b"access_token=CANARY", b'{"access_token":"CANARY', b"\xff"]
)
def test_body_that_is_not_json_raises_invalid_response(loopback: Loopback, body: bytes) -> None:
    """The data does not show the body."""
    loopback.answers = [HttpResponse(200, body)]
    error = raised_error(loopback.url)
    assert error.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert error.data == {"message": "The response of the token endpoint is not JSON."}


@pytest.mark.parametrize("body", [b"[]", b"null", b'{"access_token":null}', b'{"access_token":["CANARY"]}'])
def test_body_that_is_not_a_token_response_raises_invalid_response(loopback: Loopback, body: bytes) -> None:
    """With the issues of the guard."""
    loopback.answers = [HttpResponse(200, body)]
    error = raised_error(loopback.url)
    assert error.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert error.data["issues"]  # type: ignore[index]


def test_refused_connection_raises_general() -> None:
    """With its cause."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        error = raised_error(f"http://127.0.0.1:{unused.getsockname()[1]}/token")
    assert error.code is ConnectorErrorCodes.GENERAL
    assert "could not be reached" in str(error)
    assert error.__cause__ is not None


@pytest.mark.parametrize(
    "endpoint", ["", "token", "ftp://127.0.0.1/", "http://", "http://[", "http://127.0.0.1:99999/"]
)
def test_invalid_endpoint_raises_general(endpoint: str) -> None:
    """As if it could not be reached."""
    assert raised_error(endpoint).code is ConnectorErrorCodes.GENERAL


def test_secret_with_a_lone_surrogate_raises_connector_error_only(loopback: Loopback) -> None:
    """It is sent with a replacement character; no exception shows the secret."""
    assert get_access_token_by_refresh_token("c", "\ud800", loopback.url, "\udfff") == TokenResponse()


@pytest.mark.parametrize("instead", ["hang", "reset"])
def test_silent_endpoint_raises_after_the_time_limit(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, instead: str
) -> None:
    """A lost connection is not retried."""
    assert oauth._TIME_LIMIT == 10
    monkeypatch.setattr(oauth, "_TIME_LIMIT", 1.0)
    loopback.answers = [HttpResponse(instead=instead)]  # type: ignore[arg-type]
    error = raised_error(loopback.url)
    assert error.code is ConnectorErrorCodes.GENERAL
    assert error.__cause__ is not None
    assert len(loopback.requests) == 1


@pytest.mark.parametrize("body", [b"", b" " * 100], ids=["headers", "body"])
def test_dripping_endpoint_raises_after_the_time_limit(
    loopback: Loopback, monkeypatch: pytest.MonkeyPatch, body: bytes
) -> None:
    """The limit is for the whole response, not for each read."""
    monkeypatch.setattr(oauth, "_TIME_LIMIT", 0.5)
    loopback.answers = [HttpResponse(200, body, drips=0.1 if body == b"" else 0.03)]
    started = time.monotonic()
    error = raised_error(loopback.url)
    assert time.monotonic() - started < 2
    assert error.code is ConnectorErrorCodes.GENERAL
    assert len(loopback.requests) == 1
