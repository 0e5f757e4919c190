"""One connector that is hosted: its single instance, what it is asked, and how its failures are told."""

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from copy import deepcopy
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.guards import Guard
from connector_kit.host.answers import json_or_none
from connector_kit.host.logs import describe_exception
from connector_kit.host.redaction import Redactor
from connector_kit.host.settings import HostedSettings
from connector_kit.issues import Issue
from connector_kit.messages import SendMessageData, TemplateType
from connector_kit.schemas import bundle
from connector_kit.wire import to_json

if TYPE_CHECKING:
    from connector_kit.connector import MessageConnector

TEST_CODE: Final = "000000"
"""What Logto's own "Send" puts into a test message."""

_request_config: Final[ContextVar[Any]] = ContextVar("request_config", default=None)
_request_template: Final[ContextVar[Any]] = ContextVar("request_template", default=None)


RECIPIENT: Final = {"not": {"pattern": "[\\u0000-\\u001f\\u007f]"}}
"""What a recipient must be beside a string: one line, as every connector of the kit asks for."""


def _message_schema() -> dict[str, Any]:
    """Return the schema of a message that also takes types newer than this kit: they are routed all the same."""
    schema = bundle("send-message-data")
    schema["properties"]["to"] |= RECIPIENT
    of_type = schema["properties"]["type"]
    schema["properties"]["type"] = {"type": "string", "title": of_type["title"], "examples": of_type["examples"]}
    del schema["$defs"]["template-type"]
    return schema


MESSAGE_SCHEMA: Final = _message_schema()

message_guard: Final[Guard[SendMessageData]] = Guard(
    MESSAGE_SCHEMA, SendMessageData, error_code=ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, advice=()
)


@frozen
class Outcome:
    """How a call of a connector ended.

    Args:
        result: what it returned, if that is JSON.
        error: what it raised, if that is what connectors raise.
        fault: where it raised anything else: a description for the log.
    """

    result: Any = None
    error: ConnectorError | None = None
    fault: Mapping[str, object] | None = None

    @property
    def code(self) -> str:
        """``sent``, the connector's code, or ``internal``."""
        if self.fault is not None:
            return "internal"
        return "sent" if self.error is None else str(self.error.code)


class HostedConnector:
    """Serves all requests for one connector through one instance, so that provider clients are kept.

    A request's own config and template reach the instance through context variables, which each call has for itself.

    Args:
        settings: the class and its saved config.
    """

    def __init__(self, settings: HostedSettings) -> None:
        self.id = settings.id
        self.connector = settings.connector
        self.saved_config = settings.config
        self._instance: MessageConnector[Any, Any] = settings.connector(
            get_config=self._get_config, get_i18n_email_template=_get_template
        )

    def _get_config(self, _: str) -> object:
        config = _request_config.get()
        if config is not None:
            return config
        if self.saved_config is None:
            issue = {"path": "$", "keyword": "required", "message": "expected a config: the host has none of its own"}
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"issues": [issue]})
        return deepcopy(self.saved_config)  # a connector that changes it changes its own copy

    def send(self, data: object, config: object = None, template: object = None) -> Outcome:
        """Send a message.

        Args:
            data: the message's JSON.
            config: instead of the saved one.
            template: the e-mail template that Logto resolved.
        """

        def call() -> object:
            _request_config.set(config)
            _request_template.set(template)
            return self._instance.send_message(message_guard.validate(data))

        return _outcome(call)

    def test(self, to: object, config: object = None, locale: object = None) -> Outcome:
        """Send the message that Logto's own test sends, with an unsaved config if there is one."""
        payload = {"code": TEST_CODE} | ({} if locale is None else {"locale": locale})
        data = {"to": to, "type": str(TemplateType.GENERIC), "payload": payload}
        return _outcome(lambda: self._instance.send_message(message_guard.validate(data), config))

    def usage(self, config: object = None, start_from: str | None = None) -> Outcome:
        """Count the messages that were sent since a moment, in ISO 8601."""

        def call() -> object:
            _request_config.set(config)
            return self._instance.get_usage(None if start_from is None else _moment(start_from))

        return _outcome(call)

    def issues(self, config: object) -> Outcome:
        """List what is wrong with a config, or will hurt."""
        return _outcome(lambda: [_issue_json(issue) for issue in self.connector.config_guard.issues(config)])

    def summary(self) -> dict[str, object]:
        """Return what the list of connectors shows."""
        metadata = self.connector.metadata
        return {
            "id": self.id,
            "type": str(self.connector.type),
            "target": metadata.target,
            "name": dict(metadata.name),
        }

    def description(self) -> dict[str, object]:
        """Return metadata, form items and the config's schema."""
        metadata = to_json(self.connector.metadata)
        return {
            **self.summary(),
            "metadata": metadata,
            "formItems": metadata.get("formItems", []),
            "configSchema": self.connector.config_guard.schema,
        }


def _issue_json(issue: Issue) -> dict[str, str]:
    return {"path": issue.path, "keyword": issue.keyword, "message": issue.message, "severity": issue.severity}


def _get_template(*_: object) -> Any:  # noqa: ANN401 - whatever the request carries; the connector checks it
    return _request_template.get()


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        issue = {"path": "$.startFrom", "keyword": "format", "message": "expected a date and time in ISO 8601"}
        raise ConnectorError(ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, {"issues": [issue]}) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _outcome(call: Callable[[], object]) -> Outcome:
    try:
        return Outcome(json_or_none(call()))
    except ConnectorError as error:
        return Outcome(error=error)
    except BaseException as error:  # noqa: BLE001 - a connector's fault must not take a slot's thread with it
        return Outcome(fault=describe_exception(error))


def error_details(error: ConnectorError, redact: Redactor) -> dict[str, object]:
    """Return what the log says of a failure: the provider's words without secrets, and the type of the cause."""
    data = error.data if isinstance(error.data, dict) else {} if error.data is None else {"data": error.data}
    texts = {name: redact(str(value)) for name, value in data.items() if value is not None and name != "issues"}
    issues = data.get("issues")
    if isinstance(issues, list):
        texts["issues"] = redact("; ".join(_issue_text(issue) for issue in issues))
    told: dict[str, object] = {"detail": texts} if texts else {}
    return told if error.__cause__ is None else {**told, "cause": type(error.__cause__).__name__}


def _issue_text(issue: object) -> str:
    return f"{issue.get('path')} {issue.get('message')}" if isinstance(issue, dict) else str(issue)
