"""``connector-kit show``."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from click.testing import Result

from connector_kit import to_json
from connector_kit.connectors.aws_ses import AwsSesConnector

pytestmark = pytest.mark.usefixtures("acme")


def test_json_is_the_metadata_as_logto_receives_it(run: Callable[..., Result]) -> None:
    """--format json prints the metadata, key for key."""
    result = run("show", "aws-ses-mail", "--format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == to_json(AwsSesConnector.metadata)
    assert "Amazon SES 邮件" in result.stdout


def test_text_names_every_part(run: Callable[..., Result]) -> None:
    """The text has the names and descriptions by language, each form item, the schema and the files."""
    result = run("show", "aws-ses-mail")
    assert (result.exit_code, result.stderr) == (0, "")
    for language, name in AwsSesConnector.metadata.name.items():
        assert f"\n{language.ljust(5)}  {name}\n" in result.stdout
    for item in AwsSesConnector.metadata.form_items or ():
        (line,) = (it for it in result.stdout.splitlines() if it.startswith(f"{item.key}  "))
        assert line.endswith(f"  {item.description}")
    for file in ("logo.svg", "logo-dark.svg", "README.md"):
        assert f" {Path(sys.modules[AwsSesConnector.__module__].__file__).parent / file}\n" in result.stdout
    assert "\nRequired: accessKeyId, accessKeySecret, region, templates\n" in result.stdout
    assert "emailAddressIdentityArn, feedbackForwardingEmailAddress, " in result.stdout


def test_the_form_is_a_table(run: Callable[..., Result]) -> None:
    """A form item has key, control, required, confidential and description, or the label where that is missing."""
    result = run("show", "acme_connectors:AcmeMail")
    table = result.stdout[result.stdout.index("KEY") :].splitlines()[:4]
    assert table == [
        "KEY        CONTROL  REQUIRED  CONFIDENTIAL  DESCRIPTION",
        "apiKey     Text     yes       yes           API key",
        "account    Text     no        yes           Who pays.",
        "templates  Json     no        no            Templates",
    ]


def test_files_that_are_not_there_are_said_to_be_missing(run: Callable[..., Result], acme: ModuleType) -> None:
    """A logo file is looked for beside the class; a URL and a README's own text are shown as such."""
    mail = run("show", "acme_connectors:AcmeMail").stdout
    folder = Path(acme.__file__).parent
    assert f"\nLogo:   {folder / 'acme.svg'}\n" in mail
    assert f"\nREADME: ./README.md (there is no file {folder / 'README.md'})\n" in mail
    social = run("show", "acme_connectors:AcmeSocial").stdout
    assert "\nLogo:      https://acme.example/logo.svg\n" in social
    assert f"\nDark logo: ./absent.svg (there is no file {folder / 'absent.svg'})\n" in social
    assert "\nREADME:    # Acme …\n" in social


def test_a_connector_without_form_or_schema_members(run: Callable[..., Result]) -> None:
    """What is not there is said in words."""
    result = run("show", "acme_connectors:AcmeSocial").stdout
    assert "\nPlatform:  Web\n" in result
    assert "\nConfig form\nNo form items.\n" in result
    assert result.endswith("Title:    none\nRequired: none\nOptional: none\n")


def test_a_class_that_is_in_no_file(
    run: Callable[..., Result], acme: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class made at run time has no folder to look in."""
    monkeypatch.delattr(acme, "__file__")
    assert (
        "\nLogo:   ./acme.svg (beside a class that is in no file)\n" in run("show", "acme_connectors:AcmeMail").stdout
    )


@pytest.mark.parametrize(
    ("target", "message"),
    {
        "aws-ses-mial": "No connector 'aws-ses-mial' is installed. Did you mean aws-ses-mail? ",
        "no_such_module:X": "'no_such_module:X' cannot be imported: ModuleNotFoundError: No module named ",
        "acme_connectors:Absent": "'acme_connectors:Absent' cannot be imported: AttributeError: ",
        "acme_connectors:SCHEMA": "acme_connectors:SCHEMA is no connector that Logto would load: unexpected_type: ",
        "acme_connectors:AcmeNoMetadata": (
            "acme_connectors:AcmeNoMetadata is no connector that Logto would load: invalid_metadata: "
            "AcmeNoMetadata has no ConnectorMetadata as metadata."
        ),
        "acme_connectors:AcmeBadMetadata": (
            "acme_connectors:AcmeBadMetadata is no connector that Logto would load: invalid_metadata: $.name.en expected"
        ),
        "acme_connectors:AcmeJsonMetadata": (
            "acme_connectors:AcmeJsonMetadata is no connector that Logto would load: invalid_metadata: "
            "AcmeJsonMetadata has no ConnectorMetadata as metadata."
        ),
        "acme_connectors:AcmeOdd": (
            "acme_connectors:AcmeOdd is no connector that Logto would load: unexpected_type: AcmeOdd has no ConnectorType"
        ),
        "acme_connectors:AcmeNoSchema": "acme_connectors:AcmeNoSchema raised UnknownSchemaError where only a Connector",
        "acme_exits:X": "'acme_exits:X' cannot be imported: SystemExit: ",
    }.items(),
)
def test_what_is_no_connector(run: Callable[..., Result], target: str, message: str) -> None:
    """An ID that names no connector is answered with one line and status 2, and no traceback."""
    result = run("show", target)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {message}")
    assert result.stderr.count("\n") == 1
    assert run("--debug", "show", target).stderr.startswith(("Traceback", "Error")) is True


def test_the_current_directory_is_importable(run: Callable[..., Result], tmp_path: Path) -> None:
    """A module in the current directory is found, as with ``python -m``."""
    (tmp_path / "here_connector.py").write_text("class Here: pass\n", encoding="utf-8")
    assert "Here" in run("show", "here_connector:Here").stderr
    assert "No module named" not in run("show", "here_connector:Here").stderr
