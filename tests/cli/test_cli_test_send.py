"""``connector-kit test``."""

from collections.abc import Callable
from http.server import ThreadingHTTPServer
from types import ModuleType
from typing import Any

import pytest
from click.testing import Result

pytestmark = pytest.mark.usefixtures("acme")

ACME = "acme_connectors:AcmeMail"
TO = ("--to", "a@example.com")


def test_message_equals_the_test_message_of_logto(
    run: Callable[..., Result], acme: ModuleType, acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The type is Generic, and the payload has only the code 000000."""
    result = run("test", ACME, written(acme_config), *TO)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "Sent. MessageId: message-1\n", "")
    (message,) = acme.SENT
    assert (message.to, message.type, dict(message.payload), message.ip) == (
        "a@example.com",
        "Generic",
        {"code": "000000"},
        None,
    )


def test_locale_is_added_to_the_payload(
    run: Callable[..., Result], acme: ModuleType, acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """``--locale`` has the same effect as the language of Logto's test."""
    run("test", "acme_connectors:AcmeSms", written(acme_config), "--to", "4915112345678", "--locale", "es")
    (message,) = acme.SENT
    assert dict(message.payload) == {"code": "000000", "locale": "es"}


def test_message_from_a_template_of_the_provider_is_sent(
    run: Callable[..., Result], acme: ModuleType, alias_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The connector returned the template's name."""
    result = run("test", "acme_connectors:AcmeAliases", written(alias_config), *TO)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "Sent. MessageId: t-Generic\n", "")
    (message,) = acme.SENT
    assert dict(message.payload) == {"code": "000000"}


def test_connector_that_overrides_send_message_is_called(
    run: Callable[..., Result], written: Callable[[object], str]
) -> None:
    """``test`` needs only ``send_message``."""
    result = run("test", "acme_connectors:AcmeForward", written({}), *TO)
    assert (result.exit_code, result.stdout.startswith("Sent. MessageId: forwarded SendMessageData(")) == (0, True)


def test_null_config_is_not_passed_to_the_connector(run: Callable[..., Result], acme: ModuleType) -> None:
    """A connector would use its saved config for null, even if its guard accepts null."""
    result = run("test", ACME, "-", *TO, stdin="null")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith("\n  error    $  expected object, found null  [type]\n")
    result = run("test", "acme_connectors:AcmeForward", "-", *TO, stdin="null")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: standard input does not contain a JSON object.\n"
    assert acme.SENT == []


def test_reading_the_saved_config_raises_invalid_config(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The command line has no saved config; the exit status is 1."""
    result = run("test", "acme_connectors:AcmeOwnSend", written(acme_config), *TO)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: invalid_config: acme-mail reads its saved config, ")


def test_result_that_is_not_a_string_is_printed_as_json(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """A result that cannot be converted to JSON is not an error: the message was sent."""
    result = run("test", ACME, written({**acme_config, "outcome": "json"}), *TO)
    assert (result.exit_code, result.stdout) == (0, 'Sent.\n{\n  "accepted": [\n    "á"\n  ]\n}\n')
    result = run("test", ACME, written({**acme_config, "outcome": "object"}), *TO)
    assert result.exit_code == 0
    assert result.stdout == "Sent.\nThe connector returned a Python object, which cannot be converted to JSON.\n"


def test_connector_error_is_printed_with_details_and_hint(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The secrets of the config are redacted; the exit status is 1."""
    result = run("test", ACME, written({**acme_config, "outcome": "rejected"}), *TO)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "Error: invalid_response: No account [redacted] for [redacted].",
        "  code: E1",
        "Hint: The message is the provider's. `connector-kit show` prints where the connector's README is.",
    ]


@pytest.mark.parametrize(("key", "shown"), [("acme-key-1", "[redacted]"), ("for", "for")])
def test_declared_secret_is_redacted(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str], key: str, shown: str
) -> None:
    """The declaration lists ``apiKey``. Secrets of fewer than four characters are not redacted."""
    config = written({**acme_config, "outcome": "rejected", "apiKey": key})
    result = run("test", "acme_connectors:AcmeSms", config, *TO)
    assert result.stderr.startswith(f"Error: invalid_response: No account account-1 for {shown}.\n")


