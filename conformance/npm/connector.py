"""`npm_connector`: a connector class for an npm package, which runs in Node.js."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, cast

from conformance.npm.driver import REQUEST_TIME_LIMIT, Driver
from conformance.npm.errors import NodeError
from conformance.npm.instance import NodeInstance
from conformance.npm.packages import find_node, find_package
from conformance.npm.social import OPTIONAL_METHODS, NodeSocialConnector
from conformance.providers.base import running_provider
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


class NodeConnector(NodeInstance, MessageConnector[Any, Any]):
    """Sends through an npm package in Node.js; `npm_connector` makes a subclass for each package."""

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        """Send one message with the package's ``sendMessage``.

        Raises:
            ConnectorError: the package threw a ConnectorError.
            NodeError: the package threw any other value, exceeded the time limit, or ended its process.
        """
        return self.request("send", arguments={"data": data} if config is None else {"data": data, "config": config})

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
        return cast("int", self.request("usage", since=since))


def _record_blocked_socket(address: str) -> None:
    provider = running_provider()
    if provider is not None:
        provider.record_blocked_socket(address)


_REQUIRED_METHODS: Final[Mapping[str, Sequence[str]]] = {
    ConnectorType.EMAIL: ("sendMessage",),
    ConnectorType.SMS: ("sendMessage",),
    ConnectorType.SOCIAL: ("getAuthorizationUri", "getUserInfo"),
}
"""By type of a connector: the methods without which Logto does not load a package."""


def npm_connector(
    package: str | Path, *, schema: str | Mapping[str, Any], time_limit: float = REQUEST_TIME_LIMIT
) -> type[NodeInstance]:
    """Make a connector class for an npm package, for a Spec.

    Args:
        package: the path of its folder, its name, or ``name@version``. A name is searched in the ``node_modules`` of the
            current folder and its parents. A version that is not found there is installed into the user's cache folder.
        schema: a JSON Schema 2020-12 for its config, from which the suite generates examples.
        time_limit: seconds for one call; then the Node.js process is killed.

    Raises:
        SpecError: Node.js or the package is missing, or Logto would not load the package.
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
) -> type[NodeInstance]:
    methods = described["methods"]
    required = _REQUIRED_METHODS.get(described["type"], ())
    if not required or not {*required} <= {*methods}:
        expected = "; ".join(f"of the type {kind} with {' and '.join(its)}" for kind, its in _REQUIRED_METHODS.items())
        raise SpecError(
            f"{package} must be {expected}; found the type {described['type']!r} "
            f"and {'the methods ' + ', '.join(methods) if methods else 'no methods'}."
        )
    if not described["isGuarded"]:
        raise SpecError(f"{package} has no configGuard with a safeParse, so Logto cannot load it.")
    try:
        metadata: ConnectorMetadata = connector_metadata_guard.validate(described["metadata"])
    except ConnectorError as error:
        raise SpecError(f"{package} has invalid metadata, so Logto cannot load it: {error}") from error
    base: type[NodeInstance] = NodeConnector
    members: dict[str, Any] = {}
    if described["type"] == ConnectorType.SOCIAL:
        base = NodeSocialConnector
        members = dict(method for name, method in OPTIONAL_METHODS.items() if name in methods)
    elif "getUsage" in methods:
        base = NodeConnectorWithUsage
    members |= {
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
