"""Both stubs of SES record the requests of botocore, judge them the same way, and respond like AWS."""

import contextlib
import json
import os
import threading
import time
from typing import Any

import botocore.session
import pytest
import urllib3
from attrs import evolve
from botocore.exceptions import ClientError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError

from conformance import PROFILES, Aspect, Call, HttpRequest, Provider, check_connector, spec_of
from conformance.providers.aws_ses import AwsSesProvider, AwsSesServer
from connector_kit.connectors.aws_ses import AwsSesConnector

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
STUBS = (AwsSesProvider, AwsSesServer)


@pytest.fixture(params=STUBS, ids=lambda it: it.__name__)
def provider(request: pytest.FixtureRequest) -> Provider:
    """Return each of the two stubs."""
    stub: Provider = request.param()
    return stub


def _client(**changes: Any) -> Any:
    session = botocore.session.get_session()
    return session.create_client(
        "sesv2",
        region_name=changes.get("region", CONFIG["region"]),
        aws_access_key_id=changes.get("key", CONFIG["accessKeyId"]),
        aws_secret_access_key=changes.get("secret", CONFIG["accessKeySecret"]),
        config=botocore.config.Config(
            retries={"mode": "standard", "total_max_attempts": 1}, read_timeout=changes.get("read_timeout", 5)
        ),
    )


def _sent(provider: Provider, **request: Any) -> Call:
    """Send one message and return the recorded call."""
    members = {key: value for key, value in (REQUEST | request).items() if value is not None}
    with provider.running():
        _client().send_email(**members)
    (call,) = provider.calls
    return call


def _with_raw(call: Call, **changes: Any) -> Call:
    return evolve(call, raw=evolve(call.raw, **changes))


def test_stub_records_a_request_and_responds_with_a_message_id(provider: Provider) -> None:
    """The call has each part of the message, and no aspect has an error."""
    with provider.running():
        response = _client().send_email(**REQUEST, ReplyToAddresses=["help@example.com"])
    (call,) = provider.calls
    assert (call.to, call.subject, call.html, call.text) == (("a@b.example",), "s", "h", None)
    assert (call.sender, call.reply_to) == (REQUEST["FromEmailAddress"], ("help@example.com",))
    assert call.result == response["MessageId"]
    assert call.body == "h"
    assert [provider.request_error(call, CONFIG, it) for it in ("format", "sender", "credentials", "options")] == [
        None
    ] * 4  # type: ignore[arg-type]


def test_call_contains_request_and_response_as_text(provider: Provider) -> None:
    """A report shows the first line, the headers and the body of both."""
    exchange = _sent(provider).exchange
    assert exchange is not None
    assert exchange.request.startswith("POST /v2/email/outbound-emails HTTP/1.1\n")
    assert "Authorization: AWS4-HMAC-SHA256" in exchange.request
    assert '"ToAddresses": ["a@b.example"]' in exchange.request
    assert exchange.response.startswith("HTTP/1.1 200 OK\n")
    assert "MessageId" in exchange.response


def test_stubs_have_the_same_outcomes_except_time_out() -> None:
    """Only a stub inside the client can produce a timeout at once."""
    names = {stub: {outcome.name for outcome in stub.outcomes} for stub in STUBS}
    assert names[AwsSesProvider] - names[AwsSesServer] == {"time-out"}
    assert names[AwsSesServer] < names[AwsSesProvider]
    hanging = [{outcome.name for outcome in stub.outcomes if outcome.hangs} for stub in STUBS]
    assert hanging == [{"hangs"}, {"hangs"}]


def test_message_may_be_accepted_before_these_outcomes() -> None:
    """A retry after one of them is a second message; SES has no idempotency key (E6)."""
    assert {it.name for it in AwsSesProvider.outcomes if it.ambiguous} == {
        "html-502",
        "html-504",
        "empty-body",
        "empty-id",
        "json-array",
        "bad-json",
        "accepted-202",
        "connection-lost",
        "time-out",
        "hangs",
    }


def test_stopped_stub_does_not_affect_new_sessions() -> None:
    """A session created afterwards sends its requests to AWS."""
    provider = AwsSesProvider()
    with provider.running():
        pass
    client = _client()
    client.meta.events.register_first("before-send.sesv2.SendEmail", lambda **_: (_ for _ in ()).throw(OSError("real")))
    with pytest.raises(OSError, match="real"):
        client.send_email(**REQUEST)
    assert provider.calls == []


def test_environment_points_to_the_running_server() -> None:
    """The address and the variable exist only while the server runs."""
    provider = AwsSesServer()
    assert provider.addresses == ()
    with provider.running():
        ((host, port),) = provider.addresses
        assert os.environ["AWS_ENDPOINT_URL_SESV2"] == f"http://{host}:{port}"
    assert "AWS_ENDPOINT_URL_SESV2" not in os.environ
    with pytest.raises(RuntimeError, match="only while it is running"):
        _ = provider.url


