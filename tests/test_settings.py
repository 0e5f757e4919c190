"""A config class is one declaration: of its schema, its form, its guard, and what the conformance suite needs."""

import enum
from collections.abc import Mapping
from typing import Any, Literal

import attrs
import pytest
from attrs import evolve, frozen
from jsonschema import Draft202012Validator

from connector_kit import (
    UNSET,
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorError,
    ConnectorMetadata,
    Declaration,
    Email,
    EmailConnector,
    EmailTemplates,
    Guard,
    Issue,
    SelectItem,
    ShowCondition,
    Sms,
    SmsConnector,
    SmsTemplates,
    TemplateName,
    TemplateNames,
    TemplateType,
    config_guard,
    config_schema,
    connector_config_form_item_guard,
    email_templates,
    form_items,
    require_one_of,
    require_together,
    setting,
    sms_templates,
    template_names,
    template_setting,
    to_json,
)
from connector_kit.default_templates import EMAIL_TEMPLATES, SMS_TEMPLATES
from connector_kit.settings import example_config, secret_paths

Control = ConnectorConfigFormItemType


class Plan(enum.Enum):
    """What an account may send."""

    SMALL = "small"
    LARGE = "large"


@frozen
class Auth:
    """The credentials."""

    user: str = setting("User", examples=["acme"])
    token: str = setting("Token", secret=True, examples=["t0"])


@require_one_of("from_number", "service")
@frozen
class Config:
    """The config of Acme.

    More about it.
    """

    api_key: str = setting("API key", secret=True, pattern="^ak_", placeholder="ak_…", examples=["ak_1"])
    sender: str = setting("From", format="mailbox", tooltip="A verified one.", examples=["Acme <a@acme.com>"])
    reply_to: str | None = setting("Reply-To", format="email", default=None)
    address: str | None = setting("Address", format="url", default=None, key="apiUrl")
    footer: str | None = setting("Footer", description="Below each message.", multiline=True, default=None)
    plan: Plan = setting("Plan", default=Plan.SMALL, choices={"small": "Small account"})
    priority: Literal["low", "high"] = setting("Priority", examples=["low"])
    kinds: tuple[Literal["a", "b"], ...] = setting("Kinds", default=("a",))
    sandbox: bool = setting("Sandbox", default=False)
    retries: int = setting("Retries", default=2, schema={"minimum": 0}, show_when={"sandbox": True})
    rate: float | None = setting("Rate", default=None, placeholder="0.5")
    version: Literal[1, 2] = setting("Version", default=1)
    auth: Auth | None = setting("Auth", default=None)
    headers: Mapping[str, str] | None = setting("Headers", default=None)
    options: object = setting("Options", default=None)
    limit: int | str | None = setting("Limit", default=None)
    from_number: str | None = setting("From number", default=None, examples=["15550100"])
    service: str | None = setting("Service", default=None)
    plain: str = attrs.field(default="x", kw_only=True)
    templates: EmailTemplates = email_templates()


VALID: Mapping[str, Any] = {
    "apiKey": "ak_1",
    "sender": "Acme <a@acme.com>",
    "priority": "low",
    "fromNumber": "15550100",
    "templates": [dict(it) for it in EMAIL_TEMPLATES],
}
SCHEMA = config_schema(Config, title="Acme config")
ITEMS = {item.key: item for item in form_items(Config)}


def _is_valid(**changes: object) -> bool:
    return Draft202012Validator(SCHEMA).is_valid({**VALID, **changes})


