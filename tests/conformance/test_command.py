"""``connector-kit conformance``: what it prints, what it exits with, and what it refuses."""

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
from conformance.command import conformance
from conformance.runner import checks_for
from connector_kit import ConnectorError
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.conformance.wrong_connectors.open import WRONG

METADATA = checks_for(spec_of(AwsSesConnector), ["metadata"])
COUNT = len(METADATA)


def _wrong(check_id: str) -> type[Any]:
    return next(it.connector for it in WRONG if it.check == check_id)


class _LoudError(ConnectorError):
    """Words its message as it likes."""

    def __init__(self, message: str) -> None:
        super().__init__("general", message)  # type: ignore[arg-type]
        self._message = message

    def __str__(self) -> str:
        return self._message


def _shouts(self: Any, config: Any, email: Any) -> object:  # noqa: ANN401 - see AwsSesConnector
    """Fail with what a terminal and markup would obey."""
    if email.to.startswith("smoke"):
        return AwsSesConnector.deliver(self, config, email)
    raise _LoudError("[bold]\x1b[31m:smile: \ud800")


@pytest.fixture(autouse=True)
def _author_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Provide an author's module with Specs, right and wrong."""
    module = types.ModuleType("author")
    spec = spec_of(AwsSesConnector)
    vars(module).update(
        spec=spec,
        wrong=evolve(spec, connector=_wrong("routing.first-match-wins")),
        advisory=evolve(spec, connector=_wrong("secrets.echo")),
        unusable=evolve(spec, valid_config={}, secrets=()),
        hostile=evolve(spec, connector=type("Hostile", (AwsSesConnector,), {"deliver": _shouts})),
        number=5,
        Plain=type("Plain", (AwsSesConnector,), {"declaration": None}),
    )
    monkeypatch.setitem(sys.modules, "author", module)


def _run(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(conformance, [*arguments], env={"NO_COLOR": "1", "FORCE_COLOR": None, **environment})


def test_a_connector_that_conforms_exits_with_0() -> None:
    """The summary gives counts, examples and the verdict."""
    told = _run("aws-ses-mail", "--check", "metadata", "--check", "delivery.recipient", "--profile", "dev")
    assert told.exit_code == 0, told.output
    assert "Conformance of aws-ses-mail" in told.output
    assert f"{COUNT + 1} checks, profile dev" in told.output
    assert " passed" in told.output.splitlines()[-2]
    assert re.search(r"; [1-9]\d* examples in \d", told.output)
    assert "aws-ses-mail conforms." in told.output


def test_without_a_terminal_it_prints_a_line_an_area() -> None:
    """A log shows how far a run is, without a bar."""
    told = _run("aws-ses-mail", "--check", "metadata", "--check", "delivery.recipient")
    assert "  metadata …\n  delivery …\n" in told.output


def test_on_a_terminal_it_shows_a_bar() -> None:
    """And takes it away again."""
    told = _run("aws-ses-mail", "--check", "metadata", FORCE_COLOR="1", NO_COLOR="", TERM="xterm")
    assert told.exit_code == 0
    assert f"{COUNT}/{COUNT}" in told.output
    assert METADATA[-1].id in told.output


def test_a_connector_that_does_not_conform_exits_with_1() -> None:
    """Each failure comes with claim, clause, reason and example."""
    told = _run("author:wrong", "--check", "routing.first-match-wins", "--check", "metadata.json", "--seed", "3")
    assert told.exit_code == 1
    assert "failed routing.first-match-wins" in told.output
    assert "clause   T2 of docs/contract.md" in told.output
    assert "why      expected template" in told.output
    assert "example" in told.output
    assert "aws-ses-mail does not conform: routing.first-match-wins" in told.output
    assert "metadata.json" not in told.output.split("failed", 1)[1]


def test_advice_does_not_keep_a_connector_from_conforming() -> None:
    """An advisory failure is shown, and the exit code stays 0."""
    told = _run("author:advisory", "--check", "secrets.echo")
    assert told.exit_code == 0
    assert "failed secrets.echo (advisory)" in told.output


def test_verbose_shows_what_passed() -> None:
    """With ``-v``, every check has its line."""
    assert "passed metadata.json" in _run("author:spec", "--check", "metadata.json", "-v").output


def test_the_report_can_be_written_as_json(tmp_path: Path) -> None:
    """To a file, beside what is printed."""
    file = tmp_path / "report.json"
    assert _run("author:spec", "--check", "metadata.json", "--json", str(file)).exit_code == 0
    assert json.loads(file.read_text(encoding="utf-8"))["checks"][0]["id"] == "metadata.json"


def test_a_spec_with_faults_exits_with_1(tmp_path: Path) -> None:
    """What the Spec promises and what the connector does are held against each other: a fault is an error."""
    told = _run("author:unusable", "--json", str(tmp_path / "report.json"))
    assert told.exit_code == 1
    assert "The Spec is not usable: valid_config is not valid" in told.output
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["faults"]


def test_all_reports_are_written_when_checks_fail(tmp_path: Path) -> None:
    """The page, JSON, JUnit and the badge, of one run, each with the target as it was given."""
    page, data, junit, badge = (tmp_path / name for name in ("a.html", "a.json", "a.xml", "a.svg"))
    options = ("--html", str(page), "--json", str(data), "--junit", str(junit), "--badge", str(badge))
    assert _run("author:wrong", "--check", "routing.first-match-wins", "--seed", "3", *options).exit_code == 1
    assert "aws-ses-mail</bdi> does not conform" in page.read_text(encoding="utf-8")
    report = json.loads(data.read_text(encoding="utf-8"))
    assert (report["target"], report["seed"], report["conforms"]) == ("author:wrong", 3, False)
    assert ET.fromstring(junit.read_text(encoding="utf-8")).find("testsuite/testcase/failure") is not None
    assert "1 error" in badge.read_text(encoding="utf-8")
    assert sorted(tmp_path.iterdir()) == [page, data, badge, junit]


def test_a_report_takes_the_place_of_an_older_one(tmp_path: Path) -> None:
    """In one step, behind a link too, with the older one's permissions."""
    file, link = tmp_path / "report.json", tmp_path / "link.json"
    file.write_text("old", encoding="utf-8")
    file.chmod(0o640)
    link.symlink_to(file)
    assert _run("author:spec", "--check", "metadata.json", "--json", str(link)).exit_code == 0
    assert link.is_symlink()
    assert json.loads(file.read_text(encoding="utf-8"))["conforms"] is True
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_report_can_be_written_to_a_pipe(tmp_path: Path) -> None:
    """What is no plain file is written to, and not replaced."""
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_text(encoding="utf-8")), daemon=True)
    reader.start()
    assert _run("author:spec", "--check", "metadata.json", "--badge", str(pipe)).exit_code == 0
    reader.join(10)
    assert "conforms" in read[0]
    assert pipe.is_fifo()


