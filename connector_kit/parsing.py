"""JSON text to JSON values, as strictly as JavaScript reads it."""

import json
from typing import Any, NoReturn

from connector_kit.errors import ConnectorError, ConnectorErrorCodes

_LONGEST_INTEGER = 400
"""Longer integers exceed every double; Python would also refuse to convert them past 4,300 digits."""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _integer(digits: str) -> float:
    return int(digits) if len(digits) < _LONGEST_INTEGER else float(digits)


def load_json(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """Read JSON text: what ``JSON.parse`` takes and nothing else (no ``NaN``, no ``Infinity``).

    Raises:
        ValueError: it is not JSON; a json.JSONDecodeError where it says line and column.
        RecursionError: it is nested more deeply than the interpreter allows, about a thousand levels.
    """
    return json.loads(text, parse_constant=_refuse_constant, parse_int=_integer)


def parse_json(
    json_string: str,
    error_code: ConnectorErrorCodes = ConnectorErrorCodes.INVALID_RESPONSE,
    error_payload: object = None,
) -> Any:  # noqa: ANN401 - any JSON value
    """Read JSON text that a provider sent.

    Args:
        json_string: the text.
        error_code: what to raise when it is not JSON.
        error_payload: the error's data. Where it is ``None`` the data holds the whole text, as upstream's does, so
            give one wherever the text could hold a secret.

    Raises:
        ConnectorError: with that code and data.
    """
    try:
        return load_json(json_string)
    except (ValueError, TypeError, RecursionError):
        raise ConnectorError(error_code, json_string if error_payload is None else error_payload) from None


def parse_json_object(
    json_string: str,
    error_code: ConnectorErrorCodes = ConnectorErrorCodes.INVALID_RESPONSE,
    error_payload: object = None,
) -> dict[str, Any]:
    """Read JSON text that must be an object; else as `parse_json`.

    Raises:
        ConnectorError: it is not JSON, or not an object.
    """
    value = parse_json(json_string, error_code, error_payload)
    if not isinstance(value, dict):
        raise ConnectorError(error_code, json_string if error_payload is None else error_payload)
    return value
