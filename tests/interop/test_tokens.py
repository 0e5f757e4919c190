"""The token request equals the official one, and so do its results and errors."""

from typing import Any

import pytest

from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    get_access_token_by_refresh_token,
    to_json,
)
from tests.interop.cases.sends import TOKEN_ANSWERS, TOKENS
from tests.interop.recording import Official
from tests.loopback import HttpResponse, Loopback


def test_token_request_equals_upstream(official: Official) -> None:
    """Credentials, content type, form, tokens and error codes equal the official ones."""
    answers = official.answers(TOKENS)
    ours: list[dict[str, Any]] = []
    with Loopback() as endpoint:
        endpoint.answers = [TOKEN_ANSWERS[case["path"]] for case in answers.cases]
        for case in answers.cases:
            try:
                answer = to_json(
                    get_access_token_by_refresh_token(
                        case["clientId"], case["clientSecret"], endpoint.url + case["path"], case["refreshToken"]
                    ),
                )
            except ConnectorError as error:
                answer = {"code": error.code}
            request = endpoint.requests[-1]
            ours.append(
                {
                    "answer": answer,
                    "path": request.path,
                    "authorization": request.headers["authorization"],
                    "type": request.headers["content-type"],
                    "body": request.body.decode(),
                },
            )
    assert [answers.report(index, ours[index]) for index in answers.differences(ours)] == []


def test_error_response_body_is_not_in_the_error() -> None:
    """Deviation K1: the error contains the status, not the body, which may contain a token."""
    with Loopback() as endpoint:
        endpoint.answers = [HttpResponse(400, b'{"error":"invalid_grant","secret":"s3cr3t"}')]
        with pytest.raises(ConnectorError) as caught:
            get_access_token_by_refresh_token("id", "secret", endpoint.url, "refresh")
    assert caught.value.code is ConnectorErrorCodes.GENERAL
    assert "s3cr3t" not in str(caught.value)
    assert isinstance(caught.value.data, dict)
    assert caught.value.data["status"] == 400


def test_token_request_does_not_follow_redirects() -> None:
    """Deviation K1: a redirect raises an error, and its target gets no request."""
    with Loopback() as elsewhere, Loopback() as endpoint:
        endpoint.answers = [HttpResponse(307, b"", {"location": elsewhere.url})]
        with pytest.raises(ConnectorError) as caught:
            get_access_token_by_refresh_token("id", "secret", endpoint.url, "refresh")
        assert elsewhere.requests == []
    assert caught.value.code is ConnectorErrorCodes.GENERAL


def test_connection_reset_by_the_token_endpoint_raises_general() -> None:
    """Deviation K1: a network failure raises ``general``, never the HTTP client's own exception."""
    with Loopback() as endpoint:
        endpoint.answers = [HttpResponse(instead="reset")]
        with pytest.raises(ConnectorError) as caught:
            get_access_token_by_refresh_token("id", "secret", endpoint.url, "refresh")
    assert caught.value.code is ConnectorErrorCodes.GENERAL
