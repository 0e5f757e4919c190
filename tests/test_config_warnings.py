"""Warnings: what Logto accepts, but is unlikely to work."""

import pytest

from connector_kit import (
    ConnectorErrorCodes,
    Guard,
    connector_config_form_item_guard,
    send_message_payload_guard,
)
from connector_kit.connectors.aws_ses import aws_ses_config_guard
from connector_kit.messages import LOGTO_VARIABLES
from tests.guard_cases import ITEM, Anything, Json, guard, issue_tuples, ses_config


def test_valid_config_has_no_issues() -> None:
    """No warnings either; also with ``$schema`` for an editor, and with usage types beyond the four required."""
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
        "Logto sends no messages of this usage type (did you mean 'SignIn'?)",
    ),
    (
        _changed_template(usageType="Newsletter"),
        "$.templates[4].usageType",
        "usage-type",
        "Logto sends no messages of this usage type",
    ),
    (
        _changed_template(subject="Hello", content="<p>Hello</p>"),
        "$.templates[4].content",
        "no-code",
        "this template has neither {{code}} nor {{link}}: the user gets a message without a code",
    ),
    (
        _changed_template(content="{{code}} {{ cdoe }} {{cdoe}}"),
        "$.templates[4].content",
        "placeholder-name",
        "Logto has no variable {{cdoe}} (did you mean {{code}}?)",
    ),
    (
        _changed_template(subject="{{organisation.name}}", content="{{code}}"),
        "$.templates[4].subject",
        "placeholder-name",
        "Logto has no variable {{organisation.name}} (did you mean {{organization.name}}?)",
    ),
    (
        _changed_template(content="{{code}} {{user.nmae.first}}"),
        "$.templates[4].content",
        "placeholder-name",
        "Logto has no variable {{user.nmae.first}} (did you mean {{user.name.first}}?)",
    ),
    (
        _changed_template(contentType="text/plain"),
        "$.templates[4].contentType",
        "unknown-key",
        "unknown key: it has no effect (did you mean 'content'?)",
    ),
    (
        {"emailAdress": "a@b.co"},
        "$.emailAdress",
        "unknown-key",
        "unknown key: it has no effect (did you mean 'emailAddress'?)",
    ),
    ({"zzz": 1}, "$.zzz", "unknown-key", "unknown key: it has no effect"),
    (
        {"accessKeyId": "<access-key-id>"},
        "$.accessKeyId",
        "placeholder",
        "this is a <placeholder>: replace it with a real value",
    ),
]


@pytest.mark.parametrize(("changes", "path", "keyword", "message"), WARNINGS)
def test_warning_becomes_an_error_in_strict_mode(changes: Json, path: str, keyword: str, message: str) -> None:
    """The config is valid for Logto in both modes."""
    config = ses_config(**changes)
    assert aws_ses_config_guard.is_valid(config)
    aws_ses_config_guard.validate(config)
    for strict, severity in ((False, "warning"), (True, "error")):
        (issue,) = aws_ses_config_guard.issues(config, strict=strict)
        expected = {"path": path, "keyword": keyword, "message": message, "severity": severity}
        assert issue.to_json() == expected


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("cdoe", "code"),
        ("Code", "code"),
        ("CODE", "code"),
        ("lnik", "link"),
        ("uilocales", "uiLocales"),
        ("aplication.name", "application.name"),
        ("invitor.name", "inviter.name"),
        ("application.displayname", "application.displayName"),
        ("user.primary_email", "user.primaryEmail"),
        ("inviter.profil.nickname", "inviter.profile.nickname"),
    ],
)
def test_misspelt_placeholder_produces_warning(written: str, meant: str) -> None:
    """It would stay in the message, or be replaced by nothing."""
    config = ses_config(**_changed_template(content=f"{{{{code}}}} {{{{{written}}}}}"))
    (issue,) = aws_ses_config_guard.issues(config)
    assert issue.message == f"Logto has no variable {{{{{written}}}}} (did you mean {{{{{meant}}}}}?)"


