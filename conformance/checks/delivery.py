"""Delivery: one message, one request, with what the config and the message say."""

from typing import Any

from conformance.provider import Aspect
from conformance.registry import NotApplicable, check, expect
from conformance.strategies import codes, letters, line
from conformance.subject import Subject

Json = Any


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

    def claim(message: Json) -> None:
        attempt = subject.send(message, subject.config)
        expect(len(attempt.calls) == 1, f"expected one call to the provider, found {len(attempt.calls)}; {attempt.how}")
        wanted = attempt.calls[0].result
        expect(attempt.result == wanted, "expected the provider's message id as the result, found something else")
        subject.ledger.saw("sent")

    subject.for_all(claim, subject.messages())


@check("delivery.html", clause="D8", needs=("html", "config-templates"), sees=("html",))
def html(subject: Subject) -> None:
    """A template of the config goes out as HTML, and as nothing else."""

    def claim(message: Json) -> None:
        call = subject.deliver(message, subject.config)
        expect(call.html is not None and call.text is None, "expected an HTML body alone, found another")
        subject.ledger.saw("html")

    subject.for_all(claim, subject.messages())


@check("delivery.content-type", clause="R3", needs=("i18n-templates", "text"), sees=("text/plain", "text/html", "none"))
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


@check("delivery.subject-is-one-line", clause="R4", needs=("config-templates",), sees=("control",))
def subject_is_one_line(subject: Subject) -> None:
    """Control characters in a value cannot break out of the subject line: they are stripped."""
    if "subject" not in subject.config["templates"][0]:
        raise NotApplicable("the templates of valid_config have no subject")

    def claim(control: str, before: str, message: Json) -> None:
        templates = [{**it, "subject": "For {{name}}"} for it in subject.config["templates"]]
        payload = {"code": "123456", "name": f"{before}{control}Bcc: eve@attacker.example"}
        call = subject.deliver({**message, "payload": payload}, {**subject.config, "templates": templates})
        found = [hex(ord(it)) for it in call.subject or "" if ord(it) < 32 or ord(it) == 127]  # noqa: PLR2004 - ASCII
        expect(not found, f"expected a subject without control characters, found {', '.join(found)}")
        subject.ledger.saw("control")

    subject.for_each(claim, ("\r\n", "\n", "\r", "\x00", "\x7f", "\t"), line, subject.messages())
