"""What the workbench does with a message: renders it, and sends it to the provider's stub or to the provider."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from attrs import asdict

from conformance.harness.transcript import exchanges
from conformance.providers.base import Call, Provider
from conformance.workbench.configs import ConfigError, ConfigSource, with_secrets
from conformance.workbench.failures import describe_failure
from conformance.workbench.loaded_connector import LoadedConnector
from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorType,
    Email,
    SendMessageData,
    Sms,
    TemplateMessage,
)
from connector_kit.connector import MessageConnector
from connector_kit.guards import send_message_payload_guard
from connector_kit.languages import language_tags
from connector_kit.messages import TemplateType, main_variable
from connector_kit.redaction import Redactor, config_secrets, payload_secrets
from connector_kit.sms_segments import sms_segments
from connector_kit.template_choice import TemplateChoice
from connector_kit.wire import to_json


def describe_messages(loaded: LoadedConnector) -> dict[str, Any]:
    """Return what the page offers: usage types, an example payload for each, languages, and the stub's outcomes."""
    examples = send_message_payload_guard.schema["examples"]
    return {
        "types": [
            {"type": str(it), "payload": next(example for example in examples if main_variable(it) in example)}
            for it in TemplateType
        ],
        "locales": [*language_tags()],
        "recipient": "15550100000" if loaded.connector.type is ConnectorType.SMS else "someone@example.com",
        "stubError": loaded.spec_error or None,
        "outcomes": [] if loaded.spec is None else [_outcome(it) for it in loaded.spec.provider().outcomes],
    }


def _outcome(outcome: Any) -> dict[str, str]:
    return {"name": outcome.name, "family": outcome.family, "message": outcome.message}


class _Trial:
    """A config and a message of the page, ready to be tried.

    Args:
        loaded: the connector.
        source: where the saved secrets are.
        config: the config of the page.
        message: the JSON of a message.
    """

    def __init__(self, loaded: LoadedConnector, source: ConfigSource, config: Any, message: Any) -> None:
        self.loaded = loaded
        self.config, lost = with_secrets(loaded, source, config)
        if lost:
            raise ConfigError(f"{lost[0].path}: {lost[0].message}.")
        self.message = message
        members = message if isinstance(message, Mapping) else {}
        self._recipient = members.get("to")
        self._config_secrets = tuple(config_secrets(loaded.connector, self.config))
        self._secrets = (*self._config_secrets, *payload_secrets(members.get("payload")))

    def redact(self, text: str) -> str:
        """Remove the secrets of the config from a text; the code of the message is on the page anyway."""
        return Redactor(self._config_secrets)(text)

    @contextmanager
    def describing_failures(self, response: dict[str, Any]) -> Iterator[None]:
        """Put what the connector raises into the response as ``failure``."""
        try:
            yield
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the connector is somebody's work in progress
            response["failure"] = describe_failure(error, self._secrets, self._recipient)

    def make_connector(self, provider: Provider | None = None) -> Any:
        """Make the connector, whose saved config is the one of the page."""
        options = {} if provider is None else provider.connector_options()
        return self.loaded.connector(get_config=lambda _: deepcopy(self.config), **options)


def compose(loaded: LoadedConnector, source: ConfigSource, config: Any, message: Any) -> dict[str, Any]:
    """Render a message without sending it.

    Returns:
        ``email``, ``sms`` or ``template`` with what was rendered, and ``choice``, the template and why; or ``forwards``
        for a connector that passes messages on; or ``failure``, see `describe_failure`.
    """
    trial = _Trial(loaded, source, config, message)
    response: dict[str, Any] = {}
    with trial.describing_failures(response):
        data = SendMessageData.from_json(message)
        connector = trial.make_connector()
        if type(connector).send_message is not MessageConnector.send_message:
            return {"forwards": True}
        settings = connector.read_config(trial.config)
        rendered = connector.compose(settings, data)
        response |= _rendered(rendered)
        if isinstance(rendered, Email | Sms | TemplateMessage):
            response["choice"] = str(TemplateChoice.of(rendered, settings))
    return response


def _rendered(rendered: object) -> dict[str, Any]:
    match rendered:
        case Email():
            members = ("subject", "html", "text", "reply_to", "send_from")
            values = {name: getattr(rendered, name) for name in members}
            return {"email": {**values, "source": rendered.body, "contentType": rendered.content_type}}
        case Sms():
            return {"sms": {"content": rendered.content, **asdict(sms_segments(rendered.content))}}
        case TemplateMessage():
            return {"template": {"name": rendered.template.name, "variables": to_json(rendered.variables)}}
    return {"other": type(rendered).__name__}


def send_to_stub(
    loaded: LoadedConnector, source: ConfigSource, config: Any, message: Any, outcome: str
) -> dict[str, Any]:
    """Send a message to the stub of the provider.

    Args:
        loaded: the connector.
        source: where the saved secrets are.
        config: the config of the page.
        message: the JSON of the message.
        outcome: how the stub responds; see `Provider.outcomes`.

    Returns:
        ``calls``: what the provider received, without the config's secrets; ``result``: what the connector returned, or
        ``failure``, see `describe_failure`; ``blocked``: other addresses that the connector tried to reach.

    Raises:
        ConfigError: the connector has no stub, or the stub has no such outcome.
    """
    if loaded.spec is None:
        raise ConfigError(f"The connector has no stub of its provider. {loaded.spec_error}")
    provider = loaded.spec.provider()
    if outcome not in {it.name for it in provider.outcomes}:
        raise ConfigError(f"The stub has no outcome {outcome!r}.")
    trial = _Trial(loaded, source, config, message)
    response: dict[str, Any] = {}
    with provider.running():
        provider.respond_with(outcome)
        with trial.describing_failures(response):
            if isinstance(trial.config, dict):
                trial.config = provider.prepare_config(trial.config)
            response["result"] = _shown(trial.make_connector(provider).send_message(message, trial.config), trial)
        response["calls"] = [_received(call, trial) for call in provider.calls]
        response["blocked"] = [*provider.blocked_sockets]
    return response


def send_to_provider(loaded: LoadedConnector, source: ConfigSource, config: Any, message: Any) -> dict[str, Any]:
    """Send a real message. Returns ``result``, or ``failure``, see `describe_failure`."""
    trial = _Trial(loaded, source, config, message)
    response: dict[str, Any] = {}
    with trial.describing_failures(response):
        if not isinstance(trial.config, dict):  # the connector would use its saved config for null
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, "The config is not a JSON object.")
        response["result"] = _shown(trial.make_connector().send_message(message, trial.config), trial)
    return response


def _shown(result: object, trial: _Trial) -> str:
    text = result if isinstance(result, str) else "nothing" if result is None else f"a Python {type(result).__name__}"
    return trial.redact(text)


def _received(call: Call, trial: _Trial) -> dict[str, Any]:
    [exchange] = exchanges([call])
    return {
        "to": [*call.to],
        "subject": call.subject,
        "html": call.html,
        "text": call.text,
        "sender": call.sender,
        "template": call.template,
        "outcome": call.outcome.name,
        "request": trial.redact(exchange.request),
        "response": trial.redact(exchange.response),
    }
