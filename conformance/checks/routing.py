"""Routing: which template a message uses, from the config or managed by Logto."""

import unicodedata
from collections.abc import Callable
from typing import Any, Final

from hypothesis import strategies as st

from conformance.harness.arrival import expect_body, expect_subject
from conformance.harness.harness import Harness
from conformance.harness.strategies import (
    KNOWN_TYPES,
    REQUIRED_TYPES,
    codes,
    config_templates,
    custom_types,
    known_types,
    marks,
    template_types,
    templates_named,
    with_config_templates,
    with_templates,
)
from conformance.harness.values import show
from conformance.registry import check
from conformance.verdicts import NotApplicable, expect
from connector_kit import email_template_details_guard, replace_send_message_handlebars

Json = Any

_NEEDS = ("config-templates or template-names",)
_MANAGED = "managed-template."


def _expected_index(types: list[str], message: Json) -> int:
    """Return the index of the template that a message must use: the first of its type, or else of Generic."""
    return types.index(message["type"] if message["type"] in types else "Generic")


def _expect_route(
    harness: Harness, types: list[str], message: Json, *, managed: Callable[[], object] | None = None
) -> None:
    """Send a message with templates of these usage types, and expect the right one, which its texts show."""
    config = with_templates(harness.config, types, harness.accepts)
    call = harness.deliver(message, config, managed=managed)
    texts = [text for text in (call.subject, call.body) if text is not None]
    found = {index for index, mark in enumerate(marks(len(types))) for text in texts if mark in text}
    if call.template is not None:
        texts.append(str(call.template))
        found |= templates_named(config, call.template)
    index = _expected_index(types, message)
    expect(
        found == {index},
        f"expected template {index + 1} ({types[index]!a}) for a message of type {message['type']!a}, found "
        + (" and ".join(f"template {it + 1} ({types[it]!a})" for it in sorted(found)) or show(texts)),
    )


def _managed_template(code: str) -> dict[str, str]:
    return {"subject": f"{_MANAGED} subject {{{{code}}}}", "content": f"{_MANAGED} content {{{{code}}}} {code}"}


def _expect_managed(harness: Harness, message: Json, template: object, description: str = "") -> None:
    """Send a message with a managed template, and expect its texts."""
    call = harness.deliver(message, harness.config, managed=lambda: template)
    expect(
        all(_MANAGED in str(text) for text in (call.subject, call.body)),
        f"expected the subject and body of the managed template{description}, "
        f"found the subject {show(call.subject)} and the body {show(call.body)}",
    )


# --- templates of the config ----------------------------------------------------------------------------------------


@check("routing.exact-match", clause="T1", needs=_NEEDS, covers=("template of the message's type",), is_smoke=True)
def exact_match(harness: Harness) -> None:
    """A message uses the template whose usageType equals its type."""

    def verify(types: list[str], message: Json) -> None:
        if message["type"] in types:
            _expect_route(harness, types, message)
            harness.coverage.add("template of the message's type")

    harness.for_all(verify, template_types(), harness.messages())


@check("routing.custom-type", clause="T1", needs=_NEEDS, covers=("custom type",))
def custom_type(harness: Harness) -> None:
    """A message of a type that Logto does not define uses the template with that usageType."""

    def verify(types: list[str], kind: str, message: Json) -> None:
        _expect_route(harness, [*types, kind], {**message, "type": kind})
        harness.coverage.add("custom type")

    harness.for_all(verify, template_types(), custom_types, harness.messages())


@check("routing.first-match-wins", clause="T2", needs=_NEEDS, covers=("duplicate usage type",))
def first_match_wins(harness: Harness) -> None:
    """A message uses the first of several templates with the same usageType."""

    def verify(types: list[str], kind: str, message: Json) -> None:
        _expect_route(harness, [*types, kind, kind], {**message, "type": kind})
        harness.coverage.add("duplicate usage type")

    harness.for_all(verify, template_types(), known_types, harness.messages())


