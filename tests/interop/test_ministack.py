"""The connector sends through ministack, an emulator with the sandbox, errors and mailbox simulator of Amazon SES.

It pins an older botocore, so it runs in its own virtual environment, which is made once and cached.
"""

import json
import os
import socket
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

import botocore.session
import pytest

from conformance.npm.packages import built_once
from connector_kit import ConnectorError, ConnectorErrorCodes
from connector_kit.connectors.aws_ses import AwsSesConnector
from tests.interop.official import UnavailableError, interop_cache

_PACKAGE: Final = "ministack==1.5.33"
_INSTALL_TIME_LIMIT: Final = 300
_START_TIME_LIMIT: Final = 30
_REGION: Final = "eu-west-1"
_CONFIG: Final[Mapping[str, Any]] = {
    "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
    "accessKeySecret": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "region": _REGION,
    "emailAddress": "Logto <noreply@example.com>",
    "templates": [
        {"usageType": kind, "subject": f"{kind}: {{{{code}}}} → ação", "content": "<p>{{ code }} 登录</p>"}
        for kind in ("Register", "SignIn", "ForgotPassword", "Generic")
    ],
}
pytestmark = pytest.mark.xdist_group("ministack")  # one server for all of them
_open = build_opener(ProxyHandler({})).open


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _install() -> Path:
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = interop_cache() / f"{_PACKAGE.replace('==', '-')}-python{version}"
    with built_once(folder) as scratch:
        if scratch is not None:
            venv.create(scratch, with_pip=True)
            command = [
                str(_python(scratch)),
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                _PACKAGE,
            ]
            try:
                done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_TIME_LIMIT, check=False)
            except subprocess.TimeoutExpired:
                raise UnavailableError(f"pip took more than {_INSTALL_TIME_LIMIT} seconds") from None
            if done.returncode != 0:
                raise UnavailableError(f"pip cannot install {_PACKAGE}:\n{done.stderr}")
    return _python(folder)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


def _is_ready(url: str) -> bool:
    try:
        with _open(f"{url}/_ministack/health", timeout=2) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


@contextmanager
def _running(python: Path, folder: Path) -> Iterator[str]:
    port = _free_port()
    url = f"http://127.0.0.1:{port}"
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON", "COV_"))}
    environment |= {"BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(port), "SERVICES": "ses", "TMPDIR": str(folder)}
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(
            [python, "-c", "from ministack.app import main; main()"],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            deadline = time.monotonic() + _START_TIME_LIMIT
            while not _is_ready(url):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"ministack did not start:\n{(folder / 'log').read_text(errors='replace')}")
                time.sleep(0.1)
            yield url
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


@pytest.fixture(scope="module")
def ministack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run ministack on a loopback port; without it these tests are skipped, but never in CI."""
    try:
        python = _install()
    except UnavailableError as error:
        if os.environ.get("CI"):
            pytest.fail(f"ministack must be there in CI: {error}")
        pytest.skip(str(error))
    with _running(python, tmp_path_factory.mktemp("ministack")) as url:
        yield url


@pytest.fixture
def sandbox(ministack: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give an account in the SES sandbox with one verified domain."""
    with _open(f"{ministack}/_ministack/reset", data=b"", timeout=10) as answer:
        answer.read()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", ministack)
    client: Any = botocore.session.get_session().create_client(
        "sesv2",
        region_name=_REGION,
        aws_access_key_id=_CONFIG["accessKeyId"],
        aws_secret_access_key=_CONFIG["accessKeySecret"],
    )
    client.create_email_identity(EmailIdentity="example.com")
    client.put_account_details(
        MailType="TRANSACTIONAL", WebsiteURL="https://example.com", ProductionAccessEnabled=False
    )
    client.close()
    return ministack


def _send(to: str, **config: object) -> object:
    connector = AwsSesConnector(get_config=lambda _: {**_CONFIG, **config})
    return connector.send_message({"to": to, "type": "SignIn", "payload": {"code": "123456"}})


def _mailbox(url: str) -> list[dict[str, Any]]:
    with _open(f"{url}/_ministack/ses/messages", timeout=10) as answer:
        accounts = json.load(answer)
    return [message for messages in accounts["messages"].values() for message in messages]


def test_ministack_stores_the_rendered_message(sandbox: str) -> None:
    """Ministack accepts a message from a verified domain and stores it as config and payload define it."""
    message_id = _send("someone@example.com")
    (message,) = _mailbox(sandbox)
    assert message["MessageId"] == message_id
    assert message["Source"] == "Logto <noreply@example.com>"
    assert message["To"] == ["someone@example.com"]
    assert message["Subject"] == "SignIn: 123456 → ação"
    assert message["BodyHtml"] == "<p>123456 登录</p>"


@pytest.mark.parametrize(
    ("to", "config", "names"),
    [
        ("someone@example.com", {"emailAddress": "noreply@else.example"}, "noreply@else.example"),
        ("someone@else.example", {}, "someone@else.example"),
    ],
    ids=["sender", "recipient-in-sandbox"],
)
def test_unverified_identity_raises_invalid_response(
    sandbox: str, to: str, config: dict[str, object], names: str
) -> None:
    """MessageRejected for an unverified sender, or for an unverified recipient in the sandbox, raises ``invalid_response``."""
    with pytest.raises(ConnectorError) as caught:
        _send(to, **config)
    assert caught.value.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert isinstance(caught.value.data, dict)
    assert caught.value.data["code"] == "MessageRejected"
    assert names in caught.value.data["message"]
    assert _mailbox(sandbox) == []


@pytest.mark.parametrize("name", ["success", "bounce", "complaint", "ooto", "suppressionlist", "bounce+label"])
def test_simulator_addresses_are_accepted_in_the_sandbox(sandbox: str, name: str) -> None:
    """A send to a simulator address returns a message id; a later bounce is not an error of the send."""
    message_id = _send(f"{name}@simulator.amazonses.com")
    assert [message["MessageId"] for message in _mailbox(sandbox)] == [message_id]
