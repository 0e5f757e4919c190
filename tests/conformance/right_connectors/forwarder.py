"""Forwards messages unchanged to an endpoint in the config, as Logto's own HTTP connectors do."""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from attrs import field, frozen

from conformance import HttpProvider, HttpRequest, HttpResponse, Message, Spec
from connector_kit import ConnectorMetadata, EmailConnector, Guard, SendMessageData, to_json
from connector_kit.redaction import payload_secrets
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
    """The endpoint, and the Authorization header for it."""

    endpoint: str
    authorization: str | None = field(default=None, repr=False)


class Forwarder(EmailConnector[ForwarderConfig]):
    """Sends ``{to, type, payload, ip?}``; any 2xx status is a success, with any body."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "http-forwarder", required("endpoint"), text("authorization", is_confidential=True)
    )
    config_guard: ClassVar[Guard[ForwarderConfig]] = Guard(
        config_schema({"endpoint": ADDRESS}, {"authorization": TOKEN}), ForwarderConfig
    )

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._pool = new_pool()

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        """Forward the message; the receiver has the templates."""
        message = data if isinstance(data, SendMessageData) else SendMessageData.from_json(data)
        settings = self.read_config(config)
        headers = {} if settings.authorization is None else {"Authorization": settings.authorization}
        secrets = (settings.authorization, *payload_secrets(message.payload))
        _HTTP.call(self._pool, "POST", settings.endpoint, secrets, headers=headers, json=to_json(message))
        return None


class Receiver(HttpProvider):
    """Accepts forwarded messages; its success response has a body that the connector does not read."""

    config_key = "endpoint"
    base_path = "/hooks/logto"
    content_type = "application/json"
    authorization = "{authorization}"
    is_response_read = False

    def read(self, request: HttpRequest) -> Message:
        """Return the forwarded message."""
        sent = request.json
        return Message(sent["to"], forwarded=sent)

    def success_response(self, message_id: str) -> HttpResponse:
        """Return a page."""
        return HttpResponse.html(f"<p>{message_id}</p>", 201)

    def expected_result(self, message_id: str) -> None:
        """Return ``None``: the connector returns no id."""


FORWARDER: Final = Spec(
    connector=Forwarder,
    valid_config={"endpoint": "https://hooks.example/logto", "authorization": "Bearer-of-a-token"},
    provider=Receiver,
    capabilities={"provider-templates"},
    secrets=("authorization",),
)
