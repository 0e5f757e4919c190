"""A hosted connector: one instance serves all requests, and every call ends in an `Outcome`."""

import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any, Final

from attrs import frozen

from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.host.logs import describe_exception
from connector_kit.host.request_body import (
    host_config_request_guard,
    host_message_guard,
    host_send_request_guard,
    host_test_request_guard,
    host_usage_request_guard,
)
from connector_kit.host.responses import MOST_ISSUES
from connector_kit.host.settings import HostedSettings
from connector_kit.messages import SendMessageData, TemplateType
from connector_kit.wire import to_json

TEST_CODE: Final = "000000"
"""The code that Logto's own "Send" button puts into a test message."""

_LOGGED_ISSUES: Final = 10

_request_config: Final[ContextVar[Any]] = ContextVar("request_config", default=None)
_request_template: Final[ContextVar[Any]] = ContextVar("request_template", default=None)


@frozen
class Outcome:
    """How a connector call ended.

    Args:
        result: what it returned, if that is JSON.
        error: the ``ConnectorError`` it raised.
        crash: a description, for the log, of any other exception.
        host_code: one of the host's own error codes, if the call failed for that reason.
    """

    result: Any = None
    error: ConnectorError | None = None
    crash: Mapping[str, object] | None = None
    host_code: str | None = None


class HostedConnector:
    """One instance of a connector that serves all requests, so that it keeps its provider's clients.

    A request's own config and template reach the instance through context variables, which each call has for itself.
    The methods validate the request's body and never raise.

    Args:
        settings: the class and its saved config.
    """

    def __init__(self, settings: HostedSettings) -> None:
        self.id = settings.id
        self.connector = settings.connector
        self.saved_config = settings.config
        self.instance: Any = settings.connector(
            get_config=lambda _: self.config(), get_i18n_email_template=_get_template
        )

    def use_config(self, config: object) -> None:
        """Use a config in this call, instead of the saved one; with ``None``, use the saved one."""
        _request_config.set(config)

    def config(self) -> object:
        """Return the config of this call: any JSON value.

        Raises:
            ConnectorError: ``invalid_config``, if neither the request nor the host has one.
        """
        config = _request_config.get()
        if config is not None:
            return config
        if self.saved_config is None:
            message = "expected a config: the host has none for this connector"
            raise _error(ConnectorErrorCodes.INVALID_CONFIG, "$", "required", message)
        return deepcopy(self.saved_config)  # a connector that changes its config changes only its own copy

    def send(self, body: object) -> Outcome:
        """Send a message as Logto's HTTP connectors post it."""
        return call_outcome(lambda: self.instance.send_message(host_message_guard.validate(body)))

    def send_message(self, body: object) -> Outcome:
        """Send a message, with the request's own config and template if it has any."""

        def call() -> object:
            # The config may be large. Any value is valid here: the connector validates it.
            config, rest = split_config(body)
            request = host_send_request_guard.validate(rest)
            self.use_config(config)
            _request_template.set(request.template)
            return self.instance.send_message(request.data)

        return call_outcome(call)

    def send_test(self, body: object) -> Outcome:
        """Send the same test message as Logto's Console, with an unsaved config if the request has one."""

        def call() -> object:
            request = host_test_request_guard.validate(body)
            payload = {"code": TEST_CODE} | ({} if request.locale is None else {"locale": request.locale})
            message = SendMessageData(to=request.to, type=TemplateType.GENERIC, payload=payload)
            return self.instance.send_message(message, request.config)

        return call_outcome(call)

    def get_usage(self, body: object) -> Outcome:
        """Return how many messages were sent, in total or since a moment."""

        def call() -> object:
            request = host_usage_request_guard.validate(body)
            self.use_config(request.config)
            return self.instance.get_usage(None if request.start_from is None else _moment(request.start_from))

        return call_outcome(call)

    def validate_config(self, body: object) -> Outcome:
        """Return the issues of a config: errors and warnings."""

        def call() -> object:
            request = host_config_request_guard.validate(body)
            issues = self.connector.config_guard.issues(request.config)
            errors_first = sorted(issues, key=lambda it: it.severity != "error")
            return [issue.to_json() for issue in errors_first[:MOST_ISSUES]]

        return call_outcome(call)

    def summary(self) -> dict[str, object]:
        """Return the connector's entry in the list of connectors."""
        metadata = self.connector.metadata
        return {
            "id": self.id,
            "type": str(self.connector.type),
            "target": metadata.target,
            "name": dict(metadata.name),
        }

    def description(self) -> dict[str, object]:
        """Return the connector's metadata, form items and config schema."""
        metadata = to_json(self.connector.metadata)
        return {
            **self.summary(),
            "metadata": metadata,
            "formItems": metadata.get("formItems", []),
            "configSchema": self.connector.config_guard.schema,
        }


def split_config(body: object) -> tuple[Any, object]:
    """Return the config of a request, which may be large, and the rest of the body."""
    if not isinstance(body, dict):
        return None, body
    return body.get("config"), {key: value for key, value in body.items() if key != "config"}


def _get_template(*_: object) -> Any:
    return _request_template.get()


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = "expected a date and time in ISO 8601, such as 2026-01-02T03:04:05Z"
        raise _error(ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, "$.startFrom", "format", message) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _error(code: ConnectorErrorCodes, path: str, keyword: str, message: str) -> ConnectorError:
    return ConnectorError(code, {"issues": [{"path": path, "keyword": keyword, "message": message}]})


def call_outcome(call: Callable[[], object]) -> Outcome:
    """Call, and return how that ended. Results that are not JSON become ``None``."""
    try:
        return Outcome(_json_or_none(call()))
    except ConnectorError as error:
        return Outcome(error=error)
    except BaseException as error:  # noqa: BLE001 - a connector that crashes must not keep its slot
        return Outcome(crash=describe_exception(error))


def _json_or_none(value: object) -> Any:
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except (TypeError, ValueError, RecursionError):
        return None


def error_details(error: ConnectorError, redact: Callable[[str], str]) -> dict[str, object]:
    """Return what the log reports about a connector's error: the provider's text, redacted, and the cause's type."""
    data = error.data if isinstance(error.data, dict) else {} if error.data is None else {"data": error.data}
    texts = {name: redact(str(value)) for name, value in data.items() if value is not None and name != "issues"}
    issues = data.get("issues")
    if isinstance(issues, list):
        texts["issues"] = redact("; ".join(_issue_text(issue) for issue in issues[:_LOGGED_ISSUES]))
    details: dict[str, object] = {"detail": texts} if texts else {}
    return details if error.__cause__ is None else {**details, "cause": type(error.__cause__).__name__}


def _issue_text(issue: object) -> str:
    return f"{issue.get('path')} {issue.get('message')}" if isinstance(issue, dict) else str(issue)
