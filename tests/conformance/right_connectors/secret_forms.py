"""Connectors whose secrets have a form: a prefix, a fixed length, hex, base64, a UUID, PEM, nested, or in a list."""

import base64
import hashlib
import hmac
import json
import logging
import time
import uuid
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, Final

from attrs import field, frozen
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from conformance import Failure, HttpProvider, HttpRequest, Message, Spec
from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Guard,
    Sms,
    SmsConnector,
)
from connector_kit.redaction import payload_secrets
from tests.conformance.right_connectors.parts import (
    REQUIRED,
    STRING,
    Http,
    config_schema,
    json_item,
    metadata,
    new_pool,
    one_recipient,
    required,
    templates,
    text_of,
)

_HTTP: Final = Http()
_LOG: Final = logging.getLogger("tests.secret_forms")


@frozen
class FormTemplate:
    """A text message."""

    usage_type: str
    content: str = field(repr=False)


@frozen
class KeyConfig:
    """A key and templates."""

    api_key: str = field(repr=False)
    templates: tuple[FormTemplate, ...]


class KeySms(SmsConnector[Any]):
    """Sends a text message as JSON with a bearer key; what differs is where the key is, and what form it has."""

    def __init__(self, *, server: str = "https://sms.example", **kit: Any) -> None:
        super().__init__(**kit)
        self._server = server
        self._pool = new_pool()

    def credentials(self, config: Any, body: bytes) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return the headers that authorize a request, and the secrets to redact."""
        del body
        return {"Authorization": f"Bearer {config.api_key}"}, (config.api_key,)

    def url(self, config: Any) -> str:
        """Return the address of a message."""
        del config
        return f"{self._server}/messages"

    def deliver(self, config: Any, sms: Sms) -> object:
        """Send it, and return the provider's id."""
        body = json.dumps({"to": one_recipient(sms.to), "text": sms.content}).encode()
        headers, secrets = self.credentials(config, body)
        payload = sms.data.payload
        hidden = (*secrets, *headers.values(), *payload_secrets(payload))
        headers |= {"Content-Type": "application/json"}
        response = _HTTP.call(self._pool, "POST", self.url(config), hidden, headers=headers, body=body)
        return self.accepted(config, text_of(response, "id"))

    def accepted(self, config: Any, message_id: str) -> object:
        """Handle the id of an accepted message."""
        del config
        return message_id


class KeyProvider(HttpProvider):
    """Accepts JSON with the bearer key of the config."""

    connector_option = "server"
    path = "/messages"
    content_type = "application/json"
    authorization = "Bearer {apiKey}"
    failures = (
        Failure("throttled", "throttle", 429, "Slow down."),
        Failure("unpaid", "quota", 402, "No credit."),
        Failure("unauthorized", "credentials", 401, "The key is not valid."),
    )

    def read(self, request: HttpRequest) -> Message:
        """Return the text message."""
        return Message(request.json["to"], text=request.json["text"])


_TEMPLATES: Final = [{"usageType": kind, "content": "{{code}}"} for kind in REQUIRED]


def _schema(**members: Any) -> dict[str, Any]:
    return config_schema({**members, "templates": templates("content")})


def _key(name: str, pattern: str) -> dict[str, Any]:
    """Return the metadata and the guard of a connector with one top-level key of a pattern."""
    return {
        "metadata": metadata(name, required("apiKey", is_confidential=True), json_item("templates")),
        "config_guard": Guard(_schema(apiKey={"type": "string", "pattern": pattern}), KeyConfig),
    }


def _spec(connector: type[KeySms], provider: type[HttpProvider] = KeyProvider, **more: Any) -> Spec:
    config = more.pop("config")
    return Spec(connector, {**config, "templates": _TEMPLATES}, provider, {"config-templates", "sms"}, **more)


# --- one key, of a form ---------------------------------------------------------------------------------------------


