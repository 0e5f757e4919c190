"""A provider over HTTP that an author describes in a few lines: what it answers, how it judges, what it refuses to be."""

import json
import os
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
import urllib3
from attrs import evolve

from conformance import Answer, Failure, HttpProvider, HttpRequest, Message, Outcome, check_connector
from connector_kit import ConnectorErrorCodes as Codes
from tests.conformance.right_connectors.everything import EVERYTHING, FullProvider
from tests.conformance.right_connectors.plain_text import PLAIN_TEXT, PlainProvider

CONFIG = {"endpoint": "https://acme.example", "apiKey": "k€y", "sender": "Ünï <a@b.example>", "tag": "codes"}
MAIL = {"to": "a@b.example", "subject": "s", "html": "h", "from": "=?utf-8?b?w5xuw68=?= <a@b.example>", "tag": "codes"}


class Acme(HttpProvider):
    """Acme Mail, in ten lines."""

    config_key = "endpoint"
    path = "/v1/messages"
    authorization = "Bearer {apiKey}"
    sender_key = "sender"
    settings: ClassVar[Mapping[str, str]] = {"tag": "tag"}
    failures = (Failure("slow-down", "throttle", 429, "Slow down."), Failure("unpaid", "quota", 402, "No credit."))

    def read(self, request: HttpRequest) -> Message:
        """Read a mail."""
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


def _answer(outcome: str, provider: HttpProvider | None = None, mail: object = None) -> urllib3.BaseHTTPResponse:
    acme = provider or Acme()
    acme.answer_with(outcome)
    with acme.running():
        return _post(acme, mail)


def _faults(provider: HttpProvider, **config: str | None) -> list[str]:
    """Return what is wrong with the last call, for each aspect in turn where anything is."""
    call, changed = provider.calls[-1], {key: it for key, it in (CONFIG | config).items() if it is not None}
    found = [provider.fault(call, changed, it) for it in ("form", "sender", "credentials", "options")]  # type: ignore[arg-type]
    return [it for it in found if it is not None]


def test_it_reads_a_message_and_gives_an_id() -> None:
    """The call has what `read` says, the id that was given, and both sides as text."""
    acme = Acme()
    answer = _answer("accepted", acme)
    (call,) = acme.calls
    assert (call.to, call.subject, call.html, call.text) == (("a@b.example",), "s", "h", None)
    assert call.result == answer.json()["id"]
    assert call.exchange is not None
    assert call.exchange.request.startswith("POST /v1/messages HTTP/1.1\n")
    assert str(call.result) in call.exchange.answer


def test_one_value_or_several_make_a_message() -> None:
    """Recipients and reply-to, as a string, as a list, or not at all."""
    assert Message("a").to == Message(["a"]).to == ("a",)
    assert (Message(None).to, Message("a", reply_to=None).reply_to) == ((), ())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "status", "body"),
    [
        ("slow-down", 429, b'{"message": "Slow down."}'),
        ("unpaid", 402, b'{"message": "No credit."}'),
        ("internal-error", 500, b'{"message": "Internal error."}'),
        ("empty-body", 200, b""),
        ("bad-json", 200, b'{"id": "'),
        ("json-array", 200, b"[]"),
        ("html-502", 502, b"<html><body><h1>502 Bad Gateway</h1></body></html>"),
    ],
)
def test_each_outcome_is_an_answer(outcome: str, status: int, body: bytes) -> None:
    """The author's own, and those that come by themselves."""
    answer = _answer(outcome)
    assert (answer.status, answer.data) == (status, body)


def test_what_an_outcome_must_become_follows_from_its_family() -> None:
    """Unless the author says otherwise."""
    assert [(it.family, it.expect) for it in Acme.outcomes[:3]] == [
        ("accepted", None),
        ("throttle", Codes.RATE_LIMIT_EXCEEDED),
        ("quota", Codes.USAGE_LIMIT_EXCEEDED),
    ]
    assert Failure("x", "fault", expect=Codes.GENERAL).outcome.expect is Codes.GENERAL
    assert {it.expect for it in Acme.outcomes if it.family == "network"} == {Codes.GENERAL}


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        ("connection-refused", urllib3.exceptions.NewConnectionError),
        ("connection-lost", urllib3.exceptions.ProtocolError),
        ("hangs", urllib3.exceptions.ReadTimeoutError),
    ],
)
def test_a_network_failure_is_one(outcome: str, error: type[Exception]) -> None:
    """Nothing listens, the connection ends, or nothing ever comes."""
    with pytest.raises(error):
        _answer(outcome)