def test_a_protected_file_is_refused_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the system says may not be written."""
    monkeypatch.setattr(os, "access", lambda *_: False)
    told = _run("author:spec", "--json", str(tmp_path / "report.json"))
    assert told.exit_code == 2
    assert "it is protected" in told.output
    assert "Conformance of" not in told.output


def test_one_report_that_fails_does_not_keep_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk, say: the verdict is printed, the other files are there, and the exit status is 2."""
    original = Path.write_bytes

    def write_bytes(self: Path, contents: bytes) -> int:
        if contents.startswith(b"<!doctype html>"):
            original(self, contents[:10])
            raise OSError(28, "No space left on device")
        return original(self, contents)

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    page, data = tmp_path / "a.html", tmp_path / "a.json"
    told = _run("author:spec", "--check", "metadata.json", "--html", str(page), "--json", str(data))
    assert told.exit_code == 2
    assert "aws-ses-mail conforms." in told.output
    assert f"--html {page} could not be written: No space left on device." in told.output
    assert [file.name for file in tmp_path.iterdir()] == ["a.json"]


def test_a_failure_can_be_replayed_with_the_line_that_is_printed(tmp_path: Path) -> None:
    """The same check, the same example, and the same line again; nothing else runs."""
    told = _run("author:wrong", "--check", "routing", "--fail-fast")
    (line,) = [it.partition("replay")[2].strip() for it in told.output.splitlines() if it.startswith("    replay")]
    program, subcommand, *arguments = shlex.split(line)
    assert (program, subcommand) == ("connector-kit", "conformance")
    again = _run(*arguments, "--json", str(tmp_path / "again.json"))
    assert again.exit_code == 1
    assert ", 1 check, profile" in again.output
    example = told.output.partition("    example")[2].partition("    replay")[0]
    assert example in again.output
    assert line in again.output
    assert [it["state"] for it in json.loads((tmp_path / "again.json").read_text(encoding="utf-8"))["checks"]] == [
        "failed"
    ]


def test_a_failure_that_does_not_show_any_more_says_so() -> None:
    """The connector was mended; one example is no verdict on it."""
    told = _run("author:wrong", "--check", "routing.first-match-wins")
    token = told.output.partition("--replay ")[2].split()[0]
    again = _run("author:spec", "--replay", token)
    assert again.exit_code == 0
    assert "the failure does not show any more" in again.output
    assert "conforms." not in again.output


