"""The settings of a host: the connectors it serves, who may call it, and its limits."""

import ipaddress
from typing import Any, Final, Literal

from attrs import field, frozen

from connector_kit.connector import Connector

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

MIN_TOKEN_LENGTH: Final = 16
"""In characters. Anyone with a token can send in the operator's name, so it must be hard to guess."""


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def token_error(token: str) -> str | None:
    """Return why a text cannot be a token, without showing it; ``None`` if it can."""
    if len(token) < MIN_TOKEN_LENGTH:
        return f"expected at least {MIN_TOKEN_LENGTH} characters, found {len(token)}"
    if not token.isascii() or not token.isprintable():
        return "expected printable ASCII characters only: an HTTP header cannot carry any others"
    if token != token.strip():
        return "expected no white space around the token: HTTP headers lose it"
    return None


@frozen
class HostedSettings:
    """One hosted connector.

    Args:
        connector: the class.
        config: the saved config as JSON; ``None`` if each request brings its own.
    """

    connector: type[Connector[Any]]
    config: Any = field(default=None, repr=False)

    @property
    def id(self) -> str:
        """The connector's id."""
        return str(self.connector.metadata.id)


@frozen
class HostSettings:
    """Everything the application needs; `connector_kit.host.host_file` reads it from a host.toml.

    Args:
        connectors: the hosted connectors.
        tokens: a request needs one of them.
        insecure_without_token: serve requests without a token; required if there are no tokens.
        metrics_tokens: tokens that are valid for ``/metrics`` only.
        allow_ips: addresses that may call; empty allows all.
        trusted_proxies: proxies whose ``X-Forwarded-For`` header is trusted.
        deadline_seconds: the host responds to every request within this time.
        body_seconds: a body must arrive within this time.
        max_body_bytes: the largest accepted body.
        slots: how many connector calls run at the same time.
        metrics: serve Prometheus metrics.
        log_format: the format of the log.
        email: the id of the connector that serves ``/email``.
        sms: the id of the connector that serves ``/sms``.

    Raises:
        ValueError: there is no token and ``insecure_without_token`` is not set, or a token is unusable.
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
    metrics: bool = False
    log_format: Literal["json", "text"] = "json"
    email: str | None = None
    sms: str | None = None

    def __attrs_post_init__(self) -> None:
        """Reject a host that would be open by mistake."""
        if not self.tokens and not self.insecure_without_token:
            raise ValueError("A host needs a token. To serve without one, set insecure_without_token.")
        for token in (*self.tokens, *self.metrics_tokens):
            error = token_error(token)
            if error:
                raise ValueError(f"Unusable token: {error}.")