def test_schema_has_the_types_and_names_of_the_attributes() -> None:
    """Each property has its label as title; only attributes without a default are required."""
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["title"] == "Acme config"
    assert config_schema(Config)["title"] == "Config"
    assert SCHEMA["description"] == "The config of Acme."
    assert SCHEMA["required"] == ["apiKey", "sender", "priority", "templates"]
    properties = SCHEMA["properties"]
    assert properties["apiKey"] == {
        "title": "API key",
        "type": "string",
        "writeOnly": True,
        "pattern": "^ak_",
        "examples": ["ak_1"],
    }
    assert properties["sender"]["description"] == "A verified one."
    assert "format" not in properties["sender"]
    assert properties["replyTo"] == {"title": "Reply-To", "type": "string", "format": "email"}
    assert properties["apiUrl"]["format"] == "uri"
    assert properties["plan"] == {"title": "Plan", "enum": ["small", "large"], "default": "small"}
    assert properties["kinds"]["default"] == ["a"]
    assert properties["retries"] == {"title": "Retries", "type": "integer", "default": 2, "minimum": 0}
    assert properties["rate"]["type"] == "number"
    assert properties["limit"]["anyOf"] == [{"type": "integer"}, {"type": "string"}]
    assert properties["plain"] == {"title": "Plain", "type": "string", "default": "x"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"$schema": "./x.json"}, True),
        ({"other": 1}, True),
        ({"apiKey": "1"}, False),
        ({"apiKey": None}, False),
        ({"replyTo": None}, False),
        ({"plan": "large", "sandbox": True, "retries": 0, "rate": 0.5}, True),
        ({"plan": "huge"}, False),
        ({"kinds": ["a", "b"]}, True),
        ({"kinds": ["a", "a"]}, False),
        ({"retries": -1}, False),
        ({"retries": 1.5}, False),
        ({"auth": {"user": "u", "token": "t"}}, True),
        ({"auth": {"user": "u"}}, False),
        ({"headers": {"a": "b"}}, True),
        ({"headers": {"a": 1}}, False),
        ({"options": [1]}, True),
        ({"limit": 1}, True),
        ({"limit": []}, False),
        ({"version": 2}, True),
        ({"version": "2"}, False),
        ({"templates": [dict(it) for it in EMAIL_TEMPLATES[1:]]}, False),
        ({"templates": [dict(it) for it in EMAIL_TEMPLATES[:4]]}, True),
    ],
)
def test_schema_accepts_what_the_class_can_hold(changes: Mapping[str, object], expected: bool) -> None:  # noqa: FBT001
    """The guard gives the same verdict, and its value has the attributes."""
    config = {**VALID, **changes}
    assert _is_valid(**changes) is expected
    guard = config_guard(Config)
    assert guard.is_valid(config) is expected
    if expected:
        made = guard.validate(config)
        assert made.api_key == "ak_1"
        assert to_json(made)["fromNumber"] == "15550100"


def test_form_has_a_control_for_each_attribute() -> None:
    """By its type, with the default of the class; secrets are masked."""
    assert {key: str(item.type) for key, item in ITEMS.items()} == {
        "apiKey": "Text",
        "sender": "Text",
        "replyTo": "Text",
        "apiUrl": "Text",
        "footer": "MultilineText",
        "plan": "Select",
        "priority": "Select",
        "kinds": "MultiSelect",
        "sandbox": "Switch",
        "retries": "Number",
        "rate": "Number",
        "version": "Json",
        "auth": "Json",
        "headers": "Json",
        "options": "Json",
        "limit": "Json",
        "fromNumber": "Text",
        "service": "Text",
        "plain": "Text",
        "templates": "Json",
    }
    assert {key for key, item in ITEMS.items() if item.required} == {"apiKey", "sender", "priority", "templates"}
    assert {key for key, item in ITEMS.items() if item.is_masked} == {"apiKey"}
    assert ITEMS["plan"].default_value == "small"
    assert ITEMS["plan"].select_items == (SelectItem("small", "Small account"), SelectItem("large", "large"))
    assert ITEMS["kinds"].select_items == (SelectItem("a", "a"), SelectItem("b", "b"))
    assert ITEMS["retries"].show_conditions == (ShowCondition("sandbox", expect_value=True),)
    assert ITEMS["rate"].placeholder == "0.5"
    assert ITEMS["templates"].default_value == [dict(it) for it in EMAIL_TEMPLATES]
    for item in ITEMS.values():
        assert isinstance(connector_config_form_item_guard.validate(to_json(item)), ConnectorConfigFormItem)


@frozen
class Masks:
    """Which texts are masked."""

    user_key: str = setting("User key")
    code: str = setting("Code", secret=True)
    api_key: str = setting("API key", secret=True)
    key_id: str = setting("Key ID", secret=True, masked=False)


def test_form_masks_secrets_and_nothing_else() -> None:
    """Console masks keys that end in Key or Secret by itself."""
    found = {item.key: (item.is_confidential, item.is_masked) for item in form_items(Masks)}
    assert found == {
        "userKey": (False, False),
        "code": (True, True),
        "apiKey": (True, True),
        "keyId": (None, False),
    }
    assert secret_paths(Masks) == ("code", "apiKey", "keyId")
    assert repr(Masks(user_key="1", code="2", api_key="3", key_id="4")) == "Masks(user_key='1')"


def _issues(guard: Guard[Any], config: object) -> list[tuple[str, str, str]]:
    return [(it.severity, it.path, it.message) for it in guard.issues(config)]


