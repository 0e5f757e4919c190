"""Calls of one operation through botocore's parts: endpoints, signatures, time limits and retries."""

import json
import os
import random
import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from hashlib import sha256
from http.client import HTTPException
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar, Final

import botocore.session
import urllib3
from attrs import define, field, frozen
from botocore.auth import SIGV4_TIMESTAMP, SigV4Auth
from botocore.awsrequest import AWSRequest, create_request_object, prepare_request_dict
from botocore.credentials import Credentials
from botocore.exceptions import (
    ClientError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
)
from botocore.handlers import BUILTIN_HANDLERS
from botocore.hooks import first_non_none_response
from botocore.httpsession import get_cert_path
from botocore.loaders import Loader
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from connector_kit.aws_api.credential_sources import CredentialSources
from connector_kit.aws_api.credentials import AwsKeys, AwsRole
from connector_kit.aws_api.errors import ErrorKind, ErrorTable, check_json_object
from connector_kit.bounded_http import Response, close_idle_connections, connection_manager, exchange

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.model import OperationModel

CONNECT_TIMEOUT: Final = 1.0
"""In seconds, for each address of the endpoint; SES has up to eight."""

READ_TIMEOUT: Final = 6.0
"""In seconds, for a request and its whole response."""

TIME_LIMIT: Final = 14.0
"""In seconds, for a call: looking up the name, connecting, all attempts and the pauses between them."""

ENDPOINTS_KEPT: Final = 8
"""The number of regions whose connections stay open: up to 50 each, and a process often has 1,024 descriptors."""

_CONNECTIONS_KEPT: Final = 50
_LARGEST_RESPONSE: Final = 1 << 20
"""In bytes; those of SES have less than a thousand."""
_BEFORE_SEND: Final = "before-send"
_NOT_USED: Final = "not-used"
"""As the key of a botocore client: without one, it looks for keys in files and at addresses of the network."""
_FIRST_ERROR_STATUS: Final = 300
"""Botocore raises a ``ClientError`` for this HTTP status and above."""
_WRONG_TIME_CODES: Final = frozenset(
    (
        "InvalidSignatureException",
        "RequestExpired",
        "RequestInTheFuture",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
    )
)
"""AWS's error codes for a signature whose time is wrong; some also have other causes."""
_TOLERATED_SKEW: Final = timedelta(minutes=4)
"""AWS accepts a signature for five minutes before and after its time."""
_BOTOCORE_ERRORS: Final[Mapping[type[Exception], Any]] = {
    urllib3.exceptions.ProxyError: ProxyConnectionError,
    urllib3.exceptions.NewConnectionError: EndpointConnectionError,  # the first one that matches: this is also the next
    urllib3.exceptions.ConnectTimeoutError: ConnectTimeoutError,
    TimeoutError: ReadTimeoutError,
    OSError: ConnectionClosedError,
    HTTPException: ConnectionClosedError,
}
"""The exceptions of an exchange, and those of a botocore client for the same failures."""
_FROM_ENVIRONMENT: Final = frozenset(
    ("ca_bundle", "ignore_configured_endpoint_urls", "use_dualstack_endpoint", "use_fips_endpoint")
)
"""The variables of botocore's session that the environment sets: how to reach AWS, not as whom."""


@frozen
class Client:
    """Calls an operation at an endpoint."""

    endpoint: "Endpoint"
    signer: SigV4Auth
    errors: ErrorTable
    spent: float
    """The seconds that it took to get credentials; they count for the time limit of a call."""

    @property
    def secrets(self) -> tuple[str | None, ...]:
        """What errors must not show of the credentials."""
        credentials = self.signer.credentials
        return (credentials.access_key, credentials.secret_key, credentials.token)

    def call(self, members: Mapping[str, Any]) -> Mapping[str, Any]:
        """Call the operation, again after a failure of a kind that is retried, and return the parsed response.

        Raises:
            Exception: of the last attempt, as of a botocore client (see `connector_kit.aws_api.errors`).
        """
        started = time.monotonic() - self.spent
        retries = 0
        while True:
            try:
                connect_limit = TIME_LIMIT - READ_TIMEOUT - (time.monotonic() - started)
                response = self.endpoint.call(members, self.signer, connect_limit)
            except Exception as error:
                is_clock_corrected = retries == 0 and self.endpoint.correct_clock(error)
                pause = 0.0 if is_clock_corrected else self._pause_before_retry(error, retries, started)
                if pause is None:
                    raise
                time.sleep(pause)
                retries += 1
            else:
                response["ResponseMetadata"]["RetryAttempts"] = retries
                return response

    def _pause_before_retry(self, error: Exception, retries: int, started: float) -> float | None:
        return pause_before_retry(self.errors.classify(error), retries, time.monotonic() - started)


