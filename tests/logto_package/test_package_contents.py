"""The contents of an npm package, and the connectors that cannot be packaged."""

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import attrs
import pytest
from attrs import evolve

from connector_kit import (
    Connector,
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorErrorCodes,
    ConnectorMetadata,
    ConnectorPlatform,
    ConnectorType,
    EmailConnector,
    Guard,
    SocialConnector,
)
from connector_kit.connectors.aws_ses import AwsSesConnector
from connector_kit.host.settings import HostSettings
from connector_kit.logto_package.package import ENDPOINT, KIT_RANGE, TOKEN, LogtoPackage, PackagingError, build_package
from tests.cli.connectors.acme_connectors import AcmeNoSchema
from tests.docs.markdown import DOCS
from tests.interop.logto.acme_sms import AcmeSms
from tests.logto_package.javascript import NPM

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


def _connector(schema: dict[str, Any] = _SCHEMA, **changes: Any) -> type[_Email]:
    class AcmeMail(_Email):
        metadata: ClassVar[ConnectorMetadata] = evolve(_METADATA, **changes)
        config_guard: ClassVar[Guard[Any]] = Guard(schema, dict)

    return AcmeMail


def _json(content: bytes) -> Any:
    return json.loads(content)


def _settings(package: LogtoPackage) -> Any:
    return _json(package.files["lib/connector.json"])


