"""Parsing JSON text, as strictly as JavaScript."""

import json
from typing import Any, NoReturn

from connector_kit.errors import ConnectorError, ConnectorErrorCodes

_LONGEST_INTEGER = 400
"""In digits. Longer integers exceed every double; beyond 4,300 digits, Python cannot convert them."""


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _integer(digits: str) -> float:
    return int(digits) if len(digits) < _LONGEST_INTEGER else float(digits)


def load_json(text: str) -> Any:
    """Parse JSON text that ``JSON.parse`` accepts: no ``NaN``, no ``Infinity``.

    Raises:
        ValueError: it is not JSON. Except for constants such as ``NaN``, it is a json.JSONDecodeError.
        RecursionError: it is nested too deeply for the interpreter: about a thousand levels.
    """
    return json.loads(text, parse_constant=_reject_constant, parse_int=_integer)


def parse_json(
    json_string: str,
    error_code: ConnectorErrorCodes = ConnectorErrorCodes.INVALID_RESPONSE,
    error_payload: object = None,
) -> Any:
    """Parse JSON text from a provider.

    Args:
        json_string: the text.
        error_code: the code of the error if it is not JSON.
        error_payload: the data of the error. By default, as upstream, the whole text: give a payload if the text may
            contain a secret.

    Raises:
        ConnectorError: it is not JSON.
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
    """Parse JSON text that must be an object. Otherwise like `parse_json`.

    Raises:
        ConnectorError: it is not JSON, or not an object.
    """
    value = parse_json(json_string, error_code, error_payload)
    if not isinstance(value, dict):
        raise ConnectorError(error_code, json_string if error_payload is None else error_payload)
    return value
