"""Both forms of the stub of SES see what botocore puts on the wire, judge it alike, and answer as AWS does."""

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
FORMS = (AwsSesProvider, AwsSesServer)


@pytest.fixture(params=FORMS, ids=lambda it: it.__name__)
def provider(request: pytest.FixtureRequest) -> Provider:
    """Either form of the stub."""
    made: Provider = request.param()
    return made


def _client(**changes: Any) -> Any:  # noqa: ANN401 - a botocore client, and what it is made with
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


def _sent(provider: Provider, **request: Any) -> Call:  # noqa: ANN401 - members of the operation
    """Send one message and return what arrived."""
    members = {key: value for key, value in (REQUEST | request).items() if value is not None}
    with provider.running():
        _client().send_email(**members)
    (call,) = provider.calls
    return call


def _with_raw(call: Call, **changes: Any) -> Call:  # noqa: ANN401 - fields of a request
    return evolve(call, raw=evolve(call.raw, **changes))


def test_it_records_what_was_sent_and_answers_with_an_id(provider: Provider) -> None:
    """One call, its parts by name, and the id that the caller gets."""
    with provider.running():
        answer = _client().send_email(**REQUEST, ReplyToAddresses=["help@example.com"])
    (call,) = provider.calls
    assert (call.to, call.subject, call.html, call.text) == (("a@b.example",), "s", "h", None)
    assert (call.sender, call.reply_to) == (REQUEST["FromEmailAddress"], ("help@example.com",))
    assert call.result == answer["MessageId"]
    assert call.body == "h"
    assert [provider.fault(call, CONFIG, it) for it in ("form", "sender", "credentials", "options")] == [None] * 4  # type: ignore[arg-type]


def test_a_call_holds_request_and_answer_as_text(provider: Provider) -> None:
    """Line, headers and body of both, for a report."""
    exchange = _sent(provider).exchange
    assert exchange is not None
    assert exchange.request.startswith("POST /v2/email/outbound-emails HTTP/1.1\n")
    assert "Authorization: AWS4-HMAC-SHA256" in exchange.request
    assert '"ToAddresses": ["a@b.example"]' in exchange.request
    assert exchange.answer.startswith("HTTP/1.1 200 OK\n")
    assert "MessageId" in exchange.answer


def test_the_forms_know_the_same_outcomes_but_for_an_instant_time_out() -> None:
    """Only inside the client can a time limit be over at once."""
    names = {form: {it.name for it in form.outcomes} for form in FORMS}
    assert names[AwsSesProvider] - names[AwsSesServer] == {"time-out"}
    assert names[AwsSesServer] < names[AwsSesProvider]
    assert (
        {it for it in AwsSesServer.outcomes if it.hangs} == {it for it in AwsSesProvider.outcomes if it.hangs} != set()
    )


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


def test_the_server_is_where_the_environment_leads() -> None:
    """Address and variable are there while it runs, and gone afterwards."""
    provider = AwsSesServer()
    assert provider.addresses == ()
    with provider.running():
        ((host, port),) = provider.addresses
        assert os.environ["AWS_ENDPOINT_URL_SESV2"] == f"http://{host}:{port}"
    assert "AWS_ENDPOINT_URL_SESV2" not in os.environ
    with pytest.raises(RuntimeError, match="only while it is running"):
        _ = provider.url


@pytest.mark.parametrize(
    ("client", "words"),
    [
        ({"key": "AKIAI44QH8DHBEXAMPLE"}, "accessKeyId"),
        ({"region": "us-east-1"}, "the region eu-west-1"),
        ({"secret": "another"}, "accessKeySecret"),
    ],
)
def test_it_verifies_the_signature(provider: Provider, client: dict[str, str], words: str) -> None:
    """Key, region and secret are those of the config, or it says which is not."""
    with provider.running():
        _client(**client).send_email(**REQUEST)
    fault = provider.fault(provider.calls[0], CONFIG, "credentials")
    assert fault is not None
    assert words in fault


