"""Forwards messages as they are, to an address that the operator names, as Logto's own HTTP connectors do."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from attrs import field, frozen

from conformance import Answer, HttpProvider, HttpRequest, Message, Spec
from connector_kit import ConnectorMetadata, EmailConnector, Guard, SendMessageData, to_json
from tests.conformance.right_connectors.parts import (
    ADDRESS,
    TOKEN,
    Http,
    config_schema,
    metadata,
    new_pool,
    required,
    text,
)

_HTTP: Final = Http(accepted=frozenset(range(200, 300)))


@frozen
class ForwarderConfig:
    """Where to, and with which authorization."""

    endpoint: str
    authorization: str | None = field(default=None, repr=False)


class Forwarder(EmailConnector[ForwarderConfig]):
    """Posts ``{to, type, payload, ip?}``; any 2xx is a success, whatever its body."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "http-forwarder", required("endpoint"), text("authorization", is_confidential=True)
    )
    config_guard: ClassVar[Guard[ForwarderConfig]] = Guard(
        config_schema({"endpoint": ADDRESS}, {"authorization": TOKEN}), ForwarderConfig
    )

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self._pool = new_pool()

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        """Forward a message; the receiver has the templates."""
        message = data if isinstance(data, SendMessageData) else SendMessageData.from_json(data)
        settings = self.read_config(config)
        headers = {} if settings.authorization is None else {"Authorization": settings.authorization}
        secrets = (settings.authorization, message.payload.code)
        _HTTP.call(self._pool, "POST", settings.endpoint, secrets, headers=headers, json=to_json(message))
        return None


class Receiver(HttpProvider):
    """Takes messages at the address that the config names; says neither yes nor no in words that matter."""

    config_key = "endpoint"
    base_path = "/hooks/logto"
    content_type = "application/json"
    authorization = "{authorization}"
    answer_is_read = False

    def read(self, request: HttpRequest) -> Message:
        """Read a message that was forwarded as it is."""
        sent = request.json
        return Message(sent["to"], forwarded=sent)

    def accepted(self, message_id: str) -> Answer:
        """Say something that nobody reads."""
        return Answer.html(f"<p>{message_id}</p>", 201)

    def result(self, message_id: str) -> None:
        """Expect nothing: there is no id."""


FORWARDER: Final = Spec(
    connector=Forwarder,
    valid_config={"endpoint": "https://hooks.example/logto", "authorization": "Bearer-of-a-token"},
    provider=Receiver,
    capabilities={"provider-templates"},
    secrets=("authorization",),
)
