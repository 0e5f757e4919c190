"""An error of a connector as those see it who meet it: Logto's end user, the operator, and the developer."""

import traceback
from collections.abc import Iterable
from typing import Any

from connector_kit import ConnectorError
from connector_kit.host.hosted_connector import error_details
from connector_kit.host.logs import LogRedactor, describe_exception
from connector_kit.host.responses import HOST_CODES
from connector_kit.redaction import Redactor


def describe_failure(error: BaseException, secrets: Iterable[str], recipient: object) -> dict[str, Any]:
    """Return what each of them sees of an error, without secrets.

    Args:
        error: what the connector raised.
        secrets: of the config and the message.
        recipient: of the message, which the log masks.

    Returns:
        ``endUser``: ``{"status", "message"}``, as the host responds to Logto; ``operator``: the fields of the host's log
        line; ``developer``: ``{"error", "hint", "traceback"}``.
    """
    hidden = tuple(secrets)
    redact = Redactor(hidden)
    trace = "".join(traceback.format_exception(error))
    if isinstance(error, ConnectorError):
        status, message, hint = error.http_status, error.code.user_message, error.code.hint
        log = {"code": str(error.code), **error_details(error, LogRedactor(hidden, recipient))}
    else:
        (status, message), hint = HOST_CODES["internal"], "The connector must raise a ConnectorError for every failure."
        log = {"code": "internal", **describe_exception(error)}
    return {
        "endUser": {"status": status, "message": message},
        "operator": log,
        "developer": {
            "error": redact(f"{type(error).__name__}: {_text(error)}"),
            "hint": hint,
            "traceback": redact(trace),
        },
    }


def _text(error: BaseException) -> str:
    return str(error).removeprefix("ConnectorError: ")