def test_in_the_process_the_endpoint_tells_the_region_too() -> None:
    """A signature for one region does not do at the endpoint of another."""
    provider = AwsSesProvider()
    call = _with_raw(_sent(provider), url="https://email.us-east-1.amazonaws.com/v2/email/outbound-emails")
    assert "the region eu-west-1 in endpoint" in str(provider.fault(call, CONFIG, "credentials"))


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
def test_it_wants_a_signature_for_ses(provider: Provider, authorization: str | None, words: str) -> None:
    """A request without one, or with one for another service, is not taken."""
    call = _sent(provider)
    headers = {name: value for name, value in call.raw.headers.items() if name != "Authorization"}
    headers |= {"Authorization": authorization} if authorization else {}
    assert words in str(provider.fault(_with_raw(call, headers=headers), CONFIG, "credentials"))


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
def test_it_compares_with_the_config(
    provider: Provider, change: dict[str, Any], config: dict[str, Any], aspect: Aspect, words: str
) -> None:
    """What the config says is what the request must say, and no more."""
    assert words in str(provider.fault(_sent(provider, **change), CONFIG | config, aspect))


def test_a_request_that_is_none_is_a_fault(provider: Provider) -> None:
    """Another method, path or charset, and a body that is no JSON object."""
    call = _sent(provider)
    assert "expected POST" in str(provider.fault(_with_raw(call, method="GET"), CONFIG, "form"))
    assert "expected POST" in str(provider.fault(_with_raw(call, url=f"{call.raw.url}/x"), CONFIG, "form"))
    latin = call.raw.body.replace(b"UTF-8", b"ISO-8859-1")
    assert "expected UTF-8 throughout" in str(provider.fault(_with_raw(call, body=latin), CONFIG, "form"))
    for body in (b"{", b"[]"):
        assert "found nothing" in str(provider.fault(_with_raw(call, body=body), CONFIG, "options"))


def test_a_request_of_any_shape_is_recorded_and_judged() -> None:
    """Whatever another process posts breaks no thread of the server."""
    provider = AwsSesServer()
    bodies = [b"", b"null", b"\xff", b'{"Content": [], "Destination": {"ToAddresses": "a"}, "ReplyToAddresses": 1}']
    with provider.running(), urllib3.PoolManager() as pool:
        for body in bodies:
            assert pool.request("POST", f"{provider.url}/", body=body).status == 200
    assert [(call.to, call.subject, call.body) for call in provider.calls] == [((), None, None)] * len(bodies)
    assert all("expected POST" in str(provider.fault(call, CONFIG, "form")) for call in provider.calls)


@pytest.mark.parametrize("name", [it.name for it in AwsSesProvider.outcomes if it.message])
def test_a_refusal_comes_as_aws_sends_it(provider: Provider, name: str) -> None:
    """Botocore reads code and message from it."""
    provider.answer_with(name)
    with provider.running(), pytest.raises(ClientError) as caught:
        _client().send_email(**REQUEST)
    assert provider.outcome(name).message in caught.value.response["Error"]["Message"]
    assert caught.value.response["ResponseMetadata"]["RequestId"]


@pytest.mark.parametrize("name", [it.name for it in AwsSesProvider.outcomes if it.family == "broken"])
def test_a_broken_answer_is_the_same_in_both_forms(name: str) -> None:
    """To the byte, but for the request's id."""
    answers = []
    for form in FORMS:
        provider = form()
        provider.answer_with(name)
        # botocore's parser breaks on an array
        with provider.running(), contextlib.suppress(ClientError, AttributeError):
            _client().send_email(**REQUEST)
        exchange = provider.calls[0].exchange
        assert exchange is not None
        answers.append([it for it in exchange.answer.splitlines() if not it.startswith("x-amzn-RequestId")])
    assert answers[0] == answers[1]


