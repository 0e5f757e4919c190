"""Finding connectors: installed ones by id, others by ``package.module:Class``; the checks of Logto's loader."""

import sys
from pathlib import Path
from typing import Any

import pytest

from connector_kit import (
    Connector,
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    ConnectorNotFoundError,
    ConnectorType,
    EmailConnector,
    Guard,
    find_connector,
    installed_connectors,
)
from connector_kit.connectors.aws_ses import AwsSesConnector
from connector_kit.discovery import ENTRY_POINT_GROUP, check_connector_class, import_object

ENTRY_POINTS = """
[connector_kit.connectors]
zebra-mail = acme_of_this_test:Mail
acme-mail = acme_of_this_test:Mail
acme-no-module = acme_that_is_not_there:Mail
acme-no-class = acme_of_this_test:Male
acme-raises = acme_that_raises:Mail
acme-exits = acme_that_exits:Mail
acme-other-name = acme_of_this_test:Mail
acme-not-a-connector = acme_of_this_test:guard

[another.group]
other = acme_of_this_test:Mail
"""

MODULE = """
from connector_kit import ConnectorMetadata, EmailConnector, Guard

guard = Guard({}, dict)

class Mail(EmailConnector):
    metadata = ConnectorMetadata(
        id="acme-mail", target="acme", name={"en": "Acme"}, description={"en": "Acme"}, logo="l", readme="r"
    )
    config_guard = guard

    class Inner:
        value = 1
"""


@pytest.fixture
def acme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Install a distribution with sound and broken entry points, as pip would."""
    (tmp_path / "acme_of_this_test.py").write_text(MODULE)
    (tmp_path / "acme_that_raises.py").write_text("raise RuntimeError('half installed')")
    (tmp_path / "acme_that_exits.py").write_text("raise SystemExit('no licence')")
    folder = tmp_path / "acme_connectors-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-connectors\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "acme_of_this_test"
    sys.modules.pop("acme_of_this_test", None)


def test_our_own_connector_is_installed() -> None:
    """The SES connector is found by its id like any other."""
    assert find_connector("aws-ses-mail") is AwsSesConnector


def test_installed_connectors_are_listed_by_id_and_none_is_imported(acme: str) -> None:
    """A broken installation does not keep others from being listed."""
    assert ENTRY_POINT_GROUP == "connector_kit.connectors"
    found = installed_connectors()
    assert list(found) == sorted(found)
    assert {"acme-mail", "zebra-mail", "acme-raises", "aws-ses-mail"} <= set(found)
    assert "other" not in found
    assert acme not in sys.modules


def test_an_installed_connector_is_found_by_its_id(acme: str) -> None:
    """The entry point leads to the class."""
    found = find_connector("acme-mail")
    assert found is sys.modules[acme].Mail
    assert found.metadata.id == "acme-mail"


def test_a_connector_need_not_be_installed(acme: str) -> None:
    """``package.module:Class`` names one that Python finds; nested names work."""
    assert find_connector(f"{acme}:Mail") is find_connector("acme-mail")
    assert import_object(f"{acme}:Mail.Inner.value") == 1


@pytest.mark.usefixtures("acme")
def test_an_unknown_id_is_answered_with_the_nearest() -> None:
    """The message names what may have been meant, what there is, and the other way to name a connector."""
    with pytest.raises(ConnectorNotFoundError) as caught:
        find_connector("acme-mial")
    says = str(caught.value)
    assert "No connector 'acme-mial' is installed. Did you mean acme-mail?" in says
    assert "aws-ses-mail" in says
    assert "package.module:Class" in says
    with pytest.raises(ConnectorNotFoundError) as caught:
        find_connector("qqqqqq")
    assert "Did you mean" not in str(caught.value)


def test_where_nothing_is_installed_the_list_says_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty list is said in words."""
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ConnectorNotFoundError, match=r"Installed: none\."):
        find_connector("acme-mail")


