"""The connector that the workbench shows, as its process has imported it."""

import site
import sys
import sysconfig
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from attrs import frozen

from conformance.spec import Spec, SpecError, spec_of
from connector_kit import Connector, ConnectorError, ConnectorNotFoundError, find_connector
from connector_kit.discovery import check_connector_class, import_object


class ConnectorLoadError(Exception):
    """The connector cannot be imported, or Logto would not load it; the message states why."""


@frozen
class LoadedConnector:
    """A connector, and what the workbench needs to try it.

    Args:
        connector: the class.
        spec: what the suite knows about it, with its stub; ``None`` if it has none.
        spec_error: why there is no Spec.
    """

    connector: type[Connector[Any]]
    spec: Spec | None = None
    spec_error: str = ""


@cache
def load(target: str) -> LoadedConnector:
    """Import a connector, once in a process.

    Args:
        target: the id of an installed connector, ``module:Class``, or ``module:spec``.

    Raises:
        ConnectorLoadError: no connector has this name, or its import fails.
    """
    try:
        if ":" in target and isinstance(found := import_object(target), Spec):
            check_connector_class(found.connector)
            return LoadedConnector(found.connector, found)
        connector = find_connector(target)
    except (ConnectorNotFoundError, SpecError) as error:
        raise ConnectorLoadError(str(error)) from None
    except ConnectorError as error:
        raise ConnectorLoadError(f"{target} is not a connector that Logto can load: {error}") from None
    try:
        return LoadedConnector(connector, spec_of(connector))
    except SpecError as error:
        return LoadedConnector(connector, None, str(error))


def source_folders(_: LoadedConnector) -> list[str]:
    """Return the folders of the imported modules that are not installed, packages with all their subfolders.

    A change in one of them may change the connector. Installed packages do not change while an author works.
    """
    installed = {*site.getsitepackages(), site.getusersitepackages(), *sysconfig.get_paths().values(), sys.prefix}
    parents = [Path(it) for it in installed]
    folders: set[Path] = set()
    for module in list(sys.modules.values()):
        file = getattr(module, "__file__", None)
        if file is None or any(Path(file).is_relative_to(parent) for parent in parents):
            continue
        folder = Path(file).resolve().parent
        folders |= {folder, *_subfolders(folder)} if hasattr(module, "__path__") else {folder}
    return sorted(map(str, folders))


def _subfolders(folder: Path) -> Iterable[Path]:
    return (it for it in folder.rglob("*") if it.is_dir() and it.name != "__pycache__")
