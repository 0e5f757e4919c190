"""Any provider over HTTP, from the few lines in which an author describes it."""

import base64
import json
from abc import abstractmethod
from collections.abc import Collection, Iterable, Mapping
from typing import Any, ClassVar, Final
from urllib.parse import unquote
from uuid import uuid4

from attrs import evolve, field, frozen

from conformance.http_exchange import Answer, HttpRequest, exchange
from conformance.loopback_server import CONNECTION_REFUSED, LoopbackProvider
from conformance.provider import Aspect, Call, Family, Outcome
from conformance.providers.sender import sender_fault
from connector_kit import ConnectorErrorCodes as Codes

_CODES: Final[Mapping[str, Codes]] = {
    "throttle": Codes.RATE_LIMIT_EXCEEDED,
    "quota": Codes.USAGE_LIMIT_EXCEEDED,
    "refusal": Codes.INVALID_RESPONSE,
    "credentials": Codes.INVALID_RESPONSE,
    "fault": Codes.INVALID_RESPONSE,
    "broken": Codes.INVALID_RESPONSE,
}
"""What a failure of a family must become, unless its author says otherwise."""

_PAGE: Final = "<html><body><h1>502 Bad Gateway</h1></body></html>"
_LOST, _SILENT = "[the connection was closed without an answer]", "[no answer came]"
_UNREADABLE: Final = "unreadable"


def _all(values: str | Iterable[str] | None) -> tuple[str, ...]:
    if values is None:
        return ()
    return (values,) if isinstance(values, str) else tuple(values)


@frozen
class Message:
    """What a request says to its provider.

    Args:
        to: the recipient, or all of them.
        subject: ``None`` for text messages, and where the provider has the templates.
        html: the HTML body, if there is one.
        text: the plain body, if there is one.
        sender: as on the wire, if one is named.
        reply_to: where answers go, if the request says it: one mailbox or several.
        template: the name of the provider's own template, if the request asks for one.
        forwarded: the whole message, ``{to, type, payload, ip?}``, from a connector that forwards messages.
    """

    to: tuple[str, ...] = field(converter=_all)
    subject: str | None = field(default=None, repr=False)
    html: str | None = field(default=None, repr=False)
    text: str | None = field(default=None, repr=False)
    sender: str | None = None
    reply_to: tuple[str, ...] = field(default=(), converter=_all)
    template: str | None = None
    forwarded: Any = field(default=None, repr=False)


