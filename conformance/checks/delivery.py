"""Delivery: one message, one request, with what the config and the message say."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from hypothesis import strategies as st

from conformance.provider import Aspect, Call
from conformance.providers.sender import mailbox
from conformance.registry import NotApplicable, check, expect
from conformance.strategies import codes, letters, line
from conformance.subject import Attempt, Subject
from connector_kit import ConnectorType, SendMessageData, replace_send_message_handlebars

Json = Any

_BREAKS: Final = ("\r\n", "\n", "\r", "\x00", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029")
"""What some program takes for the end of a line, or of a text."""

_NO_LINE: Final = frozenset("\r\n\x00")
"""What no header field can hold."""


def _templates(subject: Subject) -> list[dict[str, Json]]:
    templates: list[dict[str, Json]] = subject.config["templates"]
    return templates


def _need_a_subject(subject: Subject) -> None:
    if not all("subject" in it for it in _templates(subject)):
        raise NotApplicable("the templates of valid_config have no subject")


def _with_texts(subject: Subject, texts: Mapping[str, str]) -> dict[str, Json]:
    """Return the config with these texts in all of its templates."""
    return {**subject.config, "templates": [{**it, **texts} for it in _templates(subject)]}


def _sent_or_refused(attempt: Attempt, what: str) -> Call | None:
    """Return the one call, or ``None`` where the message was refused in order; anything else is a failure."""
    if attempt.error is None:
        expect(len(attempt.calls) == 1, f"expected one call to the provider for {what}, found {len(attempt.calls)}")
        return attempt.calls[0]
    expect(attempt.code is not None, f"expected {what} to be sent, or refused as a ConnectorError; {attempt.how}")
    expect(
        not attempt.calls, f"expected nothing to be sent for {what} once refused, found {len(attempt.calls)} call(s)"
    )
    return None


@check("delivery.one-call", clause="D1", sees=("sent",))
def one_call(subject: Subject) -> None:
    """One message is one request to the provider: nobody gets two codes."""

    def claim(config: Json, message: Json) -> None:
        attempt = subject.send(message, config)
        expect(attempt.error is None, f"expected the message to be sent; {attempt.how}")
        expect(len(attempt.calls) == 1, f"expected one call to the provider, found {len(attempt.calls)}")
        subject.ledger.saw("sent")

    subject.for_all(claim, subject.configs(), subject.messages())


@check("delivery.recipient", clause="D2", sees=("sent",))
def recipient(subject: Subject) -> None:
    """The message goes to the address that Logto gave, and to nobody else."""

    def claim(message: Json) -> None:
        call = subject.deliver(message, subject.config)
        expect(call.to == (message["to"],), f"expected {message['to']} as the one recipient, found {call.to}")
        subject.ledger.saw("sent")

    subject.for_all(claim, subject.messages())


@check("delivery.recipient-once", clause="D2", sees=("second",))
def recipient_once(subject: Subject) -> None:
    """A recipient gets only their own message, whatever was sent before."""

    def claim(one: Json, other: Json) -> None:
        subject.deliver(one, subject.config)
        call = subject.deliver(other, subject.config)
        expect(call.to == (other["to"],), f"expected {other['to']} as the one recipient, found {call.to}")
        subject.ledger.saw("second")

    subject.for_all(claim, subject.messages(), subject.messages())


def _judged(subject: Subject, aspect: Aspect) -> None:
    def claim(config: Json, message: Json) -> None:
        call = subject.deliver(message, config)
        fault = subject.provider.fault(call, config, aspect)
        expect(fault is None, fault or "")
        subject.ledger.saw("sent")

    subject.for_all(claim, subject.configs(), subject.messages())


@check("delivery.form", clause="D3", sees=("sent",))
def form(subject: Subject) -> None:
    """The request is one that the provider takes: method, path, encoding."""
    _judged(subject, "form")


@check("delivery.sender", clause="D4", sees=("sent",))
def sender(subject: Subject) -> None:
    """The sender is the config's; where the config has none, the request names none."""
    _judged(subject, "sender")


