"""Logto's own code in front of the host: its loader with our package, and its HTTP connectors."""

import json
import os
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, Final

import pytest
from attrs import field, frozen

from connector_kit import ConnectorErrorCodes, connector_metadata_guard, load_json, to_json
from connector_kit.connectors.aws_ses import AwsSesConnector, aws_ses_config_guard
from connector_kit.host.answers import HOST_CODES
from tests.interop.cases.guards import GUARDS, guard_cases
from tests.interop.cases.values import to_text
from tests.interop.logto.acme_sms import AcmeSms
from tests.interop.logto.instance import SOURCES, new_instance, write_packages
from tests.interop.logto.running_host import RunningHost, running_host
from tests.interop.official import Driver, UnavailableError, running_driver
from tests.loopback import Answer, Loopback

pytestmark = pytest.mark.xdist_group("logto")  # one loader, one host: not one a worker

_ACME: Final = "tests.interop.logto.acme_sms:AcmeSms"
_SES_ID: Final = "python-aws-ses-mail"
_SMS_ID: Final = "acme-sms"

_TOKEN: Final = "host-token-5f1e9a7c3b"
_KEY_ID: Final = "AKIACANARY4Q7ZT2XW9K"
_KEY_SECRET: Final = "canary/secret+8vRkq2LmXw0pZt5YnB3cJdHs7"
_API_KEY: Final = "canary-api-key-77d1"
_CODE: Final = "914273"
_TO: Final = "zoe.canary@example.com"
_PHONE: Final = "351912345678"
_SECRETS: Final = (_TOKEN, _KEY_ID, _KEY_SECRET, _API_KEY, _CODE, _TO, _PHONE, "zoe.canary")

_SES_CONFIG: Final[Mapping[str, Any]] = {
    "accessKeyId": _KEY_ID,
    "accessKeySecret": _KEY_SECRET,
    "region": "eu-west-1",
    "emailAddress": "Logto <noreply@example.com>",
    "templates": [
        {"usageType": kind, "subject": f"{kind}: {{{{code}}}} → ação", "content": "<p>{{ code }} 登录</p>\r\n"}
        for kind in ("Register", "SignIn", "ForgotPassword", "Generic")
    ],
}
_EMAIL: Final[Mapping[str, Any]] = {
    "to": _TO,
    "type": "SignIn",
    "payload": {"code": _CODE, "locale": "pt-BR"},
    "ip": "::ffff:127.0.0.1",
}
_SMS: Final[Mapping[str, Any]] = {"to": _PHONE, "type": "Register", "payload": {"code": _CODE}}

_HOST_TOML: Final = """
[server]
token_env = ["HOST_TOKEN"]
{server}

[connectors.aws-ses-mail]
config_file = "ses.json"

[connectors.acme-sms]
class = "tests.interop.logto.acme_sms:AcmeSms"
config_file = "sms.json"
"""


@frozen
class Logto:
    """Logto's loader with our packages in its connectors folder, and its HTTP connectors.

    Args:
        driver: runs them.
        loaded: what the loader made of the folder.
        printed: what it printed, and ``connector add`` before.
        connectors: the folder.
    """

    driver: Driver = field(repr=False)
    loaded: Mapping[str, Mapping[str, Any]] = field(repr=False)
    printed: str = field(repr=False)
    connectors: Path

    def send(self, connector_id: str, *cases: Mapping[str, Any], **common: Any) -> list[Any]:  # noqa: ANN401 - JSON
        """Send through a loaded package."""
        texts = [
            {key: value if key in {"environment", "template"} else json.dumps(value) for key, value in case.items()}
            for case in cases
        ]
        return self.driver.ask("send", texts, {"id": connector_id, **common})

    def ask(self, operation: str, value: object, connector_id: str) -> Any:  # noqa: ANN401 - JSON
        """Ask one thing about one value."""
        return self.driver.ask(operation, [{"value": json.dumps(value)}], {"id": connector_id})[0]

    def post(self, kind: str, host: str, data: Mapping[str, Any], authorization: str = f"Bearer {_TOKEN}") -> Any:  # noqa: ANN401 - JSON
        """Send through an official HTTP connector."""
        common = {"kind": kind, "endpoint": f"{host}/{kind}", "authorization": authorization}
        return self.driver.ask("http", [{"data": json.dumps(data)}], common)[0]


