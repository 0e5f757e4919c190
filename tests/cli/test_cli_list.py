"""``connector-kit list``."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result

pytestmark = pytest.mark.usefixtures("acme")

GROUP = "connector_kit.connectors"


def test_the_connectors_of_the_kit_are_listed(run: Callable[..., Result]) -> None:
    """Each installed connector has a line: id, type, English name, target, and the package it comes from."""
    result = run("list")
    heading, *lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert heading.split() == ["ID", "TYPE", "NAME", "TARGET", "FROM"]
    (line,) = (it for it in lines if it.startswith("aws-ses-mail "))
    assert line.startswith("aws-ses-mail  Email  Amazon SES email  aws-ses  logto-connector-kit ")


def test_a_connector_that_cannot_be_imported_is_listed_with_the_reason(
    run: Callable[..., Result], install: Callable[..., None]
) -> None:
    """One broken connector hides no other, and is no failure of the command."""
    install(GROUP, {"acme-mail": "acme_connectors:AcmeMail", "broken": "no_such_module:X", "odd": "acme_exits:X"})
    result = run("list")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "acme-mail     Email  Acme              acme     acme-kit 1.0\n" in result.stdout
    assert result.stdout.splitlines()[-2:] == [
        "not usable: The connector 'broken' is installed but cannot be imported: ModuleNotFoundError: No module named 'no_such_module'.",
        "not usable: The connector 'odd' is installed but cannot be imported: SystemExit: 7.",
    ]


def test_json_tells_where_each_connector_comes_from(run: Callable[..., Result], install: Callable[..., None]) -> None:
    """--format json adds the object behind the id, and the reason where there is none."""
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
        "error": "json-mail is no connector that Logto would load: invalid_metadata: AcmeJsonMetadata has no ConnectorMetadata as metadata.",
    }


def test_nothing_installed(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any connector there is a sentence, not an empty table."""
    monkeypatch.setattr("connector_kit.cli.command_list.installed_connectors", dict)
    assert run("list").stdout == "No connector is installed.\n"


def test_nothing_that_works(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """With broken connectors only, the reasons stand alone; an entry point may be without a package."""
    from importlib.metadata import EntryPoint  # noqa: PLC0415

    broken = EntryPoint("broken", "no_such_module:X", GROUP)
    loose = EntryPoint("acme-mail", "acme_connectors:AcmeMail", GROUP)
    for module in ("connector_kit.cli.command_list", "connector_kit.discovery"):
        monkeypatch.setattr(f"{module}.installed_connectors", lambda: {"broken": broken})
    assert run("list").stdout.startswith("not usable: The connector 'broken' is installed but cannot be imported: ")
    for module in ("connector_kit.cli.command_list", "connector_kit.discovery"):
        monkeypatch.setattr(f"{module}.installed_connectors", lambda: {"acme-mail": loose})
    assert "  acme_connectors:AcmeMail\n" in run("list").stdout