@check("delivery.credentials", clause="D5", sees=("sent",))
def credentials(subject: Subject) -> None:
    """The request is authenticated with the config's own credentials, for the config's own region."""
    _judged(subject, "credentials")


@check("delivery.options", clause="D6", sees=("sent",))
def options(subject: Subject) -> None:
    """Every other setting of the config reaches the provider, and none that is not set."""
    _judged(subject, "options")


@check("delivery.result", clause="D7", sees=("sent",))
def result(subject: Subject) -> None:
    """A send returns what the provider answered: the id under which the message can be traced."""
    if subject.deliver(subject.plain_message, subject.config).result is None:
        raise NotApplicable(f"{type(subject.provider).__name__} answers a message that it accepts with no id")

    def claim(name: str, message: Json) -> None:
        subject.provider.answer_with(name)
        attempt = subject.send(message, subject.config)
        expect(len(attempt.calls) == 1, f"expected one call to the provider, found {len(attempt.calls)}; {attempt.how}")
        wanted = attempt.calls[0].result
        expect(
            attempt.result == wanted,
            f"expected the provider's message id as the result when it answers {name!r}, found something else; "
            f"{attempt.how}",
        )
        subject.ledger.saw("sent")

    successes = [it.name for it in subject.provider.outcomes if it.family == "accepted"]
    subject.for_all(claim, st.just(successes[0]), subject.messages())
    subject.for_each(claim, successes[1:], subject.messages())


@check("delivery.html", clause="D8", needs=("html", "config-templates"), sees=("html",))
def html(subject: Subject) -> None:
    """A template of the config goes out as HTML, and as nothing else."""

    def claim(message: Json) -> None:
        # A template that has a contentType of its own, as some connectors' have, says what this claim is about.
        templates = [it | ({"contentType": "text/html"} if "contentType" in it else {}) for it in _templates(subject)]
        call = subject.deliver(message, {**subject.config, "templates": templates})
        expect(call.html is not None and call.text is None, "expected an HTML body alone, found another")
        subject.ledger.saw("html")

    subject.for_all(claim, subject.messages())


@check(
    "delivery.content-type",
    clause="R3",
    needs=("html", "i18n-templates", "text"),
    sees=("text/plain", "text/html", "none"),
)
def content_type(subject: Subject) -> None:
    """A managed template's contentType decides between HTML and plain text; HTML where it says nothing."""

    def claim(kind: str, code: str, message: Json) -> None:
        template = {"subject": "s", "content": f"Code {code}"} | ({} if kind == "none" else {"contentType": kind})
        call = subject.deliver(message, subject.config, managed=lambda: template)
        found = call.text if kind == "text/plain" else call.html
        other = call.html if kind == "text/plain" else call.text
        expect(
            found == f"Code {code}" and other is None,
            f"expected the body of a template with contentType {kind} as "
            f"{'plain text' if kind == 'text/plain' else 'HTML'} alone, found another",
        )
        subject.ledger.saw(kind)

    subject.for_each(claim, ("text/plain", "text/html", "none"), codes, subject.messages())


@check("delivery.reply-to", clause="R3", needs=("i18n-templates", "reply-to"), sees=("reply-to", "none"))
def reply_to(subject: Subject) -> None:
    """A managed template's replyTo is rendered and reaches the provider."""

    def claim(wanted: bool, name: str, message: Json) -> None:  # noqa: FBT001 - one of two
        template = {"subject": "s", "content": "c {{code}}"}
        if wanted:
            template["replyTo"] = "{{team}}@help.example"
        payload = {**message["payload"], "team": name}
        call = subject.deliver({**message, "payload": payload}, subject.config, managed=lambda: template)
        expected = (f"{name}@help.example",) if wanted else ()
        expect(call.reply_to == expected, f"expected reply-to {expected}, found {call.reply_to}")
        subject.ledger.saw("reply-to" if wanted else "none")

    subject.for_each(claim, (True, False), letters, subject.messages())


