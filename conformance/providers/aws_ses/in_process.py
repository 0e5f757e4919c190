"""SES in the process: answers on botocore's ``before-send`` event, after signing and before any socket."""

import math
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any, ClassVar, Final

import botocore
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import BotoCoreError, ConnectionClosedError, EndpointConnectionError, ReadTimeoutError
from botocore.loaders import Loader, create_loader
from botocore.session import Session

from conformance.http_exchange import HttpRequest
from conformance.loopback_server import SilentAddress
from conformance.provider import Aspect, Call, ConfigCase, Outcome, Provider
from conformance.providers.aws_ses.answers import ANSWERS, Mishap, answer_for, new_message_id
from conformance.providers.aws_ses.configs import CONFIG_CASES
from conformance.providers.aws_ses.request import read_call, request_fault

_EVENT: Final = "before-send.sesv2.SendEmail"
_RAISED: Final[Mapping[Mishap | None, type[BotoCoreError]]] = {
    "refused": EndpointConnectionError,
    "lost": ConnectionClosedError,
    "late": ReadTimeoutError,
}


@cache
def _loader() -> Loader:
    return create_loader()


class _Body:
    """The raw answer as botocore reads it."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: object) -> Iterator[bytes]:
        """Yield the whole body."""
        yield self._content


class AwsSesProvider(Provider):
    """Stands in for SES for every botocore session that is made while it runs.

    No socket is opened, but for the outcome ``hangs``: it sends the request, signed for SES, to a loopback address
    that never answers, so that the connector's own time limits act.
    """

    outcomes: ClassVar[tuple[Outcome, ...]] = tuple(answer.outcome for answer in ANSWERS)
    config_cases: ClassVar[tuple[ConfigCase, ...]] = CONFIG_CASES

    def __init__(self) -> None:
        super().__init__()
        self._silent = SilentAddress()

    @property
    def addresses(self) -> Collection[tuple[str, int]]:
        """Where nothing is ever answered, while that is the outcome."""
        return (self._silent.address,)

    @property
    def environment(self) -> Mapping[str, str]:
        """No proxy stands between a connector and the stub."""
        return {"no_proxy": "*"}

    def answer_with(self, name: str, times: float = math.inf) -> None:
        """Answer so from now on, or so many times, and let go of requests that hang."""
        super().answer_with(name, times)
        self._silent.close()
        if self.current.hangs:
            self._silent.open()

    def _installed(self) -> AbstractContextManager[None]:
        return self._initializing_sessions()

    @contextmanager
    def _initializing_sessions(self) -> Iterator[None]:
        def attach(session: Session) -> None:
            session.register_component("data_loader", _loader())  # each session would read the same megabyte again
            session.register(_EVENT, self._before_send)  # type: ignore[arg-type]  # botocore uses what the handler returns; its stubs say it returns nothing

        botocore.register_initializer(attach)
        try:
            yield
        finally:
            self._silent.close()
            botocore.unregister_initializer(attach)

    def _before_send(self, request: AWSPreparedRequest, **_: object) -> AWSResponse | None:
        outcome, message_id = self.current, new_message_id()
        sent = _read(request)
        chosen = answer_for(outcome)
        answer = chosen.to(sent, message_id)
        self.calls.append(read_call(sent, outcome, answer, message_id))
        if chosen.mishap in _RAISED:
            raise _RAISED[chosen.mishap](endpoint_url=request.url, error="stub")
        if isinstance(answer, str):
            request.url = f"{self._silent.url}{sent.target}"
            return None
        headers = HTTPHeaders.from_pairs(answer.headers.items())
        return AWSResponse(request.url, answer.status, headers, _Body(answer.body))

    def fault(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Judge a ``SendEmail`` request against the config it was made for."""
        return request_fault(call, config, aspect, at_aws=True)


def _read(prepared: AWSPreparedRequest) -> HttpRequest:
    headers = {name: _text(value) for name, value in prepared.headers.items()}
    return HttpRequest(prepared.method, prepared.url, headers, _text(prepared.body).encode())


def _text(value: object) -> str:
    return bytes(value).decode() if isinstance(value, bytes | bytearray) else str(value or "")
