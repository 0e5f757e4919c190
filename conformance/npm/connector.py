"""`npm_connector`: a connector class for an npm package, which runs in Node.js."""

import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Final, cast

from conformance.npm.driver import REQUEST_TIME_LIMIT, Driver
from conformance.npm.errors import NodeError
from conformance.npm.packages import find_node, find_package
from conformance.providers.base import running_provider
from conformance.providers.loopback import LoopbackProvider
from conformance.spec import SpecError
from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    ConnectorType,
    Guard,
    Issue,
    SendMessageData,
    connector_metadata_guard,
)
from connector_kit.connector import MessageConnector
from connector_kit.issues import find_non_json

_instances: Final = count(1)


class NodeGuard(Guard[Any]):
    """Validates with the package's own ``configGuard`` in Node.js. A valid config stays plain JSON.

    Args:
        schema: a JSON Schema 2020-12 that should accept the same configs; a check compares the two.
        driver: runs the package.
    """

    def __init__(self, schema: str | Mapping[str, Any], driver: Driver) -> None:
        super().__init__(schema, None, warnings=())
        self._driver = driver

    def is_valid(self, value: object) -> bool:
        """Return whether the package's guard accepts the value."""
        return not self.issues(value)

    def issues(self, value: object, *, strict: bool = False) -> list[Issue]:  # noqa: ARG002 - there are no warnings
        """Return the issues of the package's guard, with its own messages."""
        issue = find_non_json(value)
        if issue is not None:
            return [issue]
        issues = self._driver.request("validate", arguments={"config": value})["issues"]
        return [Issue(tuple(it["path"]), it["code"], it["message"]) for it in issues]

    def validate(self, value: Any) -> Any:
        """Return the value unchanged.

        Raises:
            ConnectorError: ``invalid_config`` with the issues.
        """
        issues = self.issues(value)
        if issues:
            raise self._rejection(issues)
        return value


class NodeConnector(MessageConnector[Any, Any]):
    """Sends through an npm package in Node.js; `npm_connector` makes a subclass for each package.

    While a provider stub is running, Node.js can open sockets to the stub only; otherwise it can open none.
    """

    runs_in: ClassVar[str] = "Node.js"
    driver: ClassVar[Driver]
    folder: ClassVar[Path]
    """The package's folder, which contains its logos and its readme."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._instance = next(_instances)
        self._request("create")

    def __repr__(self) -> str:
        """Return the package's id, and no part of the config."""
        return f"{type(self).__name__}(<{self.metadata.id} in {self.runs_in}>)"

    def _request(self, operation: str, *, arguments: Mapping[str, object] | None = None, **members: object) -> object:
        callbacks: dict[str, Callable[..., object]] = {"getConfig": self.get_config}
        if self.get_i18n_email_template is not None:
            callbacks["getI18nEmailTemplate"] = self.get_i18n_email_template
        members |= {"instance": self._instance, "managed": self.get_i18n_email_template is not None}
        return self.driver.request(operation, callbacks=callbacks, arguments=arguments, **members, **_stub_settings())

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        """Send one message with the package's ``sendMessage``.

        Raises:
            ConnectorError: the package threw a ConnectorError.
            NodeError: the package threw any other value, exceeded the time limit, or ended its process.
        """
        return self._request("send", arguments={"data": data} if config is None else {"data": data, "config": config})

    def compose(self, config: object, message: SendMessageData) -> Any:  # noqa: ARG002 - see the base class
        """Fail, because Node.js composes the messages.

        Raises:
            ConnectorError: ``not_implemented``.
        """
        raise ConnectorError(ConnectorErrorCodes.NOT_IMPLEMENTED, "Node.js composes the messages of this connector.")


class NodeConnectorWithUsage(NodeConnector):
    """A connector whose package has ``getUsage``."""

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Return the result of the package's ``getUsage``."""
        since = None if start_from is None else start_from.isoformat()
        return cast("int", self._request("usage", since=since))


def _stub_settings() -> dict[str, Any]:
    """Return the addresses, the host names and the environment variables of the running stub, for Node.js."""
    provider = running_provider()
    if provider is None:
        return {"allowed": [], "hosts": [], "environment": {}}
    environment = {name: os.environ[name] for name in provider.environment if name in os.environ}
    hosts = list(provider.host_names) if isinstance(provider, LoopbackProvider) else []
    return {"allowed": [list(address) for address in provider.addresses], "hosts": hosts, "environment": environment}


def _record_blocked_socket(address: str) -> None:
    provider = running_provider()
    if provider is not None:
        provider.record_blocked_socket(address)


def npm_connector(
    package: str | Path, *, schema: str | Mapping[str, Any], time_limit: float = REQUEST_TIME_LIMIT
) -> type[NodeConnector]:
    """Make a connector class for an npm package, for a Spec.

    Args:
        package: the path of its folder, its name, or ``name@version``. A name is searched in the ``node_modules`` of the
            current folder and its parents. A version that is not found there is installed into the user's cache folder.
        schema: a JSON Schema 2020-12 for its config, from which the suite generates examples.
        time_limit: seconds for one send; then the Node.js process is killed.

    Raises:
        SpecError: Node.js or the package is missing, or Logto would not load the package as a message connector.
    """
    node, folder = find_node(), package if isinstance(package, Path) else find_package(package)
    driver = Driver(node, folder.resolve(), on_blocked=_record_blocked_socket, time_limit=time_limit)
    try:
        described = driver.request("describe")
    except (ConnectorError, NodeError) as error:
        driver.close()
        raise SpecError(f"{package} cannot be loaded as a connector: {error}") from error
    try:
        return _connector_class(str(package), schema, driver, described)
    except SpecError:
        driver.close()
        raise


def _connector_class(
    package: str, schema: str | Mapping[str, Any], driver: Driver, described: Mapping[str, Any]
) -> type[NodeConnector]:
    methods = described["methods"]
    if described["type"] not in {"Email", "Sms"} or "sendMessage" not in methods:
        raise SpecError(
            f"{package} must be of the type Email or Sms and have a sendMessage; found the type {described['type']!r} "
            f"and {'the methods ' + ', '.join(methods) if methods else 'no methods'}."
        )
    if not described["isGuarded"]:
        raise SpecError(f"{package} has no configGuard with a safeParse, so Logto cannot load it.")
    try:
        metadata: ConnectorMetadata = connector_metadata_guard.validate(described["metadata"])
    except ConnectorError as error:
        raise SpecError(f"{package} has invalid metadata, so Logto cannot load it: {error}") from error
    base = NodeConnectorWithUsage if "getUsage" in methods else NodeConnector
    members = {
        "__doc__": f"{package}, in Node.js.",
        "__module__": __name__,
        "config_guard": NodeGuard(schema, driver),
        "driver": driver,
        "folder": driver.folder,
        "metadata": metadata,
        "type": ConnectorType(described["type"]),
    }
    name = "".join(part.capitalize() for part in re.findall(r"[0-9A-Za-z]+", metadata.id))
    return type(name, (base,), members)
