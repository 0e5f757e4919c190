"""``connector-kit validate``."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import Result

pytestmark = pytest.mark.usefixtures("acme")

ACME = "acme_connectors:AcmeMail"


def test_a_good_config_is_valid(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """A config that Logto takes is answered with one line and status 0."""
    result = run("validate", "aws-ses-mail", written(ses_config))
    assert (result.exit_code, result.stdout, result.stderr) == (0, "valid: aws-ses-mail accepts config.json\n", "")


def test_the_config_may_come_on_standard_input(run: Callable[..., Result], ses_config: dict[str, Any]) -> None:
    """``-`` reads standard input, and the answer says so."""
    result = run("validate", "aws-ses-mail", "-", stdin=json.dumps(ses_config))
    assert (result.exit_code, result.stdout) == (0, "valid: aws-ses-mail accepts standard input\n")


def test_every_issue_is_shown_with_place_expectation_and_finding(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """A refused config lists each error and warning: where, what was expected, what was found."""
    bad = {**ses_config, "region": 3, "emailAdress": "x", "templates": ses_config["templates"][1:]}
    result = run("validate", "aws-ses-mail", written(bad))
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "invalid: 2 errors, 1 warning in config.json for aws-ses-mail",
        '  warning  $.emailAdress  no such key: it has no effect (did you mean "emailAddress"?)',
        "  error    $.region  expected string, found number",
        '  error    $.templates  expected at least one item whose usageType is "Register", found none',
    ]


def test_warnings_are_no_reason_to_refuse(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """What Logto takes is valid, however much it will hurt; the warnings are shown."""
    result = run("validate", "aws-ses-mail", written({**ses_config, "emailAdress": "x", "Region": "y"}))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[0] == "valid: aws-ses-mail accepts config.json, with 2 warnings"
    assert len(result.stdout.splitlines()) == 3


def test_strict_refuses_what_hurts(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """With --strict a warning becomes an error."""
    result = run("validate", "aws-ses-mail", written({**ses_config, "emailAdress": "x"}), "--strict")
    assert result.exit_code == 1
    assert result.stdout.startswith("invalid: 1 error in config.json for aws-ses-mail\n  error    $.emailAdress  ")


def test_json_holds_verdict_and_issues(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """--format json gives the verdict, and path, keyword, message and severity of each issue."""
    result = run("validate", "aws-ses-mail", written({**ses_config, "region": 3}), "--format", "json")
    issue = {"path": "$.region", "keyword": "type", "message": "expected string, found number", "severity": "error"}
    assert result.exit_code == 1
    assert json.loads(result.stdout) == {"valid": False, "issues": [issue]}


def test_json_of_a_valid_config(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """A valid config without warnings has no issues in JSON either."""
    result = run("validate", "aws-ses-mail", written(ses_config), "--format", "json")
    assert (result.exit_code, json.loads(result.stdout)) == (0, {"valid": True, "issues": []})


def test_a_config_that_is_no_object_is_invalid(run: Callable[..., Result]) -> None:
    """The guard, not the reader, refuses a list: status 1."""
    result = run("validate", "aws-ses-mail", "-", stdin="[]")
    assert result.exit_code == 1
    assert "  error    $  expected object, found array\n" in result.stdout


def test_a_key_cannot_write_to_the_terminal(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """Control characters in a key are spelled out, so that an issue stays on its line."""
    result = run("validate", "aws-ses-mail", written({**ses_config, "a\x1b[31m\nvalid: \u202e\ud800": 1}))
    assert r'$["a\u001b[31m\nvalid: \u202e\ud800"]' in result.stdout


def test_a_config_deeper_than_the_guard_can_look_is_invalid(run: Callable[..., Result]) -> None:
    """A value that can be read but not looked at gets an answer, not a traceback."""
    result = run("validate", "aws-ses-mail", "-", stdin='{"a":' * 900 + "1" + "}" * 900)
    assert result.exit_code == 1
    assert result.stderr == ""


def test_a_connector_from_a_module(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """package.module:Class names a connector that is not installed."""
    result = run("validate", ACME, written(acme_config))
    assert (result.exit_code, result.stdout) == (0, f"valid: {ACME} accepts config.json\n")


def test_a_guard_that_fails_is_a_fault_of_the_connector(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """What a connector's guard raises is reported by its type alone, with status 2."""
    result = run("validate", "acme_connectors:AcmeNoSchema", written(acme_config))
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: acme_connectors:AcmeNoSchema raised UnknownSchemaError where only a ")
