"""From ``host.toml``, or options, to `HostSettings`: everything is checked, and what is wrong is said with its place."""

import ipaddress
import os
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import define, field, frozen

from connector_kit.advice import unknown_keys
from connector_kit.connector import Connector, MessageConnector
from connector_kit.discovery import ConnectorNotFoundError, find_connector
from connector_kit.errors import ConnectorError
from connector_kit.guards import Guard
from connector_kit.host.reading import HostConfigError, Problem, Reader
from connector_kit.host.settings import HostedSettings, HostSettings, read_networks, token_fault
from connector_kit.issues import print_path
from connector_kit.metadata import ConnectorType

HOSTS_VARIABLE: Final = "CONNECTOR_KIT_HOSTS"
"""Names the host's file, where no command line does."""

host_guard: Final[Guard[Mapping[str, Any]]] = Guard("host-config", Mapping[str, Any], advice=())
"""Decides what a host config may hold; ``schemas/host-config.schema.json`` is the reference."""


@frozen
class Listening:
    """Where the host listens, and with how many processes."""

    host: str = "127.0.0.1"
    port: int = 8085
    workers: int = 1


@frozen
class HostFile:
    """A host config that was read and checked.

    Args:
        settings: for the application.
        listening: for the server.
        warnings: what will hurt.
    """

    settings: HostSettings
    listening: Listening
    warnings: tuple[Problem, ...] = ()


def settings_from_environment() -> HostSettings:
    """Read the file that ``CONNECTOR_KIT_HOSTS`` names; an ASGI server of the operator's own does the listening.

    Raises:
        HostConfigError: something is wrong, or the variable is not set, or there is no token: where this listens,
            nobody here can tell.
    """
    path = os.environ.get(HOSTS_VARIABLE)
    if not path:
        raise HostConfigError(
            [Problem("environment", HOSTS_VARIABLE, "expected the path of a host.toml, found nothing")]
        )
    found = load_settings(read_host_file(path), source=path, folder=Path(path).parent)
    if not found.settings.tokens:
        message = "not accepted here: it cannot be known that only this machine can call"
        raise HostConfigError([Problem(path, "$.server.insecure_without_token", message)])
    return found.settings


def read_host_file(path: str) -> Mapping[str, Any]:
    """Read a host config.

    Raises:
        HostConfigError: it cannot be read, or is not TOML.
    """
    try:
        with Path(path).open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise HostConfigError([Problem(path, "$", f"cannot be read: {error.strerror}")]) from error
    except UnicodeDecodeError:
        raise HostConfigError([Problem(path, "$", "is not UTF-8")]) from None
    except tomllib.TOMLDecodeError as error:
        raise HostConfigError([Problem(path, "$", f"is not TOML: {error}")]) from None


def load_settings(
    document: Mapping[str, Any],
    *,
    source: str,
    folder: Path,
    environment: Mapping[str, str] | None = None,
) -> HostFile:
    """Check a host config and all that it names.

    Args:
        document: the config.
        source: what to call it in a message: its path.
        folder: where relative paths in it start.
        environment: where it finds variables; the process's own where left out.

    Raises:
        HostConfigError: with every problem that was found.
    """
    problems = list(_shape_problems(document, source))
    if problems:
        raise HostConfigError(problems)
    return _Loader(Reader(source, folder, os.environ if environment is None else environment)).load(document)


def _shape_problems(document: Mapping[str, Any], source: str) -> Iterator[Problem]:
    value = dict(document)
    for issue in host_guard.issues(value, strict=True):
        yield Problem(source, issue.path, issue.message)
    hosted = host_guard.schema["properties"]["connectors"]["additionalProperties"]
    connectors = value.get("connectors")
    for connector_id, table in connectors.items() if isinstance(connectors, dict) else ():
        for remark in unknown_keys(hosted, table):
            yield Problem(source, print_path(("connectors", connector_id, *remark.path)), remark.message)


