"""Builds the npm package of one connector: its manifest, its metadata, its logos and README, and the JavaScript code."""

import inspect
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from attrs import evolve, field, frozen

from connector_kit.connector import Connector, MessageConnector, SocialConnector
from connector_kit.errors import ConnectorErrorCodes
from connector_kit.logto_package.config_schema import UnsupportedSchemaError, compile_schema
from connector_kit.logto_package.official_ids import OFFICIAL_IDS
from connector_kit.logto_package.readme import remove_relative_links
from connector_kit.metadata import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorMetadata,
    ConnectorType,
)
from connector_kit.schemas import UnknownSchemaError
from connector_kit.wire import camel_case, frozen_mapping, to_json

KIT_RANGE: Final = "^5.0.0"
"""The default range of ``@logto/connector-kit`` versions. Logto skips a package whose range excludes its own version."""

ENDPOINT: Final = "hostEndpoint"
TOKEN: Final = "hostToken"  # noqa: S105 - the name of a config key
MARKER: Final = "logtoConnectorKit"
"""The member of ``package.json`` that identifies a package written by this kit."""

_MAX_ID_LENGTH: Final = 128
_MAX_FILE_NAME_LENGTH: Final = 200
_LOGO_SUFFIXES: Final = (".svg", ".png")
_PACKAGE_NAME: Final = re.compile(r"(?:@[a-z0-9~-][a-z0-9._~-]*/)?connector-[a-z0-9._~-]+")
_NPM_VERSION: Final = re.compile(r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_PYTHON_RELEASE: Final = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?")

_METHODS: Final[tuple[tuple[Any, tuple[str, ...], tuple[str, ...]], ...]] = (
    (MessageConnector, ("send_message",), ("get_usage",)),
    (
        SocialConnector,
        ("get_authorization_uri", "get_user_info"),
        ("get_token_response_and_user_info", "get_access_token_by_refresh_token", "validate_saml_assertion"),
    ),
)
"""For each kind of connector: the methods that all have, and the optional ones."""

_HOST_ITEMS: Final = (
    ConnectorConfigFormItem(
        type=ConnectorConfigFormItemType.TEXT,
        key=ENDPOINT,
        label="Host endpoint",
        placeholder="<http://127.0.0.1:8085>",
        required=False,
        description="The URL of the connector host. If empty, Logto's environment variable LOGTO_CONNECTOR_HOST_ENDPOINT.",
    ),
    ConnectorConfigFormItem(
        type=ConnectorConfigFormItemType.TEXT,
        key=TOKEN,
        label="Host token",
        placeholder="<host-token>",
        required=False,
        is_confidential=True,
        description="The token of the host. If both fields are empty, the environment variable LOGTO_CONNECTOR_HOST_TOKEN.",
    ),
)

_HOST_SECTION: Final = """

## The host of this connector

This connector is written in Python and runs outside Logto, in a host. The command `connector-kit serve` starts a host.
Two fields of the form configure how Logto reaches it:

- **Host endpoint**: the URL of the host, as seen from Logto, for example `http://127.0.0.1:8085`.
- **Host token**: the token with which the host was started.

If both fields are empty, Logto uses its environment variables `LOGTO_CONNECTOR_HOST_ENDPOINT` and
`LOGTO_CONNECTOR_HOST_TOKEN`. It sends the token of the environment only to the endpoint of the environment.

Logto sends all other fields of the form to the host with each {occasion}. Use HTTPS or a private network.
"""


class PackagingError(ValueError):
    """A connector cannot be packaged; the message states the reason."""


@frozen
class LogtoPackage:
    """An npm package that Logto loads as a connector.

    Args:
        name: the name of the package, such as ``connector-acme`` or ``@acme/connector-mail``.
        version: the version of the package.
        connector_id: the id of the connector in Logto.
        display_name: the English name of the connector in Console.
        files: the content of each file, by its path in the package.
    """

    name: str
    version: str
    connector_id: str
    display_name: str
    files: Mapping[str, bytes] = field(repr=False)


def build_package(
    connector: type[Connector[Any]],
    *,
    connector_id: str | None = None,
    name: str | None = None,
    version: str = "0.0.0",
    kit_range: str = KIT_RANGE,
    allow_official_id: bool = False,
) -> LogtoPackage:
    """Build the npm package of a connector.

    Args:
        connector: the connector.
        connector_id: the connector's id in Logto. The default is ``python-`` and the connector's own id, because Logto
            includes official connectors, and does not start with two connectors of the same id.
        name: the name of the package. The default is ``connector-`` and the id.
        version: the version of the package. A Python version is shortened to a valid npm version.
        kit_range: the supported versions of ``@logto/connector-kit``, as an npm version range.
        allow_official_id: whether the id may be that of one of Logto's own connectors, for a Logto without that one.

    Raises:
        PackagingError: Its id is that of an official connector, it is a social connector without a platform, or its metadata,
            files or config schema cannot be packaged.
    """
    own = connector.metadata
    package_id = connector_id or f"python-{own.id}"
    if len(package_id) > _MAX_ID_LENGTH:
        raise PackagingError(f"expected an id of at most {_MAX_ID_LENGTH} characters, found {len(package_id)}")
    if package_id in OFFICIAL_IDS and not allow_official_id:
        raise PackagingError(
            f"its id in Logto would be {package_id!r}, which one of Logto's own connectors has: Logto does not start with "
            "two connectors of one id. Choose another with --id, or leave --id out for "
            f"'python-{own.id}'. If your Logto does not contain the official connector, add --allow-official-id"
        )
    package_name = name or "connector-" + re.sub(r"[^a-z0-9._~-]+", "-", package_id.lower())
    if _PACKAGE_NAME.fullmatch(package_name) is None:
        raise PackagingError(
            f"expected a package name such as connector-acme or @acme/connector-mail, in lower case; found {package_name!r}"
        )
    package_version = _npm_version(version)
    schemas = _compile_config_schema(connector)
    assets = _Assets(connector)
    metadata = assets.package_metadata()
    if package_id != own.id and connector.type is not ConnectorType.SOCIAL:  # users read the name on a sign-in button
        metadata = evolve(metadata, name={tag: f"{text} (Python)" for tag, text in own.name.items()})
    metadata = evolve(metadata, id=package_id, form_items=(*_HOST_ITEMS, *(own.form_items or ())))
    manifest = {
        "name": package_name,
        "version": package_version,
        "description": f"{own.description['en']} Hosted by connector-kit serve.",
        "type": "module",
        "main": "./lib/index.js",
        "exports": "./lib/index.js",
        "files": sorted({*assets.files, "lib"}),
        "engines": {"node": ">=20"},
        "dependencies": {"@logto/connector-kit": kit_range},
        MARKER: {"connector": own.id},
    }
    settings = {
        "type": connector.type,
        "hostedId": own.id,
        "methods": _methods(connector),
        "metadata": to_json(metadata),
        "configSchemas": schemas,
        "messages": {
            str(code): code.sign_in_message if connector.type is ConnectorType.SOCIAL else code.user_message
            for code in ConnectorErrorCodes
        },
    }
    code = files("connector_kit.logto_package").joinpath("npm").iterdir()
    contents = {
        **assets.files,
        "package.json": _to_json_file(manifest),
        "lib/connector.json": _to_json_file(settings),
        **{f"lib/{file.name}": file.read_bytes() for file in code},
    }
    return LogtoPackage(package_name, package_version, package_id, metadata.name["en"], frozen_mapping(contents))


def _methods(connector: type[Connector[Any]]) -> list[str]:
    """Return the methods of the package: those that every connector of this kind has, and those that this one overrides.

    Raises:
        PackagingError: it is of no kind that a host serves, or a social connector that Logto would not offer.
    """
    if issubclass(connector, SocialConnector) and connector.metadata.platform is None:
        raise PackagingError(
            "its metadata has no platform, and Logto offers social connectors by platform: Native, Universal or Web"
        )
    for base, required, optional in _METHODS:
        if issubclass(connector, base):
            overridden = (name for name in optional if getattr(connector, name) is not getattr(base, name))
            return [camel_case(name) for name in (*required, *overridden)]
    raise PackagingError(
        "expected a subclass of EmailConnector, SmsConnector or SocialConnector: a host serves no other"
    )


def _npm_version(version: str) -> str:
    """Return a version that npm accepts: exactly three numbers, without leading zeros, and a suffix in npm's syntax."""
    if _NPM_VERSION.fullmatch(version):
        return version
    release = _PYTHON_RELEASE.match(version)
    if release is None:
        raise PackagingError(f"expected a version such as 1.0.0, found {version!r}")
    return ".".join(str(int(number or 0)) for number in release.groups())


def _compile_config_schema(connector: type[Connector[Any]]) -> list[Any]:
    try:
        schema = connector.config_guard.schema
        compiled = compile_schema(schema)
    except (UnsupportedSchemaError, UnknownSchemaError) as error:
        raise PackagingError(str(error).rstrip(".")) from error
    keys = schema.get("properties", {}).keys() | {item.key for item in connector.metadata.form_items or ()}
    for key in (ENDPOINT, TOKEN):
        if key in keys:
            raise PackagingError(f"its config already has a key {key!r}, which the package needs for the host")
    return compiled


class _Assets:
    """The files that the metadata of a connector refers to, and their paths in the package."""

    def __init__(self, connector: type[Connector[Any]]) -> None:
        self.files: dict[str, bytes] = {}
        self._metadata = connector.metadata
        self._occasion = "sign-in" if issubclass(connector, SocialConnector) else "message"
        try:
            module: Path | None = Path(inspect.getfile(connector))
        except (OSError, TypeError):
            module = None  # for example, a class that was defined in an interactive session
        self._folder = module and module.parent
        # The second folder differs where the installer has linked each file to its cache.
        self._real_folders = () if module is None else (module.parent.resolve(), module.resolve().parent)

    def package_metadata(self) -> ConnectorMetadata:
        """Add the logos and the README to the files, and return metadata that refers to them."""
        own = self._metadata
        readme = remove_relative_links(self._read_text("readme", own.readme))
        self.files["README.md"] = (readme.rstrip() + _HOST_SECTION.format(occasion=self._occasion)).encode(
            "utf-8", "surrogatepass"
        )
        return evolve(
            own,
            logo=self._add_logo("logo", own.logo),
            logo_dark=own.logo_dark and self._add_logo("logo-dark", own.logo_dark),
            readme="./README.md",
            config_template=own.config_template and self._read_text("configTemplate", own.config_template),
        )

    def _add_logo(self, name: str, value: str) -> str:
        if value.startswith(("http://", "https://", "data:")):
            return value
        suffix = Path(value).suffix.lower()
        if suffix not in _LOGO_SUFFIXES:
            raise PackagingError(f"its {name} is {value!r}; Logto accepts .svg files, .png files and URLs")
        self.files[name + suffix] = self._require_file(name, value).read_bytes()
        return f"./{name}{suffix}"

    def _read_text(self, name: str, value: str) -> str:
        """Return the text of a file next to the connector, or the value itself if it is not the name of a file."""
        file = self._require_file(name, value) if value.startswith("./") else self._find_file(name, value)
        try:
            return value if file is None else file.read_text(encoding="utf-8")
        except UnicodeDecodeError as error:
            raise PackagingError(f"its {name} is {value!r}, which is not a UTF-8 file") from error

    def _require_file(self, name: str, value: str) -> Path:
        file = self._find_file(name, value)
        if file is None:
            raise PackagingError(f"its {name} is {value!r}; there is no such file next to the connector")
        return file

    def _find_file(self, name: str, value: str) -> Path | None:
        """Return a file in the folder of the connector's module.

        Raises:
            PackagingError: The file is outside that folder. Logto would send it to everybody who opens Console.
        """
        if self._folder is None or not value or "\n" in value or len(value) > _MAX_FILE_NAME_LENGTH:
            return None
        file = self._folder / value
        if not file.is_file():
            return None
        if not any(file.resolve().is_relative_to(folder) for folder in self._real_folders):
            raise PackagingError(
                f"its {name} is {value!r}, a file outside the connector's folder {self._folder}: a package contains only "
                "files of that folder; copy the file there, and name it without .. and without links"
            )
        return file


def _to_json_file(value: object) -> bytes:
    # ASCII only, because a text may contain a lone surrogate, which UTF-8 cannot encode.
    return f"{json.dumps(value, indent=2)}\n".encode("ascii")
