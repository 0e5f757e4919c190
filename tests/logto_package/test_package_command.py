"""``connector-kit package`` writes a package and prints the next steps, or the reason why it cannot."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from connector_kit.cli.application import application
from connector_kit.logto_package.command import package_command

_ACME = "tests.interop.logto.acme_sms:AcmeSms"


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(package_command, list(arguments))


def test_command_is_a_plugin_of_the_command_line() -> None:
    """The command line finds it by its entry point."""
    import click  # noqa: PLC0415 - only this test needs it

    assert application.get_command(click.Context(application), "package") is package_command


def test_package_is_written_and_the_next_steps_are_printed(tmp_path: Path) -> None:
    """The version is that of the Python package that contains the connector."""
    done = _run("aws-ses-mail", "--out", str(tmp_path / "out"))
    assert done.exit_code == 0
    manifest = json.loads((tmp_path / "out" / "package.json").read_bytes())
    assert done.output.startswith(f"Wrote {manifest['name']} {manifest['version']} to {tmp_path / 'out'}: 10 files.")
    assert "/etc/logto/packages/core/connectors/connector-python-aws-ses-mail" in done.output
    assert f"`npm pack {tmp_path / 'out'}`" in done.output
    assert 'add the connector "Amazon SES email (Python)" (id python-aws-ses-mail)' in done.output


def test_relative_folder_is_printed_with_a_leading_dot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Npm treats ``a/b`` as a GitHub repository, and ``./a/b`` as a folder."""
    monkeypatch.chdir(tmp_path)
    assert "`npm pack ./some/connector-here`" in _run("aws-ses-mail", "--out", "some/connector-here").output
    assert "`npm pack './with space'`" in _run("aws-ses-mail", "--out", "with space").output


def test_options_set_id_name_version_and_range(tmp_path: Path) -> None:
    """Replacing the package requires --force."""
    arguments = [_ACME, "--out", str(tmp_path / "out"), "--id", "acme-2", "--name", "@acme/connector-two"]
    arguments += ["--package-version", "3.2.1", "--kit-range", ">=4"]
    assert _run(*arguments).exit_code == 0
    manifest = json.loads((tmp_path / "out" / "package.json").read_bytes())
    assert (manifest["name"], manifest["version"]) == ("@acme/connector-two", "3.2.1")
    assert manifest["dependencies"] == {"@logto/connector-kit": ">=4"}
    settings = json.loads((tmp_path / "out" / "lib" / "connector.json").read_bytes())
    assert settings["metadata"]["id"] == "acme-2"
    assert "packages/core/connectors/@acme-connector-two" in _run(*arguments, "--force").output
    again = _run(*arguments)
    assert (again.exit_code, "--force" in again.output) == (2, True)


def test_id_of_an_official_connector_is_refused_without_the_option(tmp_path: Path) -> None:
    """Logto does not start with two connectors of one id. The message states the id and each way out."""
    arguments = ["aws-ses-mail", "--out", str(tmp_path / "out"), "--id", "aws-ses-mail"]
    done = _run(*arguments)
    assert done.exit_code == 2
    assert "aws-ses-mail cannot be packaged: its id in Logto would be 'aws-ses-mail'" in done.output
    for way_out in ("Choose another with --id", "'python-aws-ses-mail'", "--allow-official-id"):
        assert way_out in done.output
    assert not (tmp_path / "out").exists()
    allowed = _run(*arguments, "--allow-official-id")
    assert allowed.exit_code == 0
    assert allowed.stderr.startswith("Warning: the id aws-ses-mail is that of one of Logto's own connectors.")
    settings = json.loads((tmp_path / "out" / "lib" / "connector.json").read_bytes())
    assert settings["metadata"]["id"] == "aws-ses-mail"


def test_other_ids_need_no_option_and_have_no_warning(tmp_path: Path) -> None:
    """The default id, and an own one."""
    assert _run("aws-ses-mail", "--out", str(tmp_path / "a")).stderr == ""
    assert _run("aws-ses-mail", "--out", str(tmp_path / "b"), "--id", "acme-mail", "--allow-official-id").stderr == ""


def test_version_of_a_connector_that_is_not_installed_is_zero(tmp_path: Path) -> None:
    """There is no Python package whose version could be used."""
    assert _run(_ACME, "--out", str(tmp_path / "out")).output.startswith("Wrote connector-python-acme-sms 0.0.0 ")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("aws-ses-mial", "did you mean 'aws-ses-mail'?"),
        ("attrs:frozen", "attrs:frozen is not a connector that Logto can load: unexpected_type."),
        ("tests.cli.connectors.acme_connectors:AcmeSocial", "cannot be packaged: its logo-dark is './absent.svg'"),
    ],
)
def test_unsuitable_target_fails_with_status_2(tmp_path: Path, target: str, reason: str) -> None:
    """One line states the reason; nothing is written."""
    done = _run(target, "--out", str(tmp_path / "out"))
    assert done.exit_code == 2
    assert reason in done.output
    assert not (tmp_path / "out").exists()


def test_unwritable_folder_fails_with_status_2(tmp_path: Path) -> None:
    """For example, if the parent is a file."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    done = _run("aws-ses-mail", "--out", str(tmp_path / "file" / "out"))
    assert done.exit_code == 2
    assert "cannot be written: " in done.output