@pytest.fixture(scope="module")
def logto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logto]:
    """Install Logto's loader, package our connectors, and load them; in CI that must be possible."""
    folder = tmp_path_factory.mktemp("logto")
    written = tmp_path_factory.mktemp("written")
    try:
        instance = new_instance(folder)
    except UnavailableError as error:
        if os.environ.get("CI"):
            pytest.fail(f"Logto's packages must be there in CI: {error}")
        pytest.skip(str(error))
    write_packages(
        written,
        ("aws-ses-mail", "connector-ses"),
        (_ACME, "--id", _SMS_ID, "connector-acme-sms"),
        (_ACME, "--id", "acme-sms-old", "--kit-range", "^4.0.0", "--name", "@acme/connector-old-sms", "connector-old"),
        ("aws-ses-mail", "--id", "aws-ses-folder", "connector-aws-ses-folder"),
    )
    printed = instance.add(instance.pack(written / "connector-ses"))
    printed += instance.add(written / "connector-aws-ses-folder")
    instance.copy(written / "connector-acme-sms", "connector-acme-sms")
    instance.copy(written / "connector-old", "acme-connector-old-sms")
    with running_driver(SOURCES) as driver:
        (answer,) = driver.ask("load", [{"directory": str(instance.connectors)}], {})
        loaded = {it["metadata"]["id"]: it for it in answer["factories"]}
        yield Logto(driver, loaded, printed + "\n".join(answer["printed"]), instance.connectors)


@pytest.fixture(scope="module")
def provider() -> Iterator[Loopback]:
    """Stand in for Amazon SES, and for the SMS gateway."""
    with Loopback() as server:
        yield server


@pytest.fixture(autouse=True)
def _fresh_provider(provider: Loopback) -> None:
    """Start each test with a provider that accepts and has been asked nothing."""
    provider.answers = [Answer(body=b'{"MessageId": "message-1", "id": "text-1"}')]
    provider.requests.clear()


def _host(folder: Path, provider: Loopback, server: str = "") -> Any:  # noqa: ANN401 - a context manager
    (folder / "ses.json").write_text(json.dumps(_SES_CONFIG), encoding="utf-8")
    (folder / "sms.json").write_text(json.dumps(_sms_config(provider)), encoding="utf-8")
    environment = {
        "AWS_ENDPOINT_URL_SESV2": provider.url,
        "AWS_EC2_METADATA_DISABLED": "true",
        "HOST_TOKEN": _TOKEN,
    }
    return running_host(folder, _HOST_TOML.format(server=server), environment)


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, provider: Loopback) -> Iterator[RunningHost]:
    """Run a host with both connectors; nothing secret may be in its log in the end."""
    with _host(tmp_path_factory.mktemp("host"), provider) as running:
        yield running
    log = "".join(running.log)
    assert '"event": "request"' in log
    assert [secret for secret in _SECRETS if secret in log] == []


def _sms_config(provider: Loopback, **more: object) -> Mapping[str, Any]:
    return {
        "gateway": provider.url,
        "apiKey": _API_KEY,
        "templates": [{"usageType": "Generic", "content": "{{code}} é o código"}],
        **more,
    }


def _at(host: RunningHost | str, config: Mapping[str, Any], token: str = _TOKEN) -> Mapping[str, Any]:
    return {**config, "hostEndpoint": host if isinstance(host, str) else host.url, "hostToken": token}


def _sent_emails(provider: Loopback) -> Sequence[Any]:
    assert {request.path for request in provider.requests} <= {"/v2/email/outbound-emails"}
    return [json.loads(request.body) for request in provider.requests]


def _expected_email(subject: str, body: str, **more: object) -> Mapping[str, Any]:
    return {
        "Content": {
            "Simple": {
                "Subject": {"Data": subject, "Charset": "UTF-8"},
                "Body": {"Html": {"Data": body, "Charset": "UTF-8"}},
            },
        },
        "FromEmailAddress": "Logto <noreply@example.com>",
        "Destination": {"ToAddresses": [_TO]},
        **more,
    }


