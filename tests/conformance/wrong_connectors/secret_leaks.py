"""Wrong connectors that leak secrets in parts, in other encodings, through other channels, or in rare cases."""

import base64
import logging
import os
import subprocess
import sys
import threading
import urllib.parse
from typing import Any, ClassVar

from attrs import field, frozen

from conformance import Spec
from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    Email,
    Guard,
    SendMessageData,
    Sms,
)
from connector_kit.connectors.aws_ses import AwsSesConfig
from tests.conformance.right_connectors.parts import STRING, config_schema
from tests.conformance.right_connectors.secret_forms import (
    SECRET_FORMS,
    AccessKeyId,
    CompositeKey,
    HexKey,
    KeyConfig,
    ListOfKeys,
    NestedPassword,
    PrefixedKey,
    PrivateKey,
    ShortKey,
    SignedBase64Key,
)
from tests.conformance.wrong_connectors.base import BaseSes, killed_by

_LOG = logging.getLogger(__name__)


def _spec(base: type[Any]) -> Spec:
    return next(spec for spec in SECRET_FORMS if spec.connector is base)


# --- parts and encodings --------------------------------------------------------------------------------------------


@killed_by("secrets.log", "accessKeySecret")
class LogsTheFirstEight(BaseSes):
    """Logs the first eight characters of the secret key."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        _LOG.info("Sending with %s…", config.access_key_secret[:8])
        return super().deliver(config, email)


@killed_by("secrets.log", "accessKeySecret")
class LogsTheLastSix(BaseSes):
    """Logs the last six characters of the secret key."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        _LOG.info("Sending with ****%s", config.access_key_secret[-6:])
        return super().deliver(config, email)


@killed_by("secrets.log", "apiKey", spec=_spec(CompositeKey))
class LogsAPartWithADash(CompositeKey):
    """Logs eight characters of the key, one of which is the dash between its parts."""

    def accepted(self, config: Any, message_id: str) -> object:
        _LOG.info("Sent with the key …%s…", config.api_key[-20:-12])
        return super().accepted(config, message_id)


@killed_by("secrets.log", "accessKeySecret")
class LogsTheMiddle(BaseSes):
    """Hides four characters at either end, and logs what is between them."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        _LOG.info("Sending with xxxx%sxxxx", config.access_key_secret[4:-4])
        return super().deliver(config, email)


@killed_by("secrets.failed-send", "accessKeySecret")
class HexInTheError(BaseSes):
    """Adds the secret key in hex to the error's data."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        failure = super().failure(error, config, email)
        if isinstance(failure, ConnectorError) and isinstance(failure.data, dict):
            failure.data["key"] = config.access_key_secret.encode().hex()
        return failure


@killed_by("secrets.log", "the link")
class LogsAnEncodedLink(BaseSes):
    """Logs the link of a message, percent-encoded, as part of a query."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        if email.data.payload.link:
            _LOG.info("Tracking ?to=%s", urllib.parse.quote(urllib.parse.quote(str(email.data.payload.link), safe="")))
        return super().deliver(config, email)


@killed_by("secrets.log", "the verification code")
class SpellsTheCode(BaseSes):
    """Logs the code as it is read out: with a space between its characters."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        _LOG.info("Speaking %s", " ".join(str(email.data.payload.code)))
        return super().deliver(config, email)


@killed_by("secrets.log", "the verification code")
class LogsTheGroupedCode(BaseSes):
    """Logs the code in groups, with a dash between them, as bytes in UTF-16."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        code = str(email.data.payload.code)
        grouped = "-".join(code[at : at + 3] for at in range(0, len(code), 3))
        _LOG.info("Encoded %r", grouped.encode("utf-16-le"))
        return super().deliver(config, email)


@killed_by("secrets.failed-send", "accessKeySecret")
class ReversedInANote(BaseSes):
    """Adds the secret key to the error as a note, reversed, as if that hid it."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        failure = super().failure(error, config, email)
        failure.add_note(f"key {config.access_key_secret[::-1]}")
        return failure


