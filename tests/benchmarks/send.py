"""Sends: the Amazon SES connector, bare botocore, and the official connector."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import botocore.session
from attrs import define, field
from botocore.config import Config

from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.benchmarks.cases import MESSAGE, Json, config, text
from tests.benchmarks.environment import environment
from tests.benchmarks.official import NAME as OFFICIAL
from tests.benchmarks.official import running_official
from tests.benchmarks.runner import Benchmark, Comparison, Contender, Figures, timed
from tests.benchmarks.ses_server import running_server

IN_FLIGHT: Final = 16
_OURS: Final = "ours"
_BARE: Final = "bare botocore"
_CPU: Final = "CPU ms per message"
_RATE: Final = "messages per second"


@define
class RecordingClient:
    """A client for the connector that records the members of a request and sends nothing."""

    members: dict[str, Any] = field(factory=dict)

    def send_email(self, **members: Any) -> Mapping[str, Any]:
        """Record the request and accept it."""
        self.members = members
        return {"MessageId": "recorded", "ResponseMetadata": {"HTTPStatusCode": 200}}


def members_of(saved: Json) -> dict[str, Any]:
    """Return the members of the request that the connector makes of `MESSAGE`."""
    client = RecordingClient()
    AwsSesConnector(client_factory=lambda _: client, get_config=lambda _: saved).send_message(MESSAGE)
    return client.members


@contextmanager
def contenders(is_quick: bool) -> Iterator[Sequence[Contender]]:  # noqa: FBT001 - a field of `Benchmark`
    """Start the server, the official connector and a botocore client."""
    count = IN_FLIGHT if is_quick else 20 * IN_FLIGHT
    with (
        running_server() as server,
        environment(AWS_ENDPOINT_URL_SESV2=server.url),
        running_official() as official,
        ThreadPoolExecutor(IN_FLIGHT) as threads,
    ):
        client: Any = botocore.session.Session().create_client(
            "sesv2",
            region_name="eu-west-1",
            aws_access_key_id=config()["accessKeyId"],
            aws_secret_access_key=config()["accessKeySecret"],
            config=Config(max_pool_connections=IN_FLIGHT),
        )

        def in_python(send: Callable[[], object], in_flight: int) -> Callable[[], Figures]:
            def loop(_: int = 0) -> None:
                for _ in range(count // in_flight):
                    send()

            everything = loop if in_flight == 1 else lambda: list(threads.map(loop, range(in_flight)))
            return lambda: _figures(*timed(everything), count)

        def sending(size: int, in_flight: int) -> list[Contender]:
            saved = config(content=text(size * 1000))
            connector = AwsSesConnector(get_config=lambda _: saved)
            members = members_of(saved)
            work = {"config": saved, "data": MESSAGE, "count": count, "inFlight": in_flight}
            case = f"{size} kB, {'serial' if in_flight == 1 else f'{in_flight} in flight'}"
            return [
                Contender(case, _OURS, in_python(lambda: connector.send_message(MESSAGE), in_flight)),
                Contender(case, _BARE, in_python(lambda: client.send_email(**members), in_flight)),
                Contender(case, OFFICIAL, lambda: _figures(*official.timed("send", work, server.url), count)),
            ]

        yield [it for in_flight in (1, IN_FLIGHT) for size in (1, 4, 64) for it in sending(size, in_flight)]


def _figures(seconds: float, cpu_seconds: float, count: int) -> Figures:
    return {_CPU: cpu_seconds / count * 1000, _RATE: count / seconds}


BENCHMARK: Final = Benchmark(
    "send",
    "Sends",
    "One message after the other, or 16 at the same time, with bodies of 1, 4 and 64 kB. *ours* is `AwsSesConnector.send_message` "
    "with a saved config, *bare botocore* is `client.send_email` with the same request, and the official connector is "
    "`sendMessage` of `@logto/connector-aws-ses`. Python uses 16 threads, Node 16 promises. Processor time is that of the "
    "sending process.",
    contenders,
    (
        Comparison(_CPU, _OURS, _BARE, most=0.6),
        Comparison(_CPU, _OURS, OFFICIAL),
        Comparison(_RATE, _OURS, OFFICIAL, least=3.0, within="serial"),
        Comparison(_RATE, _OURS, OFFICIAL, least=2.0, within="in flight"),
    ),
    (_CPU, _RATE),
)