def test_ses_package_has_all_files_and_a_manifest() -> None:
    """The manifest has the members that Logto's loader reads."""
    package = build_package(AwsSesConnector, version="1.2.3")
    assert package.name == "connector-python-aws-ses-mail"
    assert package.connector_id == "python-aws-ses-mail"
    assert set(package.files) == {
        *("package.json", "README.md", "logo.svg", "logo-dark.svg", "lib/connector.json"),
        *("lib/index.js", "lib/host.js", "lib/config-guard.js", "lib/json-schema.js", "lib/social.js"),
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


def test_javascript_imports_only_logtos_kit() -> None:
    """Logto's `connector add` command does not install the dependencies of a connector."""
    imported = {
        line.rpartition(" from ")[2].strip("';")
        for file in NPM.iterdir()
        for line in file.read_text(encoding="utf-8").splitlines()
        if line.startswith("import ")
    }
    assert {name for name in imported if not name.startswith(("node:", "./"))} == {"@logto/connector-kit"}


def test_javascript_and_python_use_the_same_keys_for_the_host() -> None:
    """The guard separates the keys of these form fields from the provider's config."""
    code = (NPM / "config-guard.js").read_text(encoding="utf-8")
    assert f"ENDPOINT = '{ENDPOINT}'" in code
    assert f"TOKEN = '{TOKEN}'" in code


def test_deadline_exceeds_the_hosts_and_is_in_the_guide() -> None:
    """The host's own timeout response must arrive in time; Logto's Console gives up after 20 seconds."""
    deadline = re.search(
        r"^const DEADLINE = (\d+)_(\d+);$", (NPM / "host.js").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert deadline is not None
    seconds = int("".join(deadline.groups())) / 1000
    default = attrs.fields(HostSettings).deadline_seconds.default
    assert default < seconds < 15
    assert f"a failure after {seconds} seconds" in (DOCS / "guides" / "logto.md").read_text(encoding="utf-8")


def test_guide_states_the_default_kit_range() -> None:
    """It also states with which version of Logto the range begins; change that with it."""
    guide = (DOCS / "guides" / "logto.md").read_text(encoding="utf-8")
    assert f"declares the range `{KIT_RANGE}` of `@logto/connector-kit`, which begins with Logto 1.38.0" in " ".join(
        guide.split()
    )


def test_package_has_the_message_of_each_error_code() -> None:
    """A code without a message would reach Logto as ``general``."""
    settings = json.loads(build_package(AwsSesConnector).files["lib/connector.json"])
    assert settings["messages"] == {str(code): code.user_message for code in ConnectorErrorCodes}


def test_readme_is_the_connectors_with_a_section_about_the_host() -> None:
    """Console shows it. Links to files that are not in the package become text."""
    readme = build_package(AwsSesConnector).files["README.md"].decode("utf-8")
    own = (Path(NPM).parents[1] / "connectors" / "aws_ses" / "README.md").read_text(encoding="utf-8")
    for language in ("Español", "Português (Brasil)"):
        own = re.sub(rf"\[({re.escape(language)})\]\(README[^)]*\)", r"\1", own)
    assert "](README" not in own
    assert readme.startswith(own.rstrip())
    assert "LOGTO_CONNECTOR_HOST_ENDPOINT" in readme


def test_name_is_marked_as_python_unless_the_id_is_the_connectors_own() -> None:
    """With an id of its own, the connector may be next to an official one of the same name."""
    own = build_package(_connector(), connector_id="acme-mail")
    other = build_package(_connector())
    assert (own.display_name, other.display_name) == ("Acme", "Acme (Python)")
    assert _json(own.files["lib/connector.json"])["hostedId"] == "acme-mail"
    assert _json(other.files["lib/connector.json"])["metadata"]["id"] == "python-acme-mail"


def test_get_usage_exists_if_the_connector_overrides_it() -> None:
    """The method of the base class only raises not_implemented."""
    assert _settings(build_package(AcmeSms))["methods"] == ["sendMessage", "getUsage"]
    assert _settings(build_package(_connector()))["methods"] == ["sendMessage"]


def test_logo_urls_and_data_uris_are_unchanged() -> None:
    """They are not files, so the package has no logo files."""
    package = build_package(_connector(logo_dark="data:image/svg+xml;base64,PHN2Zy8+"))
    metadata = _json(package.files["lib/connector.json"])["metadata"]
    assert metadata["logo"] == "https://example.com/logo.svg"
    assert metadata["logoDark"] == "data:image/svg+xml;base64,PHN2Zy8+"
    assert not [path for path in package.files if path.startswith("logo")]


def test_config_template_is_included_as_text() -> None:
    """The metadata holds the text, or the name of a file next to the connector."""
    text = build_package(_connector(config_template='{"key": "<key>"}'))
    assert _json(text.files["lib/connector.json"])["metadata"]["configTemplate"] == '{"key": "<key>"}'
    file = build_package(_connector(config_template="javascript.py"))
    assert "def search" in _json(file.files["lib/connector.json"])["metadata"]["configTemplate"]


def test_lone_surrogates_in_texts_are_kept() -> None:
    """A name or a README may contain half a surrogate pair."""
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
def test_python_version_becomes_an_npm_version(python: str, npm: str) -> None:
    """Npm requires three numbers without leading zeros, and its own syntax for a suffix."""
    assert build_package(_connector(), version=python).version == npm


def test_package_name_is_derived_from_the_id_or_given() -> None:
    """Logto loads packages named connector-… or @scope/connector-…; npm requires lower case."""
    assert build_package(_connector(), connector_id="Acme Mail/2").name == "connector-acme-mail-2"
    assert build_package(_connector(), name="@acme/connector-mail").name == "@acme/connector-mail"


class _NoPlatform(SocialConnector[dict[str, Any]]):
    metadata: ClassVar[ConnectorMetadata] = _METADATA
    config_guard: ClassVar[Guard[Any]] = Guard(_SCHEMA, dict)


class _Login(_NoPlatform):
    metadata: ClassVar[ConnectorMetadata] = evolve(_METADATA, platform=ConnectorPlatform.WEB, is_standard=True)


class _SamlLogin(_Login):
    def validate_saml_assertion(self, *_: object) -> str:
        return ""


class _TokenLogin(_Login):
    def get_token_response_and_user_info(self, *_: object) -> Any:
        return None

    def get_access_token_by_refresh_token(self, refresh_token: str) -> Any:
        return refresh_token


def test_social_package_has_the_methods_that_the_connector_has() -> None:
    """Logto decides by them, for example whether it can refresh a token."""
    required = ["getAuthorizationUri", "getUserInfo"]
    assert _settings(build_package(_Login))["methods"] == required
    assert _settings(build_package(_SamlLogin))["methods"] == [*required, "validateSamlAssertion"]
    assert _settings(build_package(_TokenLogin))["methods"] == [
        *required,
        "getTokenResponseAndUserInfo",
        "getAccessTokenByRefreshToken",
    ]


def test_social_package_keeps_name_target_platform_and_standard() -> None:
    """Users read the name on the sign-in button; Logto stores a user's identity by the target."""
    metadata = _settings(build_package(_Login))["metadata"]
    assert metadata["id"] == "python-acme-mail"
    assert metadata["name"] == {"en": "Acme"}
    assert (metadata["target"], metadata["platform"], metadata["isStandard"]) == ("acme", "Web", True)


def test_texts_of_a_social_package_are_about_signing_in() -> None:
    """The README, and the messages that users read."""
    package = build_package(_Login)
    assert "to the host with each sign-in" in package.files["README.md"].decode("utf-8")
    messages = _settings(package)["messages"]
    assert messages == {code: code.sign_in_message for code in ConnectorErrorCodes}
    assert "to the host with each message" in build_package(_connector()).files["README.md"].decode("utf-8")
    assert _settings(build_package(_connector()))["messages"]["general"] == ConnectorErrorCodes.GENERAL.user_message


class _OfNoKind(Connector[dict[str, Any]]):
    type: ClassVar = ConnectorType.EMAIL
    metadata: ClassVar[ConnectorMetadata] = _METADATA
    config_guard: ClassVar[Guard[Any]] = Guard(_SCHEMA, dict)


_ITEM = ConnectorConfigFormItem(type=ConnectorConfigFormItemType.TEXT, key="hostToken", label="Token")

_REJECTED: dict[str, tuple[Callable[[], object], str]] = {
    "social connector without a platform": (lambda: build_package(_NoPlatform), "its metadata has no platform"),
    "connector of no kind": (lambda: build_package(_OfNoKind), "expected a subclass of EmailConnector, SmsConnector"),
    "missing logo": (lambda: build_package(_connector(logo="./none.svg")), "'./none.svg'; there is no such file"),
    "logo of another type": (
        lambda: build_package(_connector(logo="javascript.py")),
        r"Logto accepts \.svg files, \.png files",
    ),
    "missing readme": (lambda: build_package(_connector(readme="./none.md")), "its readme is './none.md'; there is no"),
    "form item": (lambda: build_package(_connector(form_items=(_ITEM,))), "already has a key 'hostToken'"),
    "property": (
        lambda: build_package(_connector({"type": "object", "properties": {"hostEndpoint": {}}})),
        "already has a key 'hostEndpoint'",
    ),
    "schema": (
        lambda: build_package(_connector({"pattern": "(?i)a"})),
        r"in the config schema, the pattern '\(\?i\)a' uses",
    ),
    "unknown schema": (lambda: build_package(AcmeNoSchema), "Unknown schema 'there-is-no-such-schema'"),
    "long id": (
        lambda: build_package(_connector(), connector_id="a" * 129),
        "expected an id of at most 128 characters, found 129",
    ),
    "name": (lambda: build_package(_connector(), name="acme"), "a package name such as connector-acme .* found 'acme'"),
    "upper-case name": (lambda: build_package(_connector(), name="connector-Acme"), "in lower case"),
    "version": (lambda: build_package(_connector(), version="new"), "expected a version such as 1.0.0, found 'new'"),
}


@pytest.mark.parametrize("name", _REJECTED)
def test_unsuitable_connector_or_option_is_rejected_with_the_reason(name: str) -> None:
    """The message states the value that was found and what is accepted."""
    build, reason = _REJECTED[name]
    with pytest.raises(PackagingError, match=reason):
        build()


@pytest.fixture
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder whose module ``acme_module`` contains connectors; beside the folder are files of others."""
    folder = tmp_path / "acme"
    (folder / "docs").mkdir(parents=True)
    module = ModuleType("acme_module")
    module.__file__ = str(folder / "connector.py")
    monkeypatch.setitem(sys.modules, "acme_module", module)
    for file in (tmp_path / "secret", tmp_path / "logo.svg", folder / "docs" / "own.md", folder / "own.svg"):
        file.write_text(f"content of {file.name}", encoding="utf-8")
    (folder / "link.md").symlink_to(tmp_path / "secret")
    (folder / "link.svg").symlink_to(tmp_path / "logo.svg")
    (folder / "inside.svg").symlink_to("own.svg")
    (folder / "folder").symlink_to(tmp_path, target_is_directory=True)
    return folder


def _in_module(**changes: Any) -> type[_Email]:
    return type("Acme", (_connector(**changes),), {"__module__": "acme_module"})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("readme", "../secret"),
        ("readme", "./../secret"),
        ("readme", "docs/../../secret"),
        ("readme", "{parent}/secret"),
        ("readme", "./link.md"),
        ("readme", "folder/secret"),
        ("logo", "../logo.svg"),
        ("logo", "./link.svg"),
        ("logo", "{parent}/logo.svg"),
        ("logo_dark", "folder/logo.svg"),
        ("config_template", "../secret"),
        ("config_template", "{parent}/secret"),
    ],
)
def test_file_outside_the_connectors_folder_is_refused(own_folder: Path, key: str, value: str) -> None:
    """A package must not contain other files of the machine. Neither .. nor an absolute path nor a link leads out."""
    value = value.format(parent=own_folder.parent)
    with pytest.raises(PackagingError) as caught:
        build_package(_in_module(**{key: value}))
    name = {"logo_dark": "logo-dark", "config_template": "configTemplate"}.get(key, key)
    assert str(caught.value).startswith(
        f"its {name} is {value!r}, a file outside the connector's folder {own_folder}: "
    )
    assert "content of" not in str(caught.value)


def test_files_inside_the_connectors_folder_are_packaged(own_folder: Path) -> None:
    """In subfolders, by absolute path and through links, as long as the file itself is inside."""
    package = build_package(
        _in_module(readme="docs/own.md", logo="./inside.svg", logo_dark=str(own_folder / "own.svg"))
    )
    assert package.files["README.md"].startswith(b"content of own.md")
    assert package.files["logo.svg"] == package.files["logo-dark.svg"] == b"content of own.svg"


def test_installation_whose_files_are_links_is_packaged(own_folder: Path, tmp_path: Path) -> None:
    """Some installers link each file of a package, the module too, to a file in their cache."""
    cache = tmp_path / "cache"
    cache.mkdir()
    for name in ("connector.py", "linked.svg"):
        (cache / name).write_text(name, encoding="utf-8")
        (own_folder / name).symlink_to(cache / name)
    assert build_package(_in_module(logo="./linked.svg")).files["logo.svg"] == b"linked.svg"


def test_binary_readme_is_rejected(own_folder: Path) -> None:
    """The message names the file."""
    (own_folder / "README.md").write_bytes(b"\xff\xfe")
    with pytest.raises(PackagingError, match=r"its readme is '\./README\.md', which is not a UTF-8 file"):
        build_package(_in_module(readme="./README.md"))


def test_class_without_a_source_file_cannot_refer_to_files() -> None:
    """A class from an interactive session can have a logo URL, but not a logo file."""
    typed = type("Typed", (_connector(),), {"__module__": "nowhere"})
    assert build_package(typed).files["README.md"].startswith(b"# Acme")
    with_file = type("WithFile", (typed,), {"__module__": "nowhere", "metadata": evolve(_METADATA, logo="./a.svg")})
    with pytest.raises(PackagingError, match="no such file"):
        build_package(with_file)