@killed_by("secrets.failed-send", "accessKeySecret")
class FoldedBase64(BaseSes):
    """Shows the secret key in base64 of 16 columns, as MIME writes it."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        text = base64.b64encode(f"user:{config.access_key_secret}".encode()).decode()
        lines = "\n".join(text[at : at + 16] for at in range(0, len(text), 16))
        failure = super().failure(error, config, email)
        if isinstance(failure, ConnectorError) and isinstance(failure.data, dict):
            failure.data["sent"] = lines
        return failure


@killed_by("secrets.log", "apiKey", spec=_spec(PrefixedKey))
class LogsTheStartOfAPrefixedKey(PrefixedKey):
    """Logs a key up to the sixth character after its prefix."""

    def accepted(self, config: KeyConfig, message_id: str) -> object:
        _LOG.info("Sent with %s…", config.api_key[:14])
        return message_id


@killed_by("secrets.failed-send", "apiKey", spec=_spec(ShortKey))
class ShowsAShortKey(ShortKey):
    """Adds a key of eight characters to its errors, in capitals."""

    def deliver(self, config: KeyConfig, sms: Sms) -> object:
        try:
            return super().deliver(config, sms)
        except ConnectorError as error:
            raise ConnectorError(error.code, {**error.data, "key": config.api_key.upper()}) from None  # type: ignore[dict-item] - always a dict


@killed_by("secrets.log", "apiKey", spec=_spec(HexKey))
class LogsAPartOfAHexKey(HexKey):
    """Logs half of a token in hex, in capitals."""

    def accepted(self, config: KeyConfig, message_id: str) -> object:
        _LOG.info("Sent with %s", config.api_key[8:24].upper())
        return super().accepted(config, message_id)


@killed_by("secrets.log", "apiKey", spec=_spec(SignedBase64Key))
class LogsADecodedKey(SignedBase64Key):
    """Logs the bytes of a base64 key."""

    def accepted(self, config: KeyConfig, message_id: str) -> object:
        _LOG.info("Signed with %s", base64.b64decode(config.api_key).hex(" "))
        return super().accepted(config, message_id)


@killed_by("secrets.log", "auth.password", spec=_spec(NestedPassword))
class LogsANestedPassword(NestedPassword):
    """Logs its HTTP Basic header."""

    def credentials(self, config: Any, body: bytes) -> tuple[dict[str, str], tuple[str, ...]]:
        headers, secrets = super().credentials(config, body)
        _LOG.info("Sending %s", headers)
        return headers, secrets


@killed_by("secrets.log", "keys[]", spec=_spec(ListOfKeys))
class LogsTheSecondKey(ListOfKeys):
    """Logs the key of a list that is not in use yet."""

    def accepted(self, config: Any, message_id: str) -> object:
        _LOG.info("The next key is %s", config.keys[-1])
        return message_id


@killed_by("secrets.log", "privateKey", spec=_spec(PrivateKey))
class LogsALineOfAPrivateKey(PrivateKey):
    """Logs the last full line of a private key."""

    def accepted(self, config: Any, message_id: str) -> object:
        _LOG.info("Signed with …%s", config.private_key.splitlines()[-3])
        return message_id


@killed_by("secrets.failed-send", "apiKey", spec=_spec(AccessKeyId))
class ShowsTheWholeKeyId(AccessKeyId):
    """Adds its key to errors of one kind only: those of credentials."""

    def deliver(self, config: KeyConfig, sms: Sms) -> object:
        try:
            return super().deliver(config, sms)
        except ConnectorError as error:
            if isinstance(error.data, dict) and error.data.get("status") == 401:
                raise ConnectorError(error.code, {**error.data, "hint": f"Is {config.api_key} active?"}) from None
            raise


@killed_by("secrets.log", "of six digits")
class LogsACodeOfDigits(BaseSes):
    """Logs the code if it is a number, grouped for reading."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        code = str(email.data.payload.code)
        if code.isdecimal():
            _LOG.info("Sending the code %d", int(code))
        return super().deliver(config, email)


# --- channels -------------------------------------------------------------------------------------------------------

_OWN_LOG = logging.getLogger(f"{__name__}.own")
_OWN_LOG.propagate = False
_OWN_LOG.setLevel(logging.INFO)


@killed_by("secrets.log", "accessKeySecret")
class LogsWithoutPropagation(BaseSes):
    """Logs the secret key with a logger that does not propagate to the root."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        _OWN_LOG.info("Sending with %s", config.access_key_secret)
        return super().deliver(config, email)


@killed_by("secrets.log", "the verification code")
class LogsAStructuredField(BaseSes):
    """Logs the payload as a structured field, which the text of the record does not show."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        _LOG.info("Sending", extra={"payload": dict(email.data.payload)})
        return super().deliver(config, email)


@killed_by("secrets.log", "accessKeySecret")
class LogsInAThread(BaseSes):
    """Logs the secret key in a thread that ends after the send."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        threading.Timer(0.05, _LOG.info, ("Refreshing %s", config.access_key_secret)).start()
        return super().deliver(config, email)


@killed_by("secrets.log", "accessKeySecret")
class LogsTheSecondMessage(BaseSes):
    """Logs the secret key when it reuses a connection, so not with the first message."""

    _sent = 0

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        self._sent += 1
        if self._sent > 1:
            _LOG.info("Reusing the connection of %s", config.access_key_secret)
        return super().deliver(config, email)


@killed_by("secrets.failed-send", "accessKeySecret")
class LogsTheThirdFailure(BaseSes):
    """Logs the config in full after three failures in a row."""

    _failed = 0

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        try:
            sent = super().deliver(config, email)
        except ConnectorError:
            self._failed += 1
            if self._failed >= 3:
                _LOG.warning("Three failures in a row with %s", config.access_key_secret)
            raise
        self._failed = 0
        return sent


@killed_by("secrets.output", "accessKeySecret")
class WritesToTheDescriptor(BaseSes):
    """Writes the secret key to descriptor 2, as C libraries do."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        os.write(2, f"debug: {config.access_key_secret}\n".encode())
        return super().deliver(config, email)


