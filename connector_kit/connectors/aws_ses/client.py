"""The botocore client: creation, time limits, retries, and the store of clients in use."""

import os
import random
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from functools import cache
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol

import botocore.session
from attrs import field, frozen
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.loaders import Loader

from connector_kit.bounded_http import bounded_pool_classes
from connector_kit.connectors.aws_ses.config import AwsSesConfig
from connector_kit.connectors.aws_ses.errors import check_json_object, classify

if TYPE_CHECKING:
    from botocore.client import BaseClient

CONNECT_TIMEOUT: Final = 1.0
"""In seconds, for each address of the endpoint; SES has up to eight."""

READ_TIMEOUT: Final = 6.0
"""In seconds, for the whole response to a request."""

TIME_LIMIT: Final = 14.0
"""In seconds: no retry starts unless it can end within this time after the first attempt started."""

CLIENTS_KEPT: Final = 64
"""A client needs 0.3 MB, and creating one takes 6 ms, as long as 5 sends: this many tenants for 20 MB."""

CLIENTS_CONNECTED: Final = 8
"""So many clients, those used last, keep idle connections: up to 50 each, and a process often has 1,024 descriptors."""

_CONNECTIONS_KEPT: Final = 50
_FIRST_ERROR_STATUS: Final = 300
"""Botocore raises a ``ClientError`` for this HTTP status and above."""
_FROM_ENVIRONMENT: Final = frozenset(
    ("ca_bundle", "ignore_configured_endpoint_urls", "use_dualstack_endpoint", "use_fips_endpoint")
)
"""The variables of botocore's session that the environment sets: how to reach SES, not as whom."""


class SendEmailClient(Protocol):
    """The part of a botocore ``sesv2`` client that the connector uses."""

    def send_email(self, **members: Any) -> Mapping[str, Any]:
        """Call ``SendEmail``."""
        ...


ClientFactory = Callable[[AwsSesConfig], SendEmailClient]


class SessionClientFactory:
    """Creates clients from one botocore session. The first call creates the session.

    The environment decides how SES is reached: proxies, ``AWS_CA_BUNDLE``, ``AWS_ENDPOINT_URL_SESV2``, FIPS and
    dual-stack endpoints. All other variables of AWS clients are ignored, and so are their files: the config has the keys
    and the region, and a profile that is missing or malformed must not prevent a send.
    """

    def __init__(self) -> None:
        self._session: botocore.session.Session | None = None

    def __call__(self, config: AwsSesConfig) -> SendEmailClient:
        """Create a client for the config's region and access key. Not thread-safe: the caller holds a lock."""
        if self._session is None:
            self._session = _create_session()
        client: BaseClient = self._session.create_client(
            "sesv2",
            region_name=config.region,
            aws_access_key_id=config.access_key_id,
            aws_secret_access_key=config.access_key_secret,
            config=Config(
                connect_timeout=CONNECT_TIMEOUT,
                read_timeout=READ_TIMEOUT,
                max_pool_connections=_CONNECTIONS_KEPT,
                retries={"mode": "standard", "total_max_attempts": 1},
            ),
        )
        _bound_connections(client)
        client.meta.events.register("before-call.sesv2.SendEmail", _start_clock)
        client.meta.events.register("before-parse.sesv2.SendEmail", check_json_object)
        client.meta.events.register("needs-retry.sesv2.SendEmail", _pause_before_retry)  # type: ignore[arg-type]  # botocore uses the return value of a handler; its stubs declare none
        return client  # type: ignore[return-value]  # botocore adds the operations at run time


def _create_session() -> botocore.session.Session:
    variables = {
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in botocore.session.Session.SESSION_VARIABLES.items()
        if name not in _FROM_ENVIRONMENT
    }
    for name in ("config_file", "credentials_file"):
        variables[name] = (None, None, os.devnull, None)
    session = botocore.session.Session(session_vars=variables)
    session.register_component("data_loader", _builtin_loader())
    return session


@cache
def _builtin_loader() -> Loader:
    """Return the loader of botocore's own data, which it reads once for all sessions.

    The default loader accepts a model of SES from ``~/.aws/models``, too.
    """
    return Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)


