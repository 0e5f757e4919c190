"""The registry of wrong connectors, and the correct SES connector that most of them derive from."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import botocore.session
from attrs import evolve, field, frozen
from botocore.config import Config

from conformance import Spec, spec_of
from connector_kit import (
    Connector,
    ConnectorConfigFormItem,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Email,
    SendMessageData,
    get_config_template_by_type,
    replace_send_message_handlebars,
)
from connector_kit.connectors.aws_ses import AwsSesConfig, AwsSesConnector
from connector_kit.connectors.aws_ses.errors import ERRORS


def botocore_client(config: AwsSesConfig, *, attempts: int) -> Any:
    """Make a botocore client that retries as botocore does, with a number of attempts."""
    return botocore.session.get_session().create_client(
        "sesv2",
        region_name=config.region,
        aws_access_key_id=config.access_key_id,
        aws_secret_access_key=config.access_key_secret,
        config=Config(retries={"mode": "standard", "total_max_attempts": attempts}),
    )


class BaseSes(AwsSesConnector):
    """The SES connector in parts, so that overriding one part introduces one fault."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build the request."""
        return super().request(config, email)

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        """Call SES."""
        return self._client_of(config).send_email(**request)

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate an error of the call."""
        payload = email.data.payload
        return ERRORS.connector_error(
            error, (config.access_key_secret, config.access_key_id, payload.code, payload.link)
        )

    def accepted(self, response: Any) -> object:
        """Return the message id from the response."""
        status = response["ResponseMetadata"]["HTTPStatusCode"]
        if status != 200 or not response.get("MessageId"):
            raise ConnectorError(ConnectorErrorCodes.INVALID_RESPONSE, f"It was not accepted (HTTP {status}).")
        return response["MessageId"]

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Build the request, call SES and translate errors."""
        request = self.request(config, email)
        try:
            response = self.call(config, request)
        except ConnectorError:
            raise
        except Exception as error:  # noqa: BLE001 - botocore raises many types
            failure = self.failure(error, config, email)
            raise failure from failure.__cause__
        return self.accepted(response)

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render one text."""
        return replace_send_message_handlebars(template, payload)

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:
        """Choose the config's template."""
        return get_config_template_by_type(message.type, config)

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        """Choose the template and render it."""
        managed = self._i18n_template(message)
        template = managed or self.pick(config, message)
        if template is None:
            raise ConnectorError(ConnectorErrorCodes.TEMPLATE_NOT_FOUND)
        return Email(
            to=message.to,
            subject=self.fill(template.subject, message.payload),
            body=self.fill(template.content, message.payload),
            content_type=(managed.content_type if managed else None) or "text/html",
            reply_to=managed and managed.reply_to and self.fill(managed.reply_to, message.payload),
            send_from=managed and managed.send_from and self.fill(managed.send_from, message.payload),
            template=template,
            data=message,
        )


@frozen
class Wrong:
    """A connector with one fault.

    Args:
        connector: the class.
        check: the id of the check that must find the fault.
        words: a part of the check's message that names the fault.
        based_on: the Spec of the correct connector that it derives from; by default that of `BaseSes`.
        limits: time limits of the profile, by name; short for a connector that hangs.
    """

    connector: type[Connector[Any]]
    check: str
    words: str
    based_on: Spec | None = None
    limits: Mapping[str, float] = field(factory=dict)

    @property
    def spec(self) -> Spec:
        """The Spec of the correct connector, with the wrong connector instead."""
        return evolve(self.based_on or spec_of(BaseSes), connector=self.connector)


WRONG: list[Wrong] = []

W = TypeVar("W", bound=type[Connector[Any]])


def killed_by(check: str, words: str, *, spec: Spec | None = None, **limits: float) -> Callable[[W], W]:
    """Register a wrong connector; one that does not derive from `BaseSes` needs the Spec of its base."""

    def register(connector: W) -> W:
        WRONG.append(Wrong(connector, check, words, spec, limits))
        return connector

    return register


def changed_metadata(**changes: Any) -> ConnectorMetadata:
    """Return the metadata of the SES connector with changes."""
    return evolve(AwsSesConnector.metadata, **changes)


def changed_items(key: str, /, **changes: Any) -> tuple[ConnectorConfigFormItem, ...]:
    """Return the form items of the SES connector with changes in one of them."""
    items = AwsSesConnector.metadata.form_items or ()
    return tuple(evolve(item, **changes) if item.key == key else item for item in items)
