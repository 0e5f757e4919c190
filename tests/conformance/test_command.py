"""``connector-kit conformance``: its output, its exit status, and the errors of its options."""

import json
import os
import re
import shlex
import stat
import sys
import threading
import types
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from click.testing import CliRunner, Result

from conformance import SpecError, spec_of
from conformance.checks import all_checks
from conformance.command import conformance
from conformance.reports import clause_url, contract_url
from conformance.run.plan import checks_for
from connector_kit import ConnectorError
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.conformance.wrong_connectors.base import WRONG

METADATA = checks_for(spec_of(AwsSesConnector), ["metadata"])
COUNT = len(METADATA)


def _wrong(check_id: str) -> type[Any]:
    return next(it.connector for it in WRONG if it.check == check_id)


class _LoudError(ConnectorError):
    """Has a message of any form."""

    def __init__(self, message: str) -> None:
        super().__init__("general", message)  # type: ignore[arg-type]
        self._message = message

    def __str__(self) -> str:
        return self._message


def _fails_with_control_characters(self: Any, config: Any, email: Any) -> object:
    """Fail with control characters and markup in the message."""
    if email.to == "someone@example.com":
        return AwsSesConnector.deliver(self, config, email)
    raise _LoudError("[bold]\x1b[31m:smile: \ud800")


def _breaks_for_codes(self: Any, config: Any, email: Any) -> object:
    """Fail for each message but the first that the suite tries."""
    if email.to == "someone@example.com":
        return AwsSesConnector.deliver(self, config, email)
    raise RuntimeError(f"no template for {email.to}")


@pytest.fixture(autouse=True)
def _author_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Provide an author's module with Specs."""
    module = types.ModuleType("author")
    spec = spec_of(AwsSesConnector)
    vars(module).update(
        spec=spec,
        wrong=evolve(spec, connector=_wrong("routing.first-match-wins")),
        advisory=evolve(spec, connector=_wrong("secrets.echoed-request")),
        unusable=evolve(spec, valid_config={}, secrets=()),
        broken=evolve(spec, connector=type("Broken", (AwsSesConnector,), {"deliver": _breaks_for_codes})),
        hostile=evolve(
            spec, connector=type("Hostile", (AwsSesConnector,), {"deliver": _fails_with_control_characters})
        ),
        number=5,
        Plain=type("Plain", (AwsSesConnector,), {"declaration": None}),
    )
    monkeypatch.setitem(sys.modules, "author", module)


def _run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(conformance, [*arguments], env={"NO_COLOR": "1", "FORCE_COLOR": None, **environment})


def test_conforming_connector_exits_with_0() -> None:
    """The summary has the counts, the number of examples and the verdict."""
    result = _run("aws-ses-mail", "--check", "metadata", "--check", "delivery.recipient", "--profile", "dev")
    assert result.exit_code == 0, result.output
    assert "Conformance of aws-ses-mail" in result.output
    assert f"{COUNT + 1} checks, profile dev" in result.output
    assert " passed" in result.output.splitlines()[-2]
    assert re.search(r"; [1-9]\d* examples in \d", result.output)
    assert "aws-ses-mail conforms." in result.output


def test_without_a_terminal_it_prints_a_line_for_each_area() -> None:
    """So that a log shows the progress."""
    result = _run("aws-ses-mail", "--check", "metadata", "--check", "delivery.recipient")
    assert "  metadata …\n  delivery …\n" in result.output


def test_on_a_terminal_it_shows_a_progress_bar() -> None:
    """With the number of checks, and the id of the last one."""
    result = _run("aws-ses-mail", "--check", "metadata", FORCE_COLOR="1", NO_COLOR="", TERM="xterm")
    assert result.exit_code == 0
    assert f"{COUNT}/{COUNT}" in result.output
    assert METADATA[-1].id in result.output


def test_connector_that_does_not_conform_exits_with_1() -> None:
    """Each failure has its requirement, clause, reason and example."""
    result = _run(
        "author:wrong", "--check", "routing.first-match-wins", "--check", "metadata.json-round-trip", "--seed", "3"
    )
    assert result.exit_code == 1
    assert "failed routing.first-match-wins" in result.output
    assert "    requires " in result.output
    assert f"(clause T2 of {contract_url()})" in result.output
    assert "    reason   expected template" in result.output
    assert "example" in result.output
    assert "aws-ses-mail does not conform: routing.first-match-wins" in result.output
    assert "metadata.json-round-trip" not in result.output.split("failed", 1)[1]


