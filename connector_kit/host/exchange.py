"""One request on its way through the host, and how a route's endpoint is made."""

from collections.abc import Awaitable, Callable
from typing import Final

from attrs import field, frozen
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from connector_kit.host.answers import HostError, JsonAnswer, refusal
from connector_kit.host.bodies import RequestBody
from connector_kit.host.logs import RequestLine

EXCHANGE: Final = "connector_kit.exchange"
"""Where the ASGI scope of a request holds its exchange."""

_STATUS_CODES: Final = {404: "not_found", 405: "method_not_allowed"}


@frozen
class Exchange:
    """What belongs to one request.

    Args:
        request_id: its id.
        line: its line in the log.
        body: its body, read by whoever needs it.
        ends: when it has to be answered, by the loop's clock.
    """

    request_id: str
    line: RequestLine
    body: RequestBody = field(repr=False)
    ends: float

    def refuse(self, error: HostError) -> Response:
        """Answer with a failure of the host's own, and note it."""
        self.line.note(code=error.code)
        return refusal(error, self.request_id)


Call = Callable[[Request, Exchange], Awaitable[Response]]
"""What a route does."""


def endpoint(path: str, call: Call) -> Callable[[Request], Awaitable[Response]]:
    """Make Starlette's endpoint of a route; the host's own failures are answered here."""

    async def answering(request: Request) -> Response:
        exchange: Exchange = request.scope[EXCHANGE]
        exchange.line.note(path=path)
        try:
            answer = await call(request, exchange)
        except HostError as error:
            return exchange.refuse(error)
        if isinstance(answer, JsonAnswer):
            exchange.line.note(code=answer.code)
        return answer

    return answering


async def refuse_route(request: Request, error: Exception) -> Response:
    """Answer where Starlette finds no route, or none for the method."""
    assert isinstance(error, HTTPException)  # noqa: S101 - this handler is registered for nothing else
    exchange: Exchange = request.scope[EXCHANGE]
    return exchange.refuse(HostError(_STATUS_CODES[error.status_code], error.headers))
