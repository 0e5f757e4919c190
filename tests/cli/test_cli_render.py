"""``connector-kit render``."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from click.testing import Result

from connector_kit import send_message_payload_guard
from connector_kit.cli.application import application
from connector_kit.cli.command_render import render_command

pytestmark = pytest.mark.usefixtures("acme")

ACME = "acme_connectors:AcmeMail"


def test_message_is_printed_as_it_would_be_sent(
    run: Callable[..., Result], acme: ModuleType, acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """Subject, content type and template precede the body. Nothing is sent."""
    result = run("render", ACME, written(acme_config), "--type", "SignIn", "--payload", '{"code": "123456"}')
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.splitlines() == [
        "Subject:      SignIn 123456",
        "Content type: text/html",
        "Template:     $.templates[1] for SignIn",
        "",
        "Your code: 123456 ({{locale}})",
    ]
    assert acme.SENT == []


def test_defaults_are_those_of_a_test_message(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """Without options the type is Generic and the code 000000."""
    result = run("render", "aws-ses-mail", written(ses_config))
    assert result.stdout.endswith("Template:     $.templates[3] for Generic\n\n<b>000000</b>\n")


def test_locale_is_added_to_the_payload(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """``--locale`` replaces ``{{locale}}``, as when Logto sends."""
    result = run("render", ACME, written(acme_config), "--locale", "pt-BR")
    assert result.stdout.endswith("\n\nYour code: 000000 (pt-BR)\n")


def test_fallback_template_is_named(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """A type without a template uses that of Generic."""
    result = run("render", ACME, written(acme_config), "--type", "BindMfa")
    assert "Template:     $.templates[3] for Generic, the fallback: there is none for this type\n" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(("given", "hint"), [("Signin", " (did you mean 'SignIn'?)"), ("Zzz", "")])
def test_unknown_type_prints_warning(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str], given: str, hint: str
) -> None:
    """An unknown type is rendered, but is probably a typo."""
    result = run("render", ACME, written(acme_config), "--type", given)
    assert result.exit_code == 0
    assert result.stderr == f"Warning: Logto never sends messages of type '{given}'{hint}.\n"


def test_json_has_message_and_template(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """``--format json`` prints the parts of the e-mail and the chosen template."""
    result = run("render", ACME, written(acme_config), "--type", "MfaVerification", "--format", "json")
    assert json.loads(result.stdout) == {
        "type": "MfaVerification",
        "subject": "Generic 000000",
        "contentType": "text/html",
        "body": "Your code: 000000 ({{locale}})",
        "template": {"index": 3, "usageType": "Generic", "fallback": True},
    }


def test_text_message_has_only_content(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """An SMS has neither subject nor content type."""
    result = run("render", "acme_connectors:AcmeSms", written(acme_config))
    assert result.stdout == "Template: $.templates[3] for Generic\n\nYour code: 000000 ({{locale}})\n"
    result = run("render", "acme_connectors:AcmeSms", written(acme_config), "--format", "json")
    assert json.loads(result.stdout)["content"] == "Your code: 000000 ({{locale}})"


def test_template_of_the_provider_is_named_with_its_variables(
    run: Callable[..., Result], acme: ModuleType, alias_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The provider has the text; the template receives the whole payload."""
    aliases, payload = "acme_connectors:AcmeAliases", '{"code": "123456", "user": {"name": "Zoë"}}'
    result = run("render", aliases, written(alias_config), "--type", "SignIn", "--payload", payload)
    assert (result.exit_code, result.stderr) == (0, "")
    name, template, blank, *variables = result.stdout.splitlines()
    assert (name, template, blank) == ("Name:     t-SignIn", "Template: $.templates[1] for SignIn", "")
    assert json.loads("\n".join(variables)) == {"code": "123456", "user": {"name": "Zoë"}}
    result = run("render", aliases, written(alias_config), "--type", "BindMfa", "--format", "json")
    assert json.loads(result.stdout) == {
        "type": "BindMfa",
        "name": "t-Generic",
        "variables": {"code": "000000"},
        "template": {"index": 3, "usageType": "Generic", "fallback": True},
    }
    assert acme.SENT == []