def test_a_run_stops_at_the_first_error_where_that_is_wanted() -> None:
    """With ``--fail-fast``, no check comes after the first that fails."""
    told = _run("author:wrong", "--check", "routing", "--fail-fast", "-v")
    assert told.output.count("\nfailed ") == 1
    assert "\npassed " not in told.output.partition("\nfailed ")[2]


def test_a_run_ends_in_time() -> None:
    """When the time is up, what has proven nothing says so, and is an error unless told otherwise."""
    strict = _run("author:spec", "--check", "routing.exact-match", "--max-time", "0.000001")
    assert strict.exit_code == 1
    assert "not exercised routing.exact-match" in strict.output
    assert "the time was up" in strict.output
    lenient = _run(
        "author:spec",
        "--check",
        "metadata.json",
        "--check",
        "routing.exact-match",
        "--max-time",
        "0.000001",
        "--no-strict-vacuity",
    )
    assert lenient.exit_code == 0
    assert "not exercised routing.exact-match" in lenient.output


def test_what_a_connector_says_does_not_reach_the_terminal_as_it_is(tmp_path: Path) -> None:
    """Escape sequences, markup, emoji codes and broken characters are shown, not obeyed; and any report can hold them."""
    files = [it for name in ("html", "json", "junit") for it in (f"--{name}", str(tmp_path / name))]
    told = _run("author:hostile", "--check", "delivery.recipient", *files)
    assert told.exit_code == 1, told.output
    assert "\x1b" not in told.output
    assert r"[bold]\x1b[31m:smile: \ud800" in told.output
    assert r"\ud800" in (tmp_path / "html").read_text(encoding="utf-8")
    assert "\ud800" in json.loads((tmp_path / "json").read_text(encoding="utf-8"))["checks"][0]["message"]
    ET.fromstring((tmp_path / "junit").read_text(encoding="utf-8"))


def test_an_npm_package_is_looked_for_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """``npm:`` leads to the adapter for Node.js, with the name alone; what it refuses exits with 2."""
    asked = []

    def npm_spec(name: str) -> Any:  # noqa: ANN401 - a Spec
        asked.append(name)
        if "missing" in name:
            raise SpecError(f"There is no package {name}.")
        return spec_of(AwsSesConnector)

    module = types.ModuleType("conformance.npm")
    vars(module)["npm_spec"] = npm_spec
    monkeypatch.setitem(sys.modules, "conformance.npm", module)
    told = _run("npm:@acme/mail", "--check", "metadata.json")
    assert (told.exit_code, asked) == (0, ["@acme/mail"])
    missing = _run("npm:missing")
    assert missing.exit_code == 2
    assert "There is no package missing." in missing.output


def test_checks_can_be_listed() -> None:
    """Id, clause and claim of each, with its level and what it needs."""
    told = _run("--list")
    assert told.exit_code == 0
    assert "routing.first-match-wins" in told.output
    assert "(advisory)" in told.output
    assert "(needs config-templates, i18n-templates)" in told.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["aws-ses-mai"], "Did you mean aws-ses-mail?"),
        (["author:nothing"], "'author:nothing' cannot be imported"),
        (["author:number"], "neither a Spec nor a Connector class"),
        (["author:Plain"], "Plain has no declaration"),
        (["aws-ses-mail", "--check", "metadta"], "Did you mean metadata?"),
        ([], "Missing argument 'TARGET'"),
        (["author:spec", "--replay", "routing.exact-match:0:0.0.1:AA=="], "found with Hypothesis 0.0.1"),
        (["author:spec", "--replay", "nonsense"], "'nonsense' is nothing that a report gives to replay"),
        (["author:spec", "--replay", "metadata.json", "--check", "metadata"], "leave --check out"),
        (["author:spec", "--max-time", "0"], "Invalid value for '--max-time'"),
        (["author:spec", "--html", "no/such/folder/report.html"], "there is no folder"),
        (["author:spec", "--html", "a.html", "--json", "./a.html"], "--html names that file too"),
        (["author:spec", "--html", "x" * 300], "cannot be written"),
    ],
)
def test_what_cannot_be_tested_exits_with_2(arguments: list[str], words: str) -> None:
    """With one line that says why."""
    told = _run(*arguments)
    assert told.exit_code == 2
    assert words in told.output
    assert "Traceback" not in told.output
    assert "Conformance of" not in told.output
