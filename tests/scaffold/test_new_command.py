"""``connector-kit new``: what it writes, what it refuses, and what it asks."""

import os
import pty
import select
import subprocess
import sys
import tomllib
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from connector_kit.cli.application import application
from connector_kit.scaffold.command import new_command

JSON = ("--type", "email", "--api", "json")


@pytest.fixture(autouse=True)
def _in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test in a folder of its own."""
    monkeypatch.chdir(tmp_path)


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(new_command, list(arguments))


def _error(*arguments: str) -> str:
    """Return the error of a command that must write nothing."""
    done = _run(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    return " ".join(done.stderr.split())


def test_command_is_a_plugin_of_the_command_line() -> None:
    """The command line finds it by its entry point."""
    assert application.get_command(click.Context(application), "new") is new_command


def test_project_is_written_and_three_commands_are_printed() -> None:
    """Folder, package, id and entry points have one name."""
    done = _run("acme-mail", *JSON)
    assert (done.exit_code, done.stderr) == (0, "")
    written = {it.relative_to("acme-mail").as_posix() for it in Path("acme-mail").rglob("*") if it.is_file()}
    package = ("README.md", "__init__.py", "connector.py", "logo.svg", "py.typed", "stub.py")
    assert written == {
        ".github/workflows/ci.yml",
        ".gitignore",
        ".pre-commit-config.yaml",
        "README.md",
        "pyproject.toml",
        "tests/test_conformance.py",
        *(f"src/acme_mail/{it}" for it in package),
    }
    assert done.stdout.splitlines() == [
        f"Wrote acme-mail: {len(written)} files.",
        "",
        "Next, in a virtual environment:",
        "  cd acme-mail",
        '  python -m pip install -e ".[dev]"',
        "  connector-kit conformance acme-mail",
    ]
    project = tomllib.loads(Path("acme-mail/pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == "acme-mail"
    assert project["entry-points"] == {
        "connector_kit.connectors": {"acme-mail": "acme_mail:AcmeMailConnector"},
        "connector_kit.providers": {"acme-mail": "acme_mail.stub:AcmeMailStub"},
    }


def test_placeholders_of_workflows_are_kept() -> None:
    """GitHub's have the braces that templates often have."""
    _run("acme-mail", *JSON)
    workflow = Path("acme-mail/.github/workflows/ci.yml").read_text(encoding="utf-8")
    assert "python-version: ${{ matrix.python }}" in workflow
    assert "connector-kit conformance acme-mail" in workflow


def test_provider_and_address_of_the_options_are_used() -> None:
    """The stub replaces the host, below the path of the address."""
    _run("acme-mail", *JSON, "--provider", "Åcme & Söhne", "--base-url", "https://mail.acme.com/api/v2")
    connector, stub = (
        Path("acme-mail/src/acme_mail", it).read_text(encoding="utf-8") for it in ("connector.py", "stub.py")
    )
    assert 'name={"en": "Åcme & Söhne"}' in connector
    assert '"https://mail.acme.com/api/v2",' in connector
    assert 'host_names = ("mail.acme.com",)' in stub
    assert 'path = "/api/v2/messages"' in stub


def test_without_them_the_name_suggests_both() -> None:
    """Nobody can have an address under .example."""
    _run("acme-mail", *JSON)
    connector = Path("acme-mail/src/acme_mail/connector.py").read_text(encoding="utf-8")
    assert 'name={"en": "Acme Mail"}' in connector
    assert '"https://api.acme.example/v1",' in connector


def test_social_needs_no_api() -> None:
    """There is only one."""
    assert _run("acme-login", "--type", "social").exit_code == 0
    assert "OAuth2Connector" in Path("acme-login/src/acme_login/connector.py").read_text(encoding="utf-8")


def test_aws_needs_no_address() -> None:
    """The region of the config decides it."""
    assert _run("acme-mail", "--type", "email", "--api", "aws").exit_code == 0
    assert "sesv2" in Path("acme-mail/src/acme_mail/connector.py").read_text(encoding="utf-8")


def test_empty_folder_is_used() -> None:
    """Somebody may have made it."""
    Path("acme-mail").mkdir()
    assert _run("acme-mail", *JSON).exit_code == 0


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_nothing_is_overwritten(kind: str) -> None:
    """Not even a link to nowhere."""
    if kind == "folder":
        Path("acme-mail").mkdir()
        Path("acme-mail/mine.txt").write_text("mine", encoding="utf-8")
    elif kind == "file":
        Path("acme-mail").write_text("mine", encoding="utf-8")
    else:
        Path("acme-mail").symlink_to("nowhere")
    before = sorted(Path().rglob("*"))
    assert "acme-mail exists already in this folder" in _error("acme-mail", *JSON)
    assert sorted(Path().rglob("*")) == before


