"""Delivery: one message makes one request, which follows the config and the message."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from hypothesis import strategies as st

from conformance.harness.attempt import Attempt
from conformance.harness.expectations import expect_equal, expect_no_call, expect_one_call
from conformance.harness.harness import Harness
from conformance.harness.strategies import codes, letters, line
from conformance.harness.values import show
from conformance.providers.base import Aspect, Call
from conformance.providers.request_errors import mailbox
from conformance.registry import check
from conformance.verdicts import NotApplicable, expect
from connector_kit import ConnectorType, SendMessageData, replace_send_message_handlebars

Json = Any

_LINE_BREAKS: Final = ("\r\n", "\n", "\r", "\x00", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029")
"""The characters that some program treats as the end of a line or of a text."""

_NOT_IN_HEADERS: Final = frozenset("\r\n\x00")
"""The characters that a header field cannot contain."""

_HUGE_PAYLOAD_SECONDS: Final = 60
"""How long the check waits for a send with a huge payload."""


def _templates(harness: Harness) -> list[dict[str, Json]]:
    templates: list[dict[str, Json]] = harness.config["templates"]
    return templates


def _require_subjects(harness: Harness) -> None:
    if not all("subject" in it for it in _templates(harness)):
        raise NotApplicable("the templates of valid_config have no subject")


def _with_texts(harness: Harness, texts: Mapping[str, str]) -> dict[str, Json]:
    """Return the config with these texts in all of its templates."""
    return {**harness.config, "templates": [{**it, **texts} for it in _templates(harness)]}


def _sent_or_rejected(attempt: Attempt, what: str) -> Call | None:
    """Expect one call, or a ConnectorError and no call; return the call, if any."""
    if attempt.error is None:
        return expect_one_call(attempt, f"for {what}")
    expect(attempt.code is not None, f"expected {what} to be sent, or a ConnectorError; {attempt.summary}")
    expect_no_call(attempt, f"a send that rejects {what}")
    return None


def _expect_recipient(call: Call, message: Json) -> None:
    expect_equal("the recipients", (message["to"],), call.to)


def _few(harness: Harness) -> int:
    """Return how many examples to try for a property that depends little on the message."""
    return max(5, harness.profile.examples // 6)


@check("delivery.one-call", clause="D1", covers=("sent message",))
def one_call(harness: Harness) -> None:
    """Each message makes exactly one request to the provider."""

    def verify(config: Json, message: Json) -> None:
        harness.deliver(message, config)
        harness.coverage.add("sent message")

    harness.for_all(verify, harness.configs(), harness.messages())


@check("delivery.recipient", clause="D2", covers=("sent message",))
def recipient(harness: Harness) -> None:
    """The recipient of a message is its only recipient."""

    def verify(message: Json) -> None:
        _expect_recipient(harness.deliver(message, harness.config), message)
        harness.coverage.add("sent message")

    harness.for_all(verify, harness.messages())


@check("delivery.recipient-stateless", clause="D2", covers=("second message",))
def recipient_stateless(harness: Harness) -> None:
    """The recipient of a message does not depend on messages that were sent before."""

    def verify(message: Json, next_message: Json) -> None:
        harness.deliver(message, harness.config)
        _expect_recipient(harness.deliver(next_message, harness.config), next_message)
        harness.coverage.add("second message")

    harness.for_all(verify, harness.messages(), harness.messages())


def _check_aspect(harness: Harness, aspect: Aspect) -> None:
    def verify(config: Json, message: Json) -> None:
        error = harness.provider.request_error(harness.deliver(message, config), config, aspect)
        expect(error is None, str(error))
        harness.coverage.add("sent message")

    harness.for_all(verify, harness.configs(), harness.messages())


@check("delivery.request-format", clause="D3", covers=("sent message",))
def request_format(harness: Harness) -> None:
    """The request has the method, path and encoding that the provider accepts."""
    _check_aspect(harness, "format")


@check("delivery.sender", clause="D4", covers=("sent message",))
def sender(harness: Harness) -> None:
    """The request has the sender of the config, or no sender if the config has none."""
    _check_aspect(harness, "sender")


@check("delivery.credentials", clause="D5", covers=("sent message",))
def credentials(harness: Harness) -> None:
    """The request is authenticated with the credentials of the config, for the region of the config."""
    _check_aspect(harness, "credentials")


@check("delivery.options", clause="D6", covers=("sent message",))
def options(harness: Harness) -> None:
    """The request has every other setting of the config, and no setting that the config lacks."""
    _check_aspect(harness, "options")


@check("delivery.result", clause="D7", covers=("sent message",))
def result(harness: Harness) -> None:
    """A send returns the message id from the provider's response."""
    if harness.deliver(harness.plain_message, harness.config).result is None:
        raise NotApplicable(f"{type(harness.provider).__name__} declares no message id in its response")

    def verify(name: str, message: Json) -> None:
        harness.provider.respond_with(name)
        attempt = harness.send(message, harness.config)
        expected = expect_one_call(attempt, f"for the outcome {name!r}").result
        expect(
            attempt.result == expected,
            f"expected the provider's message id {expected!r} as the result for the outcome {name!r}, "
            f"found {show(attempt.result)}; {attempt.summary}",
        )
        harness.coverage.add("sent message")

    successes = [it.name for it in harness.provider.outcomes if it.family == "accepted"]
    harness.for_all(verify, st.just(successes[0]), harness.messages())
    harness.for_each(verify, successes[1:], harness.messages())


