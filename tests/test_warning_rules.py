"""Warnings: what Logto accepts, but is unlikely to work."""

import pytest

from connector_kit import (
    ConnectorErrorCodes,
    Guard,
    TemplateType,
    connector_config_form_item_guard,
    send_message_payload_guard,
)
from connector_kit.connectors.aws_ses import AwsSesConnector, aws_ses_config_guard
from connector_kit.default_templates import EMAIL_TEMPLATES, SMS_TEMPLATES
from connector_kit.messages import LOGTO_VARIABLES
from connector_kit.warning_rules import generic_fallback, is_placeholder, stray_characters
from tests.guard_cases import ITEM, Anything, Json, guard, issue_tuples, ses_config


def test_valid_config_has_no_issues() -> None:
    """No warnings either; also with ``$schema`` for an editor, and with usage types beyond the four required."""
    templates = [*ses_config()["templates"], {"usageType": "BindMfa", "subject": "s", "content": "{{ code }}"}]
    config = ses_config(templates=templates, **{"$schema": "./aws-ses-config.schema.json"})
    assert aws_ses_config_guard.issues(config, strict=True) == []


def _changed_template(**changes: Json) -> Json:
    templates = ses_config()["templates"]
    return {"templates": [*templates, {**templates[0], "usageType": "BindMfa", **changes}]}


