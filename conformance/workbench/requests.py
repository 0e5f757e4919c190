"""Reads the requests of the page, and responds to those that fail."""

from http import HTTPStatus
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from connector_kit.host.responses import JsonResponse
from connector_kit.parsing import load_json

MOST_BYTES: Final = 16 << 20
"""The largest body: far more than a config and a payload that Logto could store."""

_JSON: Final = "application/json"


class RequestError(Exception):
    """A request cannot be used.

    Args:
        message: what is wrong with it.
        status: of the response.
    """

    def __init__(self, message: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status


async def read_body(request: Request) -> dict[str, Any]:
    """Return the JSON object in the body of a request.

    Raises:
        RequestError: it is too large, or not a JSON object.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise RequestError(f"The content type must be {_JSON}.", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            raise RequestError(f"The request has more than {MOST_BYTES >> 20} MB.", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    try:
        value = load_json(content.decode("utf-8"))
    except (ValueError, RecursionError):
        raise RequestError("The body is not JSON in UTF-8.") from None
    if not isinstance(value, dict):
        raise RequestError("The body is not a JSON object.")
    return value


async def respond_to_error(_: Request, error: Exception) -> Response:
    """Respond with the message of an error that was raised for the page."""
    status = error.status if isinstance(error, RequestError) else HTTPStatus.UNPROCESSABLE_ENTITY
    return JsonResponse({"message": str(error)}, status)
