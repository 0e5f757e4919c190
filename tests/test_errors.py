"""ConnectorError: codes, HTTP statuses and messages of the contract."""

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


def test_codes_are_those_of_the_official_kit() -> None:
    """Every code of ``@logto/connector-kit``, and no others."""
    assert {code.name: code.value for code in ConnectorErrorCodes} == CODES


@pytest.mark.parametrize("code", CODES.values())
def test_each_code_has_its_http_status(code: str) -> None:
    """401 for four codes of identity, 429 for two limits, 501 for not implemented, 400 for all others."""
    assert ConnectorError(ConnectorErrorCodes(code)).http_status == STATUSES.get(code, 400)


@pytest.mark.parametrize("data", [None, "", 0, False, 0.0])
def test_message_without_data_is_the_code(data: object) -> None:
    """Also for data that is false in JavaScript."""
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
def test_message_is_the_data_as_json(data: object, message: str) -> None:
    """As ``JSON.stringify`` writes it."""
    assert str(ConnectorError(ConnectorErrorCodes.GENERAL, data)) == message


def test_string_data_becomes_an_object_with_a_message() -> None:
    """``{"message": data}``."""
    assert ConnectorError(ConnectorErrorCodes.GENERAL, "no").data == {"message": "no"}
    assert ConnectorError(ConnectorErrorCodes.GENERAL, ["no"]).data == ["no"]


def test_unknown_code_raises_value_error() -> None:
    """A typo in a code does not reach Logto."""
    assert ConnectorError("general").code is ConnectorErrorCodes.GENERAL  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="generl"):
        ConnectorError("generl")  # type: ignore[arg-type]


def test_error_with_any_data_can_be_printed() -> None:
    """Also if the data contains itself, or is not JSON."""
    cycle: dict[str, Any] = {}
    cycle["self"] = cycle
    assert str(ConnectorError(ConnectorErrorCodes.GENERAL, cycle)) == "ConnectorError: general"
    assert str(ConnectorError(ConnectorErrorCodes.GENERAL, {404: {1}})) == 'ConnectorError: {"404":"<set>"}'


def test_error_can_be_copied_and_pickled() -> None:
    """Workers and test runners pickle errors."""
    error = ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, "no")
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert (twin.code, twin.data, str(twin)) == (error.code, error.data, str(error))
