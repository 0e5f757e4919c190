"""`NodeInstance`: what all connectors in Node.js share; each has its own instance in the process of its package."""

import os
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any, ClassVar, Final

from conformance.npm.driver import Driver
from conformance.providers.base import running_provider
from conformance.providers.loopback import LoopbackProvider
from connector_kit.connector import Connector

_instances: Final = count(1)


class NodeInstance(Connector[Any]):
    """Base class of connectors that run in Node.js.

    While a provider stub is running, Node.js can open sockets to the stub only; otherwise it can open none.
    """

    runs_in: ClassVar[str] = "Node.js"
    driver: ClassVar[Driver]
    folder: ClassVar[Path]
    """The package's folder, which contains its logos and its readme."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._instance = next(_instances)
        self.request("create")

    def __repr__(self) -> str:
        """Return the package's id, and no part of the config."""
        return f"{type(self).__name__}(<{self.metadata.id} in {self.runs_in}>)"

    def request(
        self,
        operation: str,
        *,
        arguments: Mapping[str, object] | None = None,
        callbacks: Mapping[str, Callable[..., object]] | None = None,
        **members: object,
    ) -> Any:
        """Run an operation of the driver with this instance; see `Driver.request`."""
        functions: dict[str, Callable[..., object]] = {"getConfig": self.get_config, **(callbacks or {})}
        if self.get_i18n_email_template is not None:
            functions["getI18nEmailTemplate"] = self.get_i18n_email_template
        members |= {"instance": self._instance, "managed": self.get_i18n_email_template is not None}
        return self.driver.request(operation, callbacks=functions, arguments=arguments, **members, **_stub_settings())


def _stub_settings() -> dict[str, Any]:
    """Return the addresses, the host names and the environment variables of the running stub, for Node.js."""
    provider = running_provider()
    if provider is None:
        return {"allowed": [], "hosts": [], "environment": {}}
    environment = {name: os.environ[name] for name in provider.environment if name in os.environ}
    hosts = list(provider.host_names) if isinstance(provider, LoopbackProvider) else []
    return {"allowed": [list(address) for address in provider.addresses], "hosts": hosts, "environment": environment}