def test_an_echo_repeats_the_request() -> None:
    """Authorization, target and body, in the words of the provider."""
    message = _answer("echo").json()["message"]
    assert message.startswith("Rejected: Bearer k")
    assert "/v1/messages" in message
    assert '"to": "a@b.example"' in message


def test_an_outcome_that_comes_by_itself_can_be_changed_left_out_or_replaced() -> None:
    """By its name; one whose code is none is a success."""

    class Other(Acme):
        expects: ClassVar[Mapping[str, Codes | None]] = {"html-502": Codes.GENERAL, "empty-body": None}
        leave_out = ("hangs",)
        failures = (Failure("internal-error", "fault", 503, "Down."),)

    known = {it.name: it for it in Other.outcomes}
    assert (known["html-502"].expect, known["empty-body"].expect) == (Codes.GENERAL, None)
    assert "hangs" not in known
    assert known["internal-error"].message == "Down."
    assert _answer("internal-error", Other()).status == 503


def test_nobody_reads_a_success_without_a_body() -> None:
    """Its broken forms are left out, and there is nothing to return."""
    assert not {"empty-body", "bad-json", "json-array"} & {it.name for it in PlainProvider.outcomes}
    assert PlainProvider().result("id") is None


def test_a_provider_may_have_no_words() -> None:
    """Then no outcome promises any, but for the one that repeats the request."""

    class Mute(Acme):
        says_why = False

        def refused(self, status: int, message: str) -> Answer:
            """Say nothing, unless it is the request."""
            return Answer.html(message if message.startswith("Rejected") else "", status)

    assert {it.message for it in Mute.outcomes if not it.echoes} == {""}
    assert Mute.outcome("echo").message


@pytest.mark.parametrize("by", ["config_key", "variable", "option"])
def test_a_connector_is_led_there_in_one_of_three_ways(by: str) -> None:
    """By its config, by the environment, or by an argument of its class."""

    class Led(Acme):
        config_key = "url" if by == "config_key" else None
        variable = "ACME_TEST_URL" if by == "variable" else None
        option = "url" if by == "option" else None
        base_path = "/base"

    provider = Led()
    with provider.running():
        found = [
            provider.prepare_config({}).get("url"),
            os.environ.get("ACME_TEST_URL"),
            provider.connector_options().get("url"),
        ]
        expected = [provider.address if by == it else None for it in ("config_key", "variable", "option")]
        assert found == expected
        assert provider.address == f"{provider.url}/base"
    assert "ACME_TEST_URL" not in os.environ


def test_a_right_request_has_no_fault() -> None:
    """Form, sender, credentials and options."""
    acme = Acme()
    _answer("accepted", acme)
    credentials = evolve(
        acme.calls[-1].raw, headers={"Authorization": "Bearer k€y", "Content-Type": "application/json"}
    )
    acme.calls[-1] = evolve(acme.calls[-1], raw=credentials)
    assert _faults(acme) == []


@pytest.mark.parametrize(
    ("config", "mail", "words"),
    [
        ({"sender": "other@b.example"}, {}, "the config's sender as the sender, found another"),
        ({"sender": None}, {}, "expected no sender"),
        ({"sender": "Acme"}, {"from": "Acme GmbH"}, "the config's sender as the sender, found another"),
        ({}, {"from": None}, "the config's sender as the sender, found none"),
        ({"tag": "other"}, {}, "expected tag to be the config's tag (set), found something else"),
        ({}, {"tag": None}, "expected tag to be the config's tag (set), found nothing"),
        ({"tag": None}, {}, "expected tag to be the config's tag (not set), found something else"),
        ({"apiKey": "other"}, {}, "expected the authorization 'Bearer {apiKey}' of the config, found another"),
    ],
)
def test_a_request_is_compared_with_the_config(config: dict[str, Any], mail: dict[str, Any], words: str) -> None:
    """What the config says is what the request must say, and no more."""
    acme = Acme()
    _answer("accepted", acme, {key: it for key, it in (MAIL | mail).items() if it is not None})
    assert any(words in it for it in _faults(acme, **config))


