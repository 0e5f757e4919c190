"""Who calls, and whether they may: addresses and tokens."""

import hashlib
import hmac
import ipaddress
from collections.abc import Iterable, Sequence

from connector_kit.host.settings import Network

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_SCHEME = b"bearer "


class TokenCheck:
    """Compares the Authorization header with the tokens, in a time that tells nothing about them.

    Args:
        tokens: any of them is accepted, as ``Bearer TOKEN`` or as the whole header.
    """

    def __init__(self, tokens: Iterable[str]) -> None:
        self._digests = tuple(_digest(token.encode("ascii")) for token in tokens)

    def accepts(self, headers: Sequence[bytes]) -> bool:
        """Tell whether the one Authorization header holds a token; with none or several, it does not."""
        if len(headers) != 1:
            return False
        given = headers[0].strip()
        texts = [given, given[len(_SCHEME) :].strip()] if given[: len(_SCHEME)].lower() == _SCHEME else [given]
        # Digests have one length, and all are compared, so neither the length nor the place of a match shows.
        matches = [hmac.compare_digest(_digest(text), digest) for text in texts for digest in self._digests]
        return any(matches)


def _digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def client_address(peer: str | None, forwarded_for: Sequence[str], trusted_proxies: Sequence[Network]) -> str | None:
    """Return the caller's address: the peer's, or where the peer is a trusted proxy, whom that names.

    Args:
        peer: the other end of the connection.
        forwarded_for: the X-Forwarded-For headers. Each proxy adds the address of its own peer at the end, so the
            last one that is no trusted proxy is the caller; whatever stands before it, the caller may have made up.
        trusted_proxies: who is believed.
    """
    chain = [part.strip() for header in forwarded_for for part in header.split(",") if part.strip()]
    client = peer
    while chain and _is_within(client, trusted_proxies):
        client = chain.pop()
    return client


def may_call(client: str | None, allowed: Sequence[Network]) -> bool:
    """Tell whether an address is on the list; an empty list has everybody on it."""
    return not allowed or _is_within(client, allowed)


def _is_within(text: str | None, networks: Sequence[Network]) -> bool:
    address = _address(text)
    return address is not None and any(address in network for network in networks)


def _address(text: str | None) -> Address | None:
    try:
        address = ipaddress.ip_address(text or "")
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
