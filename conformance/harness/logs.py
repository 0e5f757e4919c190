"""Collects what a connector logs: every logger, and fields that the text of a record does not show."""

import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

_OWN_FIELDS: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
_METHOD: Final = "callHandlers"
_FORMAT: Final = logging.Formatter("%(name)s %(levelname)s %(message)s")


class LogRecords:
    """The records of a time, as text.

    A record that reaches the root logger counts as a host's handlers get it: with arguments and structured fields. One
    that does not counts as the handlers of its own loggers write it; without any, as it is.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.fields: list[str] = []
        """What records hold beside their text: arguments, structured fields, the arguments of exceptions."""

    def add(self, logger: logging.Logger, record: logging.LogRecord) -> None:
        """Keep what handlers get of one record, if it has level INFO or above."""
        if record.levelno < logging.INFO:
            return
        handlers: list[logging.Handler] = []
        current: logging.Logger | None = logger
        while current is not None and current is not logging.root:
            handlers += current.handlers
            current = current.parent if current.propagate else None
        if current is not None or not handlers:
            self.lines.append(_text(_FORMAT, record))
            self.fields.append(_fields(record))
        self.lines += [_text(it, record) for it in handlers if record.levelno >= it.level and it.filter(record)]


def _text(writer: logging.Formatter | logging.Handler, record: logging.LogRecord) -> str:
    try:
        return writer.format(record)
    except Exception as error:  # noqa: BLE001 - a wrong format, of which logging prints the arguments
        return f"{record.name} {record.levelname} {record.msg!r} {record.args!r} (cannot be formatted: {error!r})"


def _fields(record: logging.LogRecord) -> str:
    extra = {key: value for key, value in record.__dict__.items() if key not in _OWN_FIELDS}
    error = record.exc_info[1] if record.exc_info else None
    held: list[Any] = [record.args or (), *([extra] if extra else []), *([error.args, vars(error)] if error else [])]
    return " ".join(map(safe_repr, held))


def safe_repr(value: object) -> str:
    """Return the repr of a value of a connector; empty if it raises."""
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - a connector's own class may raise anything
        return ""


@contextmanager
def collected_logs() -> Iterator[LogRecords]:
    """Collect the records of all loggers at INFO and above during the context, also of those that do not propagate."""
    records, level, call_handlers = LogRecords(), logging.root.level, logging.Logger.callHandlers

    def collect(logger: logging.Logger, record: logging.LogRecord) -> None:
        records.add(logger, record)
        call_handlers(logger, record)

    setattr(logging.Logger, _METHOD, collect)  # a handler of the root misses loggers that do not propagate
    quiet = logging.NullHandler()  # without a handler of the root, logging prints warnings
    logging.root.addHandler(quiet)
    logging.root.setLevel(min(level, logging.INFO))
    try:
        yield records
    finally:
        logging.root.setLevel(level)
        logging.root.removeHandler(quiet)
        setattr(logging.Logger, _METHOD, call_handlers)


def error_text(error: BaseException | None) -> str:
    """Return everything that an error shows: text, traceback, causes, and the data, arguments and fields of each."""
    parts = ["" if error is None else "".join(traceback.format_exception(error))]
    for it in causes(error):
        parts += [f"{it} {it!r}", safe_repr(it.args), safe_repr(vars(it)), *map(str, getattr(it, "__notes__", ()))]
    return "\n".join(parts)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an error, and every error that a traceback of it shows."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        if isinstance(error, BaseExceptionGroup):
            for inner in error.exceptions:
                yield from causes(inner)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
