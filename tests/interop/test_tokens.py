"""The call for a new access token is the official one, and so is what becomes of the answer."""

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
from tests.loopback import Answer, Loopback


def test_tokens_are_asked_for_as_upstream(official: Official) -> None:
    """Credentials, content type and form are the official bytes; tokens and error codes are the official ones."""
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


def test_what_an_endpoint_refuses_with_is_not_repeated() -> None:
    """Deliberate difference: the error gives the status, not the body, which may hold a token."""
    with Loopback() as endpoint:
        endpoint.answers = [Answer(400, b'{"error":"invalid_grant","secret":"s3cr3t"}')]
        with pytest.raises(ConnectorError) as caught:
            get_access_token_by_refresh_token("id", "secret", endpoint.url, "refresh")
    assert caught.value.code is ConnectorErrorCodes.GENERAL
    assert "s3cr3t" not in str(caught.value)
    assert isinstance(caught.value.data, dict)
    assert caught.value.data["status"] == 400


def test_tokens_are_not_sent_elsewhere() -> None:
    """Deliberate difference: a redirect is an error, and nothing goes to where it points."""
    with Loopback() as elsewhere, Loopback() as endpoint:
        endpoint.answers = [Answer(307, b"", {"location": elsewhere.url})]
        with pytest.raises(ConnectorError) as caught:
            get_access_token_by_refresh_token("id", "secret", endpoint.url, "refresh")
        assert elsewhere.requests == []
    assert caught.value.code is ConnectorErrorCodes.GENERAL


def test_an_endpoint_that_hangs_up_is_a_connector_error() -> None:
    """Deliberate difference: a network error is ``general``, never the client's own exception."""
    with Loopback() as endpoint:
        endpoint.answers = [Answer(instead="reset")]
        with pytest.raises(ConnectorError) as caught:
            get_access_token_by_refresh_token("id", "secret", endpoint.url, "refresh")
    assert caught.value.code is ConnectorErrorCodes.GENERAL
