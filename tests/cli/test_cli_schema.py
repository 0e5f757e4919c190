"""``connector-kit schema``."""

import json
from collections.abc import Callable
from types import ModuleType

import pytest
from click.testing import Result

from connector_kit import bundle, schema_names

pytestmark = pytest.mark.usefixtures("acme")


@pytest.mark.parametrize("name", schema_names())
def test_each_schema_is_printed_complete(run: Callable[..., Result], name: str) -> None:
    """A schema is printed with all that it refers to, as JSON with two spaces."""
    result = run("schema", name)
    assert result.exit_code == 0
    assert result.stdout == json.dumps(bundle(name), ensure_ascii=False, indent=2) + "\n"


def test_a_connector_stands_for_the_schema_of_its_config(run: Callable[..., Result], acme: ModuleType) -> None:
    """NAME may be an installed connector or package.module:Class."""
    assert json.loads(run("schema", "aws-ses-mail").stdout) == bundle("aws-ses-config")
    assert json.loads(run("schema", "acme_connectors:AcmeMail").stdout) == acme.SCHEMA


@pytest.mark.parametrize("arguments", [[], ["--list"]])
def test_the_names_are_listed_with_their_titles(run: Callable[..., Result], arguments: list[str]) -> None:
    """Without a NAME all schemas are listed."""
    heading, *lines = run("schema", *arguments).stdout.splitlines()
    assert heading.split() == ["NAME", "TITLE"]
    assert [line.split(maxsplit=1) for line in lines] == [[name, bundle(name)["title"]] for name in schema_names()]


def test_name_and_list_exclude_each_other(run: Callable[..., Result]) -> None:
    """A NAME and --list together mean nothing."""
    result = run("schema", "template", "--list")
    assert result.exit_code == 2
    assert result.stderr.endswith("Error: Give a NAME or --list, not both.\n")


@pytest.mark.parametrize(("name", "hint"), [("aws-ses-cnfig", " Did you mean aws-ses-config?"), ("zzz", "")])
def test_an_unknown_name(run: Callable[..., Result], name: str, hint: str) -> None:
    """An unknown name is answered with the nearest one."""
    result = run("schema", name)
    assert (result.exit_code, result.stdout) == (2, "")
    message = f"There is no schema or connector named '{name}'.{hint} `connector-kit schema` lists the names."
    assert result.stderr == f"Error: {message}\n"


def test_a_guard_without_schema(run: Callable[..., Result]) -> None:
    """A connector whose schema cannot be found is at fault, and is named."""
    result = run("schema", "acme_connectors:AcmeNoSchema")
    assert result.exit_code == 2
    assert "raised UnknownSchemaError" in result.stderr