def test_method_path_and_content_type_are_its_form() -> None:
    """Values of the config may be parts of the path; where nothing is said, nothing is judged."""

    class Formal(Acme):
        base_path = "/v1"
        path = "/v1/{tag}/x y"
        content_type = "application/json"

    formal = Formal()
    with formal.running():
        _post(formal, path="/codes/x%20y")
        assert formal.fault(formal.calls[-1], CONFIG, "form") is None
        _post(formal, path="/codes/x")
        assert formal.fault(formal.calls[-1], CONFIG, "form") == "expected POST /v1/codes/x y, found POST /v1/codes/x"
        _post(formal, path="/codes/x%20y", Content_Type="text/plain")
        assert "the type application/json, found text/plain" in str(formal.fault(formal.calls[-1], CONFIG, "form"))
    call = evolve(formal.calls[0], raw=evolve(formal.calls[0].raw, method="PUT"))
    assert "found PUT" in str(formal.fault(call, CONFIG, "form"))

    class Anywhere(Acme):
        path = None
        sender_key = None

    anywhere = Anywhere()
    _answer("accepted", anywhere)
    assert anywhere.fault(anywhere.calls[0], CONFIG, "form") is None
    assert anywhere.fault(anywhere.calls[0], {}, "sender") is None


@pytest.mark.parametrize(
    ("authorization", "header", "fault"),
    [
        ("Basic {user}:{password}", "Basic dTpw", None),
        (
            "Basic api:{password}",
            "Basic dTpw",
            "expected the authorization 'Basic api:{password}' of the config, found another",
        ),
        ("{missing}", None, None),
        ("", "Basic dTpw", "expected no authorization, found another"),
        ("{password}", None, "expected the authorization '{password}' of the config, found none"),
    ],
)
def test_authorization_is_a_template(authorization: str, header: str | None, fault: str | None) -> None:
    """With values of the config, in base64 where HTTP has it so, and none where they are empty."""
    said = authorization

    class Authorized(Acme):
        authorization = said

    request = HttpRequest("POST", "http://h/", {} if header is None else {"Authorization": header})
    assert Authorized().credentials(request, {"user": "u", "password": "p"}) == fault


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
def test_a_setting_is_found_in_json_and_in_forms(body: bytes, content_type: str, value: object, *, same: bool) -> None:
    """By a dotted name in JSON, by its own name in a form, which only has text."""

    class Set(Acme):
        settings: ClassVar[Mapping[str, str]] = {"key": "a.b"}

    request = HttpRequest("POST", "http://h/", {"Content-Type": content_type}, body)
    assert (Set().options(request, {} if value is None else {"key": value}) is None) == same


@pytest.mark.parametrize(
    ("mail", "words"),
    [({"subject": "s"}, "KeyError: 'to'"), ([], "TypeError"), ({"to": "a", "subject": None, "html": 1}, None)],
)
def test_a_request_that_cannot_be_read_is_refused_and_at_fault(mail: object, words: str | None) -> None:
    """It is no crash of the server: the call is there, and says why."""
    acme = Acme()
    answer = _answer("accepted", acme, mail)
    (call,) = acme.calls
    if words is None:
        assert answer.status == 200
        return
    assert answer.status == 400
    assert (call.to, call.result) == ((), None)
    fault = str(acme.fault(call, CONFIG, "form"))
    assert fault.startswith("Acme cannot read the request: ")
    assert words in fault
    assert fault == answer.json()["message"]