def _expect_one_body(call: Call, what: str, *, is_html: bool) -> None:
    expected, other = (call.html, call.text) if is_html else (call.text, call.html)
    expect(
        expected is not None and other is None,
        f"expected {what} as {'HTML' if is_html else 'plain text'} only, "
        f"found the HTML {show(call.html)} and the plain text {show(call.text)}",
    )


@check("delivery.html", clause="D8", needs=("html", "config-templates"), covers=("HTML body",))
def html(harness: Harness) -> None:
    """A template of the config is sent as HTML only."""

    def verify(message: Json) -> None:
        # Some connectors have templates with a contentType, which decides: the check is about HTML templates.
        templates = [it | ({"contentType": "text/html"} if "contentType" in it else {}) for it in _templates(harness)]
        call = harness.deliver(message, {**harness.config, "templates": templates})
        _expect_one_body(call, "the body", is_html=True)
        harness.coverage.add("HTML body")

    harness.for_all(verify, harness.messages())


_CONTENT_TYPES: Final[Mapping[str, Mapping[str, str]]] = {
    "text/plain": {"contentType": "text/plain"},
    "text/html": {"contentType": "text/html"},
    "no contentType": {},
}


@check("delivery.content-type", clause="R3", needs=("html", "i18n-templates", "text"), covers=tuple(_CONTENT_TYPES))
def content_type(harness: Harness) -> None:
    """A managed template is sent as plain text if its contentType is text/plain, and as HTML otherwise."""

    def verify(kind: str, code: str, message: Json) -> None:
        template = {"subject": "s", "content": f"Code {code}", **_CONTENT_TYPES[kind]}
        call = harness.deliver(message, harness.config, managed=lambda: template)
        what = f"the body of a managed template with {kind}"
        _expect_one_body(call, what, is_html=kind != "text/plain")
        expect_equal(what, f"Code {code}", call.body)
        harness.coverage.add(kind)

    harness.for_each(verify, _CONTENT_TYPES, codes, harness.messages())


@check("delivery.reply-to", clause="R3", needs=("i18n-templates", "reply-to"), covers=("reply-to", "no reply-to"))
def reply_to(harness: Harness) -> None:
    """The replyTo of a managed template is rendered and is the reply-to of the message."""

    def verify(kind: str, name: str, message: Json) -> None:
        template = {"subject": "s", "content": "c {{code}}"}
        if kind == "reply-to":
            template["replyTo"] = "{{team}}@help.example"
        payload = {**message["payload"], "team": name}
        call = harness.deliver({**message, "payload": payload}, harness.config, managed=lambda: template)
        expect_equal("the reply-to", (f"{name}@help.example",) if kind == "reply-to" else (), call.reply_to)
        harness.coverage.add(kind)

    harness.for_each(verify, ("reply-to", "no reply-to"), letters, harness.messages())


