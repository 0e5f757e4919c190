"""Messages: rendered, sent to the stub, or after a confirmation to the provider; no failure shows a secret."""

import json
from typing import Any

import pytest

from conformance.workbench.bench import Bench
from conformance.workbench.configs import ConfigError, ConfigSource, open_form, save_config
from conformance.workbench.loaded_connector import LoadedConnector, load
from conformance.workbench.messages import compose, describe_messages, send_to_provider, send_to_stub
from connector_kit.messages import TemplateType
from tests.conformance.workbench.bench_connectors import CONFIG, KEY
from tests.conformance.workbench.conftest import MODULE, InThisProcess, Page

MESSAGE = {"to": "someone@example.com", "type": "SignIn", "payload": {"code": "739512"}}
NO_FILE = ConfigSource(None, b"")


def with_subject(subject: str) -> dict[str, Any]:
    return {**CONFIG, "templates": [{**it, "subject": f"To {subject}"} for it in CONFIG["templates"]]}


def test_every_usage_type_has_an_example_payload_with_its_variable(acme: LoadedConnector) -> None:
    offered = describe_messages(acme)
    payloads = {it["type"]: it["payload"] for it in offered["types"]}
    assert payloads.keys() == {*map(str, TemplateType)}
    assert all(("link" in it) == (kind == "OrganizationInvitation") for kind, it in payloads.items())
    assert (offered["recipient"], offered["stubError"]) == ("someone@example.com", None)
    assert "pt-BR" in offered["locales"]
    assert {"name": "internal-error", "family": "server-error", "message": "Internal error."} in offered["outcomes"]


def test_connector_without_a_declaration_has_no_stub() -> None:
    loaded = load(f"{MODULE}:AcmeSms")
    offered = describe_messages(loaded)
    assert (offered["recipient"], offered["outcomes"]) == ("15550100000", [])
    assert "has no declaration" in offered["stubError"]
    with pytest.raises(ConfigError, match="The connector has no stub of its provider"):
        send_to_stub(loaded, NO_FILE, CONFIG, MESSAGE, "accepted")


def test_email_is_rendered_with_its_template_and_why(acme: LoadedConnector) -> None:
    rendered = compose(acme, NO_FILE, CONFIG, MESSAGE)
    assert rendered["email"] == {
        "subject": "SignIn 739512",
        "html": "<p>Your code: 739512</p>",
        "text": "Your code: 739512",
        "reply_to": None,
        "send_from": None,
        "source": "<p>Your code: 739512</p>",
        "contentType": "text/html",
    }
    assert rendered["choice"] == "$.templates[1] for SignIn"
    fallback = compose(acme, NO_FILE, CONFIG, {**MESSAGE, "type": "BindMfa"})
    assert fallback["choice"] == "$.templates[3] for Generic, the fallback: there is none for this type"


def test_text_message_is_rendered_with_its_segments() -> None:
    templates = [{"usageType": "SignIn", "content": "Dein Code: {{code}} 😀"}]
    config = {
        "apiKey": KEY,
        "templates": [
            *templates,
            *({"usageType": kind, "content": "{{code}}"} for kind in ("Register", "ForgotPassword", "Generic")),
        ],
    }
    rendered = compose(load(f"{MODULE}:AcmeSms"), NO_FILE, config, MESSAGE)
    sms = {"encoding": "UCS-2", "segments": 1, "units": 20, "limit": 70, "outside_gsm": ("😀",)}
    assert rendered["sms"] == {"content": "Dein Code: 739512 😀", **sms}


def test_template_of_the_provider_is_named_with_its_variables() -> None:
    config = {
        "apiKey": KEY,
        "templates": [
            {"usageType": kind, "templateId": f"my-{kind}"}
            for kind in ("Register", "SignIn", "ForgotPassword", "Generic")
        ],
    }
    rendered = compose(load(f"{MODULE}:AcmeNames"), NO_FILE, config, MESSAGE)
    assert rendered["template"] == {"name": "my-SignIn", "variables": {"code": "739512"}}


def test_connectors_that_render_nothing_say_so() -> None:
    assert compose(load(f"{MODULE}:Forwarder"), NO_FILE, CONFIG, MESSAGE) == {"forwards": True}
    assert compose(load(f"{MODULE}:Unusual"), NO_FILE, CONFIG, MESSAGE) == {"other": "tuple"}


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (None, "invalid_request_parameters"),
        ({**MESSAGE, "payload": "x"}, "invalid_request_parameters"),
    ],
)
def test_invalid_message_is_the_connectors_failure(acme: LoadedConnector, message: object, code: str) -> None:
    failure = compose(acme, NO_FILE, CONFIG, message)["failure"]
    assert failure["operator"]["code"] == code
    assert failure["endUser"] == {"status": 400, "message": "The request is not valid."}


def test_hostile_template_and_payload_are_rendered_unchanged(acme: LoadedConnector) -> None:
    text = "<script>alert(1)</script>\u202e\ud800" + "a" * 200_000
    rendered = compose(acme, NO_FILE, with_subject(text), {**MESSAGE, "payload": {"code": text}})
    assert rendered["email"]["subject"] == f"To {text}"
    assert rendered["email"]["html"] == f"<p>Your code: {text}</p>"


