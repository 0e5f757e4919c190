"""The panel Send: sends a message to the provider's stub, or after a confirmation to the provider."""

from collections.abc import Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from conformance.workbench.bench import Bench
from conformance.workbench.messages import send_to_provider, send_to_stub
from conformance.workbench.panels.panel import MESSAGES, Panel
from conformance.workbench.requests import RequestError, read_body
from connector_kit.host.responses import JsonResponse


def _routes(bench: Bench) -> Sequence[Route]:
    async def stub(request: Request) -> Response:
        body = await read_body(request)
        sent = await bench.sends.call(
            send_to_stub, bench.config, body.get("config"), body.get("message"), str(body.get("outcome", "accepted"))
        )
        return JsonResponse(sent)

    async def provider(request: Request) -> Response:
        body = await read_body(request)
        _check_confirmation(body)
        try:
            sent = await bench.real.call(send_to_provider, bench.config, body.get("config"), body.get("message"))
        finally:
            bench.real.stop()
        return JsonResponse(sent)

    async def preview(request: Request) -> Response:
        """Keep the HTML of a message that the stub received, and return its URL."""
        body = await read_body(request)
        url = bench.previews.add(str(body.get("html")), has_images=body.get("images") is True)
        return JsonResponse({"url": url})

    return (
        Route("/api/send/stub", stub, methods=["POST"]),
        Route("/api/send/provider", provider, methods=["POST"]),
        Route("/api/send/preview", preview, methods=["POST"]),
    )


def _check_confirmation(body: dict[str, Any]) -> None:
    """Raise `RequestError` unless the user has confirmed this recipient."""
    message = body.get("message")
    recipient = message.get("to") if isinstance(message, dict) else None
    if not isinstance(recipient, str) or not recipient or body.get("confirmedRecipient") != recipient:
        raise RequestError("A real message needs a confirmation that names its recipient.")


PANEL: Final = Panel("send", "Send", MESSAGES, _routes)