_SENDERS: Final = (
    ("{{team}} <{{team}}@from.example>", "{team}", "{team}@from.example"),
    ("{{team}}@from.example", "", "{team}@from.example"),
    ("Team {{team}}", "Team {team}", None),
    (" {{nothing}}", None, None),
)
"""A managed template's sendFrom, and the display name and address that it stands for; ``None`` for the config's."""


@check("delivery.send-from", clause="R3", needs=("i18n-templates", "send-from"), sees=("sender",))
def send_from(subject: Subject) -> None:
    """A managed template's sendFrom is rendered and is the sender; a display name alone goes before the config's."""

    def claim(case: tuple[str, str | None, str | None], team: str, message: Json) -> None:
        wanted, name, address = case
        message = {**message, "payload": {**message["payload"], "team": team, "nothing": ""}}
        own = subject.deliver(message, subject.config, managed=lambda: {"subject": "s", "content": "c"})
        template = {"subject": "s", "content": "c", "sendFrom": wanted}
        call = subject.deliver(message, subject.config, managed=lambda: template)
        own_name, own_address = mailbox(own.sender or "")
        expected = (
            own_name if name is None else name.format(team=team),
            own_address if address is None else address.format(team=team),
        )
        found = mailbox(call.sender or "")
        expect(found == expected, f"expected the sender {expected} for sendFrom {wanted!r}, found {found}")
        subject.ledger.saw("sender")

    subject.for_each(claim, _SENDERS, letters, subject.messages())
    for case in subject.provider.config_cases:
        config = {key: value for key, value in subject.config.items() if key not in case.without}
        if case.without and subject.accepts(config):
            template = {"subject": "s", "content": "c", "sendFrom": "Team"}
            own, call = (
                subject.deliver(subject.plain_message, config, managed=lambda it=it: it)
                for it in ({"subject": "s", "content": "c"}, template)
            )
            expect(
                own.sender is not None or call.sender is None,
                f"expected no sender for the sendFrom 'Team' where the config has none, found {call.sender!r}",
            )


@check("delivery.subject-is-one-line", clause="R4", needs=("config-templates",), sees=("control",))
def subject_is_one_line(subject: Subject) -> None:
    """Control characters in a value cannot break out of the subject line: they are stripped."""
    _need_a_subject(subject)

    def claim(control: str, before: str, message: Json) -> None:
        templates = [{**it, "subject": "For {{name}}"} for it in subject.config["templates"]]
        payload = {"code": "123456", "name": f"{before}{control}Bcc: eve@attacker.example"}
        call = subject.deliver({**message, "payload": payload}, {**subject.config, "templates": templates})
        found = [hex(ord(it)) for it in call.subject or "" if ord(it) < 32 or ord(it) == 127]  # noqa: PLR2004 - ASCII
        expect(not found, f"expected a subject without control characters, found {', '.join(found)}")
        subject.ledger.saw("control")

    subject.for_each(claim, ("\r\n", "\n", "\r", "\x00", "\x7f", "\t"), line, subject.messages())


def _letters_of(text: str | None) -> str:
    """Return what is left of a text without white space and control characters, which may be stripped or replaced."""
    return re.sub(r"[\s\x00-\x1f\x7f]+", "", text or "")


def _expect_no_more_than(call: Call, message: Json, subject_line: str, body: str) -> None:
    """Expect a message that a line break in a value has added nothing to, and taken nothing from."""
    expect(call.to == (message["to"],), f"expected {message['to']} as the one recipient, found {call.to}")
    expect(call.body == body, f"expected the body {body!r}, found {call.body!r}")
    found = _letters_of(call.subject)
    expect(found == _letters_of(subject_line), f"expected the whole value in the subject, found {call.subject!r}")
    for name, fields in (("subject", (call.subject,)), ("sender", (call.sender,)), ("reply-to", call.reply_to)):
        broken = any(_NO_LINE & set(field or "") for field in fields)
        expect(not broken, f"expected one line as the {name}, found {fields}")


