"""The ASGI application: its routes and what each of them does."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.guards import Guard
from connector_kit.host.answers import HostError, JsonAnswer, failure
from connector_kit.host.configuration import settings_from_environment
from connector_kit.host.envelope import METRICS_PATH, Envelope
from connector_kit.host.exchange import Exchange, endpoint, refuse_route
from connector_kit.host.hosted import HostedConnector, Outcome
from connector_kit.host.logs import log_event, set_up_logging
from connector_kit.host.openapi import openapi_document, request_schema
from connector_kit.host.redaction import config_secrets, mask_recipient, payload_secrets, redactor
from connector_kit.host.sending import Caller, Send, details
from connector_kit.host.settings import HostSettings
from connector_kit.messages import TemplateType

_TYPES: Final = frozenset(map(str, TemplateType))
_LAST_WAIT_SECONDS: Final = 5.0


def _request_guard(name: str) -> Guard[Any]:
    return Guard(
        request_schema(name), Mapping[str, Any], error_code=ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, advice=()
    )


_send_request_guard: Final = _request_guard("SendRequest")
_config_request_guard: Final = _request_guard("ConfigRequest")
_test_request_guard: Final = _request_guard("TestRequest")
_usage_request_guard: Final = _request_guard("UsageRequest")


def create_app(settings: HostSettings) -> Starlette:
    """Make the application; it configures no logging, opens nothing and starts no thread until it is called."""
    return _Host(settings).application()


def app_from_environment() -> Starlette:
    """Make the application from the file that ``CONNECTOR_KIT_HOSTS`` names: a factory for any ASGI server.

    Raises:
        HostConfigError: something in the file, or in what it names, cannot be used.
    """
    settings = settings_from_environment()
    set_up_logging(settings.log_format)
    return create_app(settings)


class _Host:
    """The connectors, what calls them, and the routes."""

    def __init__(self, settings: HostSettings) -> None:
        self.settings = settings
        self.connectors = {it.id: HostedConnector(it) for it in settings.connectors}
        self.caller = Caller(settings)
        self.secrets = {
            it.id: frozenset(config_secrets(it.connector, it.saved_config)) for it in self.connectors.values()
        }
        self.document = openapi_document(
            self.connectors.values(),
            email=settings.email is not None,
            sms=settings.sms is not None,
            metrics=settings.metrics,
        )

    def application(self) -> Starlette:
        """Put the routes together."""
        routes = [
            ("GET", "/healthz", self.health),
            ("GET", "/readyz", self.readiness),
            ("GET", "/openapi.json", self.openapi),
            ("GET", "/connectors", self.list_connectors),
            ("GET", "/connectors/{id}", self.describe),
            ("POST", "/connectors/{id}/send-message", self.send_message),
            ("POST", "/connectors/{id}/validate-config", self.validate_config),
            ("POST", "/connectors/{id}/test", self.send_test),
            ("POST", "/connectors/{id}/usage", self.tell_usage),
        ]
        for path, connector_id in (("/email", self.settings.email), ("/sms", self.settings.sms)):
            if connector_id is not None:
                routes.append(("POST", path, partial(self.send_plain, self.connectors[connector_id])))
        if self.settings.metrics:
            routes.append(("GET", METRICS_PATH, self.show_metrics))
        app = Starlette(
            routes=[Route(path, endpoint(path, call), methods=[method]) for method, path, call in routes],
            middleware=[Middleware(Envelope, settings=self.settings, answered=self.caller.metrics.answered)],
            exception_handlers={HTTPException: refuse_route},
            lifespan=self._lifespan,
        )
        app.router.redirect_slashes = False  # a redirect would make a caller send its token and message twice
        return app

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        yield
        # Every request is answered by now; what was answered with 504 may still be at work.
        if not await run_in_threadpool(self.caller.pool.wait_until_idle, _LAST_WAIT_SECONDS):
            log_event("abandoned", connectors_at_work=self.caller.pool.busy)

    # --- routes ---

    async def health(self, _: Request, exchange: Exchange) -> Response:
        return JsonAnswer({"status": "alive", "requestId": exchange.request_id})

    async def readiness(self, _: Request, exchange: Exchange) -> Response:
        if self.caller.pool.is_stuck:
            return JsonAnswer({"status": "stuck", "requestId": exchange.request_id}, 503, code="stuck")
        return JsonAnswer({"status": "ready", "requestId": exchange.request_id})

    async def openapi(self, _: Request, exchange: Exchange) -> Response:  # noqa: ARG002 - as every route
        return JsonAnswer(self.document)

    async def show_metrics(self, _: Request, exchange: Exchange) -> Response:  # noqa: ARG002 - as every route
        return Response(self.caller.metrics.render(), media_type=self.caller.metrics.content_type)

    async def list_connectors(self, _: Request, exchange: Exchange) -> Response:
        summaries = [connector.summary() for connector in self.connectors.values()]
        return JsonAnswer({"connectors": summaries, "requestId": exchange.request_id})

    async def describe(self, request: Request, exchange: Exchange) -> Response:
        connector = self._named(request, exchange)
        return JsonAnswer({**connector.description(), "requestId": exchange.request_id})

    async def send_plain(self, connector: HostedConnector, _: Request, exchange: Exchange) -> Response:
        exchange.line.note(connector=connector.id)
        data = await self._read(exchange)
        send = self._about(connector, data, exchange)
        call = partial(connector.send, data)
        outcome = await self.caller.send(exchange, send, call, self.caller.recent.digest("message", connector.id, data))
        return self._answer(outcome, exchange, send, {}, with_issues=False)

    async def send_message(self, request: Request, exchange: Exchange) -> Response:
        connector = self._named(request, exchange)
        body = await self._read(exchange)
        members = body if isinstance(body, dict) else {}
        data, config, template = members.get("data"), members.get("config"), members.get("template")
        send = self._about(connector, data, exchange, config)

        def call() -> Outcome:
            return _guarded(_send_request_guard, body) or connector.send(data, config, template)

        digest = self.caller.recent.digest("message", connector.id, data, config, template)
        outcome = await self.caller.send(exchange, send, call, digest)
        return self._answer(outcome, exchange, send, {"result": outcome.result}, with_issues=True)

    async def send_test(self, request: Request, exchange: Exchange) -> Response:
        connector = self._named(request, exchange)
        body = await self._read(exchange)
        members = body if isinstance(body, dict) else {}
        to, config, locale = members.get("to"), members.get("config"), members.get("locale")
        send = self._about(connector, {"to": to, "type": str(TemplateType.GENERIC)}, exchange, config)

        def call() -> Outcome:
            return _guarded(_test_request_guard, body) or connector.test(to, config, locale)

        outcome = await self.caller.send(exchange, send, call, self.caller.recent.digest("test", connector.id, body))
        return self._answer(outcome, exchange, send, {"result": outcome.result}, with_issues=True)

    async def validate_config(self, request: Request, exchange: Exchange) -> Response:
        connector = self._named(request, exchange)
        body = await self._read(exchange)
        config = body.get("config") if isinstance(body, dict) else None
        redact = redactor(self._secrets(connector, config))

        def call() -> Outcome:
            return _guarded(_config_request_guard, body) or connector.issues(config)

        outcome = await self.caller.wait(exchange, self.caller.submit(call))
        about = Send(connector.id, "", redact)
        issues = outcome.result or []
        valid = not any(issue["severity"] == "error" for issue in issues)
        return self._answer(outcome, exchange, about, {"valid": valid, "issues": issues}, with_issues=True)

    async def tell_usage(self, request: Request, exchange: Exchange) -> Response:
        connector = self._named(request, exchange)
        body = await self._read(exchange)
        members = body if isinstance(body, dict) else {}
        config, start_from = members.get("config"), members.get("startFrom")

        def call() -> Outcome:
            return _guarded(_usage_request_guard, body) or connector.usage(config, start_from)

        outcome = await self.caller.wait(exchange, self.caller.submit(call))
        about = Send(connector.id, "", redactor(self._secrets(connector, config)))
        return self._answer(outcome, exchange, about, {"usage": outcome.result}, with_issues=True)

    # --- what they share ---

    def _named(self, request: Request, exchange: Exchange) -> HostedConnector:
        connector = self.connectors.get(request.path_params["id"])
        if connector is None:
            raise HostError("not_found")
        exchange.line.note(connector=connector.id)
        return connector

    async def _read(self, exchange: Exchange) -> Any:  # noqa: ANN401 - any JSON value
        return await exchange.body.read_json(self.settings.max_body_bytes)

    def _secrets(self, connector: HostedConnector, config: object) -> frozenset[str]:
        return (
            self.secrets[connector.id]
            | set(config_secrets(connector.connector, config))
            | set(self.settings.tokens)
            | set(self.settings.metrics_tokens)
        )

    def _about(self, connector: HostedConnector, data: object, exchange: Exchange, config: object = None) -> Send:
        members = data if isinstance(data, dict) else {}
        to, asked_type = members.get("to"), members.get("type")
        message_type = asked_type if isinstance(asked_type, str) and asked_type in _TYPES else "other"
        exchange.line.note(type=message_type, to=None if to is None else mask_recipient(to))
        secret = self._secrets(connector, config) | set(payload_secrets(members.get("payload")))
        return Send(connector.id, message_type, redactor(secret, to))

    def _answer(
        self, outcome: Outcome, exchange: Exchange, send: Send, body: Mapping[str, object], *, with_issues: bool
    ) -> Response:
        exchange.line.note(**details(outcome, send.redact))
        if outcome.fault is not None:
            raise HostError("internal")
        if outcome.error is not None:
            return failure(outcome.error, exchange.request_id, send.redact, with_issues=with_issues)
        if isinstance(outcome.result, str):
            exchange.line.note(result=send.redact(outcome.result))
        return JsonAnswer({**body, "requestId": exchange.request_id})


def _guarded(guard: Guard[Any], body: object) -> Outcome | None:
    """Check a request's body, in the slot: that of a large one takes its time."""
    try:
        guard.validate(body)
    except ConnectorError as error:
        return Outcome(error=error)
    return None