@pytest.mark.parametrize(
    ("connector_id", "says"),
    [
        ("acme-no-module", "ModuleNotFoundError: No module named 'acme_that_is_not_there'"),
        ("acme-no-class", "AttributeError"),
        ("acme-raises", "RuntimeError: half installed"),
        ("acme-exits", "SystemExit: no licence"),
    ],
)
@pytest.mark.usefixtures("acme")
def test_a_broken_installation_is_told_from_a_missing_one(connector_id: str, says: str) -> None:
    """It is installed but cannot be imported: the cause is named and chained."""
    with pytest.raises(ConnectorNotFoundError) as caught:
        find_connector(connector_id)
    assert f"The connector '{connector_id}' is installed but cannot be imported: {says}" in str(caught.value)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize(
    "target",
    [
        "acme_that_is_not_there:Mail",
        "acme_of_this_test:Male",
        "acme_that_raises:Mail",
        "acme_that_exits:Mail",
        ":Mail",
        "json:",
        ".:x",
    ],
)
@pytest.mark.usefixtures("acme")
def test_a_name_that_leads_nowhere_is_not_found(target: str) -> None:
    """Whatever is wrong with a name, it is one error, chained, that says how to write one."""
    with pytest.raises(ConnectorNotFoundError, match=r"Give package\.module:Class") as caught:
        find_connector(target)
    assert caught.value.__cause__ is not None


METADATA = ConnectorMetadata(id="a", target="b", name={"en": "c"}, description={"en": "d"}, logo="e", readme="f")


class Sound(EmailConnector[Any]):
    """A class that passes."""

    metadata = METADATA
    config_guard = Guard({}, dict)


def _class(**members: object) -> type:
    return type("Acme", (EmailConnector,), {"metadata": METADATA, "config_guard": Guard({}, dict), **members})


BAD_NAME = ConnectorMetadata(id="a", target="b", name={"fr": "c"}, description={"en": "d"}, logo="e", readme="f")


@pytest.mark.parametrize(
    ("found", "code", "says"),
    [
        (None, "unexpected_type", "None is not a Connector class."),
        (int, "unexpected_type", "<class 'int'> is not a Connector class."),
        (Sound(get_config=lambda _: None), "unexpected_type", "is not a Connector class."),
        (type("Bare", (Connector,), {}), "unexpected_type", "Bare has no ConnectorType as its type."),
        (_class(type="Fax"), "unexpected_type", "Acme has no ConnectorType as its type."),
        (_class(type=[]), "unexpected_type", "Acme has no ConnectorType as its type."),
        (type("Bare", (EmailConnector,), {}), "invalid_metadata", "Bare has no ConnectorMetadata as metadata."),
        (_class(metadata={"id": "a"}), "invalid_metadata", "Acme has no ConnectorMetadata as metadata."),
        (_class(metadata=BAD_NAME), "invalid_metadata", '"$.name.en"'),
        (_class(config_guard=None), "invalid_config_guard", "Acme has no Guard as config_guard."),
        (type("Bare", (EmailConnector,), {"metadata": METADATA}), "invalid_config_guard", "Bare has no Guard"),
    ],
)
def test_a_class_is_checked_as_logtos_loader_checks_a_package(found: object, code: str, says: str) -> None:
    """Type, metadata and guard, in this order, each with the code that Logto uses."""
    with pytest.raises(ConnectorError) as caught:
        check_connector_class(found)
    assert caught.value.code == code
    assert says in str(caught.value)


def test_a_sound_class_passes() -> None:
    """Nothing is raised, nothing is made; the type may be the bare word."""
    check_connector_class(Sound)
    check_connector_class(_class(type="Sms"))
    assert ConnectorType.SMS == "Sms"


@pytest.mark.usefixtures("acme")
def test_what_is_found_is_checked() -> None:
    """An entry point that leads to something else is no connector."""
    with pytest.raises(ConnectorError) as caught:
        find_connector("acme-not-a-connector")
    assert caught.value.code is ConnectorErrorCodes.UNEXPECTED_TYPE


@pytest.mark.usefixtures("acme")
def test_a_connector_is_installed_under_its_own_id() -> None:
    """A name that differs from the metadata's id would make two names for one connector."""
    with pytest.raises(ConnectorError, match="acme-other-name is installed under that name, but") as caught:
        find_connector("acme-other-name")
    assert caught.value.code is ConnectorErrorCodes.INVALID_METADATA