def test_advisory_failure_exits_with_0() -> None:
    """It is shown as advisory."""
    result = _run("author:advisory", "--check", "secrets.echoed-request")
    assert result.exit_code == 0
    assert "failed secrets.echoed-request (advisory)" in result.output


def test_verbose_shows_checks_that_passed() -> None:
    """With ``-v``, every check has a line."""
    assert "passed metadata.json-round-trip" in _run("author:spec", "--check", "metadata.json-round-trip", "-v").output


def test_clause_is_a_link_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without package metadata it has no link."""
    arguments = ("author:wrong", "--check", "routing.first-match-wins", "--fail-fast")
    terminal = {"FORCE_COLOR": "1", "NO_COLOR": "", "TERM": "xterm"}
    shown = _run(*arguments, **terminal).output
    assert re.search(rf"\x1b]8;[^;]*;{re.escape(str(clause_url('T2')))}\x1b\\clause T2 of docs/contract.md", shown)
    monkeypatch.setattr("conformance.command_run.clause_url", lambda _: None)
    monkeypatch.setattr("conformance.command_run.contract_url", lambda: None)
    shown = _run(*arguments, **terminal).output
    assert "\x1b]8;" not in shown
    assert "(clause T2 of docs/contract.md)" in shown


def test_checks_that_do_not_apply_are_counted() -> None:
    """With ``-v``, they are listed with their reasons."""
    arguments = ("author:spec", "--check", "delivery.sms", "--check", "metadata.json-round-trip")
    brief = _run(*arguments).output
    assert "1 not applicable (-v lists them)" in brief
    assert "delivery.sms" not in brief
    full = _run(*arguments, "-v").output
    assert "not applicable delivery.sms\n    the Spec does not declare the capability sms" in full
    assert "(-v lists them)" not in full


def test_failures_with_one_cause_are_shown_under_one_headline() -> None:
    """With the ids of all, and the details of the first; ``-v`` shows those of the others, too."""
    arguments = (
        "author:broken",
        *("--check", "delivery.recipient", "--check", "delivery.one-call", "--check", "errors.recovery"),
        *("--profile", "dev", "--jobs", "1"),
    )
    brief = _run(*arguments).output
    (headline,) = [line for line in brief.splitlines() if "checks fail for one cause: " in line]
    assert "RuntimeError raised in _breaks_for_codes (tests/conformance/test_command.py line " in headline
    names = brief.partition("    checks   ")[2].partition("\n")[0].split(", ")
    assert {"delivery.recipient", "delivery.one-call", "errors.recovery"} <= {*names}
    assert brief.count("\nfailed ") == 1
    assert brief.count(headline.partition(": ")[2]) == 1
    assert "\n    details of the first (-v shows the others):\nfailed " in brief
    assert f"does not conform: {names[0]} ({len(names)} checks)" in brief
    full = _run(*arguments, "-v").output
    assert full.count("\nfailed ") == len(names)


def test_report_is_written_as_json(tmp_path: Path) -> None:
    """To a file, in addition to the output."""
    file = tmp_path / "report.json"
    assert _run("author:spec", "--check", "metadata.json-round-trip", "--json", str(file)).exit_code == 0
    assert json.loads(file.read_text(encoding="utf-8"))["checks"][0]["id"] == "metadata.json-round-trip"


def test_error_in_the_spec_exits_with_1(tmp_path: Path) -> None:
    """No check runs; the report has the errors."""
    result = _run("author:unusable", "--json", str(tmp_path / "report.json"))
    assert result.exit_code == 1
    assert "Error in the Spec: valid_config: the connector's schema rejects it" in result.output
    assert "No check ran: correct the Spec first." in result.output
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["specErrors"]


def test_all_reports_are_written_if_checks_fail(tmp_path: Path) -> None:
    """The page, JSON, JUnit and the badge, with the target of the command line."""
    page, data, junit, badge = (tmp_path / name for name in ("a.html", "a.json", "a.xml", "a.svg"))
    options = ("--html", str(page), "--json", str(data), "--junit", str(junit), "--badge", str(badge))
    assert _run("author:wrong", "--check", "routing.first-match-wins", "--seed", "3", *options).exit_code == 1
    assert "aws-ses-mail</bdi> does not conform" in page.read_text(encoding="utf-8")
    report = json.loads(data.read_text(encoding="utf-8"))
    assert (report["target"], report["seed"], report["conforms"]) == ("author:wrong", 3, False)
    assert ET.fromstring(junit.read_text(encoding="utf-8")).find("testsuite/testcase/failure") is not None
    assert "1 error" in badge.read_text(encoding="utf-8")
    assert sorted(tmp_path.iterdir()) == [page, data, badge, junit]


def test_report_replaces_an_existing_file(tmp_path: Path) -> None:
    """Also the target of a symbolic link; the permissions stay."""
    file, link = tmp_path / "report.json", tmp_path / "link.json"
    file.write_text("old", encoding="utf-8")
    file.chmod(0o640)
    link.symlink_to(file)
    assert _run("author:spec", "--check", "metadata.json-round-trip", "--json", str(link)).exit_code == 0
    assert link.is_symlink()
    assert json.loads(file.read_text(encoding="utf-8"))["conforms"] is True
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_report_can_be_written_to_a_pipe(tmp_path: Path) -> None:
    """Only a regular file is replaced."""
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()
    assert _run("author:spec", "--check", "metadata.json-round-trip", "--badge", str(pipe)).exit_code == 0
    reader.join(10)
    assert "conforms" in read[0]
    assert pipe.is_fifo()


def test_read_only_file_is_rejected_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run may take minutes."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    result = _run("author:spec", "--json", str(tmp_path / "report.json"))
    assert result.exit_code == 2
    assert "permission denied" in result.output
    assert "Conformance of" not in result.output


def test_failed_report_does_not_affect_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk, say, the verdict is printed and the other files are written; the exit status is 2."""
    original = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if self.read_bytes().startswith(b"<!doctype html>"):
            raise OSError(28, "No space left on device")
        return original(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    page, data = tmp_path / "a.html", tmp_path / "a.json"
    result = _run("author:spec", "--check", "metadata.json-round-trip", "--html", str(page), "--json", str(data))
    assert result.exit_code == 2
    assert "aws-ses-mail conforms." in result.output
    assert f"--html {page} could not be written: No space left on device." in result.output
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


def test_printed_command_replays_the_failure(tmp_path: Path) -> None:
    """It runs only that check and that example, and prints the same command."""
    result = _run("author:wrong", "--check", "routing", "--fail-fast")
    (line,) = [it.partition("replay")[2].strip() for it in result.output.splitlines() if it.startswith("    replay")]
    program, subcommand, *arguments = shlex.split(line)
    assert (program, subcommand) == ("connector-kit", "conformance")
    again = _run(*arguments, "--json", str(tmp_path / "again.json"))
    assert again.exit_code == 1
    assert ", 1 check, profile" in again.output
    example = result.output.partition("    example")[2].partition("    replay")[0]
    assert example in again.output
    assert line in again.output
    assert [it["state"] for it in json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))["checks"]] == [
        "failed"
    ]


