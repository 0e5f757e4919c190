"""``connector-kit list``."""

import json
import re
from collections.abc import Callable

import pytest
from click.testing import Result

pytestmark = pytest.mark.usefixtures("acme")

GROUP = "connector_kit.connectors"


def _columns(line: str) -> list[str]:
    """Return the columns of a line, whose widths depend on the other connectors that are installed."""
    return re.split(" {2,}", line)


def test_each_installed_connector_has_a_line(run: Callable[..., Result]) -> None:
    """The line has the id, the type, the English name, the target and the package."""
    result = run("list")
    heading, *lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert heading.split() == ["ID", "TYPE", "NAME", "TARGET", "PACKAGE"]
    columns = {line.split()[0]: _columns(line) for line in lines}
    assert columns["aws-ses-mail"][1:4] == ["Email", "Amazon SES email", "aws-ses"]
    assert columns["aws-ses-mail"][4].startswith("logto-connector-kit ")


def test_connector_that_cannot_be_imported_is_listed_with_the_reason(
    run: Callable[..., Result], install: Callable[..., None]
) -> None:
    """The other connectors are listed, and the exit status is 0."""
    install(GROUP, {"acme-mail": "acme_connectors:AcmeMail", "broken": "no_such_module:X", "odd": "acme_exits:X"})
    result = run("list")
    assert (result.exit_code, result.stderr) == (0, "")
    lines = [_columns(line) for line in result.stdout.splitlines()]
    assert ["acme-mail", "Email", "Acme", "acme", "acme-kit 1.0"] in lines
    assert result.stdout.splitlines()[-2:] == [
        "Not usable: The connector 'broken' is installed, but its import fails: ModuleNotFoundError: No module named 'no_such_module'.",
        "Not usable: The connector 'odd' is installed, but its import fails: SystemExit: 7.",
    ]


def test_json_has_the_object_of_each_connector(run: Callable[..., Result], install: Callable[..., None]) -> None:
    """``--format json`` adds the object behind the id, or the error of a connector that cannot be loaded."""
    install(GROUP, {"acme-mail": "acme_connectors:AcmeMail", "json-mail": "acme_connectors:AcmeJsonMetadata"})
    listed = {entry["id"]: entry for entry in json.loads(run("list", "--format", "json").stdout)}
    assert listed["acme-mail"] == {
        "id": "acme-mail",
        "type": "Email",
        "name": "Acme",
        "target": "acme",
        "package": "acme-kit 1.0",
        "object": "acme_connectors:AcmeMail",
    }
    assert listed["json-mail"] == {
        "id": "json-mail",
        "error": "json-mail is not a connector that Logto can load: invalid_metadata: AcmeJsonMetadata.metadata must be a ConnectorMetadata.",
    }


def test_no_installed_connector_prints_a_sentence(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no empty table."""
    monkeypatch.setattr("connector_kit.cli.command_list.installed_connectors", dict)
    assert run("list").stdout == "No connectors are installed.\n"


def test_only_unusable_connectors_prints_no_table(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """The output consists of the errors. An entry point without a package shows its object instead."""
    from importlib.metadata import EntryPoint  # noqa: PLC0415

    broken = EntryPoint("broken", "no_such_module:X", GROUP)
    loose = EntryPoint("acme-mail", "acme_connectors:AcmeMail", GROUP)
    for module in ("connector_kit.cli.command_list", "connector_kit.discovery"):
        monkeypatch.setattr(f"{module}.installed_connectors", lambda: {"broken": broken})
    assert run("list").stdout.startswith("Not usable: The connector 'broken' is installed, but its import fails: ")
    for module in ("connector_kit.cli.command_list", "connector_kit.discovery"):
        monkeypatch.setattr(f"{module}.installed_connectors", lambda: {"acme-mail": loose})
    assert "  acme_connectors:AcmeMail\n" in run("list").stdout
