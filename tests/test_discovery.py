"""Finding connectors by id or ``package.module:Class``, and the checks of Logto's loader."""

import sys
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

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
acme-stops = acme_that_stops:Mail
acme-interrupted = acme_interrupted:Mail
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
    """Install a distribution with valid and broken entry points, as pip would."""
    (tmp_path / "acme_of_this_test.py").write_text(MODULE)
    (tmp_path / "acme_that_raises.py").write_text("raise RuntimeError('half installed')")
    (tmp_path / "acme_that_exits.py").write_text("raise SystemExit('no licence')")
    (tmp_path / "acme_that_stops.py").write_text("class Stop(BaseException): ...\nraise Stop('now')")
    (tmp_path / "acme_interrupted.py").write_text("raise KeyboardInterrupt")
    folder = tmp_path / "acme_connectors-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-connectors\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text(ENTRY_POINTS)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "acme_of_this_test"
    sys.modules.pop("acme_of_this_test", None)


def test_ses_connector_is_installed() -> None:
    """It is found by its id."""
    assert find_connector("aws-ses-mail") is AwsSesConnector


def test_installed_connectors_are_listed_without_importing_them(acme: str) -> None:
    """A broken installation does not affect the others."""
    assert ENTRY_POINT_GROUP == "connector_kit.connectors"
    found = installed_connectors()
    assert list(found) == sorted(found)
    assert {"acme-mail", "zebra-mail", "acme-raises", "aws-ses-mail"} <= set(found)
    assert "other" not in found
    assert acme not in sys.modules


def test_installed_connector_is_found_by_id(acme: str) -> None:
    """The entry point gives the class."""
    found = find_connector("acme-mail")
    assert found is sys.modules[acme].Mail
    assert found.metadata.id == "acme-mail"


def test_connector_is_found_by_module_and_class(acme: str) -> None:
    """``package.module:Class``; nested classes, too."""
    assert find_connector(f"{acme}:Mail") is find_connector("acme-mail")
    assert import_object(f"{acme}:Mail.Inner.value") == 1


@pytest.mark.usefixtures("acme")
def test_unknown_id_raises_with_a_suggestion() -> None:
    """The message names the closest id, all ids, and the other way to name a connector."""
    with pytest.raises(ConnectorNotFoundError) as caught:
        find_connector("acme-mial")
    message = str(caught.value)
    assert "No installed connector has the id 'acme-mial' (did you mean 'acme-mail'?)." in message
    assert "aws-ses-mail" in message
    assert "package.module:Class" in message
    with pytest.raises(ConnectorNotFoundError) as caught:
        find_connector("qqqqqq")
    assert "did you mean" not in str(caught.value)