@pytest.mark.parametrize(
    ("form", "name", "error"),
    [
        (AwsSesProvider, "connection-refused", EndpointConnectionError),
        (AwsSesServer, "connection-refused", EndpointConnectionError),
        (AwsSesProvider, "connection-lost", ConnectionClosedError),
        (AwsSesServer, "connection-lost", ConnectionClosedError),
        (AwsSesProvider, "time-out", ReadTimeoutError),
    ],
)
def test_a_network_failure_is_botocores_own(form: type[Provider], name: str, error: type[Exception]) -> None:
    """As from a real socket; afterwards the stub answers again."""
    provider = form()
    provider.answer_with(name)
    with provider.running():
        client = _client()
        with pytest.raises(error):
            client.send_email(**REQUEST)
        provider.reset()
        assert client.send_email(**REQUEST)["MessageId"] == provider.calls[0].result


def test_what_hangs_is_left_by_the_clients_own_time_limit(provider: Provider) -> None:
    """The request is recorded, signed for SES as ever, and the client waits as long as it was told to."""
    provider.answer_with("hangs")
    with provider.running():
        started = time.monotonic()
        with pytest.raises(ReadTimeoutError):
            _client(read_timeout=0.3).send_email(**REQUEST)
        assert 0.25 < time.monotonic() - started < 5
        (call,) = provider.calls
        assert provider.fault(call, CONFIG, "credentials") is None
        assert call.exchange is not None
        assert call.exchange.answer == "[no answer came]"


@pytest.mark.parametrize("end", ["another outcome", "the stub"])
def test_what_hangs_is_let_go(provider: Provider, end: str) -> None:
    """A new outcome, and the end of the stub, free every request at once."""
    errors: list[Exception] = []

    def send(client: Any) -> None:  # noqa: ANN401 - a botocore client
        try:
            client.send_email(**REQUEST)
        except Exception as error:  # noqa: BLE001 - judged below
            errors.append(error)

    with provider.running():
        provider.answer_with("hangs")
        threads = [threading.Thread(target=send, args=(_client(read_timeout=60),)) for _ in range(3)]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 10
        while len(provider.calls) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)  # until they wait for an answer
        if end == "another outcome":
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


def test_an_echo_repeats_the_request(provider: Provider) -> None:
    """Authorization and body, as a careless proxy would."""
    provider.answer_with("echo")
    with provider.running(), pytest.raises(ClientError) as caught:
        _client().send_email(**REQUEST)
    message = caught.value.response["Error"]["Message"]
    assert CONFIG["accessKeyId"] in message
    assert json.dumps("a@b.example") in message


def test_two_bodies_are_no_body(provider: Provider) -> None:
    """A call with an HTML and a text body has no one body to compare."""
    both = {"Html": {"Data": "h"}, "Text": {"Data": "t"}}
    content = {"Simple": {"Subject": {"Data": "s"}, "Body": both}}
    assert _sent(provider, Content=content).body is None


def test_a_proxy_in_the_environment_is_passed_by(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing stands between a connector and the stub."""
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert _sent(provider).to == ("a@b.example",)


def test_the_request_that_was_recorded_is_not_botocores_own() -> None:
    """What botocore does to its request later changes nothing of the call."""
    provider = AwsSesProvider()
    provider.answer_with("hangs")
    with provider.running(), pytest.raises(ReadTimeoutError):
        _client(read_timeout=0.1).send_email(**REQUEST)
    request: HttpRequest = provider.calls[0].raw
    assert request.url == "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails"


def test_the_connector_passes_the_suite_on_the_server_too() -> None:
    """One connector, one contract, whichever form stands in for SES."""
    spec = evolve(spec_of(AwsSesConnector), provider=AwsSesServer)
    checks = (
        *(f"delivery.{it}" for it in ("one-call", "form", "sender", "credentials", "options", "result")),
        *(f"errors.{it}" for it in ("quota", "refusal", "broken-answer", "network", "not-repeated", "recovers")),
        "isolation.threads",
    )
    report = check_connector(spec, checks=checks, profile=PROFILES["dev"])
    assert report.faults == ()
    assert [(it.id, it.message) for it in report.results if it.is_error] == []