def test_sender_and_reply_address_are_printed(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """A connector may use a template that is not in the config: then there is no place in the config to print."""
    result = run("render", "acme_connectors:AcmeManaged", written(acme_config))
    assert "\nFrom:         Acme\nReply-To:     help@acme.example\n" in result.stdout
    assert "\nTemplate:     not from the config\n" in result.stdout
    result = run("render", "acme_connectors:AcmeManaged", written(acme_config), "--type", "SignIn", "--format", "json")
    rendered = json.loads(result.stdout)
    assert (rendered["replyTo"], rendered["sendFrom"]) == ("help@acme.example", "Acme")
    assert rendered["template"] == {"index": None, "usageType": "Own", "fallback": True}


def test_body_is_unchanged_in_a_pipe(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """A pipe or file gets the body unchanged. Fields above it are escaped, so that each stays on one line."""
    acme_config["templates"][3] |= {"subject": "a\u2028b", "content": "tab\there \x1b[31m{{code}}\u202e\n"}
    result = run("render", ACME, written(acme_config))
    assert result.stdout.startswith("Subject:      a\\u2028b\n")
    assert result.stdout.endswith("\n\ntab\there \x1b[31m000000\u202e\n")


def test_lone_surrogate_is_escaped(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """JSON can contain a lone surrogate, UTF-8 cannot."""
    acme_config["templates"][3] |= {"content": "\ud800{{code}}"}
    assert run("render", ACME, written(acme_config)).stdout.endswith("\n\\ud800000000\n")
    result = run("render", ACME, written(acme_config), "--format", "json")
    assert json.loads(result.stdout)["body"] == "\ud800000000"


def test_invalid_config_is_not_rendered(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The issues are printed to standard error; the exit status is 1."""
    result = run("render", "aws-ses-mail", written({**ses_config, "region": 3}))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "invalid: 1 error in config.json for aws-ses-mail\n  error    $.region  expected string, found number  [type]\n"
    )


def test_warnings_are_printed_to_standard_error(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """Standard output has only the result."""
    result = run("render", "aws-ses-mail", written({**ses_config, "Region": "x"}), "--format", "json")
    assert result.stderr.startswith("  warning  $.Region  ")
    assert json.loads(result.stdout)["subject"] == "Generic code"


def test_missing_template_exits_with_1(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The output has the code of the error and a hint."""
    result = run("render", ACME, written({**acme_config, "templates": []}))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "Error: template_not_found: The config has no template for the type Generic or for Generic.",
        "Hint: Add a template for this usageType, or one for Generic, the fallback for all types.",
    ]


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ("", "--payload is empty."),
        ("{code: 1}", "--payload is not JSON: line 1, column 2: key without double quotes."),
        ("[1]", '--payload must be a JSON object such as \'{"code": "000000"}\', found array.'),
        ('{"code": NaN}', "--payload is not JSON: line 1, column 10: NaN and Infinity are not JSON"),
        ("[" * 100_000, "--payload is nested too deeply."),
    ],
)
def test_invalid_payload_exits_with_2(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str], payload: str, message: str
) -> None:
    """The payload must be a JSON object."""
    result = run("render", "aws-ses-mail", written(ses_config), "--payload", payload)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith(f"Error: {message}")


@pytest.mark.parametrize("name", ["AcmeForward", "AcmeOwnSend"])
def test_connector_that_overrides_send_message_is_not_rendered(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str], name: str
) -> None:
    """Such a connector need not use templates."""
    result = run("render", f"acme_connectors:{name}", written(acme_config))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: acme_connectors:{name} overrides send_message, ")


@pytest.mark.parametrize("command", [["render"], ["test", "--to", "x"]], ids=lambda it: it[0])
def test_social_connector_is_rejected(
    run: Callable[..., Result], written: Callable[[object], str], command: list[str]
) -> None:
    """Social connectors do not send messages."""
    result = run(*command, "acme_connectors:AcmeSocial", written({}))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: `{command[0]}` needs an Email or Sms connector, but acme_connectors:AcmeSocial is a Social connector.\n"
    )


def test_payload_is_completed_in_the_shell() -> None:
    """With messages as Logto sends them: a code or a link, and the context variables."""
    context = application.make_context("connector-kit", ["render"], resilient_parsing=True)
    (option,) = (it for it in render_command.params if it.name == "payload")
    completions = [it.value for it in option.shell_complete(context, "")]
    assert completions[0] == '{"code": "000000"}'
    for text in completions:
        send_message_payload_guard.validate(json.loads(text))
    names = {name for text in completions for name in json.loads(text)}
    assert names >= {"code", "link", "locale", "application", "organization", "user", "inviter"}
    assert [it.value for it in option.shell_complete(context, '{"link')] == [completions[2]]
