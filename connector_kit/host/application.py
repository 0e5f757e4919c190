"""The ASGI application: the routes, and what each of them does."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from itertools import chain
from typing import Any, Final

from attrs import evolve
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connector_kit.connector import Connector, MessageConnector, SocialConnector
from connector_kit.host.authentication import METRICS_PATH, AuthenticationMiddleware
from connector_kit.host.connector_calls import ConnectorCall, ConnectorCalls
from connector_kit.host.hosted_connector import HostedConnector, split_config
from connector_kit.host.logs import LogRedactor, log_event
from connector_kit.host.middleware import RequestMiddleware
from connector_kit.host.openapi import openapi_document
from connector_kit.host.request_context import request_context
from connector_kit.host.responses import HostError, JsonResponse
from connector_kit.host.settings import HostSettings
from connector_kit.host.social_calls import SOCIAL_CALLS
from connector_kit.messages import TemplateType
from connector_kit.redaction import config_secrets, mask_recipient, payload_secrets

_STATUS_CODES: Final = {404: "not_found", 405: "method_not_allowed"}
_TYPES: Final = frozenset(map(str, TemplateType))
_SHUTDOWN_WAIT_SECONDS: Final = 5.0


def create_app(settings: HostSettings) -> Starlette:
    """Create the application. It configures no logging, and opens and starts nothing until its first request."""
    return make_app(settings, ConnectorCalls(settings.slots))


def make_app(settings: HostSettings, calls: ConnectorCalls) -> Starlette:
    """Create the application around slots and metrics that may belong to an earlier one, too."""
    return _Host(settings, calls).application()


class _Host:
    """The hosted connectors and the routes to them."""

    def __init__(self, settings: HostSettings, calls: ConnectorCalls) -> None:
        self.settings = settings
        self.calls = calls
        self.connectors = {it.id: HostedConnector(it) for it in settings.connectors}
        self.saved_secrets = {
            it.id: frozenset(
                (*config_secrets(it.connector, it.saved_config), *settings.tokens, *settings.metrics_tokens)
            )
            for it in self.connectors.values()
        }
        self.document = openapi_document(
            {it.id: it.connector for it in self.connectors.values()},
            email=settings.email is not None,
            sms=settings.sms is not None,
            metrics=settings.metrics,
        )

    def application(self) -> Starlette:
        """Create the ASGI application."""
        routes = [
            Route("/healthz", self.health),
            Route("/readyz", self.readiness),
            Route("/openapi.json", self.openapi),
            Route("/connectors", self.list_connectors),
            Route("/connectors/{id}", self.describe),
            Route("/connectors/{id}/validate-config", self.validate_config, methods=["POST"]),
        ]
        if self._has(MessageConnector):
            routes += [
                Route("/connectors/{id}/send-message", self.send_message, methods=["POST"]),
                Route("/connectors/{id}/test", self.send_test, methods=["POST"]),
                Route("/connectors/{id}/usage", self.get_usage, methods=["POST"]),
            ]
        if self._has(SocialConnector):
            routes += [
                Route(f"/connectors/{{id}}/{name}", partial(self.call_social, name), methods=["POST"])
                for name in SOCIAL_CALLS
            ]
        for path, connector_id in (("/email", self.settings.email), ("/sms", self.settings.sms)):
            if connector_id is not None:
                routes.append(Route(path, partial(self.send, connector_id), methods=["POST"]))
        if self.settings.metrics:
            routes.append(Route(METRICS_PATH, self.show_metrics))
        app = Starlette(
            routes=routes,
            middleware=[
                Middleware(RequestMiddleware, settings=self.settings, metrics=self.calls.metrics),
                Middleware(AuthenticationMiddleware, settings=self.settings),
            ],
            exception_handlers={HTTPException: _reject_route},
            lifespan=self._lifespan,
        )
        app.router.redirect_slashes = False  # a redirected client would send its token and message twice
        return app

    def _has(self, kind: type[Connector[Any]]) -> bool:
        return any(issubclass(it.connector, kind) for it in self.connectors.values())

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self.calls.metrics.update_slots()
        yield
        # Every request has its response by now, but calls that were answered with 504 may still be running.
        if not await run_in_threadpool(self.calls.slots.wait_until_idle, _SHUTDOWN_WAIT_SECONDS):
            log_event("abandoned", connectors_at_work=self.calls.slots.busy)

    # --- routes ---

    async def health(self, request: Request) -> Response:
        return JsonResponse({"status": "alive", "requestId": request_context(request).request_id})

    async def readiness(self, request: Request) -> Response:
        context = request_context(request)
        if self.calls.slots.is_stuck:
            context.log_line.add(code="stuck")
            return JsonResponse({"status": "stuck", "requestId": context.request_id}, 503)
        return JsonResponse({"status": "ready", "requestId": context.request_id})

    async def openapi(self, _: Request) -> Response:
        return JsonResponse(self.document)

    async def show_metrics(self, _: Request) -> Response:
        return Response(self.calls.metrics.render(), media_type=self.calls.metrics.content_type)

    async def list_connectors(self, request: Request) -> Response:
        summaries = [connector.summary() for connector in self.connectors.values()]
        return JsonResponse({"connectors": summaries, "requestId": request_context(request).request_id})

    async def describe(self, request: Request) -> Response:
        connector = self._connector(request, request.path_params["id"], Connector)
        return JsonResponse({**connector.description(), "requestId": request_context(request).request_id})

    async def send(self, connector_id: str, request: Request) -> Response:
        call = await self._read_call(request, connector_id, message=lambda body: body)
        return await self.calls.run(evolve(call, with_issues=False), HostedConnector.send)

    async def send_message(self, request: Request) -> Response:
        call = await self._read_call(request, message=lambda body: _members(body).get("data"))
        return await self.calls.run(evolve(call, members=_result), HostedConnector.send_message)

    async def send_test(self, request: Request) -> Response:
        call = await self._read_call(
            request, message=lambda body: {"to": _members(body).get("to"), "type": TemplateType.GENERIC}
        )
        return await self.calls.run(evolve(call, members=_result), HostedConnector.send_test)

    async def validate_config(self, request: Request) -> Response:
        call = await self._read_call(request, kind=Connector)
        return await self.calls.run(evolve(call, members=_verdict), HostedConnector.validate_config)

    async def get_usage(self, request: Request) -> Response:
        call = await self._read_call(request)
        return await self.calls.run(evolve(call, members=lambda usage: {"usage": usage}), HostedConnector.get_usage)

    async def call_social(self, name: str, request: Request) -> Response:
        call = await self._read_call(request, kind=SocialConnector)
        return await self.calls.run(evolve(call, social_call=name, members=lambda members: members), SOCIAL_CALLS[name])

    # --- shared by the routes ---

    def _connector(self, request: Request, connector_id: str, kind: type[Connector[Any]]) -> HostedConnector:
        connector = self.connectors.get(connector_id)
        if connector is None or not issubclass(connector.connector, kind):
            raise HostError("not_found")
        request_context(request).log_line.add(connector=connector.id)
        return connector

    async def _read_call(
        self,
        request: Request,
        connector_id: str | None = None,
        message: Callable[[Any], object] | None = None,
        kind: type[Connector[Any]] = MessageConnector,
    ) -> ConnectorCall:
        """Read a request to a connector.

        Args:
            request: the request.
            connector_id: the connector, if the path does not name it.
            message: returns the message in a body, which is not validated yet; for routes that send one.
            kind: the route exists for these connectors only.
        """
        context = request_context(request)
        connector = self._connector(request, connector_id or request.path_params["id"], kind)
        body = await context.body.read_json()
        members = {} if message is None else _members(message(body))
        to, message_type = members.get("to"), members.get("type")

        def redactor() -> LogRedactor:
            config = {} if connector_id else _members(body).get("config")
            requested = chain(config_secrets(connector.connector, config), payload_secrets(members.get("payload")))
            if kind is SocialConnector:  # everything else is: state, code, session, tokens
                _, rest = split_config(body)
                requested = chain(requested, payload_secrets(rest))
            return LogRedactor(chain(self.saved_secrets[connector.id], requested), to)

        if message is None:
            return ConnectorCall(connector, context, body, redactor)
        message_type = message_type if isinstance(message_type, str) and message_type in _TYPES else "other"
        context.log_line.add(type=message_type, to=None if to is None else mask_recipient(to))
        return ConnectorCall(connector, context, body, redactor, message_type)


def _result(result: object) -> Mapping[str, object]:
    return {"result": result}


def _verdict(issues: list[Mapping[str, object]]) -> Mapping[str, object]:
    return {"valid": not any(issue["severity"] == "error" for issue in issues), "issues": issues}


def _members(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


async def _reject_route(_: Request, error: Exception) -> Response:
    """Reject a request for which Starlette finds no route, or no route with its method.

    Raises:
        HostError: always; the middleware responds to it.
    """
    assert isinstance(error, HTTPException)  # noqa: S101 - this handler is registered for no other exception
    raise HostError(_STATUS_CODES[error.status_code], error.headers)