@check("routing.generic-fallback", clause="T3", needs=_NEEDS, covers=("type without a template",), is_smoke=True)
def generic_fallback(harness: Harness) -> None:
    """A message whose type has no template uses the first Generic template."""

    def verify(types: list[str], message: Json) -> None:
        if message["type"] not in types:
            _expect_route(harness, types, message)
            harness.coverage.add("type without a template")

    optional = st.sampled_from([kind for kind in KNOWN_TYPES if kind not in REQUIRED_TYPES])
    kinds = template_types(more=st.sampled_from(("Generic", "Register", "BindMfa")))
    harness.for_all(verify, kinds, harness.messages(optional))


@check("routing.unknown-type", clause="T3", needs=_NEEDS, covers=("unknown type",))
def unknown_type(harness: Harness) -> None:
    """A message of a type that the connector does not know uses the first Generic template."""

    def verify(types: list[str], message: Json) -> None:
        _expect_route(harness, types, message)
        harness.coverage.add("unknown type")

    harness.for_all(verify, template_types(more=known_types), harness.messages(custom_types))


@check("routing.case-sensitive", clause="T1", needs=_NEEDS, covers=("similar usage type",))
def case_sensitive(harness: Harness) -> None:
    """A message does not use a template whose usageType differs from its type in case or white space."""

    def verify(change: str, kind: str, message: Json) -> None:
        similar = {"lower": kind.lower(), "upper": kind.upper(), "space": f"{kind} ", "prefix": kind[:-1]}[change]
        _expect_route(harness, [similar, *REQUIRED_TYPES], {**message, "type": kind})
        harness.coverage.add("similar usage type")

    harness.for_each(verify, ("lower", "upper", "space", "prefix"), known_types, harness.messages())


@check("routing.order-independent", clause="T4", needs=_NEEDS, covers=("order of templates",))
def order_independent(harness: Harness) -> None:
    """A message uses the template of its type at any position in the config."""

    def verify(types: list[str], message: Json) -> None:
        _expect_route(harness, types, message)
        harness.coverage.add("order of templates")

    harness.for_all(verify, st.permutations(KNOWN_TYPES), harness.messages())


@check("routing.stateless", clause="T5", needs=_NEEDS, covers=("message after another one",))
def stateless(harness: Harness) -> None:
    """The template of a message does not depend on earlier messages or earlier configs."""

    def verify(first: list[str], second: list[str], one: Json, other: Json) -> None:
        for types, message in ((first, one), (second, other), (first, other), (second, one)):
            harness.provider.reset()
            _expect_route(harness, types, message)
        harness.coverage.add("message after another one")

    harness.for_all(verify, template_types(), template_types(), harness.messages(), harness.messages())


# --- templates that Logto manages -----------------------------------------------------------------------------------


@check("routing.i18n-first", clause="T6", needs=("i18n-templates",), covers=("managed template",))
def i18n_first(harness: Harness) -> None:
    """A message uses the template that Logto manages, even if the config has a matching one."""

    def verify(message: Json, code: str) -> None:
        _expect_managed(harness, message, _managed_template(code))
        harness.coverage.add("managed template")

    harness.for_all(verify, harness.messages(), codes)


