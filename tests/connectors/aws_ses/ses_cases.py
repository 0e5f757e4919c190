"""Configs, messages and fake clients that the tests of the SES connector share."""

import json
import traceback
from collections.abc import Mapping
from typing import Any

import pytest

from connector_kit import ConnectorError, Email, SendMessageData
from connector_kit.connectors.aws_ses import AwsSesConfig, AwsSesConnector, aws_ses_config_guard
from tests.loopback import HttpResponse, Loopback

Json = Any
KEY_ID = "AKIAFAKEFAKEFAKEFAKE"
KEY_SECRET = "canary+Secret/Key0123456789canarySecret0"  # never a real one
CODE = "918273"
MESSAGE = {"to": "success@simulator.amazonses.com", "type": "SignIn", "payload": {"code": CODE, "locale": "en"}}
ACCEPTED = HttpResponse(200, b'{"MessageId":"0102-accepted"}')


def ses_config(**changes: Json) -> dict[str, Json]:
    """Return a valid config, with changes."""
    return {
        "accessKeyId": KEY_ID,
        "accessKeySecret": KEY_SECRET,
        "region": "eu-west-1",
        "emailAddress": "Acme <noreply@acme.example>",
        "templates": [
            *(
                {"usageType": kind, "subject": f"{kind} {{{{code}}}}", "content": f"<p>{kind} {{{{code}}}}</p>"}
                for kind in ("Register", "SignIn", "ForgotPassword", "Generic")
            ),
            {"usageType": "OrganizationInvitation", "subject": "Invitation", "content": "<p>{{link}}</p>"},
        ],
        **changes,
    }


def settings(**changes: Json) -> AwsSesConfig:
    """Return a valid config as an instance of its class, with changes."""
    return aws_ses_config_guard.validate(ses_config(**changes))


def email(**changes: Any) -> Email:
    """Return a rendered e-mail, with changes."""
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
    """Replaces a botocore client: records each request, and returns a response or raises an exception."""

    def __init__(self, response: Mapping[str, Json] | Exception | None = None) -> None:
        self.calls: list[dict[str, Json]] = []
        self.response = response or {"MessageId": "0102-fake", "ResponseMetadata": {"HTTPStatusCode": 200}}

    def send_email(self, **members: Json) -> Mapping[str, Json]:
        """Record the request and respond."""
        self.calls.append(members)
        if isinstance(self.response, Exception):
            raise self.response
        return self.response


def connector_with(client: object, **kit: Any) -> AwsSesConnector:
    """Return a connector that uses the client."""
    return AwsSesConnector(client_factory=lambda _: client, get_config=lambda _: ses_config(), **kit)


def failure(connector: AwsSesConnector, config: Json = None, message: Json = MESSAGE) -> ConnectorError:
    """Return the error that a send raises; fail if it or its traceback shows a secret."""
    with pytest.raises(ConnectorError) as caught:
        connector.send_message(message, config)
    printed = "".join(traceback.format_exception(caught.value))
    for secret in (KEY_SECRET, KEY_ID, CODE):
        assert secret not in f"{printed}{caught.value!r}{caught.value.data}"
    return caught.value


def sent(server: Loopback) -> dict[str, Json]:
    """Return the members of the one request that the server received."""
    (request,) = server.requests
    members: dict[str, Json] = json.loads(request.body)
    return members


def error_response(status: int, code: str, message: str, **headers: str) -> HttpResponse:
    """Return an error response in the format of SES: the code in a header, the message in the body."""
    return HttpResponse(status, json.dumps({"message": message}).encode(), {"x-amzn-ErrorType": code, **headers})