def test_message_about_alternatives_names_them() -> None:
    """Not the title of the schema."""
    lacking = {key: it for key, it in VALID.items() if key != "fromNumber"}
    assert _issues(config_guard(Config), lacking) == [
        ("error", "$", "expected fromNumber or service, found none of them")
    ]


@require_one_of("a", "b")
@require_one_of("b", "c", exclusive=True)
@frozen
class Alternatives:
    """Two groups."""

    a: str | None = setting("A", default=None)
    b: str | None = setting("B", default=None)
    c: str | None = setting("C", default=None)


@pytest.mark.parametrize(
    ("config", "messages"),
    [
        ({"b": ""}, []),
        ({"a": "", "c": ""}, []),
        ({"a": ""}, ["expected b or c, found none of them"]),
        (
            {"b": "", "c": ""},
            ["expected exactly one of 2 forms, found one that has several of them: keep only one of b, c"],
        ),
        ({}, ["expected a or b, found none of them", "expected b or c, found none of them"]),
    ],
)
def test_alternatives_may_exclude_each_other(config: object, messages: list[str]) -> None:
    """A class may have several groups."""
    assert sorted(it.message for it in config_guard(Alternatives).issues(config)) == messages


@require_together("a", "b", "c")
@require_together("d", "key_id")
@frozen
class Groups:
    """Two groups of settings that belong together."""

    a: str | None = setting("A", default=None)
    b: str | None = setting("B", default=None)
    c: str | None = setting("C", default=None)
    d: str | None = setting("D", default=None)
    key_id: str | None = setting("E", default=None)


@pytest.mark.parametrize(
    ("config", "messages"),
    [
        ({}, []),
        ({"a": "", "b": "", "c": ""}, []),
        ({"a": "", "c": ""}, ["$.b: expected string (required with c), found nothing"]),
        ({"keyId": ""}, ["$.d: expected string (required with keyId), found nothing"]),
        ({"d": ""}, ["$.keyId: expected string (required with d), found nothing"]),
    ],
)
def test_settings_that_belong_together_name_what_is_missing(config: Mapping[str, object], messages: list[str]) -> None:
    """All of a group, or none."""
    assert [f"{it.path}: {it.message}" for it in config_guard(Groups).issues(config)] == messages


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        (
            {"sender": "noreply@localhost"},
            "$.sender",
            "expected an e-mail address with a domain, such as noreply@example.com or Acme <noreply@example.com>: there is no dot in the domain",
        ),
        ({"plain": " x"}, "$.plain", "there is white space at the start: remove it"),
        ({"replyTo": " a@acme.com"}, "$.replyTo", "there is white space at the start: remove it"),
        ({"apiUrl": "https://acme.com\n"}, "$.apiUrl", "there is white space at the end: remove it"),
        ({"sender": "Acme <a@acme,com>"}, "$.sender", "expected an e-mail address with a domain"),
        ({"sender": "a@b"}, "$.sender", "expected an e-mail address with a domain"),
        (
            {"sender": f"{'a' * 320}@acme.com"},
            "$.sender",
            "expected a mailbox such as Acme <noreply@example.com>: it is",
        ),
        ({"replyTo": "Acme <a@acme.com>"}, "$.replyTo", "expected an e-mail address with a domain"),
        ({"replyTo": "@acme.com"}, "$.replyTo", "expected an e-mail address with a domain"),
        ({"apiUrl": "acme.com"}, "$.apiUrl", "expected a URL such as https://api.example.com"),
        ({"apiUrl": "http://[1"}, "$.apiUrl", "expected a URL such as https://api.example.com"),
        ({"apiKey": "ak_1 "}, "$.apiKey", "there is white space at the end: remove it"),
        ({"auth": {"user": "u", "token": "t\n"}}, "$.auth.token", "there is white space at the end: remove it"),
    ],
)
def test_text_of_another_format_is_a_warning(changes: Mapping[str, object], path: str, words: str) -> None:
    """Logto accepts the config; the message does not show the text."""
    (found,) = config_guard(Config).issues({**VALID, **changes})
    assert (found.severity, found.path) == ("warning", path)
    assert words in found.message


def test_right_and_missing_texts_and_placeholders_are_no_warnings_about_formats() -> None:
    """Empty texts are not sent, and a placeholder has a warning of its own. White space around a mailbox is not sent."""
    guard = config_guard(Config)
    for changes in (
        {"sender": "a@acme.com", "replyTo": "a@acme.co.uk", "apiUrl": "https://acme.com/v1"},
        {"replyTo": "", "apiUrl": ""},
        {"sender": " Acme <a@acme.com> ", "footer": "Two lines\n"},
    ):
        assert _issues(guard, {**VALID, **changes}) == []
    assert [it.keyword for it in guard.issues({**VALID, "sender": "<sender>"})] == ["placeholder"]
    assert [it.path for it in guard.issues({**VALID, "auth": "x"})] == ["$.auth"]


