"""`HttpProvider`: its responses, its comparison of requests with the config, and the mistakes of authors that it reports."""

import contextlib
import json
import os
import socket
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
import urllib3
from attrs import evolve

from conformance import Failure, HttpProvider, HttpRequest, HttpResponse, Message, Outcome, check_connector
from conformance.providers.certificates import CA_BUNDLE_VARIABLES
from conformance.providers.sockets import SocketBlockedError
from connector_kit import ConnectorErrorCodes as Codes
from tests.conformance.right_connectors.everything import EVERYTHING, FullProvider
from tests.conformance.right_connectors.plain_text import PLAIN_TEXT, PlainProvider

CONFIG = {"endpoint": "https://acme.example", "apiKey": "k€y", "sender": "Ünï <a@b.example>", "tag": "codes"}
MAIL = {"to": "a@b.example", "subject": "s", "html": "h", "from": "=?utf-8?b?w5xuw68=?= <a@b.example>", "tag": "codes"}


class Acme(HttpProvider):
    """The stub of Acme Mail."""

    config_key = "endpoint"
    path = "/v1/messages"
    authorization = "Bearer {apiKey}"
    sender_key = "sender"
    settings: ClassVar[Mapping[str, str]] = {"tag": "tag"}
    failures = (Failure("slow-down", "throttle", 429, "Slow down."), Failure("unpaid", "quota", 402, "No credit."))

    def read(self, request: HttpRequest) -> Message:
        """Return the mail."""
        sent = request.json
        return Message(sent["to"], sent["subject"], sent.get("html"), sent.get("text"), sender=sent.get("from"))


def _post(
    provider: HttpProvider, mail: object = None, path: str = "/v1/messages", **headers: str
) -> urllib3.BaseHTTPResponse:
    body = json.dumps(MAIL if mail is None else mail).encode()
    known = {"Content-Type": "application/json", "Authorization": "Bearer k€y".encode().decode("latin-1")}
    named = known | {name.replace("_", "-"): value for name, value in headers.items()}
    with urllib3.PoolManager(retries=False, timeout=0.5) as pool:
        return pool.request("POST", f"{provider.address}{path}", body=body, headers=named)


def _send(outcome: str, provider: HttpProvider | None = None, mail: object = None) -> urllib3.BaseHTTPResponse:
    acme = provider or Acme()
    acme.respond_with(outcome)
    with acme.running():
        return _post(acme, mail)


def _errors(provider: HttpProvider, **config: str | None) -> list[str]:
    """Return the errors of the last call, in the order of the aspects."""
    call, changed = provider.calls[-1], {key: it for key, it in (CONFIG | config).items() if it is not None}
    found = [provider.request_error(call, changed, it) for it in ("format", "sender", "credentials", "options")]  # type: ignore[arg-type]
    return [it for it in found if it is not None]


def test_call_has_the_message_and_the_id() -> None:
    """The message is the one that `read` returns; request and response are there as text."""
    acme = Acme()
    response = _send("accepted", acme)
    (call,) = acme.calls
    assert (call.to, call.subject, call.html, call.text) == (("a@b.example",), "s", "h", None)
    assert call.result == response.json()["id"]
    assert call.exchange is not None
    assert call.exchange.request.startswith("POST /v1/messages HTTP/1.1\n")
    assert str(call.result) in call.exchange.response


def test_message_has_one_or_several_recipients() -> None:
    """A string, a list or ``None`` becomes a tuple; the same holds for reply-to."""
    assert Message("a").to == Message(["a"]).to == ("a",)
    assert (Message(None).to, Message("a", reply_to=None).reply_to) == ((), ())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "status", "body"),
    [
        ("slow-down", 429, b'{"message": "Slow down."}'),
        ("unpaid", 402, b'{"message": "No credit."}'),
        ("internal-error", 500, b'{"message": "Internal error."}'),
        ("empty-body", 200, b""),
        ("empty-object", 200, b"{}"),
        ("bad-json", 200, b'{"id": "'),
        ("json-array", 200, b"[]"),
        ("html-502", 502, b"<html><body><h1>502 Bad Gateway</h1></body></html>"),
        ("html-504", 504, b"<html><body><h1>504 Gateway Time-out</h1></body></html>"),
    ],
)
def test_each_outcome_has_a_response(outcome: str, status: int, body: bytes) -> None:
    """The author's failures, and the common outcomes."""
    response = _send(outcome)
    assert (response.status, response.data) == (status, body)


