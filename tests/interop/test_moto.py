"""A witness of another house: moto's server takes our message for one of Amazon's own SDK, and stores what we meant."""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.request import ProxyHandler, build_opener

import botocore.session
import pytest
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.server import ThreadedMotoServer
from moto.ses.models import Message, ses_backends

from connector_kit import ConnectorError, ConnectorErrorCodes
from connector_kit.connectors.aws_ses import AwsSesConnector

_REGION = "eu-west-1"
_CONFIG: Mapping[str, Any] = {
    "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
    "accessKeySecret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "region": _REGION,
    "emailAddress": "Logto <noreply@example.com>",
    "templates": [
        {"usageType": kind, "subject": f"{kind}: {{{{code}}}} → ação", "content": "<p>{{ code }} 登录</p>\r\n"}
        for kind in ("Register", "SignIn", "ForgotPassword", "Generic")
    ],
}


@pytest.fixture
def moto_ses(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run moto's server on a loopback port, with one verified identity."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        with build_opener(ProxyHandler({})).open(f"{url}/moto-api/reset", data=b"", timeout=10) as answer:
            answer.read()
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", url)
        client: Any = botocore.session.get_session().create_client(
            "sesv2",
            region_name=_REGION,
            aws_access_key_id=_CONFIG["accessKeyId"],
            aws_secret_access_key=_CONFIG["accessKeySecret"],
        )
        client.create_email_identity(EmailIdentity="noreply@example.com")
        client.close()
        yield
    finally:
        server.stop()
        assert server._server is not None
        server._server.server_close()


def _stored() -> Message:
    (message,) = ses_backends[DEFAULT_ACCOUNT_ID][_REGION].sent_messages
    assert isinstance(message, Message)
    return message


@pytest.mark.usefixtures("moto_ses")
def test_moto_stores_the_rendered_message() -> None:
    """Moto stores sender, recipient, subject and HTML body as config and payload define them."""
    connector = AwsSesConnector(get_config=lambda _: _CONFIG)
    message_id = connector.send_message({"to": "foo@logto.io", "type": "SignIn", "payload": {"code": "123456"}})
    message = _stored()
    assert message.id == message_id
    assert message.source == "Logto <noreply@example.com>"
    assert message.destinations["ToAddresses"] == ["foo@logto.io"]
    assert message.subject == "SignIn: 123456 → ação"
    assert message.body == "<p>123456 登录</p>\r\n"


@pytest.mark.usefixtures("moto_ses")
def test_unverified_sender_in_moto_raises_invalid_response() -> None:
    """Moto's error for an unverified sender raises ``invalid_response``, and moto stores nothing."""
    connector = AwsSesConnector(get_config=lambda _: {**_CONFIG, "emailAddress": "someone@else.example"})
    with pytest.raises(ConnectorError) as caught:
        connector.send_message({"to": "foo@logto.io", "type": "SignIn", "payload": {"code": "123456"}})
    assert caught.value.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert isinstance(caught.value.data, dict)
    assert caught.value.data["code"] == "MessageRejected"
    assert "someone@else.example" in caught.value.data["message"]
    assert ses_backends[DEFAULT_ACCOUNT_ID][_REGION].sent_messages == []
