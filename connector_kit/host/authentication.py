"""Authentication: which addresses and which tokens may call the host."""

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from connector_kit.host.request_context import CONTEXT_KEY, RequestContext
from connector_kit.host.responses import HostError
from connector_kit.host.settings import HostSettings, Network, is_loopback

METRICS_PATH: Final = "/metrics"

_PUBLIC_PATHS: Final = frozenset({"/healthz", "/readyz"})
_SCHEME: Final = b"bearer "


class AuthenticationMiddleware:
    """Rejects requests from other addresses than the allowed ones, and requests without a valid token.

    Args:
        app: the ASGI application behind it.
        settings: the host's settings.
    """

    def __init__(self, app: ASGIApp, settings: HostSettings) -> None:
        self._app = app
        self._settings = settings
        self._tokens = TokenCheck(settings.tokens)
        self._metrics_tokens = TokenCheck((*settings.tokens, *settings.metrics_tokens))
        self._is_open = not settings.tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an allowed request on.

        Raises:
            HostError: ``forbidden`` or ``unauthorized``.
        """
        if scope["type"] == "http" and scope["path"] not in _PUBLIC_PATHS:
            self._authenticate(scope, scope[CONTEXT_KEY])
        await self._app(scope, receive, send)

    def _authenticate(self, scope: Scope, context: RequestContext) -> None:
        if not is_allowed(context.client, self._settings.allow_ips):
            raise HostError("forbidden")
        if self._is_open and not names_this_machine([value for name, value in scope["headers"] if name == b"host"]):
            raise HostError("forbidden")
        tokens = self._metrics_tokens if scope["path"] == METRICS_PATH else self._tokens
        headers = [value for name, value in scope["headers"] if name == b"authorization"]
        if tokens.exist and not tokens.accepts(headers):
            raise HostError("unauthorized", {"WWW-Authenticate": "Bearer"})


class TokenCheck:
    """Compares the Authorization header with the tokens, in constant time.

    Args:
        tokens: each is accepted as ``Bearer TOKEN`` or as the whole header.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        self._digests = tuple(_digest(token.encode("ascii")) for token in tokens)

    @property
    def exist(self) -> bool:
        """Whether there is a token."""
        return bool(self._digests)

    def accepts(self, headers: Sequence[bytes]) -> bool:
        """Return whether there is exactly one Authorization header and it holds a token."""
        if len(headers) != 1:
            return False
        header = headers[0].strip()
        candidates = [header]
        if header[: len(_SCHEME)].lower() == _SCHEME:
            candidates.append(header[len(_SCHEME) :].strip())
        # All digests have the same length and all are compared: the time reveals neither length nor position.
        matches = [hmac.compare_digest(_digest(text), digest) for text in candidates for digest in self._digests]
        return any(matches)


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def names_this_machine(headers: Sequence[bytes]) -> bool:
    """Return whether there is exactly one Host header, with a loopback address.

    A web page can give its own name the address 127.0.0.1 (DNS rebinding): then the browser lets it read the responses of
    a host that needs no token.
    """
    try:
        (header,) = headers
        name = urlsplit(f"//{header.decode('ascii')}").hostname
    except ValueError:
        return False
    return name is not None and is_loopback(name)


def client_address(peer: str | None, forwarded_for: Sequence[str], trusted_proxies: Sequence[Network]) -> str | None:
    """Return the client's address: the peer's, or the one that a trusted proxy reports.

    Each proxy appends the address of its own peer, so the last address that is not a trusted proxy is the client's.
    Everything before it may be forged.

    Args:
        peer: the other end of the connection.
        forwarded_for: the X-Forwarded-For headers.
        trusted_proxies: the proxies that are trusted.
    """
    chain = [part.strip() for header in forwarded_for for part in header.split(",") if part.strip()]
    client = peer
    while chain and _is_within(client, trusted_proxies):
        client = chain.pop()
    return client


def is_allowed(client: str | None, allowed: Sequence[Network]) -> bool:
    """Return whether an address is in one of the networks; an empty list allows all."""
    return not allowed or _is_within(client, allowed)


def _is_within(text: str | None, networks: Sequence[Network]) -> bool:
    address = _parse_address(text)
    return address is not None and any(address in network for network in networks)


def _parse_address(text: str | None) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
