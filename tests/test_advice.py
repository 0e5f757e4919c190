"""What will hurt though Logto takes it."""

import pytest

from connector_kit import (
    ConnectorErrorCodes,
    Guard,
    Issue,
    connector_config_form_item_guard,
)
from connector_kit.connectors.aws_ses import aws_ses_config_guard
from tests.guard_cases import ITEM, Anything, Json, guard, ses_config, told


def test_a_sound_config_has_no_issues() -> None:
    """Not even a warning; an editor's ``$schema`` and usage types beyond the four included."""
    templates = [*ses_config()["templates"], {"usageType": "BindMfa", "subject": "s", "content": "{{ link }}"}]
    config = ses_config(templates=templates, **{"$schema": "./aws-ses-config.schema.json"})
    assert aws_ses_config_guard.issues(config, strict=True) == []


def _changed_template(**changes: Json) -> Json:
    templates = ses_config()["templates"]
    return {"templates": [*templates, {**templates[0], **changes}]}


WARNINGS = [
    (
        _changed_template(usageType="Signin"),
        "$.templates[4].usageType",
        "usage-type",
        'no message asks for this usage type, so this template is never sent (did you mean "SignIn"?)',
    ),
    (
        _changed_template(usageType="Newsletter"),
        "$.templates[4].usageType",
        "usage-type",
        "no message asks for this usage type, so this template is never sent",
    ),
    (
        _changed_template(content="<p>Hello</p>"),
        "$.templates[4].content",
        "no-code",
        "neither {{code}} nor {{link}} stands in this content: the message would carry nothing to use",
    ),
    (
        _changed_template(contentType="text/plain"),
        "$.templates[4].contentType",
        "unknown-key",
        'no such key: it has no effect (did you mean "content"?)',
    ),
    (
        {"emailAdress": "a@b.co"},
        "$.emailAdress",
        "unknown-key",
        'no such key: it has no effect (did you mean "emailAddress"?)',
    ),
    ({"zzz": 1}, "$.zzz", "unknown-key", "no such key: it has no effect"),
    (
        {"accessKeyId": "<access-key-id>"},
        "$.accessKeyId",
        "placeholder",
        "a <placeholder> stands where a real value should",
    ),
    (
        {"region": "Ireland"},
        "$.region",
        "region",
        'this is no AWS region: give its code, as in "eu-west-1"',
    ),
    (
        {"emailAddress": "Acme"},
        "$.emailAddress",
        "sender",
        "SES cannot send from this address: it is no address; write Name<local@domain>, <local@domain> or local@domain",
    ),
    (
        {"emailAddress": "Ü <ü@acme.example>"},
        "$.emailAddress",
        "sender",
        "SES cannot send from this address: the part before the @ must be ASCII",
    ),
    (
        {"emailAddress": "a@ü..example"},
        "$.emailAddress",
        "sender",
        "SES cannot send from this address: its domain has characters that no domain name can have",
    ),
    (
        {"feedbackForwardingEmailAddress": "é" * 160 + "<a@b.co>"},
        "$.feedbackForwardingEmailAddress",
        "sender",
        "SES cannot send from this address: it takes more than 320 bytes once encoded, display name included",
    ),
]


@pytest.mark.parametrize(("changes", "path", "keyword", "message"), WARNINGS)
def test_what_will_hurt_is_a_warning_and_in_strict_mode_an_error(
    changes: Json, path: str, keyword: str, message: str
) -> None:
    """Logto takes it, so it is valid; the warning says what will go wrong, and strict mode makes it an error."""
    config = ses_config(**changes)
    assert aws_ses_config_guard.is_valid(config)
    aws_ses_config_guard.validate(config)
    assert aws_ses_config_guard.issues(config) == [Issue(path, keyword, message, "warning")]
    assert aws_ses_config_guard.issues(config, strict=True) == [Issue(path, keyword, message, "error")]


def test_no_sender_at_all_is_a_warning() -> None:
    """Logto takes a config without ``emailAddress``; SES sends nothing without one."""
    config = ses_config()
    del config["emailAddress"]
    assert told(aws_ses_config_guard, config) == [
        ("$.emailAddress", "sender", "no sender: SES refuses every message until there is one")
    ]


@pytest.mark.parametrize("text", ["<region>", "<access-key-id>", "<Your name>", "<a_b>"])
def test_placeholders_are_found_wherever_they_stand(text: str) -> None:
    """In any connector's config, at any depth, under any key."""
    of = Guard({"type": "object"}, Anything)
    assert told(of, {"a": [{"b": text}]}) == [
        ("$.a[0].b", "placeholder", "a <placeholder> stands where a real value should")
    ]


@pytest.mark.parametrize("text", ["<noreply@logto.io>", "Acme <region>", "<>", "<p></p>", "< a >", "a<b", ""])
def test_other_texts_in_angle_brackets_are_no_placeholders(text: str) -> None:
    """A documented sender such as ``<noreply@logto.io>`` is a real value."""
    assert Guard({"type": "object"}, Anything).issues({"a": text}) == []


@pytest.mark.parametrize("value", [None, [], {"templates": None}, {"templates": [1, None, {}, {"usageType": 1}]}])
def test_advice_takes_a_value_of_any_shape(value: Json) -> None:
    """What is wrong in other ways already does not trip the advice."""
    assert Guard({}, Anything).issues(value) == []
    assert aws_ses_config_guard.issues(value)


def test_guards_of_messages_and_metadata_give_no_advice_of_configs() -> None:
    """``<placeholder>`` in a message or a form item is text like any other."""
    assert connector_config_form_item_guard.issues({**ITEM, "placeholder": "<region>"}) == []
    assert Guard({}, Anything, error_code=ConnectorErrorCodes.INVALID_RESPONSE).issues({"a": "<b>"}) == []


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"port": {}}, "additionalProperties": True},
        {"properties": {"port": {}}, "patternProperties": {"^x": {}}},
        {"additionalProperties": {"type": "string"}},
        {},
        {"$ref": "#/$defs/a~1b", "$defs": {"a/b": {"properties": {"zzz": {}}}}},
        {"allOf": [{"properties": {"port": {}}}, {"anyOf": [{"properties": {"zzz": {}}}, True]}]},
        {"if": {"required": ["port"]}, "then": {"properties": {"port": {}}}, "else": {"properties": {"zzz": {}}}},
        {"oneOf": [{"properties": {"zzz": {}}}]},
    ],
)
def test_a_key_that_a_schema_names_or_invites_is_known(schema: Json) -> None:
    """References, branches and open schemas all count before a key is called unknown."""
    assert guard(**schema).issues({"zzz": "x"}) == []


def test_unknown_keys_are_found_inside_branches_and_lists() -> None:
    """Where several parts of a schema describe one place, a key must be unknown to all of them."""
    member = {"properties": {"nested": {"type": "array", "items": {"properties": {"a": {}}}}}}
    other = {"properties": {"nested": {"items": {"properties": {"b": {}}}}}}
    of = guard(allOf=[member, other])
    assert told(of, {"nested": [{"a": 1, "b": 2, "c": {}}]}) == [
        ("$.nested[0].c", "unknown-key", "no such key: it has no effect")
    ]
    assert guard(properties={"nested": {"items": False}}).issues({"nested": []}) == []


def test_a_schema_that_refers_to_itself_is_followed_as_deep_as_the_value() -> None:
    """A recursive schema ends with the value."""
    of = guard(properties={"nested": {"$ref": "#"}})
    assert [it.path for it in of.issues({"nested": {"nested": {"zzz": 1}}})] == ["$.nested.nested.zzz"]
