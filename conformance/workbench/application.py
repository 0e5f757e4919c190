"""The ASGI application of the workbench: the page, its files, its events, and the routes of its panels."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from conformance.workbench.access import AccessMiddleware
from conformance.workbench.bench import Bench
from conformance.workbench.configs import ConfigError
from conformance.workbench.connector_process import ConnectorProcessError
from conformance.workbench.loaded_connector import ConnectorLoadError, LoadedConnector
from conformance.workbench.panels import PANELS
from conformance.workbench.requests import RequestError, respond_to_error
from conformance.workbench.watching import watching
from connector_kit.host.responses import JsonResponse
from connector_kit.wire import to_json

_WEB: Final = Path(__file__).parent / "web"


def make_application(bench: Bench, *, hosts: frozenset[str], token: str) -> Starlette:
    """Create the application.

    Args:
        bench: the connector's processes, the config file and the events.
        hosts: the values of the Host header that are the server's own.
        token: of this run.
    """

    async def page(_: Request) -> Response:
        return FileResponse(_WEB / "index.html")

    async def events(_: Request) -> Response:
        return StreamingResponse(bench.events.stream(), media_type="text/event-stream")

    async def describe(_: Request) -> Response:
        connector = await bench.edits.call(describe_connector)
        config_file = None if bench.config.file is None else str(bench.config.file)
        return JsonResponse({**connector, "target": bench.target, "configFile": config_file})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with watching(bench):
            yield

    return Starlette(
        routes=[
            Route("/", page),
            Mount("/web", StaticFiles(directory=_WEB)),
            Route("/preview/{name}", bench.previews.show),
            Route("/api/events", events),
            Route("/api/connector", describe),
            *(route for panel in PANELS for route in panel.routes(bench)),
        ],
        middleware=[Middleware(AccessMiddleware, hosts=hosts, token=token)],
        exception_handlers=dict.fromkeys(
            (ConfigError, RequestError, ConnectorLoadError, ConnectorProcessError), respond_to_error
        ),
        lifespan=lifespan,
    )


def describe_connector(loaded: LoadedConnector) -> dict[str, Any]:
    """Return what the page shows of a connector, and the panels that it has."""
    connector = loaded.connector
    return {
        "id": connector.metadata.id,
        "name": dict(to_json(connector.metadata.name)),
        "type": str(connector.type),
        "panels": [{"id": it.id, "title": it.title} for it in PANELS if connector.type in it.types],
        "specError": loaded.spec_error,
    }
