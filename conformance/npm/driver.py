"""`Driver`: one Node.js process per package, which runs ``driver.mjs`` and serves requests from any number of threads."""

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
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from typing import IO, Any, Final

from attrs import field, frozen

from conformance.npm.errors import NodeError, NodeObject
from conformance.providers.certificates import ca_bundle
from conformance.providers.threads import SuiteThread
from connector_kit import ConnectorError, ConnectorErrorCodes, to_json

Json = Any
"""Any JSON value."""

_DRIVER: Final = Path(__file__).with_name("driver.mjs")
REQUEST_TIME_LIMIT: Final = 60.0
"""The default time limit of a request, in seconds."""

_CLOSE_TIME_LIMIT: Final = 5.0
_MAX_ERROR_LINES: Final = 20
"""How many lines of standard error an exception shows after the process has ended unexpectedly."""

_VARIABLES: Final = ("APPDATA", "HOME", "PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "USERPROFILE")
"""The only environment variables that Node.js inherits: no AWS profile, key, proxy or endpoint of the machine."""

_log: Final = logging.getLogger("conformance.npm")


def _environment() -> dict[str, str]:
    inherited = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
    missing_file = str(Path(os.devnull) / "none")
    return inherited | {
        "AWS_CONFIG_FILE": missing_file,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": missing_file,
    }


@frozen
class _Ended:
    """Put into every inbox when the process has ended."""

    reason: str


@frozen
class _Request:
    """The Python side of one request.

    Args:
        id: the number of the request.
        callbacks: by name, the functions that the connector can call.
        values: by name or call number, the values passed to the connector; its changes are applied to them.
        raised: the exceptions of the callbacks, in order.
    """

    id: int
    callbacks: Mapping[str, Callable[..., object]]
    values: dict[Any, object] = field(factory=dict)
    raised: list[Exception] = field(factory=list)


class _Process:
    """A running Node.js process, with a reader thread for each of its outputs."""

    def __init__(self, node: str, folder: Path, on_blocked: Callable[[str], None]) -> None:
        self._on_blocked = on_blocked
        self._trust = ExitStack()  # Node.js reads the file with the first TLS connection, so it stays until the end
        bundle = self._trust.enter_context(ca_bundle())
        self._node = subprocess.Popen(  # noqa: S603 - the node executable of find_node
            [node, str(_DRIVER), str(folder)],
            cwd=folder,
            env=_environment() | {"NODE_EXTRA_CA_CERTS": bundle["NODE_EXTRA_CA_CERTS"]},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self._lock = threading.Lock()
        self._ended: _Ended | None = None
        self._kill_reason = ""
        self._inboxes: dict[int, queue.SimpleQueue[Json]] = {}
        self._error_lines: deque[str] = deque(maxlen=_MAX_ERROR_LINES)
        self._stderr_reader = SuiteThread(self._read_stderr, (self._node.stderr,))
        self._stdout_reader = SuiteThread(self._read_stdout, (self._node.stdout,))
        self._stderr_reader.start()
        self._stdout_reader.start()

    @property
    def has_ended(self) -> bool:
        """Whether the process has ended."""
        return self._ended is not None

    def open_inbox(self, request_id: int) -> "queue.SimpleQueue[Json]":
        """Return the queue that receives all messages about a request."""
        inbox: queue.SimpleQueue[Json] = queue.SimpleQueue()
        with self._lock:
            self._inboxes[request_id] = inbox
            if self._ended is not None:
                inbox.put(self._ended)
        return inbox

    def close_inbox(self, request_id: int) -> None:
        """Drop further messages about a request."""
        with self._lock:
            del self._inboxes[request_id]

    def write(self, line: bytes) -> None:
        """Write a line to standard input; if the process has ended, the inboxes receive that."""
        assert self._node.stdin is not None  # noqa: S101 - Popen got PIPE
        with self._lock, suppress(BrokenPipeError, ValueError):
            self._node.stdin.write(line + b"\n")
            self._node.stdin.flush()

    def kill(self, reason: str) -> None:
        """Kill the process; requests that wait for it fail with this reason."""
        self._kill_reason = reason
        self._node.kill()
        self.close()

    def close(self) -> None:
        """End the process and wait for it; kill it where it does not end in time."""
        assert self._node.stdin is not None  # noqa: S101 - Popen got PIPE
        with self._lock, suppress(BrokenPipeError):
            self._node.stdin.close()
        try:
            self._node.wait(_CLOSE_TIME_LIMIT)
        except subprocess.TimeoutExpired:
            self._node.kill()
        self._stdout_reader.join()
        self._trust.close()

    def _read_stderr(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                text = line.decode(errors="replace").rstrip()
                self._error_lines.append(text)
                _log.info("%s", text)

    def _read_stdout(self, stream: IO[bytes]) -> None:
        with stream:
            for line in stream:
                self._dispatch(line)
        status = self._node.wait()
        self._stderr_reader.join()
        printed = "".join(f"\n{line}" for line in self._error_lines)
        reason = f"The Node.js process ended with status {status}{'. It printed:' if printed else '.'}{printed}"
        with self._lock:
            self._ended = _Ended(self._kill_reason or reason)
            for inbox in self._inboxes.values():
                inbox.put(self._ended)

    def _dispatch(self, line: bytes) -> None:
        match _parse(line):
            case {"log": str(text)}:
                _log.info("%s", text.rstrip())
            case {"blocked": str(address)}:
                self._on_blocked(address)
            case {"id": int(request_id), **message}:
                inbox = self._inboxes.get(request_id)
                if inbox is not None:  # else the request has ended in Python
                    inbox.put(message)
            case _:
                _log.info("%s", line.decode(errors="replace").rstrip())  # the package wrote to the file descriptor


def _parse(line: bytes) -> Json:
    try:
        return json.loads(line)
    except ValueError:
        return None


class Driver:
    """Runs one package in Node.js. The process starts with the first request, and again after it has ended.

    Args:
        node: the path of the ``node`` executable.
        folder: the package's folder.
        on_blocked: called with the address of each blocked socket.
        time_limit: seconds for one request.
    """

    def __init__(
        self,
        node: str,
        folder: Path,
        *,
        on_blocked: Callable[[str], None] = lambda _: None,
        time_limit: float = REQUEST_TIME_LIMIT,
    ) -> None:
        self._node = node
        self._on_blocked = on_blocked
        self.folder = folder
        self.time_limit = time_limit
        self._starting = threading.Lock()
        self._process: _Process | None = None
        self._finalizer: weakref.finalize[..., Driver] | None = None
        self._ids = count(1)

    def __repr__(self) -> str:
        """Return the folder."""
        return f"Driver({str(self.folder)!r})"

    def close(self) -> None:
        """End the process, if one is running; the next request starts another."""
        with self._starting:
            if self._finalizer is not None:
                self._finalizer()
            self._process = self._finalizer = None

    def _running_process(self) -> _Process:
        with self._starting:
            if self._process is None or self._process.has_ended:
                if self._finalizer is not None:
                    self._finalizer()
                self._process = _Process(self._node, self.folder, self._on_blocked)
                self._finalizer = weakref.finalize(self, self._process.close)  # runs when Python ends, at the latest
            return self._process

    def request(
        self,
        operation: str,
        *,
        callbacks: Mapping[str, Callable[..., object]] | None = None,
        arguments: Mapping[str, object] | None = None,
        **members: Json,
    ) -> Json:
        """Run an operation in Node.js and return its result.

        Args:
            operation: one of the operations in ``driver.mjs``.
            callbacks: by name, functions that the connector can call meanwhile; they run in this thread.
            arguments: by name, JSON values; changes that the connector makes are applied to them.
            members: further JSON values of the request.

        Raises:
            ConnectorError: the connector threw a ConnectorError.
            NodeError: the connector threw any other value, exceeded the time limit, or ended the process.
            Exception: a callback raised it, and the connector did not catch it.
            TypeError, ValueError: JSON cannot represent a value.
        """
        request = _Request(next(self._ids), callbacks or {}, {**(arguments or {})})
        line = _line({"id": request.id, "op": operation, **members, **request.values})
        process, deadline = self._running_process(), time.monotonic() + self.time_limit
        inbox = process.open_inbox(request.id)
        try:
            process.write(line)
            while True:
                message = inbox.get(timeout=max(0.0, deadline - time.monotonic()))
                if isinstance(message, _Ended):
                    raise NodeError("ProcessEnded", f"The operation {operation} did not finish. {message.reason}")
                if "call" not in message:
                    return _result(request, message)
                process.write(_run_callback(request, message))
        except queue.Empty:
            reason = f"The operation {operation} took more than {self.time_limit:g} seconds; its process was killed."
            process.kill(reason)
            raise NodeError("TimeLimit", reason) from None
        finally:
            process.close_inbox(request.id)


def _line(message: Json) -> bytes:
    try:
        text = json.dumps(message, allow_nan=False, default=to_json)
    except RecursionError:
        text = "".join(_deep_json(message))
    return text.encode("ascii")


def _deep_json(value: Json) -> Iterator[str]:
    """Write JSON that is nested too deeply for `json.dumps`: Node.js can read it, and checks send it."""
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


def _run_callback(request: _Request, message: Json) -> bytes:
    """Call a function for Node.js; an exception goes there as an error with a token, by which `_result` finds it again."""
    number, function = message["call"], request.callbacks[message["name"]]
    try:
        value = function(*message["arguments"])
        line = _line({"call": number, "value": value, "none": value is None})
    except Exception as error:  # noqa: BLE001 - a callback can raise any exception, and the connector must receive it
        request.raised.append(error)
        token = f"{request.id}.{len(request.raised) - 1}"
        return _line({"call": number, "raises": {"token": token, "name": type(error).__name__, "message": str(error)}})
    request.values[number] = value
    return line


def _result(request: _Request, message: Json) -> Json:
    """Apply the connector's changes to its arguments; return what an operation returned, or raise what it threw."""
    for change in message["changed"]:
        _replace_content(request.values[change["name"]], change["value"])
    error = message.get("error")
    if error is None:
        result = message["result"]
        return NodeObject(**result["object"]) if "object" in result else result.get("value")
    owner, _, index = error.get("token", "").partition(".")
    if owner == str(request.id):
        raise request.raised[int(index)]
    raise _to_exception(error)


def _replace_content(value: object, content: Json) -> None:
    if isinstance(value, dict):
        value.clear()
        value.update(content if isinstance(content, dict) else {})
    elif isinstance(value, list):
        value[:] = content if isinstance(content, list) else []


def _to_exception(error: Json) -> Exception:
    try:
        code = ConnectorErrorCodes(error["code"])
    except (KeyError, ValueError):
        return NodeError(error["name"], error["message"], error["text"])
    data = NodeObject("data", error["unprintable"]) if "unprintable" in error else error.get("data")
    exception = ConnectorError(code, data)
    exception.add_note(error["text"])
    return exception
