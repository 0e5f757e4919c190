"""``connector-kit`` in its own process: start, exit status, and no traceback."""

import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from connector_kit.cli import main

Start = Callable[..., subprocess.CompletedProcess[str]]

ACME = "acme_connectors:AcmeMail"
_ROOT = Path(__file__).parents[2]


@pytest.fixture
def start() -> Start:
    """Return a function that runs ``python -m connector_kit.cli`` in an empty folder."""

    def run(*arguments: str, flags: Sequence[str] = (), **more: Any) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *flags, "-m", "connector_kit.cli", *arguments]
        streams: dict[str, Any] = {} if "stdout" in more else {"capture_output": True}
        return subprocess.run(command, check=False, encoding="utf-8", **streams, **more)

    return run


def test_python_m_runs_the_command(start: Start, ses_config: dict[str, Any], written: Callable[[object], str]) -> None:
    """``python -m connector_kit.cli`` is the command."""
    result = start("validate", "aws-ses-mail", written(ses_config))
    assert result.returncode == 0
    assert result.stdout.startswith("valid: aws-ses-mail accepts config.json\n")


def test_module_runs_main(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The package uses the arguments of the process."""
    monkeypatch.setattr(sys, "argv", ["connector-kit", "--version"])
    with pytest.raises(SystemExit) as leaving:
        runpy.run_module("connector_kit.cli", run_name="__main__")
    assert leaving.value.code == 0
    assert capsys.readouterr().out.startswith("connector-kit, version ")


def test_importing_the_kit_does_not_import_click() -> None:
    """``import connector_kit`` loads neither click nor rich."""
    code = "import connector_kit, sys; print({'click', 'rich'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "set()\n"


@pytest.mark.parametrize("missing", ["click", "rich"])
def test_missing_extra_is_named(missing: str) -> None:
    """The base install has the command but not its libraries."""
    code = f"import sys; sys.modules[{missing!r}] = None; from connector_kit.cli import main; main(['list'])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f'Error: connector-kit needs {missing}: pip install "logto-connector-kit[cli]"\n'


def test_missing_extra_is_named_in_this_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The same without a new process."""
    monkeypatch.delitem(sys.modules, "connector_kit.cli.application")
    monkeypatch.setitem(sys.modules, "click", None)
    with pytest.raises(SystemExit) as leaving:
        main(["list"])
    assert leaving.value.code == 2
    assert capsys.readouterr().err == ('Error: connector-kit needs click: pip install "logto-connector-kit[cli]"\n')


class _Interrupting:
    """Raises an error when Python looks for the module of the application."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def find_spec(self, name: str, *_: object) -> None:
        if name == "connector_kit.cli.application":
            raise self.error


def test_interrupt_during_start_exits_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C during the imports prints nothing."""
    monkeypatch.delitem(sys.modules, "connector_kit.cli.application")
    monkeypatch.setattr(sys, "meta_path", [_Interrupting(KeyboardInterrupt()), *sys.meta_path])
    with pytest.raises(SystemExit) as leaving:
        main(["list"])
    assert leaving.value.code == 130


def test_missing_module_outside_the_extra_is_not_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only click and rich belong to the extra ``cli``."""
    monkeypatch.delitem(sys.modules, "connector_kit.cli.application")
    error = ModuleNotFoundError("No module named 'other'", name="other")
    monkeypatch.setattr(sys, "meta_path", [_Interrupting(error), *sys.meta_path])
    with pytest.raises(ModuleNotFoundError):
        main(["list"])


def test_safe_path_excludes_the_current_directory(start: Start, tmp_path: Path) -> None:
    """With ``python -P`` the command imports nothing from the current directory."""
    (tmp_path / "here.py").write_text("class Here: pass\n", encoding="utf-8")
    assert "unexpected_type" in start("show", "here:Here").stderr
    assert "No module named 'here'" in start("show", "here:Here", flags=["-P"]).stderr


@pytest.mark.parametrize("arguments", [["--help"], ["show", "aws-ses-mail"], ["schema", "aws-ses-mail"]])
@pytest.mark.parametrize("name", ["FORCE_COLOR", "OTHER"])
def test_closed_pipe_exits_with_141(
    start: Start, arguments: list[str], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``connector-kit … | head -1`` prints no error, with or without styles."""
    monkeypatch.setenv(name, "1")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = start(*arguments, stdout=writing, stderr=subprocess.PIPE)
    finally:
        os.close(writing)
    assert (result.returncode, result.stderr) == (141, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")  # noqa: PTH110
def test_full_disk_exits_with_2(start: Start) -> None:
    """The error is printed in one line."""
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123
        result = start("list", stdout=full, stderr=subprocess.PIPE)
    assert result.returncode == 2
    assert result.stderr == ("Error: No space left on device; run `connector-kit --debug …` to see the traceback.\n")


def test_closed_output_streams_do_not_change_the_exit_status() -> None:
    """Standard output and standard error may both be closed."""
    script = f'"{sys.executable}" -m connector_kit.cli list >&- 2>&-'
    assert subprocess.run(["sh", "-c", script], check=False).returncode == 0


def test_interrupt_while_sending_exits_with_130(
    start: Start,
    acme: ModuleType,
    acme_config: dict[str, Any],
    written: Callable[[object], str],
) -> None:
    """Ctrl-C prints one line."""
    config = written({**acme_config, "outcome": "interrupt"})
    environment = {**os.environ, "PYTHONPATH": f"{os.path.dirname(acme.__file__)}{os.pathsep}{_ROOT}"}  # noqa: PTH120
    result = start("test", ACME, config, "--to", "x", env=environment)
    assert (result.returncode, result.stdout) == (130, "")
    assert result.stderr.strip() == "Error: interrupted"


@pytest.mark.parametrize("content", ["", "[" * 100_000, "\ud800", '"\\ud800"'], ids=["empty", "deep", "bytes", "half"])
def test_malformed_config_prints_no_traceback(start: Start, content: str, tmp_path: Path) -> None:
    """The exit status is 1 or 2."""
    (tmp_path / "config.json").write_text(content, encoding="utf-8", errors="surrogatepass")
    result = start("validate", "aws-ses-mail", "config.json")
    assert result.returncode in {1, 2}
    assert "Traceback" not in result.stderr + result.stdout


def test_json_output_is_utf_8_in_any_locale(start: Start) -> None:
    """Text output escapes characters that the locale cannot encode."""
    environment = {**os.environ, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "LC_ALL": "C"}
    shown = start("show", "aws-ses-mail", "--format", "json", env=environment)
    assert json.loads(shown.stdout)["name"]["zh-CN"] == "Amazon SES 邮件"
    text = start("show", "aws-ses-mail", env=environment)
    assert (text.returncode, r"Amazon SES \u90ae\u4ef6" in text.stdout) == (0, True)
