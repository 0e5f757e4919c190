"""Logto's own code with a running host: its loader with our packages, and its HTTP connectors."""

import json
import os
import ssl
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Any, Final

import pytest
import trustme
from attrs import field, frozen

from connector_kit import ConnectorErrorCodes, connector_metadata_guard, load_json, to_json
from connector_kit.connectors.aws_ses import AwsSesConnector, aws_ses_config_guard
from connector_kit.host.responses import HOST_CODES
from tests.interop.cases.guards import GUARDS, guard_cases
from tests.interop.cases.values import to_text
from tests.interop.logto.acme_sms import AcmeOddSms, AcmeSms
from tests.interop.logto.instance import SOURCES, new_instance, write_packages
from tests.interop.logto.running_host import RunningHost, running_host
from tests.interop.official import Driver, UnavailableError, running_driver
from tests.loopback import HttpResponse, Loopback

pytestmark = pytest.mark.xdist_group("logto")  # all workers share one loader and one host

_ACME: Final = "tests.interop.logto.acme_sms:AcmeSms"
_SES_ID: Final = "python-aws-ses-mail"
_SMS_ID: Final = "acme-sms"
_ODD_ID: Final = "acme-odd"

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
        driver: the Node.js process that runs them.
        loaded: the metadata and type of each loaded connector, by id.
        printed: the output of ``connector add`` and of the loader.
        connectors: the connectors folder.
    """

    driver: Driver = field(repr=False)
    loaded: Mapping[str, Mapping[str, Any]] = field(repr=False)
    printed: str = field(repr=False)
    connectors: Path

    def send(self, connector_id: str, *cases: Mapping[str, Any], **common: Any) -> list[Any]:
        """Send one message for each case through a loaded package."""
        texts = [
            {
                key: value if key in {"environment", "fetchFails", "template"} else json.dumps(value)
                for key, value in case.items()
            }
            for case in cases
        ]
        return self.driver.ask("send", texts, {"id": connector_id, **common})

    def ask(self, operation: str, value: object, connector_id: str) -> Any:
        """Run one operation of a loaded package on one value."""
        return self.driver.ask(operation, [{"value": json.dumps(value)}], {"id": connector_id})[0]

    def post(self, kind: str, host: str, data: Mapping[str, Any], authorization: str = f"Bearer {_TOKEN}") -> Any:
        """Send through an official HTTP connector."""
        common = {"kind": kind, "endpoint": f"{host}/{kind}", "authorization": authorization}
        return self.driver.ask("http", [{"data": json.dumps(data)}], common)[0]


@pytest.fixture(scope="module")
def logto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logto]:
    """Install Logto's loader, package our connectors, and load them. In CI, an unavailable npm fails the tests."""
    folder = tmp_path_factory.mktemp("logto")
    written = tmp_path_factory.mktemp("written")
    try:
        instance = new_instance(folder)
    except UnavailableError as error:
        if os.environ.get("CI"):
            pytest.fail(f"Logto's packages are required in CI: {error}")
        pytest.skip(str(error))
    write_packages(
        written,
        ("aws-ses-mail", "connector-ses"),
        (_ACME, "--id", _SMS_ID, "connector-acme-sms"),
        (_ACME, "--id", "acme-sms-old", "--kit-range", "^4.0.0", "--name", "@acme/connector-old-sms", "connector-old"),
        ("aws-ses-mail", "--id", "aws-ses-folder", "connector-aws-ses-folder"),
        (f"{AcmeOddSms.__module__}:AcmeOddSms", "--id", _ODD_ID, "connector-acme-odd"),
    )
    printed = instance.add(instance.pack(written / "connector-ses"))
    printed += instance.add(written / "connector-aws-ses-folder")
    instance.copy(written / "connector-acme-sms", "connector-acme-sms")
    instance.copy(written / "connector-acme-odd", "connector-acme-odd")
    instance.copy(written / "connector-old", "acme-connector-old-sms")
    with running_driver(SOURCES) as driver:
        (result,) = driver.ask("load", [{"directory": str(instance.connectors)}], {})
        loaded = {it["metadata"]["id"]: it for it in result["factories"]}
        yield Logto(driver, loaded, printed + "\n".join(result["printed"]), instance.connectors)