def _assert_fails(answer: Any, code: str) -> Any:  # noqa: ANN401 - JSON
    """Check that Logto gets a ConnectorError with that code and, as deep as one can look into it, nothing secret."""
    assert answer.get("$throws") == "ConnectorError", answer
    assert answer["code"] == code, answer
    shown = json.dumps(answer, ensure_ascii=False)
    assert [secret for secret in _SECRETS if secret in shown] == []
    assert "cause" not in answer["all"]
    return answer["data"]


# --- Logto's HTTP connectors ---


def test_the_official_http_email_connector_sends_through_the_host(
    logto: Logto, host: RunningHost, provider: Loopback
) -> None:
    """What it posts goes out through Amazon SES with the host's own config, byte for byte as meant."""
    answer = logto.post("email", host.url, _EMAIL)
    assert answer["status"] == 200
    assert list(answer["body"]) == ["requestId"]
    assert _sent_emails(provider) == [_expected_email(f"SignIn: {_CODE} → ação", f"<p>{_CODE} 登录</p>\r\n")]


def test_the_official_http_sms_connector_sends_through_the_host(
    logto: Logto, host: RunningHost, provider: Loopback
) -> None:
    """What it posts reaches the gateway of the Python SMS connector."""
    assert logto.post("sms", host.url, _SMS)["status"] == 200
    (request,) = provider.requests
    assert (request.path, request.headers["authorization"]) == ("/texts", _API_KEY)
    assert json.loads(request.body) == {"to": _PHONE, "text": f"{_CODE} é o código"}


