"""``connector-kit validate``."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

from connector_kit import TemplateType

pytestmark = pytest.mark.usefixtures("acme")

ACME = "acme_connectors:AcmeMail"
FALLBACK_TYPES = ["UserPermissionValidation", "BindNewIdentifier", "MfaVerification", "BindMfa"]
FALLBACK = f"  info     $.templates[3]  also used for {', '.join(FALLBACK_TYPES)}\n"


def test_valid_config_exits_with_0(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The output is one line, and one about the types that use the Generic template."""
    result = run("validate", "aws-ses-mail", written(ses_config))
    assert (result.exit_code, result.stdout, result.stderr) == (
        0,
        f"valid: aws-ses-mail accepts config.json\n{FALLBACK}",
        "",
    )


def test_names_of_templates_at_the_provider_are_validated(
    run: Callable[..., Result], alias_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """They have no text, so there is nothing to say about placeholders."""
    result = run("validate", "acme_connectors:AcmeAliases", written(alias_config))
    accepted, fallback = result.stdout.splitlines()
    assert (result.exit_code, result.stderr) == (0, "")
    assert accepted == "valid: acme_connectors:AcmeAliases accepts config.json"
    assert fallback.startswith("  info     $.templates[3]  also used for OrganizationInvitation, ")
    del alias_config["templates"][0]["templateAlias"]
    result = run("validate", "acme_connectors:AcmeAliases", written(alias_config))
    assert result.exit_code == 1
    assert (
        "  error    $.templates[0].templateAlias  expected string (required), found nothing  [required]\n"
        in result.stdout
    )


def test_config_with_a_template_for_each_type_needs_no_fallback(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """Then the output is one line."""
    content = {"OrganizationInvitation": "{{link}}"}
    templates = [{"usageType": kind, "subject": "s", "content": content.get(kind, "{{code}}")} for kind in TemplateType]
    result = run("validate", "aws-ses-mail", written({**ses_config, "templates": templates}), "--strict")
    assert (result.exit_code, result.stdout) == (0, "valid: aws-ses-mail accepts config.json\n")


def test_config_without_an_invitation_template_is_warned_about(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The payload of an invitation has a link and no code, so {{code}} of the Generic template would stay in it."""
    result = run("validate", "aws-ses-mail", written({**ses_config, "templates": ses_config["templates"][:4]}))
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        "valid: aws-ses-mail accepts config.json, with 1 warning",
        (
            "  warning  $.templates[3].content  {{code}} stays in messages of type OrganizationInvitation, which use this "
            "template and have {{link}} instead: add a template for OrganizationInvitation that uses {{link}}  [unfilled]"
        ),
        (
            "  info     $.templates[3]  also used for OrganizationInvitation, UserPermissionValidation, BindNewIdentifier, "
            "MfaVerification, BindMfa"
        ),
    ]


def test_config_is_read_from_standard_input(run: Callable[..., Result], ses_config: dict[str, Any]) -> None:
    """``-`` is standard input."""
    result = run("validate", "aws-ses-mail", "-", stdin=json.dumps(ses_config))
    assert (result.exit_code, result.stdout) == (0, f"valid: aws-ses-mail accepts standard input\n{FALLBACK}")


def test_every_issue_is_printed_with_path_and_message(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """An invalid config lists each error and warning: where, what was expected, what was found."""
    bad = {**ses_config, "region": 3, "emailAdress": "x", "templates": ses_config["templates"][1:]}
    result = run("validate", "aws-ses-mail", written(bad))
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "invalid: 2 errors, 1 warning in config.json for aws-ses-mail",
        "  warning  $.emailAdress  unknown key: it has no effect (did you mean 'emailAddress'?)  [unknown-key]",
        "  error    $.region  expected string, found number  [type]",
        '  error    $.templates  expected at least one item whose usageType is "Register", found none among 4 items  [contains]',
    ]


def test_config_with_warnings_is_valid(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The warnings are printed; the exit status is 0."""
    result = run("validate", "aws-ses-mail", written({**ses_config, "emailAdress": "x", "Region": "y"}))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "valid: aws-ses-mail accepts config.json, with 2 warnings"
    assert len(result.stdout.splitlines()) == 4


def test_strict_turns_warnings_into_errors(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """``--strict`` reports warnings as errors; the exit status is 1."""
    result = run("validate", "aws-ses-mail", written({**ses_config, "emailAdress": "x"}), "--strict")
    assert result.exit_code == 1
    assert result.stdout.startswith("invalid: 1 error in config.json for aws-ses-mail\n  error    $.emailAdress  ")


def test_json_has_validity_and_issues(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """``--format json`` prints path, keyword, message and severity of each issue."""
    result = run("validate", "aws-ses-mail", written({**ses_config, "region": 3}), "--format", "json")
    issue = {
        "path": "$.region",
        "keyword": "type",
        "message": "expected string, found number",
        "severity": "error",
    }
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"valid": False, "issues": [issue], "fallbackToGeneric": FALLBACK_TYPES}


def test_json_of_a_valid_config_has_no_issues(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The list of issues is empty."""
    result = run("validate", "aws-ses-mail", written(ses_config), "--format", "json")
    expected = {"valid": True, "issues": [], "fallbackToGeneric": FALLBACK_TYPES}
    assert (result.exit_code, json.loads(result.stdout)) == (0, expected)


def test_config_that_is_not_an_object_is_invalid(run: Callable[..., Result]) -> None:
    """The guard rejects an array; the exit status is 1."""
    result = run("validate", "aws-ses-mail", "-", stdin="[]")
    assert result.exit_code == 1
    assert "  error    $  expected object, found array  [type]\n" in result.stdout


def test_control_characters_of_a_key_are_escaped(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """Each issue stays on one line."""
    result = run("validate", "aws-ses-mail", written({**ses_config, "a\x1b[31m\nvalid: \u202e\ud800": 1}))
    assert r'$["a\u001b[31m\nvalid: \u202e\ud800"]' in result.stdout


def test_deeply_nested_config_is_invalid(run: Callable[..., Result]) -> None:
    """A value that is too deep for the guard causes no traceback."""
    result = run("validate", "aws-ses-mail", "-", stdin='{"a":' * 900 + "1" + "}" * 900)
    assert result.exit_code == 1
    assert result.stderr == ""


def test_connector_of_a_module_is_used(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """``package.module:Class`` is a connector that is not installed."""
    result = run("validate", ACME, written(acme_config))
    assert (result.exit_code, result.stdout) == (0, f"valid: {ACME} accepts config.json\n{FALLBACK}")


def test_config_without_templates_has_no_fallback(run: Callable[..., Result]) -> None:
    """A connector that forwards messages, for example."""
    result = run("validate", "acme_connectors:AcmeForward", "-", stdin="{}")
    assert result.stdout == "valid: acme_connectors:AcmeForward accepts standard input\n"
    result = run("validate", "acme_connectors:AcmeForward", "-", "--format", "json", stdin="{}")
    assert json.loads(result.stdout) == {"valid": True, "issues": [], "fallbackToGeneric": []}


def test_config_that_the_class_cannot_hold_is_invalid(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The schema accepts it; the output names the place, and that the connector is wrong."""
    templates = [{"usageType": "Generic", "content": "{{code}}"}]
    result = run("validate", "acme_connectors:AcmeDisagreeing", written({**acme_config, "templates": templates}))
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "invalid: 1 error in config.json for acme_connectors:AcmeDisagreeing",
        (
            "  error    $.templates[0].subject  the schema accepts this, but its class does not: expected str for subject, "
            "found nothing (KeyError). Schema and class of the connector disagree: report it to its author  [class]"
        ),
    ]


def test_exception_of_a_guard_exits_with_2(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """Only the type of the exception is printed."""
    result = run("validate", "acme_connectors:AcmeNoSchema", written(acme_config))
    assert result.exit_code == 2
    assert result.stderr.startswith(
        "Error: acme_connectors:AcmeNoSchema raised UnknownSchemaError instead of ConnectorError; "
    )


@pytest.mark.parametrize(("options", "severity", "status"), [((), "warning", 0), (("--strict",), "error  ", 1)])
def test_repeated_key_is_a_warning(
    run: Callable[..., Result], ses_config: dict[str, Any], options: tuple[str, ...], severity: str, status: int
) -> None:
    """Logto keeps the last value, so the config is valid without ``--strict``."""
    text = '{"region": "us-east-1",\n' + json.dumps(ses_config)[1:]
    result = run("validate", "aws-ses-mail", "-", *options, stdin=text)
    assert result.exit_code == status
    line = "$.region  this key is in line 1 and again in line 2: the last one counts; remove the other  [repeated-key]"
    assert f"  {severity}  {line}\n" in result.stdout


# --- warnings that are turned off --------------------------------------------------------------------------------------


@pytest.mark.parametrize("options", [(), ("--strict",)])
def test_ignored_warnings_are_left_out(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str], options: tuple[str, ...]
) -> None:
    """One option for each keyword; it is in brackets at the end of the warning. Errors stay."""
    templates = [{**it, "content": f"{it['content']}<img src='logo.png'>"} for it in ses_config["templates"]]
    config = {**ses_config, "templates": templates, "emailAdress": "a@b.co"}
    result = run("validate", "aws-ses-mail", written(config), *options)
    assert {
        line.rpartition("  ")[2] for line in result.stdout.splitlines() if "$.templates" in line and "[" in line[30:]
    } >= {
        "[image-alt]",
        "[image-source]",
    }
    ignored = ("--ignore", "image-alt", "--ignore", "image-source", "--ignore", "unknown-key")
    result = run("validate", "aws-ses-mail", written(config), *ignored, *options)
    assert (result.exit_code, result.stdout) == (0, f"valid: aws-ses-mail accepts config.json\n{FALLBACK}")
    result = run("validate", "aws-ses-mail", written({**config, "region": 1}), *ignored, "--ignore", "type", *options)
    assert (result.exit_code, result.stdout.splitlines()[1:2]) == (
        1,
        ["  error    $.region  expected string, found number  [type]"],
    )


def test_keyword_that_is_nearly_one_of_a_template_check_is_rejected(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """Any other name may be that of a connector's own warning."""
    result = run("validate", "aws-ses-mail", written(ses_config), "--ignore", "imgae-alt")
    assert result.exit_code == 2
    assert "no warning has the keyword 'imgae-alt' (did you mean 'image-alt'?)" in result.stderr
    assert run("validate", "aws-ses-mail", written(ses_config), "--ignore", "test-key").exit_code == 0
