"""Routing: which template a message takes, by usageType, and when a template that Logto manages comes first."""

import unicodedata
from typing import Any, Final

from hypothesis import strategies as st

from conformance.registry import NotApplicable, check, expect
from conformance.strategies import (
    KNOWN_TYPES,
    REQUIRED_TYPES,
    codes,
    custom_types,
    known_types,
    marks,
    template_types,
    with_templates,
)
from conformance.subject import Subject
from connector_kit import email_template_details_guard

Json = Any

_NEEDS = ("config-templates or template-names",)
_MANAGED = "managed-template."


def _route(subject: Subject, types: list[str], message: Json, **how: Any) -> int | None:  # noqa: ANN401 - see Subject.send
    """Send a message and return which of the config's templates it took, by its mark; ``None`` for none of them."""
    call = subject.deliver(message, with_templates(subject.config, types), **how)
    texts = [text for text in (call.subject, call.body, call.template) if text is not None]
    taken = {index for index, mark in enumerate(marks(len(types))) for text in texts if text.startswith(mark)}
    expect(len(taken) <= 1, f"expected subject and body from one template, found them from {len(taken)}")
    return taken.pop() if taken else None


def _say(types: list[str], index: int | None) -> str:
    return "none of the config's templates" if index is None else f"template {index + 1}, for {types[index]}"


def _expect_route(subject: Subject, types: list[str], message: Json, expected: int, why: str) -> None:
    found = _route(subject, types, message)
    expect(
        found == expected,
        f"expected {_say(types, expected)}, {why}, for a message of type {message['type']}; found {_say(types, found)}",
    )


@check("routing.exact-match", clause="T1", needs=_NEEDS, sees=("exact",))
def exact_match(subject: Subject) -> None:
    """A message takes the template whose usageType is its own type."""

    def claim(types: list[str], message: Json) -> None:
        if message["type"] in types:
            _expect_route(subject, types, message, types.index(message["type"]), "the first with that usageType")
            subject.ledger.saw("exact")

    subject.for_all(claim, template_types(), subject.messages())


@check("routing.custom-type", clause="T1", needs=_NEEDS, sees=("custom",))
def custom_type(subject: Subject) -> None:
    """A usageType that Logto does not know yet is matched like any other."""

    def claim(types: list[str], kind: str, message: Json) -> None:
        message = {**message, "type": kind}
        types = [*types, kind]
        _expect_route(subject, types, message, types.index(kind), "the first with that usageType")
        subject.ledger.saw("custom")

    subject.for_all(claim, template_types(), custom_types, subject.messages())


@check("routing.first-match-wins", clause="T2", needs=_NEEDS, sees=("duplicate",))
def first_match_wins(subject: Subject) -> None:
    """Of several templates with the same usageType, the first is taken."""

    def claim(types: list[str], kind: str, message: Json) -> None:
        types = [*types, kind, kind]
        _expect_route(subject, types, {**message, "type": kind}, types.index(kind), "the first of several")
        subject.ledger.saw("duplicate")

    subject.for_all(claim, template_types(), known_types, subject.messages())


@check("routing.generic-fallback", clause="T3", needs=_NEEDS, sees=("fallback",))
def generic_fallback(subject: Subject) -> None:
    """A message for whose type there is no template takes the first for Generic."""

    def claim(types: list[str], message: Json) -> None:
        if message["type"] not in types:
            _expect_route(subject, types, message, types.index("Generic"), "the first for Generic")
            subject.ledger.saw("fallback")

    optional = st.sampled_from([kind for kind in KNOWN_TYPES if kind not in REQUIRED_TYPES])
    kinds = template_types(more=st.sampled_from(("Generic", "Register", "BindMfa")))
    subject.for_all(claim, kinds, subject.messages(optional))


@check("routing.unknown-type", clause="T3", needs=_NEEDS, sees=("unknown",))
def unknown_type(subject: Subject) -> None:
    """A message of a type newer than the connector is still sent, with the Generic template."""

    def claim(types: list[str], message: Json) -> None:
        _expect_route(subject, types, message, types.index("Generic"), "the first for Generic")
        subject.ledger.saw("unknown")

    subject.for_all(claim, template_types(more=known_types), subject.messages(custom_types))


@check("routing.exact-case", clause="T1", needs=_NEEDS, sees=("near miss",))
def exact_case(subject: Subject) -> None:
    """A usageType is compared exactly: another case or a space makes it another type."""

    def claim(twist: str, kind: str, message: Json) -> None:
        twisted = {"lower": kind.lower(), "upper": kind.upper(), "space": f"{kind} ", "prefix": kind[:-1]}[twist]
        types = [twisted, *(it for it in REQUIRED_TYPES)]
        expected = types.index(kind) if kind in types else types.index("Generic")
        _expect_route(subject, types, {**message, "type": kind}, expected, f"and not the one for {twisted!r}")
        subject.ledger.saw("near miss")

    subject.for_each(claim, ("lower", "upper", "space", "prefix"), known_types, subject.messages())