@pytest.fixture(scope="module")
def provider() -> Iterator[Loopback]:
    """Run a stub of Amazon SES and of the SMS gateway."""
    with Loopback() as server:
        yield server


@pytest.fixture(autouse=True)
def _fresh_provider(provider: Loopback) -> None:
    """Reset the stub: it accepts every message and has no recorded requests."""
    provider.answers = [HttpResponse(body=b'{"MessageId": "message-1", "id": "text-1"}')]
    provider.requests.clear()


def _host(folder: Path, provider: Loopback, server: str = "") -> Any:
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
    """Run a host with both connectors. At the end, its log must not contain a secret."""
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


def _assert_connector_error(result: Any, code: str) -> Any:
    """Check that Logto gets a ConnectorError with the code and without secrets at any depth; return its data."""
    assert result.get("$throws") == "ConnectorError", result
    assert result["code"] == code, result
    shown = json.dumps(result, ensure_ascii=False)
    assert [secret for secret in _SECRETS if secret in shown] == []
    assert "cause" not in result["all"]
    return result["data"]


# --- Logto's HTTP connectors ---


def test_http_email_connector_sends_through_the_host(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """The message reaches Amazon SES with the host's own config, byte for byte as expected."""
    result = logto.post("email", host.url, _EMAIL)
    assert result["status"] == 200
    assert list(result["body"]) == ["requestId"]
    assert _sent_emails(provider) == [_expected_email(f"SignIn: {_CODE} → ação", f"<p>{_CODE} 登录</p>\r\n")]


def test_http_sms_connector_sends_through_the_host(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """The message reaches the gateway of the Python SMS connector."""
    assert logto.post("sms", host.url, _SMS)["status"] == 200
    (request,) = provider.requests
    assert (request.path, request.headers["authorization"]) == ("/texts", _API_KEY)
    assert json.loads(request.body) == {"to": _PHONE, "text": f"{_CODE} é o código"}


def test_authorization_without_bearer_is_accepted(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """The HTTP connector sends the configured header unchanged, with or without the word Bearer."""
    assert logto.post("email", host.url, _EMAIL, _TOKEN)["status"] == 200
    assert len(provider.requests) == 1


_THROTTLE: Final = HttpResponse(
    429, b'{"message": "Maximum sending rate exceeded."}', {"x-amzn-ErrorType": "TooManyRequestsException"}
)
_QUOTA: Final = HttpResponse(
    400, b'{"message": "Daily message quota exceeded."}', {"x-amzn-ErrorType": "LimitExceededException"}
)
_REJECTION: Final = HttpResponse(
    400,
    f'{{"message": "Email address is not verified: {_TO}"}}'.encode(),
    {"x-amzn-ErrorType": "MessageRejected"},
)
_OUTCOMES: Final = (
    (_THROTTLE, "rate_limit_exceeded"),
    (_QUOTA, "usage_limit_exceeded"),
    (_REJECTION, "invalid_response"),
    (HttpResponse(500, b"<html>"), "invalid_response"),
    (HttpResponse(instead="reset"), "general"),
)


@pytest.mark.parametrize(
    ("outcome", "code"), _OUTCOMES, ids=[f"{it.status}-{it.instead}-{code}" for it, code in _OUTCOMES]
)
def test_http_connector_shows_only_the_hosts_own_message(
    logto: Logto, host: RunningHost, provider: Loopback, outcome: HttpResponse, code: str
) -> None:
    """Logto shows the body of a failed request as ``general``: a code, a message and the request id."""
    provider.answers = [outcome]
    body = json.loads(_assert_connector_error(logto.post("email", host.url, _EMAIL), "general")["message"])
    assert body.keys() == {"code", "message", "requestId"}
    assert body["code"] == code


def test_http_connector_with_a_wrong_token_gets_unauthorized(
    logto: Logto, host: RunningHost, provider: Loopback
) -> None:
    """The provider is not called."""
    result = logto.post("email", host.url, _EMAIL, "Bearer wrong")
    assert json.loads(_assert_connector_error(result, "general")["message"])["code"] == "unauthorized"
    assert provider.requests == []


# --- loading the package ---


def test_connector_add_accepts_a_tarball_and_a_folder(logto: Logto) -> None:
    """The tarball is from ``npm pack``; the name of the folder begins with ``connector-``."""
    assert "Added connector-python-aws-ses-mail v" in logto.printed
    assert "Added connector-aws-ses-folder v" in logto.printed
    added = logto.connectors / "connector-python-aws-ses-mail"
    assert {path.name for path in added.iterdir()} == {
        *("lib", "README.md", "logo.svg", "logo-dark.svg", "package.json"),
    }


def test_loader_reads_metadata_and_assets(logto: Logto) -> None:
    """The logos become data URIs and the README becomes text. The form has two more fields, for the host."""
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


def test_loaded_metadata_is_valid_for_logto_and_for_the_kit(logto: Logto) -> None:
    """With the logos and the README in it, both metadata guards accept it."""
    for connector_id in (_SES_ID, _SMS_ID):
        assert logto.driver.ask("metadata", [{}], {"id": connector_id}) == [True]
        assert connector_metadata_guard.is_valid(logto.loaded[connector_id]["metadata"])


def test_png_logo_and_readme_text_are_loaded(logto: Logto) -> None:
    """The SMS connector has a PNG logo, and its README is a text in its metadata."""
    metadata = logto.loaded[_SMS_ID]["metadata"]
    assert metadata["logo"].startswith("data:image/png;base64,")
    assert b64decode(metadata["logo"].partition(",")[2]) == (SOURCES / "acme.png").read_bytes()
    assert metadata["readme"].startswith(f"{AcmeSms.metadata.readme}\n\n## The host")
    assert metadata["name"] == dict(AcmeSms.metadata.name)


def test_only_the_package_for_an_older_kit_is_skipped(logto: Logto) -> None:
    """The loader prints the reason; the default range includes the current version."""
    assert "acme-sms-old" not in logto.loaded
    assert "requires @logto/connector-kit to be ^4.0.0" in logto.printed
    assert set(logto.loaded) == {_SES_ID, _SMS_ID, _ODD_ID, "aws-ses-folder"}


def test_package_has_get_usage_if_the_connector_overrides_it(logto: Logto) -> None:
    """The other members are the same for each connector."""
    common = {"type", "metadata", "configGuard", "sendMessage"}
    assert set(logto.driver.ask("methods", [{}], {"id": _SES_ID})[0]) == common
    assert set(logto.driver.ask("methods", [{}], {"id": _SMS_ID})[0]) == common | {"getUsage"}


# --- sending through the package ---


def test_package_sends_with_the_saved_config(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """The request to the host contains Logto's saved config without the two host keys."""
    config = _at(host, {**_SES_CONFIG, "configurationSetName": "from-logto"})
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": config})
    assert result["result"] == "message-1"
    assert result["calls"] == [_SES_ID]
    expected = _expected_email(f"SignIn: {_CODE} → ação", f"<p>{_CODE} 登录</p>\r\n", ConfigurationSetName="from-logto")
    assert _sent_emails(provider) == [expected]
    assert f"Credential={_KEY_ID}/" in provider.requests[0].headers["authorization"]


def test_package_sends_with_an_unsaved_config(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """As with "Send" in Console: the config of the form is used, and ``getConfig`` is not called."""
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "config": _at(host, _SES_CONFIG), "saved": {}})
    assert result["result"] == "message-1"
    assert result["calls"] == []
    assert len(provider.requests) == 1


def test_null_is_not_an_unsaved_config(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """As upstream's ``inputConfig ?? await getConfig(…)``: ``null`` and ``undefined`` mean the saved config."""
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "config": None, "saved": _at(host, _SES_CONFIG)})
    assert result["result"] == "message-1"
    assert result["calls"] == [_SES_ID]
    assert len(provider.requests) == 1


_MANAGED: Final[Mapping[str, Any]] = {
    "subject": "Gerido {{code}}",
    "content": "Código {{code}}\n",
    "contentType": "text/plain",
    "replyTo": "help@example.com",
    "sendFrom": "Equipa <team@example.com>",
}


def test_managed_template_is_used(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """The package requests it by type and locale; each of its fields is used."""
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(host, _SES_CONFIG), "template": json.dumps(_MANAGED)})
    assert result["calls"] == [_SES_ID, ["SignIn", "pt-BR"]]
    (email,) = _sent_emails(provider)
    assert email["Content"]["Simple"]["Subject"]["Data"] == f"Gerido {_CODE}"
    assert email["Content"]["Simple"]["Body"] == {"Text": {"Data": f"Código {_CODE}\n", "Charset": "UTF-8"}}
    assert email["FromEmailAddress"] == "Equipa <team@example.com>"
    assert email["ReplyToAddresses"] == ["help@example.com"]


@pytest.mark.parametrize("template", ["raises", "none"])
def test_configs_template_is_used_without_a_managed_one(
    logto: Logto, host: RunningHost, provider: Loopback, template: str
) -> None:
    """There is none, or the request for it fails; the message is sent either way."""
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(host, _SES_CONFIG), "template": template})
    assert result["result"] == "message-1"
    assert _sent_emails(provider)[0]["Content"]["Simple"]["Subject"]["Data"] == f"SignIn: {_CODE} → ação"


