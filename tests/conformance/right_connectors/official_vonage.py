"""Text messages as Logto's Vonage connector sends them: JSON with HTTP Basic; errors have status 200."""

from typing import Any, ClassVar, Final

from attrs import field, frozen
from urllib3 import make_headers

from conformance import Spec
from conformance.npm.official.vonage import QUOTA_EXCEEDED, SUCCESS, THROTTLED, Vonage
from connector_kit import ConnectorErrorCodes as Codes
from connector_kit import ConnectorMetadata, Guard, Sms, SmsConnector
from connector_kit.redaction import payload_secrets
from tests.conformance.right_connectors.official_parts import Api, Problem
from tests.conformance.right_connectors.parts import (
    REQUIRED,
    STRING,
    TOKEN,
    config_schema,
    json_item,
    metadata,
    new_pool,
    one_recipient,
    required,
    templates,
)


@frozen
class VonageTemplate:
    """A text message."""

    usage_type: str
    content: str = field(repr=False)


@frozen
class VonageConfig:
    """A key, its secret, and the sender's name."""

    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    brand_name: str
    templates: tuple[VonageTemplate, ...]


def _problem(status: int, body: Any) -> Problem | None:
    """Return the first failed part: a long message has several parts."""
    statuses = [it["status"] for it in body["messages"]]
    failed = next((it for it in body["messages"] if it["status"] != SUCCESS), None)
    if failed is None:
        return None if statuses else Problem(Codes.INVALID_RESPONSE, f"No message was sent (HTTP {status}).")
    codes = {THROTTLED: Codes.RATE_LIMIT_EXCEEDED, QUOTA_EXCEEDED: Codes.USAGE_LIMIT_EXCEEDED}
    code = codes.get(failed["status"], Codes.INVALID_RESPONSE)
    if code is Codes.RATE_LIMIT_EXCEEDED and SUCCESS in statuses:
        code = Codes.INVALID_RESPONSE  # a part was sent: a retry would send it again
    return Problem(code, failed["error-text"], failed["status"])


class VonageSms(SmsConnector[VonageConfig]):
    """Sends ``from``, ``to`` and ``text``, and reads the status of each part."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "official-vonage",
        required("apiKey"),
        required("apiSecret", is_confidential=True),
        required("brandName"),
        json_item("templates"),
    )
    config_guard: ClassVar[Guard[VonageConfig]] = Guard(
        config_schema({"apiKey": TOKEN, "apiSecret": TOKEN, "brandName": STRING, "templates": templates("content")}),
        VonageConfig,
    )
    api: ClassVar[Api] = Api(_problem)

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._pool = new_pool()

    def body(self, config: VonageConfig, sms: Sms) -> dict[str, str]:
        """Return the body of the request."""
        is_gsm = all(ord(character) < 0x80 for character in sms.content)
        return {
            "from": config.brand_name,
            "to": one_recipient(sms.to),
            "text": sms.content,
            "type": "text" if is_gsm else "unicode",
        }

    def deliver(self, config: VonageConfig, sms: Sms) -> object:
        """Send the text message, and return the id of its first part."""
        headers = make_headers(basic_auth=f"{config.api_key}:{config.api_secret}")
        payload = sms.data.payload
        secrets = (headers["authorization"], config.api_key, config.api_secret, *payload_secrets(payload))
        url = "https://rest.nexmo.com/sms/json"
        response = self.api.send(self._pool, "POST", url, secrets, headers=headers, json=self.body(config, sms))
        return response.json["messages"][0]["message-id"]


OFFICIAL_VONAGE: Final = Spec(
    connector=VonageSms,
    valid_config={
        "apiKey": "abcd1234",
        "apiSecret": "Zq8wE5rTy2uIo1pA",
        "brandName": "Example",
        "templates": [{"usageType": kind, "content": f"{kind}: {{{{code}}}}"} for kind in REQUIRED],
    },
    provider=Vonage,
    capabilities={"config-templates", "sms"},
    secrets=("apiKey", "apiSecret"),
)
