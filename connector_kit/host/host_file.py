"""The host.toml: read, checked with everything it refers to, and turned into `HostSettings`."""

import ipaddress
import os
import stat
import sys
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import asdict, define, evolve, field, frozen

from connector_kit.connector import Connector, MessageConnector, SocialConnector
from connector_kit.discovery import ConnectorNotFoundError, find_connector
from connector_kit.errors import ConnectorError
from connector_kit.guards import Guard
from connector_kit.host.settings import HostedSettings, HostSettings, Network, is_loopback, token_error
from connector_kit.issues import Issue, Location
from connector_kit.json_files import JsonFileError, parse_json_bytes, read_file, repeated_keys
from connector_kit.metadata import ConnectorType
from connector_kit.redaction import config_secrets
from connector_kit.warning_rules import unknown_keys, without_ignored

HOSTS_VARIABLE: Final = "CONNECTOR_KIT_HOSTS"
"""The environment variable with the path of the host.toml, for programs without a command line."""

host_config_guard: Final[Guard[Mapping[str, Any]]] = Guard("host-config", Mapping[str, Any], warnings=())
"""Accepts the contents of a host.toml."""


@frozen
class HostFileIssue:
    """An issue of a host.toml, or of something it refers to.

    Args:
        source: the file or environment variable that has the issue.
        issue: the issue; its message never shows a value that may be secret.
    """

    source: str
    issue: Issue

    def __str__(self) -> str:
        """Return source, path and message in one line; of a warning that can be ignored, the keyword too."""
        keyword = f"  [{self.issue.keyword}]" if self.issue.severity == "warning" else ""
        return f"{self.source}: {self.issue.path}: {self.issue.message}{keyword}"


@frozen
class FileState:
    """What changes when a file is changed or replaced: its inode, its size in bytes, its time in nanoseconds.

    All three are ``None`` if the file does not exist.
    """

    inode: int | None = None
    size: int | None = None
    modified: int | None = None

    @classmethod
    def of(cls, path: str) -> "FileState":
        """Return the state of a file."""
        try:
            found = Path(path).stat()
        except (OSError, ValueError):
            return cls()
        return cls(found.st_ino, found.st_size, found.st_mtime_ns)


class HostConfigError(ValueError):
    """A host cannot start.

    Args:
        issues: everything that is wrong.
        files: the files that were read, with their state before.
    """

    def __init__(self, issues: Iterable[HostFileIssue], files: Mapping[str, FileState] | None = None) -> None:
        self.issues = tuple(issues)
        self.files = dict(files or {})
        super().__init__("; ".join(map(str, self.issues)))


@frozen
class Listening:
    """Where the host listens, and with how many processes."""

    host: str = "127.0.0.1"
    port: int = 8085
    workers: int = 1


@frozen
class HostSource:
    """Where the settings of a host come from.

    Args:
        name: the path of the host.toml, or what to call the source in messages.
        folder: relative paths start here.
        document: the contents of a host.toml; ``None``: read them from the file.
        server: replaces values of the ``[server]`` table.
        listens: whether the kit's own server listens; other servers may listen on any address, so they need a token.
    """

    name: str
    folder: Path
    document: Mapping[str, Any] | None = None
    server: Mapping[str, Any] = field(factory=dict)
    listens: bool = True

    @classmethod
    def of_file(cls, path: str, **more: Any) -> "HostSource":
        """Return the source for a host.toml."""
        return cls(path, Path(path).parent, **more)

    def load(self) -> "HostFile":
        """Read and check the host.toml and everything it refers to.

        Raises:
            HostConfigError: with all errors that were found.
        """
        files = {} if self.document is not None else {self.name: FileState.of(self.name)}
        try:
            document = read_host_file(self.name) if self.document is None else self.document
            server = document.get("server", {})
            if isinstance(server, dict):
                document = {**document, "server": {**server, **self.server}}
            host = load_settings(document, source=self.name, folder=self.folder)
            if not self.listens and not host.settings.tokens:
                message = (
                    "allowed only with connector-kit serve, which checks that the host listens on a loopback address"
                )
                raise _error(self.name, message, "server", "insecure_without_token")
        except HostConfigError as error:
            raise HostConfigError(error.issues, {**files, **error.files}) from error
        return evolve(host, source=self, files={**files, **host.files})


_RELOADED: Final = frozenset(
    ("allow_ips", "connectors", "email", "max_body_bytes", "metrics_tokens", "sms", "tokens", "trusted_proxies")
) | {"insecure_without_token"}
"""The settings that a reload changes. The others are those of a process, its threads or its connections."""