@check("routing.order-independent", clause="T4", needs=_NEEDS, sees=("order",))
def order_independent(subject: Subject) -> None:
    """The order of templates for different usage types does not matter."""

    def claim(types: list[str], message: Json) -> None:
        expected = types.index(message["type"] if message["type"] in types else "Generic")
        _expect_route(subject, types, message, expected, "wherever it stands")
        subject.ledger.saw("order")

    subject.for_all(claim, st.permutations(KNOWN_TYPES), subject.messages())


@check("routing.each-message", clause="T5", needs=_NEEDS, sees=("second",))
def each_message(subject: Subject) -> None:
    """Each message is routed anew: an earlier one, or an earlier config, leaves nothing behind."""

    def claim(first: list[str], second: list[str], one: Json, other: Json) -> None:
        for types, message in ((first, one), (second, other), (first, other), (second, one)):
            expected = types.index(message["type"] if message["type"] in types else "Generic")
            subject.provider.reset()
            _expect_route(subject, types, message, expected, "by this message and this config alone")
        subject.ledger.saw("second")

    subject.for_all(claim, template_types(), template_types(), subject.messages(), subject.messages())


def _managed_template(code: str) -> dict[str, str]:
    return {"subject": f"{_MANAGED} subject {{{{code}}}}", "content": f"{_MANAGED} content {{{{code}}}} {code}"}


@check("routing.i18n-first", clause="T6", needs=("i18n-templates",), sees=("managed",))
def i18n_first(subject: Subject) -> None:
    """A template that Logto manages comes before any in the config."""

    def claim(message: Json, code: str) -> None:
        call = subject.deliver(message, subject.config, managed=lambda: _managed_template(code))
        taken = [str(text).startswith(_MANAGED) for text in (call.subject, call.body)]
        expect(all(taken), "expected subject and body of the managed template, found others")
        subject.ledger.saw("managed")

    subject.for_all(claim, subject.messages(), codes)