class PrefixedKey(KeySms):
    """Has a key such as Stripe's, and logs the part that names its kind and its last four characters."""

    metadata: ClassVar[ConnectorMetadata] = _key("prefixed-key", "")["metadata"]
    config_guard: ClassVar[Guard[Any]] = _key("prefixed-key", "^sk_(live|test)_[0-9a-zA-Z]{24}$")["config_guard"]

    def accepted(self, config: KeyConfig, message_id: str) -> object:
        """Log which key was used, masked as dashboards do."""
        _LOG.info("Sent %s with the key sk_live_…%s", message_id, config.api_key[-4:])
        return message_id


class AccessKeyId(KeySms):
    """Has a key of exactly 20 characters, which begins with AKIA; no schema, but its code, verifies that."""

    metadata: ClassVar[ConnectorMetadata] = _key("access-key-id", "")["metadata"]
    config_guard: ClassVar[Guard[Any]] = Guard(_schema(apiKey=STRING), KeyConfig)

    def credentials(self, config: KeyConfig, body: bytes) -> tuple[dict[str, str], tuple[str, ...]]:
        """Reject a key of another form, and name the form."""
        key = config.api_key
        if not (key.startswith("AKIA") and len(key) == 20 and key.isalnum() and key.upper() == key):
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, "Expected AKIA and 16 letters or digits.")
        return super().credentials(config, body)


class ShortKey(KeySms):
    """Has a key of six to ten characters."""

    metadata: ClassVar[ConnectorMetadata] = _key("short-key", "")["metadata"]
    config_guard: ClassVar[Guard[Any]] = _key("short-key", "^[a-z0-9]{6,10}$")["config_guard"]


class PinKey(KeySms):
    """Has a PIN of six digits; a key so short occurs by chance in the log."""

    metadata: ClassVar[ConnectorMetadata] = _key("pin-key", "")["metadata"]
    config_guard: ClassVar[Guard[Any]] = _key("pin-key", "^[0-9]{6}$")["config_guard"]

    def accepted(self, config: KeyConfig, message_id: str) -> object:
        """Log numbers of six digits."""
        _LOG.info("Sent %s after %06d µs", message_id, hash(message_id) % 1_000_000)
        return super().accepted(config, message_id)


class CompositeKey(KeySms):
    """Has a key of several parts, each with its own alphabet, as Brevo's."""

    metadata: ClassVar[ConnectorMetadata] = _key("composite-key", "")["metadata"]
    config_guard: ClassVar[Guard[Any]] = _key("composite-key", "^xkeysib-[0-9a-f]{64}-[A-Za-z0-9]{16}$")["config_guard"]


@frozen
class AddressConfig:
    """A key, templates, and an address that has a default."""

    bot_token: str = field(repr=False)
    templates: tuple[FormTemplate, ...]
    api_url: str = "https://api.chat.example"


class OptionalAddress(KeySms):
    """Has an optional address, by default the provider's, and its token in the path, as Telegram's bots."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "optional-address",
        required("botToken", is_confidential=True),
        json_item("templates"),
        ConnectorConfigFormItem(ConnectorConfigFormItemType.TEXT, "apiUrl", "Address"),
    )
    config_guard: ClassVar[Guard[Any]] = Guard(
        config_schema(
            {
                "botToken": {"type": "string", "pattern": "^[0-9]{8,10}:[A-Za-z0-9_-]{35}$"},
                "templates": templates("content"),
            },
            {"apiUrl": {"type": "string", "default": "https://api.chat.example"}},
        ),
        AddressConfig,
    )

    def credentials(self, config: AddressConfig, body: bytes) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return no headers: the token is in the path."""
        del body
        return {}, (config.bot_token, config.bot_token.partition(":")[2])

    def url(self, config: AddressConfig) -> str:
        """Return the address with the token."""
        return f"{config.api_url}/bot{config.bot_token}/sendMessage"


