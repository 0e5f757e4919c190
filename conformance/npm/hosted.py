"""The Spec of a package that ``connector-kit package`` wrote: the suite serves its connector in this process.

So a check goes the whole way: Node.js runs the package, the package calls the host, and the host's connector calls the
provider's stub. Extra: ``serve``.
"""

import asyncio
import json
import socket
from collections.abc import Collection, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from conformance.npm.connector import npm_connector
from conformance.providers.base import Provider, running_provider
from conformance.providers.threads import SuiteThread
from conformance.spec import Spec, SpecError, spec_of
from connector_kit import Connector, ConnectorNotFoundError, find_connector
from connector_kit.host import HostedSettings, HostSettings, create_app

MARKER: Final = "logtoConnectorKit"
"""The member of package.json by which ``connector-kit package`` names the Python connector."""

_HOST: Final = "127.0.0.1"
_TOKEN: Final = "conformance-host-token"  # noqa: S105 - a default for tests; the host accepts any token
_HOST_KEYS: Final[Mapping[str, Any]] = {
    "hostEndpoint": {
        "type": "string",
        "pattern": r"^http://127\.0\.0\.1:([1-9][0-9]{3}|[1-5][0-9]{4}|6[0-4][0-9]{3})$",
    },
    "hostToken": {"type": "string", "pattern": r"^\s*[!-~]([ -~]*[!-~])?\s*$"},
}
"""The keys that each package adds to the config of its connector."""


class _Host:
    """Serves one connector from the first use on, until the process ends.

    Each stub gets a connector of its own, because a stub may pass its address to the connector's constructor.
    """

    def __init__(self, connector: type[Connector[Any]]) -> None:
        self._connector = connector
        self._app: tuple[Provider | None, ASGIApp] | None = None

    @cached_property
    def address(self) -> tuple[str, int]:
        """Host and port; the first use starts the server."""
        listener = socket.create_server((_HOST, 0))
        config = uvicorn.Config(self._respond, interface="asgi3", log_config=None, lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        SuiteThread(lambda: asyncio.run(server.serve([listener])), name="host").start()
        found: tuple[str, int] = listener.getsockname()
        return found

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        stub = running_provider()
        if self._app is None or self._app[0] is not stub:
            self._app = stub, self._new_app({} if stub is None else stub.options_in_host)  # type: ignore[attr-defined] # the class is one of `_with_host`
        await self._app[1](scope, receive, send)

    def _new_app(self, options: Mapping[str, Any]) -> ASGIApp:
        class Stubbed(self._connector):  # type: ignore[misc,name-defined] # a class that is known at run time only
            def __init__(self, **given: Any) -> None:
                super().__init__(**given, **options)

        return create_app(HostSettings((HostedSettings(Stubbed),), insecure_without_token=True))


def _with_host(base: Any, host: _Host) -> type[Provider]:
    """Return the class of a stub that Node.js reaches through the host."""

    class Hosted(base):  # type: ignore[misc] # a class that is known at run time only
        def prepare_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
            prepared: dict[str, Any] = super().prepare_config(config)
            own = {"hostEndpoint": f"http://{_HOST}:{host.address[1]}", "hostToken": prepared.get("hostToken", _TOKEN)}
            return {**prepared, **own}

        @property
        def addresses(self) -> Collection[tuple[str, int]]:
            return [*super().addresses, host.address]

        @property
        def options_in_host(self) -> dict[str, Any]:
            options: dict[str, Any] = super().connector_options()
            return options

        def connector_options(self) -> dict[str, Any]:
            return {}

    Hosted.__name__ = base.__name__
    return Hosted


def _without_managed_templates(base: Any) -> type[Connector[Any]]:
    """Return the class for a Logto without managed templates: a package requests one, whether its connector uses it or not."""

    class Package(base):  # type: ignore[misc] # a class that is known at run time only
        def __init__(self, **options: Any) -> None:
            super().__init__(**{**options, "get_i18n_email_template": None})

    Package.__name__ = base.__name__
    return Package


def hosted_spec(folder: Path) -> Spec:
    """Return the Spec of a package in a folder.

    Raises:
        SpecError: the folder has no such package, its connector is not installed, or Node.js cannot load the package.
    """
    try:
        manifest = json.loads((folder / "package.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SpecError(f"{folder} has no package.json that can be read: {type(error).__name__}.") from error
    connector_id = manifest.get(MARKER, {}).get("connector")
    if connector_id is None:
        raise SpecError(
            f"{folder} is not a package that `connector-kit package` wrote, so the suite has no Spec for it. "
            "Write one with conformance.npm.npm_connector, and name it as package.module:spec."
        )
    try:
        base = spec_of(find_connector(connector_id))
    except ConnectorNotFoundError as error:
        raise SpecError(
            f"{folder} needs the connector {connector_id!r}, which is not installed here: {error}"
        ) from error
    schema = base.connector.config_guard.schema
    connector = npm_connector(folder, schema={**schema, "properties": {**schema["properties"], **_HOST_KEYS}})
    return Spec(
        connector=connector if "i18n-templates" in base.capabilities else _without_managed_templates(connector),
        valid_config={**base.valid_config, "hostToken": _TOKEN},
        provider=_with_host(base.provider, _Host(base.connector)),
        capabilities=base.capabilities,
        secrets=(*base.secrets, "hostToken"),
        local_settings=base.local_settings,
        medium=base.medium,
        make_secret=base.make_secret,
    )
