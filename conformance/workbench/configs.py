"""Configs on their way to the page and back: saved secrets never reach the page, which has markers instead of them."""

import hmac
import json
import re
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from conformance.workbench.loaded_connector import LoadedConnector
from connector_kit.folder_writing import write_file
from connector_kit.issues import Issue, Location
from connector_kit.json_files import JsonFileError, parse_json_bytes, read_file
from connector_kit.redaction import replace_config_secrets
from connector_kit.wire import to_json

_MARKER: Final = re.compile(r"\[saved secret [0-9a-f]{16}\]")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class ConfigError(Exception):
    """A config cannot be read or saved; the message states why, without any value."""


@frozen
class ConfigSource:
    """Where the config of a workbench is.

    Args:
        file: a JSON file; ``None`` without ``--config``.
        key: makes the markers of the file's secrets.
    """

    file: Path | None
    key: bytes = field(repr=False)

    def read(self) -> dict[str, Any] | None:
        """Return the saved config; ``None`` before the first save.

        Raises:
            ConfigError: the file cannot be read, or does not contain a JSON object.
        """
        if self.file is None or not self.file.exists():
            return None
        name = str(self.file)
        try:
            config = parse_json_bytes(read_file(self.file, name), name)
        except JsonFileError as error:
            raise ConfigError(f"{error}.") from None
        if not isinstance(config, dict):
            raise ConfigError(f"{name} does not contain a JSON object.")
        return config

    def marker(self, secret: str | float) -> str:
        """Return what the page has instead of a saved secret: the same for the same secret, in this run only."""
        digest = hmac.digest(self.key, repr(secret).encode("utf-8", "surrogatepass"), "sha256")
        return f"[saved secret {digest.hex()[:16]}]"

    def save(self, config: dict[str, Any]) -> None:
        """Write a config to the file, in one step; a new file can be read by its owner only.

        Raises:
            ConfigError: the workbench has no ``--config``, or the file cannot be written or read.
        """
        if self.file is None:
            raise ConfigError("The config cannot be saved without a file: start connector-kit dev with --config FILE.")
        self.read()
        text = json.dumps(config, indent=2, ensure_ascii=False)
        # UTF-8 has no lone surrogates: JSON escapes them.
        text = _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
        try:
            write_file(self.file.resolve(), f"{text}\n".encode(), private=True)
        except OSError as error:
            raise ConfigError(f"{self.file} cannot be written: {error.strerror}.") from None


def open_form(loaded: LoadedConnector, source: ConfigSource) -> dict[str, Any]:
    """Return the form, and the saved config without its secrets.

    Returns:
        ``items``: the form items as Logto's API has them, or ``None`` for a connector that has a template instead;
        ``template``: that text, if it has one; ``config``: the saved config, with a marker for each secret, or ``None``;
        ``example``: the config of the connector's declaration, or ``None``; ``error``: why the file cannot be used.
    """
    metadata = to_json(loaded.connector.metadata)
    form = {
        "items": metadata.get("formItems"),
        "template": metadata.get("configTemplate"),
        # Its secrets are made up, and in the source code.
        "example": None if loaded.spec is None else deepcopy(dict(loaded.spec.valid_config)),
    }
    try:
        saved = source.read()
        masked = None if saved is None else replace_config_secrets(loaded.connector, saved, source.marker)
    except ConfigError as error:
        return {**form, "config": None, "error": str(error)}
    except RecursionError:
        return {**form, "config": None, "error": f"{source.file} is nested too deeply."}
    return {**form, "config": masked, "error": None}


def with_secrets(loaded: LoadedConnector, source: ConfigSource, config: Any) -> tuple[Any, list[Issue]]:
    """Return a config of the page with the saved secrets in place of their markers.

    Returns:
        The config, and an error for each marker whose secret is not in the file any more.

    Raises:
        ConfigError: the file cannot be read, or a config is nested too deeply.
    """
    secrets: dict[str, object] = {}

    def remember(secret: str | float) -> object:
        secrets[source.marker(secret)] = secret
        return secret

    issues: list[Issue] = []

    def restore(value: object, location: Location) -> object:
        if not isinstance(value, str) or not _MARKER.fullmatch(value):
            return value
        if value not in secrets:
            issues.append(
                Issue(location, "saved-secret", "this saved secret is not in the file any more: enter it again")
            )
        return secrets.get(value, value)

    try:
        replace_config_secrets(loaded.connector, source.read(), remember)
        return _map_leaves(config, restore), issues
    except RecursionError:
        raise ConfigError("The config is nested too deeply.") from None


def _map_leaves(value: Any, change: Callable[[Any, Location], Any], location: Location = ()) -> Any:
    """Return a JSON value whose texts, numbers, booleans and nulls are changed."""
    if isinstance(value, dict):
        return {key: _map_leaves(member, change, (*location, key)) for key, member in value.items()}
    if isinstance(value, list):
        return [_map_leaves(item, change, (*location, index)) for index, item in enumerate(value)]
    return change(value, location)


def check_config(loaded: LoadedConnector, source: ConfigSource, config: Any) -> list[dict[str, Any]]:
    """Return the issues of a config of the page: those of `connector-kit validate`, and those of its markers.

    Returns:
        For each issue ``path``, ``location``, ``keyword``, ``message`` and ``severity``.
    """
    try:
        complete, lost = with_secrets(loaded, source, config)
        issues = [*lost, *loaded.connector.config_guard.issues(complete)]
    except ConfigError as error:
        issues = [Issue((), "file", str(error))]
    return [{**issue.to_json(), "location": list(issue.location)} for issue in issues]


def save_config(loaded: LoadedConnector, source: ConfigSource, config: Any) -> dict[str, Any]:
    """Save a config of the page, and return the form as `open_form` does.

    Raises:
        ConfigError: it cannot be saved.
    """
    if not isinstance(config, dict):
        raise ConfigError("The config is not a JSON object.")
    complete, lost = with_secrets(loaded, source, config)
    if lost:
        raise ConfigError(f"{lost[0].path}: {lost[0].message}.")
    source.save(complete)
    return open_form(loaded, source)
