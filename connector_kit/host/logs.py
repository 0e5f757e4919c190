"""The log: one line a request, as JSON or as text, on standard error."""

import json
import logging
import sys
import time
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final, Literal

LOGGER: Final = "connector_kit.host"
"""The logger of every line; an application that serves the host its own way attaches its own handlers to it."""

_FIELDS: Final = "connector_kit_fields"
_FRAMES: Final = 6

_log: Final = logging.getLogger(LOGGER)


def log_event(event: str, level: int = logging.INFO, **fields: object) -> None:
    """Write one line; fields that are ``None`` are left out."""
    kept = {name: value for name, value in fields.items() if value is not None}
    _log.log(level, event, extra={_FIELDS: kept})


def describe_exception(error: BaseException) -> dict[str, object]:
    """Say what was raised and where. Its message may hold anything, so that is left out."""
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
    """One JSON object a line, in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return json.dumps(_line(record), default=str)


class TextFormatter(logging.Formatter):
    """``time level event name=value …``; a value that could be misread is quoted as JSON."""

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


def set_up_logging(log_format: Literal["json", "text"]) -> None:
    """Send the log of this process to standard error: the host's lines, and warnings of everything else."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_FORMATTERS[log_format]())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    _log.setLevel(logging.INFO)


class RequestLine:
    """Collects what one request's line will say."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self._started = time.perf_counter()

    def note(self, **fields: object) -> None:
        """Add fields."""
        self.fields |= fields

    def write(self, *, status: int | None, request_id: str) -> None:
        """Write the line."""
        failed = logging.INFO if status is not None and status < _SERVER_FAULT else logging.WARNING
        milliseconds = round((time.perf_counter() - self._started) * 1000, 1)
        log_event("request", failed, request_id=request_id, status=status, ms=milliseconds, **self.fields)


_SERVER_FAULT: Final = 500
