"""ConnectorError: its codes, statuses and words are those of the contract."""

import copy
import pickle
from typing import Any

import pytest

from connector_kit import ConnectorError, ConnectorErrorCodes

CODES = {
    "GENERAL": "general",
    "INVALID_METADATA": "invalid_metadata",
    "UNEXPECTED_TYPE": "unexpected_type",
    "INVALID_CONFIG_GUARD": "invalid_config_guard",
    "INVALID_REQUEST_PARAMETERS": "invalid_request_parameters",
    "INSUFFICIENT_REQUEST_PARAMETERS": "insufficient_request_parameters",
    "INVALID_CONFIG": "invalid_config",
    "INVALID_CERTIFICATE": "invalid_certificate",
    "INVALID_RESPONSE": "invalid_response",
    "TEMPLATE_NOT_FOUND": "template_not_found",
    "TEMPLATE_NOT_SUPPORTED": "template_not_supported",
    "RATE_LIMIT_EXCEEDED": "rate_limit_exceeded",
    "USAGE_LIMIT_EXCEEDED": "usage_limit_exceeded",
    "NOT_IMPLEMENTED": "not_implemented",
    "SOCIAL_AUTH_CODE_INVALID": "social_auth_code_invalid",
    "SOCIAL_ACCESS_TOKEN_INVALID": "social_invalid_access_token",
    "SOCIAL_ID_TOKEN_INVALID": "social_invalid_id_token",
    "AUTHORIZATION_FAILED": "authorization_failed",
}

STATUSES = {
    "social_auth_code_invalid": 401,
    "social_invalid_access_token": 401,
    "social_invalid_id_token": 401,
    "authorization_failed": 401,
    "rate_limit_exceeded": 429,
    "usage_limit_exceeded": 429,
    "not_implemented": 501,
}


def test_the_codes_are_those_that_logto_knows() -> None:
    """Every code of ``@logto/connector-kit``, and no other."""
    assert {code.name: code.value for code in ConnectorErrorCodes} == CODES


@pytest.mark.parametrize("code", CODES.values())
def test_each_code_has_the_http_status_that_logto_answers_with(code: str) -> None:
    """401 for the four of identity, 429 for the two limits, 501 for not implemented, 400 for all others."""
    assert ConnectorError(ConnectorErrorCodes(code)).http_status == STATUSES.get(code, 400)


@pytest.mark.parametrize("data", [None, "", 0, False, 0.0])
def test_without_data_the_message_is_the_code(data: object) -> None:
    """Data that JavaScript counts as false leaves the code alone in the message."""
    assert str(ConnectorError(ConnectorErrorCodes.GENERAL, data)) == "ConnectorError: general"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"message": "no", "n": 1.0}, 'ConnectorError: {"message":"no","n":1}'),
        ({}, "ConnectorError: {}"),
        ([], "ConnectorError: []"),
        (["a", None], 'ConnectorError: ["a",null]'),
        (7, "ConnectorError: 7"),
        ("no", 'ConnectorError: "no"'),
    ],
)
def test_the_message_is_the_data_as_json(data: object, message: str) -> None:
    """The message carries the data that was given, as ``JSON.stringify`` writes it."""
    assert str(ConnectorError(ConnectorErrorCodes.GENERAL, data)) == message


def test_a_string_becomes_an_object_with_a_message() -> None:
    """A string given as data is kept as ``{"message": data}``."""
    assert ConnectorError(ConnectorErrorCodes.GENERAL, "no").data == {"message": "no"}
    assert ConnectorError(ConnectorErrorCodes.GENERAL, ["no"]).data == ["no"]


def test_an_unknown_code_is_refused_when_the_error_is_made() -> None:
    """A typo in a code does not travel to Logto."""
    assert ConnectorError("general").code is ConnectorErrorCodes.GENERAL  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="generl"):
        ConnectorError("generl")  # type: ignore[arg-type]


def test_an_error_can_always_be_printed() -> None:
    """Data that holds itself, or that JSON has no form for, must not turn a log line into a second failure."""
    cycle: dict[str, Any] = {}
    cycle["self"] = cycle
    assert str(ConnectorError(ConnectorErrorCodes.GENERAL, cycle)) == "ConnectorError: general"
    assert str(ConnectorError(ConnectorErrorCodes.GENERAL, {404: {1}})) == 'ConnectorError: {"404":"<set>"}'


def test_an_error_survives_copying_and_pickling() -> None:
    """Errors cross process borders whole: workers and test runners pickle them."""
    error = ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, "no")
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (twin.code, twin.data, str(twin)) == (error.code, error.data, str(error))
