"""Commands of other packages."""

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
    """Print a greeting."""
    import beside
    click.echo(f"hello from {beside.__name__}")
    if status:
        sys.exit(status)
    return 5
'''


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a module with a click command importable."""
    folder = tmp_path / "plugin"
    folder.mkdir()
    (folder / "greeting_plugin.py").write_text(PLUGIN, encoding="utf-8")
    (tmp_path / "beside.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(folder)


def test_plugin_is_listed_and_runs(run: Callable[..., Result], install: Callable[..., None]) -> None:
    """``--help`` shows its help text. While it runs, the current directory is importable."""
    install(GROUP, {"greet": "greeting_plugin:greet"})
    assert "\n  greet        Print a greeting.\n" in run("--help").stdout
    assert "" not in sys.path
    assert "Usage: connector-kit greet [OPTIONS] STATUS\n" in run("greet", "-h").stdout
    result = run("greet", "0")
    assert (result.exit_code, result.stdout) == (0, "hello from beside\n")


def test_plugin_sets_the_exit_status_with_sys_exit(run: Callable[..., Result], install: Callable[..., None]) -> None:
    """The return value of its function is ignored."""
    install(GROUP, {"greet": "greeting_plugin:greet"})
    assert run("greet", "3").exit_code == 3


def test_built_in_command_does_not_import_plugins(run: Callable[..., Result], install: Callable[..., None]) -> None:
    """A plug-in is imported only when it is called or listed."""
    sys.modules.pop("greeting_plugin", None)
    install(GROUP, {"greet": "greeting_plugin:greet"})
    run("list")
    assert "greeting_plugin" not in sys.modules


def test_plugin_cannot_replace_built_in_command(run: Callable[..., Result], install: Callable[..., None]) -> None:
    """A built-in command of the same name takes precedence."""
    install(GROUP, {"list": "greeting_plugin:greet"})
    assert run("list").stdout.startswith("ID  ")
    assert run("--help").stdout.count("\n  list  ") == 1


def test_missing_module_of_plugin_names_the_extra_to_install(
    run: Callable[..., Result], install: Callable[..., None]
) -> None:
    """The extra has the same name as the command. The message is the same for any arguments."""
    install(GROUP, {"prove": "no_such_module:prove"}, "prove", name="prover")
    assert '(not available: needs no_such_module: pip install "prover[prove]")' in " ".join(run("-h").stdout.split())
    for arguments in ([], ["--help"], ["aws-ses-mail", "--fast"]):
        result = run("prove", *arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr == 'Error: the command prove needs no_such_module: pip install "prover[prove]"\n'


def test_conformance_without_hypothesis_names_its_extra(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """``connector-kit conformance`` needs the extra of the same name."""
    monkeypatch.setitem(sys.modules, "hypothesis", None)
    for name in [it for it in sys.modules if it.partition(".")[0] == "conformance"]:
        monkeypatch.delitem(sys.modules, name)
    result = run("conformance", "aws-ses-mail")
    assert result.exit_code == 2
    assert result.stderr.endswith(': pip install "logto-connector-kit[conformance]"\n')


def test_missing_module_of_plugin_names_the_extras_of_its_entry_point(
    run: Callable[..., Result], install: Callable[..., None]
) -> None:
    """Such as those of ``connector-kit dev``, which needs two of other names; "prove" is an extra, too."""
    install(GROUP, {"prove": "no_such_module:prove [serve,suite]"}, "prove", "serve", "suite", name="prover")
    assert run("prove").stderr.endswith(': pip install "prover[serve,suite]"\n')


def test_missing_module_without_extra_is_named(run: Callable[..., Result], install: Callable[..., None]) -> None:
    """Without an extra of the command's name, the message names the module."""
    install(GROUP, {"prove": "no_such_module:prove"}, name="prover")
    assert run("prove").stderr == "Error: the command prove needs no_such_module: pip install no_such_module\n"


def test_entry_point_without_package_names_the_module() -> None:
    """An entry point may have no package metadata."""
    command = load_plugin(EntryPoint("prove", "no_such_module:prove", GROUP))
    assert command.short_help == "(not available: needs no_such_module: pip install no_such_module)"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("greeting_plugin:absent", "cannot be imported: AttributeError: module 'greeting_plugin' has no attribute"),
        ("acme_exits:command", "cannot be imported: SystemExit: 7"),
        ("greeting_plugin:PLUGIN", "cannot be imported: AttributeError: "),
        ("greeting_plugin:sys", "is not a click command: greeting_plugin:sys is a module"),
    ],
)
def test_broken_plugin_prints_the_reason(
    run: Callable[..., Result], install: Callable[..., None], value: str, reason: str
) -> None:
    """``--help`` of the program still works. ``--debug`` also prints the traceback."""
    install(GROUP, {"greet": value})
    assert run("--help").exit_code == 0
    result = run("greet")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert result.stderr.startswith(f"Error: the command greet {reason}")
    assert result.stderr in run("--debug", "greet").stderr


def test_the_user_can_interrupt_the_import_of_a_plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other exception is a reason why the command is not available."""
    (tmp_path / "interrupted_plugin.py").write_text("raise KeyboardInterrupt")
    (tmp_path / "stopping_plugin.py").write_text("class Stop(BaseException): ...\nraise Stop('now')")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        load_plugin(EntryPoint("prove", "interrupted_plugin:prove", GROUP))
    command = load_plugin(EntryPoint("prove", "stopping_plugin:prove", GROUP))
    assert command.short_help == "(not available: cannot be imported: Stop: now)"