def test_connector_may_have_warnings_of_its_own() -> None:
    """Besides those of all connectors."""

    def rule(config: Any) -> list[Issue]:
        return [Issue(("priority",), "acme", "low is slow")] if config["priority"] == "low" else []

    assert _issues(config_guard(Config, warnings=[rule]), VALID) == [("warning", "$.priority", "low is slow")]


def test_type_without_a_schema_is_an_error() -> None:
    """The message names the attribute and what to do; with its keywords the type is allowed."""

    @frozen
    class Wrong:
        when: complex = setting("When")

    @frozen
    class Right:
        when: complex = setting("When", schema={"type": "array"})

    with pytest.raises(
        TypeError, match=r"Wrong\.when has the type <class 'complex'>, for which there is no JSON Schema"
    ):
        config_schema(Wrong)
    assert config_schema(Right)["properties"]["when"] == {"title": "When", "type": "array"}


METADATA = ConnectorMetadata(
    id="acme",
    target="acme",
    name={"en": "Acme"},
    description={"en": "Sends through Acme."},
    logo="./logo.svg",
    readme="# Acme",
)


class AcmeMail(EmailConnector[Config]):
    """Derives all from its config class."""

    metadata = METADATA
    config_class = Config
    declaration = Declaration(provider="acme", capabilities={"config-templates"})

    def deliver(self, config: Config, email: Email) -> object:
        """Return what was rendered."""
        return config.sender, email.subject


def test_connector_has_the_guard_and_the_form_of_its_config_class() -> None:
    """The suite gets a valid config from the examples, and the secrets."""
    assert AcmeMail.config_guard.schema["title"] == "Acme config"
    assert AcmeMail.metadata.form_items == form_items(Config)
    assert AcmeMail.declaration is not None
    assert AcmeMail.declaration.secrets == ("apiKey", "auth.token") == secret_paths(Config)
    assert AcmeMail.declaration.valid_config == example_config(Config) == VALID
    assert SCHEMA["examples"] == [VALID]
    message = {"to": "a@b.co", "type": "SignIn", "payload": {"code": "123456"}}
    sent = AcmeMail(get_config=lambda _: VALID).send_message(message)
    assert sent == ("Acme <a@acme.com>", "123456 is your sign-in code")
    with pytest.raises(ConnectorError, match="found none of them"):
        AcmeMail(get_config=lambda _: {}).send_message(message)


def test_own_declarations_of_a_connector_stay() -> None:
    """Its guard, its form, and the config and the secrets of its declaration."""
    guard = Guard({"type": "object"}, dict)

    class Own(AcmeMail):
        metadata = evolve(METADATA, form_items=())
        config_class = Config
        config_guard = guard
        declaration = Declaration("acme", valid_config={"a": 1}, secrets=("b",))

    assert Own.config_guard is guard
    assert Own.metadata.form_items == ()
    assert Own.declaration == Declaration("acme", valid_config={"a": 1}, secrets=("b",))


def test_schema_of_a_connector_without_metadata_has_the_name_of_its_class() -> None:
    """For a base class of several connectors."""

    class Base(AcmeMail):
        config_class = Config

    assert Base.config_guard.schema["title"] == "Base config"
    assert Base.metadata is AcmeMail.metadata


@frozen
class SmsConfig:
    """The config of an SMS connector without examples."""

    token: str = setting("Token", secret=True)
    templates: SmsTemplates = sms_templates()


def test_sms_templates_have_no_subject() -> None:
    """Each default template is for a type of message that Logto sends by SMS, and fits one segment."""

    class AcmeSms(SmsConnector[SmsConfig]):
        metadata = METADATA
        config_class = SmsConfig

        def deliver(self, config: SmsConfig, sms: Sms) -> object:
            return config.token, sms.content

    config = {"token": "t", "templates": [dict(it) for it in SMS_TEMPLATES]}
    assert _issues(AcmeSms.config_guard, config) == []
    assert "examples" not in AcmeSms.config_guard.schema
    sent = AcmeSms(get_config=lambda _: config).send_message(
        {"to": "1", "type": "BindMfa", "payload": {"code": "123456"}}
    )
    assert sent == ("t", "123456 is your code to set up two-step verification. It is valid for 10 minutes.")
    assert all(len(it["content"]) <= 160 for it in SMS_TEMPLATES)