def test_error_while_writing_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """All files are written, or none."""
    write, written = Path.write_bytes, []

    def failing(self: Path, content: bytes) -> int:
        if len(written) == 3:
            raise OSError(28, "No space left on device")
        written.append(self)
        return write(self, content)

    monkeypatch.setattr(Path, "write_bytes", failing)
    assert "acme-mail cannot be written: No space left on device." in _error("acme-mail", *JSON)
    assert len(written) == 3
    assert [*Path().iterdir()] == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Acme", "expected words in lower case with hyphens, at most 30 characters, such as acme-mail; found 'Acme'"),
        ("acme_mail", "expected words in lower case"),
        ("acme--mail", "expected words in lower case"),
        ("1-acme", "expected words in lower case"),
        ("a" * 31, "expected words in lower case"),
        ("../acme", "expected words in lower case"),
        ("class", "there is another Python package class; choose a name with the provider's, such as acme-class"),
        ("email", "there is another Python package email"),
        ("tests", "there is another Python package tests"),
        ("conformance", "there is another Python package conformance"),
        ("attrs", "there is another Python package attrs"),
        ("logto-connector-kit", "there is another Python package logto_connector_kit"),
        ("postmark-mail", "postmark-mail is the id of one of Logto's own connectors; choose another"),
        ("resend-mail", "resend-mail is the id of an installed connector, connector_kit.connectors.resend_mail:"),
    ],
)
def test_name_that_cannot_be_used_is_refused(name: str, reason: str) -> None:
    """The message has the reason, and what to do."""
    assert f"Invalid value for NAME: {reason}" in _error(name, *JSON)
    assert [*Path().iterdir()] == []


def test_name_of_an_installed_project_can_be_used_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its author may have removed the folder to begin again."""
    folder = tmp_path / "site" / "acme_mail-0.1.0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.4\nName: acme-mail\nVersion: 0.1.0\n", encoding="utf-8")
    points = "[connector_kit.connectors]\nacme-mail = acme_mail:AcmeMailConnector\n"
    (folder / "entry_points.txt").write_text(points, encoding="utf-8")
    monkeypatch.syspath_prepend(folder.parent)
    assert _run("acme-mail", *JSON).exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--type", "email"), "Missing option --api. Choose one of: json, form, aws,"),
        (("--api", "json"), "Missing option --type. Choose one of: email, sms, social."),
        (
            ("--type", "fax", "--api", "json"),
            "Invalid value for '--type': 'fax' is not one of 'email', 'sms', 'social'.",
        ),
        (
            ("--type", "sms", "--api", "smtp"),
            "Invalid value for --api: expected json, form, aws, templates or none for the type sms; found 'smtp'.",
        ),
        (
            ("--type", "social", "--api", "form"),
            "Invalid value for --api: expected json for the type social; found 'form'.",
        ),
        ((*JSON, "--provider", 'A"'), "Invalid value for --provider: expected at most 30 letters, digits, spaces"),
        ((*JSON, "--provider", ""), "Invalid value for --provider: expected at most 30 letters"),
        ((*JSON, "--base-url", "http://a.co"), "Invalid value for --base-url: expected https://, a host"),
        ((*JSON, "--base-url", "https://a.co/"), "Invalid value for --base-url: expected https://, a host"),
        (
            ("--type", "sms", "--api", "aws", "--base-url", "https://a.co"),
            "it has no effect with --api aws; leave it out.",
        ),
    ],
)
def test_missing_or_invalid_option_is_an_error_in_a_pipe(arguments: tuple[str, ...], reason: str) -> None:
    """The message names the option."""
    assert reason in _error("acme-mail", *arguments)
    assert [*Path().iterdir()] == []


def _on_terminal(*arguments: str, answers: list[str]) -> tuple[int, str]:
    """Run the command on a pseudo terminal, answer each question when it is asked, and return status and output."""
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "connector_kit.cli", "new", *arguments],
        stdin=end,
        stdout=end,
        stderr=end,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    os.close(end)
    shown, remaining = b"", [it.encode() for it in answers]
    try:
        while select.select([terminal], [], [], 60)[0]:
            try:
                part = os.read(terminal, 4096)
            except OSError:  # Linux: the process has closed its end
                break
            if not part:
                break
            shown += part
            if remaining and part.rstrip().endswith(b":"):
                os.write(terminal, remaining.pop(0) + b"\n")
        return process.wait(60), shown.decode()
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def test_terminal_asks_for_what_is_missing() -> None:
    """Until an answer is valid. An empty answer is the suggestion."""
    answers = ["email", "json", 'Acme "Inc"', "Acme Inc.", ""]
    status, shown = _on_terminal("acme-mail", answers=answers)
    assert status == 0, shown
    assert "What does it send (social: signs users in) (email, sms, social):" in shown
    assert "The provider's name [Acme Mail]:" in shown
    assert "expected at most 30 letters" in shown
    assert "The address of its API [https://api.acme.example/v1]:" in shown
    connector = Path("acme-mail/src/acme_mail/connector.py").read_text(encoding="utf-8")
    assert 'name={"en": "Acme Inc."}' in connector


def test_terminal_does_not_ask_for_what_is_given() -> None:
    """With all options there is no question."""
    options = ("--type", "sms", "--api", "form", "--provider", "Acme", "--base-url", "https://api.acme.com")
    status, shown = _on_terminal("acme-sms", *options, answers=[])
    assert status == 0, shown
    assert shown.startswith("Wrote acme-sms:")