def test_the_official_http_connector_takes_the_token_alone(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """It sends the configured text as it is, with or without the word Bearer."""
    assert logto.post("email", host.url, _EMAIL, _TOKEN)["status"] == 200
    assert len(provider.requests) == 1


_THROTTLE: Final = Answer(
    429, b'{"message": "Maximum sending rate exceeded."}', {"x-amzn-ErrorType": "TooManyRequestsException"}
)
_QUOTA: Final = Answer(
    400, b'{"message": "Daily message quota exceeded."}', {"x-amzn-ErrorType": "LimitExceededException"}
)
_REFUSAL: Final = Answer(
    400,
    f'{{"message": "Email address is not verified: {_TO}"}}'.encode(),
    {"x-amzn-ErrorType": "MessageRejected"},
)
_OUTCOMES: Final = (
    (_THROTTLE, "rate_limit_exceeded"),
    (_QUOTA, "usage_limit_exceeded"),
    (_REFUSAL, "invalid_response"),
    (Answer(500, b"<html>"), "invalid_response"),
    (Answer(instead="reset"), "general"),
)


@pytest.mark.parametrize(
    ("outcome", "code"), _OUTCOMES, ids=[f"{it.status}-{it.instead}-{code}" for it, code in _OUTCOMES]
)
def test_what_an_end_user_sees_through_the_http_connector_is_the_hosts_own_sentence(
    logto: Logto, host: RunningHost, provider: Loopback, outcome: Answer, code: str
) -> None:
    """Logto shows the body of a failure as ``general``; it holds a code, a sentence and the request's id alone."""
    provider.answers = [outcome]
    body = json.loads(_assert_fails(logto.post("email", host.url, _EMAIL), "general")["message"])
    assert body.keys() == {"code", "message", "requestId"}
    assert body["code"] == code


def test_a_wrong_token_is_told_through_the_http_connector(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """The body says ``unauthorized``, and the provider is not called."""
    answer = logto.post("email", host.url, _EMAIL, "Bearer wrong")
    assert json.loads(_assert_fails(answer, "general")["message"])["code"] == "unauthorized"
    assert provider.requests == []


# --- the package, as Logto loads it ---


def test_logtos_own_command_adds_the_package_from_a_tarball_and_from_a_folder(logto: Logto) -> None:
    """``connector add`` takes what ``npm pack`` made, and a folder that is called connector-… ."""
    assert "Added connector-python-aws-ses-mail v" in logto.printed
    assert "Added connector-aws-ses-folder v" in logto.printed
    added = logto.connectors / "connector-python-aws-ses-mail"
    assert {path.name for path in added.iterdir()} == {
        *("lib", "README.md", "logo.svg", "logo-dark.svg", "package.json"),
    }


def test_logtos_loader_reads_metadata_and_assets(logto: Logto) -> None:
    """The logos are data URIs of our files, the README is its text, the form is ours and two items for the host."""
    loaded = logto.loaded[_SES_ID]
    metadata = dict(loaded["metadata"])
    ours = to_json(AwsSesConnector.metadata)
    folder = logto.connectors / "connector-python-aws-ses-mail"
    for key, file in (("logo", "logo.svg"), ("logoDark", "logo-dark.svg")):
        kind, _, data = metadata.pop(key).partition(",")
        assert kind == "data:image/svg+xml;base64"
        assert b64decode(data) == (folder / file).read_bytes()
    assert metadata.pop("readme") == (folder / "README.md").read_text(encoding="utf-8")
    assert loaded["type"] == "Email"
    assert metadata.pop("id") == _SES_ID
    assert metadata.pop("name") == {tag: f"{name} (Python)" for tag, name in ours["name"].items()}
    items = metadata.pop("formItems")
    assert [item["key"] for item in items[:2]] == ["hostEndpoint", "hostToken"]
    assert items[1]["isConfidential"] is True
    assert items[2:] == ours["formItems"]
    assert metadata == {key: value for key, value in ours.items() if key in metadata}
    assert ours.keys() - metadata.keys() == {"id", "name", "logo", "logoDark", "readme", "formItems"}


def test_what_logto_has_of_the_package_passes_its_guard_and_ours(logto: Logto) -> None:
    """The metadata is valid to both sides, with the files in it."""
    for connector_id in (_SES_ID, _SMS_ID):
        assert logto.driver.ask("metadata", [{}], {"id": connector_id}) == [True]
        assert connector_metadata_guard.is_valid(logto.loaded[connector_id]["metadata"])


def test_a_png_logo_and_a_readme_that_is_text_arrive_too(logto: Logto) -> None:
    """The SMS connector's logo is a PNG data URI; its README is the text of its metadata, and a part on the host."""
    metadata = logto.loaded[_SMS_ID]["metadata"]
    assert metadata["logo"].startswith("data:image/png;base64,")
    assert b64decode(metadata["logo"].partition(",")[2]) == (SOURCES / "acme.png").read_bytes()
    assert metadata["readme"].startswith(f"{AcmeSms.metadata.readme}\n\n## The host")
    assert metadata["name"] == dict(AcmeSms.metadata.name)


def test_a_package_for_another_kit_is_skipped_and_no_other(logto: Logto) -> None:
    """The loader says that the range does not fit; the default range admits the current kit."""
    assert "acme-sms-old" not in logto.loaded
    assert "requires @logto/connector-kit to be ^4.0.0" in logto.printed
    assert set(logto.loaded) == {_SES_ID, _SMS_ID, "aws-ses-folder"}


def test_the_package_has_the_methods_of_its_connector(logto: Logto) -> None:
    """``getUsage`` is there where the connector overrides it, and nowhere else."""
    common = {"type", "metadata", "configGuard", "sendMessage"}
    assert set(logto.driver.ask("methods", [{}], {"id": _SES_ID})[0]) == common
    assert set(logto.driver.ask("methods", [{}], {"id": _SMS_ID})[0]) == common | {"getUsage"}


# --- sending through the package ---


def test_a_message_through_the_package_arrives_with_the_right_bytes(
    logto: Logto, host: RunningHost, provider: Loopback
) -> None:
    """Logto's saved config travels with the call; without the two host items the provider sees what was meant."""
    config = _at(host, {**_SES_CONFIG, "configurationSetName": "from-logto"})
    (answer,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": config})
    assert answer["result"] == "message-1"
    assert answer["asked"] == [_SES_ID]
    expected = _expected_email(f"SignIn: {_CODE} → ação", f"<p>{_CODE} 登录</p>\r\n", ConfigurationSetName="from-logto")
    assert _sent_emails(provider) == [expected]
    assert f"Credential={_KEY_ID}/" in provider.requests[0].headers["authorization"]


def test_an_unsaved_config_is_used_and_the_saved_one_not_asked_for(
    logto: Logto, host: RunningHost, provider: Loopback
) -> None:
    """As with "Send" in Console: the config of the form goes along, ``getConfig`` is not called."""
    (answer,) = logto.send(_SES_ID, {"data": _EMAIL, "config": _at(host, _SES_CONFIG), "saved": {}})
    assert answer["result"] == "message-1"
    assert answer["asked"] == []
    assert len(provider.requests) == 1


_MANAGED: Final[Mapping[str, Any]] = {
    "subject": "Gerido {{code}}",
    "content": "Código {{code}}\n",
    "contentType": "text/plain",
    "replyTo": "help@example.com",
    "sendFrom": "Equipa <team@example.com>",
}


def test_a_managed_template_travels_with_the_call(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """Logto is asked by type and locale; what it resolves is what goes out, in all its fields."""
    (answer,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(host, _SES_CONFIG), "template": json.dumps(_MANAGED)})
    assert answer["asked"] == [_SES_ID, ["SignIn", "pt-BR"]]
    (email,) = _sent_emails(provider)
    assert email["Content"]["Simple"]["Subject"]["Data"] == f"Gerido {_CODE}"
    assert email["Content"]["Simple"]["Body"] == {"Text": {"Data": f"Código {_CODE}\n", "Charset": "UTF-8"}}
    assert email["FromEmailAddress"] == "Equipa <team@example.com>"
    assert email["ReplyToAddresses"] == ["help@example.com"]


@pytest.mark.parametrize("template", ["raises", "none"])
def test_without_a_managed_template_the_configs_own_is_used(
    logto: Logto, host: RunningHost, provider: Loopback, template: str
) -> None:
    """No template, or a failure to get one, is no failure to send."""
    (answer,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(host, _SES_CONFIG), "template": template})
    assert answer["result"] == "message-1"
    assert _sent_emails(provider)[0]["Content"]["Simple"]["Subject"]["Data"] == f"SignIn: {_CODE} → ação"


def test_a_text_message_through_the_package_arrives(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """An SMS connector works the same; Logto is asked for no template, though it offers some."""
    (answer,) = logto.send(
        _SMS_ID, {"data": _SMS, "saved": _at(host, _sms_config(provider)), "template": json.dumps(_MANAGED)}
    )
    assert answer["result"] == {"status": 200, "id": "text-1"}
    assert answer["asked"] == [_SMS_ID]
    (request,) = provider.requests
    assert json.loads(request.body) == {"to": _PHONE, "text": f"{_CODE} é o código"}


def test_the_usage_of_a_connector_is_told(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """Logto asks with the moment at which the connector was set up; the Python connector counts."""
    saved = json.dumps(_at(host, _sms_config(provider)))
    cases = [{"saved": saved}, {"saved": saved, "startFrom": "2026-01-05T10:00:00.000Z"}]
    assert logto.driver.ask("usage", cases, {"id": _SMS_ID}) == [{"usage": 7}, {"usage": 15}]


@pytest.mark.parametrize("body", [b'{"requestId": "r"}', b'{"usage": "many"}', b'{"usage": 1.5}'])
def test_a_usage_that_is_no_number_is_none(logto: Logto, loopback: Loopback, body: bytes) -> None:
    """What the connector returned is not what Logto can show."""
    loopback.answers = [Answer(body=body)]
    saved = json.dumps(_at(loopback.url, _sms_config(loopback)))
    (answer,) = logto.driver.ask("usage", [{"saved": saved}], {"id": _SMS_ID})
    _assert_fails(answer, "invalid_response")


def test_endpoint_and_token_may_come_from_the_environment(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """A config without the two items is sent to the host of the environment."""
    environment = {"LOGTO_CONNECTOR_HOST_ENDPOINT": f"{host.url}/", "LOGTO_CONNECTOR_HOST_TOKEN": f"Bearer {_TOKEN}"}
    (answer,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _SES_CONFIG, "environment": environment})
    assert answer["result"] == "message-1"
    assert len(provider.requests) == 1


def test_the_token_of_the_environment_is_not_sent_where_the_config_points(logto: Logto, loopback: Loopback) -> None:
    """Whoever may edit a config in Console cannot have the environment's token sent to a server of their own."""
    environment = {"LOGTO_CONNECTOR_HOST_ENDPOINT": "http://127.0.0.1:9", "LOGTO_CONNECTOR_HOST_TOKEN": _TOKEN}
    config = {**_SES_CONFIG, "hostEndpoint": loopback.url}
    (answer,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": config, "environment": environment})
    assert "no host token" in _assert_fails(answer, "invalid_config")["message"]
    assert loopback.requests == []


def test_without_an_endpoint_anywhere_the_error_says_so(logto: Logto) -> None:
    """The config may lack it, as the environment may have it; where neither has, a send says what is missing."""
    (answer,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _SES_CONFIG})
    assert "LOGTO_CONNECTOR_HOST_ENDPOINT" in _assert_fails(answer, "invalid_config")["message"]


# --- errors through the package ---


@pytest.mark.parametrize(
    ("outcome", "code"), _OUTCOMES, ids=[f"{it.status}-{it.instead}-{code}" for it, code in _OUTCOMES]
)
def test_a_failure_of_the_provider_arrives_with_its_code(
    logto: Logto, host: RunningHost, provider: Loopback, outcome: Answer, code: str
) -> None:
    """A throttle and a quota stay what they are, for which Logto answers 429, and are no general 400."""
    provider.answers = [outcome]
    (answer,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(host, _SES_CONFIG)})
    data = _assert_fails(answer, code)
    assert data.keys() == {"message", "requestId"}
    assert any(f'"request_id": "{data["requestId"]}"' in line for line in host.log)


@pytest.mark.parametrize("code", ConnectorErrorCodes)
def test_every_code_of_a_connector_arrives_as_it_is(
    logto: Logto, host: RunningHost, provider: Loopback, code: ConnectorErrorCodes
) -> None:
    """Whatever the connector raises, Logto gets its code, and nothing of what the connector put into its data."""
    config = _at(host, _sms_config(provider, failWith=str(code)))
    (answer,) = logto.send(_SMS_ID, {"data": _SMS, "saved": config})
    _assert_fails(answer, str(code))
    assert provider.requests == []


def test_a_config_that_is_not_valid_is_refused_before_the_host_is_called(logto: Logto, loopback: Loopback) -> None:
    """The error lists where, in the form of Logto's own guards, without the values."""
    config = _at(loopback.url, {**_SES_CONFIG, "region": 5, "templates": []})
    (answer,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": config})
    issues = _assert_fails(answer, "invalid_config")["issues"]
    assert {tuple(issue["path"]) for issue in issues} == {("region",), ("templates",)}
    assert loopback.requests == []


def test_a_wrong_token_is_told_and_not_shown(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """Logto gets a general failure that says what is wrong."""
    (answer,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(host, _SES_CONFIG, "wrong-token-canary")})
    assert "refused the token" in _assert_fails(answer, "general")["message"]
    assert "wrong-token-canary" not in json.dumps(answer)
    assert provider.requests == []


def test_a_host_that_is_down_is_told(logto: Logto) -> None:
    """What ``fetch`` throws holds nothing that is kept."""
    with Loopback() as gone:
        url = gone.url
    (answer,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(url, _SES_CONFIG)})
    assert "cannot be reached" in _assert_fails(answer, "general")["message"]


def test_a_host_that_hangs_up_is_told(logto: Logto, loopback: Loopback) -> None:
    """A dropped connection leaks nothing here, unlike in the official HTTP e-mail connector."""
    loopback.answers = [Answer(instead="reset")]
    (answer,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(loopback.url, _SES_CONFIG)})
    assert "cannot be reached" in _assert_fails(answer, "general")["message"]


def test_a_host_that_hangs_is_given_up_on_in_time(logto: Logto, loopback: Loopback) -> None:
    """The one limit for the whole call is below 15 seconds; here its clock runs twenty times as fast."""
    loopback.answers = [Answer(instead="hang")]
    started = monotonic()
    (answer,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(loopback.url, _SES_CONFIG)}, hurry=20)
    assert monotonic() - started < 5
    assert "may or may not" in _assert_fails(answer, "general")["message"]
    loopback.answers = [Answer()]
    (answer,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(loopback.url, _SES_CONFIG)})
    (limit,) = answer["limits"]
    assert 14_500 < limit < 15_000


