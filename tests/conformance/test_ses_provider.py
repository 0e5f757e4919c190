"""The stub of SES sees what botocore would put on the wire, and judges it."""

import json
from typing import Any

import botocore.session
import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from conformance.providers.aws_ses import AwsSesProvider

CONFIG = {
    "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
    "accessKeySecret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "region": "eu-west-1",
    "emailAddress": "Ünï <noreply@example.com>",
    "configurationSetName": "codes",
}
REQUEST: dict[str, Any] = {
    "Content": {
        "Simple": {"Subject": {"Data": "s", "Charset": "UTF-8"}, "Body": {"Html": {"Data": "h", "Charset": "UTF-8"}}},
    },
    "Destination": {"ToAddresses": ["a@b.example"]},
    "FromEmailAddress": "=?utf-8?b?w5xuw68=?= <noreply@example.com>",
    "ConfigurationSetName": "codes",
}


def _client(**changes: str) -> Any:  # noqa: ANN401 - a botocore client
    session = botocore.session.get_session()
    return session.create_client(
        "sesv2",
        region_name=changes.get("region", CONFIG["region"]),
        aws_access_key_id=changes.get("key", CONFIG["accessKeyId"]),
        aws_secret_access_key=changes.get("secret", CONFIG["accessKeySecret"]),
        config=botocore.config.Config(retries={"mode": "standard", "total_max_attempts": 1}),
    )


def test_it_records_what_was_sent_and_answers_with_an_id() -> None:
    """One call, its parts by name, and the id that the caller gets."""
    provider = AwsSesProvider()
    with provider.running():
        answer = _client().send_email(**REQUEST, ReplyToAddresses=["help@example.com"])
    (call,) = provider.calls
    assert (call.to, call.subject, call.html, call.text) == (("a@b.example",), "s", "h", None)
    assert (call.sender, call.reply_to) == (REQUEST["FromEmailAddress"], ("help@example.com",))
    assert call.result == answer["MessageId"]
    assert call.body == "h"
    assert [provider.fault(call, CONFIG, it) for it in ("form", "sender", "credentials", "options")] == [None] * 4


def test_it_leaves_sessions_alone_once_it_is_gone() -> None:
    """A session that is made afterwards is not touched."""
    provider = AwsSesProvider()
    with provider.running():
        pass
    client = _client()
    client.meta.events.register_first("before-send.sesv2.SendEmail", lambda **_: (_ for _ in ()).throw(OSError("real")))
    with pytest.raises(OSError, match="real"):
        client.send_email(**REQUEST)
    assert provider.calls == []


@pytest.mark.parametrize(
    ("client", "words"),
    [
        ({"key": "AKIAI44QH8DHBEXAMPLE"}, "accessKeyId"),
        ({"region": "us-east-1"}, "the region eu-west-1"),
        ({"secret": "another"}, "accessKeySecret"),
    ],
)
def test_it_verifies_the_signature(client: dict[str, str], words: str) -> None:
    """Key, region and secret are those of the config, or it says which is not."""
    provider = AwsSesProvider()
    with provider.running():
        _client(**client).send_email(**REQUEST)
    fault = provider.fault(provider.calls[0], CONFIG, "credentials")
    assert fault is not None
    assert words in fault


@pytest.mark.parametrize(
    ("authorization", "words"),
    [
        (None, "Signature Version 4"),
        (
            (
                "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20260101/eu-west-1/sns/aws4_request, "
                f"SignedHeaders=host, Signature={'0' * 64}"
            ),
            "the service ses",
        ),
    ],
)
def test_it_wants_a_signature_for_ses(authorization: str | None, words: str) -> None:
    """A request without one, or with one for another service, is not taken."""
    provider = AwsSesProvider()
    with provider.running():
        _client().send_email(**REQUEST)
    (call,) = provider.calls
    del call.raw.headers["Authorization"]
    if authorization:
        call.raw.headers["Authorization"] = authorization
    assert words in str(provider.fault(call, CONFIG, "credentials"))


@pytest.mark.parametrize(
    ("change", "config", "aspect", "words"),
    [
        ({"FromEmailAddress": "other@example.com"}, {}, "sender", "found another"),
        ({"FromEmailAddress": None}, {}, "sender", "found none"),
        ({}, {"emailAddress": None}, "sender", "expected no sender"),
        ({"FromEmailAddress": None}, {"emailAddress": None}, "sender", "None"),
        ({"ConfigurationSetName": None}, {}, "options", "ConfigurationSetName to be the config's"),
        ({"FeedbackForwardingEmailAddress": "x@y.example"}, {}, "options", "(not set), found something else"),
    ],
)
def test_it_compares_with_the_config(change: dict[str, Any], config: dict[str, Any], aspect: Any, words: str) -> None:  # noqa: ANN401 - a literal
    """What the config says is what the request must say, and no more."""
    provider = AwsSesProvider()
    with provider.running():
        _client().send_email(**{key: value for key, value in (REQUEST | change).items() if value is not None})
    assert words in str(provider.fault(provider.calls[0], CONFIG | config, aspect))


def test_a_request_that_is_none_is_a_fault() -> None:
    """Another method, path or charset, and a body that is no JSON object."""
    provider = AwsSesProvider()
    with provider.running():
        _client().send_email(**REQUEST)
    (call,) = provider.calls
    call.raw.method = "GET"
    assert "expected POST" in str(provider.fault(call, CONFIG, "form"))
    for body in (b"{", b"[]"):
        call.raw.body = body
        assert "found nothing" in str(provider.fault(call, CONFIG, "options"))


@pytest.mark.parametrize("outcome", [it for it in AwsSesProvider.outcomes if it.message], ids=lambda it: it.name)
def test_a_refusal_comes_as_aws_sends_it(outcome: Any) -> None:  # noqa: ANN401 - an Outcome
    """Botocore reads code and message from it."""
    provider = AwsSesProvider()
    provider.answer_with(outcome.name)
    with provider.running(), pytest.raises(ClientError) as caught:
        _client().send_email(**REQUEST)
    assert outcome.message in caught.value.response["Error"]["Message"]
    assert caught.value.response["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("connection-refused", EndpointConnectionError),
        ("connection-lost", ConnectionClosedError),
        ("time-out", ReadTimeoutError),
    ],
)
def test_a_network_failure_is_botocores_own(name: str, error: type[Exception]) -> None:
    """As from a real socket."""
    provider = AwsSesProvider()
    provider.answer_with(name)
    with provider.running(), pytest.raises(error):
        _client().send_email(**REQUEST)


def test_an_echo_repeats_the_request() -> None:
    """Authorization and body, as a careless proxy would."""
    provider = AwsSesProvider()
    provider.answer_with("echo")
    with provider.running(), pytest.raises(ClientError) as caught:
        _client().send_email(**REQUEST)
    message = caught.value.response["Error"]["Message"]
    assert CONFIG["accessKeyId"] in message
    assert json.dumps("a@b.example") in message


def test_two_bodies_are_no_body() -> None:
    """A call with an HTML and a text body has no one body to compare."""
    provider = AwsSesProvider()
    both = {"Html": {"Data": "h"}, "Text": {"Data": "t"}}
    content = {"Simple": {"Subject": {"Data": "s"}, "Body": both}}
    with provider.running():
        _client().send_email(**(REQUEST | {"Content": content}))
    assert provider.calls[0].body is None
