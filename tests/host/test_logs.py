"""The log: one line per record, as JSON or text, without messages of exceptions and without secrets."""

import json
import logging
import sys
from collections.abc import Iterator

import pytest

from connector_kit.host.logs import (
    CONNECTION_LIMIT,
    LOGGER,
    JsonFormatter,
    LogRedactor,
    RareEvents,
    TextFormatter,
    log_event,
    set_up_logging,
)


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    """Restore the root logger after the test."""
    root, own = logging.getLogger(), logging.getLogger(LOGGER)
    before = root.handlers[:], root.level, own.level
    root.handlers = []
    yield root
    root.handlers, level, own_level = before
    root.setLevel(level)
    own.setLevel(own_level)


@pytest.mark.usefixtures("root_logger")
def test_json_format_is_one_object_per_line(capsys: pytest.CaptureFixture[str]) -> None:
    """In ASCII, on standard error. Fields that are ``None`` are omitted."""
    set_up_logging("json")
    log_event("request", text="línea\n2", nothing=None, surrogate="\ud800", number=1)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.isascii()
    line = json.loads(err)
    assert line.pop("time").endswith("Z")
    assert line == {"level": "info", "event": "request", "text": "línea\n2", "surrogate": "\ud800", "number": 1}


@pytest.mark.usefixtures("root_logger")
def test_text_format_quotes_ambiguous_values(capsys: pytest.CaptureFixture[str]) -> None:
    """A value cannot imitate another field or line."""
    set_up_logging("text")
    log_event("request", plain="a-b", forged='x status=200\n2026 info "y"', empty="", listed=["a", 1], flag=True)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.partition(" info ")[2] == (
        r'request plain=a-b forged="x status=200\n2026 info \"y\"" empty="" listed=["a", 1] flag=true'
    )


_FORGERIES = (
    "a=b",
    "=",
    "x status=200",
    'quo"ted',
    "tab\t",
    "2\nlines",
    "\r",
    "\x1b[2J",
    "\x7f",
    "é",
    "\u2028",
    "",
    " ",
)


@pytest.mark.parametrize("text", _FORGERIES)
@pytest.mark.usefixtures("root_logger")
def test_text_format_quotes_each_ambiguous_text(capsys: pytest.CaptureFixture[str], text: str) -> None:
    """As a field, and as the event of another library. Its JSON is the only form of it in the line."""
    set_up_logging("text")
    log_event("request", value=text, status=403)
    logging.getLogger("library").warning("%s", text)
    own, other = capsys.readouterr().err.split("\n")[:-1]
    assert own.partition(" info ")[2] == f"request value={json.dumps(text)} status=403"
    assert other.partition(" warning ")[2] == f"{json.dumps(text)} logger=library"


@pytest.mark.usefixtures("root_logger")
def test_other_loggers_write_warnings_only(capsys: pytest.CaptureFixture[str]) -> None:
    """The debug log of botocore holds whole messages."""
    set_up_logging("json")
    logging.getLogger("botocore").info("body: code 123456")
    logging.getLogger("uvicorn.error").warning("slow %s", "client")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line).items() >= {"event": "slow client", "logger": "uvicorn.error", "level": "warning"}.items()


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_exception_is_logged_without_its_message(formatter: logging.Formatter) -> None:
    """The message may hold secrets; the line has the type and the location."""
    try:
        int("secret-9f2")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "failed", None, sys.exc_info())
    line = formatter.format(record)
    assert "ValueError" in line
    assert "test_logs.py" in line
    assert "secret-9f2" not in line
    assert "\n" not in line


def test_redactor_removes_secrets_masks_the_recipient_and_shortens() -> None:
    """The recipient is masked in any case; its repr shows neither recipient nor secrets."""
    redact = LogRedactor(frozenset({"abcdef", "abcdefgh"}), "Some@Example.com")
    assert redact("abcdefgh abcdef a some@example.COM") == "[redacted] [redacted] a S***@Example.com"
    assert "abcdef" not in repr(redact)
    assert "Some" not in repr(redact)
    assert len(redact("x" * 1000)) == 500
    assert LogRedactor(frozenset({"secret"}))("text") == "text"
    assert LogRedactor(recipient="to")("to") == "to"


def test_redactor_removes_a_secret_before_it_shortens() -> None:
    """Else the beginning of a secret at the limit would remain."""
    secret = "s3cr3t-0123456789-0123456789"
    for start in range(460, 505):
        assert "s3cr" not in LogRedactor([secret])("x" * start + secret + "x" * 100)


@pytest.mark.parametrize("recipient", ["some+one@example.com", "(a@example.com", "a.b@example.com", "\\d@example.com"])
def test_redactor_masks_a_recipient_with_any_characters(recipient: str) -> None:
    """It is a text, not a pattern."""
    redact = LogRedactor(recipient=recipient)
    assert recipient not in redact(f"rejected: {recipient}")
    assert redact("aXb@example.com 5@example.com") == "aXb@example.com 5@example.com"


@pytest.mark.usefixtures("root_logger")
def test_log_has_events_that_anybody_can_cause_once(capsys: pytest.CaptureFixture[str]) -> None:
    """In a minute: they would fill the disk."""
    set_up_logging("text")
    for _ in range(3):
        log_event(CONNECTION_LIMIT)
        logging.getLogger("asyncio").error("socket.accept() out of system resource\nsocket: 3")
    assert capsys.readouterr().err.count("\n") == 2


def test_events_that_anybody_can_cause_are_logged_once_a_minute() -> None:
    """Each kind for itself; other events always."""
    now = 1000.0
    rare = RareEvents(lambda: now)

    def is_written(event: str) -> bool:
        return bool(rare.filter(logging.makeLogRecord({"msg": event})))

    assert [is_written(CONNECTION_LIMIT) for _ in range(3)] == [True, False, False]
    accept = "socket.accept() out of system resource\nsocket: 3"
    assert [is_written(accept) for _ in range(2)] == [True, False]
    assert [is_written("request") for _ in range(2)] == [True, True]
    now += 60
    assert is_written(CONNECTION_LIMIT)