def _bound_connections(client: "BaseClient") -> None:
    """Use `bounded_pool_classes` also for the connections of a client, and for those through a proxy."""
    http: Any = client._endpoint.http_session  # type: ignore[attr-defined]  # noqa: SLF001 - botocore offers no public way
    pool_classes = bounded_pool_classes(http._pool_classes_by_scheme)  # noqa: SLF001 - botocore offers no public way
    http._pool_classes_by_scheme = http._manager.pool_classes_by_scheme = pool_classes  # noqa: SLF001 - botocore offers no public way


_Key = tuple[str, str, str]


@frozen
class _Clients:
    """The clients of one process, with their locks: a forked process uses none of them.

    Two processes that share a connection would mix up their responses, and a lock that another thread held during the
    fork stays locked.
    """

    process: int = field(factory=os.getpid)
    creating: Lock = field(factory=Lock)
    lock: Lock = field(factory=Lock)
    by_key: OrderedDict[_Key, SendEmailClient] = field(factory=OrderedDict)


class ClientStore:
    """Keeps the clients of the regions and access keys in use: creating one costs far more than a send."""

    def __init__(self, factory: ClientFactory) -> None:
        self._factory = factory
        self._clients = _Clients()
        self._inherited: list[_Clients] = []
        """Those of the parent process. To close them could wait for a lock that a thread of the parent held."""

    def get(self, config: AwsSesConfig) -> SendEmailClient:
        """Return the client for the config's region and access key; create it if there is none yet.

        If there are more than `CLIENTS_KEPT`, the one that was used least recently is dropped. All but the
        `CLIENTS_CONNECTED` that were used last close their idle connections. A forked process has clients of its own.
        """
        clients = self._clients
        if clients.process != os.getpid():
            self._inherited.append(clients)
            clients = self._clients = _Clients()
        key = (config.region, config.access_key_id, config.access_key_secret)
        client = _find(clients, key)
        if client is not None:
            return client
        with clients.creating:
            client = _find(clients, key)
            if client is None:
                client = self._factory(config)
                _keep(clients, key, client)
            return client


def _find(clients: _Clients, key: _Key) -> SendEmailClient | None:
    with clients.lock:
        client = clients.by_key.get(key)
        if client is None or next(reversed(clients.by_key)) == key:
            return client
        clients.by_key.move_to_end(key)
        _close_idle_connections(clients)
        return client


def _keep(clients: _Clients, key: _Key, client: SendEmailClient) -> None:
    with clients.lock:
        clients.by_key[key] = client
        _close_idle_connections(clients)
        if len(clients.by_key) > CLIENTS_KEPT:
            clients.by_key.popitem(last=False)


def _close_idle_connections(clients: _Clients) -> None:
    """Keep those of the `CLIENTS_CONNECTED` clients used last. The next client in this order loses its own, and can reconnect."""
    client = next(islice(reversed(clients.by_key.values()), CLIENTS_CONNECTED, None), None)
    close = getattr(client, "close", None)  # an author's client may have none
    if close is not None:
        close()


def _start_clock(context: dict[str, Any], **_: object) -> None:
    context["started"] = time.monotonic()


def _pause_before_retry(
    attempts: int,
    response: tuple[Any, Mapping[str, Any]] | None,
    caught_exception: Exception | None,
    request_dict: Mapping[str, Any],
    **_: object,
) -> float | None:
    """Handle botocore's ``needs-retry`` event: return the pause in seconds before a retry, or ``None`` for no retry.

    botocore's own standard mode also retries after a missing response, which can send a message twice.
    """
    error = _error(response, caught_exception)
    pauses = () if error is None else classify(error).retry_pauses
    if attempts > len(pauses):
        return None
    pause = random.uniform(0, pauses[attempts - 1])  # noqa: S311 - jitter
    elapsed = time.monotonic() - request_dict["context"]["started"]
    return pause if elapsed + pause + CONNECT_TIMEOUT + READ_TIMEOUT <= TIME_LIMIT else None


def _error(response: tuple[Any, Mapping[str, Any]] | None, caught: Exception | None) -> Exception | None:
    """Return the exception that botocore raises if there is no retry."""
    if response is None:
        return caught
    http, parsed = response
    return ClientError(parsed, "SendEmail") if http.status_code >= _FIRST_ERROR_STATUS else None  # type: ignore[arg-type]  # the stubs want a typed dict