_SENDERS: Final = (
    ("{{team}} <{{team}}@from.example>", "{team}", "{team}@from.example"),
    ("{{team}}@from.example", "", "{team}@from.example"),
    ("Team {{team}}", "Team {team}", None),
    (" {{nothing}}", None, None),
)
"""The sendFrom of a managed template, and the expected display name and address; ``None`` for those of the config."""


@check("delivery.send-from", clause="R3", needs=("i18n-templates", "send-from"), covers=("sender",))
def send_from(harness: Harness) -> None:
    """The sendFrom of a managed template is rendered and is the sender; a display name alone precedes the config's address."""

    def verify(case: tuple[str, str | None, str | None], team: str, message: Json) -> None:
        send_from, name, address = case
        message = {**message, "payload": {**message["payload"], "team": team, "nothing": ""}}
        own = harness.deliver(message, harness.config, managed=lambda: {"subject": "s", "content": "c"})
        template = {"subject": "s", "content": "c", "sendFrom": send_from}
        call = harness.deliver(message, harness.config, managed=lambda: template)
        own_name, own_address = mailbox(own.sender or "")
        expected = (
            own_name if name is None else name.format(team=team),
            own_address if address is None else address.format(team=team),
        )
        expect_equal(f"for the sendFrom {send_from!r} the sender", expected, mailbox(call.sender or ""))
        harness.coverage.add("sender")

    harness.for_each(verify, _SENDERS, letters, harness.messages())
    for case in harness.provider.config_cases:
        config = {key: value for key, value in harness.config.items() if key not in case.without}
        if case.without and harness.accepts(config):
            template = {"subject": "s", "content": "c", "sendFrom": "Team"}
            own, call = (
                harness.deliver(harness.plain_message, config, managed=lambda it=it: it)
                for it in ({"subject": "s", "content": "c"}, template)
            )
            expect(
                own.sender is not None or call.sender is None,
                f"expected no sender for the sendFrom 'Team' if the config has no sender, found {call.sender!r}",
            )


@check("delivery.single-line-subject", clause="R4", needs=("config-templates",), covers=("control character",))
def single_line_subject(harness: Harness) -> None:
    """The subject contains no control characters, even if a value in it does."""
    _require_subjects(harness)
    config = _with_texts(harness, {"subject": "For {{name}}"})

    def verify(control: str, before: str, message: Json) -> None:
        payload = {"code": "123456", "name": f"{before}{control}Bcc: eve@attacker.example"}
        call = harness.deliver({**message, "payload": payload}, config)
        found = [hex(ord(it)) for it in call.subject or "" if ord(it) < 32 or ord(it) == 127]  # noqa: PLR2004 - ASCII
        expect(
            not found,
            f"expected a subject without control characters, found {', '.join(found)} in {show(call.subject)}",
        )
        harness.coverage.add("control character")

    harness.for_each(verify, ("\r\n", "\n", "\r", "\x00", "\x7f", "\t"), line, harness.messages())


def _visible(text: str | None) -> str:
    """Return a text without whitespace and control characters, which a connector may strip or replace."""
    return re.sub(r"[\s\x00-\x1f\x7f]+", "", text or "")


def _check_header_injection(
    harness: Harness, template: Mapping[str, str], verify_headers: Callable[[Call], None], *, is_managed: bool
) -> None:
    """Check that a line break in a value adds nothing to a message and removes nothing from it."""
    config = harness.config if is_managed else _with_texts(harness, template)

    def verify(line_break: str, before: str, message: Json) -> None:
        name = f"{before}{line_break}Bcc: eve@attacker.example{line_break}{line_break}another body"
        data = {**message, "payload": {"code": "123456", "name": name}}
        attempt = harness.send(data, config, managed=(lambda: template) if is_managed else None)
        call = _sent_or_rejected(attempt, "a line break in a value")
        if call is not None:
            _expect_recipient(call, message)
            expect_equal("the body", "c 123456", call.body)
            expect(
                _visible(call.subject) == _visible(f"For {name}"),
                f"expected the subject to contain the whole value {name!r}, found {call.subject!r}",
            )
            headers = {"subject": (call.subject,), "sender": (call.sender,), "reply-to": call.reply_to}
            for header, values in headers.items():
                is_one_line = not any(_NOT_IN_HEADERS & set(value or "") for value in values)
                expect(is_one_line, f"expected a {header} without line breaks, found {values}")
            verify_headers(call)
        harness.coverage.add("line break")

    harness.for_each(verify, _LINE_BREAKS, letters, harness.messages())