@frozen
class HostFile:
    """A host.toml that has been read and checked.

    Args:
        settings: for the application.
        listening: for the server.
        warnings: what is accepted, but is unlikely to work or unsafe.
        files: the files that were read, by their path, with their state before.
        source: where it comes from.
    """

    settings: HostSettings
    listening: Listening
    warnings: tuple[HostFileIssue, ...] = ()
    files: Mapping[str, FileState] = field(factory=dict)
    source: HostSource | None = None

    def reload(self) -> "HostFile":
        """Read all again, for a host that is running.

        Raises:
            HostConfigError: with all errors that were found; also if a setting was changed that needs a restart.
        """
        if self.source is None:
            return self
        host = self.source.load()
        before, after = ({**asdict(it.settings, recurse=False), **asdict(it.listening)} for it in (self, host))
        changed = sorted(name for name in before.keys() - _RELOADED if before[name] != after[name])
        if changed:
            raise HostConfigError(
                (
                    _issue(
                        self.source.name,
                        f"changed from {before[name]} to {after[name]}: restart the host, or change it back",
                        "server",
                        name,
                    )
                    for name in changed
                ),
                host.files,
            )
        return host


def host_from_environment() -> HostFile:
    """Read the file that ``CONNECTOR_KIT_HOSTS`` names, for an ASGI server that does the listening.

    Raises:
        HostConfigError: the variable is not set, something in the file is wrong, or there is no token. A host without
            a token must listen on a loopback address, and this function cannot know the server's address.
    """
    path = os.environ.get(HOSTS_VARIABLE)
    if not path:
        raise _error(f"environment variable {HOSTS_VARIABLE}", "expected the path of a host.toml, found nothing")
    return HostSource.of_file(path, listens=False).load()


