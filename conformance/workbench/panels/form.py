"""The panel Form: the config form as Logto Console shows it, and what is wrong with the config."""

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from conformance.workbench.bench import Bench
from conformance.workbench.configs import check_config, open_form, save_config
from conformance.workbench.panels.panel import EVERY_TYPE, Panel
from conformance.workbench.requests import read_body
from connector_kit.host.responses import JsonResponse


def _routes(bench: Bench) -> Sequence[Route]:
    async def form(_: Request) -> Response:
        return JsonResponse(await bench.edits.call(open_form, bench.config))

    async def check(request: Request) -> Response:
        config = (await read_body(request)).get("config")
        return JsonResponse({"issues": await bench.edits.call(check_config, bench.config, config)})

    async def save(request: Request) -> Response:
        config = (await read_body(request)).get("config")
        return JsonResponse(await bench.edits.call(save_config, bench.config, config))

    return (
        Route("/api/form", form),
        Route("/api/form/check", check, methods=["POST"]),
        Route("/api/form/save", save, methods=["POST"]),
    )


PANEL: Final = Panel("form", "Form", EVERY_TYPE, _routes)
