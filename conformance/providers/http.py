"""`HttpProvider`: the stub of any provider with an HTTP API, from a short description by the connector's author."""

import base64
import json
from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, Final
from urllib.parse import unquote
from uuid import uuid4

from attrs import evolve, field, frozen

from conformance.providers.base import Aspect, Call, Family, Outcome
from conformance.providers.http_messages import HttpRequest, HttpResponse, exchange
from conformance.providers.loopback import CONNECTION_REFUSED, LoopbackProvider
from conformance.providers.request_errors import sender_error, setting_error
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

_BAD_GATEWAY: Final = "<html><body><h1>502 Bad Gateway</h1></body></html>"
_CONNECTION_CLOSED, _NO_RESPONSE = "[the connection was closed without a response]", "[no response]"
_UNREADABLE: Final = "unreadable"


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
    """

    to: tuple[str, ...] = field(converter=_as_tuple)
    subject: str | None = field(default=None, repr=False)
    html: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    sender: str | None = None
    reply_to: tuple[str, ...] = field(default=(), converter=_as_tuple)
    template: str | None = None
    forwarded: Any = field(default=None, repr=False)


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
        ambiguous: whether the provider may have accepted the message.

    Raises:
        ValueError: the family is not one of those above.
    """

    name: str
    family: Family
    status: int = 400
    message: str = ""
    response: HttpResponse | None = field(default=None, kw_only=True)
    expect: Codes | None = field(default=None, kw_only=True)
    ambiguous: bool = field(default=False, kw_only=True)

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
        return Outcome(self.name, self.family, expect, self.message, ambiguous=self.ambiguous)


_ACCEPTED: Final = Outcome("accepted", "accepted", None)
_INTERNAL_ERROR: Final = Failure("internal-error", "server-error", 500, "Internal error.")
_COMMON_OUTCOMES: Final = (
    Outcome("html-502", "malformed", Codes.INVALID_RESPONSE),
    Outcome(CONNECTION_REFUSED, "network", Codes.GENERAL),
    Outcome("connection-lost", "network", Codes.GENERAL, ambiguous=True),
    Outcome("hangs", "network", Codes.GENERAL, ambiguous=True, hangs=True),
    Outcome("echo", "rejection", Codes.INVALID_RESPONSE, "Rejected:", echoes=True),
)
_MALFORMED_BODIES: Final[Mapping[str, bytes]] = {"empty-body": b"", "bad-json": b'{"id": "', "json-array": b"[]"}
"""By outcome: the body of a success response that the connector cannot use."""


class HttpProvider(LoopbackProvider):
    """The stub of a provider with an HTTP API: a server on the loopback interface.

    A subclass must set `authorization` and one of `config_key`, `environment_variable` and `connector_option`, and must
    implement `read`. It overrides the other attributes and methods where its provider differs.

    Every `HttpProvider` has these outcomes in addition to ``accepted`` and its own `failures`:

    - ``internal-error``: status 500, with `error_response`.
    - ``html-502``: an HTML page of a proxy.
    - ``echo``: status 400; the message repeats the request.
    - ``connection-refused``, ``connection-lost`` (after the request), ``hangs`` (no response).
    - ``empty-body``, ``bad-json``, ``json-array``: success responses with such a body, if `is_response_read`.

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
    """Whether the connector reads the body of a success response."""

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
        if not (self.config_key or self.environment_variable or self.connector_option):
            raise TypeError(
                f"{name} has no way to give a connector the provider's address: "
                "set config_key, environment_variable or connector_option."
            )
        if self.authorization is None and type(self).credentials_error is HttpProvider.credentials_error:
            raise TypeError(f"{name} has no authorization: set it, to '' where requests have no Authorization header.")
        self._failures = {it.name: it for it in (_INTERNAL_ERROR, *self.failures)}
        self.expected_result("")  # a mistake in these methods raises here, and not in a thread of the server
        self.error_response(400, "")
        for outcome in self.outcomes:
            failure = self._failures.get(outcome.name)
            if failure and outcome.message and not _contains(self._failure_response(failure), outcome.message):
                raise TypeError(
                    f"The response of {name} for {outcome.name!r} does not contain its message {outcome.message!r}: "
                    "include the message in error_response(), or set has_error_messages to False."
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

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Record a request and return the response of the current outcome."""
        outcome, message_id = self.current, f"msg-{uuid4().hex}"
        message: Message = Message(())
        response: HttpResponse | str
        try:
            other = self.respond_to_other(request)
            if other is not None:
                return other
            message = _require_message(self.read(request))
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
                result=self.expected_result(message_id) if outcome == _ACCEPTED else None,
                raw=request,
                exchange=exchange(request, response),
                template=message.template,
                forwarded=message.forwarded,
            ),
        )
        if isinstance(response, HttpResponse):
            return response
        self.hang()
        return None

    def _response(self, outcome: Outcome, request: HttpRequest, message_id: str) -> HttpResponse | str:
        """Return the response of an outcome, or a text about what happens instead."""
        if outcome.family == "network":
            return _NO_RESPONSE if outcome.hangs else _CONNECTION_CLOSED
        if outcome.name in self._failures:
            return self._failure_response(self._failures[outcome.name])
        if outcome.echoes:
            sent = f"{request.authorization} {request.target} {request.body.decode('utf-8', 'replace')}"
            return self.error_response(400, f"{outcome.message} {sent}")
        if outcome.name in _MALFORMED_BODIES:
            return evolve(self.success_response(message_id), body=_MALFORMED_BODIES[outcome.name])
        if outcome.family == "malformed":
            return HttpResponse.html(_BAD_GATEWAY, 502)
        return self.success_response(message_id)

    def _failure_response(self, failure: Failure) -> HttpResponse:
        return failure.response or self.error_response(failure.status, failure.message)

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
                return self.credentials_error(call.raw, config)
        return self.options_error(call.raw, config)


def _outcomes(cls: type[HttpProvider]) -> tuple[Outcome, ...]:
    """Return the author's outcomes and the common ones; the author's replace common ones of the same name."""
    bodies = [Outcome(name, "malformed", Codes.INVALID_RESPONSE) for name in _MALFORMED_BODIES if cls.is_response_read]
    common = {it.name: it for it in (_INTERNAL_ERROR.outcome, *bodies, *_COMMON_OUTCOMES)}
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


def _contains(response: HttpResponse, message: str) -> bool:
    text = response.body.decode("utf-8", "replace")
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
    if request.content_type != "application/json":
        return request.form.get(name)
    found = request.json
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found