def read_host_file(path: str) -> Mapping[str, Any]:
    """Read a host.toml.

    Raises:
        HostConfigError: it cannot be read, or is not TOML.
    """
    try:
        return tomllib.loads(_read_regular_file(Path(path), path).decode("utf-8"))
    except JsonFileError as error:
        raise _error(path, error.reason) from error
    except UnicodeDecodeError:
        raise _error(path, "is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise _error(path, f"is not TOML: {error}") from None


def load_settings(
    document: Mapping[str, Any], *, source: str, folder: Path, environment: Mapping[str, str] | None = None
) -> HostFile:
    """Check the contents of a host.toml and everything they refer to.

    Args:
        document: the contents.
        source: the name of the file in messages: its path.
        folder: relative paths start here.
        environment: the environment variables; by default those of this process.

    Raises:
        HostConfigError: with all errors that were found.
    """
    issues = [*host_config_guard.issues(dict(document), strict=True), *_unknown_connector_keys(document)]
    if issues:
        raise HostConfigError(HostFileIssue(source, issue) for issue in issues)
    return _Loader(source, folder, os.environ if environment is None else environment).load(document)


def _unknown_connector_keys(document: Mapping[str, Any]) -> Iterator[Issue]:
    """Yield the unknown keys of connectors; `unknown_keys` does not look into objects that may have any key."""
    schema = host_config_guard.schema["properties"]["connectors"]["additionalProperties"]
    connectors = document.get("connectors")
    for connector_id, table in connectors.items() if isinstance(connectors, dict) else ():
        for issue in unknown_keys(schema, table):
            yield evolve(issue, location=("connectors", connector_id, *issue.location))


def _issue(source: str, message: str, *location: str | int) -> HostFileIssue:
    return HostFileIssue(source, Issue(location, "host-file", message))


def _error(source: str, message: str, *location: str | int) -> HostConfigError:
    return HostConfigError([_issue(source, message, *location)])


def _read_regular_file(path: Path, name: str) -> bytes:
    """Return the content of a file that can be read again when it changes.

    Raises:
        JsonFileError: it cannot be read, or is a pipe or device, which might never end.
    """
    if path.exists() and not path.is_file():
        raise JsonFileError(name, "is not a regular file: the host reads it again when it changes")
    return read_file(path, name)


def _is_readable_by_others(path: Path) -> bool:
    # On Windows, the bits of the mode say nothing about other users.
    return sys.platform != "win32" and bool(path.stat().st_mode & stat.S_IROTH)


@frozen
class _Config:
    """A connector's config, and where it came from.

    Args:
        value: the config.
        source: the file or environment variable; the host.toml if all values come from ``config_values_from_env``.
        keys_from_environment: the keys that ``config_values_from_env`` sets.
    """

    value: Any = field(repr=False)
    source: str
    keys_from_environment: frozenset[str] = frozenset()

    @property
    def from_file(self) -> Any:
        """The config without the values from the environment."""
        if not self.keys_from_environment:
            return self.value
        return {key: value for key, value in self.value.items() if key not in self.keys_from_environment}


@define
class _Loader:
    """Loads one host.toml and collects its issues."""

    source: str
    folder: Path
    environment: Mapping[str, str] = field(repr=False)
    errors: list[HostFileIssue] = field(factory=list)
    warnings: list[HostFileIssue] = field(factory=list)
    files: dict[str, FileState] = field(factory=dict)

    def load(self, document: Mapping[str, Any]) -> HostFile:
        server = dict(document.get("server", {}))
        listening = Listening(**{name: server.pop(name) for name in ("host", "port", "workers") if name in server})
        connectors = [it for key, table in document["connectors"].items() if (it := self._hosted(key, table))]
        self._check_access(server, listening)
        variables, files = server.pop("token_env", ()), server.pop("token_file", ())
        metrics_variable = server.pop("metrics_token_env", None)
        server["tokens"] = (
            *self._tokens({("server", "token_env", index): it for index, it in enumerate(variables)}, self._variable),
            *self._tokens({("server", "token_file", index): it for index, it in enumerate(files)}, self._secret_text),
        )
        server["metrics_tokens"] = (
            self._tokens({("server", "metrics_token_env"): metrics_variable}, self._variable)
            if metrics_variable
            else ()
        )
        for name in ("allow_ips", "trusted_proxies"):
            server[name] = self._networks(name, server.get(name, ()))
        for name, connector_type in (("email", ConnectorType.EMAIL), ("sms", ConnectorType.SMS)):
            server[name] = self._route(name, connector_type, connectors, server.get(name))
        if self.errors:
            raise HostConfigError(self.errors, self.files)
        settings = HostSettings(connectors=tuple(connectors), **server)
        return HostFile(settings, listening, tuple(self.warnings), self.files)

    def _report(self, message: str, *location: str | int) -> None:
        self.errors.append(_issue(self.source, message, *location))

    # --- who may call ---

    def _tokens(self, names: Mapping[Location, str], read: Callable[..., str | None]) -> tuple[str, ...]:
        """Return the tokens in variables or files.

        Args:
            names: their names, by the location in the host.toml.
            read: returns the text in one of them.
        """
        tokens = []
        for location, name in names.items():
            token = read(name, *location)
            error = None if token is None else token_error(token)
            if error is not None:
                self._report(f"{name} does not hold a usable token: {error}", *location)
            elif token is not None:
                tokens.append(token)
        return tuple(tokens)

    def _check_access(self, server: Mapping[str, Any], listening: Listening) -> None:
        location = ("server", "insecure_without_token")
        is_insecure = server.get("insecure_without_token", False)
        has_tokens = bool(server.get("token_env") or server.get("token_file"))
        if has_tokens and is_insecure:
            self._report("not allowed together with a token: remove one of the two", *location)
        elif not has_tokens and not is_insecure:
            self._report(
                "expected a token, found none: name an environment variable in token_env or a file in token_file. "
                "On a loopback address, insecure_without_token allows requests without a token.",
                "server",
            )
        elif is_insecure and not is_loopback(listening.host):
            self._report("allowed only if the host listens on a loopback address, such as 127.0.0.1", *location)

    def _networks(self, name: str, texts: Iterable[str]) -> tuple[Network, ...]:
        networks = []
        for index, text in enumerate(texts):
            try:
                networks.append(ipaddress.ip_network(text))
            except ValueError as error:
                self._report(f"expected an IP address or a network: {error}", "server", name, index)
        return tuple(networks)

    # --- the hosted connectors ---

    def _hosted(self, connector_id: str, table: Mapping[str, Any]) -> HostedSettings | None:
        connector = self._connector(connector_id, table.get("class"))
        if connector is None:
            return None
        errors_before = len(self.errors)
        config = self._config(connector_id, table)
        if len(self.errors) > errors_before:
            return None
        if config is None:
            return HostedSettings(connector)
        for issue in without_ignored(connector.config_guard.issues(config.value), table.get("ignore_warnings", ())):
            found = self._place(issue, config, connector_id)
            (self.errors if issue.severity == "error" else self.warnings).append(found)
        file = table.get("config_file")
        if file is not None and any(config_secrets(connector, config.from_file)):
            self._check_privacy(file)
        return HostedSettings(connector, config.value)

    def _place(self, issue: Issue, config: _Config, connector_id: str) -> HostFileIssue:
        """Return a config's issue with its source: the file, or the place in the host.toml that sets the value."""
        if config.source != self.source and not config.keys_from_environment.intersection(issue.location[:1]):
            return HostFileIssue(config.source, issue)
        location = ("connectors", connector_id, "config_values_from_env", *issue.location[:1])
        return HostFileIssue(self.source, evolve(issue, location=location))

    def _connector(self, connector_id: str, class_name: str | None) -> type[Connector[Any]] | None:
        location = ("connectors", connector_id)
        try:
            connector = find_connector(class_name or connector_id)
        except ConnectorNotFoundError as error:
            self._report(str(error), *location)
            return None
        except ConnectorError as error:
            self._report(f"not a connector that Logto would load: {error.code}: {error}", *location)
            return None
        if connector.metadata.id != connector_id:
            message = f"expected a connector with the id {connector_id!r}, found {connector.metadata.id!r}"
            self._report(message, *location, "class")
            return None
        if not issubclass(connector, MessageConnector | SocialConnector):
            message = "expected a subclass of EmailConnector, SmsConnector or SocialConnector: a host serves no other"
            self._report(message, *location)
            return None
        return connector

    def _config(self, connector_id: str, table: Mapping[str, Any]) -> _Config | None:
        """Return the config, or ``None`` if there is none or it cannot be read, which is reported."""
        file, variable, values = (table.get(key) for key in ("config_file", "config_env", "config_values_from_env"))
        location = ("connectors", connector_id)
        if file is not None and variable is not None:
            self._report("not allowed together with config_file: remove one of the two", *location, "config_env")
            return None
        config = _Config({}, self.source) if values else None
        if file is not None:
            config = self._parse(self._content(file, *location, "config_file"), str(self.folder / file))
        elif variable is not None:
            text = self._variable(variable, *location, "config_env")
            content = None if text is None else text.encode("utf-8", "surrogateescape")
            config = self._parse(content, f"environment variable {variable}")
        overlay = {
            key: self._variable(name, *location, "config_values_from_env", key) for key, name in (values or {}).items()
        }
        if config is None or not isinstance(config.value, dict):
            return config
        return _Config({**config.value, **overlay}, config.source, frozenset(overlay))

    def _parse(self, content: bytes | None, source: str) -> _Config | None:
        if content is None:
            return None
        try:
            value = parse_json_bytes(content, source)
        except JsonFileError as error:
            self.errors.append(HostFileIssue(source, Issue((), "json", error.reason)))
            return None
        self.warnings += [HostFileIssue(source, issue) for issue in repeated_keys(content)]
        return _Config(value, source)

    def _route(
        self, name: str, connector_type: ConnectorType, hosted: Iterable[HostedSettings], chosen: str | None
    ) -> str | None:
        """Return the id of the connector that serves ``/email`` or ``/sms``."""
        ids = [it.id for it in hosted if it.connector.type is connector_type and it.config is not None]
        if chosen is not None:
            if chosen not in ids and not self.errors:
                message = f"expected the id of a hosted {connector_type} connector with a config, found {chosen!r}"
                self._report(message, "server", name)
            return chosen
        if len(ids) > 1:
            message = f"several connectors can serve /{name}: choose one of {', '.join(ids)}"
            self._report(message, "server", name)
        return ids[0] if len(ids) == 1 else None

    # --- files and variables; what cannot be read is reported at the location that names it ---

    def _variable(self, name: str, *location: str | int) -> str | None:
        value = self.environment.get(name)
        if not value:
            self._report(f"expected the environment variable {name} to have a value, found nothing", *location)
            return None
        return value

    def _content(self, file: str, *location: str | int) -> bytes | None:
        path = self.folder / file
        self.files[str(path)] = FileState.of(str(path))
        try:
            return _read_regular_file(path, file)
        except JsonFileError as error:
            self._report(str(error), *location)
            return None

    def _secret_text(self, file: str, *location: str | int) -> str | None:
        """Return the text of a file with a secret, without white space around it."""
        content = self._content(file, *location)
        if content is None:
            return None
        self._check_privacy(file)
        try:
            return content.decode("utf-8").strip()
        except UnicodeDecodeError:
            self._report(f"{file} is not UTF-8", *location)
            return None

    def _check_privacy(self, file: str) -> None:
        """Warn if a file that holds a secret can be read by every user of the machine."""
        path = self.folder / file
        if _is_readable_by_others(path):
            message = "holds a secret, and every user of this machine can read it: remove that permission (chmod o-r)"
            self.warnings.append(_issue(str(path), message))