def test_package_of_an_sms_connector_sends(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """The package does not request a managed template, although Logto has one."""
    (result,) = logto.send(
        _SMS_ID, {"data": _SMS, "saved": _at(host, _sms_config(provider)), "template": json.dumps(_MANAGED)}
    )
    assert result["result"] == {"status": 200, "id": "text-1"}
    assert result["calls"] == [_SMS_ID]
    (request,) = provider.requests
    assert json.loads(request.body) == {"to": _PHONE, "text": f"{_CODE} é o código"}


def test_usage_is_returned(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """Logto passes the time at which the connector was set up; the Python connector counts."""
    saved = json.dumps(_at(host, _sms_config(provider)))
    cases = [{"saved": saved}, {"saved": saved, "startFrom": "2026-01-05T10:00:00.000Z"}]
    assert logto.driver.ask("usage", cases, {"id": _SMS_ID}) == [{"usage": 7}, {"usage": 15}]


@pytest.mark.parametrize("body", [b'{"requestId": "r"}', b'{"usage": "many"}', b'{"usage": 1.5}'])
def test_usage_that_is_not_an_integer_raises_invalid_response(logto: Logto, loopback: Loopback, body: bytes) -> None:
    """Logto could not show it."""
    loopback.answers = [HttpResponse(body=body)]
    saved = json.dumps(_at(loopback.url, _sms_config(loopback)))
    (result,) = logto.driver.ask("usage", [{"saved": saved}], {"id": _SMS_ID})
    _assert_connector_error(result, "invalid_response")


def test_endpoint_and_token_are_read_from_the_environment(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """The config has neither of the two keys."""
    environment = {"LOGTO_CONNECTOR_HOST_ENDPOINT": f"{host.url}/", "LOGTO_CONNECTOR_HOST_TOKEN": f"Bearer {_TOKEN}"}
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _SES_CONFIG, "environment": environment})
    assert result["result"] == "message-1"
    assert len(provider.requests) == 1


def test_environment_token_is_not_sent_to_an_endpoint_in_the_config(logto: Logto, loopback: Loopback) -> None:
    """A person who can edit a config in Console must not receive the environment's token."""
    environment = {"LOGTO_CONNECTOR_HOST_ENDPOINT": "http://127.0.0.1:9", "LOGTO_CONNECTOR_HOST_TOKEN": _TOKEN}
    config = {**_SES_CONFIG, "hostEndpoint": loopback.url}
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": config, "environment": environment})
    assert "host token is missing" in _assert_connector_error(result, "invalid_config")["message"]
    assert loopback.requests == []


def test_endpoint_and_token_of_the_config_come_before_those_of_the_environment(
    logto: Logto, loopback: Loopback
) -> None:
    """The message goes to the host that the config names, and the environment's token to no other one."""
    with Loopback() as other:
        environment = {"LOGTO_CONNECTOR_HOST_ENDPOINT": other.url, "LOGTO_CONNECTOR_HOST_TOKEN": _TOKEN[::-1]}
        case = {"data": _EMAIL, "saved": _at(loopback.url, _SES_CONFIG), "environment": environment}
        assert "result" in logto.send(_SES_ID, case)[0]
        assert other.requests == []
    (request,) = loopback.requests
    assert request.headers["authorization"] == f"Bearer {_TOKEN}"


def test_id_of_the_connector_is_one_part_of_the_path(logto: Logto, loopback: Loopback) -> None:
    """Whatever characters it has."""
    saved = _at(loopback.url, _sms_config(loopback))
    assert "result" in logto.send(_ODD_ID, {"data": _SMS, "saved": saved})[0]
    assert [request.path for request in loopback.requests] == ["/connectors/acme%2Fsms%20%3F%23%252F/send-message"]


def test_certificate_that_nobody_trusts_is_refused(logto: Logto) -> None:
    """Nothing is sent, neither token nor message."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    server = Loopback()
    server.use_tls(context)
    with server:
        saved = _at(server.url.replace("http:", "https:"), _SES_CONFIG)
        (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": saved})
        assert server.requests == []
    assert "nothing was sent" in _assert_connector_error(result, "general")["message"]


def test_missing_endpoint_raises_invalid_config(logto: Logto) -> None:
    """Neither the config nor the environment has one; the message names the variable."""
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _SES_CONFIG})
    assert "LOGTO_CONNECTOR_HOST_ENDPOINT" in _assert_connector_error(result, "invalid_config")["message"]


# --- errors through the package ---


@pytest.mark.parametrize(
    ("outcome", "code"), _OUTCOMES, ids=[f"{it.status}-{it.instead}-{code}" for it, code in _OUTCOMES]
)
def test_provider_failure_reaches_logto_with_its_code(
    logto: Logto, host: RunningHost, provider: Loopback, outcome: HttpResponse, code: str
) -> None:
    """Logto responds 429 to a rate limit or a quota, and 400 to a general error."""
    provider.answers = [outcome]
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(host, _SES_CONFIG)})
    data = _assert_connector_error(result, code)
    assert data.keys() == {"message", "requestId", "errorDescription"}
    assert host.has_logged(f'"request_id": "{data["requestId"]}"')


@pytest.mark.parametrize("code", ConnectorErrorCodes)
def test_each_connector_error_code_reaches_logto(
    logto: Logto, host: RunningHost, provider: Loopback, code: ConnectorErrorCodes
) -> None:
    """Logto gets the code, but not the data of the connector's error."""
    config = _at(host, _sms_config(provider, failWith=str(code)))
    (result,) = logto.send(_SMS_ID, {"data": _SMS, "saved": config})
    _assert_connector_error(result, str(code))
    assert provider.requests == []


def test_invalid_config_is_rejected_before_the_host_is_called(logto: Logto, loopback: Loopback) -> None:
    """The error lists the paths like Logto's own guards, without the values."""
    config = _at(loopback.url, {**_SES_CONFIG, "region": 5, "templates": []})
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": config})
    issues = _assert_connector_error(result, "invalid_config")["issues"]
    assert {tuple(issue["path"]) for issue in issues} == {("region",), ("templates",)}
    assert loopback.requests == []


def test_wrong_token_is_reported_but_not_shown(logto: Logto, host: RunningHost, provider: Loopback) -> None:
    """Logto gets a general error whose message names the token."""
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(host, _SES_CONFIG, "wrong-token-canary")})
    assert "rejected the token" in _assert_connector_error(result, "general")["message"]
    assert "wrong-token-canary" not in json.dumps(result)
    assert provider.requests == []


