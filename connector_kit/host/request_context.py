"""The context of one request: its id, client, log line, body and deadline."""

from typing import Final

from attrs import field, frozen
from starlette.requests import Request

from connector_kit.host.logs import RequestLogLine
from connector_kit.host.request_body import RequestBody

CONTEXT_KEY: Final = "connector_kit.request_context"
"""The key in a request's ASGI scope that holds its context."""


@frozen
class RequestContext:
    """What belongs to one request.

    Args:
        request_id: from the client's X-Request-Id header, or random.
        client: the client's address.
        log_line: collects the fields of the request's log line.
        body: read by the routes that need it.
        deadline: when the host responds at the latest, in the event loop's time.
    """

    request_id: str
    client: str | None
    log_line: RequestLogLine
    body: RequestBody = field(repr=False)
    deadline: float


def request_context(request: Request) -> RequestContext:
    """Return the context of a request."""
    context: RequestContext = request.scope[CONTEXT_KEY]
    return context