def test_replay_of_a_corrected_failure_exits_with_0() -> None:
    """There is no verdict on the connector, since only one example ran."""
    result = _run("author:wrong", "--check", "routing.first-match-wins")
    token = result.output.partition("--replay ")[2].split()[0]
    again = _run("author:spec", "--replay", token)
    assert again.exit_code == 0
    assert "the check passes for this example now" in again.output
    assert "conforms." not in again.output


def test_fail_fast_stops_at_the_first_error() -> None:
    """No check runs after the first that fails."""
    result = _run("author:wrong", "--check", "routing", "--fail-fast", "-v")
    assert result.output.count("\nfailed ") == 1
    assert "\npassed " not in result.output.partition("\nfailed ")[2]


def test_max_time_leaves_checks_unexercised() -> None:
    """That is an error, unless coverage is not required."""
    strict = _run("author:spec", "--check", "routing.exact-match", "--max-time", "0.000001")
    assert strict.exit_code == 1
    assert "not exercised routing.exact-match" in strict.output
    assert "the time was up" in strict.output
    lenient = _run(
        "author:spec",
        "--check",
        "metadata.json-round-trip",
        "--check",
        "routing.exact-match",
        "--max-time",
        "0.000001",
        "--no-require-coverage",
    )
    assert lenient.exit_code == 0
    assert "not exercised routing.exact-match" in lenient.output


def test_control_characters_of_a_connector_are_escaped(tmp_path: Path) -> None:
    """On the terminal and in reports; markup and emoji codes have no effect."""
    files = [it for name in ("html", "json", "junit") for it in (f"--{name}", str(tmp_path / name))]
    result = _run("author:hostile", "--check", "delivery.recipient", *files)
    assert result.exit_code == 1, result.output
    assert "\x1b" not in result.output
    assert r"[bold]\x1b[31m:smile: \ud800" in result.output
    assert r"\ud800" in (tmp_path / "html").read_text(encoding="utf-8")
    assert "\ud800" in json.loads((tmp_path / "json").read_text(encoding="utf-8"))["checks"][0]["message"]
    ET.fromstring((tmp_path / "junit").read_text(encoding="utf-8"))


