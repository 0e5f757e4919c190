"""Tries a Spec before any check runs: a mis-wired one would fail them all for one reason, and an incomplete one prove less."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from conformance.checks import all_checks
from conformance.profile import Profile, default_profile
from conformance.registry import CheckFailure
from conformance.sign_in import Visitor
from conformance.spec import Spec
from conformance.subject import Attempt, Subject
from connector_kit import ConnectorType
from connector_kit.connector import MessageConnector

_TYPES = {"sms": ConnectorType.SMS, "social": ConnectorType.SOCIAL}
_SENDER = "smoke@from.example"
_MANAGED = {
    "subject": "{{code}}",
    "content": "{{code}}",
    "contentType": "text/plain",
    "replyTo": "smoke@reply.example",
    "sendFrom": _SENDER,
}


def spec_faults(spec: Spec, profile: Profile | None = None) -> tuple[str, ...]:
    """Try the Spec itself.

    Returns:
        What is wrong, in words; nothing when its names exist, it declares what the connector does, the connector can
        be made and accepts the config, and a first message arrives.
    """
    faults = [*_unknown_names(spec), *_undeclared(spec)]
    if not faults:
        subject = Subject(spec, profile or default_profile())
        with subject.provider.running():
            faults += [subject.canaries.redact(fault) for fault in _smoke(subject)]
    return tuple(faults)


def _unknown_names(spec: Spec) -> Iterator[str]:
    ids = {check.id for check in all_checks()}
    for name in spec.expected_failures:
        if name not in ids:
            near = get_close_matches(name, ids, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            yield f"expected_failures names {name!r}, which is no check.{hint}"
    for key in spec.secrets:
        if key not in spec.valid_config:
            yield f"secrets names {key!r}, which valid_config does not have."


def _undeclared(spec: Spec) -> Iterator[str]:
    """Hold the capabilities against what can be told from the class alone."""
    declared = spec.capabilities
    for name, kind in _TYPES.items():
        if (name in declared) != (spec.connector.type is kind):
            found = f"the connector's type is {spec.connector.type}"
            yield f"{found}: {'take out' if name in declared else 'declare'} the capability {name!r}."
    if spec.connector.type not in {ConnectorType.EMAIL, ConnectorType.SMS}:
        return
    if len(declared & {"config-templates", "provider-templates", "template-names"}) != 1:
        yield (
            "it has to be known where its templates stand: declare 'config-templates' or 'provider-templates', "
            "or 'template-names'."
        )
    carries = declared & {"config-templates", "i18n-templates"}
    if spec.connector.type is ConnectorType.EMAIL and carries and not declared & {"html", "text"}:
        yield "it has to be known what its bodies are: declare 'html', 'text', or both."
    for name in ("reply-to", "send-from"):
        if name in declared and "i18n-templates" not in declared:
            yield f"{name!r} is about the templates that Logto manages: declare 'i18n-templates' too."
    tells = getattr(spec.connector, "get_usage", None) is not MessageConnector.get_usage
    if tells != ("usage" in declared):
        found = "the connector has a get_usage of its own" if tells else "the connector has no get_usage of its own"
        yield f"{found}: {'declare' if tells else 'take out'} the capability 'usage'."


def _smoke(subject: Subject) -> Iterator[str]:
    if not subject.accepts(subject.config):
        issues = subject.spec.connector.config_guard.issues(subject.config)
        found = "; ".join(f"{issue.path}: {issue.message}" for issue in issues if issue.severity == "error")
        yield f"valid_config is not valid: {found}."
        return
    try:
        subject.make()
    except Exception as error:  # noqa: BLE001 - whatever making the connector raises
        yield f"the connector cannot be made: {type(error).__name__}: {error}"
        return
    if subject.spec.connector.type in {ConnectorType.EMAIL, ConnectorType.SMS}:
        yield from _first_messages(subject)
    else:
        yield from _first_sign_in(subject)


def _first_sign_in(subject: Subject) -> Iterator[str]:
    try:
        attempt = Visitor(subject).try_to_sign_in()
    except NotImplementedError as missing:
        yield str(missing)
    except CheckFailure as failure:
        yield f"a first sign-in failed: {failure.message}."
    else:
        if attempt.error is not None and subject.provider.refused_sockets:
            where = ", ".join(subject.provider.refused_sockets)
            yield f"a first sign-in went to {where} and not to `provider`: does the config, or the provider, lead to the stub?"
        elif attempt.error is not None:
            yield f"a first sign-in failed: {attempt.how}: {attempt.error}."


def _first_messages(subject: Subject) -> Iterator[str]:
    plain = _send(subject)
    yield from _not_sent(subject, plain, "a first message with valid_config")
    if plain.error is not None or not plain.calls:
        return
    declared, calls = subject.spec.capabilities, list(plain.calls)
    if subject.asked_for_template and "i18n-templates" not in declared:
        yield "the connector asks Logto for a managed template: declare the capability 'i18n-templates'."
    if "i18n-templates" in declared:
        managed = _send(subject, managed=lambda: _MANAGED)
        yield from _not_sent(subject, managed, "a first message with a managed template")
        calls += managed.calls
    for name, shows in (
        ("html", any(call.html is not None for call in calls)),
        ("text", any(call.html is None and call.text is not None for call in calls)),
        ("reply-to", any(call.reply_to for call in calls)),
        ("send-from", any(_SENDER in (call.sender or "") for call in calls)),
    ):
        if shows and name not in declared and subject.spec.connector.type is ConnectorType.EMAIL:
            yield f"a first message shows that the connector can do it: declare the capability {name!r}."


def _send(subject: Subject, **how: Any) -> Attempt:  # noqa: ANN401 - see Subject.send
    to = "15550000000" if subject.spec.connector.type is ConnectorType.SMS else "smoke@example.com"
    return subject.send({"to": to, "type": "Generic", "payload": {"code": "000000"}}, subject.config, **how)


def _not_sent(subject: Subject, attempt: Attempt, what: str) -> Iterable[str]:
    if attempt.error is None and attempt.calls:
        return  # a socket to elsewhere, beside a message that arrived, is for a check to judge
    if subject.provider.refused_sockets:
        where = ", ".join(subject.provider.refused_sockets)
        yield f"{what} went to {where} and not to `provider`: does the config, or the provider, lead to the stub?"
    elif attempt.error is not None:
        yield f"{what} could not be sent: {attempt.how}: {attempt.error}."
    else:
        yield f"{what} was sent, but not to `provider`: is it the stub of the provider this connector talks to?"