@pytest.mark.parametrize(
    ("failure", "ambiguous"),
    [
        *((Failure("x", "server-error", status), True) for status in (502, 504)),
        *((Failure("x", "malformed", status), True) for status in (200, 202, 502, 504)),
        *((Failure("x", "server-error", status), False) for status in (200, 400, 500, 503)),
        *((Failure("x", family, 502), False) for family in ("throttle", "quota", "rejection", "credentials")),
        (Failure("x", "server-error", response=HttpResponse(504)), True),
        (Failure("x", "server-error", 504, ambiguous=False), False),
        (Failure("x", "rejection", ambiguous=True), True),
    ],
)
def test_status_decides_whether_a_message_may_be_accepted(failure: Failure, ambiguous: object) -> None:
    """Unless the Failure declares it (E6)."""
    assert failure.outcome.ambiguous is ambiguous


def test_message_may_be_accepted_before_these_common_outcomes() -> None:
    """A retry after one of them is a second message."""
    assert {it.name for it in Acme.outcomes if it.ambiguous and it.only_for is None} == {
        "html-502",
        "html-504",
        "empty-body",
        "empty-object",
        "bad-json",
        "json-array",
        "connection-lost",
        "hangs",
    }


def test_family_decides_the_expected_code() -> None:
    """A Failure can name another code."""
    assert [(it.family, it.expect) for it in Acme.outcomes[:3]] == [
        ("accepted", None),
        ("throttle", Codes.RATE_LIMIT_EXCEEDED),
        ("quota", Codes.USAGE_LIMIT_EXCEEDED),
    ]
    assert Failure("x", "server-error", expect=Codes.GENERAL).outcome.expect is Codes.GENERAL
    assert {it.expect for it in Acme.outcomes if it.family == "network"} == {Codes.GENERAL}


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        ("connection-refused", urllib3.exceptions.NewConnectionError),
        ("connection-lost", urllib3.exceptions.ProtocolError),
        ("hangs", urllib3.exceptions.ReadTimeoutError),
    ],
)
def test_network_outcome_has_no_response(outcome: str, error: type[Exception]) -> None:
    """The connection is refused or closed, or stays silent."""
    with pytest.raises(error):
        _send(outcome)


def test_echo_repeats_the_request() -> None:
    """The error message contains authorization, target and body."""
    message = _send("echo").json()["message"]
    assert message.startswith("Rejected: Bearer k")
    assert "/v1/messages" in message
    assert '"to": "a@b.example"' in message


def test_common_outcome_can_be_changed_excluded_or_replaced() -> None:
    """An expected code of ``None`` means that the send succeeds."""

    class Other(Acme):
        expected_codes: ClassVar[Mapping[str, Codes | None]] = {"html-502": Codes.GENERAL, "empty-body": None}
        excluded_outcomes = ("hangs",)
        failures = (Failure("internal-error", "server-error", 503, "Down."),)

    known = {it.name: it for it in Other.outcomes}
    assert (known["html-502"].expect, known["empty-body"].expect) == (Codes.GENERAL, None)
    assert "hangs" not in known
    assert known["internal-error"].message == "Down."
    assert _send("internal-error", Other()).status == 503


def test_response_that_is_not_read_has_no_malformed_outcomes() -> None:
    """An empty success response means that the send returns ``None``."""
    assert not {"empty-body", "bad-json", "json-array", "empty-object"} & {it.name for it in PlainProvider.outcomes}
    assert PlainProvider().expected_result("id") is None


def test_provider_without_error_messages_has_outcomes_without_message() -> None:
    """The echo is the exception: its message repeats the request."""

    class Mute(Acme):
        has_error_messages = False

        def error_response(self, status: int, message: str) -> HttpResponse:
            """Return the message of the echo only."""
            return HttpResponse.html(message if message.startswith("Rejected") else "", status)

    assert {it.message for it in Mute.outcomes if not it.echoes} == {""}
    assert Mute.outcome("echo").message


@pytest.mark.parametrize("by", ["config_key", "environment_variable", "connector_option"])
def test_connector_gets_the_address_in_one_of_three_ways(by: str) -> None:
    """In its config, in the environment, or as an argument of its constructor."""

    class Addressed(Acme):
        config_key = "url" if by == "config_key" else None
        environment_variable = "ACME_TEST_URL" if by == "environment_variable" else None
        connector_option = "url" if by == "connector_option" else None
        base_path = "/base"

    provider = Addressed()
    with provider.running():
        found = [
            provider.prepare_config({}).get("url"),
            os.environ.get("ACME_TEST_URL"),
            provider.connector_options().get("url"),
        ]
        expected = [
            provider.address if by == it else None for it in ("config_key", "environment_variable", "connector_option")
        ]
        assert found == expected
        assert provider.address == f"{provider.url}/base"
    assert "ACME_TEST_URL" not in os.environ


