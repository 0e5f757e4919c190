"""Commands that other packages add to ``connector-kit``."""

import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest
from click.testing import Result

from connector_kit.cli.plugins import load_plugin

pytestmark = pytest.mark.usefixtures("acme", "plugin")

GROUP = "connector_kit.commands"

PLUGIN = '''
import sys
import click

@click.command("greet")
@click.argument("status", type=int)
def greet(status):
    """Greet whoever calls."""
    import beside
    click.echo(f"hello from {beside.__name__}")
    if status:
        sys.exit(status)
    return 5
'''


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a module importable that holds a click command."""
    folder = tmp_path / "plugin"
    folder.mkdir()
    (folder / "greeting_plugin.py").write_text(PLUGIN, encoding="utf-8")
    (tmp_path / "beside.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(folder)


def test_a_plugin_is_a_command_like_any_other(run: Callable[..., Result], install: Callable[..., None]) -> None:
    """It shows in --help with its own words, and runs; the current directory is then importable."""
    install(GROUP, {"greet": "greeting_plugin:greet"})
    assert "\n  greet        Greet whoever calls.\n" in run("--help").stdout
    assert "" not in sys.path
    assert "Usage: connector-kit greet [OPTIONS] STATUS\n" in run("greet", "-h").stdout
    result = run("greet", "0")
    assert (result.exit_code, result.stdout) == (0, "hello from beside\n")


def test_a_plugin_may_leave_with_a_status_of_its_own(run: Callable[..., Result], install: Callable[..., None]) -> None:
    """sys.exit in a plug-in is respected; what its function returns is no status."""
    install(GROUP, {"greet": "greeting_plugin:greet"})
    assert run("greet", "3").exit_code == 3


def test_a_plugin_is_imported_only_when_it_is_asked_for(
    run: Callable[..., Result], install: Callable[..., None]
) -> None:
    """Our own commands import no plug-in."""
    sys.modules.pop("greeting_plugin", None)
    install(GROUP, {"greet": "greeting_plugin:greet"})
    run("list")
    assert "greeting_plugin" not in sys.modules


def test_a_plugin_cannot_take_the_place_of_our_own_command(
    run: Callable[..., Result], install: Callable[..., None]
) -> None:
    """Our own names come first."""
    install(GROUP, {"list": "greeting_plugin:greet"})
    assert run("list").stdout.startswith("ID  ")
    assert run("--help").stdout.count("\n  list  ") == 1


def test_a_missing_module_is_answered_with_the_extra_to_install(
    run: Callable[..., Result], install: Callable[..., None]
) -> None:
    """A plug-in whose package has an extra of the same name: that is what to install; any arguments are taken."""
    install(GROUP, {"prove": "no_such_module:prove"}, "prove", name="prover")
    assert "(not available: needs no_such_module: install prover[prove])" in " ".join(run("-h").stdout.split())
    for arguments in ([], ["--help"], ["aws-ses-mail", "--fast"]):
        result = run("prove", *arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == "Error: The command prove needs no_such_module: install prover[prove].\n"


def test_the_conformance_command_names_its_extra(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Hypothesis, `connector-kit conformance` says which extra to install."""
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    for name in [it for it in sys.modules if it.partition(".")[0] == "conformance"]:
        monkeypatch.delitem(sys.modules, name)
    result = run("conformance", "aws-ses-mail")
    assert result.exit_code == 2
    assert result.stderr.endswith(": install logto-connector-kit[conformance].\n")


def test_a_missing_module_without_an_extra(run: Callable[..., Result], install: Callable[..., None]) -> None:
    """Where no extra has the command's name, the module itself is what to install."""
    install(GROUP, {"prove": "no_such_module:prove"}, name="prover")
    assert run("prove").stderr == "Error: The command prove needs no_such_module: install no_such_module.\n"


def test_an_entry_point_without_a_package() -> None:
    """An entry point may come without its package's metadata."""
    command = load_plugin(EntryPoint("prove", "no_such_module:prove", GROUP))
    assert command.short_help == "(not available: needs no_such_module: install no_such_module)"


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("greeting_plugin:absent", "cannot be imported: AttributeError: module 'greeting_plugin' has no attribute"),
        ("acme_exits:command", "cannot be imported: SystemExit: 7"),
        ("greeting_plugin:PLUGIN", "cannot be imported: AttributeError: "),
        ("greeting_plugin:sys", "is no click command: greeting_plugin:sys is a module."),
    ],
)
def test_a_plugin_that_is_none(run: Callable[..., Result], install: Callable[..., None], value: str, why: str) -> None:
    """Whatever is wrong with a plug-in, --help works and a call says why; --debug shows more, if there is more."""
    install(GROUP, {"greet": value})
    assert run("--help").exit_code == 0
    result = run("greet")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(f"Error: The command greet {why}")
    assert result.stderr in run("--debug", "greet").stderr