class ClientFactory:
    """Returns a client of one operation for a region and credentials. The clients of a region share its connections.

    The environment decides how AWS is reached: proxies, ``AWS_CA_BUNDLE``, the service's ``AWS_ENDPOINT_URL_…``, FIPS and
    dual-stack endpoints. All other variables of AWS clients are ignored, and so are their files, unless the credentials come
    from them: the config has the region, and a profile that is missing or malformed must not prevent a message.

    It is thread-safe. A forked process makes connections of its own.

    Args:
        service: as botocore names it, such as ``sesv2``; its protocol must be JSON.
        operation: such as ``SendEmail``.
        errors: what the errors of the operation mean.
    """

    client_class: ClassVar[type[Client]] = Client

    def __init__(self, service: str, operation: str, errors: ErrorTable) -> None:
        self._service = service
        self._operation = operation
        self._errors = errors
        self._endpoints = _Endpoints(service, operation)
        self._inherited: list[_Endpoints] = []
        """Those of the parent process. To close them could wait for a lock that a thread of the parent held."""

    def client(self, region: str, source: AwsKeys | AwsRole | None) -> Any:
        """Return a client, of `client_class`.

        Args:
            region: of the endpoint and of the signature.
            source: of the credentials; ``None`` is botocore's default chain.

        Raises:
            CredentialsError: botocore finds no credentials, or STS does not assume the role.
        """
        if self._endpoints.process != os.getpid():
            self._inherited.append(self._endpoints)
            self._endpoints = _Endpoints(self._service, self._operation)
        endpoint = self._endpoints.get(region)
        credentials: Any
        if isinstance(source, AwsKeys):
            credentials, spent = Credentials(source.access_key_id, source.access_key_secret), 0.0
        else:
            started = time.monotonic()
            credentials = self._endpoints.sources.credentials(source, region)
            spent = time.monotonic() - started
        return self.client_class(
            endpoint, _Signer(credentials, endpoint.signing_name, endpoint.signing_region), self._errors, spent
        )


def pause_before_retry(kind: ErrorKind, retries: int, elapsed: float) -> float | None:
    """Return the pause in seconds before a retry, or ``None`` for no retry.

    Args:
        kind: of the error of the last attempt.
        retries: how many there were.
        elapsed: seconds since the first attempt started.
    """
    pauses = kind.retry_pauses
    if retries >= len(pauses):
        return None
    pause = random.uniform(0, pauses[retries])  # noqa: S311 - nobody gains by guessing a pause
    return pause if elapsed + pause + CONNECT_TIMEOUT + READ_TIMEOUT <= TIME_LIMIT else None


class _Signer(SigV4Auth):
    def payload(self, request: AWSRequest) -> str:
        """Return the hash of a body in memory. The base class prepares the whole request once more to read it."""
        body: Any = request.data
        return sha256(body).hexdigest()


