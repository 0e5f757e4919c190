"""The botocore client: how it is made, how long it may take, when it tries again, and how long it is kept."""

import random
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol

import botocore.session
from botocore.config import Config
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError

from connector_kit.connectors.aws_ses.config import AwsSesConfig
from connector_kit.connectors.aws_ses.failures import is_quota, is_throttle, refuse_other_json, unusable_access_key

if TYPE_CHECKING:
    from botocore.client import BaseClient

CONNECT_TIMEOUT: Final = 1.0
"""In seconds, for each address of the endpoint; SES has up to eight."""

READ_TIMEOUT: Final = 6.0
"""In seconds without a byte from SES."""

TIME_LIMIT: Final = 14.0
"""In seconds: no further attempt begins unless it can end within this time after the first began."""

ATTEMPTS: Final = 3

_CLIENTS_KEPT: Final = 8
_PRINTABLE: Final = range(33, 127)
_CONNECTIONS_KEPT: Final = 50
_THROTTLE_PAUSES: Final = (0.3, 0.9)
_FAULT_PAUSES: Final = (0.05, 0.1)
_SERVER_FAULTS: Final = frozenset({500, 502, 503, 504})


class SendEmailClient(Protocol):
    """What the connector needs of a botocore ``sesv2`` client."""

    def send_email(self, **members: Any) -> Mapping[str, Any]:  # noqa: ANN401 - the operation's members
        """Call ``SendEmail``."""
        ...


ClientFactory = Callable[[AwsSesConfig], SendEmailClient]


class SessionClientFactory:
    """Makes clients from one botocore session, which is made with the first of them.

    The environment still counts, as with any AWS client: proxies, CA bundle, ``AWS_ENDPOINT_URL_SESV2``.
    """

    def __init__(self) -> None:
        self._session: botocore.session.Session | None = None

    def __call__(self, config: AwsSesConfig) -> SendEmailClient:
        """Make a client for the config's region and access key. Callers see to it that one runs at a time."""
        if self._session is None:
            self._session = botocore.session.get_session()
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
        client.meta.events.register("before-call.sesv2.SendEmail", _start_clock)
        client.meta.events.register("before-parse.sesv2.SendEmail", refuse_other_json)
        client.meta.events.register("needs-retry.sesv2.SendEmail", _pause_before_retry)  # type: ignore[arg-type]  # botocore acts on what a handler returns; its stubs say it returns nothing
        return client  # type: ignore[return-value]  # operations are made at run time


class ClientStore:
    """Keeps the client of each region and access key in use: making one costs far more than a send."""

    def __init__(self, factory: ClientFactory) -> None:
        self._factory = factory
        self._lock = Lock()
        self._clients: dict[tuple[str, str, str], SendEmailClient] = {}

    def get(self, config: AwsSesConfig) -> SendEmailClient:
        """Return the client for a config, a new one when its region or keys are new.

        Raises:
            ConnectorError: ``invalid_config``, when the access key id cannot stand in a signature.
        """
        key = (config.region, config.access_key_id, config.access_key_secret)
        client = self._clients.get(key)
        if client is not None:
            return client
        with self._lock:
            if key not in self._clients:
                if not all(ord(character) in _PRINTABLE for character in config.access_key_id):
                    raise unusable_access_key()
                if len(self._clients) >= _CLIENTS_KEPT:
                    del self._clients[next(iter(self._clients))]
                self._clients[key] = self._factory(config)
            return self._clients[key]


def _start_clock(context: dict[str, Any], **_: object) -> None:
    context["started"] = time.monotonic()


def _pause_before_retry(
    attempts: int,
    response: tuple[Any, Mapping[str, Any]] | None,
    caught_exception: Exception | None,
    request_dict: Mapping[str, Any],
    **_: object,
) -> float | None:
    """Answer botocore's needs-retry event: how many seconds to wait before the next attempt, or ``None`` for none.

    ``SendEmail`` has no idempotency token, so an attempt that SES may have accepted (no answer in time, a connection
    lost after the request went out) is never repeated; botocore's own standard mode would send such a message twice.
    """
    if attempts >= ATTEMPTS:
        return None
    if response is None:
        pauses = _FAULT_PAUSES if isinstance(caught_exception, EndpointConnectionError | ConnectTimeoutError) else None
    else:
        http, parsed = response
        error = parsed.get("Error", {})
        code, message = str(error.get("Code", "")), str(error.get("Message", ""))
        if is_quota(code, message):
            pauses = None
        elif is_throttle(code, http.status_code):
            pauses = _THROTTLE_PAUSES
        else:
            pauses = _FAULT_PAUSES if http.status_code in _SERVER_FAULTS else None
    if pauses is None:
        return None
    pause = random.uniform(0, pauses[attempts - 1])  # noqa: S311 - jitter
    elapsed = time.monotonic() - request_dict["context"]["started"]
    return pause if elapsed + pause + CONNECT_TIMEOUT + READ_TIMEOUT <= TIME_LIMIT else None