def test_stub_receives_the_message_and_the_page_sees_no_secret(acme: LoadedConnector, source: ConfigSource) -> None:
    """Also if the config has a marker in place of the saved secret."""
    save_config(acme, source, dict(CONFIG))
    sent = send_to_stub(acme, source, open_form(acme, source)["config"], MESSAGE, "accepted")
    [call] = sent["calls"]
    assert (call["to"], call["subject"], call["html"]) == (
        ["someone@example.com"],
        "SignIn 739512",
        "<p>Your code: 739512</p>",
    )
    assert "Bearer [redacted]" in call["request"]
    assert "739512" in call["request"]
    assert KEY not in json.dumps(sent)
    assert sent["result"] in call["response"]
    assert sent["blocked"] == []


def test_failure_is_shown_as_user_operator_and_developer_see_it(acme: LoadedConnector) -> None:
    sent = send_to_stub(acme, NO_FILE, CONFIG, MESSAGE, "internal-error")
    failure = sent["failure"]
    assert failure["endUser"] == {"status": 400, "message": "The provider did not accept the message."}
    assert failure["operator"]["code"] == "invalid_response"
    assert "Internal error." in failure["operator"]["detail"]["message"]
    assert "Internal error." in failure["developer"]["error"]
    assert failure["developer"]["traceback"].startswith("Traceback")
    assert {it["outcome"] for it in sent["calls"]} == {"internal-error"}


def test_crash_is_shown_without_its_secrets(acme: LoadedConnector) -> None:
    sent = send_to_stub(acme, NO_FILE, with_subject("crash"), MESSAGE, "accepted")
    assert sent["failure"]["endUser"] == {"status": 500, "message": "An internal error occurred."}
    assert sent["failure"]["operator"]["exception"] == "RuntimeError"
    assert sent["failure"]["developer"]["error"] == "RuntimeError: [redacted] failed"
    assert KEY not in json.dumps(sent)


def test_recipient_is_masked_in_the_log_only(acme: LoadedConnector) -> None:
    failure = send_to_provider(acme, NO_FILE, with_subject("reject"), MESSAGE)["failure"]
    assert failure["operator"]["detail"] == {"message": "[redacted] may not send to s***@example.com"}
    assert "may not send to someone@example.com" in failure["developer"]["error"]
    assert KEY not in json.dumps(failure)


def test_unusable_config_is_a_failure_or_an_error(acme: LoadedConnector) -> None:
    for send in (
        lambda it: send_to_stub(acme, NO_FILE, it, MESSAGE, "accepted"),
        lambda it: send_to_provider(acme, NO_FILE, it, MESSAGE),
    ):
        assert send([])["failure"]["operator"]["code"] == "invalid_config"
        with pytest.raises(ConfigError, match="this saved secret is not in the file"):
            send({"apiKey": f"[saved secret {'0' * 16}]"})
    with pytest.raises(ConfigError, match="The stub has no outcome 'nothing'"):
        send_to_stub(acme, NO_FILE, CONFIG, MESSAGE, "nothing")


@pytest.mark.parametrize(
    ("subject", "result"), [("x", "sent with [redacted]"), ("none", "nothing"), ("object", "a Python object")]
)
def test_result_is_shown_without_secrets(acme: LoadedConnector, subject: str, result: str) -> None:
    assert send_to_provider(acme, NO_FILE, with_subject(subject), MESSAGE) == {"result": result}


def test_page_previews_and_sends_to_the_stub(page: Page) -> None:
    assert page.get("/api/message").json()["stubError"] is None
    body = {"config": CONFIG, "message": MESSAGE}
    previewed = page.post("/api/message/preview", json=body).json()
    assert page.get(previewed["url"]).text == "<p>Your code: 739512</p>"
    assert page.post("/api/message/preview", json={**body, "message": {}}).json()["url"] is None
    assert len(page.post("/api/send/stub", json=body).json()["calls"]) == 1
    unknown = page.post("/api/send/stub", json={**body, "outcome": "x"})
    assert (unknown.status_code, unknown.json()) == (422, {"message": "The stub has no outcome 'x'."})


@pytest.mark.parametrize(
    ("message", "confirmed"),
    [(MESSAGE, None), (MESSAGE, "other@example.com"), (MESSAGE, True), ({**MESSAGE, "to": ""}, ""), (None, None)],
)
def test_real_message_needs_a_confirmation_that_names_its_recipient(
    page: Page, message: object, confirmed: object
) -> None:
    body = {"config": CONFIG, "message": message, "confirmedRecipient": confirmed}
    response = page.post("/api/send/provider", json=body)
    assert response.status_code == 400
    assert response.json() == {"message": "A real message needs a confirmation that names its recipient."}


def test_confirmed_message_is_sent_to_the_provider(page: Page) -> None:
    body = {"config": CONFIG, "message": MESSAGE, "confirmedRecipient": MESSAGE["to"]}
    assert page.post("/api/send/provider", json=body).json() == {"result": "sent with [redacted]"}


def test_only_connectors_that_send_have_the_panels_of_messages() -> None:
    page = Page(Bench("tests.cli.connectors.acme_connectors:AcmeSocial", None, InThisProcess))
    panels = {it["id"] for it in page.get("/api/connector").json()["panels"]}
    assert "form" in panels
    assert panels.isdisjoint({"message", "send"})