def test_host_that_is_down_is_reported(logto: Logto) -> None:
    """The error of ``fetch`` is not passed on. Logto shows the description, with the id to search the log for."""
    with Loopback() as gone:
        url = gone.url
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(url, _SES_CONFIG)})
    data = _assert_connector_error(result, "general")
    assert data["message"] == "The host cannot be reached; nothing was sent."
    assert data["errorDescription"] == f"{data['message']} Request id: {data['requestId']}"


@pytest.mark.parametrize("instead", ["reset", "close", "stop"])
def test_dropped_connection_is_reported_without_secrets(logto: Logto, loopback: Loopback, instead: Any) -> None:
    """The official HTTP e-mail connector shows the token and the message here."""
    loopback.answers = [HttpResponse(instead=instead)]
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(loopback.url, _SES_CONFIG)})
    message = _assert_connector_error(result, "general")["message"]
    assert message == "The connection to the host was lost; the message may or may not have been sent."
    assert len(loopback.requests) == 1


_NO_CONNECTION: Final = (
    *("ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EADDRNOTAVAIL", "UND_ERR_CONNECT_TIMEOUT"),
    *("ENOTFOUND", "EAI_AGAIN"),
    *("CERT_HAS_EXPIRED", "DEPTH_ZERO_SELF_SIGNED_CERT", "SELF_SIGNED_CERT_IN_CHAIN", "ERR_TLS_CERT_ALTNAME_INVALID"),
    *("UNABLE_TO_VERIFY_LEAF_SIGNATURE", "UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "ERR_SSL_WRONG_VERSION_NUMBER"),
)
_LOST_CONNECTION: Final = (
    *("ECONNRESET", "EPIPE", "ETIMEDOUT", "UND_ERR_SOCKET", "UND_ERR_HEADERS_TIMEOUT", "UND_ERR_BODY_TIMEOUT"),
    *("HPE_INVALID_CONSTANT", "a new code"),
)


@pytest.mark.parametrize("code", [*_NO_CONNECTION, *_LOST_CONNECTION])
def test_nothing_was_sent_if_there_was_no_connection(logto: Logto, code: str) -> None:
    """By the code of Node.js: for an address, a name or a certificate. After that, the message may have been sent."""
    saved = _at("http://127.0.0.1:9", _SES_CONFIG)
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": saved, "fetchFails": code})
    message = _assert_connector_error(result, "general")["message"]
    assert ("nothing was sent" in message) is (code in _NO_CONNECTION)
    assert ("may or may not have been sent" in message) is (code in _LOST_CONNECTION)


def test_large_result_is_returned(logto: Logto, loopback: Loopback) -> None:
    """A connector may return the whole response of its provider, up to the limit of 64 kB."""
    result = "r" * 60_000
    loopback.answers = [HttpResponse(body=json.dumps({"result": result, "requestId": "r"}).encode())]
    (found,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(loopback.url, _SES_CONFIG)})
    assert found["result"] == result


