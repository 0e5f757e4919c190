"""Tries a Spec before the checks run: a wrong one would fail every check for one reason, or skip checks."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from conformance.checks import all_checks
from conformance.harness.arrival import has_body, has_subject
from conformance.harness.attempt import Attempt
from conformance.harness.config_schema import ConfigSchema
from conformance.harness.harness import Harness
from conformance.harness.search import SearchOptions
from conformance.harness.sign_in import SignIn
from conformance.harness.strategies import config_templates, with_config_templates
from conformance.harness.values import show
from conformance.profile import default_profile
from conformance.secret_paths import leaves, path_to, places_of
from conformance.spec import Spec, marked_secrets
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
    for path in (*spec.secrets, *spec.make_secret):
        if not places_of(spec.valid_config, path):
            field = "secrets" if path in spec.secrets else "make_secret"
            known = {*spec.valid_config, *map(path_to, leaves(spec.valid_config))}
            yield f"{field}: valid_config has no text at {path!r}{did_you_mean(path, known)}."
    for key in sorted(marked_secrets(spec.connector) & spec.valid_config.keys()):
        named = {place for path in spec.secrets for place in places_of(spec.valid_config, path)}
        if set(places_of(spec.valid_config, key)) - named:
            yield (
                f"secrets: the form or the declaration marks {key!r} as a secret, but `secrets` does not name it: "
                "add it, or remove the mark."
            )


def _wrong_capabilities(spec: Spec) -> Iterator[str]:
    """Compare the capabilities with what the class alone shows."""
    declared = spec.capabilities
    for name, kind in _TYPES.items():
        if (name in declared) != (spec.connector.type is kind):
            remedy = "remove" if name in declared else "declare"
            yield f"capabilities: the type of the connector is {spec.connector.type}: {remedy} {name!r}."
    if spec.connector.type not in {ConnectorType.EMAIL, ConnectorType.SMS}:
        return
    yield from _wrong_sources(spec)
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


def _wrong_sources(spec: Spec) -> Iterator[str]:
    """Compare where the templates are with the config."""
    sources = [name for name in _TEMPLATE_SOURCES if name in spec.capabilities]
    if len(sources) > 1:
        yield f"capabilities: declare at most one of {', '.join(_TEMPLATE_SOURCES)}; found {' and '.join(sources)}."
    if not sources and _has_templates(spec):
        yield (
            "capabilities: the config has templates with a usageType: declare 'config-templates', or 'template-names' "
            "if they are names, and give valid_config some."
        )


def _has_templates(spec: Spec) -> bool:
    schema = spec.connector.config_guard.schema
    is_declared = ConfigSchema(schema).defines("templates") and '"usageType"' in json.dumps(schema)
    templates: list[Any] = config_templates(spec.valid_config)
    return is_declared or any("usageType" in it for it in templates if isinstance(it, Mapping))


def _first_use(harness: Harness) -> Iterator[str]:
    if not harness.accepts(harness.config):
        issues = harness.spec.connector.config_guard.issues(harness.config)
        found = "; ".join(f"{issue.path}: {issue.message}" for issue in issues if issue.severity == "error")
        yield f"valid_config: the connector's schema rejects it: {found}.{_because_of_canaries(harness)}"
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
    errors = list(_not_sent(harness, plain, "a first message with valid_config"))
    yield from (f"{error}{_because_of_canaries(harness)}" for error in errors)
    if plain.error is not None or not plain.calls:
        return
    declared, calls = harness.spec.capabilities, list(plain.calls)
    if harness.template_requests and "i18n-templates" not in declared:
        yield "capabilities: the connector called get_i18n_email_template: declare 'i18n-templates'."
    if "i18n-templates" in declared:
        managed = _send(harness, managed=lambda: _MANAGED)
        yield from _not_sent(harness, managed, "a first message with a managed template")
        calls += managed.calls
    if _texts_can_be_set(harness):
        yield from _changed_texts(harness)
    for name, evidence, is_shown in (
        ("provider-templates", "that is forwarded (Message.forwarded)", any(it.forwarded is not None for it in calls)),
        (
            "template-names",
            "with the name of a template (Message.template)",
            any(it.template is not None for it in calls),
        ),
        ("html", "with an HTML body", any(call.html is not None for call in calls)),
        ("text", "with a plain text body", any(call.html is None and call.text is not None for call in calls)),
        ("reply-to", "with the managed template's replyTo", any(call.reply_to for call in calls)),
        ("send-from", "from the managed template's sendFrom", any(_SENDER in (it.sender or "") for it in calls)),
    ):
        is_email = harness.spec.connector.type is ConnectorType.EMAIL
        if is_shown and name not in declared and (is_email or name in _TEMPLATE_SOURCES):
            yield f"capabilities: the connector sent a message {evidence}: declare {name!r}."


def _texts_can_be_set(harness: Harness) -> bool:
    return bool({"config-templates", "i18n-templates"} & harness.spec.capabilities)


def _changed_texts(harness: Harness) -> Iterator[str]:
    """Send texts that are easy to find, and compare them with what arrives, without what the Spec declares."""
    texts = {"subject": "smoke-subject", "content": "smoke-content"}
    config, managed = harness.config, None
    if "config-templates" in harness.spec.capabilities:
        templates = [
            {**it, **{key: text for key, text in texts.items() if key in it}} for it in config_templates(config)
        ]
        config = with_config_templates(config, templates)
    else:
        managed = texts
    attempt = _send_texts(harness, config, managed)
    for call in attempt.calls if attempt.error is None else ():
        for name, part, found, is_same in (
            ("layout", "content", call.body, has_body(harness.spec, texts["content"], call)),
            ("subject-prefix", "subject", call.subject, has_subject(harness.spec, texts["subject"], call)),
        ):
            if found is not None and texts[part] in found and not is_same:
                yield (
                    f"capabilities: the connector adds text to the {part} {texts[part]!r} of a template, "
                    f"found {show(found)}: declare {name!r}."
                )


def _send_texts(harness: Harness, config: object, managed: object) -> Attempt:
    options: dict[str, Any] = {} if managed is None else {"managed": lambda: managed}
    return harness.send(harness.plain_message, config, **options)


def _because_of_canaries(harness: Harness) -> str:
    """Return which secrets were replaced, if a message with the author's own values is sent; else nothing."""
    replaced = [f"{path_to(place)!r} by {form}" for place, form in harness.canaries.forms.items()]
    own = harness.provider.prepare_config(dict(harness.spec.valid_config))
    if not replaced or not harness.accepts(own):
        return ""
    harness.provider.reset()
    is_message = harness.spec.connector.type in {ConnectorType.EMAIL, ConnectorType.SMS}
    attempt = harness.send(harness.plain_message, own) if is_message else None
    if attempt is not None and (attempt.error is not None or not attempt.calls):
        return ""
    return (
        f" The suite had replaced {', '.join(replaced)}, to detect leaks; with the values of valid_config, the message "
        "is sent. Publish the form that the connector requires in its schema (pattern, minLength, format), or set "
        "`make_secret` of the Spec to functions that make such secrets."
    )


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