def test_error_lists_none_if_nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty list is written as "none"."""
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ConnectorNotFoundError, match=r"Installed: none\."):
        find_connector("acme-mail")


@pytest.mark.parametrize(
    ("connector_id", "message"),
    [
        ("acme-no-module", "ModuleNotFoundError: No module named 'acme_that_is_not_there'"),
        ("acme-no-class", "AttributeError"),
        ("acme-raises", "RuntimeError: half installed"),
        ("acme-exits", "SystemExit: no licence"),
        ("acme-stops", "Stop: now"),
    ],
)
@pytest.mark.usefixtures("acme")
def test_broken_installation_raises_with_its_cause(connector_id: str, message: str) -> None:
    """It is installed, but its import fails: the cause is named and chained."""
    with pytest.raises(ConnectorNotFoundError) as caught:
        find_connector(connector_id)
    assert f"The connector '{connector_id}' is installed, but its import fails: {message}" in str(caught.value)
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("target", ["acme-interrupted", "acme_interrupted:Mail"])
@pytest.mark.usefixtures("acme")
def test_the_user_can_interrupt_an_import(target: str) -> None:
    """It is not an error of the connector."""
    with pytest.raises(KeyboardInterrupt):
        find_connector(target)


@pytest.mark.parametrize(
    "target",
    [
        "acme_that_is_not_there:Mail",
        "acme_of_this_test:Male",
        "acme_that_raises:Mail",
        "acme_that_exits:Mail",
        "acme_that_stops:Mail",
        ":Mail",
        "json:",
        ".:x",
    ],
)
@pytest.mark.usefixtures("acme")
def test_invalid_name_raises_connector_not_found(target: str) -> None:
    """Any invalid name gives the same chained error with the expected format."""
    with pytest.raises(ConnectorNotFoundError, match=r"Expected package\.module:Class") as caught:
        find_connector(target)
    assert caught.value.__cause__ is not None


METADATA = ConnectorMetadata(id="a", target="b", name={"en": "c"}, description={"en": "d"}, logo="e", readme="f")


class Valid(EmailConnector[Any]):
    """A valid connector class."""

    metadata = METADATA
    config_guard = Guard({}, dict)


def _class(**members: object) -> type:
    return type("Acme", (EmailConnector,), {"metadata": METADATA, "config_guard": Guard({}, dict), **members})


BAD_NAME = ConnectorMetadata(id="a", target="b", name={"fr": "c"}, description={"en": "d"}, logo="e", readme="f")


@pytest.mark.parametrize(
    ("found", "code", "message"),
    [
        (None, "unexpected_type", "Expected a subclass of Connector, found None."),
        (int, "unexpected_type", "Expected a subclass of Connector, found <class 'int'>."),
        (Valid(get_config=lambda _: None), "unexpected_type", "Expected a subclass of Connector, found <"),
        (type("Bare", (Connector,), {}), "unexpected_type", "Bare.type must be a ConnectorType."),
        (_class(type="Fax"), "unexpected_type", "Acme.type must be a ConnectorType."),
        (_class(type=[]), "unexpected_type", "Acme.type must be a ConnectorType."),
        (type("Bare", (EmailConnector,), {}), "invalid_metadata", "Bare.metadata must be a ConnectorMetadata."),
        (_class(metadata={"id": "a"}), "invalid_metadata", "Acme.metadata must be a ConnectorMetadata."),
        (_class(metadata=BAD_NAME), "invalid_metadata", '"$.name.en"'),
        (
            _class(metadata=evolve(METADATA, form_items=[{"key": "a"}])),
            "invalid_metadata",
            "has members of another type",
        ),
        (
            _class(metadata=evolve(METADATA, form_items=5)),
            "invalid_metadata",
            "TypeError: 'int' object is not iterable",
        ),
        (_class(config_guard=None), "invalid_config_guard", "Acme.config_guard must be a Guard."),
        (
            type("Bare", (EmailConnector,), {"metadata": METADATA}),
            "invalid_config_guard",
            "Bare.config_guard must be a Guard.",
        ),
    ],
)
def test_invalid_class_raises_the_code_of_logtos_loader(found: object, code: str, message: str) -> None:
    """Type, metadata and guard, in this order."""
    with pytest.raises(ConnectorError) as caught:
        check_connector_class(found)
    assert caught.value.code == code
    assert message in str(caught.value)


def test_valid_class_passes() -> None:
    """Nothing is raised or constructed; the type can be a plain string."""
    check_connector_class(Valid)
    check_connector_class(_class(type="Sms"))
    assert ConnectorType.SMS == "Sms"


@pytest.mark.usefixtures("acme")
def test_found_object_is_checked() -> None:
    """An entry point to another object is not a connector."""
    with pytest.raises(ConnectorError) as caught:
        find_connector("acme-not-a-connector")
    assert caught.value.code is ConnectorErrorCodes.UNEXPECTED_TYPE


@pytest.mark.usefixtures("acme")
def test_entry_point_name_must_equal_the_id() -> None:
    """Otherwise a connector would have two ids."""
    with pytest.raises(ConnectorError, match="The entry point is named acme-other-name, but") as caught:
        find_connector("acme-other-name")
    assert caught.value.code is ConnectorErrorCodes.INVALID_METADATA
