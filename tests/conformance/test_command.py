"""``connector-kit conformance``: what it prints, what it exits with, and what it refuses."""

import json
import sys
import types
from pathlib import Path

import pytest
from attrs import evolve
from click.testing import CliRunner, Result

from conformance import spec_of
from conformance.command import conformance
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.conformance import wrong_connectors


@pytest.fixture(autouse=True)
def _author_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """Provide an author's module with Specs, right and wrong."""
    module = types.ModuleType("author")
    spec = spec_of(AwsSesConnector)
    vars(module).update(
        spec=spec,
        wrong=evolve(spec, connector=wrong_connectors.LastMatchWins),
        advisory=evolve(spec, connector=wrong_connectors.PassesEchoesOn),
        unusable=evolve(spec, valid_config={}, secrets=()),
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
    assert "8 checks, profile dev" in told.output
    assert "8 passed" in told.output
    assert "aws-ses-mail conforms." in told.output


def test_without_a_terminal_it_prints_a_line_an_area() -> None:
    """A log shows how far a run is, without a bar."""
    told = _run("aws-ses-mail", "--check", "metadata", "--check", "delivery.recipient")
    assert "  metadata …\n  delivery …\n" in told.output


def test_on_a_terminal_it_shows_a_bar() -> None:
    """And takes it away again."""
    told = _run("aws-ses-mail", "--check", "metadata", FORCE_COLOR="1", NO_COLOR="", TERM="xterm")
    assert told.exit_code == 0
    assert "7/7" in told.output
    assert "metadata.confidential" in told.output


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
        (["author:unusable"], "The Spec is not usable: valid_config is not valid"),
    ],
)
def test_what_cannot_be_tested_exits_with_2(arguments: list[str], words: str) -> None:
    """With one line that says why."""
    told = _run(*arguments)
    assert told.exit_code == 2
    assert words in told.output
    assert "Traceback" not in told.output