def test_environment_is_restored(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that existed before has its old value again."""
    monkeypatch.setenv("no_proxy", "internal.example")
    with Acme().running():
        assert os.environ["no_proxy"] == "*"
    assert os.environ["no_proxy"] == "internal.example"


def test_correct_request_has_no_errors() -> None:
    """Format, sender, credentials and options."""
    acme = Acme()
    _send("accepted", acme)
    credentials = evolve(
        acme.calls[-1].raw, headers={"Authorization": "Bearer k€y", "Content-Type": "application/json"}
    )
    acme.calls[-1] = evolve(acme.calls[-1], raw=credentials)
    assert _errors(acme) == []


@pytest.mark.parametrize(
    ("config", "mail", "message"),
    [
        (
            {"sender": "other@b.example"},
            {},
            f"expected the sender to be the config's sender 'other@b.example', found {MAIL['from']!r}",
        ),
        ({"sender": None}, {}, "expected no sender, because the config has no sender; found "),
        ({"sender": "Acme"}, {"from": "Acme GmbH"}, "the config's sender 'Acme', found 'Acme GmbH'"),
        ({}, {"from": None}, "the config's sender 'Ünï <a@b.example>', found no sender"),
        ({"tag": "other"}, {}, "expected tag to be the config's tag 'other'; found 'codes'"),
        ({}, {"tag": None}, "expected tag to be the config's tag 'codes'; it is missing"),
        ({"tag": None}, {}, "expected tag to be missing, because the config has no tag; found 'codes'"),
        (
            {"apiKey": "other"},
            {},
            "expected the Authorization header 'Bearer {apiKey}' of the config, found 'Bearer' and 5 characters",
        ),
    ],
)
def test_request_is_compared_with_the_config(config: dict[str, Any], mail: dict[str, Any], message: str) -> None:
    """The message shows the expected value and the value found, but no credentials."""
    acme = Acme()
    _send("accepted", acme, {key: it for key, it in (MAIL | mail).items() if it is not None})
    assert any(message in it for it in _errors(acme, **config))


def test_format_is_method_path_and_content_type() -> None:
    """The path may contain values of the config; without a path or a content type, any is accepted."""

    class Formal(Acme):
        base_path = "/v1"
        path = "/v1/{tag}/x y"
        content_type = "application/json"

    formal = Formal()
    with formal.running():
        _post(formal, path="/codes/x%20y")
        assert formal.request_error(formal.calls[-1], CONFIG, "format") is None
        _post(formal, path="/codes/x")
        assert (
            formal.request_error(formal.calls[-1], CONFIG, "format")
            == "expected POST /v1/codes/x y, found POST /v1/codes/x"
        )
        _post(formal, path="/codes/x%20y", Content_Type="text/plain")
        assert "the content type application/json, found text/plain" in str(
            formal.request_error(formal.calls[-1], CONFIG, "format")
        )
    call = evolve(formal.calls[0], raw=evolve(formal.calls[0].raw, method="PUT"))
    assert "found PUT" in str(formal.request_error(call, CONFIG, "format"))

    class Anywhere(Acme):
        path = None
        sender_key = None

    anywhere = Anywhere()
    _send("accepted", anywhere)
    assert anywhere.request_error(anywhere.calls[0], CONFIG, "format") is None
    assert anywhere.request_error(anywhere.calls[0], {}, "sender") is None


@pytest.mark.parametrize(
    ("authorization", "header", "error"),
    [
        ("Basic {user}:{password}", "Basic dTpw", None),
        (
            "Basic api:{password}",
            "Basic dTpw",
            "expected the Authorization header 'Basic api:{password}' of the config, found 'Basic' and 4 characters",
        ),
        ("{missing}", None, None),
        ("", "dTpw", "expected no such header, found 4 characters"),
        ("{password}", None, "expected the Authorization header '{password}' of the config, found none"),
    ],
)
def test_authorization_is_compared_with_a_template(authorization: str, header: str | None, error: str | None) -> None:
    """The template has values of the config, in base64 after ``Basic``; an empty one means no header."""
    template = authorization

    class Authorized(Acme):
        authorization = template

    request = HttpRequest("POST", "http://h/", {} if header is None else {"Authorization": header})
    assert Authorized().credentials_error(request, {"user": "u", "password": "p"}) == error


@pytest.mark.parametrize(
    ("body", "content_type", "value", "same"),
    [
        (b'{"a": {"b": 5}}', "application/json", 5, True),
        (b'{"a": {"b": 5}}', "application/json", "5", False),
        (b'{"a": 1}', "application/json", None, True),
        (b"[]", "application/json", 5, False),
        (b"a.b=5", "application/x-www-form-urlencoded", 5, True),
        (b"a.b=true", "application/x-www-form-urlencoded", True, True),
        (b"a.b=5", "application/x-www-form-urlencoded", "5", True),
        (b"a.b=5", "application/x-www-form-urlencoded", None, False),
    ],
)
def test_setting_is_found_in_json_and_in_forms(body: bytes, content_type: str, value: object, *, same: bool) -> None:
    """A dotted name is a path in JSON and a name in a form, whose values are text."""

    class Set(Acme):
        settings: ClassVar[Mapping[str, str]] = {"key": "a.b"}

    request = HttpRequest("POST", "http://h/", {"Content-Type": content_type}, body)
    assert (Set().options_error(request, {} if value is None else {"key": value}) is None) == same


@pytest.mark.parametrize(
    ("mail", "message"),
    [({"subject": "s"}, "KeyError: 'to'"), ([], "TypeError"), ({"to": "a", "subject": None, "html": 1}, None)],
)
def test_unreadable_request_is_rejected_with_the_reason(mail: object, message: str | None) -> None:
    """The server does not crash: it records the call and responds with status 400."""
    acme = Acme()
    response = _send("accepted", acme, mail)
    (call,) = acme.calls
    if message is None:
        assert response.status == 200
        return
    assert response.status == 400
    assert (call.to, call.result) == ((), None)
    error = str(acme.request_error(call, CONFIG, "format"))
    assert error.startswith("Acme cannot read the request: ")
    assert message in error
    assert error == response.json()["message"]


def test_read_without_message_is_an_error_of_the_spec() -> None:
    """The first message shows the mistake, before any check runs."""

    class Forgetful(FullProvider):
        def read(self, request: HttpRequest) -> Message:
            """Return JSON by mistake."""
            return request.json  # type: ignore[no-any-return]  # on purpose

    report = check_connector(evolve(EVERYTHING, provider=Forgetful), checks=["delivery.request-format"])
    assert "read() must return a Message, found dict" in report.spec_errors[0]


def test_other_requests_leave_no_call() -> None:
    """They can fail as messages do."""

    class Tokens(Acme):
        def respond_to_other(self, request: HttpRequest) -> HttpResponse | None:
            """Return a token."""
            return (self.current_failure(request) or HttpResponse.json("token")) if request.path == "/token" else None

    provider = Tokens()
    with provider.running():
        assert _post(provider, path="/token").json() == "token"
        for outcome, status in (("slow-down", 429), ("connection-lost", 200), ("html-502", 502)):
            provider.respond_with(outcome)
            assert _post(provider, path="/token").status == status
        assert provider.calls == []
        provider.reset()
        assert _post(provider).status == 200
    assert len(provider.calls) == 1


def test_failure_of_the_family_network_raises_value_error() -> None:
    """A Failure has a response; the network outcomes are common ones."""
    with pytest.raises(ValueError, match=r"family of the Failure 'lost' must be one of throttle, .*; found 'network'"):
        Failure("lost", "network")


def test_repeated_or_unknown_outcome_name_raises_type_error() -> None:
    """The name of the success counts as repeated; the message for an unknown one lists the names."""
    with pytest.raises(TypeError, match="more than one outcome 'x'"):
        type("Twice", (Acme,), {"failures": (Failure("x", "server-error"), Failure("x", "quota"))})
    with pytest.raises(TypeError, match="more than one outcome 'accepted'"):
        type("Again", (Acme,), {"failures": (Failure("accepted", "server-error"),)})
    with pytest.raises(TypeError, match=r"can name internal-error, .*; found 'time-out'"):
        type("Unknown", (Acme,), {"excluded_outcomes": ("time-out",)})
    with pytest.raises(TypeError, match="found 'bad-json'"):
        type("Unread", (Acme,), {"is_response_read": False, "expected_codes": {"bad-json": None}})


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"config_key": None}, "set config_key, environment_variable, connector_option or host_names"),
        ({"authorization": None}, "has no authorization: set it"),
        (
            {"error_response": lambda *_: HttpResponse(400)},
            "for 'slow-down' does not contain its message 'Slow down.'",
        ),
        (
            {"failures": (Failure("x", "server-error", 500, "Why.", response=HttpResponse()),)},
            "does not contain its message 'Why.'",
        ),
    ],
)
def test_incomplete_description_raises_type_error(members: dict[str, Any], message: str) -> None:
    """When the stub is created; the message says what to change."""
    made = type("Incomplete", (Acme,), members)
    with pytest.raises(TypeError, match=message):
        made()


def test_mistake_in_success_response_raises_when_the_stub_is_created() -> None:
    """A thread of the server would hide it."""

    class Mistaken(Acme):
        def success_response(self, message_id: str) -> HttpResponse:
            """Fail."""
            raise NotImplementedError(message_id)

    with pytest.raises(NotImplementedError):
        Mistaken()


def test_message_may_be_escaped_as_json() -> None:
    """JSON escapes characters beyond ASCII; the stub finds the message in the response."""

    class Foreign(Acme):
        failures = (Failure("zu-viele", "throttle", 429, "Zu viele Anfragen: später!"),)

    assert Foreign().outcome("zu-viele") == Outcome(
        "zu-viele", "throttle", Codes.RATE_LIMIT_EXCEEDED, "Zu viele Anfragen: später!"
    )


def test_unreadable_request_fails_the_check() -> None:
    """The report shows the exception that `read` raised."""

    class Picky(PlainProvider):
        def read(self, request: HttpRequest) -> Message:
            """Reject characters beyond ASCII."""
            if not request.json["text"].isascii():
                raise ValueError("ASCII only")
            return super().read(request)

    report = check_connector(evolve(PLAIN_TEXT, provider=Picky), checks=["rendering.literal-text"])
    assert report.spec_errors == ()
    assert "Picky cannot read the request: ValueError: ASCII only" in report.results[0].message


class SecureAcme(Acme):
    """Acme at an address that a connector cannot change."""

    config_key = None
    scheme = "https"
    host_names = ("api.acme.example", "*.eu.acme.example")


@pytest.mark.parametrize("host", ["api.acme.example", "API.acme.example", "one.eu.acme.example"])
def test_https_stub_replaces_the_hosts_of_the_provider(host: str) -> None:
    """Its certificate is valid for them, and the environment names its authority."""
    acme, before = SecureAcme(), dict(os.environ)
    with acme.running(), urllib3.PoolManager(retries=False, timeout=5, ca_certs=os.environ["SSL_CERT_FILE"]) as pool:
        assert pool.request("POST", f"https://{host}/v1/messages", json=MAIL).status == 200
        assert len({os.environ[it] for it in CA_BUNDLE_VARIABLES}) == 1
    (call,) = acme.calls
    assert call.raw.url == f"https://{host.lower()}/v1/messages"
    assert dict(os.environ) == before


def test_https_stub_has_an_address_on_the_loopback_interface() -> None:
    """Clients that respect SSL_CERT_FILE trust it."""
    acme = SecureAcme()
    with acme.running():
        assert acme.address.startswith("https://127.0.0.1:")
        assert _post(acme).status == 200


def test_names_are_replaced_only_while_the_stub_runs() -> None:
    """Names may be bytes, as asyncio gives them; other addresses stay blocked."""
    original = socket.getaddrinfo
    acme = SecureAcme()
    with acme.running():
        found = socket.getaddrinfo(b"api.acme.example", 443, type=socket.SOCK_STREAM)
        assert {it[4] for it in found} == set(acme.addresses)
        with pytest.raises(SocketBlockedError):
            socket.create_connection(("127.0.0.1", 9))
    assert socket.getaddrinfo is original


class KeyedAcme(Acme):
    """Acme with idempotency keys."""

    def read(self, request: HttpRequest) -> Message:
        """Return the mail with its key."""
        return evolve(super().read(request), idempotency_key=request.headers.get("Idempotency-Key"))


def test_repeated_idempotency_key_gets_the_first_result() -> None:
    """A request with a known key is not another message; one with another content is ignored."""
    acme = KeyedAcme()
    with acme.running():
        ids = [
            _post(acme, mail, Idempotency_Key="k").json()["id"] for mail in (MAIL, MAIL, {**MAIL, "to": "b@b.example"})
        ]
    assert len(set(ids)) == 1
    assert [it.idempotency_key for it in acme.calls] == ["k", "k", "k"]
    assert [it.is_ignored for it in acme.calls] == [False, False, True]


@pytest.mark.parametrize(("outcome", "is_remembered"), [("connection-lost", True), ("unpaid", False)])
def test_key_of_a_message_that_may_be_accepted_is_remembered(outcome: str, is_remembered: bool) -> None:  # noqa: FBT001 - a parameter of the test
    """A rejected message can be sent again with another content."""
    acme = KeyedAcme()
    acme.respond_with(outcome, times=1)
    with acme.running():
        with contextlib.suppress(urllib3.exceptions.HTTPError):
            _post(acme, Idempotency_Key="k")
        _post(acme, {**MAIL, "to": "b@b.example"}, Idempotency_Key="k")
    assert [it.is_ignored for it in acme.calls] == [False, is_remembered]


def test_requests_that_are_not_messages_are_counted() -> None:
    """They leave no call."""

    class Tokens(Acme):
        def respond_to_other(self, request: HttpRequest) -> HttpResponse | None:
            return HttpResponse() if request.path == "/token" else None

    acme = Tokens()
    with acme.running():
        _post(acme, path="/token")
        assert (acme.other_requests, acme.calls) == (1, [])
        acme.reset()
        assert acme.other_requests == 0


def test_failures_of_one_status_differ_in_a_member() -> None:
    """A dotted name is a path; headers are added."""

    class Named(Acme):
        failures = (
            Failure(
                "daily", "quota", 429, "Used up.", fields={"error.code": 63038}, code="63038", headers={"X-Id": "r"}
            ),
        )

    assert Named.outcome("daily").code == "63038"
    response = _send("daily", Named())
    assert response.json() == {"message": "Used up.", "error": {"code": 63038}}
    assert (response.status, response.headers["X-Id"]) == (429, "r")


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        (Failure("x", "quota", code="63038"), r"does not contain its code '63038': name its member in the Failure"),
        (Failure("x", "quota", fields={"a": 1}, response=HttpResponse()), "The fields a of a Failure need a response"),
        (
            Failure("x", "quota", fields={"a": 1}, response=HttpResponse.json([])),
            "The fields a of a Failure need a response",
        ),
    ],
)
def test_failure_that_contradicts_its_response_raises_type_error(failure: Failure, words: str) -> None:
    """When the stub is created."""
    made = type("Contradiction", (Acme,), {"failures": (failure,)})
    with pytest.raises(TypeError, match=words):
        made()


def test_host_of_a_message_is_compared_with_the_config() -> None:
    """As a part of the credentials: where the message goes."""

    class Regional(SecureAcme):
        host = "{region}.eu.acme.example"

    acme = Regional()
    with acme.running(), urllib3.PoolManager(retries=False, timeout=5, ca_certs=os.environ["SSL_CERT_FILE"]) as pool:
        pool.request("POST", "https://one.eu.acme.example/v1/messages", json=MAIL)
    (call,) = acme.calls
    found = acme.request_error(call, {**CONFIG, "region": "two"}, "credentials")
    assert found == "expected a request to the host two.eu.acme.example, found one to one.eu.acme.example"


@pytest.mark.parametrize("success", [HttpResponse.json({"id": "ü" * 99}), HttpResponse(), HttpResponse(204)])
def test_success_may_arrive_in_chunks(success: HttpResponse) -> None:
    """Also one without a body."""

    class Chunked(Acme):
        def success_response(self, message_id: str) -> HttpResponse:  # noqa: ARG002 - the parameter of the overridden method
            return success

    response = _send("accepted-in-chunks", Chunked())
    assert (response.status, response.data) == (success.status, success.body)


def test_dripping_response_ends_with_the_outcome() -> None:
    """Every second response begins with slow headers."""
    acme = Acme()
    acme.respond_with("drips")
    with acme.running():
        for first in (b"H", b"HTTP/1.1 200 OK\r\n"):
            with socket.create_connection(next(iter(acme.addresses)), timeout=5) as connection:
                body = json.dumps(MAIL).encode()
                connection.sendall(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
                received = connection.recv(17)
                assert received == first
                acme.respond_with("drips")


def test_retry_after_is_added_to_the_first_throttle() -> None:
    """Without a throttle, to the internal error."""

    class Unthrottled(Acme):
        failures = ()

    assert (_send("retry-after-an-hour").status, _send("retry-after-an-hour", Unthrottled()).status) == (429, 500)
    assert _send("retry-after-an-hour").headers["Retry-After"] == "3600"
