"""``connector-kit schema``."""

import json
from collections.abc import Callable
from types import ModuleType

import pytest
from click.testing import Result

from connector_kit import bundle, schema_names

pytestmark = pytest.mark.usefixtures("acme")


@pytest.mark.parametrize("name", schema_names())
def test_schema_is_printed_as_one_document(run: Callable[..., Result], name: str) -> None:
    """The document contains every schema that it refers to, as JSON indented by two spaces."""
    result = run("schema", name)
    assert result.exit_code == 0
    assert result.stdout == json.dumps(bundle(name), ensure_ascii=False, indent=2) + "\n"


def test_connector_prints_the_schema_of_its_config(run: Callable[..., Result], acme: ModuleType) -> None:
    """NAME may be an installed connector or package.module:Class."""
    assert json.loads(run("schema", "aws-ses-mail").stdout) == bundle("aws-ses-config")
    assert json.loads(run("schema", "acme_connectors:AcmeMail").stdout) == acme.SCHEMA


@pytest.mark.parametrize("arguments", [[], ["--list"]])
def test_list_prints_names_and_titles(run: Callable[..., Result], arguments: list[str]) -> None:
    """This is the default without NAME."""
    heading, *lines = run("schema", *arguments).stdout.splitlines()
    assert heading.split() == ["NAME", "TITLE"]
    assert [line.split(maxsplit=1) for line in lines] == [[name, bundle(name)["title"]] for name in schema_names()]


def test_name_with_list_is_a_usage_error(run: Callable[..., Result]) -> None:
    """NAME and ``--list`` exclude each other."""
    result = run("schema", "template", "--list")
    assert result.exit_code == 2
    assert result.stderr.endswith("Error: NAME and --list exclude each other.\n")


@pytest.mark.parametrize(("name", "hint"), [("aws-ses-cnfig", " (did you mean 'aws-ses-config'?)"), ("zzz", "")])
def test_unknown_name_suggests_a_close_one(run: Callable[..., Result], name: str, hint: str) -> None:
    """A name without a close match has no suggestion."""
    result = run("schema", name)
    assert (result.exit_code, result.stdout) == (2, "")
    message = f"no schema or connector has the name '{name}'{hint}. `connector-kit schema` lists the schemas."
    assert result.stderr == f"Error: {message}\n"


def test_guard_without_schema_names_the_connector(run: Callable[..., Result]) -> None:
    """The connector's guard names a schema that does not exist."""
    result = run("schema", "acme_connectors:AcmeNoSchema")
    assert result.exit_code == 2
    assert "raised UnknownSchemaError" in result.stderr