def test_host_that_does_not_respond_times_out(logto: Logto, loopback: Loopback) -> None:
    """The deadline of the whole call is below 15 seconds; the driver shortens it by a factor of 20."""
    loopback.answers = [HttpResponse(instead="hang")]
    started = monotonic()
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(loopback.url, _SES_CONFIG)}, speed=20)
    assert monotonic() - started < 5
    assert "may or may not" in _assert_connector_error(result, "general")["message"]
    loopback.answers = [HttpResponse()]
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(loopback.url, _SES_CONFIG)})
    (timeout,) = result["timeouts"]
    assert 14_500 < timeout < 15_000


def test_redirect_is_not_followed(logto: Logto, loopback: Loopback) -> None:
    """The token is for one host only."""
    with Loopback() as other:
        loopback.answers = [
            HttpResponse(307, headers={"Location": f"{other.url}/connectors/aws-ses-mail/send-message"})
        ]
        (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(loopback.url, _SES_CONFIG)})
        assert other.requests == []
    assert "not one that a connector host sends" in _assert_connector_error(result, "general")["message"]


_ECHO: Final = " ".join(_SECRETS)
_UNEXPECTED: Final = {
    "an empty body": (HttpResponse(200, b""), "general"),
    "a web page": (HttpResponse(200, b"<!doctype html>"), "general"),
    "an array": (HttpResponse(200, b"[]"), "general"),
    "status 204": (HttpResponse(204, b""), "general"),
    "status 201": (HttpResponse(201, b'{"requestId": "1"}'), "general"),
    "a body that is too large": (HttpResponse(200, b'{"a": "' + b"x" * 70_000 + b'"}'), "general"),
    "invalid UTF-8": (HttpResponse(500, b"\xff\xfe"), "general"),
    "an unknown code": (HttpResponse(400, b'{"code": "made_up"}'), "general"),
    "the name of a JavaScript property as code": (HttpResponse(400, b'{"code": "constructor"}'), "general"),
    "a code that is not a string": (HttpResponse(400, b'{"code": ["general"]}'), "general"),
    "the request's secrets": (
        HttpResponse(400, json.dumps(dict.fromkeys(("code", "message", "requestId", "issues"), _ECHO)).encode()),
        "general",
    ),
    "the request's secrets with a valid code": (
        HttpResponse(429, json.dumps({"code": "rate_limit_exceeded", "message": _ECHO, "requestId": _ECHO}).encode()),
        "rate_limit_exceeded",
    ),
}