def test_issues_of_a_connector_error_are_listed(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """Issues are printed one a line, without a hint."""
    result = run("test", ACME, written({**acme_config, "outcome": "issues"}), *TO)
    assert result.exit_code == 1
    assert result.stderr == "Error: invalid_config\n  $.account  not [redacted]\n  an issue\n"


def test_connector_error_with_any_data_is_printed(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """Data that is not an object is printed as it is. Some codes have no hint."""
    result = run("test", ACME, written({**acme_config, "outcome": "list"}), *TO)
    assert (result.exit_code, result.stderr) == (1, "Error: authorization_failed\n  data: [1, 2]\n")


@pytest.mark.parametrize(
    ("outcome", "name"), [("crash", "RuntimeError"), ("exit", "SystemExit"), ("pipe", "BrokenPipeError")]
)
def test_unexpected_exception_of_a_connector_exits_with_2(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str], outcome: str, name: str
) -> None:
    """Only the type of the exception is printed, because its message may contain secrets."""
    result = run("test", ACME, written({**acme_config, "outcome": outcome}), *TO)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: {ACME} raised {name} instead of ConnectorError; run `connector-kit --debug …` to see the traceback.\n"
    )


def test_debug_prints_the_traceback(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """``--debug`` prints the traceback of the connector's exception."""
    result = run("--debug", "test", ACME, written({**acme_config, "outcome": "crash"}), *TO)
    assert result.exit_code == 2
    assert result.stderr.startswith("Traceback (most recent call last):\n")
    assert "acme_connectors.py" in result.stderr


def test_invalid_config_is_rejected_by_the_connector(
    run: Callable[..., Result], acme: ModuleType, acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The connector validates the config, as in Logto's test. Warnings precede the error; nothing is sent."""
    result = run("test", ACME, written({**acme_config, "apiKey": 1, "apikey": 2}), *TO)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "  warning  $.apikey  unknown key: it has no effect (did you mean 'apiKey'?)  [unknown-key]\n"
        "Error: invalid_config\n"
        "  $.apiKey  expected string, found number\n"
    )
    assert acme.SENT == []


def test_recipient_is_required(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """``--to`` has no default."""
    result = run("test", ACME, written(acme_config))
    assert result.exit_code == 2
    assert result.stderr.endswith("Error: Missing option '--to'.\n")


def test_ses_connector_sends_a_request(
    run: Callable[..., Result], ses: ThreadingHTTPServer, ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The MessageId is printed after the warnings."""
    result = run("test", "aws-ses-mail", written({**ses_config, "Region": "x"}), *TO)
    assert (result.exit_code, result.stdout) == (0, "Sent. MessageId: 0100-message\n")
    assert result.stderr.startswith("  warning  $.Region  ")
    ((path, body),) = ses.received
    assert path == "/v2/email/outbound-emails"
    assert body["Destination"] == {"ToAddresses": ["a@example.com"]}
    assert body["Content"]["Simple"]["Body"]["Html"]["Data"] == "<b>000000</b>"


def test_rejection_of_ses_is_printed(
    run: Callable[..., Result], ses: ThreadingHTTPServer, ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The AWS message and code are printed without the secret key; the exit status is 1."""
    ses.status, ses.error = 400, "MessageRejected"
    ses.response = {"message": f"Email address is not verified. {ses_config['accessKeySecret']}"}
    result = run("test", "aws-ses-mail", written(ses_config), *TO)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: invalid_response: Email address is not verified. ")
    assert "\n  code: MessageRejected\n" in result.stderr
    assert ses_config["accessKeySecret"] not in result.stderr


def test_unreachable_ses_prints_a_hint(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The hint names the network; the exit status is 1."""
    result = run("test", "aws-ses-mail", written(ses_config), *TO)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: general: Amazon SES could not be reached: ")
    assert result.stderr.splitlines()[-1].startswith("Hint: Check the network connection, ")


def test_moto_accepts_the_message_from_a_verified_address(
    run: Callable[..., Result],
    ses_config: dict[str, Any],
    written: Callable[[object], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Moto is an independent emulator of SES that checks the sender."""
    from botocore.session import Session  # noqa: PLC0415 - slow to import, used only here
    from moto.server import ThreadedMotoServer  # noqa: PLC0415

    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", f"http://{host}:{port}")
        config = written(ses_config)
        refused = run("test", "aws-ses-mail", config, *TO)
        client = Session().create_client("sesv2", region_name="eu-west-1")
        client.create_email_identity(EmailIdentity="noreply@acme.example")
        client.close()
        accepted = run("test", "aws-ses-mail", config, *TO)
    finally:
        server.stop()
    assert (refused.exit_code, accepted.exit_code) == (1, 0)
    assert "MessageRejected" in refused.stderr
    assert accepted.stdout.startswith("Sent. MessageId: ")
