"""The log: one line a record, JSON or text, and never what an exception says."""

import json
import logging
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from connector_kit.connectors.aws_ses import AwsSesConnector
from connector_kit.host.logs import LOGGER, JsonFormatter, TextFormatter, log_event, set_up_logging
from connector_kit.host.redaction import config_secrets, mask_recipient, payload_secrets, redactor


@pytest.fixture
def root_logger() -> Iterator[logging.Logger]:
    """Put the root logger back as it was."""
    root, own = logging.getLogger(), logging.getLogger(LOGGER)
    before = root.handlers[:], root.level, own.level
    root.handlers = []
    yield root
    root.handlers, level, own_level = before
    root.setLevel(level)
    own.setLevel(own_level)


@pytest.mark.usefixtures("root_logger")
def test_json_lines_are_json(capsys: pytest.CaptureFixture[str]) -> None:
    """One object a line, in ASCII, on standard error; what is not there is left out."""
    set_up_logging("json")
    log_event("request", text="línea\n2", nothing=None, odd="\ud800", number=1)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.isascii()
    line = json.loads(err)
    assert line.pop("time").endswith("Z")
    assert line == {"level": "info", "event": "request", "text": "línea\n2", "odd": "\ud800", "number": 1}


@pytest.mark.usefixtures("root_logger")
def test_text_lines_cannot_be_forged(capsys: pytest.CaptureFixture[str]) -> None:
    """What could pass for another field or another line is quoted."""
    set_up_logging("text")
    log_event("request", plain="a-b", forged='x status=200\n2026 info "y"', empty="", listed=["a", 1], flag=True)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.partition(" info ")[2] == (
        r'request plain=a-b forged="x status=200\n2026 info \"y\"" empty="" listed=["a", 1] flag=true'
    )


@pytest.mark.usefixtures("root_logger")
def test_other_loggers_are_heard_from_warnings_on(capsys: pytest.CaptureFixture[str]) -> None:
    """What botocore logs while debugging would hold whole messages."""
    set_up_logging("json")
    logging.getLogger("botocore").info("body: code 123456")
    logging.getLogger("uvicorn.error").warning("odd %s", "thing")
    (line,) = capsys.readouterr().err.splitlines()
    assert json.loads(line).items() >= {"event": "odd thing", "logger": "uvicorn.error", "level": "warning"}.items()


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()])
def test_of_an_exception_only_type_and_place_are_shown(formatter: logging.Formatter) -> None:
    """Its message may hold anything."""
    try:
        int("secret-9f2")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "failed", None, sys.exc_info())
    line = formatter.format(record)
    assert "ValueError" in line
    assert "test_logs.py" in line
    assert "secret-9f2" not in line
    assert "\n" not in line


@pytest.mark.parametrize(
    ("recipient", "shown"),
    [
        ("someone@example.com", "s***@example.com"),
        ("ab@example.com", "***@example.com"),
        ('"a@b"@example.com', '"***@example.com'),
        ("15551234567", "***67"),
        ("12345", "***"),
        ("", "***"),
        (5, "***"),
    ],
)
def test_a_recipient_is_masked(recipient: object, shown: str) -> None:
    """Enough to recognize, not enough to write to."""
    assert mask_recipient(recipient) == shown


def test_a_redactor_takes_out_secrets_and_masks_the_recipient() -> None:
    """Longer ones first, the recipient in any case; short ones would leave no text."""
    redact = redactor(["abcdef", "abcdefgh", "a", ""], "Some@Example.com")
    assert redact("abcdefgh abcdef a some@example.COM") == "[redacted] [redacted] a S***@Example.com"
    assert "abcdef" not in repr(redact)
    assert len(redact("x" * 1000)) == 500
    assert redactor([], None)("text") == "text"


def test_the_secrets_of_a_payload_are_all_its_texts_but_the_languages() -> None:
    """Codes, links, names, at any depth."""
    payload: Any = {"code": "1", "locale": "en", "uiLocales": "en", "user": {"name": "A", "tags": ["b", 2, True, None]}}
    assert sorted(payload_secrets(payload)) == ["1", "2", "A", "b"]
    assert list(payload_secrets([])) == []


def test_the_secrets_of_a_config_are_known_by_declaration_form_and_name() -> None:
    """Templates and regions are none: the log would lose what it is for."""
    config = {
        "accessKeyId": "id",
        "accessKeySecret": "secret",
        "region": "eu-west-1",
        "smtp": {"password": "p", "list": [{"authToken": ["t"]}]},
    }
    assert sorted(config_secrets(AwsSesConnector, config)) == ["id", "p", "secret", "t"]
    assert list(config_secrets(AwsSesConnector, None)) == []
