"""Configs, messages and stand-ins for the client that the tests of the SES connector share."""

import json
import traceback
from collections.abc import Mapping
from typing import Any

import pytest

from connector_kit import ConnectorError, Email, SendMessageData
from connector_kit.connectors.aws_ses import AwsSesConfig, AwsSesConnector, aws_ses_config_guard
from tests.loopback import Answer, Loopback

Json = Any
KEY_ID = "AKIAFAKEFAKEFAKEFAKE"
KEY_SECRET = "canary+Secret/Key0123456789canarySecret0"  # never a real one
CODE = "918273"
MESSAGE = {"to": "success@simulator.amazonses.com", "type": "SignIn", "payload": {"code": CODE, "locale": "en"}}
ACCEPTED = Answer(200, b'{"MessageId":"0102-accepted"}')


def ses_config(**changes: Json) -> dict[str, Json]:
    """Return a sound config, with changes."""
    return {
        "accessKeyId": KEY_ID,
        "accessKeySecret": KEY_SECRET,
        "region": "eu-west-1",
        "emailAddress": "Acme <noreply@acme.example>",
        "templates": [
            {"usageType": kind, "subject": f"{kind} {{{{code}}}}", "content": f"<p>{kind} {{{{code}}}}</p>"}
            for kind in ("Register", "SignIn", "ForgotPassword", "Generic")
        ],
        **changes,
    }


def settings(**changes: Json) -> AwsSesConfig:
    """Return a sound config as its class."""
    return aws_ses_config_guard.validate(ses_config(**changes))


def email(**changes: Any) -> Email:  # noqa: ANN401 - Email's own fields
    """Return an e-mail that is ready to go, with changes."""
    fields = {
        "to": "success@simulator.amazonses.com",
        "subject": "Subject",
        "body": "<p>Body</p>",
        "content_type": "text/html",
        "reply_to": None,
        "send_from": None,
        "template": None,
        "data": SendMessageData.from_json(MESSAGE),
    }
    return Email(**{**fields, **changes})


class FakeClient:
    """Stands in for a botocore client: records what it is asked, and answers or raises."""

    def __init__(self, answer: Mapping[str, Json] | Exception | None = None) -> None:
        self.calls: list[dict[str, Json]] = []
        self.answer = answer or {"MessageId": "0102-fake", "ResponseMetadata": {"HTTPStatusCode": 200}}

    def send_email(self, **members: Json) -> Mapping[str, Json]:
        """Record and answer."""
        self.calls.append(members)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def connector_with(client: object, **kit: Any) -> AwsSesConnector:  # noqa: ANN401 - as the connector's own
    """Return a connector that talks to a stand-in."""
    return AwsSesConnector(client_factory=lambda _: client, get_config=lambda _: ses_config(), **kit)


def failure(connector: AwsSesConnector, config: Json = None, message: Json = MESSAGE) -> ConnectorError:
    """Return the error that a send raises, after a look for secrets in all that could be printed of it."""
    with pytest.raises(ConnectorError) as caught:
        connector.send_message(message, config)
    printed = "".join(traceback.format_exception(caught.value))
    for secret in (KEY_SECRET, KEY_ID, CODE):
        assert secret not in f"{printed}{caught.value!r}{caught.value.data}"
    return caught.value


def sent(server: Loopback) -> dict[str, Json]:
    """Return the members of the one request that a server got."""
    (request,) = server.requests
    members: dict[str, Json] = json.loads(request.body)
    return members


def refusal(status: int, code: str, message: str, **headers: str) -> Answer:
    """Return an error as SES words it: the code in a header, the message in the body."""
    return Answer(status, json.dumps({"message": message}).encode(), {"x-amzn-ErrorType": code, **headers})