WARNINGS = [
    (
        _changed_template(usageType="Signin"),
        "$.templates[5].usageType",
        "usage-type",
        "Logto sends no messages of this usage type (did you mean 'SignIn'?)",
    ),
    (
        _changed_template(usageType="Newsletter"),
        "$.templates[5].usageType",
        "usage-type",
        "Logto sends no messages of this usage type",
    ),
    (
        _changed_template(subject="Hello", content="<p>Hello</p>"),
        "$.templates[5].content",
        "no-code",
        "this template has neither {{code}} nor {{link}}: the user gets a message without a code",
    ),
    (
        _changed_template(content="{{code}} {{ cdoe }} {{cdoe}}"),
        "$.templates[5].content",
        "placeholder-name",
        "Logto has no variable {{cdoe}} (did you mean {{code}}?)",
    ),
    (
        _changed_template(subject="{{organisation.name}}", content="{{code}}"),
        "$.templates[5].subject",
        "placeholder-name",
        "Logto has no variable {{organisation.name}} (did you mean {{organization.name}}?)",
    ),
    (
        _changed_template(content="{{code}} {{user.nmae.first}}"),
        "$.templates[5].content",
        "placeholder-name",
        "Logto has no variable {{user.nmae.first}} (did you mean {{user.name.first}}?)",
    ),
    (
        _changed_template(contentType="text/plain"),
        "$.templates[5].contentType",
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


def _texts(**texts: str) -> list[Json]:
    """Return e-mail templates with these contents."""
    return [{"usageType": kind, "subject": "s", "content": content} for kind, content in texts.items()]


def _unfilled(templates: Json) -> list[tuple[str, str]]:
    """Return path and message of each warning about a placeholder that no message fills."""
    issues = Guard({}, object).issues({"templates": templates})
    return [(it.path, it.message) for it in issues if it.keyword in {"unfilled", "placeholder-name"}]


OPTIONAL = [name for name in VARIABLES if name not in {"code", "link"}]
CODES = [kind for kind in TemplateType if kind != "OrganizationInvitation"]


@pytest.mark.parametrize("written", [*OPTIONAL, "user.profile.givenName", "user.age", "inviter.x.y", " locale "])
@pytest.mark.parametrize("kind", TemplateType)
def test_context_variable_produces_no_warning(kind: str, written: str) -> None:
    """In any message: Logto fills those that it knows."""
    main = "link" if kind == "OrganizationInvitation" else "code"
    templates = _texts(OrganizationInvitation="{{link}}", Generic="{{code}}")
    assert _unfilled([*_texts(**{kind: f"{{{{{main}}}}} {{{{{written}}}}}"}), *templates]) == []


@pytest.mark.parametrize("written", ["code", " code ", "code.x"])
def test_code_in_an_invitation_is_unfilled(written: str) -> None:
    """Its payload has a link and no code; an invitation without a template of its own uses the Generic one."""
    placeholder = f"{{{{{written.strip()}}}}}"
    text = f"{{{{{written}}}}}"
    fallback = "which use this template and have {{link}} instead: add a template for OrganizationInvitation that uses {{link}}"
    assert _unfilled(_texts(SignIn=text, Generic=text)) == [
        ("$.templates[1].content", f"{placeholder} stays in messages of type OrganizationInvitation, {fallback}")
    ]
    own = "which have {{link}} instead: use {{link}}"
    assert _unfilled(_texts(Generic=text, OrganizationInvitation="{{link}}" + text)) == [
        ("$.templates[1].content", f"{placeholder} stays in messages of type OrganizationInvitation, {own}")
    ]


def test_link_in_a_message_with_a_code_is_unfilled() -> None:
    """One warning for a template names all types that use it."""
    templates = _texts(SignIn="{{ link }}", Generic="{{link}} {{link}}", Register="{{code}}", ForgotPassword="{{code}}")
    own = "which have {{code}} instead: use {{code}}"
    others = "Generic, UserPermissionValidation, BindNewIdentifier, MfaVerification, BindMfa"
    assert _unfilled(templates) == [
        ("$.templates[0].content", f"{{{{link}}}} stays in messages of type SignIn, {own}"),
        ("$.templates[1].content", f"{{{{link}}}} stays in messages of type {others}, {own}"),
    ]


def test_subject_and_content_are_both_read() -> None:
    """Each has its own warning."""
    templates = [{"usageType": "Generic", "subject": "{{code}}", "content": "{{code}}"}]
    assert [path for path, _ in _unfilled(templates)] == ["$.templates[0].content", "$.templates[0].subject"]


@pytest.mark.parametrize("written", ["ticket", "shop.url", ".", "a.b", "..x"])
@pytest.mark.parametrize("kind", CODES)
def test_unknown_variable_is_unfilled_in_messages_with_a_code(kind: str, written: str) -> None:
    """Logto chooses the variables of these messages."""
    templates = [*_texts(**{kind: f"{{{{code}}}} {{{{{written}}}}}"}), *_texts(OrganizationInvitation="{{link}}")]
    ((path, message),) = _unfilled(templates)
    assert path == "$.templates[0].content"
    assert message.startswith(f"{{{{{written}}}}} stays in messages of type ")
    assert kind in message
    assert message.endswith(": Logto has no variable of this name; remove it")


def test_unknown_variable_of_an_invitation_produces_no_warning() -> None:
    """Who sends it through Logto's Management API chooses its variables."""
    templates = _texts(OrganizationInvitation="{{link}} {{ticket}} {{shop.url}}", Generic="{{code}}")
    assert _unfilled(templates) == []
    ((_, message),) = _unfilled(_texts(OrganizationInvitation="{{link}} {{.}}", Generic="{{code}}"))
    assert message.startswith("{{.}} stays in messages of type OrganizationInvitation: Logto has no variable")


@pytest.mark.parametrize("text", ["{code}", "{{ code", "{{co de}}", "{{#if link}}", "{{{ticket!}}}", "{{ á }}", "{{}}"])
def test_text_that_the_renderer_leaves_alone_is_not_a_placeholder(text: str) -> None:
    """The warnings read placeholders as the renderer does."""
    assert _unfilled(_texts(Generic=f"{{{{code}}}} {text}", OrganizationInvitation="{{link}}")) == []


def test_template_that_no_message_uses_is_not_judged() -> None:
    """The second of a type, and one of a type that Logto does not send."""
    templates = _texts(Generic="{{code}}", OrganizationInvitation="{{link}}", Newsletter="{{issue}} {{link}} {{code}}")
    assert _unfilled([*templates, *_texts(Generic="{{link}}")]) == []


def test_templates_of_text_messages_are_not_used_for_invitations() -> None:
    """Logto sends invitations by e-mail only. A text message has no subject."""
    templates = [{"usageType": "Generic", "content": "{{code}}"}]
    assert _unfilled(templates) == []
    assert generic_fallback({"templates": templates}) == (0, [kind for kind in CODES if kind != "Generic"])
    assert _unfilled([{"usageType": "Generic", "content": "{{link}}"}]) != []
    official = {"usageType": "OrganizationInvitation", "content": "{{code}}"}  # as in Logto's Twilio connector
    assert _unfilled([*templates, official]) == []


def test_placeholder_that_is_misspelt_has_one_warning() -> None:
    """With a suggestion."""
    assert _unfilled(_texts(SignIn="{{code}} {{cod}} {{.code}} {{code.}} {{.cod.}}")) == [
        ("$.templates[0].content", f"Logto has no variable {{{{{written}}}}} (did you mean {{{{code}}}}?)")
        for written in ("cod", ".code", "code.", ".cod.")
    ]


def test_long_placeholder_is_shortened() -> None:
    """A message stays readable."""
    ((_, message),) = _unfilled(_texts(SignIn="{{code}} {{" + "x" * 10_000 + "}}"))
    assert message.startswith("{{" + "x" * 64 + "…}} stays in")


def test_generic_fallback_is_the_first_generic_template() -> None:
    """Without a Generic template, or if each usage type has its own template, the result is ``None``."""
    templates = _texts(SignIn="", Generic="")
    assert generic_fallback({"templates": [1, *templates, *templates]}) == (
        2,
        [kind for kind in TemplateType if kind not in {"SignIn", "Generic"}],
    )
    for config in ({"templates": _texts(**dict.fromkeys(TemplateType, ""))}, {"templates": _texts(SignIn="")}, {}, 1):
        assert generic_fallback(config) is None


def test_same_template_twice_is_judged_once() -> None:
    """Python may hold one object at two places."""
    (template,) = _texts(Generic="{{link}}")
    assert [path for path, _ in _unfilled([template, template])] == ["$.templates[0].content"]


def test_official_default_templates_of_amazon_ses_have_a_code_in_the_invitation() -> None:
    """The one warning about texts like those of ``@logto/connector-aws-ses``; ours have a link."""
    official = _texts(**dict.fromkeys(TemplateType, "Your code is {{code}}."))
    assert [path for path, _ in _unfilled(official)] == ["$.templates[3].content"]
    (ours,) = (it.default_value for it in AwsSesConnector.metadata.form_items or () if it.key == "templates")
    assert Guard({}, object).issues({"templates": ours}, strict=True) == []


@pytest.mark.parametrize("example", aws_ses_config_guard.schema["examples"])
def test_examples_of_the_schema_produce_no_warnings_except_that_they_are_examples(example: Json) -> None:
    """Editors offer them; who keeps them gets a warning."""
    assert {issue.keyword for issue in aws_ses_config_guard.issues(example, strict=True)} == {"placeholder"}


@pytest.mark.parametrize("where", ["subject", "content"])
@pytest.mark.parametrize("variable", ["{{code}}", "{{ link }}"])
def test_code_or_link_in_the_subject_or_the_content_is_enough(where: str, variable: str) -> None:
    """The user gets it."""
    other = {"subject": "content", "content": "subject"}[where]
    kind = "OrganizationInvitation" if "link" in variable else "BindMfa"
    others = [template for template in ses_config()["templates"] if template["usageType"] != kind]
    template = {"usageType": kind, where: variable, other: "x"}
    assert aws_ses_config_guard.issues(ses_config(templates=[*others, template])) == []


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


# --- values that nobody has replaced ----------------------------------------------------------------------------------

PLACEHOLDER = "this is a placeholder: replace it with a real value"
AWS_EXAMPLE = "this is an example of the AWS documentation: replace it with a real value"
VARIABLE = "this is a variable that nothing has replaced: write its value"
NOT_REPLACED = {
    **dict.fromkeys(
        (
            *("YOUR_ACCESS_KEY_ID", "your-api-key", "your_token_here", "enter-your-key", "PUT_YOUR_KEY_HERE"),
            *("changeme", "CHANGE_ME", "change-me", "replace-this", "TODO", "to-do", "tbd", "placeholder"),
            *("xxx", "XXXXXXXX", "re_xxxxxxxxx", "sk-xxxx", "SG.xxx", "ACxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"),
            *("AKIAXXXXXXXXXXXXXXXX", "***", "••••••••", "re_***", "...", "…", "re_…", "ak_…"),
        ),
        PLACEHOLDER,
    ),
    # https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_access-keys.html
    **dict.fromkeys(
        (
            *("AKIAIOSFODNN7EXAMPLE", "AKIAI44QH8DHBEXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
            "je7MtGbClwBF/2Zp9Utk/h3yCo8nvbEXAMPLEKEY",
        ),
        AWS_EXAMPLE,
    ),
    **dict.fromkeys(
        ("${API_KEY}", "{{ API_KEY }}", "{{code}}", "${{ secrets.API_KEY }}", "%API_KEY%", "<%= ENV['API_KEY'] %>"),
        VARIABLE,
    ),
}
DOMAINS = {
    "noreply@example.com": "example.com",
    "Acme <noreply@mail.example.org>": "example.org",
    "https://EXAMPLE.net/send": "EXAMPLE.net",
    "arn:aws:ses:us-east-1:123456789012:identity/example.com": "example.com",
    "example.com": "example.com",
    "noreply@your-domain.com": "your-domain.com",
    "noreply@yourdomain.co.uk": "yourdomain.co.uk",
    "<from_email_address@your.domain>": "your.domain",
    "your-mailgun-domain.com": "your-mailgun-domain.com",
    "https://api.yourcompany.com:443/": "yourcompany.com",
    "https://your-site/": "your-site",
}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        *NOT_REPLACED.items(),
        *((it, f"{domain} is an example: replace it with your own domain") for it, domain in DOMAINS.items()),
    ],
)
def test_value_that_nobody_has_replaced_produces_a_warning(text: str, message: str) -> None:
    """In any setting of any connector, at any depth."""
    assert issue_tuples(Guard({"type": "object"}, Anything), {"a": [{"b": text}]}) == [
        ("$.a[0].b", "placeholder", message)
    ]
    assert is_placeholder(text) == (text in NOT_REPLACED)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Your Company",
            "your",
            "yours-truly",
            "Acme <noreply@acme.com>",
            "noreply@acme.example",
            "https://acme.test",
        ),
        *("noreply@myexample.com", "noreply@example.community", "example.com.acme.io", "noreply@example-shop.com"),
        *("noreply@yourtown.gov", "acme-verification", "AKIAFAKEFAKEFAKEFAKE", "FORexample", "EXAMPLE", "abcd.xxx"),
        *("$5 off", "100%", "a{b}c", "p${x", "{{", "re_1234xxx", "Foxxx", "*", "secret", "me@change.me", "arn:aws:ses"),
    ],
)
def test_ordinary_value_is_not_a_placeholder(text: str) -> None:
    """Domains of RFC 2606 that end in .example or .test are for tests and stubs."""
    assert Guard({"type": "object"}, Anything).issues({"a": text}) == []
    assert not is_placeholder(text)