@pytest.mark.parametrize("name", _UNEXPECTED)
def test_unexpected_response_is_an_error_without_its_text(logto: Logto, loopback: Loopback, name: str) -> None:
    """The server may not be a host: only status 200 with a JSON object is a success."""
    response, code = _UNEXPECTED[name]
    loopback.answers = [response]
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(loopback.url, _SES_CONFIG)})
    _assert_connector_error(result, code)


_HOST_CODES: Final = {"busy": "rate_limit_exceeded", "too_large": "invalid_request_parameters"}


@pytest.mark.parametrize("code", HOST_CODES)
def test_each_error_code_of_the_host_becomes_a_connector_error(logto: Logto, loopback: Loopback, code: str) -> None:
    """A busy host is reported as a rate limit, because it has not sent the message. Most other codes become general."""
    status, _ = HOST_CODES[code]
    loopback.answers = [HttpResponse(status, json.dumps({"code": code, "message": "m", "requestId": "r"}).encode())]
    (result,) = logto.send(_SES_ID, {"data": _EMAIL, "saved": _at(loopback.url, _SES_CONFIG)})
    _assert_connector_error(result, _HOST_CODES.get(code, "general"))


def test_request_contains_only_the_message_and_the_config(logto: Logto, loopback: Loopback) -> None:
    """The two host keys and unknown members of the message are not sent."""
    config = _at(f"{loopback.url}/prefix/", {**_SES_CONFIG, "__proto__": {"a": 1}})
    loopback.answers = [HttpResponse(body=b'{"requestId": "r"}')]
    (result,) = logto.send(_SES_ID, {"data": {**_EMAIL, "more": 1}, "saved": config})
    (request,) = loopback.requests
    assert result["result"] == {"requestId": request.headers["x-request-id"]}
    assert request.path == "/prefix/connectors/aws-ses-mail/send-message"
    assert request.headers["authorization"] == f"Bearer {_TOKEN}"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.body) == {"data": _EMAIL, "config": {**_SES_CONFIG, "__proto__": {"a": 1}}}