@check("routing.i18n-object", clause="T6", needs=("i18n-templates",), sees=("object",))
def i18n_object(subject: Subject) -> None:
    """A managed template counts whether it comes as JSON or as the kit's EmailTemplateDetails."""
    if subject.spec.runs_in is not None:
        raise NotApplicable(f"the connector runs in {subject.spec.runs_in}: it knows JSON alone")

    def claim(message: Json, code: str) -> None:
        template = email_template_details_guard.validate(_managed_template(code))
        call = subject.deliver(message, subject.config, managed=lambda: template)
        taken = [str(text).startswith(_MANAGED) for text in (call.subject, call.body)]
        expect(all(taken), "expected subject and body of the managed template, found others")
        subject.ledger.saw("object")

    subject.for_all(claim, subject.messages(), codes, examples=max(5, subject.profile.examples // 6))


@check("routing.i18n-none", clause="T7", needs=("config-templates", "i18n-templates"), sees=("none",))
def i18n_none(subject: Subject) -> None:
    """Where Logto manages no template for a message, the config's own is taken."""

    def claim(types: list[str], message: Json) -> None:
        expected = types.index(message["type"] if message["type"] in types else "Generic")
        found = _route(subject, types, message, managed=lambda: None)
        expect(found == expected, f"expected {_say(types, expected)}, found {_say(types, found)}")
        subject.ledger.saw("none")

    subject.for_all(claim, template_types(), subject.messages())


@check("routing.i18n-raising", clause="T7", needs=("config-templates", "i18n-templates"), sees=("raising",))
def i18n_raising(subject: Subject) -> None:
    """Where asking Logto for a template fails, the config's own is taken: the code must go out."""

    def claim(error: type[Exception], types: list[str], message: Json) -> None:
        def fail() -> object:
            raise error("the template store is down")

        expected = types.index(message["type"] if message["type"] in types else "Generic")
        found = _route(subject, types, message, managed=fail)
        expect(found == expected, f"expected {_say(types, expected)}, found {_say(types, found)}")
        subject.ledger.saw("raising")

    subject.for_each(claim, (RuntimeError, OSError, KeyError, TimeoutError), template_types(), subject.messages())


@check("routing.i18n-arguments", clause="T8", needs=("i18n-templates",), sees=("locale", "no locale"))
def i18n_arguments(subject: Subject) -> None:
    """Logto is asked once for a template, with the message's own type and locale."""

    def claim(message: Json) -> None:
        subject.asked_for_template.clear()
        subject.deliver(message, subject.config, managed=lambda: None)
        asked = [(str(kind), locale) for kind, locale in subject.asked_for_template]
        wanted = [(message["type"], message["payload"].get("locale"))]
        expect(asked == wanted, f"expected get_i18n_email_template to be called with {wanted}, found {asked}")
        subject.ledger.saw("locale" if "locale" in message["payload"] else "no locale")

    subject.for_all(claim, subject.messages())


@check("routing.i18n-each-message", clause="T5", needs=("i18n-templates",), sees=("second",))
def i18n_each_message(subject: Subject) -> None:
    """The template that Logto manages for one message is used for that one alone."""

    def claim(first: str, second: str, message: Json, other: Json) -> None:
        for data in (message, other, {**other, "type": message["type"]}):
            for code in (first, second):
                subject.provider.reset()
                call = subject.deliver(data, subject.config, managed=lambda code=code: _managed_template(code))
                told = str(call.body).endswith(f" {code}")
                expect(told, "expected the body of this message's own managed template, found another")
                subject.ledger.saw("second")

    examples = max(5, subject.profile.examples // 6)  # each sends six messages
    subject.for_all(claim, codes, codes, subject.messages(), subject.messages(), examples=examples)


_UNUSABLE: Final[tuple[Json, ...]] = (
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


@check("routing.i18n-malformed", clause="K3", needs=("config-templates", "i18n-templates"), sees=("malformed",))
def i18n_malformed(subject: Subject) -> None:
    """A managed template without a text for subject and content counts as none: the code must go out."""

    def claim(managed: Json, types: list[str], message: Json) -> None:
        expected = types.index(message["type"] if message["type"] in types else "Generic")
        found = _route(subject, types, message, managed=lambda: managed)
        expect(found == expected, f"expected {_say(types, expected)}, found {_say(types, found)}")
        subject.ledger.saw("malformed")

    subject.for_each(claim, _UNUSABLE, template_types(), subject.messages())


_BESIDE: Final[tuple[dict[str, Json], ...]] = (
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


@check("routing.i18n-oddly-equipped", clause="T17", needs=("i18n-templates",), sees=("odd",))
def i18n_oddly_equipped(subject: Subject) -> None:
    """A managed template with subject and content is used, whatever stands beside them."""

    def claim(more: dict[str, Json], message: Json, code: str) -> None:
        template = {**_managed_template(code), **more}
        call = subject.deliver(message, subject.config, managed=lambda: template)
        taken = [str(text).startswith(_MANAGED) for text in (call.subject, call.body)]
        expect(all(taken), f"expected subject and body of the managed template with {more}, found others")
        subject.ledger.saw("odd")

    subject.for_each(claim, _BESIDE, subject.messages(), codes)


_MANY: Final = 1_000


@check("routing.many-templates", clause="T18", needs=_NEEDS, sees=("among many",))
def many_templates(subject: Subject) -> None:
    """Among a thousand templates, each message takes its own."""
    types = [*REQUIRED_TYPES, *(f"Custom{index}" for index in range(_MANY - len(REQUIRED_TYPES)))]
    if not subject.accepts(with_templates(subject.config, types)):
        raise NotApplicable(f"the config's schema declares that there are fewer than {_MANY:,} templates")

    def claim(kind: str, message: Json) -> None:
        _expect_route(subject, types, {**message, "type": kind}, types.index(kind), "one of many")
        subject.ledger.saw("among many")

    for kind in (types[-1], types[_MANY // 2], "Generic", "SignIn"):
        subject.for_all(claim, st.just(kind), subject.messages(), examples=1)


@check("routing.odd-type", clause="T1", needs=_NEEDS, sees=("odd",))
def odd_type(subject: Subject) -> None:
    """A usageType may be any string, in any script, and a name that programs give a meaning of its own."""

    def claim(kind: str, types: list[str], message: Json) -> None:
        near = (f"{kind}x", f" {kind}", *(unicodedata.normalize(form, kind) for form in ("NFC", "NFD", "NFKC")))
        types = [*types, *near, kind]
        _expect_route(subject, types, {**message, "type": kind}, types.index(kind), "the first with that usageType")
        subject.ledger.saw("odd")

    odd = (
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
    accepted = [kind for kind in odd if subject.accepts(with_templates(subject.config, [*REQUIRED_TYPES, kind]))]
    subject.for_each(claim, accepted, template_types(), subject.messages())


@check("routing.empty-template", clause="T19", needs=("config-templates",), sees=("empty",))
def empty_template(subject: Subject) -> None:
    """A template with an empty text is a template: no other is taken in its place."""

    def claim(key: str, types: list[str], message: Json) -> None:
        config = with_templates(subject.config, types)
        index = types.index(message["type"] if message["type"] in types else "Generic")
        config["templates"][index][key] = ""
        if not subject.accepts(config):
            return  # its schema asks for a text, so there is no such template
        attempt = subject.send(message, config)
        expect(
            attempt.error is None or attempt.code is not None,
            f"expected an empty {key} to be sent, or refused as a ConnectorError; {attempt.how}",
        )
        for call in attempt.calls:
            found = call.subject if key == "subject" else call.body
            expect(not found, f"expected the empty {key} of the message's own template, found {found!r}")
        subject.ledger.saw("empty")

    keys = [key for key in ("subject", "content") if key in subject.config["templates"][0]]
    subject.for_each(claim, keys, template_types(), subject.messages())
    if subject.never_saw(("empty",)):
        raise NotApplicable("the config's schema declares that no text of a template is empty")
