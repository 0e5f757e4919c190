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


def test_json_is_the_metadata(run: Callable[..., Result]) -> None:
    """``--format json`` prints the metadata as Logto receives it."""
    result = run("show", "aws-ses-mail", "--format", "json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == to_json(AwsSesConnector.metadata)
    assert "Amazon SES 邮件" in result.stdout


def test_text_has_all_metadata(run: Callable[..., Result]) -> None:
    """The text has names and descriptions by language, form items, files and the keys of the config."""
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


def test_form_items_are_a_table(run: Callable[..., Result]) -> None:
    """Without a description, the table has the label."""
    result = run("show", "acme_connectors:AcmeMail")
    table = result.stdout[result.stdout.index("KEY") :].splitlines()[:4]
    assert table == [
        "KEY        CONTROL  REQUIRED  MASKED  DESCRIPTION",
        "apiKey     Text     yes       yes     API key",
        "account    Text     no        yes     Who pays.",
        "templates  Json     no        no      Templates",
    ]


def test_missing_file_is_reported(run: Callable[..., Result], acme: ModuleType) -> None:
    """Files are relative to the connector's class. A URL and the text of a README are printed as they are."""
    mail = run("show", "acme_connectors:AcmeMail").stdout
    folder = Path(acme.__file__).parent
    assert f"\nLogo:   {folder / 'acme.svg'}\n" in mail
    assert f"\nREADME: ./README.md (file not found: {folder / 'README.md'})\n" in mail
    social = run("show", "acme_connectors:AcmeSocial").stdout
    assert "\nLogo:      https://acme.example/logo.svg\n" in social
    assert f"\nDark logo: ./absent.svg (file not found: {folder / 'absent.svg'})\n" in social
    assert "\nREADME:    # Acme …\n" in social


def test_connector_without_form_and_schema(run: Callable[..., Result]) -> None:
    """Missing parts are named."""
    result = run("show", "acme_connectors:AcmeSocial").stdout
    assert "\nPlatform:  Web\n" in result
    assert "\nConfig form\nNo form items.\n" in result
    assert result.endswith("Title:    none\nRequired: none\nOptional: none\n")


def test_class_without_file_is_reported(
    run: Callable[..., Result], acme: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A class created at run time has no folder."""
    monkeypatch.delattr(acme, "__file__")
    assert (
        "\nLogo:   ./acme.svg (the connector's class is not in a file)\n"
        in run("show", "acme_connectors:AcmeMail").stdout
    )


@pytest.mark.parametrize(
    ("target", "message"),
    {
        "aws-ses-mial": "No installed connector has the id 'aws-ses-mial' (did you mean 'aws-ses-mail'?).",
        "no_such_module:X": "'no_such_module:X' cannot be imported: ModuleNotFoundError: No module named ",
        "acme_connectors:Absent": "'acme_connectors:Absent' cannot be imported: AttributeError: ",
        "acme_connectors:SCHEMA": "acme_connectors:SCHEMA is not a connector that Logto can load: unexpected_type: ",
        "acme_connectors:AcmeNoMetadata": (
            "acme_connectors:AcmeNoMetadata is not a connector that Logto can load: invalid_metadata: "
            "AcmeNoMetadata.metadata must be a ConnectorMetadata."
        ),
        "acme_connectors:AcmeBadMetadata": (
            "acme_connectors:AcmeBadMetadata is not a connector that Logto can load: invalid_metadata: $.name.en expected"
        ),
        "acme_connectors:AcmeJsonMetadata": (
            "acme_connectors:AcmeJsonMetadata is not a connector that Logto can load: invalid_metadata: "
            "AcmeJsonMetadata.metadata must be a ConnectorMetadata."
        ),
        "acme_connectors:AcmeOdd": (
            "acme_connectors:AcmeOdd is not a connector that Logto can load: unexpected_type: AcmeOdd.type must be"
        ),
        "acme_connectors:AcmeNoSchema": "acme_connectors:AcmeNoSchema raised UnknownSchemaError instead of Connector",
        "acme_exits:X": "'acme_exits:X' cannot be imported: SystemExit: ",
    }.items(),
)
def test_invalid_id_exits_with_2(run: Callable[..., Result], target: str, message: str) -> None:
    """The error is one line. ``--debug`` adds the traceback."""
    result = run("show", target)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {message}")
    assert result.stderr.count("\n") == 1
    assert run("--debug", "show", target).stderr.startswith(("Traceback", "Error")) is True


def test_current_directory_is_importable(run: Callable[..., Result], tmp_path: Path) -> None:
    """Python finds modules in the current directory, as with ``python -m``."""
    (tmp_path / "here_connector.py").write_text("class Here: pass\n", encoding="utf-8")
    assert "Here" in run("show", "here_connector:Here").stderr
    assert "No module named" not in run("show", "here_connector:Here").stderr