VARIABLES = [*LOGTO_VARIABLES, *(f"{root}.{member}" for root, members in LOGTO_VARIABLES.items() for member in members)]


@pytest.mark.parametrize(
    "written", [*VARIABLES, "ticket", "shop.url", "user.profile.givenName", "user.age", ".", "a.b", "code.x"]
)
def test_other_placeholder_produces_no_warning(written: str) -> None:
    """Variables of Logto, and those of another sender of messages."""
    assert aws_ses_config_guard.issues(ses_config(**_changed_template(content=f"{{{{code}}}} {{{{{written}}}}}"))) == []


@pytest.mark.parametrize("where", ["subject", "content"])
@pytest.mark.parametrize("variable", ["{{code}}", "{{ link }}"])
def test_code_or_link_in_the_subject_or_the_content_is_enough(where: str, variable: str) -> None:
    """The user gets it."""
    other = {"subject": "content", "content": "subject"}[where]
    assert aws_ses_config_guard.issues(ses_config(**_changed_template(**{where: variable, other: "x"}))) == []


def test_variables_of_logto_are_those_of_the_schema() -> None:
    """One list for warnings, one for editors and readers."""
    properties = send_message_payload_guard.schema["properties"]
    assert {name: tuple(it.get("properties", ())) for name, it in properties.items()} == LOGTO_VARIABLES


@pytest.mark.parametrize("text", ["<region>", "<access-key-id>", "<Your name>", "<a_b>"])
def test_placeholders_are_found_at_any_depth(text: str) -> None:
    """In the config of any connector, under any key."""
    of = Guard({"type": "object"}, Anything)
    assert issue_tuples(of, {"a": [{"b": text}]}) == [
        ("$.a[0].b", "placeholder", "this is a <placeholder>: replace it with a real value")
    ]


@pytest.mark.parametrize("text", ["<noreply@logto.io>", "Acme <region>", "<>", "<p></p>", "< a >", "a<b", ""])
def test_other_text_in_angle_brackets_is_not_a_placeholder(text: str) -> None:
    """A documented sender such as ``<noreply@logto.io>`` is a real value."""
    assert Guard({"type": "object"}, Anything).issues({"a": text}) == []


@pytest.mark.parametrize("value", [None, [], {"templates": None}, {"templates": [1, None, {}, {"usageType": 1}]}])
def test_warning_rules_accept_values_of_any_shape(value: Json) -> None:
    """A value that is invalid in other ways raises no exception."""
    assert Guard({}, object).issues(value) == []
    assert aws_ses_config_guard.issues(value)


def test_guards_of_messages_and_metadata_have_no_config_warnings() -> None:
    """``<placeholder>`` in a message or a form item is ordinary text."""
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
def test_defined_or_allowed_key_is_known(schema: Json) -> None:
    """References, branches and open schemas are all considered before a key is unknown."""
    assert guard(**schema).issues({"zzz": "x"}) == []


def test_unknown_keys_are_found_in_branches_and_lists() -> None:
    """If several schemas apply to an object, an unknown key is unknown to all of them."""
    member = {"properties": {"nested": {"type": "array", "items": {"properties": {"a": {}}}}}}
    other = {"properties": {"nested": {"items": {"properties": {"b": {}}}}}}
    of = guard(allOf=[member, other])
    assert issue_tuples(of, {"nested": [{"a": 1, "b": 2, "c": {}}]}) == [
        ("$.nested[0].c", "unknown-key", "unknown key: it has no effect")
    ]
    assert guard(properties={"nested": {"items": False}}).issues({"nested": []}) == []


def test_recursive_schema_is_followed_to_the_depth_of_the_value() -> None:
    """The walk ends with the value."""
    of = guard(properties={"nested": {"$ref": "#"}})
    assert [it.path for it in of.issues({"nested": {"nested": {"zzz": 1}}})] == ["$.nested.nested.zzz"]