@check("delivery.header-injection", clause="D9", needs=("config-templates",), covers=("line break",))
def header_injection(harness: Harness) -> None:
    """A line break in a value adds no header, recipient or body to the message."""
    _require_subjects(harness)

    def verify_headers(call: Call) -> None:
        expect(not call.reply_to, f"expected no reply-to, found {call.reply_to}")
        error = harness.provider.request_error(call, harness.config, "sender")
        expect(error is None, f"for a line break in a value: {error}")

    template = {"subject": "For {{name}}", "content": "c {{code}}"}
    _check_header_injection(harness, template, verify_headers, is_managed=False)


@check("delivery.i18n-header-injection", clause="D9", needs=("i18n-templates",), covers=("line break",))
def i18n_header_injection(harness: Harness) -> None:
    """A line break in a value adds nothing to the subject, reply-to or sender from a managed template."""

    def verify_headers(call: Call) -> None:
        expect(len(call.reply_to) <= 1, f"expected at most one reply-to, found {call.reply_to}")

    template = {
        "subject": "For {{name}}",
        "content": "c {{code}}",
        "replyTo": "{{name}}@help.example",
        "sendFrom": "{{name}} <team@from.example>",
    }
    _check_header_injection(harness, template, verify_headers, is_managed=True)


@check("delivery.recipient-injection", clause="D9", covers=("line break", "recipient list"))
def recipient_injection(harness: Harness) -> None:
    """A recipient with a line break, or a list of recipients, is rejected or is sent as one recipient."""
    eve = "15559999999" if harness.spec.connector.type is ConnectorType.SMS else "eve@attacker.example"
    suffixes = {
        "line break": [f"{it}{more}" for it in ("\r\n", "\n", "\r", "\x00") for more in ("", f"Bcc: {eve}", eve)],
        "recipient list": [f"{separator}{eve}" for separator in (",", ", ", ";")],
    }
    forwards = "provider-templates" in harness.spec.capabilities  # then the provider checks the recipient

    def verify(kind: str, suffix: str, message: Json) -> None:
        to = f"{message['to']}{suffix}"
        call = _sent_or_rejected(harness.send({**message, "to": to}, harness.config), f"the recipient {to!r}")
        if call is not None:
            expect(len(call.to) == 1, f"expected one recipient for {to!r}, found {call.to}")
            is_forwarded = forwards and call.to == (to,)
            expect(
                is_forwarded or not _NOT_IN_HEADERS & set(call.to[0]),
                f"expected a recipient without line breaks, found {call.to[0]!r}",
            )
        harness.coverage.add(kind)

    for kind, endings in suffixes.items():
        examples = harness.profile.examples // 2
        harness.for_all(verify, st.just(kind), st.sampled_from(endings), harness.messages(), examples=examples)


_HUGE: Final = ("1 MB of text", "1,000 keys", "an integer of 400 digits", "200 levels")


def _huge(case: str) -> Json:
    """Return a huge value; strategies draw its name instead, because Hypothesis stores examples."""
    if case == "1 MB of text":
        return "0123456789abcdef" * 65_536
    if case == "1,000 keys":
        return {f"key-{index}": index for index in range(1_000)}
    if case == "an integer of 400 digits":
        return 10**400
    nested: Json = "inside"
    for level in range(200):
        nested = [nested] if level % 2 else {"in": nested}
    return nested