def test_a_redirect_is_not_followed(logto: Logto, loopback: Loopback) -> None:
    """The token is meant for one host, so it goes to no other."""
    with Loopback() as other:
        loopback.answers = [Answer(307, headers={"Location": f"{other.url}/connectors/aws-ses-mail/send-message"})]
        (answer,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(loopback.url, _SES_CONFIG)})
        assert other.requests == []
    assert "not one of its own" in _assert_fails(answer, "general")["message"]


_ECHO: Final = " ".join(_SECRETS)
_STRANGERS: Final = {
    "an empty answer": (Answer(200, b""), "general"),
    "a web page": (Answer(200, b"<!doctype html>"), "general"),
    "an array": (Answer(200, b"[]"), "general"),
    "no content": (Answer(204, b""), "general"),
    "another success": (Answer(201, b'{"requestId": "1"}'), "general"),
    "an answer without end": (Answer(200, b'{"a": "' + b"x" * 70_000 + b'"}'), "general"),
    "bytes": (Answer(500, b"\xff\xfe"), "general"),
    "an unknown code": (Answer(400, b'{"code": "made_up"}'), "general"),
    "a code of JavaScript's own": (Answer(400, b'{"code": "constructor"}'), "general"),
    "a code that is no string": (Answer(400, b'{"code": ["general"]}'), "general"),
    "an echo": (
        Answer(400, json.dumps(dict.fromkeys(("code", "message", "requestId", "issues"), _ECHO)).encode()),
        "general",
    ),
    "an echo with a code": (
        Answer(429, json.dumps({"code": "rate_limit_exceeded", "message": _ECHO, "requestId": _ECHO}).encode()),
        "rate_limit_exceeded",
    ),
}