def test_busy_host_and_slow_provider_have_different_codes(logto: Logto, tmp_path: Path) -> None:
    """The only slot waits for the provider: the second message is rejected at once, the first one at the deadline."""
    with Loopback() as hanging:
        hanging.answers = [HttpResponse(instead="hang")]
        with _host(tmp_path, hanging, "slots = 1\ndeadline_seconds = 1.5") as narrow:
            case = {"data": _EMAIL, "saved": _at(narrow, _SES_CONFIG)}
            first, second = logto.send(_SES_ID, case, case, together=500)
            assert "may or may not" in _assert_connector_error(first, "general")["message"]
            assert "busy" in _assert_connector_error(second, "rate_limit_exceeded")["message"]
            hanging.stopped.set()


# --- the guard of the package ---


def test_guard_has_the_same_verdicts_as_pythons(logto: Logto) -> None:
    """Over 2,000 configs: valid ones, mutations of them and arbitrary JSON, without and with the host keys."""
    (guard,) = (it for it in GUARDS if it.schema == "aws-ses-config")
    texts = [case["value"] for case in guard_cases(guard)]
    values = [load_json(text) for text in texts]
    expected = [aws_ses_config_guard.is_valid(value) for value in values]
    assert len(expected) > 2000
    assert min(expected.count(True), expected.count(False)) > 150
    found = logto.driver.ask("verdict", [{"value": text} for text in texts], {"id": _SES_ID})
    assert [index for index, verdict in enumerate(expected) if found[index] is not verdict] == []
    objects = [index for index, value in enumerate(values) if isinstance(value, dict)]
    hosted = [{"value": to_text(values[index] | _at("http://127.0.0.1:8085", {}))} for index in objects]
    found = logto.driver.ask("verdict", hosted, {"id": _SES_ID})
    assert [index for index, verdict in zip(objects, found, strict=True) if verdict is not expected[index]] == []


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
    "http://user@host": False,
    "http://:pass@host": False,
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


