"""What a connector logs and prints is collected, whatever logger, handler, stream or process it uses."""

import logging
import os
import subprocess
import sys
import threading
import time
import warnings
from typing import Any

import pytest

from conformance.harness.logs import collected_logs, error_text, safe_repr
from conformance.harness.output import collected_output


def _logger(name: str, **settings: Any) -> logging.Logger:
    logger = logging.getLogger(f"{__name__}.{name}")
    logger.propagate = settings.get("propagate", True)
    for handler in settings.get("handlers", ()):
        logger.addHandler(handler)
    return logger


class _Masking(logging.Handler):
    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace("secret", "***")

    def emit(self, record: logging.LogRecord) -> None:
        """Write nothing."""


def test_records_of_every_logger_are_collected() -> None:
    """Also of loggers that do not propagate; not below INFO, and not what a logger's filter drops."""
    dropping = _logger("dropping")
    dropping.addFilter(lambda _: False)
    with collected_logs() as records:
        _logger("plain").info("one %s", "argument")
        verbose = _logger("verbose")
        verbose.setLevel(logging.DEBUG)
        verbose.debug("five")
        _logger("own", propagate=False).warning("two")
        _logger("debug").debug("three")
        dropping.error("four")
    assert [line.rpartition(".")[2] for line in records.lines] == ["plain INFO one argument", "own WARNING two"]


def test_logger_that_does_not_propagate_is_judged_by_what_its_handlers_write() -> None:
    """A handler or its formatter may mask secrets; one of a higher level writes nothing."""
    masking, quiet = _Masking(), _Masking(logging.ERROR)
    logger = _logger("masking", propagate=False, handlers=[masking, quiet])
    with collected_logs() as records:
        logger.info("a secret", extra={"key": "secret"})
    assert records.lines == ["a ***"]
    assert records.fields == []


def test_fields_of_records_are_collected() -> None:
    """Arguments, structured fields, and what an exception holds."""
    with collected_logs() as records:
        _logger("fields").info("text", extra={"payload": {"code": "1"}})
        _logger("fields").info("%(a)s", {"a": 1, "b": 2})
        try:
            raise OSError("x", {"deep": 1})  # noqa: TRY301 - logged where it is caught
        except OSError:
            _logger("fields").exception("failed")
    text = " ".join(records.fields)
    assert all(it in text for it in ("'payload': {'code': '1'}", "'b': 2", "'deep': 1"))
    assert "OSError" in records.lines[-1]


def test_record_that_cannot_be_formatted_is_collected() -> None:
    """Logging itself prints its arguments."""
    with collected_logs() as records:
        _logger("broken", propagate=False).info("%d", "text")
    assert "'%d' ('text',) (cannot be formatted: TypeError" in records.lines[0]


class _Silent:
    def __repr__(self) -> str:
        raise ValueError


def test_error_text_has_everything_that_an_error_shows() -> None:
    """Notes, attributes and arguments, of causes too; not of a context that is suppressed."""
    error = ValueError("shown")
    error.add_note("a note")
    error.field = "an attribute"  # type: ignore[attr-defined]  # as error trackers show it
    error.__cause__ = KeyError("cause")
    text = error_text(error)
    assert all(it in text for it in ("shown", "a note", "an attribute", "cause"))
    hidden = ValueError("outer")
    hidden.__context__, hidden.__suppress_context__ = KeyError("inner"), True
    assert "inner" not in error_text(hidden)
    assert error_text(None) == ""
    assert safe_repr(_Silent()) == ""


def test_circle_of_causes_ends() -> None:
    """An error may be its own cause, by mistake."""
    error = ValueError("x")
    error.__cause__ = KeyError("y")
    error.__cause__.__cause__ = error
    assert "KeyError" in error_text(error)


def test_output_of_streams_descriptors_processes_and_threads_is_collected() -> None:
    """And warnings."""
    with collected_output() as output:
        print("python")  # noqa: T201 - what is tested
        print("original", file=sys.__stderr__)
        os.write(1, b"descriptor\n")
        subprocess.run([sys.executable, "-c", "print('process')"], check=True)
        threading.Thread(target=lambda: (time.sleep(0.05), os.write(2, b"thread"))).start()
        warnings.warn("warned", stacklevel=1)
    text = output.getvalue()
    assert all(it in text for it in ("python", "original", "descriptor", "process", "thread", "warned"))


def test_process_without_descriptors_has_other_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as a service without a terminal."""

    def fail(_: int) -> int:
        raise OSError

    monkeypatch.setattr(os, "dup", fail)
    monkeypatch.setattr(sys, "__stderr__", None)
    with collected_output() as output:
        print("python")  # noqa: T201 - what is tested
    assert output.getvalue() == "python\n"
