"""Tries a Spec before the checks run: a wrong one would fail every check for one reason, or skip checks."""

from collections.abc import Iterator
from typing import Any

from conformance.checks import all_checks
from conformance.harness.attempt import Attempt
from conformance.harness.harness import Harness
from conformance.harness.search import SearchOptions
from conformance.harness.sign_in import SignIn
from conformance.profile import default_profile
from conformance.spec import Spec
from conformance.verdicts import CheckFailure
from connector_kit import ConnectorType
from connector_kit.connector import MessageConnector
from connector_kit.suggestions import did_you_mean

_TYPES = {"sms": ConnectorType.SMS, "social": ConnectorType.SOCIAL}
_TEMPLATE_SOURCES = ("config-templates", "template-names", "provider-templates")
_SENDER = "smoke@from.example"
_MANAGED = {
    "subject": "{{code}}",
    "content": "{{code}}",
    "contentType": "text/plain",
    "replyTo": "smoke@reply.example",
    "sendFrom": _SENDER,
}


def spec_errors(spec: Spec) -> tuple[str, ...]:
    """Return the errors in a Spec; there are none if a first message, or a first sign-in, reaches the stub.

    Names must exist, the capabilities must match what the connector does, and the guard must accept the config.
    """
    errors = [*_unknown_names(spec), *_wrong_capabilities(spec)]
    if not errors:
        harness = Harness(spec, SearchOptions(default_profile()))
        with harness.provider.running():
            errors += [harness.canaries.redact(error) for error in _first_use(harness)]
    return tuple(errors)


def _unknown_names(spec: Spec) -> Iterator[str]:
    ids = {check.id for check in all_checks()}
    for name in spec.expected_failures:
        if name not in ids:
            yield f"expected_failures: there is no check {name!r}{did_you_mean(name, ids)}."
    for key in spec.secrets:
        if key not in spec.valid_config:
            yield f"secrets: valid_config has no key {key!r}{did_you_mean(key, spec.valid_config)}."


def _wrong_capabilities(spec: Spec) -> Iterator[str]:
    """Compare the capabilities with what the class alone shows."""
    declared = spec.capabilities
    for name, kind in _TYPES.items():
        if (name in declared) != (spec.connector.type is kind):
            remedy = "remove" if name in declared else "declare"
            yield f"capabilities: the type of the connector is {spec.connector.type}: {remedy} {name!r}."
    if spec.connector.type not in {ConnectorType.EMAIL, ConnectorType.SMS}:
        return
    sources = [name for name in _TEMPLATE_SOURCES if name in declared]
    if len(sources) != 1:
        found = " and ".join(sources) or "none of them"
        yield f"capabilities: declare exactly one of {', '.join(_TEMPLATE_SOURCES)}; found {found}."
    writes_bodies = declared & {"config-templates", "i18n-templates"}
    if spec.connector.type is ConnectorType.EMAIL and writes_bodies and not declared & {"html", "text"}:
        yield "capabilities: declare the kinds of body that the connector sends: html, text, or both."
    for name in ("reply-to", "send-from"):
        if name in declared and "i18n-templates" not in declared:
            yield f"capabilities: {name!r} requires 'i18n-templates'. Declare both, or remove {name!r}."
    has_usage = getattr(spec.connector, "get_usage", None) is not MessageConnector.get_usage
    if has_usage and "usage" not in declared:
        yield "capabilities: the connector implements get_usage: declare 'usage'."
    if "usage" in declared and not has_usage:
        yield "capabilities: the connector does not implement get_usage: remove 'usage'."


def _first_use(harness: Harness) -> Iterator[str]:
    if not harness.accepts(harness.config):
        issues = harness.spec.connector.config_guard.issues(harness.config)
        found = "; ".join(f"{issue.path}: {issue.message}" for issue in issues if issue.severity == "error")
        yield f"valid_config: the connector's schema rejects it: {found}."
        return
    try:
        harness.make()
    except Exception as error:  # noqa: BLE001 - a constructor may raise anything
        yield f"connector: its constructor raised {type(error).__name__}: {error}"
        return
    if harness.spec.connector.type in {ConnectorType.EMAIL, ConnectorType.SMS}:
        yield from _first_messages(harness)
    else:
        yield from _first_sign_in(harness)


def _first_sign_in(harness: Harness) -> Iterator[str]:
    try:
        attempt = SignIn(harness).attempt()
    except NotImplementedError as missing:
        yield f"provider: {missing}."
    except CheckFailure as failure:
        yield f"a first sign-in failed: {failure.message}."
    else:
        if attempt.error is not None and harness.provider.blocked_sockets:
            yield _not_to_the_stub(harness, "a first sign-in")
        elif attempt.error is not None:
            yield f"a first sign-in failed: {attempt.summary_with_text}."


def _first_messages(harness: Harness) -> Iterator[str]:
    plain = _send(harness)
    yield from _not_sent(harness, plain, "a first message with valid_config")
    if plain.error is not None or not plain.calls:
        return
    declared, calls = harness.spec.capabilities, list(plain.calls)
    if harness.template_requests and "i18n-templates" not in declared:
        yield "capabilities: the connector called get_i18n_email_template: declare 'i18n-templates'."
    if "i18n-templates" in declared:
        managed = _send(harness, managed=lambda: _MANAGED)
        yield from _not_sent(harness, managed, "a first message with a managed template")
        calls += managed.calls
    for name, evidence, is_shown in (
        ("html", "with an HTML body", any(call.html is not None for call in calls)),
        ("text", "with a plain text body", any(call.html is None and call.text is not None for call in calls)),
        ("reply-to", "with the managed template's replyTo", any(call.reply_to for call in calls)),
        ("send-from", "from the managed template's sendFrom", any(_SENDER in (it.sender or "") for it in calls)),
    ):
        if is_shown and name not in declared and harness.spec.connector.type is ConnectorType.EMAIL:
            yield f"capabilities: the connector sent a message {evidence}: declare {name!r}."


def _send(harness: Harness, **options: Any) -> Attempt:
    return harness.send(harness.plain_message, harness.config, **options)


def _not_sent(harness: Harness, attempt: Attempt, what: str) -> Iterator[str]:
    if attempt.error is None and attempt.calls:
        return  # checks judge other sockets that the connector opened for a message that arrived
    if harness.provider.blocked_sockets:
        yield _not_to_the_stub(harness, what)
    elif attempt.error is not None:
        yield f"{what} could not be sent: {attempt.summary_with_text}."
    else:
        yield f"{what} was sent, but did not reach the stub. Is `provider` the stub of this connector's provider?"


def _not_to_the_stub(harness: Harness, what: str) -> str:
    where = ", ".join(harness.provider.blocked_sockets)
    return f"{what} went to {where} instead of the stub. Does the provider's prepare_config set the stub's address?"