class ChatProvider(KeyProvider):
    """Accepts JSON at an address with the bot's token."""

    connector_option = None
    config_key = "apiUrl"
    path = "/bot{botToken}/sendMessage"
    authorization = ""

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the token in the path."""
        return None if request.path == f"/bot{config['botToken']}/sendMessage" else "expected the config's botToken"


class HexKey(KeySms):
    """Has a token of 32 hex digits, as Twilio's; logs the request's id, also 32 hex digits."""

    metadata: ClassVar[ConnectorMetadata] = _key("hex-key", "")["metadata"]
    config_guard: ClassVar[Guard[Any]] = _key("hex-key", "^[0-9a-f]{32}$")["config_guard"]

    def accepted(self, config: KeyConfig, message_id: str) -> object:
        """Log the id, and a fingerprint of the key."""
        print_of_key = hashlib.sha256(config.api_key.encode()).hexdigest()
        _LOG.info("Sent %s as request %s with the key of fingerprint %s", message_id, uuid.uuid4(), print_of_key)
        return message_id


class UuidKey(KeySms):
    """Has a UUID as key, as Postmark's server tokens."""

    metadata: ClassVar[ConnectorMetadata] = _key("uuid-key", "")["metadata"]
    config_guard: ClassVar[Guard[Any]] = Guard(_schema(apiKey={"type": "string", "format": "uuid"}), KeyConfig)

    def credentials(self, config: KeyConfig, body: bytes) -> tuple[dict[str, str], tuple[str, ...]]:
        """Reject what is not a UUID."""
        try:
            uuid.UUID(config.api_key)
        except ValueError:
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, "Expected a UUID as apiKey.") from None
        return super().credentials(config, body)


class SignedBase64Key(KeySms):
    """Signs each request with a base64 key of 32 bytes, as Azure's; logs the signature, which is not a secret."""

    metadata: ClassVar[ConnectorMetadata] = _key("signed-base64-key", "")["metadata"]
    config_guard: ClassVar[Guard[Any]] = Guard(_schema(apiKey=STRING), KeyConfig)

    def credentials(self, config: KeyConfig, body: bytes) -> tuple[dict[str, str], tuple[str, ...]]:
        """Sign the body and the time."""
        try:
            key = base64.b64decode(config.api_key, validate=True)
        except ValueError:
            key = b""
        if len(key) != 32:
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, "Expected 32 bytes in base64 as apiKey.")
        stamp = str(int(time.time()))
        signature = hmac.new(key, stamp.encode() + body, hashlib.sha256).hexdigest()
        _LOG.info("Signed a request at %s: %s", stamp, signature)
        return {"X-Time": stamp, "Authorization": f"HMAC {signature}"}, (config.api_key,)


class SignedProvider(KeyProvider):
    """Verifies the signature."""

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the signature with that of the config's key."""
        signed = request.headers["X-Time"].encode() + request.body
        expected = hmac.new(base64.b64decode(config["apiKey"]), signed, hashlib.sha256).hexdigest()
        return None if request.authorization == f"HMAC {expected}" else "expected the signature of the config's key"


# --- keys elsewhere in the config -----------------------------------------------------------------------------------


@frozen
class Auth:
    """How to authorize requests."""

    type: str
    user: str
    password: str = field(repr=False)


@frozen
class NestedConfig:
    """A nested user and password."""

    auth: Auth
    templates: tuple[FormTemplate, ...]


class NestedPassword(KeySms):
    """Has a user and a password in a nested object; HTTP Basic."""

    metadata: ClassVar[ConnectorMetadata] = metadata("nested-password", json_item("auth"), json_item("templates"))
    config_guard: ClassVar[Guard[Any]] = Guard(
        _schema(
            auth={
                "type": "object",
                "required": ["type", "user", "password"],
                "properties": {"type": {"const": "login"}, "user": STRING, "password": {**STRING, "minLength": 8}},
            }
        ),
        NestedConfig,
    )

    def credentials(self, config: NestedConfig, body: bytes) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return HTTP Basic."""
        del body
        _LOG.info("Authorizing as %s with %s", config.auth.user, config.auth.type)
        pair = f"{config.auth.user}:{config.auth.password}".encode("utf-8", "replace")
        return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}, (config.auth.password,)


class NestedProvider(KeyProvider):
    """Compares the nested user and password."""

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare HTTP Basic."""
        expected = (config["auth"]["user"], config["auth"]["password"])
        return None if request.basic == expected else "expected the user and the password of auth"