def test_npm_target_is_passed_to_the_adapter_for_node(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ``npm:``; an unusable package exits with 2."""
    asked = []

    def npm_spec(name: str) -> Any:
        asked.append(name)
        if "missing" in name:
            raise SpecError(f"There is no package {name}.")
        return spec_of(AwsSesConnector)

    module = types.ModuleType("conformance.npm")
    vars(module)["npm_spec"] = npm_spec
    monkeypatch.setitem(sys.modules, "conformance.npm", module)
    result = _run("npm:@acme/mail", "--check", "metadata.json-round-trip")
    assert (result.exit_code, asked) == (0, ["@acme/mail"])
    missing = _run("npm:missing")
    assert missing.exit_code == 2
    assert "There is no package missing." in missing.output


def test_list_shows_every_check() -> None:
    """Each with its clause, its level, the capabilities that it needs, and its description."""
    result = _run("--list")
    assert result.exit_code == 0
    assert "routing.first-match-wins" in result.output
    assert ", advisory" in result.output
    assert "needs config-templates, i18n-templates)\n    " in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["aws-ses-mai"], "did you mean 'aws-ses-mail'?"),
        (["author:nothing"], "'author:nothing' cannot be imported"),
        (["author:number"], "an object of type int; expected a Spec or a Connector class"),
        (["author:Plain"], "Plain has no declaration"),
        (["aws-ses-mail", "--check", "metadta"], "did you mean 'metadata'?"),
        ([], "Missing argument 'TARGET'"),
        (["author:spec", "--replay", "routing.exact-match:0:0.0.1:AA=="], "Hypothesis 0.0.1 wrote its example"),
        (["author:spec", "--replay", "nonsense"], "expected a --replay value from a report"),
        (["author:spec", "--replay", "metadata.json-round-trip", "--check", "metadata"], "Remove --check"),
        (["author:spec", "--max-time", "0"], "Invalid value for '--max-time'"),
        (["author:spec", "--html", "no/such/folder/report.html"], "does not exist"),
        (["author:spec", "--html", "a.html", "--json", "./a.html"], "--html has the same file"),
        (["author:spec", "--html", "x" * 300], "cannot be written"),
    ],
)
def test_unusable_target_or_option_exits_with_2(arguments: list[str], words: str) -> None:
    """The message states the reason; no check runs."""
    result = _run(*arguments)
    assert result.exit_code == 2
    assert words in result.output
    assert "Traceback" not in result.output
    assert "Conformance of" not in result.output


# --- the profile quick ----------------------------------------------------------------------------------------------


def test_quick_run_has_checks_of_each_area_and_says_that_it_proves_nothing() -> None:
    """An author runs it after each change."""
    result = _run("aws-ses-mail", "--quick")
    assert result.exit_code == 0, result.output
    assert "profile quick" in result.output
    assert "aws-ses-mail conforms" not in result.output
    assert "They are not a proof of conformance: run all checks, without --quick." in result.output.replace("\n", " ")
    areas = {it.area for it in checks_for(spec_of(AwsSesConnector))}
    assert {line.split()[0] for line in result.output.splitlines() if line.endswith(" …")} == areas


def test_quick_run_of_a_wrong_connector_fails() -> None:
    """The exit status is that of a whole run."""
    result = _run("author:broken", "--quick")
    assert result.exit_code == 1
    assert "does not conform: " in result.output


def test_quick_run_of_named_checks_runs_them() -> None:
    """On few examples, also if they are not among the quick checks."""
    result = _run("aws-ses-mail", "--profile", "quick", "--check", "routing.case-sensitive", "-v")
    assert result.exit_code == 0
    assert "passed routing.case-sensitive" in result.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--quick", "--profile", "ci"], "Remove --profile ci or --quick"),
        (["--quick", "--badge", "badge.svg"], "Remove --badge: the quick checks are not a proof of conformance."),
    ],
)
def test_options_that_contradict_quick_are_errors(options: list[str], words: str) -> None:
    """A badge is for others, who cannot see that few checks ran."""
    result = _run("aws-ses-mail", *options)
    assert result.exit_code == 2
    assert words in " ".join(result.output.split())


def test_every_area_has_a_quick_check() -> None:
    """Also for social connectors."""
    assert {it.area for it in all_checks() if it.is_smoke} == {it.area for it in all_checks()}
