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


def test_the_message_is_the_one_that_logto_sends(
    run: Callable[..., Result], acme: ModuleType, acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The type is Generic, the payload holds the code 000000 and nothing else."""
    result = run("test", ACME, written(acme_config), *TO)
    assert (result.exit_code, result.stdout, result.stderr) == (0, "Sent. MessageId: message-1\n", "")
    (message,) = acme.SENT
    assert (message.to, message.type, dict(message.payload), message.ip) == (
        "a@example.com",
        "Generic",
        {"code": "000000"},
        None,
    )


def test_the_locale_goes_along(
    run: Callable[..., Result], acme: ModuleType, acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """--locale joins the payload, as Logto's test does."""
    run("test", "acme_connectors:AcmeSms", written(acme_config), "--to", "4915112345678", "--locale", "es")
    (message,) = acme.SENT
    assert dict(message.payload) == {"code": "000000", "locale": "es"}


def test_a_connector_that_forwards_can_be_tested(run: Callable[..., Result], written: Callable[[object], str]) -> None:
    """A send_message of the connector's own is called like any other."""
    result = run("test", "acme_connectors:AcmeForward", written({}), *TO)
    assert (result.exit_code, result.stdout.startswith("Sent. MessageId: forwarded SendMessageData(")) == (0, True)


def test_the_saved_config_is_never_asked_for(run: Callable[..., Result], acme: ModuleType) -> None:
    """null, which a connector would take for "the saved config", does not reach it, whatever its guard says."""
    result = run("test", ACME, "-", *TO, stdin="null")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.endswith("\n  error    $  expected object, found null\n")
    result = run("test", "acme_connectors:AcmeForward", "-", *TO, stdin="null")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == "Error: standard input holds no JSON object: there is nothing to test.\n"
    assert acme.SENT == []


def test_there_is_no_saved_config(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """A connector that asks for its saved config all the same is told that there is none; status 1."""
    result = run("test", "acme_connectors:AcmeOwnSend", written(acme_config), *TO)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: invalid_config: acme-mail asks for its saved config, ")


def test_other_results_are_printed_as_json(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """A result that is no string is printed as JSON; one that has no JSON form does not undo the sending."""
    result = run("test", ACME, written({**acme_config, "outcome": "json"}), *TO)
    assert (result.exit_code, result.stdout) == (0, 'Sent.\n{\n  "accepted": [\n    "á"\n  ]\n}\n')
    result = run("test", ACME, written({**acme_config, "outcome": "object"}), *TO)
    assert result.exit_code == 0
    assert result.stdout == "Sent.\nThe connector returned a Python object, which has no JSON form.\n"


def test_a_refusal_has_code_message_details_and_hint(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """What the provider says is passed on, without the secrets of the config; status 1."""
    result = run("test", ACME, written({**acme_config, "outcome": "refused"}), *TO)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines() == [
        "Error: invalid_response: No account [redacted] for [redacted].",
        "  code: E1",
        "Hint: These are the provider's own words; `connector-kit show` names the connector's README.",
    ]


def test_secrets_that_a_connector_declares_are_taken_out_too(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """What a connector declares as secret does not show; nor is a word of three letters torn from the message."""
    result = run(
        "test", "acme_connectors:AcmeSms", written({**acme_config, "outcome": "refused", "apiKey": "for"}), *TO
    )
    assert result.stderr.startswith("Error: invalid_response: No account account-1 for for.\n")


def test_issues_of_a_refusal_are_listed(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """A refusal that holds issues lists them."""
    result = run("test", ACME, written({**acme_config, "outcome": "issues"}), *TO)
    assert result.exit_code == 1
    assert result.stderr == "Error: invalid_config\n  $.account  not [redacted]\n  an issue\n"


def test_a_refusal_may_hold_anything(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """Data that is no object is shown as it is, and a code without a hint stands alone."""
    result = run("test", ACME, written({**acme_config, "outcome": "list"}), *TO)
    assert (result.exit_code, result.stderr) == (1, "Error: authorization_failed\n  data: [1, 2]\n")


@pytest.mark.parametrize(
    ("outcome", "name"), [("crash", "RuntimeError"), ("exit", "SystemExit"), ("pipe", "BrokenPipeError")]
)
def test_a_connector_that_crashes(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str], outcome: str, name: str
) -> None:
    """Any other exception is the connector's fault: its type in one line, never its message; status 2."""
    result = run("test", ACME, written({**acme_config, "outcome": outcome}), *TO)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"Error: {ACME} raised {name} where only a ConnectorError may be raised; "
        "`connector-kit --debug …` shows where.\n"
    )


def test_debug_shows_the_traceback(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """--debug shows where a connector crashed."""
    result = run("--debug", "test", ACME, written({**acme_config, "outcome": "crash"}), *TO)
    assert result.exit_code == 2
    assert result.stderr.startswith("Traceback (most recent call last):\n")
    assert "acme_connectors.py" in result.stderr


def test_an_invalid_config_is_refused_by_the_connector(
    run: Callable[..., Result], acme: ModuleType, acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The connector itself validates, as it does when Logto tests; warnings come first, nothing is sent."""
    result = run("test", ACME, written({**acme_config, "apiKey": 1, "apikey": 2}), *TO)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        '  warning  $.apikey  no such key: it has no effect (did you mean "apiKey"?)\n'
        "Error: invalid_config\n"
        "  $.apiKey  expected string, found number\n"
    )
    assert acme.SENT == []


def test_a_recipient_is_required(
    run: Callable[..., Result], acme_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """Without --to there is nobody to send to."""
    result = run("test", ACME, written(acme_config))
    assert result.exit_code == 2
    assert result.stderr.endswith("Error: Missing option '--to'.\n")


def test_amazon_ses_over_http(
    run: Callable[..., Result], ses: ThreadingHTTPServer, ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """The SES connector makes its real request, and its MessageId is printed; warnings come before."""
    result = run("test", "aws-ses-mail", written({**ses_config, "Region": "x"}), *TO)
    assert (result.exit_code, result.stdout) == (0, "Sent. MessageId: 0100-message\n")
    assert result.stderr.startswith("  warning  $.Region  ")
    ((path, body),) = ses.received
    assert path == "/v2/email/outbound-emails"
    assert body["Destination"] == {"ToAddresses": ["a@example.com"]}
    assert body["Content"]["Simple"]["Body"]["Html"]["Data"] == "<b>000000</b>"


def test_amazon_ses_refuses(
    run: Callable[..., Result], ses: ThreadingHTTPServer, ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """What SES answers is shown with its code, and without the secret key; status 1."""
    ses.status, ses.error = 400, "MessageRejected"
    ses.answer = {"message": f"Email address is not verified. {ses_config['accessKeySecret']}"}
    result = run("test", "aws-ses-mail", written(ses_config), *TO)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: invalid_response: Email address is not verified. ")
    assert "\n  code: MessageRejected\n" in result.stderr
    assert ses_config["accessKeySecret"] not in result.stderr


def test_amazon_ses_cannot_be_reached(
    run: Callable[..., Result], ses_config: dict[str, Any], written: Callable[[object], str]
) -> None:
    """A network failure is a refusal with a hint at the network; status 1."""
    result = run("test", "aws-ses-mail", written(ses_config), *TO)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: general: Amazon SES could not be reached: ")
    assert result.stderr.splitlines()[-1].startswith("Hint: The provider may be out of reach: ")


def test_the_ses_stand_in_agrees_with_an_independent_emulator(
    run: Callable[..., Result],
    ses_config: dict[str, Any],
    written: Callable[[object], str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """moto, which checks the sender as SES does, takes the message once its address is verified."""
    from botocore.session import Session  # noqa: PLC0415 - here and nowhere else
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
