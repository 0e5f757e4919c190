"""What stands in the npm package of a connector, and which connectors have none."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import attrs
import pytest
from attrs import evolve

from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorErrorCodes,
    ConnectorMetadata,
    EmailConnector,
    Guard,
    SocialConnector,
)
from connector_kit.connectors.aws_ses import AwsSesConnector
from connector_kit.host.settings import HostSettings
from connector_kit.logto_package.package import ENDPOINT, TOKEN, PackagingError, build_package
from tests.cli.connectors.acme_connectors import AcmeNoSchema
from tests.docs.markdown import DOCS
from tests.interop.logto.acme_sms import AcmeSms
from tests.logto_package.validator import NPM

_Email = EmailConnector[dict[str, Any]]
_SCHEMA: dict[str, Any] = {"title": "Acme", "type": "object"}
_METADATA = ConnectorMetadata(
    id="acme-mail",
    target="acme",
    name={"en": "Acme"},
    description={"en": "Sends through Acme."},
    logo="https://example.com/logo.svg",
    readme="# Acme",
)


def _connector(schema: dict[str, Any] = _SCHEMA, **changes: Any) -> type[_Email]:  # noqa: ANN401 - of the metadata
    class AcmeMail(_Email):
        metadata: ClassVar[ConnectorMetadata] = evolve(_METADATA, **changes)
        config_guard: ClassVar[Guard[Any]] = Guard(schema, dict)

    return AcmeMail


def _json(content: bytes) -> Any:  # noqa: ANN401 - any JSON value
    return json.loads(content)


def test_the_package_of_the_ses_connector_is_complete() -> None:
    """Its manifest is one that Logto's loader takes; its files are the five of the code, two logos and the README."""
    package = build_package(AwsSesConnector, version="1.2.3")
    assert package.name == "connector-python-aws-ses-mail"
    assert package.connector_id == "python-aws-ses-mail"
    assert set(package.files) == {
        *("package.json", "README.md", "logo.svg", "logo-dark.svg", "lib/connector.json"),
        *("lib/index.js", "lib/host.js", "lib/config-guard.js", "lib/json-schema.js"),
    }
    assert _json(package.files["package.json"]) == {
        "name": "connector-python-aws-ses-mail",
        "version": "1.2.3",
        "description": f"{AwsSesConnector.metadata.description['en']} Hosted by connector-kit serve.",
        "type": "module",
        "main": "./lib/index.js",
        "exports": "./lib/index.js",
        "files": ["README.md", "lib", "logo-dark.svg", "logo.svg"],
        "engines": {"node": ">=20"},
        "dependencies": {"@logto/connector-kit": "^5.0.0"},
        "logtoConnectorKit": {"connector": "aws-ses-mail"},
    }


def test_the_code_of_a_package_imports_logtos_kit_and_nothing_else() -> None:
    """Logto's command line installs no dependencies beside a connector, so there must be none."""
    imported = {
        line.rpartition(" from ")[2].strip("';")
        for file in NPM.iterdir()
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("import ")
    }
    assert {name for name in imported if not name.startswith(("node:", "./"))} == {"@logto/connector-kit"}


def test_the_code_and_python_name_the_host_items_alike() -> None:
    """The keys of the form are those that the guard takes out of a config."""
    code = (NPM / "config-guard.js").read_text(encoding="utf-8")
    assert f"ENDPOINT = '{ENDPOINT}'" in code
    assert f"TOKEN = '{TOKEN}'" in code


def test_the_package_waits_longer_than_the_host_and_as_long_as_the_guide_says() -> None:
    """The host's own answer to a provider that hangs has to arrive; Logto's Console gives up after 20 seconds."""
    limit = re.search(r"^const TIME_LIMIT = (\d+)_(\d+);$", (NPM / "host.js").read_text(encoding="utf-8"), re.MULTILINE)
    assert limit is not None
    seconds = int("".join(limit.groups())) / 1000
    default = attrs.fields(HostSettings).deadline_seconds.default
    assert default < seconds < 15
    assert f"a failure after {seconds} seconds" in (DOCS / "guides" / "logto.md").read_text(encoding="utf-8")


def test_the_code_knows_every_code_of_a_connector() -> None:
    """A code that it did not know would arrive as ``general``."""
    code = (NPM / "host.js").read_text(encoding="utf-8").partition("CONNECTOR_MESSAGES = {")[2].partition("};")[0]
    known = re.findall(r"^  (?:\[GENERAL\]|(\w+)): '", code, re.MULTILINE)
    assert [name or "general" for name in known] == list(map(str, ConnectorErrorCodes))


def test_the_readme_is_the_connectors_and_tells_of_the_host() -> None:
    """Whoever opens it in Console finds both."""
    readme = build_package(AwsSesConnector).files["README.md"].decode("utf-8")
    own = (Path(NPM).parents[1] / "connectors" / "aws_ses" / "README.md").read_text(encoding="utf-8")
    assert readme.startswith(own.rstrip())
    assert "LOGTO_CONNECTOR_HOST_ENDPOINT" in readme


def test_under_its_own_id_a_connector_keeps_its_name() -> None:
    """Only beside another of its id it needs a name that tells them apart."""
    own = build_package(_connector(), connector_id="acme-mail")
    other = build_package(_connector())
    assert (own.display_name, other.display_name) == ("Acme", "Acme (Python)")
    assert _json(own.files["lib/connector.json"])["hostedId"] == "acme-mail"
    assert _json(other.files["lib/connector.json"])["metadata"]["id"] == "python-acme-mail"