@check("delivery.header-injection", clause="D9", needs=("config-templates",), sees=("break",))
def header_injection(subject: Subject) -> None:
    """A line break in a value adds no header, no recipient and no body, whatever it is that breaks lines."""
    _need_a_subject(subject)
    config = _with_texts(subject, {"subject": "For {{name}}", "content": "c {{code}}"})

    def claim(line_break: str, before: str, message: Json) -> None:
        name = f"{before}{line_break}Bcc: eve@attacker.example{line_break}{line_break}another body"
        payload = {"code": "123456", "name": name}
        call = _sent_or_refused(subject.send({**message, "payload": payload}, config), "a line break in a value")
        if call is not None:
            _expect_no_more_than(call, message, f"For {name}", "c 123456")
            expect(not call.reply_to, f"expected no reply-to, found {call.reply_to}")
            fault = subject.provider.fault(call, config, "sender")
            expect(fault is None, f"with a line break in a value: {fault}")
        subject.ledger.saw("break")

    subject.for_each(claim, _BREAKS, letters, subject.messages())


@check("delivery.managed-header-injection", clause="D9", needs=("i18n-templates",), sees=("break",))
def managed_header_injection(subject: Subject) -> None:
    """A line break in a value adds nothing through a managed template's subject, replyTo or sendFrom either."""
    template = {
        "subject": "For {{name}}",
        "content": "c {{code}}",
        "replyTo": "{{name}}@help.example",
        "sendFrom": "{{name}} <team@from.example>",
    }

    def claim(line_break: str, before: str, message: Json) -> None:
        name = f"{before}{line_break}Bcc: eve@attacker.example{line_break}{line_break}another body"
        data = {**message, "payload": {"code": "123456", "name": name}}
        attempt = subject.send(data, subject.config, managed=lambda: template)
        call = _sent_or_refused(attempt, "a line break in a value")
        if call is not None:
            _expect_no_more_than(call, message, f"For {name}", "c 123456")
            expect(len(call.reply_to) <= 1, f"expected one reply-to at most, found {call.reply_to}")
        subject.ledger.saw("break")

    subject.for_each(claim, _BREAKS, letters, subject.messages())


@check("delivery.recipient-injection", clause="D9", sees=("break", "list"))
def recipient_injection(subject: Subject) -> None:
    """A recipient with a line break, or with another behind a comma, is refused or stays one recipient without."""
    eve = "15559999999" if subject.spec.connector.type is ConnectorType.SMS else "eve@attacker.example"
    added = {
        "break": [f"{it}{more}" for it in ("\r\n", "\n", "\r", "\x00") for more in ("", f"Bcc: {eve}", eve)],
        "list": [f"{separator}{eve}" for separator in (",", ", ", ";")],
    }

    forwards = "provider-templates" in subject.spec.capabilities  # then it is the provider that takes it apart

    def claim(kind: str, more: str, message: Json) -> None:
        to = f"{message['to']}{more}"
        attempt = subject.send({**message, "to": to}, subject.config)
        call = _sent_or_refused(attempt, "a recipient that is more than one line or address")
        if call is not None:
            expect(len(call.to) == 1, f"expected one recipient for {to!r}, found {call.to}")
            as_it_is = forwards and call.to == (to,)
            clean = as_it_is or not _NO_LINE & set(call.to[0])
            expect(clean, f"expected a recipient without line breaks, found {call.to[0]!r}")
        subject.ledger.saw(kind)

    for kind, endings in added.items():
        examples = subject.profile.examples // 2
        subject.for_all(claim, st.just(kind), st.sampled_from(endings), subject.messages(), examples=examples)


def _huge(case: str) -> Json:
    """Return a value that is too much for somebody; made here, because examples are kept."""
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