@pytest.mark.parametrize("name", _STRANGERS)
def test_an_answer_of_something_else_is_no_success_and_leaks_nothing(
    logto: Logto, loopback: Loopback, name: str
) -> None:
    """What answers at the endpoint need not be a host: only 200 with an object counts, and no word of it is kept."""
    stranger, code = _STRANGERS[name]
    loopback.answers = [stranger]
    (answer,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(loopback.url, _SES_CONFIG)})
    _assert_fails(answer, code)


_HOST_CODES: Final = {"busy": "rate_limit_exceeded", "too_large": "invalid_request_parameters"}


@pytest.mark.parametrize("code", HOST_CODES)
def test_each_answer_of_the_hosts_own_has_its_code(logto: Logto, loopback: Loopback, code: str) -> None:
    """A busy host has sent nothing and passes, as a throttle does; all but two others are general failures."""
    status, _ = HOST_CODES[code]
    loopback.answers = [Answer(status, json.dumps({"code": code, "message": "m", "requestId": "r"}).encode())]
    (answer,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(loopback.url, _SES_CONFIG)})
    _assert_fails(answer, _HOST_CODES.get(code, "general"))


def test_what_travels_to_the_host_is_the_message_the_config_and_no_more(logto: Logto, loopback: Loopback) -> None:
    """The two host items stay behind; so does what Logto adds to a message beside its four members."""
    config = _at(f"{loopback.url}/prefix/", {**_SES_CONFIG, "__proto__": {"a": 1}})
    loopback.answers = [Answer(body=b'{"requestId": "r"}')]
    (answer,) = logto.send(_SES_ID, {"data": {**_EMAIL, "more": 1}, "saved": config})
    (request,) = loopback.requests
    assert answer["result"] == {"requestId": request.headers["x-request-id"]}
    assert request.path == "/prefix/connectors/aws-ses-mail/send-message"
    assert request.headers["authorization"] == f"Bearer {_TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {"data": _EMAIL, "config": {**_SES_CONFIG, "__proto__": {"a": 1}}}