@define
class _Loader:
    reader: Reader
    warnings: list[Problem] = field(factory=list)

    def load(self, document: Mapping[str, Any]) -> HostFile:
        server = dict(document.get("server", {}))
        listening = Listening(**{name: server.pop(name) for name in ("host", "port", "workers") if name in server})
        hosted = [found for key, table in document["connectors"].items() if (found := self._hosted(key, table))]
        tokens = [
            *self._tokens("token_env", server.pop("token_env", ()), self.reader.variable),
            *self._tokens("token_file", server.pop("token_file", ()), self.reader.file_text),
        ]
        metrics_env = server.pop("metrics_token_env", None)
        metrics_tokens = self._tokens("metrics_token_env", [metrics_env], self.reader.variable) if metrics_env else []
        self._check_door(server, listening, tokens)
        for name in ("allow_ips", "trusted_proxies"):
            server[name] = self._networks(name, server.pop(name, ()))
        for name, of_type in (("email", ConnectorType.EMAIL), ("sms", ConnectorType.SMS)):
            server[name] = self._route(name, of_type, hosted, server.pop(name, None))
        if self.reader.problems:
            raise HostConfigError(self.reader.problems)
        settings = HostSettings(
            connectors=tuple(hosted), tokens=tuple(tokens), metrics_tokens=tuple(metrics_tokens), **server
        )
        return HostFile(settings, listening, tuple(self.warnings))

    # --- who may call ---

    def _tokens(self, name: str, places: Iterable[str], read: Callable[[str, str], str | None]) -> list[str]:
        tokens = []
        for index, place in enumerate(places):
            path = f"$.server.{name}" if name == "metrics_token_env" else f"$.server.{name}[{index}]"
            text = read(path, place)
            fault = None if text is None else token_fault(text)
            if fault is not None:
                self.reader.problem(path, f"{place} holds no token: {fault}")
            elif text is not None:
                tokens.append(text)
        return tokens

    def _check_door(self, server: Mapping[str, Any], listening: Listening, tokens: list[str]) -> None:
        insecure = server.get("insecure_without_token", False)
        asked = any(problem.path.startswith("$.server.token_") for problem in self.reader.problems)
        if tokens or asked:
            if insecure:
                self.reader.problem(
                    "$.server.insecure_without_token", "there is a token as well: which of the two is meant?"
                )
        elif not insecure:
            self.reader.problem(
                "$.server",
                "expected a token, found none: name an environment variable in token_env or a file in token_file. "
                "On a loopback address, insecure_without_token does without.",
            )
        elif not is_loopback(listening.host):
            self.reader.problem(
                "$.server.insecure_without_token", "accepted on a loopback address only, such as 127.0.0.1"
            )

    def _networks(self, name: str, texts: Iterable[str]) -> Any:  # noqa: ANN401 - a tuple of networks
        found: list[Any] = []
        for index, text in enumerate(texts):
            try:
                found += read_networks([text])
            except ValueError as error:
                self.reader.problem(f"$.server.{name}[{index}]", f"expected an address or a network: {error}")
        return tuple(found)

    # --- what is hosted ---

    def _hosted(self, connector_id: str, table: Mapping[str, Any]) -> HostedSettings | None:
        place = print_path(("connectors", connector_id))
        found = self._connector(place, connector_id, table.get("class"))
        if found is None:
            return None
        read = self._config(place, table)
        if read is None:
            return None
        config, source, overlaid = read
        self._judge(found, config, source, place, overlaid)
        return HostedSettings(found, config)

    def _connector(self, place: str, connector_id: str, target: str | None) -> type[MessageConnector[Any, Any]] | None:
        try:
            found: type[Connector[Any]] = find_connector(target or connector_id)
        except ConnectorNotFoundError as error:
            self.reader.problem(place, str(error))
            return None
        except ConnectorError as error:
            self.reader.problem(place, f"no connector that Logto would load: {error.code}: {error}")
            return None
        if found.metadata.id != connector_id:
            self.reader.problem(f"{place}.class", f"expected the connector {connector_id}, found {found.metadata.id}")
            return None
        if not issubclass(found, MessageConnector):
            self.reader.problem(place, f"a {found.type} connector sends no messages: only e-mail and SMS can be hosted")
            return None
        return found

    def _config(self, place: str, table: Mapping[str, Any]) -> tuple[Any, str, frozenset[str]] | None:
        """Return the config, what to call the place it came from, and which keys came from the environment."""
        file, variable = table.get("config_file"), table.get("config_env")
        values = table.get("config_values_from_env", {})
        if file is not None and variable is not None:
            self.reader.problem(f"{place}.config_env", "there is a config_file as well: which of the two is meant?")
            return None
        before = len(self.reader.problems)
        config: Any = {} if values else None
        source = self.reader.source
        if file is not None:
            source = str(self.reader.folder / file)
            content = self.reader.read(f"{place}.config_file", file)
            config = None if content is None else self.reader.json(content, source)
        elif variable is not None:
            source = f"environment variable {variable}"
            text = self.reader.variable(f"{place}.config_env", variable)
            config = None if text is None else self.reader.json(text.encode("utf-8", "surrogateescape"), source)
        overlay = {
            key: self.reader.variable(f"{place}.config_values_from_env.{key}", name) for key, name in values.items()
        }
        if len(self.reader.problems) > before:
            return None
        if overlay and isinstance(config, dict):
            config = config | overlay
        return config, source, frozenset(overlay)

    def _judge(
        self, found: type[Connector[Any]], config: object, source: str, place: str, overlaid: frozenset[str]
    ) -> None:
        if config is None and source == self.reader.source:
            return
        for issue in found.config_guard.issues(config):
            key = issue.path.removeprefix("$.").partition(".")[0].partition("[")[0]
            problem = (
                Problem(self.reader.source, f"{place}.config_values_from_env.{key}", issue.message)
                if key in overlaid or source == self.reader.source
                else Problem(source, issue.path, issue.message)
            )
            (self.reader.problems if issue.severity == "error" else self.warnings).append(problem)

    def _route(
        self, name: str, of_type: ConnectorType, hosted: Iterable[HostedSettings], chosen: str | None
    ) -> str | None:
        """Choose the connector behind ``/email`` or ``/sms``."""
        able = [it.id for it in hosted if it.connector.type is of_type and it.config is not None]
        place = f"$.server.{name}"
        if chosen is not None:
            if chosen not in able and not self.reader.problems:
                self.reader.problem(place, f"expected one of the hosted {of_type} connectors with a config")
            return chosen
        if len(able) > 1:
            self.reader.problem(place, f"expected which of {', '.join(able)} serves /{name}, found nothing")
        return able[0] if len(able) == 1 else None


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