def test_only_a_connector_that_tells_its_usage_has_get_usage() -> None:
    """The base class's method, which only raises, does not count."""
    assert _json(build_package(AcmeSms).files["lib/connector.json"])["tellsUsage"] is True
    assert _json(build_package(_connector()).files["lib/connector.json"])["tellsUsage"] is False


def test_urls_and_data_uris_stay_as_logos() -> None:
    """They are no files, so there is none of them in the package."""
    package = build_package(_connector(logo_dark="data:image/svg+xml;base64,PHN2Zy8+"))
    metadata = _json(package.files["lib/connector.json"])["metadata"]
    assert metadata["logo"] == "https://example.com/logo.svg"
    assert metadata["logoDark"] == "data:image/svg+xml;base64,PHN2Zy8+"
    assert not [path for path in package.files if path.startswith("logo")]


def test_a_config_template_is_taken_along_as_text() -> None:
    """Whether the metadata has the text or names a file beside the connector."""
    text = build_package(_connector(config_template='{"key": "<key>"}'))
    assert _json(text.files["lib/connector.json"])["metadata"]["configTemplate"] == '{"key": "<key>"}'
    file = build_package(_connector(config_template="validator.py"))
    assert "def searches" in _json(file.files["lib/connector.json"])["metadata"]["configTemplate"]


def test_texts_of_any_characters_survive() -> None:
    """Half a surrogate pair in a name or a README is no reason to fail."""
    package = build_package(_connector(readme="\ud800 é", name={"en": "\ud800"}), connector_id="acme-mail")
    assert _json(package.files["lib/connector.json"])["metadata"]["name"]["en"] == "\ud800"


@pytest.mark.parametrize(
    ("python", "npm"),
    [
        ("1.2.3", "1.2.3"),
        ("1.2.3-rc.1", "1.2.3-rc.1"),
        ("1.2.3rc1", "1.2.3"),
        ("1.2", "1.2.0"),
        ("2", "2.0.0"),
        ("0.1.0.dev3+g12", "0.1.0"),
        ("2026.01.02", "2026.1.2"),
    ],
)
def test_a_version_of_pythons_becomes_one_of_npms(python: str, npm: str) -> None:
    """Three numbers without leading zeros, and what npm takes after them."""
    assert build_package(_connector(), version=python).version == npm


def test_a_name_is_made_of_the_id_or_given() -> None:
    """Logto looks at packages whose last part begins with connector-; npm takes lower case."""
    assert build_package(_connector(), connector_id="Acme Mail/2").name == "connector-acme-mail-2"
    assert build_package(_connector(), name="@acme/connector-mail").name == "@acme/connector-mail"


class _Login(SocialConnector[dict[str, Any]]):
    metadata: ClassVar[ConnectorMetadata] = _METADATA
    config_guard: ClassVar[Guard[Any]] = Guard(_SCHEMA, dict)


_ITEM = ConnectorConfigFormItem(type=ConnectorConfigFormItemType.TEXT, key="hostToken", label="Token")

_REFUSED: dict[str, tuple[Callable[[], object], str]] = {
    "social": (lambda: build_package(_Login), "a Social connector cannot be hosted: only e-mail and SMS"),
    "no logo": (lambda: build_package(_connector(logo="./none.svg")), "'./none.svg', and there is no such file"),
    "odd logo": (lambda: build_package(_connector(logo="validator.py")), r"Logto takes \.svg and \.png"),
    "no readme": (lambda: build_package(_connector(readme="./none.md")), "its readme is './none.md', and there is no"),
    "binary readme": (
        lambda: build_package(_connector(readme="../interop/logto/acme.png")),
        "which is not in UTF-8",
    ),
    "form item": (lambda: build_package(_connector(form_items=(_ITEM,))), "a key 'hostToken' of its own"),
    "property": (
        lambda: build_package(_connector({"type": "object", "properties": {"hostEndpoint": {}}})),
        "a key 'hostEndpoint' of its own",
    ),
    "schema": (lambda: build_package(_connector({"pattern": "(?i)a"})), "cannot be told to JavaScript"),
    "no schema": (lambda: build_package(AcmeNoSchema), "There is no schema named 'there-is-no-such-schema'"),
    "long id": (lambda: build_package(_connector(), connector_id="a" * 129), "too long"),
    "name": (lambda: build_package(_connector(), name="acme"), "must be connector-"),
    "upper-case name": (lambda: build_package(_connector(), name="connector-Acme"), "in lower case"),
    "version": (lambda: build_package(_connector(), version="new"), "'new' is no version"),
}


@pytest.mark.parametrize("name", _REFUSED)
def test_what_cannot_be_packaged_is_refused_with_the_reason(name: str) -> None:
    """The message names what is in the way."""
    build, why = _REFUSED[name]
    with pytest.raises(PackagingError, match=why):
        build()


def test_a_class_of_no_file_has_no_files_beside_it() -> None:
    """One that was typed into an interpreter can be packaged with URLs, and not with the name of a file."""
    typed = type("Typed", (_connector(),), {"__module__": "nowhere"})
    assert build_package(typed).files["README.md"].startswith(b"# Acme")
    with_file = type("WithFile", (typed,), {"__module__": "nowhere", "metadata": evolve(_METADATA, logo="./a.svg")})
    with pytest.raises(PackagingError, match="no such file"):
        build_package(with_file)
