"""The panel Sign-in: a sign-in through the stub of the provider, step by step."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from conformance.workbench.bench import Bench
from conformance.workbench.panels.panel import Panel
from conformance.workbench.requests import read_body
from conformance.workbench.sign_in import describe_sign_in, give_consent, return_to_logto, start_sign_in
from connector_kit import ConnectorType
from connector_kit.host.responses import JsonResponse


def _routes(bench: Bench) -> Sequence[Route]:
    async def options(_: Request) -> Response:
        return JsonResponse(await bench.sends.call(describe_sign_in))

    async def start(request: Request) -> Response:
        body = await read_body(request)
        scope = str(body.get("scope") or "")
        return JsonResponse(await bench.sends.call(start_sign_in, bench.config, body.get("config"), scope))

    async def consent(request: Request) -> Response:
        body = await read_body(request)
        return JsonResponse(await bench.sends.call(give_consent, str(body.get("answer"))))

    async def finish(request: Request) -> Response:
        body = await read_body(request)
        return JsonResponse(await bench.sends.call(return_to_logto, str(body.get("outcome", "accepted"))))

    return (
        Route("/api/sign_in/options", options),
        Route("/api/sign_in/start", start, methods=["POST"]),
        Route("/api/sign_in/consent", consent, methods=["POST"]),
        Route("/api/sign_in/finish", finish, methods=["POST"]),
    )


PANEL: Final = Panel("sign_in", "Sign-in", frozenset({ConnectorType.SOCIAL}), _routes)
