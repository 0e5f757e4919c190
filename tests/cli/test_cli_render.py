"""``connector-kit render``."""

import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from click.testing import Result

pytestmark = pytest.mark.usefixtures("acme")

ACME = "acme_connectors:AcmeMail"


def test_a_message_is_shown_as_it_would_be_sent(
    run: Callable[..., Result], acme: ModuleType, acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """Subject, content type and template stand above the body; nothing is sent."""
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


def test_the_defaults_are_those_of_a_test_message(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """Without options the type is Generic and the code 000000."""
    result = run("render", "aws-ses-mail", written(ses_config))
    assert result.stdout.endswith("Template:     $.templates[3] for Generic\n\n<b>000000</b>\n")


def test_the_locale_is_part_of_the_payload(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """--locale fills {{locale}}, as it does when Logto sends."""
    result = run("render", ACME, written(acme_config), "--locale", "pt-BR")
    assert result.stdout.endswith("\n\nYour code: 000000 (pt-BR)\n")


def test_the_stand_in_is_named(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """A type that has no template takes Generic's, and the output says so."""
    result = run("render", ACME, written(acme_config), "--type", "BindMfa")
    assert "Template:     $.templates[3] for Generic, which stands in: there is none for this type\n" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize(("given", "hint"), [("Signin", "; did you mean SignIn?"), ("Zzz", ".")])
def test_a_type_that_logto_lacks_is_warned_of(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str], given: str, hint: str
) -> None:
    """Any type can be asked for, but one that Logto never sends is most likely a typo."""
    result = run("render", ACME, written(acme_config), "--type", given)
    assert result.exit_code == 0
    assert result.stderr == f"Warning: Logto sends no message of the type '{given}'{hint}\n"


def test_json(run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]) -> None:
    """--format json has the parts of the e-mail and the choice of template."""
    result = run("render", ACME, written(acme_config), "--type", "MfaVerification", "--format", "json")
    assert json.loads(result.stdout) == {
        "type": "MfaVerification",
        "subject": "Generic 000000",
        "contentType": "text/html",
        "body": "Your code: 000000 ({{locale}})",
        "template": {"index": 3, "usageType": "Generic", "fallback": True},
    }


def test_a_text_message_is_its_content(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """An SMS has neither subject nor content type."""
    result = run("render", "acme_connectors:AcmeSms", written(acme_config))
    assert result.stdout == "Template: $.templates[3] for Generic\n\nYour code: 000000 ({{locale}})\n"
    result = run("render", "acme_connectors:AcmeSms", written(acme_config), "--format", "json")
    assert json.loads(result.stdout)["content"] == "Your code: 000000 ({{locale}})"


def test_sender_and_reply_address_are_shown_where_there_are_any(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """A connector may compose with templates of its own: From and Reply-To then show, the place in the config not."""
    result = run("render", "acme_connectors:AcmeManaged", written(acme_config))
    assert "\nFrom:         Acme\nReply-To:     help@acme.example\n" in result.stdout
    assert "\nTemplate:     the connector's own\n" in result.stdout
    result = run("render", "acme_connectors:AcmeManaged", written(acme_config), "--type", "SignIn", "--format", "json")
    rendered = json.loads(result.stdout)
    assert (rendered["replyTo"], rendered["sendFrom"]) == ("help@acme.example", "Acme")
    assert rendered["template"] == {"index": None, "usageType": "Own", "fallback": True}


def test_text_is_printed_as_it_is_where_no_terminal_is(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """A body goes into a pipe or a file unchanged; only the lines above it are kept to one line each."""
    acme_config["templates"][3] |= {"subject": "a\nb", "content": "tab\there \x1b[31m{{code}}\u202e\n"}
    result = run("render", ACME, written(acme_config))
    assert result.stdout.startswith("Subject:      a\\nb\n")
    assert result.stdout.endswith("\n\ntab\there \x1b[31m000000\u202e\n")


def test_half_a_character_is_printed_all_the_same(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """A lone surrogate, which JSON can hold and UTF-8 cannot, is spelled out."""
    acme_config["templates"][3] |= {"content": "\ud800{{code}}"}
    assert run("render", ACME, written(acme_config)).stdout.endswith("\n\\ud800000000\n")
    result = run("render", ACME, written(acme_config), "--format", "json")
    assert json.loads(result.stdout)["body"] == "\ud800000000"


def test_an_invalid_config_is_refused(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """What Logto would refuse is not rendered: the issues on standard error, status 1."""
    result = run("render", "aws-ses-mail", written({**ses_config, "region": 3}))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "invalid: 1 error in config.json for aws-ses-mail\n  error    $.region  expected string, found number\n"
    )


def test_warnings_go_beside_the_result(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """Warnings are printed to standard error, so that the result stays what it is."""
    result = run("render", "aws-ses-mail", written({**ses_config, "Region": "x"}), "--format", "json")
    assert result.stderr.startswith("  warning  $.Region  ")
    assert json.loads(result.stdout)["subject"] == "Generic code"


def test_no_template_is_a_no(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """A config without a fitting template is answered with the error's code and what to do; status 1."""
    result = run("render", ACME, written({**acme_config, "templates": []}))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "Error: template_not_found: There is no template for the type Generic, and none for Generic.",
        "Hint: Add a template of that usageType, or one for Generic, which stands in for all.",
    ]


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        ("", "--payload is empty: a JSON object is expected."),
        ("{code: 1}", "--payload is not JSON: line 1, column 2: "),
        ("[1]", '--payload must be a JSON object, such as \'{"code": "000000"}\'.'),
        ('{"code": NaN}', "--payload is not JSON: NaN is not JSON."),
        ("[" * 100_000, "--payload is nested too deeply to be read."),
    ],
)
def test_a_payload_that_is_no_object(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str], payload: str, message: str
) -> None:
    """The payload must be a JSON object; status 2."""
    result = run("render", "aws-ses-mail", written(ses_config), "--payload", payload)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert result.stderr.startswith(f"Error: {message}")


@pytest.mark.parametrize("name", ["AcmeForward", "AcmeOwnSend"])
def test_a_connector_that_sends_in_its_own_way(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str], name: str
) -> None:
    """What a connector with a send_message of its own would send cannot be told in advance."""
    result = run("render", f"acme_connectors:{name}", written(acme_config))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: acme_connectors:{name} has a send_message of its own, ")


@pytest.mark.parametrize("command", [["render"], ["test", "--to", "x"]], ids=lambda it: it[0])
def test_a_connector_that_sends_nothing(
    run: Callable[..., Result], written: Callable[[object], str], command: list[str]
) -> None:
    """Social connectors send no messages."""
    result = run(*command, "acme_connectors:AcmeSocial", written({}))
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        "Error: acme_connectors:AcmeSocial is a Social connector: it sends no messages, so there is nothing to "
        f"{command[0]}.\n"
    )
