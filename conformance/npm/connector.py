"""A connector of an npm package as a class for the suite: it looks like any other, and runs in Node."""

import os
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Final, cast

from conformance.npm.driver import Driver
from conformance.npm.errors import NodeError
from conformance.npm.packages import find_node, find_package
from conformance.provider import running_provider
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
from connector_kit.issues import json_fault, print_path

_SEND_TIME_LIMIT: Final = 60.0
_instances: Final = count(1)


class NodeGuard(Guard[Any]):
    """Asks the connector's own guard in Node, and holds no Python class: an accepted config stays plain JSON.

    Args:
        schema: a JSON Schema 2020-12 that is to say the same as the guard.
        driver: of the package.
    """

    def __init__(self, schema: str | Mapping[str, Any], driver: Driver) -> None:
        super().__init__(schema, None, advice=())
        self._driver = driver

    def is_valid(self, value: object) -> bool:
        """Tell whether the connector's own guard takes the value."""
        return not self.issues(value)

    def issues(self, value: object, *, strict: bool = False) -> list[Issue]:  # noqa: ARG002 - there are no warnings
        """List what the connector's own guard says of the value, in its own words."""
        fault = json_fault(value)
        if fault is not None:
            return [Issue(print_path(fault.path), fault.keyword, fault.message)]
        found = self._driver.request("validate", lent={"config": value})["issues"]
        return [Issue(print_path(tuple(it["path"])), it["code"], it["message"]) for it in found]

    def validate(self, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        """Return the value as it is.

        Raises:
            ConnectorError: ``invalid_config`` with the issues.
        """
        issues = [{"path": it.path, "keyword": it.keyword, "message": it.message} for it in self.issues(value)]
        if issues:
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"issues": issues})
        return value


class NodeConnector(MessageConnector[Any, Any]):
    """Sends through an npm package; `npm_connector` makes a subclass for each.

    While a provider's stub is running, Node opens sockets to the stub and to nothing else. Where none is running, it
    opens none at all.
    """

    runs_in: ClassVar[str] = "Node.js"
    driver: ClassVar[Driver]
    folder: ClassVar[Path]
    """The package's own, where its logos and readme are."""

    def __init__(self, **given: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**given)
        self._instance = next(_instances)
        self._request("create")

    def __repr__(self) -> str:
        """Name the package, and nothing of its config."""
        return f"{type(self).__name__}(<{self.metadata.id} in {self.runs_in}>)"

    def _request(self, operation: str, *, lent: Mapping[str, object] | None = None, **members: object) -> object:
        calls: dict[str, Callable[..., object]] = {"getConfig": self.get_config}
        if self.get_i18n_email_template is not None:
            calls["getI18nEmailTemplate"] = self.get_i18n_email_template
        members |= {"instance": self._instance, "managed": self.get_i18n_email_template is not None}
        return self.driver.request(operation, calls=calls, lent=lent, **members, **_surroundings())

    def send_message(self, data: SendMessageData | Mapping[str, object], config: object = None) -> object:
        """Send one message with the package's own ``sendMessage``.

        Raises:
            ConnectorError: the package threw one.
            NodeError: it threw anything else, or did not come back.
        """
        return self._request("send", lent={"data": data} if config is None else {"data": data, "config": config})

    def compose(self, config: object, message: SendMessageData) -> Any:  # noqa: ANN401, ARG002 - see the base class
        """Say that messages are composed in Node.

        Raises:
            ConnectorError: ``not_implemented``.
        """
        raise ConnectorError(ConnectorErrorCodes.NOT_IMPLEMENTED, "Messages are composed in Node.")


class NodeConnectorWithUsage(NodeConnector):
    """One whose package tells how many messages were sent."""

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Return what the package's own ``getUsage`` does."""
        since = None if start_from is None else start_from.isoformat()
        return cast("int", self._request("usage", since=since))


def _surroundings() -> dict[str, Any]:
    """Return where Node may open sockets to, and the environment that leads it there."""
    provider = running_provider()
    if provider is None:
        return {"allowed": [], "environment": {}}
    environment = {name: os.environ[name] for name in provider.environment if name in os.environ}
    return {"allowed": [list(address) for address in provider.addresses], "environment": environment}


def _tell_refused(where: str) -> None:
    provider = running_provider()
    if provider is not None:
        provider.refuse_socket(where)


def npm_connector(
    package: str | Path, *, schema: str | Mapping[str, Any], time_limit: float = _SEND_TIME_LIMIT
) -> type[NodeConnector]:
    """Make a connector class of an npm package, for a Spec.

    Args:
        package: its name, found in a ``node_modules`` folder here or above; name and version, which is installed into
            the user's cache folder where it is not found; or the path of its folder.
        schema: a JSON Schema 2020-12 for its config: what Console and the suite's own examples go by.
        time_limit: seconds after which a send is given up, and Node with it.

    Raises:
        SpecError: there is no Node, no such package, or Logto would not load it as a connector for messages.
    """
    node, folder = find_node(), package if isinstance(package, Path) else find_package(package)
    driver = Driver(node, folder.resolve(), on_refused=_tell_refused, time_limit=time_limit)
    try:
        described = driver.request("describe")
    except (ConnectorError, NodeError) as error:
        driver.close()
        raise SpecError(f"{package} cannot be loaded as Logto's loader does: {error}") from error
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
            f"{package} is no connector that sends messages: its type is {described['type']!r}, its methods are "
            f"{', '.join(methods) or 'none'}. The suite runs npm packages of the types Email and Sms."
        )
    if not described["isGuarded"]:
        raise SpecError(f"{package} has no configGuard with a safeParse, so Logto's loader refuses it.")
    try:
        metadata: ConnectorMetadata = connector_metadata_guard.validate(described["metadata"])
    except ConnectorError as error:
        raise SpecError(f"{package} has metadata that Logto's loader refuses: {error}") from error
    base = NodeConnectorWithUsage if "getUsage" in methods else NodeConnector
    members = {
        "__doc__": f"{package}, in Node.",
        "__module__": __name__,
        "config_guard": NodeGuard(schema, driver),
        "driver": driver,
        "folder": driver.folder,
        "metadata": metadata,
        "type": ConnectorType(described["type"]),
    }
    name = "".join(part.capitalize() for part in re.findall(r"[0-9A-Za-z]+", metadata.id))
    return type(name, (base,), members)
