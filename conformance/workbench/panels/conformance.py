"""The panel Conformance: runs checks on the connector, and shows their results as they arrive."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from conformance.profile import PROFILES, default_profile
from conformance.workbench.bench import Bench
from conformance.workbench.check_runs import CheckRuns
from conformance.workbench.loaded_connector import LoadedConnector
from conformance.workbench.panels.panel import EVERY_TYPE, Panel
from conformance.workbench.requests import RequestError, read_body
from connector_kit.host.responses import JsonResponse


def _routes(bench: Bench) -> Sequence[Route]:
    runs = CheckRuns(bench.target, bench.events)

    async def options(_: Request) -> Response:
        checks = await bench.sends.call(describe_checks)
        profiles = [{"name": it.name, "examples": it.examples, "isSmoke": it.is_smoke} for it in PROFILES.values()]
        return JsonResponse({"checks": checks, "profiles": profiles, "profile": default_profile().name})

    async def start(request: Request) -> Response:
        await runs.start(*_run_request(await read_body(request)))
        return JsonResponse({})

    async def cancel(request: Request) -> Response:
        await read_body(request)
        await runs.cancel()
        return JsonResponse({})

    async def news(request: Request) -> Response:
        body = await read_body(request)
        number, known = body.get("number"), body.get("known")
        if not isinstance(number, int) or not isinstance(known, int):
            raise RequestError("number and known: expected integers.")
        return JsonResponse(runs.news(number, known))

    async def report(_: Request) -> Response:
        if runs.html is None:
            raise RequestError("The report is ready after a run has ended.", HTTPStatus.NOT_FOUND)
        return JsonResponse({"html": runs.html})

    return (
        Route("/api/conformance/options", options),
        Route("/api/conformance/start", start, methods=["POST"]),
        Route("/api/conformance/cancel", cancel, methods=["POST"]),
        Route("/api/conformance/news", news, methods=["POST"]),
        Route("/api/conformance/report", report),
    )


def _run_request(body: Mapping[str, Any]) -> tuple[Sequence[str], str, str | None]:
    """Return the checks, the profile and the replay that a body names.

    Raises:
        RequestError: one of them is not usable.
    """
    checks, profile, replay = (body.get(it) for it in ("checks", "profile", "replay"))
    if not isinstance(checks, list) or not all(isinstance(it, str) for it in checks):
        raise RequestError("checks: expected a list of ids and areas of checks.")
    if not isinstance(profile, str) or profile not in PROFILES:
        raise RequestError(f"profile: expected one of {', '.join(PROFILES)}.")
    if not isinstance(replay, str | None):
        raise RequestError("replay: expected the token of a failure, or null.")
    return checks, profile, replay


def describe_checks(loaded: LoadedConnector) -> list[dict[str, Any]]:
    """Return the checks for the connector's type: id, area, level and description; none without a Spec."""
    from conformance.run.plan import checks_for  # noqa: PLC0415 - it imports all checks, which takes most of a second

    if loaded.spec is None:
        return []
    return [
        {"id": it.id, "area": it.area, "level": it.level, "description": it.description}
        for it in checks_for(loaded.spec)
    ]


PANEL: Final = Panel("conformance", "Conformance", EVERY_TYPE, _routes)
