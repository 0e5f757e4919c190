"""What a host is told: which connectors it serves, to whom, and within which bounds."""

import ipaddress
from collections.abc import Iterable
from typing import Any, Final, Literal

from attrs import field, frozen

from connector_kit.connector import MessageConnector

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

SHORTEST_TOKEN: Final = 16
"""In characters. Whoever has the token can send in the operator's name, so it must not be one that can be guessed."""


def read_networks(texts: Iterable[str]) -> tuple[Network, ...]:
    """Read addresses and networks.

    Raises:
        ValueError: one of them is neither.
    """
    return tuple(ipaddress.ip_network(text) for text in texts)


def token_fault(token: str) -> str | None:
    """Say why a text cannot be a token, without showing it."""
    if len(token) < SHORTEST_TOKEN:
        return f"expected at least {SHORTEST_TOKEN} characters, found {len(token)}"
    if not token.isascii() or not token.isprintable():
        return "expected printable ASCII characters, found others: it could not stand in a header"
    if token != token.strip():
        return "expected no white space around it: a header loses that"
    return None


@frozen
class HostedSettings:
    """One connector, and its config if the host has one.

    Args:
        connector: the class.
        config: the saved config as JSON; ``None`` where each call brings one along.
    """

    connector: type[MessageConnector[Any, Any]]
    config: Any = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """The connector's id."""
        return str(self.connector.metadata.id)


@frozen
class HostSettings:
    """All that the application needs; see `connector_kit.host.configuration` for how it comes from a file.

    Args:
        connectors: what is hosted.
        tokens: any of them opens the door; empty for a host without one, which has to be said.
        insecure_without_token: serve whoever calls.
        metrics_tokens: these open ``/metrics`` alone.
        allow_ips: who may call; empty for anyone.
        trusted_proxies: whose ``X-Forwarded-For`` is believed.
        deadline_seconds: every request is answered within this time.
        body_seconds: a body has to arrive within this time.
        max_body_bytes: the largest body.
        slots: how many connector calls run at a time.
        deduplicate_seconds: how long identical sends are remembered; 0 for not at all.
        metrics: serve Prometheus metrics.
        log_format: of the log.
        email: the id of the connector behind ``/email``.
        sms: the id of the connector behind ``/sms``.

    Raises:
        ValueError: there is no token and nobody said that there need not be one, or a token is no good.
    """

    connectors: tuple[HostedSettings, ...]
    tokens: tuple[str, ...] = field(default=(), repr=False)
    insecure_without_token: bool = field(default=False, repr=False)
    metrics_tokens: tuple[str, ...] = field(default=(), repr=False)
    allow_ips: tuple[Network, ...] = ()
    trusted_proxies: tuple[Network, ...] = ()
    deadline_seconds: float = 14.5
    body_seconds: float = 5.0
    max_body_bytes: int = 1 << 20
    slots: int = 64
    deduplicate_seconds: float = 0.0
    metrics: bool = False
    log_format: Literal["json", "text"] = "json"
    email: str | None = None
    sms: str | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse a host that would be open without anybody having said so."""
        if not self.tokens and not self.insecure_without_token:
            raise ValueError("A host needs a token, or has to be told that it serves without one.")
        for token in (*self.tokens, *self.metrics_tokens):
            fault = token_fault(token)
            if fault:
                raise ValueError(f"A token cannot be used: {fault}.")