@frozen
class TemplateAlias:
    """A template that the provider stores."""

    usage_type: str
    alias: str = setting("Alias", key="templateAlias")


@pytest.mark.parametrize(
    ("required", "described"), [((), ""), (("Generic",), "Generic is"), (("A", "B"), "A and B are")]
)
def test_templates_may_be_of_any_class(required: tuple[str, ...], described: str) -> None:
    """With the usage types that the connector requires."""

    @frozen
    class Aliases:
        templates: tuple[TemplateAlias, ...] = template_setting(
            [{"usageType": "Generic", "templateAlias": "code"}], required=required
        )

    found = config_schema(Aliases)["properties"]["templates"]
    assert found["items"]["required"] == ["usageType", "templateAlias"]
    assert [it["contains"]["properties"]["usageType"]["const"] for it in found.get("allOf", ())] == [*required]
    assert found["description"].partition(".")[2].startswith(f" {described} required;" if described else "")
    assert ("required" in found["description"]) is bool(described)
    made = config_guard(Aliases).issues({"templates": [{"usageType": it, "templateAlias": "x"} for it in required]})
    assert [it.keyword for it in made if it.severity == "error"] == []


@frozen
class AliasConfig:
    """The config of a connector whose provider stores the templates."""

    templates: TemplateNames = template_names("templateAlias")


NAMES = [{"usageType": it, "templateAlias": f"a-{it}"} for it in ("Register", "SignIn", "ForgotPassword", "Generic")]


def test_names_of_templates_have_the_key_of_the_provider() -> None:
    """In the schema, and in the JSON that the class is read from and written to."""
    config = {"templates": NAMES}
    made = config_guard(AliasConfig).validate(config)
    assert made.templates[1] == TemplateName("SignIn", "a-SignIn")
    assert to_json(made) == config
    items = config_schema(AliasConfig)["properties"]["templates"]["items"]
    assert items["required"] == ["usageType", "templateAlias"]
    Draft202012Validator.check_schema(config_schema(AliasConfig))


@pytest.mark.parametrize(
    ("templates", "path", "message"),
    [
        (NAMES[1:], ("templates",), "Register"),
        ([*NAMES, {"usageType": "Generic"}], ("templates", 4, "templateAlias"), "required"),
        ([*NAMES, {"usageType": "Generic", "templateAlias": 1}], ("templates", 4, "templateAlias"), "string"),
        ("logto", ("templates",), "array"),
    ],
)
def test_names_of_templates_need_the_required_usage_types_and_a_name(
    templates: object, path: tuple[Any, ...], message: str
) -> None:
    issues = [it for it in config_guard(AliasConfig).issues({"templates": templates}) if it.severity == "error"]
    assert issues
    assert issues[0].location == path
    assert message in issues[0].message


def test_form_for_names_of_templates_has_one_for_each_usage_type() -> None:
    """The names in a new form are those that Logto's own connector for Postmark has."""
    (item,) = form_items(AliasConfig)
    assert item.type is Control.JSON
    names = {it["usageType"]: it["templateAlias"] for it in item.default_value}
    assert names.keys() == {*TemplateType}
    assert names["SignIn"] == "logto-sign-in"
    assert names["UserPermissionValidation"] == "logto-user-permission-validation"
    assert config_guard(AliasConfig).issues({"templates": item.default_value}) == []


def test_names_of_templates_may_be_numbers() -> None:
    """As at Mailjet; the author gives their schema, and a new form has none."""

    @frozen
    class Numbered:
        templates: TemplateNames = template_names(form={"type": "integer"}, required=())

    (item,) = form_items(Numbered)
    assert item.default_value is UNSET
    assert example_config(Numbered) == {}

    guard = config_guard(Numbered)
    assert guard.validate({"templates": [{"usageType": "SignIn", "templateId": 7}]}).templates[0].name == 7
    assert not guard.is_valid({"templates": [{"usageType": "SignIn", "templateId": "7"}]})


def test_example_of_a_nested_setting_consists_of_those_of_its_class() -> None:
    """An optional one is left out, as others without an example."""

    @frozen
    class Login:
        user: str = setting("User", examples=["acme"])
        note: str | None = setting("Note", default=None)

    @frozen
    class Config:
        login: Login = setting("Login")
        other: Login | None = setting("Other", default=None)

    assert example_config(Config) == {"login": {"user": "acme"}}