def test_templates_may_have_variables_and_example_domains() -> None:
    """A whole text may be ``{{code}}``; and ``$schema`` may be anywhere."""
    templates = [{"usageType": "Generic", "subject": "{{code}}", "content": "{{code}} https://example.com"}]
    invitation = [{"usageType": "OrganizationInvitation", "subject": "${x}", "content": "{{link}}"}]
    schema = {"$schema": "https://example.com/acme.schema.json"}
    assert Guard({}, object).issues({"templates": [*templates, *invitation], **schema}) == []


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("key ", "there is white space at the end: remove it"),
        ("key\n", "there is white space at the end: remove it"),
        ("\tkey ", "there is white space at the start: remove it"),
        ("\u00a0key", "there is white space at the start: remove it"),
        ("\ufeffkey", "there is an invisible character at the start: remove it"),
        ("key\u200b", "there is an invisible character at the end: remove it"),
        ("key\0", "there is an invisible character at the end: remove it"),
        ("one\r\ntwo", "there is a line break or an invisible character inside: remove it"),
        (" \n", "it is only white space: write a value"),
        ("two words", None),
        ("Zoë 👩\u200d👧", None),
        ("", None),
    ],
)
def test_stray_characters_are_named_with_their_place(text: str, problem: str | None) -> None:
    """Copying adds them; a space between words, and joined emoji, are a part of the text."""
    assert stray_characters(text) == problem