@frozen
class Failure:
    """A way in which a provider refuses a message.

    Args:
        name: unique for the provider.
        family: what it means: ``throttle``, ``quota``, ``refusal``, ``credentials``, ``fault`` or ``broken``.
        status: of HTTP.
        message: what the provider says, if its answer has words that an operator should get to see.
        answer: the whole answer, where it is not what `HttpProvider.refused` makes of status and message.
        expect: the code that the connector must raise, where it is not the family's own.
        ambiguous: the message may have been accepted all the same.
    """

    name: str
    family: Family
    status: int = 400
    message: str = ""
    answer: Answer | None = field(default=None, kw_only=True)
    expect: Codes | None = field(default=None, kw_only=True)
    ambiguous: bool = field(default=False, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Refuse a family that no answer can have."""
        if self.family not in _CODES:
            raise ValueError(f"A Failure {self.name!r} cannot be of the family {self.family!r}: {', '.join(_CODES)}.")

    @property
    def outcome(self) -> Outcome:
        """What the suite knows of it."""
        expect = self.expect or _CODES[self.family]
        return Outcome(self.name, self.family, expect, self.message, ambiguous=self.ambiguous)


_ACCEPTED: Final = Outcome("accepted", "accepted", None)
_INTERNAL: Final = Failure("internal-error", "fault", 500, "Internal error.")
_ALWAYS: Final = (
    Outcome("html-502", "broken", Codes.INVALID_RESPONSE),
    Outcome(CONNECTION_REFUSED, "network", Codes.GENERAL),
    Outcome("connection-lost", "network", Codes.GENERAL, ambiguous=True),
    Outcome("hangs", "network", Codes.GENERAL, ambiguous=True, hangs=True),
    Outcome("echo", "refusal", Codes.INVALID_RESPONSE, "Rejected:", echoes=True),
)
_UNREAD: Final[Mapping[str, bytes]] = {"empty-body": b"", "bad-json": b'{"id": "', "json-array": b"[]"}
"""Successes that are none where the answer to a success is read."""


class HttpProvider(LoopbackProvider):
    """The stub of a provider over HTTP; a subclass says how to read a request, and what is particular to it.

    Outcomes that every HTTP provider has come by themselves: a connection that is refused or lost, a request that is
    never answered, a proxy's page, an internal error, an answer that repeats the request and, where `answer_is_read`,
    successes with a body that is none. `expects` and `leave_out` change that.
    """

    config_key: ClassVar[str | None] = None
    """The config key that holds the provider's address, if one does."""

    variable: ClassVar[str | None] = None
    """The environment variable that holds it, if one does."""

    option: ClassVar[str | None] = None
    """The argument of the connector's class that holds it, if one does."""

    base_path: ClassVar[str] = ""
    """What follows host and port in that address, beginning with a slash."""

    method: ClassVar[str] = "POST"
    path: ClassVar[str | None] = None
    """Where messages go, with ``{key}`` for values of the config; nothing is judged where it is ``None``."""

    content_type: ClassVar[str | None] = None
    """The media type of a message's body; nothing is judged where it is ``None``."""

    authorization: ClassVar[str | None] = None
    """The header, with ``{key}`` for values of the config: ``Bearer {apiKey}``; ``Basic {user}:{password}`` stands for
    its base64 form, and nothing at all for no header."""

    sender_key: ClassVar[str | None] = None
    """The config key that holds the sender, if one does."""

    settings: ClassVar[Mapping[str, str]] = {}
    """For further config keys, the member of the body that must say the same; a dotted name leads into JSON objects."""

    failures: ClassVar[tuple[Failure, ...]] = ()
    answer_is_read: ClassVar[bool] = True
    """Whether a success has a body that the connector has to read."""

    says_why: ClassVar[bool] = True
    """Whether refusals have words."""

    expects: ClassVar[Mapping[str, Codes | None]] = {}
    """By the name of an outcome that comes by itself: what the connector must raise instead, ``None`` for a success."""

    leave_out: ClassVar[Collection[str]] = ()
    """Outcomes that come by themselves and do not happen here."""

    outcomes: ClassVar[tuple[Outcome, ...]] = (_ACCEPTED,)

    def __init_subclass__(cls, **more: object) -> None:
        """Collect the outcomes."""
        super().__init_subclass__(**more)
        cls.outcomes = _outcomes(cls)

    def __init__(self) -> None:
        super().__init__()
        name = type(self).__name__
        if not (self.config_key or self.variable or self.option):
            raise TypeError(f"Nothing leads a connector to {name}: set its config_key, variable or option.")
        if self.authorization is None and type(self).credentials is HttpProvider.credentials:
            raise TypeError(f"{name} does not say what authorizes a request: set its authorization ('' for nothing).")
        self._failures = {it.name: it for it in (_INTERNAL, *self.failures)}
        self.result("")  # what an author wrote shows its mistakes here, and not in a thread of the server
        self.refused(400, "")
        for outcome in self.outcomes:
            failure = self._failures.get(outcome.name)
            if failure and outcome.message and not _says(self._refusal(failure), outcome.message):
                raise TypeError(
                    f"{name} answers {outcome.name!r} without its message {outcome.message!r}: let refused() say it, "
                    "or set says_why to False.",
                )

    # --- what an author says ----------------------------------------------------------------------------------------

    @abstractmethod
    def read(self, request: HttpRequest) -> Message:
        """Return what a request says. Whatever this raises makes the request one that the provider does not take."""

    def accepted(self, message_id: str) -> Answer:
        """Return the answer to a message that is taken."""
        return Answer.json({"id": message_id})

    def result(self, message_id: str) -> object:
        """Return what the connector has to return for that answer: the id, unless the answer has no body."""
        return message_id if self.accepted(message_id).body else None

    def refused(self, status: int, message: str) -> Answer:
        """Return the answer to a message that is not taken."""
        return Answer.json({"message": message}, status)

    def respond(self, request: HttpRequest) -> Answer | None:  # noqa: ARG002 - what an override receives
        """Answer a request that is no message, such as one for a token; ``None`` says that it is a message."""
        return None

    def failing(self, request: HttpRequest) -> Answer | None:
        """Return what the present outcome answers, if it fails with an answer: for `respond`, to fail the same way."""
        answer = self._answer(self.current, request, "")
        return answer if isinstance(answer, Answer) and self.current != _ACCEPTED else None

    def form(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Say what is wrong with method, path or content type."""
        path = _filled(self.base_path if self.path is None else self.path, config) or request.path
        if request.method != self.method or unquote(request.path) != unquote(path):
            return f"expected {self.method} {path}, found {request.method} {request.path}"
        if self.content_type not in {None, request.content_type}:
            return f"expected a body of the type {self.content_type}, found {request.content_type or 'none'}"
        return None

    def sender(self, call: Call, config: Mapping[str, Any]) -> str | None:
        """Say what is wrong with the sender."""
        if self.sender_key is None:
            return None
        return sender_fault(call.sender, config.get(self.sender_key), self.sender_key)

    def credentials(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Say what is wrong with what authorizes a request."""
        expected = _filled(self.authorization or "", config)
        scheme, _, rest = expected.partition(" ")
        if scheme.lower() == "basic":
            expected = f"{scheme} {base64.b64encode(rest.encode()).decode()}"
        if (request.authorization or "") == expected:
            return None
        found = "another" if request.authorization else "none"
        wanted = f"the authorization {self.authorization!r} of the config" if expected else "no authorization"
        return f"expected {wanted}, found {found}"

    def options(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Say what is wrong with what the config sets beside credentials and sender."""
        for key, name in self.settings.items():
            found, expected = _member(request, name), config.get(key)
            if not _same(found, expected):
                said = "nothing" if found is None else "something else"
                state = "set" if expected is not None else "not set"
                return f"expected {name} to be the config's {key} ({state}), found {said}"
        return None

    # --- what the suite asks ----------------------------------------------------------------------------------------

    @property
    def address(self) -> str:
        """What a connector is told, while the stub is running."""
        return f"{self.url}{self.base_path}"

    @property
    def environment(self) -> Mapping[str, str]:
        """The variable that leads a connector here, if one does."""
        return {**super().environment, **({self.variable: self.address} if self.variable else {})}

    def prepare_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return a config that leads a connector here, if one does."""
        return {**config, **({self.config_key: self.address} if self.config_key else {})}

    def connector_options(self) -> dict[str, Any]:
        """Return the argument that leads a connector here, if one does."""
        return {self.option: self.address} if self.option else {}

    def handle(self, request: HttpRequest) -> Answer | None:
        """Record and answer a request."""
        outcome, message_id = self.current, f"msg-{uuid4().hex}"
        message: Message = Message(())
        answer: Answer | str
        try:
            other = self.respond(request)
            if other is not None:
                return other
            message = _checked(self.read(request))
            answer = self._answer(outcome, request, message_id)
        except Exception as error:  # noqa: BLE001 - a stub's author, or a wrong connector, may cause any
            why = f"{type(self).__name__} cannot read the request: {type(error).__name__}: {error}"
            outcome, answer = Outcome(_UNREADABLE, "refusal", Codes.INVALID_RESPONSE, why), self.refused(400, why)
        self.calls.append(
            Call(
                to=message.to,
                subject=message.subject,
                html=message.html,
                text=message.text,
                sender=message.sender,
                reply_to=message.reply_to,
                outcome=outcome,
                result=self.result(message_id) if outcome == _ACCEPTED else None,
                raw=request,
                exchange=exchange(request, answer),
                template=message.template,
                forwarded=message.forwarded,
            ),
        )
        if isinstance(answer, Answer):
            return answer
        self.hang()
        return None

    def _answer(self, outcome: Outcome, request: HttpRequest, message_id: str) -> Answer | str:
        if outcome.family == "network":
            return _SILENT if outcome.hangs else _LOST
        if outcome.name in self._failures:
            return self._refusal(self._failures[outcome.name])
        if outcome.echoes:
            sent = f"{request.authorization} {request.target} {request.body.decode('utf-8', 'replace')}"
            return self.refused(400, f"{outcome.message} {sent}")
        if outcome.name in _UNREAD:
            return evolve(self.accepted(message_id), body=_UNREAD[outcome.name])
        return Answer.html(_PAGE, 502) if outcome.family == "broken" else self.accepted(message_id)

    def _refusal(self, failure: Failure) -> Answer:
        return failure.answer or self.refused(failure.status, failure.message)

    def fault(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Judge one aspect of a message against the config it was made for."""
        match aspect:
            case "form":
                if call.outcome.name == _UNREADABLE:
                    return call.outcome.message
                return self.form(call.raw, config)
            case "sender":
                return self.sender(call, config)
            case "credentials":
                return self.credentials(call.raw, config)
        return self.options(call.raw, config)


def _outcomes(cls: type[HttpProvider]) -> tuple[Outcome, ...]:
    """Return the author's outcomes and those that come by themselves, which the author's replace by their name."""
    unread = [Outcome(name, "broken", Codes.INVALID_RESPONSE) for name in _UNREAD if cls.answer_is_read]
    common = {it.name: it for it in (_INTERNAL.outcome, *unread, *_ALWAYS)}
    for name in {*cls.expects, *cls.leave_out} - common.keys():
        raise TypeError(f"{cls.__name__} changes the outcome {name!r}, which does not come by itself: {[*common]}.")
    own = [failure.outcome for failure in cls.failures]
    names = [it.name for it in own]
    for name in names:
        if names.count(name) > 1 or name == _ACCEPTED.name:
            raise TypeError(f"{cls.__name__} has more than one outcome {name!r}.")
    kept = [
        evolve(it, expect=cls.expects.get(it.name, it.expect))
        for it in common.values()
        if it.name not in {*cls.leave_out, *names}
    ]
    every = (_ACCEPTED, *own, *kept)
    return every if cls.says_why else tuple(it if it.echoes else evolve(it, message="") for it in every)


def _says(answer: Answer, message: str) -> bool:
    text = answer.body.decode("utf-8", "replace")
    return message in text or json.dumps(message)[1:-1] in text


def _checked(message: object) -> Message:
    if not isinstance(message, Message):
        raise TypeError(f"read() has to return a Message, and returned {type(message).__name__}")
    return message


class _Nothing(dict[str, Any]):
    """A config whose missing keys are empty."""

    def __missing__(self, key: str) -> str:
        return ""


def _filled(template: str, config: Mapping[str, Any]) -> str:
    return template.format_map(_Nothing(config))


def _member(request: HttpRequest, name: str) -> object:
    """Return a field of a form, or what a dotted name leads to in a JSON object; ``None`` where there is nothing."""
    if request.content_type != "application/json":
        return request.form.get(name)
    found = request.json
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _same(found: object, expected: object) -> bool:
    """Compare a member with a config's value, which a form can only hold as text."""
    if isinstance(found, str) and expected is not None and not isinstance(expected, str):
        return found == json.dumps(expected)
    return found == expected
