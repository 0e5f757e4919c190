"""The botocore client: creation, time limits, retries, and the store of clients in use."""

import random
import re
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Protocol

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from connector_kit.connectors.aws_ses.config import AwsSesConfig
from connector_kit.connectors.aws_ses.errors import check_json_object, classify
from connector_kit.errors import ConnectorError, ConnectorErrorCodes

if TYPE_CHECKING:
    from botocore.client import BaseClient

CONNECT_TIMEOUT: Final = 1.0
"""In seconds, for each address of the endpoint; SES has up to eight."""

READ_TIMEOUT: Final = 6.0
"""In seconds without a byte from SES."""

TIME_LIMIT: Final = 14.0
"""In seconds: no retry starts unless it can end within this time after the first attempt started."""

_CLIENTS_KEPT: Final = 8
_CONNECTIONS_KEPT: Final = 50
_FIRST_ERROR_STATUS: Final = 300
"""Botocore raises a ``ClientError`` for this HTTP status and above."""
_REGION: Final = re.compile(r"(?![0-9]+$)(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
"""What botocore accepts as part of a host name, see ``botocore.utils.validate_region_name``."""
_ACCESS_KEY_ID: Final = re.compile(r"[!-~]*")
"""Characters that can be part of an Authorization header."""


class SendEmailClient(Protocol):
    """The part of a botocore ``sesv2`` client that the connector uses."""

    def send_email(self, **members: Any) -> Mapping[str, Any]:
        """Call ``SendEmail``."""
        ...


ClientFactory = Callable[[AwsSesConfig], SendEmailClient]


class SessionClientFactory:
    """Creates clients from one botocore session. The first call creates the session.

    The environment applies as to any AWS client: proxies, CA bundle, ``AWS_ENDPOINT_URL_SESV2``.
    """

    def __init__(self) -> None:
        self._session: botocore.session.Session | None = None

    def __call__(self, config: AwsSesConfig) -> SendEmailClient:
        """Create a client for the config's region and access key. Not thread-safe: the caller holds a lock."""
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
        client.meta.events.register("before-parse.sesv2.SendEmail", check_json_object)
        client.meta.events.register("needs-retry.sesv2.SendEmail", _pause_before_retry)  # type: ignore[arg-type]  # botocore uses the return value of a handler; its stubs declare none
        return client  # type: ignore[return-value]  # botocore adds the operations at run time


class ClientStore:
    """Keeps the clients of the regions and access keys in use: creating one costs far more than a send."""

    def __init__(self, factory: ClientFactory) -> None:
        self._factory = factory
        self._lock = Lock()
        self._clients: dict[tuple[str, str, str], SendEmailClient] = {}

    def get(self, config: AwsSesConfig) -> SendEmailClient:
        """Return the client for the config's region and access key; create it if there is none yet.

        Raises:
            ConnectorError: ``invalid_config`` for a region or an access key id that cannot be used, ``general`` when
                botocore cannot create a client.
        """
        key = (config.region, config.access_key_id, config.access_key_secret)
        client = self._clients.get(key)
        if client is not None:
            return client
        with self._lock:
            if key not in self._clients:
                created = self._create(config)
                if len(self._clients) >= _CLIENTS_KEPT:
                    del self._clients[next(iter(self._clients))]
                self._clients[key] = created
            return self._clients[key]

    def _create(self, config: AwsSesConfig) -> SendEmailClient:
        if not _REGION.fullmatch(config.region):
            message = f"The region is not valid: expected an AWS region such as eu-west-1, found {config.region!r}."
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"message": message})
        if not _ACCESS_KEY_ID.fullmatch(config.access_key_id):
            message = "The accessKeyId is not valid: expected only letters and digits."
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"message": message})
        try:
            return self._factory(config)
        except (BotoCoreError, ValueError) as error:
            message = f"botocore could not create a client: {type(error).__name__}."
            cause = (
                error if isinstance(error, BotoCoreError) else None
            )  # other exceptions may show an environment variable
            raise ConnectorError(ConnectorErrorCodes.GENERAL, {"message": message}) from cause


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