def test_a_full_host_is_a_throttle_and_a_late_provider_a_failure(logto: Logto, tmp_path: Path) -> None:
    """With one slot, held by a provider that hangs, the second message is refused at once, the first at the deadline."""
    with Loopback() as hanging:
        hanging.answers = [Answer(instead="hang")]
        with _host(tmp_path, hanging, "slots = 1\ndeadline_seconds = 1.5") as narrow:
            case = {"data": _EMAIL, "saved": _at(narrow, _SES_CONFIG)}
            first, second = logto.send(_SES_ID, case, case, together=500)
            assert "may or may not" in _assert_fails(first, "general")["message"]
            assert "busy" in _assert_fails(second, "rate_limit_exceeded")["message"]
            hanging.stopped.set()


# --- the guard of the package ---


def test_the_packages_guard_reaches_our_verdict(logto: Logto) -> None:
    """For over 2,000 configs, valid, mutated and arbitrary, it takes what ours takes; so it does beside host items."""
    (guard,) = (it for it in GUARDS if it.schema == "aws-ses-config")
    texts = [case["value"] for case in guard_cases(guard)]
    values = [load_json(text) for text in texts]
    ours = [aws_ses_config_guard.is_valid(value) for value in values]
    assert len(ours) > 2000
    assert min(ours.count(True), ours.count(False)) > 150
    theirs = logto.driver.ask("verdict", [{"value": text} for text in texts], {"id": _SES_ID})
    assert [index for index, verdict in enumerate(ours) if theirs[index] is not verdict] == []
    objects = [index for index, value in enumerate(values) if isinstance(value, dict)]
    hosted = [{"value": to_text(values[index] | _at("http://127.0.0.1:8085", {}))} for index in objects]
    theirs = logto.driver.ask("verdict", hosted, {"id": _SES_ID})
    assert [index for index, verdict in zip(objects, theirs, strict=True) if verdict is not ours[index]] == []


