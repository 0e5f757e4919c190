"""The Postmark connector conforms, and its settings and errors are those of its README."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
from attrs import evolve

from conformance import PROFILES, HttpRequest, HttpResponse, State, check_connector, spec_of
from connector_kit import ConnectorError, ConnectorErrorCodes, SendMessageData
from connector_kit.connectors import postmark_mail
from connector_kit.connectors.postmark_mail import PostmarkConfig, PostmarkConnector
from connector_kit.connectors.postmark_mail.stub import PostmarkProvider
from connector_kit.logto_package.official_ids import OFFICIAL_IDS
from connector_kit.settings import example_config

README: Final = (Path(str(postmark_mail.__file__)).parent / "README.md").read_text(encoding="utf-8")
ERRORS: Final = dict(re.findall(r"^\| (\d+) \| .* \| `(\w+)`.*\|$", README, re.MULTILINE))
CONFIG: Final = example_config(PostmarkConfig)
PAYLOAD: Final = {"code": "123456", "user": {"name": "Zoë"}, "custom": [1, None]}
MESSAGE: Final = SendMessageData("a@b.co", "SignIn", PAYLOAD)


def _send(stub: PostmarkProvider, config: dict[str, Any] = CONFIG, message: SendMessageData = MESSAGE) -> object:
    return PostmarkConnector(get_config=lambda _: stub.prepare_config(config)).send_message(message)


def test_connector_conforms() -> None:
    """Every check passes; those that do not apply are for other connectors."""
    report = check_connector(spec_of(PostmarkConnector), profile=evolve(PROFILES["ci"], examples=5, failure_examples=1))
    assert [(it.id, it.message) for it in report.results if it.is_error or it.state is State.FAILED] == []
    assert report.conforms


@pytest.mark.parametrize("failure", PostmarkProvider.failures, ids=lambda it: it.name)
def test_errors_have_the_codes_of_the_readme(failure: Any) -> None:
    """With Postmark's message and error code. Only a throttle is repeated: Postmark has no idempotency keys."""
    stub = PostmarkProvider()
    with stub.running():
        stub.respond_with(failure.name)
        with pytest.raises(ConnectorError) as caught:
            _send(stub)
    assert caught.value.code == ERRORS[failure.code]
    assert caught.value.data == {"message": failure.message, "status": failure.status, "code": failure.code}
    assert len(stub.calls) == (3 if caught.value.code is ConnectorErrorCodes.RATE_LIMIT_EXCEEDED else 1)


def test_readme_lists_the_errors_of_the_stub() -> None:
    assert ERRORS.keys() == {it.code for it in PostmarkProvider.failures}


def test_readme_lists_the_settings() -> None:
    """Each key of the config has a row."""
    items = [it.key for it in PostmarkConnector.metadata.form_items or ()]
    assert re.findall(r"^\| `(\w+)` \| ", README, re.MULTILINE) == items


def test_template_is_named_and_receives_all_variables() -> None:
    """https://postmarkapp.com/developer/api/templates-api#email-with-template."""
    stub = PostmarkProvider()
    with stub.running():
        message_id = _send(stub)
    (call,) = stub.calls
    assert message_id == call.result
    assert call.raw.json == {
        "From": "Acme <noreply@acme.com>",
        "To": "a@b.co",
        "TemplateAlias": "logto-sign-in",
        "TemplateModel": PAYLOAD,
    }
    assert call.raw.headers["X-Postmark-Server-Token"] == CONFIG["serverToken"]


class _WithoutId(PostmarkProvider):
    def success_response(self, message_id: str) -> HttpResponse:
        del message_id
        return HttpResponse.json({"ErrorCode": 0, "Message": "OK"})


def test_success_without_an_id_is_an_error() -> None:
    """Nobody knows whether Postmark has sent the message."""
    stub = _WithoutId()
    with stub.running(), pytest.raises(ConnectorError) as caught:
        _send(stub)
    assert caught.value.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert "MessageID" in str(caught.value)