@check("delivery.huge-payload", clause="D10", covers=_HUGE)
def huge_payload(harness: Harness) -> None:
    """A huge payload is sent in full, or raises a ConnectorError."""
    has_templates = "config-templates" in harness.spec.capabilities
    template = "c {{name}} {{name.key-1}} {{name.in}}"

    def verify(case: str, message: Json) -> None:
        payload = {"code": "123456", "name": _huge(case)} | (_huge(case) if case == "1,000 keys" else {})
        config = _with_texts(harness, {"content": template}) if has_templates else harness.config
        attempt = harness.send({**message, "payload": payload}, config, within=_HUGE_PAYLOAD_SECONDS)
        call = _sent_or_rejected(attempt, f"a payload with {case}")
        if call is not None and has_templates:
            body = replace_send_message_handlebars(template, payload)
            expect_equal(f"the whole body for a payload with {case}", body, call.body)
        harness.coverage.add(case)

    for case in _HUGE:
        harness.for_all(verify, st.just(case), harness.messages(), examples=2)


_UNUSUAL_TEXTS: Final = {
    "empty text": "",
    "lone surrogate": "a\ud83d",
    "reversed surrogate pair": "\ude00\ud83d b",
    "NUL": "a\x00b",
    "right-to-left text": "\u202e\u05e9\u05dc\u05d5\u05dd\u202c \u0645\u0631\u062d\u0628\u0627",
    "emoji": "\U0001f469\u200d\U0001f4bb\U0001f3fd \u2764\ufe0f",
    "supplementary planes": "\U00020bb7\U0001d54f\U0010ffff",
    "combining marks": "e\u0301 \u1100\u1161\u11a8 \ufb01",
    "byte order mark": "\ufeffa\ufffe",
    "control characters": "a\x01\x1b\x7f\x80b",
}


def _without_surrogates(text: object) -> str:
    """Return a text with U+FFFD for lone surrogates, which most encodings cannot represent."""
    return re.sub("[\ud800-\udfff\ufffd]+", "\ufffd", str(text))


@check("delivery.unusual-text", clause="D11", covers=tuple(_UNUSUAL_TEXTS))
def unusual_text(harness: Harness) -> None:
    """Unusual text in a value or a template is sent unchanged, or raises a ConnectorError."""
    has_templates = "config-templates" in harness.spec.capabilities

    def verify(case: str, where: str, message: Json) -> None:
        body = f"[{_UNUSUAL_TEXTS[case]}]"
        data = {**message, "payload": {"code": "123456", "name": _UNUSUAL_TEXTS[case]}}
        config = harness.config
        if has_templates:
            config = _with_texts(harness, {"content": body if where == "template" else "[{{name}}]"})
        call = _sent_or_rejected(harness.send(data, config), f"a message with {case} in a {where}")
        if call is not None and has_templates:
            expect(
                _without_surrogates(call.body) == _without_surrogates(body),
                f"expected the body {body!a} for {case} in a {where}, found {call.body!a}",
            )
        harness.coverage.add(case)

    for case in _UNUSUAL_TEXTS:
        harness.for_all(verify, st.just(case), st.sampled_from(("value", "template")), harness.messages(), examples=6)


@check("delivery.plain-text", clause="D12", needs=("text",), covers=("plain-text body",))
def plain_text(harness: Harness) -> None:
    """A connector that cannot send HTML sends every body as plain text."""
    declared = harness.spec.capabilities
    kinds = ["config template"] if "config-templates" in declared else []
    kinds += _CONTENT_TYPES if "i18n-templates" in declared else []
    if "html" in declared or not kinds:
        capability = "html" if kinds else "provider-templates"
        raise NotApplicable(f"the Spec declares the capability {capability}, so its bodies need not be plain text")

    def verify(kind: str, code: str, message: Json) -> None:
        template = {"subject": "s", "content": f"Code {code}", **_CONTENT_TYPES.get(kind, {})}
        managed = None if kind == "config template" else template
        call = harness.deliver(message, harness.config, managed=lambda: managed)
        _expect_one_body(call, "the body", is_html=False)
        harness.coverage.add("plain-text body")

    harness.for_each(verify, kinds, codes, harness.messages())


@check("delivery.sms", clause="D13", needs=("sms",), covers=("sent message",))
def sms(harness: Harness) -> None:
    """A text message has the phone number from Logto, one plain-text body, and neither subject nor reply-to."""

    def verify(message: Json) -> None:
        call = harness.deliver(message, harness.config)
        _expect_recipient(call, message)
        expect(call.html is None, f"expected no HTML body, found {show(call.html)}")
        if "config-templates" in harness.spec.capabilities:
            expect(call.text is not None, "expected a plain-text body, found no body")
        expect(call.subject is None, f"expected no subject, found {call.subject!r}")
        expect(not call.reply_to, f"expected no reply-to, found {call.reply_to}")
        harness.coverage.add("sent message")

    harness.for_all(verify, harness.messages())


