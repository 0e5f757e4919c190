"""SES in the process: responds in botocore's ``before-send`` event, after signing and before a socket is opened."""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any, ClassVar, Final

import botocore
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import BotoCoreError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.loaders import Loader, create_loader
from botocore.session import Session

from conformance.providers.aws_ses.configs import CONFIG_CASES
from conformance.providers.aws_ses.request import read_call, request_error
from conformance.providers.aws_ses.responses import RESPONSES, NetworkFailure, new_message_id, response_for
from conformance.providers.base import Aspect, Call, ConfigCase, Outcome, Provider
from conformance.providers.http_messages import HttpRequest, HttpResponse
from conformance.providers.tcp import SilentAddress

_EVENT: Final = "before-send.sesv2.SendEmail"
_EXCEPTIONS: Final[Mapping[NetworkFailure | None, type[BotoCoreError]]] = {
    "refused": EndpointConnectionError,
    "closed": ConnectionClosedError,
    "timed-out": ReadTimeoutError,
}


@cache
def _loader() -> Loader:
    return create_loader()


class _Body:
    """The raw response as botocore reads it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: object) -> Iterator[bytes]:
        """Yield the whole body."""
        yield self._content


class AwsSesProvider(Provider):
    """Replaces SES for every botocore session that is created while the stub runs.

    It opens no socket, with one exception. For the outcome ``hangs`` the request, signed for SES, goes to a loopback
    address that never responds, so that the connector's own timeout applies.
    """

    outcomes: ClassVar[tuple[Outcome, ...]] = tuple(response.outcome for response in RESPONSES)
    config_cases: ClassVar[tuple[ConfigCase, ...]] = CONFIG_CASES

    def __init__(self) -> None:
        super().__init__()
        self._silent = SilentAddress()

    @property
    def addresses(self) -> Collection[tuple[str, int]]:
        """The loopback address that never responds, during the outcome ``hangs``."""
        return (self._silent.address,)

    @property
    def environment(self) -> Mapping[str, str]:
        """Bypass the proxies that the environment configures."""
        return {"no_proxy": "*"}

    def respond_with(self, name: str, times: float = math.inf) -> None:
        """Use an outcome for the next requests, and end the requests that hang."""
        super().respond_with(name, times)
        self._silent.close()
        if self.current.hangs:
            self._silent.open()

    @property
    def handlers(self) -> Mapping[str, Callable[..., AWSResponse | None]]:
        """By event of botocore: what responds to a request. A subclass adds those of other services, such as STS."""
        return {_EVENT: self._before_send}

    def _intercepting(self) -> AbstractContextManager[None]:
        return self._initializing_sessions()

    @contextmanager
    def _initializing_sessions(self) -> Iterator[None]:
        def attach(session: Session) -> None:
            session.register_component("data_loader", _loader())  # each session would read the same megabyte
            for event, handler in self.handlers.items():
                session.register(event, handler)  # type: ignore[arg-type]  # botocore uses the return value of a handler; its stubs declare none

        botocore.register_initializer(attach)
        try:
            yield
        finally:
            self._silent.close()
            botocore.unregister_initializer(attach)

    def _before_send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        outcome, message_id = self.current, new_message_id()
        sent = read_request(request)
        chosen = response_for(outcome)
        response = chosen.to(sent, message_id)
        self.calls.append(read_call(sent, outcome, response, message_id))
        if chosen.network_failure in _EXCEPTIONS:
            raise _EXCEPTIONS[chosen.network_failure](endpoint_url=request.url, error="stub")
        if isinstance(response, str):
            request.url = f"{self._silent.url}{sent.target}"
            return None
        return aws_response(request, response)

    def request_error(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Compare a ``SendEmail`` request with the config it was made for."""
        return request_error(call, config, aspect, at_aws=True)


def aws_response(request: AWSPreparedRequest, response: HttpResponse) -> AWSResponse:
    """Return a response as a handler of botocore's event returns it."""
    headers = HTTPHeaders.from_pairs(response.headers.items())
    return AWSResponse(request.url, response.status, headers, _Body(response.body))


def read_request(prepared: AWSPreparedRequest) -> HttpRequest:
    """Return the request of botocore's event."""
    headers = {name: _text(value) for name, value in prepared.headers.items()}
    return HttpRequest(prepared.method, prepared.url, headers, _text(prepared.body).encode())


def _text(value: object) -> str:
    return bytes(value).decode() if isinstance(value, bytes | bytearray) else str(value or "")
