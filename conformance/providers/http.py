"""`HttpProvider`: the stub of any provider with an HTTP API, from a short description by the connector's author."""

import base64
import json
from abc import abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice, repeat, takewhile
from typing import Any, ClassVar, Final
from urllib.parse import unquote, urlsplit
from uuid import uuid4

from attrs import evolve, field, frozen

from conformance.providers.base import HANG_LIMIT, Aspect, Call, Family, Outcome, is_ambiguous
from conformance.providers.http_messages import HttpRequest, HttpResponse, exchange
from conformance.providers.loopback import LoopbackProvider, in_chunks, response_head
from conformance.providers.request_errors import sender_error, setting_error
from conformance.providers.tcp import CONNECTION_REFUSED
from connector_kit import ConnectorErrorCodes as Codes
from connector_kit.suggestions import did_you_mean

_CODES: Final[Mapping[str, Codes]] = {
    "throttle": Codes.RATE_LIMIT_EXCEEDED,
    "quota": Codes.USAGE_LIMIT_EXCEEDED,
    "rejection": Codes.INVALID_RESPONSE,
    "credentials": Codes.INVALID_RESPONSE,
    "server-error": Codes.INVALID_RESPONSE,
    "malformed": Codes.INVALID_RESPONSE,
}
"""By family: the code that the connector must raise, unless the author sets another one."""

_PROXY_PAGES: Final[Mapping[str, HttpResponse]] = {
    "html-502": HttpResponse.html("<html><body><h1>502 Bad Gateway</h1></body></html>", 502),
    "html-504": HttpResponse.html("<html><body><h1>504 Gateway Time-out</h1></body></html>", 504),
}
"""By outcome: the page of a proxy that has passed the request on."""

_CONNECTION_CLOSED, _NO_RESPONSE = "[the connection was closed without a response]", "[no response]"
_UNREADABLE: Final = "unreadable"
_SUCCESSES: Final = range(200, 300)


def _as_tuple(values: str | Iterable[str] | None) -> tuple[str, ...]:
    if values is None:
        return ()
    return (values,) if isinstance(values, str) else tuple(values)


@frozen
class Message:
    """The message in a request, as `HttpProvider.read` returns it. A member that the request does not have is ``None``.

    Args:
        to: the recipient, or all of them.
        subject: ``None`` for text messages and for templates of the provider.
        html: the HTML body.
        text: the plain-text body, or the text message.
        sender: as sent.
        reply_to: as sent: one mailbox or several.
        template: the name of the provider's own template.
        forwarded: the whole message, ``{to, type, payload, ip?}``, from a connector that forwards messages.
        idempotency_key: the key by which the provider recognises a repeated request. The stub answers a repeated
            request like the first one, and does not accept it as another message.
        variables: what the provider's template receives: values by name, or a list of values in order.
    """

    to: tuple[str, ...] = field(converter=_as_tuple)
    subject: str | None = field(default=None, repr=False)
    html: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    sender: str | None = None
    reply_to: tuple[str, ...] = field(default=(), converter=_as_tuple)
    template: str | None = None
    forwarded: Any = field(default=None, repr=False)
    idempotency_key: str | None = None
    variables: Mapping[str, Any] | Sequence[Any] | None = field(default=None, repr=False)