def _same_json(found: Json, wanted: Json) -> bool:
    """Return whether two JSON values are equal; 1 and 1.0 are, 1 and true are not."""
    if isinstance(wanted, dict):
        return (
            isinstance(found, Mapping)
            and found.keys() == wanted.keys()
            and all(_same_json(found[key], wanted[key]) for key in wanted)
        )
    if isinstance(wanted, list):
        return isinstance(found, list | tuple) and len(found) == len(wanted) and all(map(_same_json, found, wanted))
    return isinstance(found, bool) == isinstance(wanted, bool) and bool(found == wanted)


_safe_numbers: Final = st.integers(-(2**53), 2**53) | st.sampled_from((0.5, -1.25))
_payload_values: Final = st.recursive(
    st.none() | st.booleans() | _safe_numbers | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(letters, inner, max_size=3),
    max_leaves=6,
)


@check("delivery.forwarding", clause="D14", needs=("provider-templates",), covers=("with ip", "without ip"))
def forwarding(harness: Harness) -> None:
    """A connector without templates forwards the recipient, type, payload and ip of a message unchanged."""

    def verify(ip: str | None, more: Json, message: Json) -> None:
        sent = {key: message[key] for key in ("to", "type")} | ({} if ip is None else {"ip": ip})
        sent["payload"] = {**message["payload"], **more}
        forwarded = harness.deliver(sent, harness.config).forwarded
        expect(
            isinstance(forwarded, Mapping),
            f"expected the provider to receive the whole message (Call.forwarded), found {show(forwarded)}",
        )
        for key in ("to", "type", "payload", "ip"):
            found, expected = (show(it[key]) if key in it else f"no {key}" for it in (forwarded, sent))
            same = (key in forwarded) == (key in sent) and _same_json(forwarded.get(key), sent.get(key))
            expect(same, f"expected {key!r} to be forwarded unchanged ({expected}), found {found}")
        harness.coverage.add("without ip" if ip is None else "with ip")

    extra = st.dictionaries(letters.filter(lambda it: it != "code"), _payload_values, max_size=4)
    harness.for_each(verify, ("192.0.2.1", "2001:db8::1", None), extra, harness.messages())


def _is_json(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_json, value))
    return value is None or isinstance(value, str | bool | int | float)


@check("delivery.json-result", clause="D15", covers=("sent message",))
def json_result(harness: Harness) -> None:
    """A send returns JSON or None."""

    def verify(message: Json) -> None:
        attempt = harness.send(message, harness.config)
        expect(attempt.error is None, f"expected the message to be sent; {attempt.summary}")
        found = f"{show(attempt.result)} ({type(attempt.result).__name__})"
        expect(_is_json(attempt.result), f"expected JSON or None as the result, found {found}")
        harness.coverage.add("sent message")

    harness.for_all(verify, harness.messages(), examples=_few(harness))


@check("delivery.message-data-object", clause="D16", covers=("SendMessageData object",))
def message_data_object(harness: Harness) -> None:
    """A SendMessageData object is sent like the same message as JSON."""
    if harness.spec.runs_in is not None:
        raise NotApplicable(f"the connector declares that it runs in {harness.spec.runs_in}, where messages are JSON")

    def verify(message: Json) -> None:
        as_json = harness.deliver(message, harness.config)
        data = SendMessageData.from_json(message)
        attempt = harness.attempt(partial(harness.connector.send_message, data, harness.config))
        expect(attempt.error is None, f"expected a SendMessageData object to be sent; {attempt.summary}")
        call = expect_one_call(attempt)
        for name in ("to", "subject", "body", "template", "forwarded"):
            what = f"for a SendMessageData object the same {name} as for its JSON,"
            expect_equal(what, getattr(as_json, name), getattr(call, name))
        harness.coverage.add("SendMessageData object")

    harness.for_all(verify, harness.messages(), examples=_few(harness))
