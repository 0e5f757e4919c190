"""Delivery: one message makes one request, which follows the config and the message."""

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from html import unescape
from typing import Any, Final

from attrs import evolve
from hypothesis import strategies as st

from conformance.harness.arrival import expect_body, expect_recipient, has_body
from conformance.harness.attempt import Attempt
from conformance.harness.expectations import expect_equal, expect_no_call, expect_one_call
from conformance.harness.harness import Harness
from conformance.harness.strategies import (
    ADDRESSES,
    CONTEXTS,
    NUMBERS,
    characters,
    codes,
    config_templates,
    ips,
    letters,
    line,
    links,
    with_config_templates,
    with_media_type,
)
from conformance.harness.values import show
from conformance.providers.base import Aspect, Call
from conformance.providers.request_errors import mailbox
from conformance.registry import check
from conformance.verdicts import CheckFailure, NotApplicable, expect
from connector_kit import ConnectorType, SendMessageData, replace_send_message_handlebars
from connector_kit.languages import language_tags

Json = Any

_LINE_BREAKS: Final = ("\r\n", "\n", "\r", "\x00", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029")
"""The characters that some program treats as the end of a line or of a text."""

_NOT_IN_HEADERS: Final = frozenset("\r\n\x00")
"""The characters that a header field cannot contain."""

_HUGE_PAYLOAD_SECONDS: Final = 60
"""How long the check waits for a send with a huge payload."""


def _templates(harness: Harness) -> list[dict[str, Json]]:
    return config_templates(harness.config)


def _has_config_templates(harness: Harness) -> bool:
    return "config-templates" in harness.spec.capabilities


def _require_subjects(harness: Harness) -> None:
    if not all("subject" in it for it in _templates(harness)):
        raise NotApplicable("the templates of valid_config have no subject")


def _with_texts(harness: Harness, texts: Mapping[str, str]) -> dict[str, Json]:
    """Return the config with these texts in all of its templates."""
    return with_config_templates(harness.config, [{**it, **texts} for it in _templates(harness)])


def _deliver_text(harness: Harness, message: Json, *, media_type: str = "text/html", **texts: str) -> Call:
    """Send a message with these texts in all templates of the config, or else in the managed template."""
    if _has_config_templates(harness):
        templates = [with_media_type(it, media_type) for it in _templates(harness)]
        changes = [{key: text for key, text in texts.items() if key in it} for it in templates]
        changed = [{**it, **more} for it, more in zip(templates, changes, strict=True)]
        return harness.deliver(message, with_config_templates(harness.config, changed))
    return harness.deliver(message, harness.config, managed=lambda: {"subject": "s", **texts})


def _sent_or_rejected(attempt: Attempt, what: str) -> Call | None:
    """Expect one call, or a ConnectorError and no call; return the call, if any."""
    if attempt.error is None:
        return expect_one_call(attempt, f"for {what}")
    expect(attempt.code is not None, f"expected {what} to be sent, or a ConnectorError; {attempt.summary}")
    expect_no_call(attempt, f"a send that rejects {what}")
    return None


@contextmanager
def _case(what: str) -> Iterator[None]:
    """Name a case in the message of a failure."""
    try:
        yield
    except CheckFailure as failure:
        raise CheckFailure(f"for {what}: {failure.message}") from None


def _first_call(harness: Harness, config: Json, managed: Json = None) -> Call:
    """Return the call of a connector that has sent nothing before, for a plain message."""
    harness.logto.managed_template = None if managed is None else lambda: managed
    fresh = harness.make()
    attempt = harness.attempt(partial(fresh.send_message, harness.plain_message, config))
    return expect_one_call(attempt, "from a new connector")


def _few(harness: Harness) -> int:
    """Return how many examples to try for a property that depends little on the message."""
    return max(5, harness.profile.examples // 6)


@check("delivery.one-call", clause="D1", covers=("sent message",), is_smoke=True)
def one_call(harness: Harness) -> None:
    """Each message makes exactly one request to the provider."""

    def verify(config: Json, message: Json) -> None:
        harness.deliver(message, config)
        harness.coverage.add("sent message")

    harness.for_all(verify, harness.configs(), harness.messages())


@check("delivery.recipient", clause="D2", covers=("sent message",), is_smoke=True)
def recipient(harness: Harness) -> None:
    """The recipient of a message is its only recipient, for every form of address or number that people have."""

    def verify_kind(kind: str, to: str, message: Json) -> None:
        message = {**message, "to": to}
        with _case(f"the recipient {to!r} ({kind})"):
            expect_recipient(harness.spec, harness.deliver(message, harness.config), message)

    def verify(message: Json) -> None:
        expect_recipient(harness.spec, harness.deliver(message, harness.config), message)
        harness.coverage.add("sent message")

    forms = NUMBERS if harness.spec.connector.type is ConnectorType.SMS else ADDRESSES
    for kind, recipients in forms.items():
        for to in recipients:
            harness.for_all(partial(verify_kind, kind, to), harness.messages(), examples=1)
    harness.for_all(verify, harness.messages(), examples=harness.profile.examples // 2)


@check("delivery.recipient-stateless", clause="D2", covers=("second message",))
def recipient_stateless(harness: Harness) -> None:
    """The recipient of a message does not depend on messages that were sent before."""

    def verify(message: Json, next_message: Json) -> None:
        harness.deliver(message, harness.config)
        expect_recipient(harness.spec, harness.deliver(next_message, harness.config), next_message)
        harness.coverage.add("second message")

    harness.for_all(verify, harness.messages(), harness.messages())


def _check_aspect(harness: Harness, aspect: Aspect) -> None:
    def verify(config: Json, message: Json) -> None:
        error = harness.provider.request_error(harness.deliver(message, config), config, aspect)
        expect(error is None, str(error))
        harness.coverage.add("sent message")

    harness.for_all(verify, harness.configs(), harness.messages())


@check("delivery.request-format", clause="D3", covers=("sent message",), is_smoke=True)
def request_format(harness: Harness) -> None:
    """The request has the method, path and encoding that the provider accepts."""
    _check_aspect(harness, "format")


@check("delivery.sender", clause="D4", covers=("sent message",))
def sender(harness: Harness) -> None:
    """The request has the sender of the config, or no sender if the config has none."""
    _check_aspect(harness, "sender")


@check("delivery.credentials", clause="D5", covers=("sent message",), is_smoke=True)
def credentials(harness: Harness) -> None:
    """The request is authenticated with the credentials of the config, for the region of the config."""
    _check_aspect(harness, "credentials")


@check("delivery.options", clause="D6", covers=("sent message",))
def options(harness: Harness) -> None:
    """The request has every other setting of the config, and no setting that the config lacks."""
    _check_aspect(harness, "options")


@check("delivery.result", clause="D7", covers=("sent message",), is_smoke=True)
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


def _bodies(call: Call) -> str:
    bodies = {"HTML": call.html, "plain text": call.text}
    return " and ".join(f"the {kind} {show(body)}" for kind, body in bodies.items() if body is not None) or "no body"


def _expect_kind_of_body(call: Call, what: str, *, is_html: bool) -> None:
    """Expect HTML, with or without a text alternative, or plain text alone."""
    is_right = call.html is not None if is_html else call.html is None and call.text is not None
    kind = "HTML" if is_html else "plain text only"
    expect(is_right, f"expected {what} as {kind}, found {_bodies(call)}")


def _media_types(harness: Harness) -> tuple[str, ...]:
    """Return the media types that a template of the config can have: text/html, and those of its own member for it."""
    example = _templates(harness)[0]
    text = with_media_type(example, "text/plain")
    return ("text/html", "text/plain") if text != with_media_type(example, "text/html") else ("text/html",)


@check("delivery.html", clause="D8", needs=("html", "config-templates"), covers=("HTML body",))
def html(harness: Harness) -> None:
    """A template of the config is sent as HTML, alone or with a text alternative; as text if its media type is text."""

    def verify(media_type: str, message: Json) -> None:
        call = _deliver_text(harness, message, media_type=media_type)
        is_html = media_type == "text/html"
        _expect_kind_of_body(call, f"the body of a template of the config with {media_type}", is_html=is_html)
        if is_html:
            harness.coverage.add("HTML body")

    harness.for_all(verify, st.sampled_from(_media_types(harness)), harness.messages())


_ALTERNATIVE: Final = (
    '<p>Hello,</p><p>your code is <b>{{code}}</b>.</p>\n<p>Or open <a class="button" href="{{link}}">this link</a>.</p>'
)


def _without_space(text: str) -> str:
    """Return a text without white space, which a text alternative may change, and with its entities replaced."""
    return re.sub(r"\s+", "", unescape(text))


@check(
    "delivery.text-alternative",
    clause="D8",
    needs=("html", "config-templates or i18n-templates"),
    covers=("HTML body",),
)
def text_alternative(harness: Harness) -> None:
    """A text alternative next to HTML contains the code and the link of its own message."""

    def verify(message: Json, code: str, link: str) -> None:
        payload = {**message["payload"], "code": code, "link": link}
        call = _deliver_text(harness, {**message, "payload": payload}, content=_ALTERNATIVE)
        for name, value in (("code", code), ("link", link)) if call.text is not None else ():
            expect(
                _without_space(value) in _without_space(call.text or ""),
                f"expected the text part to contain the {name} {value!r} like the HTML, found {show(call.text)}",
            )
        harness.coverage.add("HTML body")

    unmistakable = st.text("0123456789", min_size=6, max_size=6)
    harness.for_all(verify, harness.messages(), unmistakable, links)


@check("delivery.code", clause="D17", covers=("code", "link"))
def code(harness: Harness) -> None:
    """The connector's own texts contain the code or the link of the message, in every language."""
    if not harness.has_own_texts or harness.is_managed_only:
        raise NotApplicable("the Spec declares where its templates are, so the connector has no texts of its own")

    def verify(kind: str, locale: str | None, message: Json, value: str) -> None:
        payload = {kind: value} | ({} if locale is None else {"locale": locale})
        usage_type = message["type"]
        if (usage_type == "OrganizationInvitation") != (kind == "link"):  # Logto's invitations have a link and no code
            usage_type = "OrganizationInvitation" if kind == "link" else "Generic"
        sent = {**message, "type": usage_type, "payload": payload}
        call = harness.deliver(sent, harness.config, managed=lambda: None)
        if _expect_variables(call, sent, _EARLIER):  # the provider has the text of this one
            harness.coverage.add(kind)
            return
        for body in (call.body, call.text if call.text is not None else call.body):
            expect(
                _without_space(value) in _without_space(body or ""),
                f"expected the body to contain the {kind} {value!r} for the type {usage_type!r} and the locale "
                f"{locale!r}, found {show(body)}. If the provider has the texts, declare provider-templates",
            )
        harness.coverage.add(kind)

    for kind, values in (("code", st.text("0123456789", min_size=6, max_size=6)), ("link", links)):
        for locale in (None, *language_tags()):
            harness.for_all(partial(verify, kind, locale), harness.messages(), values, examples=1)
        harness.for_all(partial(verify, kind, None), harness.messages(), values)


_KINDS: Final[Mapping[str, dict[str, Json]]] = {
    **{
        f"an {name} address": {"ip": ip}
        for name, ip in zip(("IPv4", "IPv6", "IPv4-mapped IPv6", "internal IPv6"), ips, strict=True)
    },
    **{kind: {"payload": {"code": "012345", **context}} for kind, context in CONTEXTS.items()},
    "interface languages": {"payload": {"code": "012345", "locale": "fr-CA", "uiLocales": "fr-CA fr en"}},
    "a code and a link": {"payload": {"code": "012345", "link": "https://a.example/?token=0aB"}},
    "an invitation": {
        "type": "OrganizationInvitation",
        "payload": {"link": "https://a.example/join?id=0aB&x=1", **CONTEXTS["application and organization"]},
    },
    "a code of letters": {"payload": {"code": "aB3dE9"}},
    "a code of zeros": {"payload": {"code": "000000"}},
}


@check("delivery.message", clause="D18", covers=tuple(_KINDS))
def any_message(harness: Harness) -> None:
    """Every message that Logto sends is sent: with any ip, context variables, a link, a code of any characters."""

    def verify(kind: str, message: Json) -> None:
        message = {**message, **copy.deepcopy(_KINDS[kind])}
        with _case(f"a message with {kind}" if " " in kind else kind):
            expect_recipient(harness.spec, harness.deliver(message, harness.config), message)
        harness.coverage.add(kind)

    harness.for_each(verify, _KINDS, harness.messages())


@check("delivery.locale", clause="D18", covers=("language tag",))
def locale(harness: Harness) -> None:
    """A message is sent for every language that Logto knows."""
    for tag in () if harness.search.time_is_up else language_tags():
        harness.provider.reset()
        payload = {"code": "012345", "locale": tag, "uiLocales": f"{tag} en"}
        message = {**harness.plain_message, "payload": payload}
        with _case(f"the locale {tag!r}"):
            expect_recipient(harness.spec, harness.deliver(message, harness.config), message)
        harness.coverage.add("language tag")


def _same_value(found: Json, wanted: Json) -> bool:
    """Return whether a variable has a value: the value itself, its text form, or its JSON."""
    if wanted is None:
        return found in (None, "", "null")
    if isinstance(wanted, dict | list):
        if isinstance(found, str):
            try:
                found = json.loads(found)
            except ValueError:
                return False
        if isinstance(wanted, list):
            return (
                isinstance(found, list | tuple) and len(found) == len(wanted) and all(map(_same_value, found, wanted))
            )
        return isinstance(found, Mapping) and _missing_variable(found, wanted) is None
    if isinstance(wanted, str):
        return bool(found == wanted)
    return str(found).lower() in {str(wanted).lower(), json.dumps(wanted)} or (
        isinstance(wanted, float) and str(found) == f"{wanted:g}"
    )


def _plain_name(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _missing_variable(variables: Mapping[str, Json], payload: Mapping[str, Json], prefix: str = "") -> str | None:
    """Return the name of the first member of a payload that the variables lack; members may have joined names."""
    found = {_plain_name(str(name)): value for name, value in variables.items()}
    for name, value in payload.items():
        plain = prefix + _plain_name(name)
        if plain in found and _same_value(found[plain], value):
            continue
        is_split = plain not in found and isinstance(value, dict)
        if value is None and plain not in found:
            continue
        if not is_split or _missing_variable(variables, value, plain) is not None:
            return name
    return None


def _expect_variables(call: Call, message: Json, earlier: str) -> bool:
    """Expect the variables of a template to be those of its message; return whether the stub reads any."""
    payload, variables = message["payload"], call.variables
    if variables is None:
        return False
    if isinstance(variables, Mapping):
        missing = _missing_variable(variables, payload)
        expect(
            missing is None,
            f"expected the variables of the template to have {missing!r} with the payload's value "
            f"{show(payload.get(missing))}, found {show(dict(variables))}",
        )
        expect(
            earlier in payload or earlier not in map(_plain_name, variables),
            f"expected no variable of an earlier message, found {earlier!r} in {show(dict(variables))}",
        )
    else:
        values = [payload[name] for name in ("code", "link") if name in payload]
        expect(
            any(value == it for value in values for it in variables),
            f"expected the variables of the template to include {' or '.join(map(repr, values))}, "
            f"found {show(list(variables))}",
        )
    return True


_EARLIER: Final = "campaign"
"""A variable that only an earlier message has."""

_READ: Final = "variables, which the stub's read() must return in Message.variables"


@check("delivery.template-variables", clause="D19", needs=("template-names",), covers=(_READ,))
def template_variables(harness: Harness) -> None:
    """A template of the provider receives all variables of its own message, and none of an earlier one."""

    def verify(earlier: Json, message: Json, code: str, link: str) -> None:
        sent = [
            {**earlier, "payload": {**earlier["payload"], _EARLIER: "spring", "minutes": 10, "isNew": True}},
            {**message, "payload": {**message["payload"], "code": code}},
            {**message, "type": "OrganizationInvitation", "payload": {"link": link, "organization": {"name": "Acme"}}},
        ]
        for it in sent:
            harness.provider.reset()
            if _expect_variables(harness.deliver(it, harness.config), it, _EARLIER):
                harness.coverage.add(_READ)

    harness.for_all(verify, harness.messages(), harness.messages(), codes, links)


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
        _expect_kind_of_body(call, what, is_html=kind != "text/plain")
        expect_body(harness.spec, what, f"Code {code}", call)
        harness.coverage.add(kind)

    harness.for_each(verify, _CONTENT_TYPES, codes, harness.messages())


@check("delivery.reply-to", clause="R3", needs=("i18n-templates", "reply-to"), covers=("reply-to", "no reply-to"))
def reply_to(harness: Harness) -> None:
    """The replyTo of a managed template is rendered and is the reply-to; without one, the config's is, if it has any."""
    own = _first_call(harness, harness.config, {"subject": "s", "content": "c {{code}}"}).reply_to

    def verify(kind: str, name: str, message: Json) -> None:
        template = {"subject": "s", "content": "c {{code}}"}
        if kind == "reply-to":
            template["replyTo"] = "{{team}}@help.example"
        payload = {**message["payload"], "team": name}
        call = harness.deliver({**message, "payload": payload}, harness.config, managed=lambda: template)
        what = "the reply-to" if kind == "reply-to" else "the reply-to of a connector that has sent nothing before,"
        expect_equal(what, (f"{name}@help.example",) if kind == "reply-to" else own, call.reply_to)
        harness.coverage.add(kind)

    harness.for_each(verify, ("reply-to", "no reply-to"), letters, harness.messages())


def _addresses_in(value: Json) -> Iterator[str]:
    """Yield the addresses in the texts of a config, apart from its templates."""
    if isinstance(value, str):
        yield mailbox(value)[1]
    elif isinstance(value, dict | list):
        for key, member in value.items() if isinstance(value, dict) else enumerate(value):
            if key != "templates":
                yield from _addresses_in(member)


@check("delivery.i18n-settings", clause="D6", needs=("i18n-templates",), covers=("managed template",))
def i18n_settings(harness: Harness) -> None:
    """What a managed template leaves out is the config's: sender, reply-to and every other setting."""

    def verify(config: Json, message: Json) -> None:
        call = harness.deliver(message, config, managed=lambda: {"subject": "s", "content": "c {{code}}"})
        for aspect in ("sender", "credentials", "options"):
            error = harness.provider.request_error(call, config, aspect)
            expect(error is None, f"for a managed template: {error}")
        if _has_config_templates(harness):
            own = harness.deliver(message, config).reply_to
            addresses = set(_addresses_in(config))
            if all(mailbox(it)[1] in addresses for it in own):
                expect_equal("for a managed template without replyTo the config's reply-to", own, call.reply_to)
        harness.coverage.add("managed template")

    harness.for_all(verify, harness.configs(), harness.messages(), examples=max(5, harness.profile.examples // 2))


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


_UNUSABLE_MAILBOXES: Final = (
    "Help",
    "Help <help@example.com",
    "help@@example.com",
    "help@exa mple.com",
    "\u00dcnal@example.com",
    "\u00dcnal <help@-.example>",
    f"{'a' * 400}@example.com",
    f"{'a' * 400} <help@example.com>",
)


@check(
    "delivery.i18n-unusable-mailbox",
    clause="R3",
    level="advisory",
    needs=("i18n-templates", "reply-to or send-from"),
    covers=("unusable mailbox",),
)
def i18n_unusable_mailbox(harness: Harness) -> None:
    """A message is sent, or fails with a ConnectorError, if a managed template's replyTo or sendFrom is not a mailbox."""

    def verify(field: str, mailbox: str, message: Json) -> None:
        template = {"subject": "s", "content": "c {{code}}", field: mailbox}
        attempt = harness.send(message, harness.config, managed=lambda: template)
        _sent_or_rejected(attempt, f"a message whose managed template has the {field} {show(mailbox)}")
        harness.coverage.add("unusable mailbox")

    for field in ("replyTo", "sendFrom"):
        harness.for_each(partial(verify, field), _UNUSABLE_MAILBOXES, harness.messages())


@check("delivery.single-line-subject", clause="R4", needs=("config-templates",), covers=("control character",))
def single_line_subject(harness: Harness) -> None:
    """The subject contains no control characters, even if a value in it does."""
    _require_subjects(harness)
    config = _with_texts(harness, {"subject": "For {{name}}"})

    def verify(control: str, before: str, message: Json) -> None:
        payload = {"code": "123456", "name": f"{before}{control}Bcc: eve@attacker.example"}
        attempt = harness.send({**message, "payload": payload}, config)
        call = _sent_or_rejected(attempt, "a control character in the subject")
        subject = "" if call is None else call.subject or ""
        found = [hex(ord(it)) for it in subject if ord(it) < 32 or ord(it) == 127]  # noqa: PLR2004 - ASCII
        expect(not found, f"expected a subject without control characters, found {', '.join(found)} in {show(subject)}")
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
    is_prefixed = "subject-prefix" in harness.spec.capabilities

    def verify(line_break: str, before: str, message: Json) -> None:
        name = f"{before}{line_break}Bcc: eve@attacker.example{line_break}{line_break}another body"
        data = {**message, "payload": {"code": "123456", "name": name}}
        attempt = harness.send(data, config, managed=(lambda: template) if is_managed else None)
        call = _sent_or_rejected(attempt, "a line break in a value")
        if call is not None:
            expect_recipient(harness.spec, call, message)
            expect_body(harness.spec, "the body", "c 123456", call)
            found, wanted = _visible(call.subject), _visible(f"For {name}")
            expect(
                wanted in found if is_prefixed else wanted == found,
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

    own = _first_call(harness, harness.config).reply_to

    def verify_headers(call: Call) -> None:
        expect_equal("the reply-to of a connector that has sent nothing before,", own, call.reply_to)
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
        attempt = harness.send({**message, "to": to}, harness.config)
        call = _sent_or_rejected(attempt, f"the recipient {to!r}")
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
            expect_body(harness.spec, f"the whole body for a payload with {case}", body, call)
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
    """Return a text with U+FFFD for lone surrogates, which most encodings cannot represent; Python's write ``?``."""
    return re.sub("[\ud800-\udfff\ufffd?]+", "\ufffd", str(text))


def _without_controls(text: object) -> str:
    """Return a text without the characters that a medium need not carry: controls, lone surrogates, noncharacters."""
    return re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffd-\uffff?]", "", str(text))


def _with_body(call: Call, change: Callable[[object], str]) -> Call:
    return evolve(call, html=call.html and change(call.html), text=call.text and change(call.text))


@check("delivery.unusual-text", clause="D11", covers=tuple(_UNUSUAL_TEXTS))
def unusual_text(harness: Harness) -> None:
    """Unusual text in a value or a template is sent unchanged, without its control characters, or is rejected."""
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
                any(
                    has_body(harness.spec, change(body), _with_body(call, change))
                    for change in (_without_surrogates, _without_controls)
                ),
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
        _expect_kind_of_body(call, "the body", is_html=False)
        harness.coverage.add("plain-text body")

    harness.for_each(verify, kinds, codes, harness.messages())


@check("delivery.sms", clause="D13", needs=("sms",), covers=("sent message",))
def sms(harness: Harness) -> None:
    """A text message has the number from Logto in any notation, one plain-text body, no subject and no reply-to."""

    def verify(message: Json) -> None:
        call = harness.deliver(message, harness.config)
        expect_recipient(harness.spec, call, message)
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
    st.none() | st.booleans() | _safe_numbers | st.text(characters, max_size=12),
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
        expect(attempt.error is None, f"expected a SendMessageData object to be sent; {attempt.summary_with_text}")
        call = expect_one_call(attempt)
        for name in ("to", "subject", "body", "template", "variables", "forwarded"):
            what = f"for a SendMessageData object the same {name} as for its JSON,"
            expect_equal(what, getattr(as_json, name), getattr(call, name))
        harness.coverage.add("SendMessageData object")

    harness.for_all(verify, harness.messages(), examples=_few(harness))