@pytest.mark.parametrize(
    ("client", "message"),
    [
        ({"key": "AKIAI44QH8DHBEXAMPLE"}, "accessKeyId"),
        ({"region": "us-east-1"}, "the region eu-west-1"),
        ({"secret": "another"}, "accessKeySecret"),
    ],
)
def test_wrong_key_region_or_secret_is_reported(provider: Provider, client: dict[str, str], message: str) -> None:
    """The message names the part of the signature that differs from the config."""
    with provider.running():
        _client(**client).send_email(**REQUEST)
    assert message in str(provider.request_error(provider.calls[0], CONFIG, "credentials"))


def test_endpoint_of_another_region_is_reported() -> None:
    """In the process, the stub also compares the region in the host name."""
    provider = AwsSesProvider()
    call = _with_raw(_sent(provider), url="https://email.us-east-1.amazonaws.com/v2/email/outbound-emails")
    assert "the region eu-west-1 in endpoint" in str(provider.request_error(call, CONFIG, "credentials"))


@pytest.mark.parametrize(
    ("authorization", "message"),
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
def test_missing_or_foreign_signature_is_reported(provider: Provider, authorization: str | None, message: str) -> None:
    """A request must have a signature for the service ``ses``."""
    call = _sent(provider)
    headers = {name: value for name, value in call.raw.headers.items() if name != "Authorization"}
    headers |= {"Authorization": authorization} if authorization else {}
    assert message in str(provider.request_error(_with_raw(call, headers=headers), CONFIG, "credentials"))


@pytest.mark.parametrize(
    ("change", "config", "aspect", "message"),
    [
        ({"FromEmailAddress": "other@example.com"}, {}, "sender", "found 'other@example.com'"),
        ({"FromEmailAddress": None}, {}, "sender", "found no sender"),
        ({}, {"emailAddress": None}, "sender", "expected no sender"),
        ({"FromEmailAddress": None}, {"emailAddress": None}, "sender", "None"),
        ({"ConfigurationSetName": None}, {}, "options", "ConfigurationSetName to be the config's"),
        (
            {"FeedbackForwardingEmailAddress": "x@y.example"},
            {},
            "options",
            "because the config has no feedbackForwardingEmailAddress; found 'x@y.example'",
        ),
    ],
)
def test_difference_from_the_config_is_reported(
    provider: Provider, change: dict[str, Any], config: dict[str, Any], aspect: Aspect, message: str
) -> None:
    """The sender and the options of the request must equal those of the config."""
    assert message in str(provider.request_error(_sent(provider, **change), CONFIG | config, aspect))


def test_malformed_request_is_reported(provider: Provider) -> None:
    """A wrong method, path or charset, or a body that is not a JSON object."""
    call = _sent(provider)
    assert "expected POST" in str(provider.request_error(_with_raw(call, method="GET"), CONFIG, "format"))
    assert "expected POST" in str(provider.request_error(_with_raw(call, url=f"{call.raw.url}/x"), CONFIG, "format"))
    latin = call.raw.body.replace(b"UTF-8", b"ISO-8859-1")
    assert "expected UTF-8 throughout" in str(provider.request_error(_with_raw(call, body=latin), CONFIG, "format"))
    for body in (b"{", b"[]"):
        assert "it is missing" in str(provider.request_error(_with_raw(call, body=body), CONFIG, "options"))


def test_server_records_requests_of_any_format() -> None:
    """A malformed request does not raise an exception in the server."""
    provider = AwsSesServer()
    bodies = [b"", b"null", b"\xff", b'{"Content": [], "Destination": {"ToAddresses": "a"}, "ReplyToAddresses": 1}']
    with provider.running(), urllib3.PoolManager() as pool:
        for body in bodies:
            assert pool.request("POST", f"{provider.url}/", body=body).status == 200
    assert [(call.to, call.subject, call.body) for call in provider.calls] == [((), None, None)] * len(bodies)
    assert all("expected POST" in str(provider.request_error(call, CONFIG, "format")) for call in provider.calls)


@pytest.mark.parametrize("name", [it.name for it in AwsSesProvider.outcomes if it.message])
def test_error_response_has_the_format_of_aws(provider: Provider, name: str) -> None:
    """Botocore parses the message and the request id."""
    provider.respond_with(name)
    with provider.running(), pytest.raises(ClientError) as caught:
        _client().send_email(**REQUEST)
    assert provider.outcome(name).message in caught.value.response["Error"]["Message"]
    assert caught.value.response["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize("name", [it.name for it in AwsSesProvider.outcomes if it.family == "malformed"])
def test_malformed_response_is_the_same_in_both_stubs(name: str) -> None:
    """Every byte is equal, except the request id."""
    responses = []
    for stub in STUBS:
        provider = stub()
        provider.respond_with(name)
        # botocore's parser fails on an array
        with provider.running(), contextlib.suppress(ClientError, AttributeError):
            _client().send_email(**REQUEST)
        exchange = provider.calls[0].exchange
        assert exchange is not None
        lines = exchange.response.splitlines()
        responses.append([line for line in lines if not line.startswith("x-amzn-RequestId")])
    assert responses[0] == responses[1]


@pytest.mark.parametrize(
    ("stub", "name", "error"),
    [
        (AwsSesProvider, "connection-refused", EndpointConnectionError),
        (AwsSesServer, "connection-refused", EndpointConnectionError),
        (AwsSesProvider, "connection-lost", ConnectionClosedError),
        (AwsSesServer, "connection-lost", ConnectionClosedError),
        (AwsSesProvider, "time-out", ReadTimeoutError),
    ],
)
def test_network_failure_raises_the_exception_of_botocore(
    stub: type[Provider], name: str, error: type[Exception]
) -> None:
    """The exception is the one of a real socket; after a reset the stub accepts messages."""
    provider = stub()
    provider.respond_with(name)
    with provider.running():
        client = _client()
        with pytest.raises(error):
            client.send_email(**REQUEST)
        provider.reset()
        assert client.send_email(**REQUEST)["MessageId"] == provider.calls[0].result


def test_hanging_request_ends_with_the_timeout_of_the_client(provider: Provider) -> None:
    """The request is recorded with its signature for SES."""
    provider.respond_with("hangs")
    with provider.running():
        started = time.monotonic()
        with pytest.raises(ReadTimeoutError):
            _client(read_timeout=0.3).send_email(**REQUEST)
        assert 0.25 < time.monotonic() - started < 5
        (call,) = provider.calls
        assert provider.request_error(call, CONFIG, "credentials") is None
        assert call.exchange is not None
        assert call.exchange.response == "[no response]"


@pytest.mark.parametrize("end", ["new outcome", "end of the stub"])
def test_new_outcome_or_end_of_stub_ends_hanging_requests(provider: Provider, end: str) -> None:
    """All requests that hang end at once."""
    errors: list[Exception] = []

    def send(client: Any) -> None:
        try:
            client.send_email(**REQUEST)
        except Exception as error:  # noqa: BLE001 - the test checks the type below
            errors.append(error)

    with provider.running():
        provider.respond_with("hangs")
        threads = [threading.Thread(target=send, args=(_client(read_timeout=60),)) for _ in range(3)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 10
        while len(provider.calls) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)  # until they wait for a response
        if end == "new outcome":
            provider.reset()
            _joined(threads)
            assert _client().send_email(**REQUEST)["MessageId"]
    _joined(threads)
    assert len(errors) == 3
    assert not any(isinstance(error, ReadTimeoutError) for error in errors)


def _joined(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.join(5)
        assert not thread.is_alive()


def test_echo_contains_the_request(provider: Provider) -> None:
    """The error message contains the Authorization header and the body, as from a careless proxy."""
    provider.respond_with("echo")
    with provider.running(), pytest.raises(ClientError) as caught:
        _client().send_email(**REQUEST)
    message = caught.value.response["Error"]["Message"]
    assert CONFIG["accessKeyId"] in message
    assert json.dumps("a@b.example") in message


def test_body_is_the_html_next_to_a_text_alternative(provider: Provider) -> None:
    """The call has both bodies."""
    both = {"Html": {"Data": "h"}, "Text": {"Data": "t"}}
    content = {"Simple": {"Subject": {"Data": "s"}, "Body": both}}
    call = _sent(provider, Content=content)
    assert (call.body, call.html, call.text) == ("h", "h", "t")


def test_proxy_of_the_environment_is_bypassed(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests reach the stub even if ``http_proxy`` is set."""
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert _sent(provider).to == ("a@b.example",)


def test_recorded_request_is_a_copy() -> None:
    """Later changes to botocore's request do not affect the call."""
    provider = AwsSesProvider()
    provider.respond_with("hangs")
    with provider.running(), pytest.raises(ReadTimeoutError):
        _client(read_timeout=0.1).send_email(**REQUEST)
    request: HttpRequest = provider.calls[0].raw
    assert request.url == "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails"


def test_connector_passes_the_suite_on_the_server() -> None:
    """The checks that depend on the provider pass on the second stub too."""
    spec = evolve(spec_of(AwsSesConnector), provider=AwsSesServer)
    checks = (
        *(f"delivery.{it}" for it in ("one-call", "request-format", "sender", "credentials", "options", "result")),
        *(f"errors.{it}" for it in ("quota", "rejection", "malformed-response", "network", "not-retried", "recovery")),
        "isolation.threads",
    )
    report = check_connector(spec, checks=checks, profile=PROFILES["dev"])
    assert report.spec_errors == ()
    assert [(it.id, it.message) for it in report.results if it.is_error] == []
