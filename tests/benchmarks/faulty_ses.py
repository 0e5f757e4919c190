"""A provider in place of SES that accepts most messages, and in turn throttles, hangs, drips, resets or sends garbage."""

import asyncio
import re
import socket
from collections import Counter
from multiprocessing.connection import Connection
from typing import Final

from attrs import define, field, frozen

from tests.benchmarks.ses_server import SesConnection, response, serve

CONFIGS: Final = 1_000
_REGIONS: Final = ("eu-west-1", "eu-west-2", "eu-central-1", "us-east-1", "us-east-2", "us-west-2")
_RARE_REGIONS: Final = ("ap-south-1", "ap-southeast-2", "ca-central-1", "sa-east-1")
"""With these there are more regions than the connector keeps connections for. A message in 250 has one of them."""


@frozen
class Outcome:
    """What the provider does with a message, and what the connector documents for it.

    Args:
        name: says what.
        code: of the ``ConnectorError``; ``None``: the send returns the MessageId.
        requests: how many the connector makes.
        accepted: how often the provider has accepted the message, whatever it responds.
    """

    name: str
    code: str | None
    requests: int = 1
    accepted: int = 1


ACCEPTED: Final = Outcome("accepted", None)
THROTTLED_ONCE: Final = Outcome("throttled once", None, requests=2)
THROTTLED: Final = Outcome("throttled", "rate_limit_exceeded", requests=3, accepted=0)
SERVER_ERROR: Final = Outcome("500 after it was accepted", "invalid_response")
GARBAGE: Final = Outcome("a body that is garbage", "invalid_response")
NOT_HTTP: Final = Outcome("bytes that are not HTTP", "general")
RESET: Final = Outcome("a reset", "general")
HUNG: Final = Outcome("no response", "general")
DRIPPED: Final = Outcome("a response that drips", "general")

OUTCOMES: Final = {
    3: HUNG,
    253: DRIPPED,
    **dict.fromkeys(range(7, 500, 50), RESET),
    **dict.fromkeys(range(17, 500, 50), GARBAGE),
    **dict.fromkeys(range(27, 500, 50), THROTTLED_ONCE),
    **dict.fromkeys(range(37, 500, 100), THROTTLED),
    **dict.fromkeys(range(87, 500, 100), NOT_HTTP),
    **dict.fromkeys(range(47, 500, 50), SERVER_ERROR),
}
"""By the last digits of a message's number, modulo 500."""

SLOW: Final = (HUNG, DRIPPED, THROTTLED, THROTTLED_ONCE)


def outcome_of(number: int) -> Outcome:
    """Return what the provider does with a message. Provider and sender compute it from the message's number."""
    return OUTCOMES.get(number % 500, ACCEPTED)


def region_of(number: int) -> str:
    """Return the region of a message's config."""
    place = number % CONFIGS
    return _RARE_REGIONS[place // 250] if place % 250 == 0 else _REGIONS[place % len(_REGIONS)]


def key_of(number: int) -> str:
    """Return the access key id of a message's config."""
    return f"AKIA{number % CONFIGS:016}"


@define
class Received:
    """What the provider has received, by the numbers of the messages."""

    requests: Counter[int] = field(factory=Counter)
    accepted: Counter[int] = field(factory=Counter)
    wrong_credentials: int = 0


_NUMBER: Final = re.compile(rb"m(\d+)@example\.com")
_CREDENTIALS: Final = re.compile(rb"Credential=(\w+)/\d+/([\w-]+)/ses/")
_GARBAGE: Final = (b"<html>502</html>", b"{", b"null", b"\xff\xfe", b'{"MessageId":""}', b"")


class _Connection(SesConnection):
    """Does what `outcome_of` says."""

    def __init__(self, received: Received) -> None:
        self._counted = received

    def respond(self, head: bytes, body: bytes) -> None:
        found, signed = _NUMBER.search(body), _CREDENTIALS.search(head)
        assert found is not None
        number = int(found[1])
        outcome, received = outcome_of(number), self._counted
        expected = (key_of(number).encode(), region_of(number).encode())
        received.wrong_credentials += signed is None or signed.groups() != expected
        received.requests[number] += 1
        if outcome is THROTTLED or (outcome is THROTTLED_ONCE and received.requests[number] == 1):
            error = b"x-amzn-ErrorType: TooManyRequestsException\r\n"
            self.transport.write(response(b'{"message":"Slow down."}', b"429 Too Many Requests", error))
            return
        received.accepted[number] += 1
        if outcome is HUNG:
            return
        if outcome is DRIPPED:
            self._drip(b"HTTP/1.1 200 OK\r\n" + b"X-More: 1\r\n" * 1000)
        elif outcome is RESET:
            connection: socket.socket = self.transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            self.transport.abort()
        elif outcome is NOT_HTTP:
            self.transport.write(b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n" * 4)
            self.transport.close()
        elif outcome is SERVER_ERROR:
            self.transport.write(response(b'{"message":"Internal."}', b"500 Internal Server Error"))
        elif outcome is GARBAGE:
            self.transport.write(response(_GARBAGE[number % len(_GARBAGE)]))
        else:
            self.transport.write(response(b'{"MessageId":"id-%d"}' % number))

    def _drip(self, rest: bytes) -> None:
        """Send a byte every 0.1 seconds, until the connector closes the connection."""
        if rest and not self.transport.is_closing():
            self.transport.write(rest[:1])
            asyncio.get_running_loop().call_later(0.1, self._drip, rest[1:])


def run_provider(parent: Connection) -> None:
    """Serve as the provider, then report what was received to the parent process."""
    received = Received()
    serve(parent, lambda: _Connection(received))
    parent.send(received)