@killed_by("secrets.output", "accessKeySecret")
class ChildPrints(BaseSes):
    """Passes the secret key to another process, which prints it."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        subprocess.run(["/bin/echo", config.access_key_secret], check=False)
        return super().deliver(config, email)


@killed_by("secrets.output", "the verification code")
class PrintsToTheOriginalStream(BaseSes):
    """Prints the payload to the original standard output."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        print(dict(email.data.payload), file=sys.__stdout__)
        return super().deliver(config, email)


class _DetailedError(ConnectorError):
    """Has the request as an attribute."""

    request: object = None


@killed_by("secrets.failed-send", "accessKeySecret")
class SecretInAnAttribute(BaseSes):
    """Adds the config to the error as an attribute, which error trackers show."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        failure = super().failure(error, config, email)
        if not isinstance(failure, ConnectorError):
            return failure
        detailed = _DetailedError(failure.code, failure.data)
        detailed.request = {"key": config.access_key_secret}
        return detailed


@killed_by("secrets.failed-send", "for the outcome 'connection-refused'")
class SecretWhenUnreachable(BaseSes):
    """Shows the secret key if SES is unreachable."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        failure = super().failure(error, config, email)
        if type(error).__name__ == "EndpointConnectionError":
            return ConnectorError(ConnectorErrorCodes.GENERAL, f"unreachable with {config.access_key_secret}")
        return failure


@killed_by("errors.time-limit", "expected no secret in")
class PrintsOnTimeout(BaseSes):
    """Shows the secret key if SES does not respond."""

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        failure = super().failure(error, config, email)
        if type(error).__name__ == "ReadTimeoutError":
            print("timed out", config.access_key_secret)  # noqa: T201 - the fault
        return failure


class _Id(str):  # noqa: SLOT000 - the attribute is the fault
    """A message id with the request that it belongs to."""

    request: object = None


@killed_by("secrets.result", "the verification code")
class ResultWithAnAttribute(BaseSes):
    """Returns an id that carries the payload as an attribute."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        sent = _Id(super().deliver(config, email))
        sent.request = dict(email.data.payload)
        return sent


@killed_by("secrets.result", "the verification code")
class ReturnsAPart(BaseSes):
    """Returns an id that begins with half of the code."""

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        super().deliver(config, email)
        return f"{str(email.data.payload.code)[:16]}-1"


class _AnyTemplates(ShortKey):
    """Accepts a config without a template for every type."""

    config_guard: ClassVar[Guard[Any]] = Guard(
        config_schema({"apiKey": STRING, "templates": {"type": "array", "items": {"type": "object"}}}), KeyConfig
    )


@killed_by("secrets.rejected-message", "the verification code", spec=_spec(ShortKey))
class CodeWithoutATemplate(_AnyTemplates):
    """Shows the payload if there is no template for a message."""

    def send_message(self, data: Any, config: object = None) -> object:
        try:
            return super().send_message(data, config)
        except ConnectorError as error:
            if error.code is ConnectorErrorCodes.TEMPLATE_NOT_FOUND:
                raise ConnectorError(error.code, f"nothing for {dict(data['payload'])}") from None
            raise


@killed_by("secrets.rejected-message", "the link")
class LinkInARejectedMessage(BaseSes):
    """Shows the message if its JSON is not valid."""

    def send_message(self, data: Any, config: object = None) -> object:
        try:
            SendMessageData.from_json(data)
        except ConnectorError as error:
            raise ConnectorError(error.code, f"not a message: {data}") from None
        return super().send_message(data, config)


@killed_by("secrets.saved-config", "the verification code")
class LogsWithoutAConfig(BaseSes):
    """Logs the message if Logto cannot read the saved config."""

    def send_message(self, data: Any, config: object = None) -> object:
        try:
            return super().send_message(data, config)
        except ConnectorError:
            raise
        except Exception:
            _LOG.exception("no config for %s", data)
            raise


@frozen
class _Credentials:
    """Keys; their own repr shows them."""

    secret: str


@frozen
class _ConfigWithParts(AwsSesConfig):
    """A config class whose repr hides a part whose own repr hides nothing."""

    credentials: _Credentials | None = field(default=None, repr=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "credentials", _Credentials(self.access_key_secret))


@killed_by("secrets.repr", "accessKeySecret")
class PartWithPlainRepr(BaseSes):
    """Has a config with a part whose repr shows the secret key."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", _ConfigWithParts)


@killed_by("secrets.repr", "accessKeySecret")
class ReprAfterAFailure(BaseSes):
    """Has a repr that shows the config of the last failure."""

    _last: object = None

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        self._last = config.access_key_secret
        return super().failure(error, config, email)

    def __repr__(self) -> str:
        """Show the key."""
        return f"ReprAfterAFailure(last={self._last!r})"
