"""Connectors that are wrong in one way each, the check that is meant to find it, and words that its message must have."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from attrs import evolve, frozen

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
from connector_kit.connectors.aws_ses.failures import send_failure, unusable_answer
from connector_kit.connectors.aws_ses.request import send_email_request


class Open(AwsSesConnector):
    """The right connector taken apart, so that a few lines make it wrong."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        """Build the request."""
        return send_email_request(config, email)

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call."""
        return self._client(config).send_email(**request)

    def failure(self, error: Exception, config: AwsSesConfig, email: Email) -> Exception:
        """Translate what the call raised."""
        payload = email.data.payload
        return send_failure(error, (config.access_key_secret, config.access_key_id, payload.code, payload.link))

    def accepted(self, answer: Any) -> object:  # noqa: ANN401 - botocore's answer
        """Read the answer."""
        status = answer["ResponseMetadata"]["HTTPStatusCode"]
        if status != 200 or not answer.get("MessageId"):
            raise unusable_answer("it was not accepted", status)
        return answer["MessageId"]

    def deliver(self, config: AwsSesConfig, email: Email) -> object:
        """Do all of that."""
        request = self.request(config, email)
        try:
            answer = self.call(config, request)
        except ConnectorError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever botocore raises
            failure = self.failure(error, config, email)
            raise failure from failure.__cause__
        return self.accepted(answer)

    # rendering, taken apart too

    def fill(self, template: str, payload: Mapping[str, Any]) -> str:
        """Render one text."""
        return replace_send_message_handlebars(template, payload)

    def pick(self, config: AwsSesConfig, message: SendMessageData) -> Any:  # noqa: ANN401 - a template
        """Choose the config's template."""
        return get_config_template_by_type(message.type, config)

    def compose(self, config: AwsSesConfig, message: SendMessageData) -> Email:
        """Route and render."""
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
    """One wrong connector.

    Args:
        connector: what is wrong.
        check: the id of the check that is meant to find it.
        words: what the check's message must say.
        based_on: the Spec of the right connector that it was made from; `Open`'s where it is left out.
    """

    connector: type[Connector[Any]]
    check: str
    words: str
    based_on: Spec | None = None

    @property
    def spec(self) -> Spec:
        """The right connector's Spec, with the wrong one in its place."""
        return evolve(self.based_on or spec_of(Open), connector=self.connector)


WRONG: list[Wrong] = []

W = TypeVar("W", bound=type[Connector[Any]])


def killed_by(check: str, words: str, *, spec: Spec | None = None) -> Callable[[W], W]:
    """Register a wrong connector; one that is not made from `Open` names the Spec of the right one."""

    def register(connector: W) -> W:
        WRONG.append(Wrong(connector, check, words, spec))
        return connector

    return register


def changed_metadata(**changes: Any) -> ConnectorMetadata:  # noqa: ANN401 - any field
    """Return the SES connector's metadata, changed."""
    return evolve(AwsSesConnector.metadata, **changes)


def changed_items(key: str, /, **changes: Any) -> tuple[ConnectorConfigFormItem, ...]:  # noqa: ANN401 - any field
    """Return the SES connector's form items, one of them changed."""
    items = AwsSesConnector.metadata.form_items or ()
    return tuple(evolve(item, **changes) if item.key == key else item for item in items)