@pytest.mark.parametrize("to", ["a@b.co,eve@x.co", "a@b.co; eve@x.co", "A <a@b.co>"])
def test_list_of_recipients_is_rejected_without_a_request(to: str) -> None:
    """Postmark would send the code to each of them."""
    stub = PostmarkProvider()
    with stub.running(), pytest.raises(ConnectorError) as caught:
        _send(stub, message=SendMessageData(to, "SignIn", PAYLOAD))
    assert caught.value.code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS
    assert stub.calls == []


def test_pasted_white_space_is_not_a_part_of_the_token() -> None:
    stub = PostmarkProvider()
    with stub.running():
        _send(stub, {**CONFIG, "serverToken": f" {CONFIG['serverToken']}\n"})
    (call,) = stub.calls
    assert stub.request_error(call, CONFIG, "credentials") is None


def test_working_config_has_no_warnings() -> None:
    assert PostmarkConnector.config_guard.issues(CONFIG) == []
    assert PostmarkConnector.config_guard.issues({**CONFIG, "serverToken": CONFIG["serverToken"].upper()}) == []


def _with_alias(alias: object) -> dict[str, Any]:
    first, *others = CONFIG["templates"]
    return {**CONFIG, "templates": [{**first, "templateAlias": alias}, *others]}


@pytest.mark.parametrize(
    ("config", "path", "message"),
    [
        ({**CONFIG, "serverToken": "POSTMARK_API_TEST"}, "$.serverToken", "delivers no messages"),
        ({**CONFIG, "serverToken": "abc"}, "$.serverToken", "found another text of length 3"),
        ({**CONFIG, "fromEmail": "noreply"}, "$.fromEmail", "expected an e-mail address"),
        (_with_alias("1234567"), "$.templates[0].templateAlias", "enter the alias, not the template ID"),
        (_with_alias("sign in"), "$.templates[0].templateAlias", "a letter, then letters, digits"),
        ({**CONFIG, "serverToken": "<server-token>"}, "$.serverToken", "placeholder"),
        (_with_alias("<alias>"), "$.templates[0].templateAlias", "placeholder"),
    ],
)
def test_mistakes_are_warnings(config: dict[str, Any], path: str, message: str) -> None:
    """Logto accepts the config; there is one warning, and it does not show the value."""
    (issue,) = PostmarkConnector.config_guard.issues(config)
    assert (issue.severity, issue.path) == ("warning", path)
    assert message in issue.message


@pytest.mark.parametrize("config", [[], {"templates": [1]}, {"templates": 1}, {"serverToken": 1}, _with_alias(1)])
def test_warnings_survive_configs_of_any_shape(config: object) -> None:
    """The guard reports the errors."""
    assert not PostmarkConnector.config_guard.is_valid(config)
    assert {it.severity for it in PostmarkConnector.config_guard.issues(config)} == {"error"}


def test_id_is_not_an_official_one() -> None:
    """The id of Logto's own connector is postmark-mail: a Logto can have both."""
    assert "postmark-mail" in OFFICIAL_IDS
    assert PostmarkConnector.metadata.id not in OFFICIAL_IDS


def test_stub_requires_an_object_of_variables() -> None:
    """As Postmark does."""
    body = b'{"From": "a@b.co", "To": "a@b.co", "TemplateAlias": "a", "TemplateModel": []}'
    with pytest.raises(TypeError, match="TemplateModel"):
        PostmarkProvider().read(HttpRequest("POST", "https://api.postmarkapp.com/", {}, body))


def test_placeholder_has_one_warning() -> None:
    """That of every connector; its form is not judged, too."""
    config = {**example_config(PostmarkConfig), "serverToken": "YOUR_SERVER_TOKEN"}
    assert [it.keyword for it in PostmarkConnector.config_guard.issues(config)] == ["placeholder"]