@frozen
class Failure:
    """An error response of a provider.

    Args:
        name: unique for the provider.
        family: what it means: ``throttle``, ``quota``, ``rejection``, ``credentials``, ``server-error`` or
            ``malformed``.
        status: the HTTP status code.
        message: the provider's error message, which the connector must show to operators; may be empty.
        response: the whole response; without it, `HttpProvider.error_response` makes one from status and message.
        expect: the code that the connector must raise; without it, the family decides.
        ambiguous: whether the provider may have accepted the message; without it, the status decides: a provider may
            have before a 502 or 504, and before a success that is malformed.
        code: the provider's own name or number for the error; the response has to contain it, for example in `fields`.
        fields: members to set in the JSON body, for errors that share a status: ``{"name": "daily_quota"}``. A dotted
            name is a path: ``{"error.code": 20429}``.
        headers: headers to add, such as ``{"Retry-After": "30"}``.

    Raises:
        ValueError: the family is not one of those above.
    """

    name: str
    family: Family
    status: int = 400
    message: str = ""
    response: HttpResponse | None = field(default=None, kw_only=True)
    expect: Codes | None = field(default=None, kw_only=True)
    ambiguous: bool | None = field(default=None, kw_only=True)
    code: str = field(default="", kw_only=True)
    fields: Mapping[str, Any] = field(factory=dict, kw_only=True)
    headers: Mapping[str, str] = field(factory=dict, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Check the family."""
        if self.family not in _CODES:
            raise ValueError(
                f"The family of the Failure {self.name!r} must be one of {', '.join(_CODES)}; found {self.family!r}."
            )

    @property
    def outcome(self) -> Outcome:
        """The same as an `Outcome`."""
        expect = self.expect or _CODES[self.family]
        status = self.status if self.response is None else self.response.status
        ambiguous = is_ambiguous(self.family, status) if self.ambiguous is None else self.ambiguous
        return Outcome(self.name, self.family, expect, self.message, ambiguous=ambiguous, code=self.code)


_ACCEPTED: Final = Outcome("accepted", "accepted", None)
_CHUNKED: Final = Outcome("accepted-in-chunks", "accepted", None)
_DRIPS, _ENDLESS = "drips", "endless-body"
_INTERNAL_ERROR: Final = Failure("internal-error", "server-error", 500, "Internal error.")
_COMMON_OUTCOMES: Final = (
    *(Outcome(name, "malformed", Codes.INVALID_RESPONSE, ambiguous=True) for name in _PROXY_PAGES),
    Outcome(CONNECTION_REFUSED, "network", Codes.GENERAL),
    Outcome("connection-lost", "network", Codes.GENERAL, ambiguous=True),
    Outcome("hangs", "network", Codes.GENERAL, ambiguous=True, hangs=True),
    Outcome("echo", "rejection", Codes.INVALID_RESPONSE, "Rejected:", echoes=True),
)
_RETRY_AFTER: Final[Mapping[str, str]] = {
    "retry-after-an-hour": "3600",
    "retry-after-a-date": "Fri, 31 Dec 2100 23:59:59 GMT",
    "retry-after-nonsense": "soon",
    "retry-after-a-negative-number": "-5",
}
"""By outcome: the header Retry-After."""

_REDIRECTS: Final[Mapping[str, int]] = {f"redirect-{status}": status for status in (301, 302, 303, 307, 308)}
_REDIRECT_HOST: Final = "127.0.0.2"
"""The host to which the outcomes ``redirect-…`` point; the suite blocks every socket to it."""

_UNREADABLE_ERRORS: Final[Mapping[str, HttpResponse]] = {
    "error-html": HttpResponse.html("<html><body><h1>400 Bad Request</h1></body></html>", 400),
    "error-empty": HttpResponse(400),
    "error-array": HttpResponse.json(["error"], 400),
    "error-text": HttpResponse.json("error", 400),
    "error-null": HttpResponse.json(None, 400),
    "error-other-members": HttpResponse.json({"message": None, "error": [], "errors": {}}, 400),
    "error-binary": HttpResponse(400, b'{"message": "\xff\xfe\x00', {"Content-Type": "application/json"}),
    "error-wrong-charset": HttpResponse(
        400, "Ung\xfcltig".encode("latin-1"), {"Content-Type": "text/plain; charset=x-none"}
    ),
    "error-huge": HttpResponse(400, b'{"message": "' + b"a" * 500_000, {"Content-Type": "application/json"}),
}
"""By outcome: an error response that says nothing."""

_DRIP_SECONDS: Final = 0.25
"""The pause between the bytes of a dripping response."""

_ENDLESS_PART: Final = b" " * 65_536
_ENDLESS_PARTS: Final = 1024
"""So many parts, 64 MB, are the end of an endless response."""

_MALFORMED_BODIES: Final[Mapping[str, bytes]] = {
    "empty-body": b"",
    "bad-json": b'{"id": "',
    "json-array": b"[]",
    "empty-object": b"{}",
}
"""By outcome: the body of a success response that the connector cannot use."""


class HttpProvider(LoopbackProvider):
    """The stub of a provider with an HTTP API: a server on the loopback interface.

    A subclass must set `authorization` and one of `config_key`, `environment_variable` and `connector_option`, and must
    implement `read`. It overrides the other attributes and methods where its provider differs.

    Every `HttpProvider` has these outcomes in addition to ``accepted`` and its own `failures`:

    - ``internal-error``: status 500, with `error_response`.
    - ``html-502``, ``html-504``: an HTML page of a proxy, after the provider may have accepted the message.
    - ``echo``: status 400; the message repeats the request.
    - ``connection-refused``, ``connection-lost`` (after the request), ``hangs`` (no response).
    - ``error-html``, ``error-empty``, ``error-array``, … : status 400 with a body that says nothing.
    - ``retry-after-an-hour``, ``retry-after-a-date``, …: the author's first throttle, or else ``internal-error``, with a
      header Retry-After.
    - ``redirect-301``, ``redirect-302``, ``redirect-303``, ``redirect-307`` and ``redirect-308`` to another host.
    - ``drips``: the response arrives byte by byte and has no end; ``endless-body``: it arrives fast and has no end.
    - ``accepted-in-chunks``: the usual success in another transfer encoding.
    - ``empty-body``, ``bad-json``, ``json-array``, ``empty-object``: success responses with such a body, if `is_response_read`.

    A failure of the same name replaces one; `expected_codes` and `excluded_outcomes` change or remove one.

    Raises:
        TypeError: the description is incomplete or contradicts itself; the message explains what to change.
    """

    config_key: ClassVar[str | None] = None
    """The config key of the provider's address, if the connector reads it from the config."""

    environment_variable: ClassVar[str | None] = None
    """The environment variable of the provider's address, if the connector reads it from the environment."""

    connector_option: ClassVar[str | None] = None
    """The constructor argument of the provider's address, if the connector has one."""

    base_path: ClassVar[str] = ""
    """The path in that address: empty, or with a leading slash."""

    host: ClassVar[str | None] = None
    """The host name of a message, with ``{key}`` for values of the config: ``api.{region}.acme.example``; one of
    `host_names`. ``None`` accepts any."""

    method: ClassVar[str] = "POST"
    """The HTTP method of a message."""

    path: ClassVar[str | None] = None
    """The path of a message, base path included, with ``{key}`` for values of the config. ``None`` means `base_path`,
    or any path where that is empty."""

    content_type: ClassVar[str | None] = None
    """The media type of a message's body; ``None`` accepts any."""

    authorization: ClassVar[str | None] = None
    """The Authorization header of a message, with ``{key}`` for values of the config: ``Bearer {apiKey}``. The part
    after ``Basic`` is compared in base64: ``Basic {user}:{password}``. Empty means no header."""

    sender_key: ClassVar[str | None] = None
    """The config key of the sender; ``None`` accepts any sender."""

    settings: ClassVar[Mapping[str, str]] = {}
    """By config key: the member of the body that must have the config's value. A dotted name is a path in JSON."""

    failures: ClassVar[tuple[Failure, ...]] = ()
    """The provider's own error responses."""

    is_response_read: ClassVar[bool] = True
    """Whether the connector reads the body of a success response. With False, a success has no outcomes with another body,
    such as ``empty-body``; override `success_response` and `expected_result` if its id is in a header."""

    has_error_messages: ClassVar[bool] = True
    """Whether error responses contain the failure's message."""

    expected_codes: ClassVar[Mapping[str, Codes | None]] = {}
    """By name of a common outcome: another code that the connector must raise; ``None`` means that the send succeeds."""

    excluded_outcomes: ClassVar[Collection[str]] = ()
    """Names of common outcomes that do not occur at this provider."""

    outcomes: ClassVar[tuple[Outcome, ...]] = (_ACCEPTED,)

    def __init_subclass__(cls, **more: object) -> None:
        """Set `outcomes`."""
        super().__init_subclass__(**more)
        cls.outcomes = _outcomes(cls)

    def __init__(self) -> None:
        super().__init__()
        name = type(self).__name__
        if not (self.config_key or self.environment_variable or self.connector_option or self.host_names):
            raise TypeError(
                f"{name} has no way to give a connector the provider's address: "
                "set config_key, environment_variable, connector_option or host_names."
            )
        if self.authorization is None and type(self).credentials_error is HttpProvider.credentials_error:
            raise TypeError(f"{name} has no authorization: set it, to '' where requests have no Authorization header.")
        self._drips = 0
        self.endless_bytes = 0
        """How many bytes of endless responses the connector has read, or has let the system receive."""
        self._by_key: dict[str, tuple[Message, str]] = {}
        self._failures = {it.name: it for it in (_INTERNAL_ERROR, *self.failures)}
        self.expected_result("")  # a mistake in these methods raises here, and not in a thread of the server
        self.error_response(400, "")
        for outcome in self.outcomes:
            failure = self._failures.get(outcome.name)
            if failure is None:
                continue
            response = self._failure_response(failure)
            if response.status in _SUCCESSES and type(self).respond_to_other is not HttpProvider.respond_to_other:
                continue  # another response may have the message, such as that of a poll
            if outcome.message and not _contains(response, outcome.message):
                raise TypeError(
                    f"The response of {name} for {outcome.name!r} does not contain its message {outcome.message!r}: "
                    "include the message in error_response(), or set has_error_messages to False."
                )
            if outcome.code and not _contains(response, outcome.code):
                raise TypeError(
                    f"The response of {name} for {outcome.name!r} does not contain its code {outcome.code!r}: "
                    f'name its member in the Failure, such as fields={{"code": {outcome.code!r}}}.'
                )

    # --- what an author overrides -----------------------------------------------------------------------------------

    @abstractmethod
    def read(self, request: HttpRequest) -> Message:
        """Return the message in a request.

        If this raises any exception, the provider responds with status 400, and the check ``delivery.request-format``
        shows the exception.
        """

    def success_response(self, message_id: str) -> HttpResponse:
        """Return the response to an accepted message; by default, JSON: ``{"id": message_id}``."""
        return HttpResponse.json({"id": message_id})

    def expected_result(self, message_id: str) -> object:
        """Return what `send_message` must return; by default the id, or ``None`` for an empty success response."""
        return message_id if self.success_response(message_id).body else None

    def error_response(self, status: int, message: str) -> HttpResponse:
        """Return the response to a rejected message; by default, JSON: ``{"message": message}``."""
        return HttpResponse.json({"message": message}, status)

    def respond_to_other(self, request: HttpRequest) -> HttpResponse | None:  # noqa: ARG002 - the parameter of overriding methods
        """Respond to a request that is not a message, such as one for an access token; it leaves no call.

        Returns:
            The response, or ``None`` where the request is a message.
        """
        return None

    def current_failure(self, request: HttpRequest) -> HttpResponse | None:
        """Return the response of the current outcome if it is a failure with a response: for `respond_to_other`."""
        response = self._response(self.current, request, "")
        return response if isinstance(response, HttpResponse) and self.current != _ACCEPTED else None

    def format_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Verify `method`, `path` and `content_type`; return what was expected and found, or ``None``."""
        path = _fill(self.base_path if self.path is None else self.path, config) or request.path
        if request.method != self.method or unquote(request.path) != unquote(path):
            return f"expected {self.method} {path}, found {request.method} {request.path}"
        if self.content_type not in {None, request.content_type}:
            found = request.content_type or "no Content-Type header"
            return f"expected the content type {self.content_type}, found {found}"
        return None

    def sender_error(self, call: Call, config: Mapping[str, Any]) -> str | None:
        """Compare the sender with the config's `sender_key`; return what was expected and found, or ``None``."""
        if self.sender_key is None:
            return None
        return sender_error(call.sender, config.get(self.sender_key), self.sender_key)

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the Authorization header with `authorization`; return what was expected and found, or ``None``."""
        expected = _fill(self.authorization or "", config)
        scheme, _, rest = expected.partition(" ")
        if scheme.lower() == "basic":
            expected = f"{scheme} {base64.b64encode(rest.encode()).decode()}"
        found = request.authorization or ""
        if found == expected:
            return None
        wanted = f"the Authorization header {self.authorization!r} of the config" if expected else "no such header"
        return f"expected {wanted}, found {_describe_authorization(found)}"

    def _host_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        host, found = _fill(self.host or "", config), urlsplit(request.url).hostname
        return f"expected a request to the host {host}, found one to {found}" if host and host != found else None

    def options_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the body with the config's `settings`; return what was expected and found, or ``None``."""
        errors = (
            setting_error(name, _member(request, name), key, config.get(key)) for key, name in self.settings.items()
        )
        return next((error for error in errors if error is not None), None)

    # --- what the suite calls ---------------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """The provider's address, as a connector gets it; only while the stub is running."""
        return f"{self.url}{self.base_path}"

    @property
    def environment(self) -> Mapping[str, str]:
        """Includes `environment_variable`, if it is set."""
        variable = {self.environment_variable: self.address} if self.environment_variable else {}
        return {**super().environment, **variable}

    def prepare_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the config with the stub's address at `config_key`, if it is set."""
        return {**config, **({self.config_key: self.address} if self.config_key else {})}

    def connector_options(self) -> dict[str, Any]:
        """Return the stub's address as `connector_option`, if it is set."""
        return {self.connector_option: self.address} if self.connector_option else {}

    def handle(self, request: HttpRequest) -> HttpResponse | Iterator[bytes] | None:
        """Record a request and return the response of the current outcome."""
        outcome, message_id, is_ignored = self.current, f"msg-{uuid4().hex}", False
        message: Message = Message(())
        response: HttpResponse | str
        try:
            other = self.respond_to_other(request)
            if other is not None:
                self.other_requests += 1
                return other
            message = _require_message(self.read(request))
            message_id, is_ignored = self._first_use(message, outcome, message_id)
            response = self._response(outcome, request, message_id)
        except Exception as error:  # noqa: BLE001 - the author's methods raise any exception, for a wrong request or by mistake
            why = f"{type(self).__name__} cannot read the request: {type(error).__name__}: {error}"
            outcome = Outcome(_UNREADABLE, "rejection", Codes.INVALID_RESPONSE, why)
            response = self.error_response(400, why)
        self.calls.append(
            Call(
                to=message.to,
                subject=message.subject,
                html=message.html,
                text=message.text,
                sender=message.sender,
                reply_to=message.reply_to,
                outcome=outcome,
                result=self.expected_result(message_id) if outcome.family == "accepted" else None,
                raw=request,
                exchange=exchange(request, response),
                template=message.template,
                forwarded=message.forwarded,
                idempotency_key=message.idempotency_key,
                is_ignored=is_ignored,
                other_requests=self.other_requests,
                variables=message.variables,
            ),
        )
        if not isinstance(response, HttpResponse):
            self.hang()
            return None
        match outcome.name:
            case _CHUNKED.name:
                return in_chunks(response)
            case "drips":
                return self._drip(response)
            case "endless-body":
                return self._endless(response)
        return response

    def _drip(self, response: HttpResponse) -> Iterator[bytes]:
        """Yield the response byte by byte, then white space: headers for every second request, else at once."""
        self._drips += 1
        head, changed = response_head(response, {"Connection": "close"}), self._changed
        fast, slow = (b"", head) if self._drips % 2 else (head, b"")
        yield fast
        drops = chain([slow[index : index + 1] for index in range(len(slow))], repeat(b" "))
        yield from takewhile(lambda _: not changed.wait(_DRIP_SECONDS), islice(drops, int(HANG_LIMIT / _DRIP_SECONDS)))

    def _endless(self, response: HttpResponse) -> Iterator[bytes]:
        """Yield white space as long as the client reads, up to 64 MB."""
        yield response_head(response, {"Connection": "close"})
        for _ in range(_ENDLESS_PARTS):
            yield _ENDLESS_PART
            self.endless_bytes += len(_ENDLESS_PART)

    def _first_use(self, message: Message, outcome: Outcome, message_id: str) -> tuple[str, bool]:
        """Return the id that the message has at the provider, and whether the provider ignores it.

        The first accepted message with an idempotency key decides both. A provider that may have accepted a message
        remembers its key, too.
        """
        key = message.idempotency_key
        if key is None:
            return message_id, False
        if outcome.family == "accepted" or outcome.ambiguous:
            first, first_id = self._by_key.setdefault(key, (message, message_id))
            return first_id, first != message
        return message_id, False

    def _response(self, outcome: Outcome, request: HttpRequest, message_id: str) -> HttpResponse | str:
        """Return the response of an outcome, or a text about what happens instead."""
        if outcome.family == "network" and outcome.name != _DRIPS:
            return _NO_RESPONSE if outcome.hangs else _CONNECTION_CLOSED
        if outcome.name in self._failures:
            return self._failure_response(self._failures[outcome.name])
        if outcome.name in _RETRY_AFTER:
            failure = next((it for it in self.failures if it.family == "throttle"), _internal_error(type(self)))
            response = self._failure_response(failure)
            return evolve(response, headers={**response.headers, "Retry-After": _RETRY_AFTER[outcome.name]})
        if outcome.name in _UNREADABLE_ERRORS:
            return _UNREADABLE_ERRORS[outcome.name]
        if outcome.name in _REDIRECTS:
            address = f"{self.scheme}://{_REDIRECT_HOST}{request.target}"
            return HttpResponse(_REDIRECTS[outcome.name], headers={"Location": address})
        if outcome.name in {_DRIPS, _ENDLESS}:
            return evolve(self.success_response(message_id), body=b"")
        if outcome.echoes:
            sent = f"{request.authorization} {request.target} {request.body.decode('utf-8', 'replace')}"
            return self.error_response(400, f"{outcome.message} {sent}")
        if outcome.name in _MALFORMED_BODIES:
            return evolve(self.success_response(message_id), body=_MALFORMED_BODIES[outcome.name])
        return _PROXY_PAGES.get(outcome.name) or self.success_response(message_id)

    def _failure_response(self, failure: Failure) -> HttpResponse:
        response = failure.response or self.error_response(failure.status, failure.message)
        if failure.fields:
            response = evolve(response, body=_with_members(response, failure.fields))
        return evolve(response, headers={**response.headers, **failure.headers})

    def request_error(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Compare one aspect of a request with the config that it was made for."""
        match aspect:
            case "format":
                if call.outcome.name == _UNREADABLE:
                    return call.outcome.message
                return self.format_error(call.raw, config)
            case "sender":
                return self.sender_error(call, config)
            case "credentials":
                return self._host_error(call.raw, config) or self.credentials_error(call.raw, config)
        return self.options_error(call.raw, config)


def _special_outcomes(cls: type[HttpProvider]) -> Iterator[Outcome]:
    """Yield the outcomes that only one check uses."""
    throttle = next((it for it in cls.failures if it.family == "throttle"), None)
    base = (throttle or _internal_error(cls)).outcome
    for name in _RETRY_AFTER:
        yield evolve(base, name=name, only_for="retry-after")
    for name in _UNREADABLE_ERRORS:
        yield Outcome(name, "malformed", Codes.INVALID_RESPONSE, only_for="unreadable-error")
    for name in _REDIRECTS:
        yield Outcome(name, "malformed", Codes.INVALID_RESPONSE, only_for="redirect")
    yield Outcome(_DRIPS, "network", Codes.GENERAL, ambiguous=True, only_for="slow-response")
    yield Outcome(_ENDLESS, "malformed", Codes.INVALID_RESPONSE, ambiguous=True, only_for="endless-response")


def _internal_error(cls: type[HttpProvider]) -> Failure:
    own = (it for it in cls.failures if it.name == _INTERNAL_ERROR.name)
    return next(own, _INTERNAL_ERROR)


def _outcomes(cls: type[HttpProvider]) -> tuple[Outcome, ...]:
    """Return the author's outcomes and the common ones; the author's replace common ones of the same name."""
    names_of_bodies = _MALFORMED_BODIES if cls.is_response_read else ()
    bodies = [Outcome(name, "malformed", Codes.INVALID_RESPONSE, ambiguous=True) for name in names_of_bodies]
    common = {
        it.name: it for it in (_INTERNAL_ERROR.outcome, *bodies, *_COMMON_OUTCOMES, _CHUNKED, *_special_outcomes(cls))
    }
    for name in {*cls.expected_codes, *cls.excluded_outcomes} - common.keys():
        raise TypeError(
            f"expected_codes and excluded_outcomes of {cls.__name__} can name {', '.join(common)}; "
            f"found {name!r}{did_you_mean(name, common)}."
        )
    own = [failure.outcome for failure in cls.failures]
    names = [it.name for it in own]
    for name in names:
        if names.count(name) > 1 or name == _ACCEPTED.name:
            raise TypeError(f"{cls.__name__} has more than one outcome {name!r}: rename a Failure.")
    kept = [
        evolve(it, expect=cls.expected_codes.get(it.name, it.expect))
        for it in common.values()
        if it.name not in {*cls.excluded_outcomes, *names}
    ]
    outcomes = (_ACCEPTED, *own, *kept)
    return outcomes if cls.has_error_messages else tuple(it if it.echoes else evolve(it, message="") for it in outcomes)


def _with_members(response: HttpResponse, members: Mapping[str, Any]) -> bytes:
    try:
        body = json.loads(response.body)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise TypeError(f"The fields {', '.join(members)} of a Failure need a response that is a JSON object.")
    for name, value in members.items():
        *path, last = name.split(".")
        inner = body
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return json.dumps(body).encode()


def _contains(response: HttpResponse, message: str) -> bool:
    text = response.body.decode("utf-8", "replace") + " ".join(response.headers.values())
    return message in text or json.dumps(message)[1:-1] in text


def _require_message(message: object) -> Message:
    if not isinstance(message, Message):
        raise TypeError(f"read() must return a Message, found {type(message).__name__}")
    return message


class _Fields(dict[str, Any]):
    """The values of a config for `str.format_map`; a missing key is empty."""

    def __missing__(self, key: str) -> str:
        return ""


def _fill(template: str, config: Mapping[str, Any]) -> str:
    return template.format_map(_Fields(config))


def _describe_authorization(header: str) -> str:
    """Describe an Authorization header without showing its secret."""
    scheme, _, credentials = header.partition(" ")
    if not header:
        return "none"
    return f"{scheme!r} and {len(credentials)} characters" if credentials else f"{len(header)} characters"


def _member(request: HttpRequest, name: str) -> object:
    """Return a field of a form, or the value at a dotted path in JSON; ``None`` where it is missing."""
    if "json" not in (request.content_type or ""):  # application/x-amz-json-1.0, for example
        return request.form.get(name)
    found = request.json
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found
