"""One Node process a package: it runs ``driver.mjs``, takes requests from any number of threads, and answers each."""

import json
import logging
import os
import queue
import subprocess
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import IO, Any, Final

from attrs import field, frozen

from conformance.npm.errors import NodeError, NodeObject
from connector_kit import ConnectorError, ConnectorErrorCodes, to_json

Json = Any
"""Any JSON value."""

_DRIVER: Final = Path(__file__).with_name("driver.mjs")
_LONGEST_SEND: Final = 60.0
_CLOSE_TIME_LIMIT: Final = 5.0
_COMPLAINTS: Final = 20
"""How many lines of its standard error are repeated where the process ends by itself."""

_KEPT: Final = ("APPDATA", "HOME", "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "USERPROFILE")
"""Nothing else of the environment reaches Node: no AWS profile, key, proxy or endpoint of the machine."""

_log: Final = logging.getLogger("conformance.npm")


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    nowhere = str(Path(os.devnull) / "none")
    return kept | {
        "AWS_CONFIG_FILE": nowhere,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": nowhere,
    }


@frozen
class _Ended:
    """Comes to those who wait for an answer when the process is over."""

    why: str


@frozen
class _Request:
    """What Node may ask and tell while it works on a request.

    Args:
        calls: by name, what it may call.
        lent: by name, what it was given and must not change.
        raised: what the calls raised, in their order.
    """

    id: int
    calls: Mapping[str, Callable[..., object]]
    lent: dict[Any, object] = field(factory=dict)
    raised: list[Exception] = field(factory=list)


class _Process:
    """A running Node, with a thread for each of its outputs."""

    def __init__(self, node: str, folder: Path, on_refused: Callable[[str], None]) -> None:
        self._on_refused = on_refused
        self._node = subprocess.Popen(  # noqa: S603 - Node, as found on the PATH
            [node, str(_DRIVER), str(folder)],
            cwd=folder,
            env=_environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._writing = threading.Lock()
        self._ended: _Ended | None = None
        self._why = ""
        self._inboxes: dict[int, queue.SimpleQueue[Json]] = {}
        self._complaints: deque[str] = deque(maxlen=_COMPLAINTS)
        self._errors = threading.Thread(target=self._read_errors, args=(self._node.stderr,), daemon=True)
        self._answers = threading.Thread(target=self._read_answers, args=(self._node.stdout,), daemon=True)
        self._errors.start()
        self._answers.start()

    @property
    def has_ended(self) -> bool:
        """Whether it takes no more requests."""
        return self._ended is not None

    def inbox(self, request_id: int) -> "queue.SimpleQueue[Json]":
        """Return where all that Node says about a request comes in."""
        inbox: queue.SimpleQueue[Json] = queue.SimpleQueue()
        with self._writing:
            self._inboxes[request_id] = inbox
            if self._ended is not None:
                inbox.put(self._ended)
        return inbox

    def forget(self, request_id: int) -> None:
        """Pass over what still comes in for a request."""
        with self._writing:
            del self._inboxes[request_id]

    def tell(self, line: bytes) -> None:
        """Write a line; where nobody reads it any more, the inboxes say so."""
        assert self._node.stdin is not None  # noqa: S101 - a pipe was asked for
        with self._writing, suppress(BrokenPipeError, ValueError):
            self._node.stdin.write(line + b"\n")
            self._node.stdin.flush()

    def kill(self, why: str) -> None:
        """End it at once.

        Args:
            why: for those who wait for an answer.
        """
        self._why = why
        self._node.kill()
        self.close()

    def close(self) -> None:
        """End it, and wait until it has ended."""
        assert self._node.stdin is not None  # noqa: S101 - a pipe was asked for
        with self._writing, suppress(BrokenPipeError):
            self._node.stdin.close()
        try:
            self._node.wait(_CLOSE_TIME_LIMIT)
        except subprocess.TimeoutExpired:
            self._node.kill()
        self._answers.join()

    def _read_errors(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                text = line.decode(errors="replace").rstrip()
                self._complaints.append(text)
                _log.info("%s", text)

    def _read_answers(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._take(line)
        status = self._node.wait()
        self._errors.join()
        said = "\n".join(self._complaints)
        why = self._why or f"Node ended by itself with status {status}." + (f" It said:\n{said}" if said else "")
        with self._writing:
            self._ended = _Ended(why)
            for inbox in self._inboxes.values():
                inbox.put(self._ended)

    def _take(self, line: bytes) -> None:
        match _message(line):
            case {"log": str(text)}:
                _log.info("%s", text.rstrip())
            case {"refused": str(where)}:
                self._on_refused(where)
            case {"id": int(request_id), **message}:
                inbox = self._inboxes.get(request_id)
                if inbox is not None:  # else nobody waits for it any longer
                    inbox.put(message)
            case _:
                _log.info("%s", line.decode(errors="replace").rstrip())  # printed past the driver


def _message(line: bytes) -> Json:
    try:
        return json.loads(line)
    except ValueError:
        return None


class Driver:
    """Runs one package in Node: the process starts with the first request, and again after it has ended.

    Args:
        node: the path of Node itself.
        folder: the package's own.
        on_refused: called with the address of each socket that was asked for and refused.
        time_limit: seconds that a request may take.
    """

    def __init__(
        self,
        node: str,
        folder: Path,
        *,
        on_refused: Callable[[str], None] = lambda _: None,
        time_limit: float = _LONGEST_SEND,
    ) -> None:
        self._node = node
        self._on_refused = on_refused
        self.folder = folder
        self.time_limit = time_limit
        self._starting = threading.Lock()
        self._process: _Process | None = None
        self._finalizer: weakref.finalize[..., Driver] | None = None
        self._ids = count(1)

    def __repr__(self) -> str:
        """Name the folder."""
        return f"Driver({str(self.folder)!r})"

    def close(self) -> None:
        """End the process, if there is one; the next request starts another."""
        with self._starting:
            if self._finalizer is not None:
                self._finalizer()
            self._process = self._finalizer = None

    def _running(self) -> _Process:
        with self._starting:
            if self._process is None or self._process.has_ended:
                if self._finalizer is not None:
                    self._finalizer()
                self._process = _Process(self._node, self.folder, self._on_refused)
                self._finalizer = weakref.finalize(self, self._process.close)  # at the latest when Python ends
            return self._process

    def request(
        self,
        operation: str,
        *,
        calls: Mapping[str, Callable[..., object]] | None = None,
        lent: Mapping[str, object] | None = None,
        **members: Json,
    ) -> Json:
        """Let Node do something, and return what came of it.

        Args:
            operation: one of those of ``driver.mjs``.
            calls: by name, what Node may call meanwhile; they run in this thread.
            lent: values that go along by name; what the connector changes in them, it changes.
            members: of the request: JSON values.

        Raises:
            ConnectorError: the connector threw one.
            NodeError: it threw something else, took more than the time limit, or its process ended.
            Exception: what one of the calls raised, if the connector lets it through.
            TypeError: a value that is no JSON.
            ValueError: likewise.
        """
        request = _Request(next(self._ids), calls or {}, {**(lent or {})})
        line = _line({"id": request.id, "op": operation, **members, **request.lent})
        process, last = self._running(), time.monotonic() + self.time_limit
        inbox = process.inbox(request.id)
        try:
            process.tell(line)
            while True:
                message = inbox.get(timeout=max(0.0, last - time.monotonic()))
                if isinstance(message, _Ended):
                    raise NodeError("ProcessEnded", f"{operation} came to no end. {message.why}")
                if "call" not in message:
                    return _outcome(request, message)
                process.tell(_answer(request, message))
        except queue.Empty:
            why = f"A {operation} took more than {self.time_limit:g} seconds; Node was ended, and what it was doing."
            process.kill(why)
            raise NodeError("TimeLimit", why) from None
        finally:
            process.forget(request.id)


def _line(message: Json) -> bytes:
    try:
        text = json.dumps(message, allow_nan=False, default=to_json)
    except RecursionError:
        text = "".join(_deep_json(message))
    return text.encode("ascii")


def _deep_json(value: Json) -> Iterator[str]:
    """Write JSON that is nested too deeply for the interpreter: it is not too deep for Node, and that is tested."""
    left: list[Iterator[tuple[str, Json]]] = [iter([("", value)])]
    closing = [""]
    while left:
        before, member = next(left[-1], (None, None))
        if before is None:
            left.pop()
            yield closing.pop()
            continue
        yield before
        if isinstance(member, dict):
            keys = (f"{', ' if index else ''}{json.dumps(key)}: " for index, key in enumerate(member))
            left.append(zip(keys, member.values(), strict=True))
            yield "{"
            closing.append("}")
        elif isinstance(member, list):
            left.append((", " if index else "", it) for index, it in enumerate(member))
            yield "["
            closing.append("]")
        else:
            yield json.dumps(member, allow_nan=False, default=to_json)


def _answer(request: _Request, message: Json) -> bytes:
    """Do what Node asks for; what that raises goes to Node as an error, and is known again when it comes back."""
    number, call = message["call"], request.calls[message["name"]]
    try:
        value = call(*message["arguments"])
        line = _line({"call": number, "value": value, "none": value is None})
    except Exception as error:  # noqa: BLE001 - a host's functions may raise anything, and the connector has to see it
        request.raised.append(error)
        token = f"{request.id}.{len(request.raised) - 1}"
        return _line({"call": number, "raises": {"token": token, "name": type(error).__name__, "message": str(error)}})
    request.lent[number] = value
    return line


def _outcome(request: _Request, message: Json) -> Json:
    """Return what an operation returned, or raise what it threw; what it changed of what was lent to it, is changed."""
    for change in message["changed"]:
        _change(request.lent[change["what"]], change["value"])
    error = message.get("error")
    if error is None:
        result = message["result"]
        return NodeObject(**result["object"]) if "object" in result else result.get("value")
    owner, _, index = error.get("token", "").partition(".")
    if owner == str(request.id):
        raise request.raised[int(index)]
    raise _thrown(error)


def _change(lent: object, now: Json) -> None:
    if isinstance(lent, dict):
        lent.clear()
        lent.update(now if isinstance(now, dict) else {})
    elif isinstance(lent, list):
        lent[:] = now if isinstance(now, list) else []


def _thrown(error: Json) -> Exception:
    try:
        code = ConnectorErrorCodes(error["code"])
    except (KeyError, ValueError):
        return NodeError(error["name"], error["message"], error["text"])
    data = NodeObject("data", error["unprintable"]) if "unprintable" in error else error.get("data")
    known = ConnectorError(code, data)
    known.add_note(error["text"])
    return known