_ENDPOINTS: Final = {
    "http://127.0.0.1:8085": True,
    "https://host.internal/connectors-here/": True,
    "HTTP://[::1]:80": True,
    " http://host ": True,
    "ftp://host": False,
    "host:8085": False,
    "127.0.0.1:8085": False,
    "/email": False,
    "http://user:pass@host": False,
    "http://host/?a=b": False,
    "http://host/#a": False,
    "<http://127.0.0.1:8085>": False,
    "": False,
}
_TOKENS: Final = {
    _TOKEN: True,
    "a b c": True,
    "Bearer abc": True,
    "a\nb": False,
    "é": False,
    "": False,
    " ": False,
}


def test_the_packages_guard_judges_the_host_items(logto: Logto) -> None:
    """An endpoint is an HTTP URL without credentials, query or fragment; a token can stand in a header."""
    cases = [({"hostEndpoint": value}, verdict) for value, verdict in _ENDPOINTS.items()]
    cases += [({"hostToken": value}, verdict) for value, verdict in _TOKENS.items()]
    cases += [({key: value}, False) for key in ("hostEndpoint", "hostToken") for value in (None, 1, [], {}, True)]
    texts = [{"value": json.dumps({**_SES_CONFIG, **items})} for items, _ in cases]
    verdicts = logto.driver.ask("verdict", texts, {"id": _SES_ID})
    assert [items for (items, expected), found in zip(cases, verdicts, strict=True) if found is not expected] == []


def test_the_packages_guard_says_what_is_wrong_and_shows_no_value(logto: Logto) -> None:
    """Through Logto's ``validateConfig`` it becomes ``invalid_config`` with paths; what is valid comes back as it was."""
    config = {**_SES_CONFIG, "accessKeySecret": [_KEY_SECRET], "hostToken": f"{_TOKEN}\n{_TOKEN}"}
    issues = logto.ask("issues", config, _SES_ID)
    assert [(issue["path"], issue["params"]["keyword"]) for issue in issues] == [
        (["hostToken"], "host"),
        (["accessKeySecret"], "type"),
    ]
    _assert_fails(logto.ask("validate", config, _SES_ID), "invalid_config")
    assert logto.ask("validate", _SES_CONFIG, _SES_ID) == "accepted"
    assert logto.ask("parse", _SES_CONFIG, _SES_ID) == [_SES_CONFIG, _SES_CONFIG]
    refused = logto.ask("parse", config, _SES_ID)
    assert refused["$throws"] == "ConfigGuardError"
    assert [secret for secret in _SECRETS if secret in json.dumps(refused)] == []