# --- templates that no message uses, and other template languages -----------------------------------------------------


def test_second_template_of_a_usage_type_produces_a_warning() -> None:
    """The official connectors use the first one, too. A type that Logto does not send has a warning already."""
    templates = [*_texts(SignIn="{{code}}", Generic="{{code}}", OrganizationInvitation="{{link}}"), 1]
    again = [
        *templates,
        *_texts(SignIn="{{code}}", Letter="{{code}}"),
        *_texts(Letter="{{code}}"),
        *_texts(SignIn="{{code}}"),
    ]
    found = [it for it in issue_tuples(Guard({}, object), {"templates": again}) if it[1] != "usage-type"]
    assert found == [
        (
            f"$.templates[{index}].usageType",
            "repeated-usage-type",
            "no message uses this template: $.templates[0] has the same usage type; remove one",
        )
        for index in (4, 7)
    ]


SYNTAXES = {
    "${code}": "{{code}}",
    "#{code}": "{{code}}",
    "{code}": "{{code}}",
    "{ CODE }": "{{code}}",
    "{{code}": "{{code}}",
    "{code}}": "{{code}}",
    "{{{code}}}": "{{code}}",
    "{{{ code }}}": "{{code}}",
    "{{ $code }}": "{{code}}",
    "{{ code | upper }}": "{{code}}",
    "{{code()}}": "{{code}}",
    "{{#if code}}": "{{code}}",
    "{{/code}}": "{{code}}",
    "%code%": "{{code}}",
    "%%CODE%%": "{{code}}",
    "[[code]]": "{{code}}",
    "<%= code %>": "{{code}}",
    "<%code%>": "{{code}}",
    "{% code %}": "{{code}}",
    "{%code%}": "{{code}}",
    "*|CODE|*": "{{code}}",
    "%7B%7Bcode%7D%7D": "{{code}}",
    "{organization.name}": "{{organization.name}}",
    "${USER.profile.nickname}": "{{user.profile.nickname}}",
    "{UILOCALES}": "{{uiLocales}}",
}


