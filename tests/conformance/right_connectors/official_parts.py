"""Shared by the ports of Logto's own connectors: one request, and one table of a provider's errors."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import urllib3
from attrs import evolve, field, frozen

from connector_kit import ConnectorError
from connector_kit import ConnectorErrorCodes as Codes
from connector_kit.redaction import redact

_PAUSE: Final = 0.02
_MOST_BYTES: Final = 1024 * 1024
_ENDLESS: Final = "The provider sent an endless response."
_UNREADABLE: Final = "The provider responded with HTTP {status} and without a message."


@frozen
class Problem:
    """What a response says about a failure.

    Args:
        code: the error code for Logto.
        message: the provider's message.
        name: the provider's own error code.
    """

    code: Codes
    message: str
    name: str | int | None = None


@frozen
class Answer:
    """A response that was read completely; ``json`` is ``None`` without a body."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    json: Any = field(repr=False)


@frozen
class Api:
    """Sends requests to a provider's API, and translates each failure by one function.

    Args:
        problem: returns what a status and a JSON body say about a failure; ``None`` for a success. It may raise
            LookupError, TypeError, ValueError or AttributeError for a body of another form.
    """

    problem: Callable[[int, Any], Problem | None]

    def send(
        self, pool: urllib3.PoolManager, method: str, url: str, secrets: tuple[object, ...], **request: Any
    ) -> "Answer":
        """Send a request, once more if it is throttled, and return the response if it is a success."""
        response, problem = self._once(pool, method, url, request)
        if problem is not None and problem.code is Codes.RATE_LIMIT_EXCEEDED:
            time.sleep(_PAUSE)
            response, problem = self._once(pool, method, url, request)
        if problem is None:
            return response
        details = {"message": redact(problem.message, secrets), "status": response.status}
        if problem.name is not None:
            details["code"] = problem.name
        raise ConnectorError(problem.code, details)

    def _once(
        self, pool: urllib3.PoolManager, method: str, url: str, request: dict[str, Any]
    ) -> tuple["Answer", Problem | None]:
        try:
            response = pool.request(method, url, redirect=False, preload_content=False, **request)
            content = response.read(_MOST_BYTES + 1, decode_content=True)
            if len(content) > _MOST_BYTES:
                response.close()
                return Answer(response.status, response.headers, None), Problem(Codes.INVALID_RESPONSE, _ENDLESS)
            response.release_conn()
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            message = f"The provider could not be reached: {type(error).__name__}."
            raise ConnectorError(Codes.GENERAL, {"message": message}) from None
        answer = Answer(response.status, response.headers, None)
        try:
            answer = evolve(answer, json=json.loads(content) if content else None)
            problem = self.problem(answer.status, answer.json)
        except (LookupError, TypeError, ValueError, AttributeError, RecursionError):
            problem = Problem(Codes.INVALID_RESPONSE, "")
        if problem is not None and not (isinstance(problem.message, str) and problem.message):
            problem = evolve(problem, message=_UNREADABLE.format(status=response.status))
        return answer, problem


def url_encoded(form: list[tuple[str, str]]) -> dict[str, Any]:
    """Return the arguments of `Api.send` for an URL-encoded form."""
    return {"fields": [(key, well_formed(value).encode()) for key, value in form], "encode_multipart": False}


def well_formed(text: str) -> str:
    """Return the text with U+FFFD for each half of a surrogate pair, as JavaScript encodes it."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
