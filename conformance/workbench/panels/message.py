"""The panel Message: a message as its reader sees it, and what the provider receives."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from conformance.workbench.bench import Bench
from conformance.workbench.messages import compose, describe_messages
from conformance.workbench.panels.panel import MESSAGES, Panel
from conformance.workbench.requests import read_body
from connector_kit.host.responses import JsonResponse


def _routes(bench: Bench) -> Sequence[Route]:
    async def describe(_: Request) -> Response:
        return JsonResponse(await bench.edits.call(describe_messages))

    async def preview(request: Request) -> Response:
        body = await read_body(request)
        rendered = await bench.edits.call(compose, bench.config, body.get("config"), body.get("message"))
        html = rendered.get("email", {}).get("html")
        url = None if html is None else bench.previews.add(html, has_images=body.get("images") is True)
        return JsonResponse({**rendered, "url": url})

    return Route("/api/message", describe), Route("/api/message/preview", preview, methods=["POST"])


PANEL: Final = Panel("message", "Message", MESSAGES, _routes)