@check("routing.i18n-details-object", clause="T6", needs=("i18n-templates",), covers=("EmailTemplateDetails object",))
def i18n_details_object(harness: Harness) -> None:
    """A message uses a managed template that comes as an EmailTemplateDetails object instead of JSON."""
    if harness.spec.runs_in is not None:
        raise NotApplicable(f"the connector runs in {harness.spec.runs_in}: it declares no Python API")

    def verify(message: Json, code: str) -> None:
        template = email_template_details_guard.validate(_managed_template(code))
        _expect_managed(harness, message, template)
        harness.coverage.add("EmailTemplateDetails object")

    harness.for_all(verify, harness.messages(), codes, examples=max(5, harness.profile.examples // 6))


@check(
    "routing.i18n-missing", clause="T7", needs=("config-templates", "i18n-templates"), covers=("no managed template",)
)
def i18n_missing(harness: Harness) -> None:
    """A message uses a template of the config if Logto manages none for it."""

    def verify(types: list[str], message: Json) -> None:
        _expect_route(harness, types, message, managed=lambda: None)
        harness.coverage.add("no managed template")

    harness.for_all(verify, template_types(), harness.messages())


@check("routing.i18n-error", clause="T7", needs=("config-templates", "i18n-templates"), covers=("exception",))
def i18n_error(harness: Harness) -> None:
    """A message uses a template of the config if get_i18n_email_template raises an exception."""

    def verify(error: type[Exception], types: list[str], message: Json) -> None:
        def fail() -> object:
            raise error("the template store is down")

        _expect_route(harness, types, message, managed=fail)
        harness.coverage.add("exception")

    harness.for_each(verify, (RuntimeError, OSError, KeyError, TimeoutError), template_types(), harness.messages())


@check("routing.i18n-arguments", clause="T8", needs=("i18n-templates",), covers=("locale", "no locale"))
def i18n_arguments(harness: Harness) -> None:
    """The connector calls get_i18n_email_template once per message, with the message's type and locale."""

    def verify(message: Json) -> None:
        harness.template_requests.clear()
        harness.deliver(message, harness.config)
        found = [(str(kind), locale) for kind, locale in harness.template_requests]
        expected = [(message["type"], message["payload"].get("locale"))]
        expect(found == expected, f"expected get_i18n_email_template to be called with {expected}, found {found}")
        harness.coverage.add("locale" if "locale" in message["payload"] else "no locale")

    harness.for_all(verify, harness.messages())


@check("routing.i18n-stateless", clause="T5", needs=("i18n-templates",), covers=("message after another one",))
def i18n_stateless(harness: Harness) -> None:
    """A message uses its own managed template, not that of an earlier message."""

    def verify(first: str, second: str, message: Json, other: Json) -> None:
        for data in (message, other, {**other, "type": message["type"]}):
            for code in (first, second):
                harness.provider.reset()
                call = harness.deliver(data, harness.config, managed=lambda code=code: _managed_template(code))
                wanted = replace_send_message_handlebars(_managed_template(code)["content"], data["payload"])
                expect_body(harness.spec, "the body of this message's own template", wanted, call)
        harness.coverage.add("message after another one")

    examples = max(5, harness.profile.examples // 6)  # each sends six messages
    harness.for_all(verify, codes, codes, harness.messages(), harness.messages(), examples=examples)


_INVALID_TEMPLATES: Final[tuple[Json, ...]] = (
    {},
    {"subject": "managed-template."},
    {"content": "managed-template."},
    {"subject": 1, "content": "managed-template."},
    {"subject": "managed-template.", "content": None},
    {"subject": "managed-template.", "content": ["managed-template."]},
    [],
    ["managed-template.", "managed-template."],
    "managed-template.",
    1,
    False,
)


@check("routing.i18n-invalid", clause="K3", needs=("config-templates", "i18n-templates"), covers=("invalid template",))
def i18n_invalid(harness: Harness) -> None:
    """A message uses a template of the config if the managed one lacks a string for its subject or content."""

    def verify(template: Json, types: list[str], message: Json) -> None:
        _expect_route(harness, types, message, managed=lambda: template)
        harness.coverage.add("invalid template")

    harness.for_each(verify, _INVALID_TEMPLATES, template_types(), harness.messages())


_OTHER_FIELDS: Final[tuple[dict[str, Json], ...]] = (
    {"contentType": "text/markdown"},
    {"contentType": None},
    {"contentType": 1},
    {"replyTo": None},
    {"replyTo": ["a@a.example"]},
    {"sendFrom": {"name": "A"}},
    {"sendFrom": ""},
    {"replyTo": ""},
    {"languageTag": "en", "templateType": "SignIn", "createdAt": 1},
    {"__proto__": {}, "constructor": 1},
)


@check("routing.i18n-invalid-optional-fields", clause="T17", needs=("i18n-templates",), covers=("optional field",))
def i18n_invalid_optional_fields(harness: Harness) -> None:
    """A message uses a managed template with a subject and content, even if optional fields are invalid or unknown."""

    def verify(fields: dict[str, Json], message: Json, code: str) -> None:
        _expect_managed(harness, message, {**_managed_template(code), **fields}, f" with {fields}")
        harness.coverage.add("optional field")

    harness.for_each(verify, _OTHER_FIELDS, harness.messages(), codes)


# --- unusual templates ----------------------------------------------------------------------------------------------

_MANY: Final = 1_000


@check("routing.many-templates", clause="T18", needs=_NEEDS, covers=("one of a thousand templates",))
def many_templates(harness: Harness) -> None:
    """A message uses the template of its type among a thousand templates."""
    types = [*REQUIRED_TYPES, *(f"Custom{index}" for index in range(_MANY - len(REQUIRED_TYPES)))]
    if not harness.accepts(with_templates(harness.config, types, harness.accepts)):
        raise NotApplicable(f"the config's schema declares that there are fewer than {_MANY:,} templates")

    def verify(kind: str, message: Json) -> None:
        _expect_route(harness, types, {**message, "type": kind})
        harness.coverage.add("one of a thousand templates")

    for kind in (types[-1], types[_MANY // 2], "Generic", "SignIn"):
        harness.for_all(verify, st.just(kind), harness.messages(), examples=1)


_UNUSUAL_TYPES: Final = (
    "__proto__",
    "constructor",
    "toString",
    "length",
    "0",
    "",
    " ",
    "*",
    ".",
    "\u00e9",
    "e\u0301",
    "\u6ce8\u518c",
)


@check("routing.unusual-type", clause="T1", needs=_NEEDS, covers=("unusual type",))
def unusual_type(harness: Harness) -> None:
    """A message uses the template of its type, for any string: empty, in any script, or a JavaScript property name."""

    def verify(kind: str, types: list[str], message: Json) -> None:
        similar = (f"{kind}x", f" {kind}", *(unicodedata.normalize(form, kind) for form in ("NFC", "NFD", "NFKC")))
        _expect_route(harness, [*types, *similar, kind], {**message, "type": kind})
        harness.coverage.add("unusual type")

    accepted = [
        it
        for it in _UNUSUAL_TYPES
        if harness.accepts(with_templates(harness.config, [*REQUIRED_TYPES, it], harness.accepts))
    ]
    harness.for_each(verify, accepted, template_types(), harness.messages())


@check("routing.empty-template", clause="T19", needs=("config-templates",), covers=("empty template",))
def empty_template(harness: Harness) -> None:
    """A message uses the template of its type, even if its subject or content is empty."""

    def verify(key: str, types: list[str], message: Json) -> None:
        templates = config_templates(with_templates(harness.config, types, harness.accepts))
        templates[_expected_index(types, message)][key] = ""
        config = with_config_templates(harness.config, templates)
        if not harness.accepts(config):
            return  # the schema does not allow an empty text
        attempt = harness.send(message, config)
        expect(
            attempt.error is None or attempt.code is not None,
            f"expected an empty {key} to be sent, or rejected with a ConnectorError; {attempt.summary}",
        )
        for call in attempt.calls:
            expect_empty = expect_subject if key == "subject" else expect_body
            expect_empty(harness.spec, f"the {key} of the message's own template", "", call)
        harness.coverage.add("empty template")

    keys = [key for key in ("subject", "content") if key in config_templates(harness.config)[0]]
    harness.for_each(verify, keys, template_types(), harness.messages())
    if harness.never_covered(("empty template",)):
        raise NotApplicable("the config's schema declares that no text of a template is empty")