@check(
    "delivery.huge-payload",
    clause="D10",
    sees=("1 MB of text", "1,000 keys", "an integer of 400 digits", "200 levels"),
)
def huge_payload(subject: Subject) -> None:
    """A payload that is huge in any respect is sent whole, or refused as a ConnectorError."""
    has_templates = "config-templates" in subject.spec.capabilities
    template = "c {{name}} {{name.key-1}} {{name.in}}"

    def claim(case: str, message: Json) -> None:
        payload = {"code": "123456", "name": _huge(case)} | (_huge(case) if case == "1,000 keys" else {})
        config = _with_texts(subject, {"content": template}) if has_templates else subject.config
        call = _sent_or_refused(
            subject.send({**message, "payload": payload}, config, within=60), f"a payload with {case}"
        )
        if call is not None and has_templates:
            whole = call.body == replace_send_message_handlebars(template, payload)
            expect(whole, f"expected all of a payload with {case} in the body, found another body")
        subject.ledger.saw(case)

    for case in ("1 MB of text", "1,000 keys", "an integer of 400 digits", "200 levels"):
        subject.for_all(claim, st.just(case), subject.messages(), examples=2)


_ODD_TEXTS: Final = {
    "nothing": "",
    "half a surrogate pair": "a\ud83d",
    "a surrogate pair in reverse": "\ude00\ud83d b",
    "NUL": "a\x00b",
    "right to left": "\u202e\u05e9\u05dc\u05d5\u05dd\u202c \u0645\u0631\u062d\u0628\u0627",
    "emoji": "\U0001f469\u200d\U0001f4bb\U0001f3fd \u2764\ufe0f",
    "other planes": "\U00020bb7\U0001d54f\U0010ffff",
    "combining marks": "e\u0301 \u1100\u1161\u11a8 \ufb01",
    "byte order mark": "\ufeffa\ufffe",
    "control characters": "a\x01\x1b\x7f\x80b",
}


def _whole_characters(text: object) -> str:
    """Return a text with U+FFFD for halves of surrogate pairs: most encodings have no place for those."""
    return re.sub("[\ud800-\udfff\ufffd]+", "\ufffd", str(text))


@check("delivery.odd-text", clause="D11", sees=tuple(_ODD_TEXTS))
def odd_text(subject: Subject) -> None:
    """Text of any kind, in a value or a template, arrives as it was written, or is refused as a ConnectorError."""
    has_templates = "config-templates" in subject.spec.capabilities

    def claim(case: str, where: str, message: Json) -> None:
        odd = _ODD_TEXTS[case]
        data = {**message, "payload": {"code": "123456", "name": odd}}
        config = subject.config
        if has_templates:
            config = _with_texts(subject, {"content": f"[{odd}]" if where == "template" else "[{{name}}]"})
        call = _sent_or_refused(subject.send(data, config), f"a message with {case} in a {where}")
        if call is not None and has_templates:
            arrived = _whole_characters(call.body) == _whole_characters(f"[{odd}]")
            expect(arrived, f"expected {case} in a {where} to arrive as {f'[{odd}]'!a}, found {call.body!a}")
        subject.ledger.saw(case)

    for case in _ODD_TEXTS:
        subject.for_all(claim, st.just(case), st.sampled_from(("value", "template")), subject.messages(), examples=6)


@check("delivery.plain-text", clause="D12", needs=("text",), sees=("text",))
def plain_text(subject: Subject) -> None:
    """A connector that can send plain text and nothing else sends every body so."""
    declared = subject.spec.capabilities
    kinds = ["config"] if "config-templates" in declared else []
    kinds += ["none", "text/plain", "text/html"] if "i18n-templates" in declared else []
    if "html" in declared or not kinds:
        reason = "html too" if kinds else "no templates but the provider's"
        raise NotApplicable(f"the Spec declares {reason}, so its bodies need not be plain text")

    def claim(kind: str, code: str, message: Json) -> None:
        managed = {"subject": "s", "content": f"Code {code}"} | ({} if kind == "none" else {"contentType": kind})
        call = subject.deliver(message, subject.config, managed=lambda: None if kind == "config" else managed)
        expect(call.text is not None and call.html is None, "expected a body of plain text alone, found another")
        subject.ledger.saw("text")

    subject.for_each(claim, kinds, codes, subject.messages())