@frozen
class KeysConfig:
    """Keys, of which the first is used."""

    keys: tuple[str, ...] = field(repr=False)
    templates: tuple[FormTemplate, ...]


class ListOfKeys(KeySms):
    """Has several keys in a list, of which the first one is in use and the others are about to be."""

    metadata: ClassVar[ConnectorMetadata] = metadata("list-of-keys", json_item("keys"), json_item("templates"))
    config_guard: ClassVar[Guard[Any]] = Guard(
        _schema(keys={"type": "array", "minItems": 1, "items": {"type": "string", "pattern": "^key-[0-9a-f]{32}$"}}),
        KeysConfig,
    )

    def credentials(self, config: KeysConfig, body: bytes) -> tuple[dict[str, str], tuple[str, ...]]:
        """Use the first key."""
        del body
        return {"Authorization": f"Bearer {config.keys[0]}"}, config.keys


class ListProvider(KeyProvider):
    """Compares the first key."""

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the bearer."""
        return None if request.bearer == config["keys"][0] else "expected the first of keys"


@frozen
class Account:
    """An account of the provider."""

    name: str
    token: str = field(repr=False)


@frozen
class AccountsConfig:
    """Accounts, of which the last is used."""

    accounts: tuple[Account, ...]
    templates: tuple[FormTemplate, ...]


class ListOfAccounts(KeySms):
    """Has several accounts, each with a token."""

    metadata: ClassVar[ConnectorMetadata] = metadata("list-of-accounts", json_item("accounts"), json_item("templates"))
    config_guard: ClassVar[Guard[Any]] = Guard(
        _schema(
            accounts={
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["name", "token"],
                    "properties": {"name": STRING, "token": {**STRING, "pattern": "^xoxb-[0-9]{10}-[A-Za-z0-9]{24}$"}},
                },
            }
        ),
        AccountsConfig,
    )

    def credentials(self, config: AccountsConfig, body: bytes) -> tuple[dict[str, str], tuple[str, ...]]:
        """Use the last account."""
        del body
        return {"Authorization": f"Bearer {config.accounts[-1].token}"}, tuple(it.token for it in config.accounts)


class AccountsProvider(KeyProvider):
    """Compares the token of the last account."""

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the bearer."""
        return None if request.bearer == config["accounts"][-1]["token"] else "expected the last account's token"


@frozen
class PemConfig:
    """A client and its private key."""

    client_id: str
    private_key: str = field(repr=False)
    templates: tuple[FormTemplate, ...]