class Endpoint:
    """The endpoint of a region, with its connections.

    It calls botocore's serializer, signer and parser, and urllib3's connections. A botocore client calls the same, but
    spends half of its processor time on events, and on redirects and streams that an operation with JSON does not have.

    Args:
        client: a botocore client of the service for the region.
        operation: such as ``SendEmail``.
        user_agent: the header of this name.
        certificates: the file or folder of the certificate authorities.
    """

    def __init__(self, client: "BaseClient", operation: str, user_agent: str, certificates: str) -> None:
        model = client.meta.service_model
        self.signing_name = model.signing_name
        self.signing_region = client.meta.region_name
        self._client = client
        self._certificates = certificates
        self._manager: urllib3.PoolManager | None = None
        self._manager_lock = Lock()
        self._operation: OperationModel = model.operation_model(operation)
        self._event = f"{_BEFORE_SEND}.{model.service_id.hyphenize()}.{operation}"
        self._output: Any = self._operation.output_shape
        self._serializer = create_serializer(model.resolved_protocol, include_validation=False)
        self._parser = create_parser(model.resolved_protocol)
        self._user_agent = user_agent
        self._host: str | None = None
        self._skew = timedelta()
        """How far the clock of AWS is ahead of this machine's."""

    def call(self, members: Mapping[str, Any], signer: SigV4Auth, connect_limit: float) -> dict[str, Any]:
        """Call the operation once, and return the parsed response. It connects within ``connect_limit`` seconds."""
        serialized = self._serializer.serialize_to_request(members, self._operation)
        prepare_request_dict(serialized, self._client.meta.endpoint_url, user_agent=self._user_agent)
        request = self._signed(create_request_object(serialized), signer).prepare()
        # Stubs of AWS respond to this event, for example moto and the one of the conformance suite.
        stubbed = first_non_none_response(self._client.meta.events.emit(self._event, request=request))
        if stubbed is None:
            response = self._exchange(request, connect_limit)
            status, headers, body = response.status, response.headers, response.body
        else:
            status, headers, body = stubbed.status_code, stubbed.headers, stubbed.content
        check_json_object(body)
        found = {"status_code": status, "headers": headers, "body": body, "context": {}}
        parsed: dict[str, Any] = self._parser.parse(found, self._output)
        if status >= _FIRST_ERROR_STATUS:
            parsed["Error"]["Reason"] = _reason(body)
            error_class: Any = self._client.exceptions.from_code(parsed["Error"].get("Code"))
            raise error_class(parsed, self._operation.name)
        return parsed

    def _signed(self, request: AWSRequest, signer: SigV4Auth) -> AWSRequest:
        """Sign as `SigV4Auth.add_auth` does, but with the time of AWS."""
        request.context["timestamp"] = (datetime.now(UTC) + self._skew).strftime(SIGV4_TIMESTAMP)
        request.headers["X-Amz-Date"] = request.context["timestamp"]
        if signer.credentials.token:
            request.headers["X-Amz-Security-Token"] = signer.credentials.token
        if self._host is None:  # to read it from the URL for each request takes 2 % of a send
            self._host = signer.headers_to_sign(request)["host"]
        request.headers["Host"] = self._host
        signed = signer.signed_headers(signer.headers_to_sign(request))
        signature = signer.signature(signer.string_to_sign(request, signer.canonical_request(request)), request)
        request.headers["Authorization"] = (
            f"AWS4-HMAC-SHA256 Credential={signer.scope(request)}, SignedHeaders={signed}, Signature={signature}"
        )
        return request

    def _exchange(self, request: Any, connect_limit: float) -> Response:
        signed = {**request.headers}
        headers = {"Host": signed["Host"], "Accept-Encoding": "identity", **signed}
        limits: Any = {"connect_limit": connect_limit, "limit": READ_TIMEOUT, "largest": _LARGEST_RESPONSE}
        manager = self._manager or self._make_manager()
        try:
            return exchange(manager, request.method, request.url, headers, request.body, **limits)
        except tuple(_BOTOCORE_ERRORS) as error:
            error_class = next(found for raised, found in _BOTOCORE_ERRORS.items() if isinstance(error, raised))
            raise error_class(endpoint_url=self._client.meta.endpoint_url, proxy_url="", error=error) from error

    def _make_manager(self) -> urllib3.PoolManager:
        """Return the manager of the connections. It is made at the first request: to read the certificates takes longer than all the rest."""
        with self._manager_lock:
            if self._manager is None:
                url = self._client.meta.endpoint_url
                self._manager = connection_manager(url, CONNECT_TIMEOUT, _CONNECTIONS_KEPT, self._certificates)
            return self._manager

    def correct_clock(self, error: Exception) -> bool:
        """Adopt the time of AWS if it rejected the time of a signature; return whether that changes the next one."""
        if not isinstance(error, ClientError) or error.response["Error"].get("Code") not in _WRONG_TIME_CODES:
            return False
        try:
            date = parsedate_to_datetime(error.response["ResponseMetadata"]["HTTPHeaders"]["date"])
            skew = date - datetime.now(UTC)
        except (KeyError, TypeError, ValueError):  # no date, or one that is malformed or without a time zone
            return False
        is_wrong = abs(skew - self._skew) > _TOLERATED_SKEW
        if is_wrong:
            self._skew = skew
        return is_wrong

    def close(self) -> None:
        """Close the idle connections."""
        if self._manager is not None:
            close_idle_connections(self._manager)