def test_guard_validates_the_host_keys(logto: Logto) -> None:
    """An endpoint is an HTTP URL without credentials, query or fragment; a token is valid in an HTTP header."""
    cases = [({"hostEndpoint": value}, verdict) for value, verdict in _ENDPOINTS.items()]
    cases += [({"hostToken": value}, verdict) for value, verdict in _TOKENS.items()]
    cases += [({key: value}, False) for key in ("hostEndpoint", "hostToken") for value in (None, 1, [], {}, True)]
    texts = [{"value": json.dumps({**_SES_CONFIG, **items})} for items, _ in cases]
    verdicts = logto.driver.ask("verdict", texts, {"id": _SES_ID})
    assert [items for (items, expected), found in zip(cases, verdicts, strict=True) if found is not expected] == []


def test_guard_reports_issues_without_values(logto: Logto) -> None:
    """Logto's ``validateConfig`` raises ``invalid_config`` with the paths; a valid config is returned unchanged."""
    config = {**_SES_CONFIG, "accessKeySecret": [_KEY_SECRET], "hostToken": f"{_TOKEN}\n{_TOKEN}"}
    issues = logto.ask("issues", config, _SES_ID)
    assert [(issue["path"], issue["params"]["keyword"]) for issue in issues] == [
        (["hostToken"], "host"),
        (["accessKeySecret"], "type"),
    ]
    _assert_connector_error(logto.ask("validate", config, _SES_ID), "invalid_config")
    assert logto.ask("validate", _SES_CONFIG, _SES_ID) == "accepted"
    with_host = _at("http://127.0.0.1:8085", _SES_CONFIG)
    assert logto.ask("parse", with_host, _SES_ID) == [with_host, with_host]
    assert logto.ask("verdictAsync", with_host, _SES_ID) is True
    assert logto.ask("verdictAsync", config, _SES_ID) is False
    for operation in ("parse", "parseAsync"):
        rejected = logto.ask(operation, config, _SES_ID)
        assert rejected["$throws"] == "ConfigGuardError"
        assert rejected["all"].startswith("ConfigGuardError: The config is not valid.\n")
        assert [secret for secret in _SECRETS if secret in json.dumps(rejected)] == []
