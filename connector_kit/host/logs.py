"""The log: one line per request, as JSON or text, on standard error."""

import json
import logging
import math
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Final, Literal

from connector_kit.redaction import Redactor, mask_recipient

LOGGER: Final = "connector_kit.host"
"""The host's logger. A program that runs the application itself attaches its own handlers to it."""

_FIELDS: Final = "connector_kit_fields"
_FRAMES: Final = 6

_log: Final = logging.getLogger(LOGGER)


def log_event(event: str, level: int = logging.INFO, **fields: object) -> None:
    """Write one line; fields that are ``None`` are omitted."""
    kept = {name: value for name, value in fields.items() if value is not None}
    _log.log(level, event, extra={_FIELDS: kept})


def describe_exception(error: BaseException) -> dict[str, object]:
    """Return the type of an exception and where it was raised. Its message is omitted: it may hold secrets."""
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return {
        "exception": type(error).__name__,
        "where": [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames],
    }


def _line(record: logging.LogRecord) -> dict[str, object]:
    moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    start: dict[str, object] = {
        "time": moment.replace("+00:00", "Z"),
        "level": record.levelname.lower(),
        "event": record.getMessage(),
    }
    fields: Mapping[str, object] | None = getattr(record, _FIELDS, None)
    if fields is not None:
        return start | dict(fields)
    raised = describe_exception(record.exc_info[1]) if record.exc_info and record.exc_info[1] else {}
    return start | {"logger": record.name} | raised


class JsonFormatter(logging.Formatter):
    """One JSON object per line, in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return json.dumps(_line(record), default=str)


class TextFormatter(logging.Formatter):
    """``time level event name=value …``; a value with spaces, quotes or ``=`` is quoted as JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = _line(record)
        start = [str(line.pop(name)) for name in ("time", "level", "event")]
        return " ".join([*start[:2], _plain(start[2]), *(f"{name}={_plain(value)}" for name, value in line.items())])


def _plain(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    is_plain = text and text.isascii() and text.isprintable() and not {" ", '"', "="} & set(text)
    return text if is_plain or not isinstance(value, str) else json.dumps(text)


_FORMATTERS: Final[Mapping[str, type[logging.Formatter]]] = {"json": JsonFormatter, "text": TextFormatter}


CONNECTION_LIMIT: Final = "connection_limit"
"""The event of a connection that is closed because there are too many."""

_RARE_EVENTS: Final = (CONNECTION_LIMIT, "socket.accept() out of system resource")
_RARE_SECONDS: Final = 60.0


class RareEvents(logging.Filter):
    """Lets events that anybody can cause through once a minute each.

    Args:
        now: returns the time in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._logged: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to write a record."""
        event = next((it for it in _RARE_EVENTS if str(record.msg).startswith(it)), None)
        if event is None:
            return True
        now = self._now()
        if now - self._logged.get(event, -math.inf) < _RARE_SECONDS:
            return False
        self._logged[event] = now
        return True


def set_up_logging(log_format: Literal["json", "text"]) -> None:
    """Write the log of this process to standard error: the host's lines, and warnings of all other loggers."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_FORMATTERS[log_format]())
    handler.addFilter(RareEvents())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    _log.setLevel(logging.INFO)


class RequestLogLine:
    """Collects the fields of one request's log line.

    Args:
        **fields: the first of them.
    """

    def __init__(self, **fields: object) -> None:
        self._fields = fields
        self._started = time.perf_counter()

    def add(self, **fields: object) -> None:
        """Add fields."""
        self._fields |= fields

    def write(self, *, status: int | None, request_id: str) -> None:
        """Write the line."""
        level = logging.INFO if status is not None and status < HTTPStatus.INTERNAL_SERVER_ERROR else logging.WARNING
        milliseconds = round((time.perf_counter() - self._started) * 1000, 1)
        log_event("request", level, request_id=request_id, status=status, ms=milliseconds, **self._fields)


_MAX_TEXT_LENGTH: Final = 500
_MIN_RECIPIENT_LENGTH: Final = 4


class LogRedactor:
    """Makes a text fit for the log: removes one request's secrets, masks its recipient, and shortens it.

    Args:
        secrets: the secrets.
        recipient: the recipient of the message, if the request sends one.
    """

    def __init__(self, secrets: Iterable[object] = (), recipient: object = None) -> None:
        self._redact = Redactor(secrets)
        self._recipient = recipient

    def __call__(self, text: str) -> str:
        """Return the redacted text."""
        text = self._redact(text)
        if isinstance(self._recipient, str) and len(self._recipient) >= _MIN_RECIPIENT_LENGTH:
            mask = mask_recipient(self._recipient)
            text = re.sub(re.escape(self._recipient), lambda _: mask, text, flags=re.IGNORECASE)
        return text if len(text) <= _MAX_TEXT_LENGTH else text[: _MAX_TEXT_LENGTH - 1] + "…"
