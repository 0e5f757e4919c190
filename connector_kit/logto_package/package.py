"""The npm package of one connector: which files it has, and what stands in them."""

import inspect
import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from attrs import evolve, field, frozen

from connector_kit.connector import Connector, MessageConnector
from connector_kit.logto_package.config_schema import UncompilableSchemaError, compile_schema
from connector_kit.metadata import ConnectorConfigFormItem, ConnectorConfigFormItemType, ConnectorMetadata
from connector_kit.schemas import UnknownSchemaError
from connector_kit.wire import frozen_mapping, to_json

KIT_RANGE: Final = "^5.0.0"
"""Which editions of ``@logto/connector-kit`` a package says that it fits; Logto skips one that does not fit its own."""

ENDPOINT: Final = "hostEndpoint"
TOKEN: Final = "hostToken"  # noqa: S105 - the name of a config key
MARKER: Final = "logtoConnectorKit"
"""The member of ``package.json`` that tells a package of ours from any other folder."""

_PREFIX: Final = "connector-"
_LONGEST_ID: Final = 128
_LONGEST_FILE_NAME: Final = 200
_LOGO_SUFFIXES: Final = (".svg", ".png")
_PACKAGE_NAME: Final = re.compile(r"(?:@[a-z0-9~-][a-z0-9._~-]*/)?connector-[a-z0-9._~-]+")
_VERSION: Final = re.compile(r"(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?")
_RELEASE: Final = re.compile(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?")

_HOST_ITEMS: Final = (
    ConnectorConfigFormItem(
        type=ConnectorConfigFormItemType.TEXT,
        key=ENDPOINT,
        label="Host endpoint",
        placeholder="<http://127.0.0.1:8085>",
        required=False,
        description="Where the host of this connector listens. Empty: LOGTO_CONNECTOR_HOST_ENDPOINT of the environment.",
    ),
    ConnectorConfigFormItem(
        type=ConnectorConfigFormItemType.TEXT,
        key=TOKEN,
        label="Host token",
        placeholder="<host-token>",
        required=False,
        is_confidential=True,
        description="The token of the host. Empty, with an empty endpoint: LOGTO_CONNECTOR_HOST_TOKEN of the environment.",
    ),
)

_ABOUT_THE_HOST: Final = """

## The host of this connector

This connector is written in Python and runs outside of Logto, in a host. `connector-kit serve` starts one. Two items of
the form say how Logto reaches it:

- **Host endpoint**: the URL that the host listens on, as Logto's machine sees it, such as `http://127.0.0.1:8085`.
- **Host token**: the token that the host was started with.

Leave both empty to take them from the environment of Logto: `LOGTO_CONNECTOR_HOST_ENDPOINT` and
`LOGTO_CONNECTOR_HOST_TOKEN`. The token of the environment is sent to the endpoint of the environment only.

All other items of the form travel to the host with each message. Use HTTPS, or a network that nobody else can read.
"""


class PackagingError(ValueError):
    """No npm package can be made of a connector; the message says why, and what to do."""


def _frozen(contents: Mapping[str, bytes]) -> Mapping[str, bytes]:
    return frozen_mapping(contents)


@frozen
class LogtoPackage:
    """An npm package that Logto loads as a connector.

    Args:
        name: of the package; its last part begins with ``connector-``, or Logto would not look at it.
        version: of the package.
        connector_id: the id that Logto knows the connector by.
        display_name: what Console shows, in English.
        files: by path inside the package.
    """

    name: str
    version: str
    connector_id: str
    display_name: str
    files: Mapping[str, bytes] = field(repr=False, converter=_frozen)


def build_package(
    connector: type[Connector[Any]],
    *,
    connector_id: str | None = None,
    name: str | None = None,
    version: str = "0.0.0",
    kit_range: str = KIT_RANGE,
) -> LogtoPackage:
    """Make the npm package of a connector that a host serves.

    Args:
        connector: an e-mail or SMS connector.
        connector_id: what Logto shall know it by. Left out, it is ``python-`` and the connector's own id: Logto comes
            with official connectors, and of two with one id it uses the first.
        name: of the package; ``connector-`` and the id where left out.
        version: of the package. One of Python's is cut down to what npm takes.
        kit_range: which editions of ``@logto/connector-kit`` it fits, as npm writes ranges.

    Raises:
        PackagingError: it is a social connector, or its metadata, files or schema cannot be packaged.
    """
    if not issubclass(connector, MessageConnector):
        raise PackagingError(f"a {connector.type} connector cannot be hosted: only e-mail and SMS connectors can")
    own = connector.metadata
    chosen_id = connector_id or f"python-{own.id}"
    if len(chosen_id) > _LONGEST_ID:
        raise PackagingError(f"the id {chosen_id!r} is too long: Logto takes up to {_LONGEST_ID} characters")
    chosen_name = name or _PREFIX + re.sub(r"[^a-z0-9._~-]+", "-", chosen_id.lower())
    if _PACKAGE_NAME.fullmatch(chosen_name) is None:
        raise PackagingError(
            f"{chosen_name!r} is no name for the package: it must be connector-… or @scope/connector-…, in lower case",
        )
    schemas = _compiled_schema(connector)
    _check_keys(connector)
    contents: dict[str, bytes] = {}
    metadata = _package_assets(connector, contents)
    if chosen_id != own.id:
        metadata = evolve(metadata, name={tag: f"{phrase} (Python)" for tag, phrase in own.name.items()})
    metadata = evolve(metadata, id=chosen_id, form_items=(*_HOST_ITEMS, *(own.form_items or ())))
    chosen_version = _npm_version(version)
    manifest = {
        "name": chosen_name,
        "version": chosen_version,
        "description": f"{own.description['en']} Hosted by connector-kit serve.",
        "type": "module",
        "main": "./lib/index.js",
        "exports": "./lib/index.js",
        "files": sorted({path.partition("/")[0] for path in contents} | {"lib"}),
        "engines": {"node": ">=20"},
        "dependencies": {"@logto/connector-kit": kit_range},
        MARKER: {"connector": own.id},
    }
    settings = {
        "type": connector.type,
        "hostedId": own.id,
        "tellsUsage": connector.get_usage is not MessageConnector.get_usage,
        "metadata": to_json(metadata),
        "configSchemas": schemas,
    }
    contents["package.json"] = _json(manifest)
    contents["lib/connector.json"] = _json(settings)
    for file in files("connector_kit.logto_package").joinpath("npm").iterdir():
        contents[f"lib/{file.name}"] = file.read_bytes()
    return LogtoPackage(chosen_name, chosen_version, chosen_id, metadata.name["en"], contents)


def _check_keys(connector: type[Connector[Any]]) -> None:
    taken = {item.key for item in connector.metadata.form_items or ()}
    taken |= connector.config_guard.schema.get("properties", {}).keys()
    for key in (ENDPOINT, TOKEN):
        if key in taken:
            raise PackagingError(f"its config has a key {key!r} of its own, which the package needs for the host")


def _compiled_schema(connector: type[Connector[Any]]) -> list[Any]:
    try:
        return compile_schema(connector.config_guard.schema)
    except (UncompilableSchemaError, UnknownSchemaError) as error:
        raise PackagingError(str(error).rstrip(".")) from error


def _package_assets(connector: type[Connector[Any]], contents: dict[str, bytes]) -> ConnectorMetadata:
    """Put logos and README into the package, and return metadata that names them as they are there."""
    own = connector.metadata
    readme = _text(connector, own.readme, "readme")
    contents["README.md"] = (readme.rstrip() + _ABOUT_THE_HOST).encode("utf-8", "surrogatepass")
    return evolve(
        own,
        logo=_logo(connector, own.logo, "logo", contents),
        logo_dark=own.logo_dark and _logo(connector, own.logo_dark, "logo-dark", contents),
        readme="./README.md",
        config_template=own.config_template and _text(connector, own.config_template, "configTemplate"),
    )


def _logo(connector: type[Connector[Any]], named: str, name: str, contents: dict[str, bytes]) -> str:
    if named.startswith(("http://", "https://", "data:")):
        return named
    file = _beside(connector, named)
    suffix = Path(named).suffix.lower()
    if suffix not in _LOGO_SUFFIXES:
        raise PackagingError(f"its {name} is {named!r}: Logto takes .svg and .png files, or a URL")
    if file is None:
        raise PackagingError(f"its {name} is {named!r}, and there is no such file beside the connector")
    contents[name + suffix] = file.read_bytes()
    return f"./{name}{suffix}"


def _text(connector: type[Connector[Any]], named: str, name: str) -> str:
    """Return a text that is given as it is, or as the name of a file beside the connector."""
    file = _beside(connector, named)
    if file is None:
        if named.startswith("./"):
            raise PackagingError(f"its {name} is {named!r}, and there is no such file beside the connector")
        return named
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise PackagingError(f"its {name} is {named!r}, which is not in UTF-8") from error


def _beside(connector: type[Connector[Any]], named: str) -> Path | None:
    """Find a file beside the module of a connector."""
    if not named or "\n" in named or len(named) > _LONGEST_FILE_NAME:
        return None
    try:
        file = Path(inspect.getfile(connector)).parent / named
    except (OSError, TypeError):
        return None
    return file if file.is_file() else None


def _npm_version(version: str) -> str:
    """Return a version as npm takes it: one of Python's may have fewer numbers, or letters after them."""
    if _VERSION.fullmatch(version):
        return version
    release = _RELEASE.match(version)
    if release is None:
        raise PackagingError(f"{version!r} is no version: give three numbers, as in 1.0.0")
    return ".".join(str(int(number or 0)) for number in release.groups())


def _json(value: object) -> bytes:
    # Escaped beyond ASCII: a text may hold a lone surrogate, which UTF-8 has no form for.
    return f"{json.dumps(value, indent=2)}\n".encode("ascii")