@pytest.mark.parametrize(("written", "meant"), SYNTAXES.items())
def test_variable_in_another_syntax_produces_a_warning(written: str, meant: str) -> None:
    """It stays in the message; one warning for a text that has it twice."""
    effect = "leaves braces around the value" if written.startswith("{{{") else "stays in the message"
    text = f"<p>Your code: {written}, {written}, {{{{code}}}}</p>"
    templates = _texts(SignIn=text, Generic="{{code}}", OrganizationInvitation="{{link}}")
    assert issue_tuples(Guard({}, object), {"templates": templates}) == [
        ("$.templates[0].content", "placeholder-syntax", f"{written} {effect}: write {meant}")
    ]


@pytest.mark.parametrize("written", ["${code}", "{code}", "{{Code}}", "{{otp}}", "{{ verification_code }}", "[[link]]"])
def test_template_whose_code_is_in_another_syntax_has_one_warning(written: str) -> None:
    """Not another one that it has no code."""
    templates = _texts(SignIn=written, Generic="{{code}}", OrganizationInvitation="{{link}}")
    (issue,) = Guard({}, object).issues({"templates": templates})
    assert issue.keyword in {"placeholder-syntax", "placeholder-name"}


@pytest.mark.parametrize(
    "text",
    [
        "<style>code{color:red}.a{link}@media{user}</style>",
        "<STYLE type='text/css'>{code}</STYLE >",
        "<script>const {link} = x; `${code}`</script>",
        "<p style='color:red'>{color: red}</p>",
        "<code>{{code}}</code> <a href='{{link}}?a=%20code%20'>link</a>",
        "[code] (code) 'code' $code 100 % code, the link %, {codes}, {my code}, {{ code }}",
    ],
)
def test_css_scripts_and_words_are_not_variables(text: str) -> None:
    """Braces have many uses."""
    issues = Guard({}, object).issues({"templates": _texts(SignIn=text)})
    assert [it.message for it in issues if it.keyword == "placeholder-syntax"] == []


def test_default_templates_of_the_kit_produce_no_warnings() -> None:
    """Those of e-mails and those of text messages."""
    for templates in (EMAIL_TEMPLATES, SMS_TEMPLATES):
        assert Guard({}, object).issues({"templates": [dict(it) for it in templates]}, strict=True) == []