def _reason(body: bytes) -> str | None:
    """Return the reason that some services give besides the error code, such as ``ACCOUNT_DISABLED``."""
    try:
        reason = json.loads(body).get("Reason")
    except (AttributeError, ValueError):  # no JSON object
        return None
    return reason if isinstance(reason, str) else None


@define
class _Endpoints:
    """The endpoints of one process, by region, and its credentials. A forked process uses none of them.

    Two processes that share a connection would mix up their responses, and a lock that another thread held during the
    fork stays locked.
    """

    service: str
    operation: str
    process: int = field(factory=os.getpid)
    lock: Lock = field(factory=Lock)
    session: botocore.session.Session | None = None
    by_region: dict[str, Endpoint] = field(factory=dict)
    """The one that was used last is the last one."""
    sources: CredentialSources = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the credentials; nothing is read or called."""
        self.sources = CredentialSources(_credential_session)

    def get(self, region: str) -> Endpoint:
        """Return the endpoint of a region. It is made at the first message of the region.

        If there are more than `ENDPOINTS_KEPT`, the endpoint whose last message is the oldest is closed.
        """
        with self.lock:
            endpoint = self.by_region.pop(region, None) or self._make(region)
            self.by_region[region] = endpoint
            if len(self.by_region) > ENDPOINTS_KEPT:
                self.by_region.pop(next(iter(self.by_region))).close()
            return endpoint

    def _make(self, region: str) -> Endpoint:
        if self.session is None:
            self.session = create_session()
        client = self.session.create_client(
            self.service,
            region_name=region,
            aws_access_key_id=_NOT_USED,
            aws_secret_access_key=_NOT_USED,
        )
        certificates: Any = get_cert_path(self.session.get_config_variable("ca_bundle") or True)
        return Endpoint(client, self.operation, self.session.user_agent(), certificates)


def create_session() -> botocore.session.Session:
    """Return a session that knows how to reach AWS, and nothing else of the environment and its files."""
    variables = {
        name: (None, None, default, convert)
        for name, (_, _, default, convert) in botocore.session.Session.SESSION_VARIABLES.items()
        if name not in _FROM_ENVIRONMENT
    }
    for name in ("config_file", "credentials_file"):
        variables[name] = (None, None, os.devnull, None)
    # To register the handlers, of all services, takes 8 of the 11 ms of a session with its client.
    session = botocore.session.Session(session_vars=variables, include_builtin_handlers=False)
    for event, handler, *_ in BUILTIN_HANDLERS:
        if event == _BEFORE_SEND:  # moto adds its own to botocore's
            session.register(event, handler)
    session.register_component("data_loader", _builtin_loader())
    return session


def _credential_session() -> botocore.session.Session:
    """Return a session as every AWS client has, for the default chain of credentials."""
    session = botocore.session.Session()
    session.register_component("data_loader", _builtin_loader())
    return session


@cache
def _builtin_loader() -> Loader:
    """Return the loader of botocore's own data, which it reads once for all sessions.

    The default loader accepts a model of a service from ``~/.aws/models``, too.
    """
    return Loader(extra_search_paths=[Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