@check("delivery.sms", clause="D13", needs=("sms",), sees=("sent",))
def text_message(subject: Subject) -> None:
    """A text message has the number as Logto gave it, one plain body, and nothing that only e-mail has."""

    def claim(message: Json) -> None:
        call = subject.deliver(message, subject.config)
        expect(call.to == (message["to"],), f"expected {message['to']} as the one number, found {call.to}")
        expect(call.html is None, "expected a body of plain text, found HTML")
        if "config-templates" in subject.spec.capabilities:
            expect(call.text is not None, "expected a body of plain text, found none")
        expect(call.subject is None, f"expected no subject, found {call.subject!r}")
        expect(not call.reply_to, f"expected no reply-to, found {call.reply_to}")
        subject.ledger.saw("sent")

    subject.for_all(claim, subject.messages())


def _same_json(found: Json, wanted: Json) -> bool:
    """Compare JSON values, where 1 and 1.0 are one number and neither is ``true``."""
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


@check("delivery.forwarding", clause="D14", needs=("provider-templates",), sees=("with ip", "without ip"))
def forwarding(subject: Subject) -> None:
    """A message whose template stands at the provider gets there as it is: recipient, type, payload, and ip if known."""

    def claim(ip: str | None, more: Json, message: Json) -> None:
        sent = {key: message[key] for key in ("to", "type")} | ({} if ip is None else {"ip": ip})
        sent["payload"] = {**message["payload"], **more}
        forwarded = subject.deliver(sent, subject.config).forwarded
        expect(
            isinstance(forwarded, Mapping),
            "expected the provider to get the message as it is (Call.forwarded), found nothing of the kind",
        )
        for key in ("to", "type", "payload", "ip"):
            same = (key in forwarded) == (key in sent) and _same_json(forwarded.get(key), sent.get(key))
            there = "" if key in sent else " not to be there, as in the message"
            expect(same, f"expected {key!r} to be forwarded{there or ' as it is'}, found otherwise")
        subject.ledger.saw("without ip" if ip is None else "with ip")

    extra = st.dictionaries(letters.filter(lambda it: it != "code"), _payload_values, max_size=4)
    subject.for_each(claim, ("192.0.2.1", "2001:db8::1", None), extra, subject.messages())


def _is_json(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_json, value))
    return value is None or isinstance(value, str | bool | int | float)


@check("delivery.result-is-json", clause="D15", sees=("sent",))
def result_is_json(subject: Subject) -> None:
    """What a send returns is JSON, or nothing: it goes back to Logto over the wire."""

    def claim(message: Json) -> None:
        attempt = subject.send(message, subject.config)
        expect(attempt.error is None, f"expected the message to be sent; {attempt.how}")
        expect(_is_json(attempt.result), f"expected a result that is JSON, found {type(attempt.result).__name__}")
        subject.ledger.saw("sent")

    subject.for_all(claim, subject.messages(), examples=max(5, subject.profile.examples // 6))


@check("delivery.message-object", clause="D16", sees=("object",))
def message_object(subject: Subject) -> None:
    """A message is sent alike whether it comes as JSON or as the kit's SendMessageData."""
    if subject.spec.runs_in is not None:
        raise NotApplicable(f"the connector runs in {subject.spec.runs_in}: it knows JSON alone")

    def claim(message: Json) -> None:
        as_json = subject.deliver(message, subject.config)
        data = SendMessageData.from_json(message)
        attempt = subject.attempt(partial(subject.connector.send_message, data, subject.config))
        expect(attempt.error is None, f"expected a message to be sent as a SendMessageData too; {attempt.how}")
        expect(len(attempt.calls) == 1, f"expected one call to the provider, found {len(attempt.calls)}")
        call, alike = attempt.calls[0], ("to", "subject", "body", "template", "forwarded")
        same = all(getattr(call, it) == getattr(as_json, it) for it in alike)
        expect(same, "expected the same message from a SendMessageData as from its JSON, found another")
        subject.ledger.saw("object")

    subject.for_all(claim, subject.messages(), examples=max(5, subject.profile.examples // 6))