@lru_cache(64)
def _loaded(pem: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(pem.encode("utf-8", "replace"), None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


class PrivateKey(KeySms):
    """Signs a JWT with the private key of the config, as GatewayAPI's or Google's clients do."""

    metadata: ClassVar[ConnectorMetadata] = metadata(
        "private-key",
        required("clientId"),
        ConnectorConfigFormItem(ConnectorConfigFormItemType.MULTILINE_TEXT, "privateKey", "Private key", required=True),
        json_item("templates"),
    )
    config_guard: ClassVar[Guard[Any]] = Guard(
        _schema(clientId=STRING, privateKey={"type": "string", "pattern": "^-----BEGIN PRIVATE KEY-----\n"}), PemConfig
    )

    def credentials(self, config: PemConfig, body: bytes) -> tuple[dict[str, str], tuple[str, ...]]:
        """Sign the client's id and the body."""
        try:
            key = _loaded(config.private_key)
        except ValueError:
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, "privateKey is not a private key.") from None
        signature = key.sign(config.client_id.encode() + body, padding.PKCS1v15(), hashes.SHA256())
        token = base64.urlsafe_b64encode(signature).decode()
        return {"Authorization": f"Bearer {token}"}, (config.private_key,)


class PemProvider(KeyProvider):
    """Verifies the signature."""

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the signature with the one of the config's key, which is always the same."""
        key = _loaded(config["privateKey"])
        signature = key.sign(config["clientId"].encode() + request.body, padding.PKCS1v15(), hashes.SHA256())
        expected = base64.urlsafe_b64encode(signature).decode()
        return None if request.bearer == expected else "expected a signature of the config's key"


# --- how secrets are kept out of logs and errors --------------------------------------------------------------------


class QueryKey(KeySms):
    """Has its key in the query, and hides the client's error, which shows the address, with ``from None``."""

    metadata: ClassVar[ConnectorMetadata] = _key("query-key", "")["metadata"]
    config_guard: ClassVar[Guard[Any]] = _key("query-key", "^[!-~]{1,64}$")["config_guard"]

    def url(self, config: KeyConfig) -> str:
        """Add the key."""
        return f"{self._server}/messages?key={config.api_key.encode().hex()}"

    def credentials(self, config: KeyConfig, body: bytes) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return no header; the query has the key in hex."""
        del body
        return {}, (config.api_key, config.api_key.encode().hex())


class QueryProvider(KeyProvider):
    """Compares the key in the query."""

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the key."""
        expected = f"/messages?key={config['apiKey'].encode().hex()}"
        return None if request.target == expected else "expected the config's key in the query"


class _Redacting(logging.Filter):
    """Removes what follows ``key=``."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place."""
        record.msg, record.args = record.getMessage().partition("key=")[0] + "key=[hidden]", ()
        return True


_FILTERED: Final = logging.getLogger("tests.secret_forms.filtered")
_FILTERED.addFilter(_Redacting())


class FilteredLog(KeySms):
    """Logs its requests through a logger that redacts them."""

    metadata: ClassVar[ConnectorMetadata] = _key("filtered-log", "")["metadata"]
    config_guard: ClassVar[Guard[Any]] = _key("filtered-log", "^SG\\.[A-Za-z0-9_-]{22}\\.[A-Za-z0-9_-]{43}$")[
        "config_guard"
    ]

    def accepted(self, config: KeyConfig, message_id: str) -> object:
        """Log through the filter."""
        _FILTERED.info("sent %s key=%s", message_id, config.api_key)
        return message_id


_PEM: Final = (
    rsa.generate_private_key(65537, 2048)
    .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    .decode()
)

SECRET_FORMS: Final[tuple[Spec, ...]] = (
    _spec(PrefixedKey, config={"apiKey": "sk_live_4eC39HqLyjWDarjtT1zdp7dc"}),
    _spec(AccessKeyId, config={"apiKey": "AKIAIOSFODNN7EXAMPLE"}),
    _spec(ShortKey, config={"apiKey": "a1b2c3d4"}),
    _spec(PinKey, config={"apiKey": "481516"}),
    _spec(CompositeKey, config={"apiKey": f"xkeysib-{'0123456789abcdef' * 4}-AbCdEfGh12345678"}),
    _spec(
        OptionalAddress,
        ChatProvider,
        secrets=("botToken",),
        config={"botToken": "123456789:AAF-abcdefghijklmnopqrstuvwxyz01234", "apiUrl": "https://api.chat.example"},
    ),
    _spec(HexKey, config={"apiKey": "0123456789abcdef0123456789abcdef"}),
    _spec(UuidKey, config={"apiKey": "4f1a9f0e-7c7b-4a0e-9f6e-2d3c4b5a6978"}),
    _spec(SignedBase64Key, SignedProvider, config={"apiKey": base64.b64encode(bytes(range(200, 232))).decode()}),
    _spec(
        NestedPassword, NestedProvider, config={"auth": {"type": "login", "user": "acme", "password": "correct-horse"}}
    ),
    _spec(ListOfKeys, ListProvider, secrets=("keys[]",), config={"keys": [f"key-{'0a' * 16}", f"key-{'b1' * 16}"]}),
    _spec(
        ListOfAccounts,
        AccountsProvider,
        config={"accounts": [{"name": n, "token": f"xoxb-1234567890-{n * 24}"} for n in "aB"]},
    ),
    _spec(PrivateKey, PemProvider, config={"clientId": "client-1", "privateKey": _PEM}),
    _spec(QueryKey, QueryProvider, config={"apiKey": "k"}),
    _spec(FilteredLog, config={"apiKey": f"SG.{'aB3dE6gH9jK2mN5pQ8sT1v'}.{('Zy8xW5vU2tS7' * 4)[:43]}"}),
)