def test_an_author_who_reads_nothing_is_told() -> None:
    """A `read` without a return is a mistake in the stub, and the first message says so."""

    class Forgetful(FullProvider):
        def read(self, request: HttpRequest) -> Message:
            """Forget to return."""
            return request.json  # type: ignore[no-any-return]  # on purpose

    report = check_connector(evolve(EVERYTHING, provider=Forgetful), checks=["delivery.form"])
    assert "read() has to return a Message, and returned dict" in report.faults[0]


def test_other_requests_are_no_messages() -> None:
    """They are answered and not recorded, and can fail as messages do."""

    class Tokens(Acme):
        def respond(self, request: HttpRequest) -> Answer | None:
            """Give a token."""
            return (self.failing(request) or Answer.json("token")) if request.path == "/token" else None

    provider = Tokens()
    with provider.running():
        assert _post(provider, path="/token").json() == "token"
        for outcome, status in (("slow-down", 429), ("connection-lost", 200), ("html-502", 502)):
            provider.answer_with(outcome)
            assert _post(provider, path="/token").status == status
        assert provider.calls == []
        provider.reset()
        assert _post(provider).status == 200
    assert len(provider.calls) == 1


def test_a_failure_is_of_a_family_that_an_answer_can_have() -> None:
    """Network failures come by themselves, and a success is no failure."""
    with pytest.raises(ValueError, match="'lost' cannot be of the family 'network'"):
        Failure("lost", "network")


def test_an_outcome_has_one_name() -> None:
    """Twice the same, one of the name of the success, or an unknown one to change: each is a mistake."""
    with pytest.raises(TypeError, match="more than one outcome 'x'"):
        type("Twice", (Acme,), {"failures": (Failure("x", "fault"), Failure("x", "quota"))})
    with pytest.raises(TypeError, match="more than one outcome 'accepted'"):
        type("Again", (Acme,), {"failures": (Failure("accepted", "fault"),)})
    with pytest.raises(TypeError, match="changes the outcome 'time-out', which does not come by itself"):
        type("Unknown", (Acme,), {"leave_out": ("time-out",)})
    with pytest.raises(TypeError, match="changes the outcome 'bad-json'"):
        type("Unread", (Acme,), {"answer_is_read": False, "expects": {"bad-json": None}})


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"config_key": None}, "set its config_key, variable or option"),
        ({"authorization": None}, "set its authorization"),
        ({"refused": lambda *_: Answer(400)}, "without its message 'Slow down.'"),
        ({"failures": (Failure("x", "fault", 500, "Words.", answer=Answer()),)}, "without its message 'Words.'"),
    ],
)
def test_an_incomplete_description_is_refused(members: dict[str, Any], words: str) -> None:
    """When the stub is made, in words that say what to do."""
    made = type("Incomplete", (Acme,), members)
    with pytest.raises(TypeError, match=words):
        made()


def test_a_mistake_in_an_answer_shows_when_the_stub_is_made() -> None:
    """And not in a thread of its server."""

    class Mistaken(Acme):
        def accepted(self, message_id: str) -> Answer:
            """Fail."""
            raise NotImplementedError(message_id)

    with pytest.raises(NotImplementedError):
        Mistaken()


def test_words_may_be_written_as_json_writes_them() -> None:
    """A message beyond ASCII is there, though escaped."""

    class Foreign(Acme):
        failures = (Failure("zu-viele", "throttle", 429, "Zu viele Anfragen: später!"),)

    assert Foreign().outcome("zu-viele") == Outcome(
        "zu-viele", "throttle", Codes.RATE_LIMIT_EXCEEDED, "Zu viele Anfragen: später!"
    )


def test_a_connector_that_sends_what_nobody_can_read_fails_for_its_form() -> None:
    """The report says what was wrong with the request."""

    class Picky(PlainProvider):
        def read(self, request: HttpRequest) -> Message:
            """Ask for what later messages do not have."""
            if not request.json["text"].isascii():
                raise ValueError("ASCII only")
            return super().read(request)

    report = check_connector(evolve(PLAIN_TEXT, provider=Picky), checks=["rendering.text"])
    assert report.faults == ()
    assert "Picky cannot read the request: ValueError: ASCII only" in report.results[0].message
