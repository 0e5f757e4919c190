"""Logto's HTTP connectors, without and with the reverse proxy of docs/examples/proxy, when a host does not respond."""

import json
import os
import re
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final

import attrs
import pytest

from connector_kit.host.settings import HostSettings
from tests.interop.logto.instance import SOURCES
from tests.interop.logto.running_host import running_host
from tests.interop.logto.running_proxy import CONFIGURATION, find_nginx, running_proxy, unused_port
from tests.interop.official import Driver, UnavailableError, running_driver
from tests.loopback import HttpResponse, Loopback

pytestmark = pytest.mark.xdist_group("proxy")

_TOKEN: Final = "host-token-5f1e9a7c3b"
_CODE: Final = "914273"
_MESSAGES: Final = {
    "email": {"to": "zoe.canary@example.com", "type": "SignIn", "payload": {"code": _CODE}},
    "sms": {"to": "351912345678", "type": "SignIn", "payload": {"code": _CODE}},
}
_SECRETS: Final = (_TOKEN, _CODE, "zoe.canary", "351912345678")
_NO_ANSWER: Final = "The connector host did not respond. The message may or may not have been sent."
_CONSOLE_SECONDS: Final = 20.0
_KINDS: Final = ("email", "sms")


@pytest.fixture(scope="module")
def driver() -> Iterator[Driver]:
    """Run Logto's HTTP connectors. In CI, missing packages or a missing nginx fail the tests."""
    try:
        find_nginx()
        with running_driver(SOURCES) as found:
            yield found
    except UnavailableError as error:
        if os.environ.get("CI"):
            pytest.fail(f"Logto's packages and nginx are required in CI: {error}")
        pytest.skip(str(error))


def _send(driver: Driver, kind: str, url: str) -> Any:
    common = {"kind": kind, "endpoint": f"{url}/{kind}", "authorization": f"Bearer {_TOKEN}"}
    return driver.ask("http", [{"data": json.dumps(_MESSAGES[kind])}], common)[0]


def _shown(result: Any) -> list[str]:
    """Return the secrets in an error, at any depth."""
    return [secret for secret in _SECRETS if secret in json.dumps(result)]


# --- hosts that do not respond, or not completely ---

_HEAD: Final = b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: 17\r\n\r\n"


def _read_request(connection: socket.socket) -> None:
    received = b""
    while b"\r\n\r\n" not in received or not received.endswith(b"}"):
        received += connection.recv(65536)


def _close(connection: socket.socket) -> None:
    _read_request(connection)


def _reset(connection: socket.socket) -> None:
    _read_request(connection)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _hang(connection: socket.socket) -> None:
    _read_request(connection)
    connection.recv(1)  # until nginx gives up and closes the connection


def _drip_head(connection: socket.socket) -> None:
    _read_request(connection)
    for byte in b"HTTP/1.1 200 OK\r\n":
        connection.sendall(bytes([byte]))
        Event().wait(0.02)


def _break_off(status: bytes) -> Callable[[socket.socket], None]:
    def behave(connection: socket.socket) -> None:
        _read_request(connection)
        connection.sendall(_HEAD % status + b'{"requ')
        Event().wait(0.2)

    return behave


@contextmanager
def _server(behave: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[None]]]:
    """Run a server that treats each connection in one way, and yield its URL and one item for each connection."""
    accepted: list[None] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                accepted.append(None)
                with connection, suppress(OSError):
                    behave(connection)

        thread = Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", accepted
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


@contextmanager
def _nothing() -> Iterator[tuple[str, list[None]]]:
    yield f"http://127.0.0.1:{unused_port()}", []


_FAILURES: Final[dict[str, Callable[[], Any]]] = {
    "refuses": _nothing,
    "closes": lambda: _server(_close),
    "resets": lambda: _server(_reset),
    "drips and closes": lambda: _server(_drip_head),
}
_BROKEN: Final = {
    "a success that breaks off": b"200 OK",
    "an error that breaks off": b"429 Too Many Requests",
}


@pytest.mark.parametrize("name", [*_FAILURES, *_BROKEN])
def test_http_email_connector_alone_shows_secrets_if_the_host_does_not_respond(driver: Driver, name: str) -> None:
    """If this fails, upstream has mended it: say in docs/guides/logto.md and README.md from which version."""
    failure = _FAILURES.get(name) or (lambda: _server(_break_off(_BROKEN[name])))
    with failure() as (url, _):
        assert _shown(_send(driver, "email", url)) == [_TOKEN, _CODE, "zoe.canary"]
        assert _shown(_send(driver, "sms", url)) == []


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("name", [*_FAILURES, "hangs"])
def test_proxy_answers_for_a_host_that_does_not(driver: Driver, tmp_path: Path, name: str, kind: str) -> None:
    """The connector gets status 502, and its error shows no secret. The host gets the request once."""
    failure = _FAILURES.get(name) or (lambda: _server(_hang))
    with failure() as (host, accepted), running_proxy(tmp_path, host, proxy_read_timeout="1s") as url:
        result = _send(driver, kind, url)
    assert result["$throws"] == "ConnectorError"
    assert (result["code"], result["data"]) == ("general", {"message": _NO_ANSWER})
    assert _shown(result) == []
    assert len(accepted) == (0 if name == "refuses" else 1)
    log = (tmp_path / "proxy.log").read_text(encoding="utf-8")
    assert f"POST /{kind} " in log
    assert _shown(log) == []


@pytest.mark.parametrize("kind", _KINDS)
def test_proxy_answers_while_the_host_has_no_address(driver: Driver, tmp_path: Path, kind: str) -> None:
    """In Docker, the name of a stopped container cannot be looked up; the proxy starts and answers all the same."""
    with running_proxy(tmp_path, "http://host:8085", resolver_timeout="1s") as url:
        result = _send(driver, kind, url)
    assert result["data"] == {"message": _NO_ANSWER}
    assert _shown(result) == []


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("name", _BROKEN)
def test_response_that_breaks_off_ends_there(driver: Driver, tmp_path: Path, name: str, kind: str) -> None:
    """It keeps its status. A success means that the provider has accepted the message, whatever follows."""
    with _server(_break_off(_BROKEN[name])) as (host, accepted), running_proxy(tmp_path, host) as url:
        result = _send(driver, kind, url)
    assert len(accepted) == 1
    assert _shown(result) == []
    if name == "a success that breaks off":
        assert result["$throws"] == "SyntaxError"  # the test's own reading of the body, after the connector's success
    else:
        assert result["data"] == {"message": '{"requ'}


# --- hosts that respond ---


@pytest.mark.parametrize("kind", _KINDS)
@pytest.mark.parametrize("status", [400, 401, 403, 429, 500, 501, 502, 503, 504])
def test_proxy_keeps_status_body_and_headers_of_the_host(
    driver: Driver, loopback: Loopback, tmp_path: Path, status: int, kind: str
) -> None:
    """Also those statuses that nginx itself uses. The request arrives unchanged."""
    body = f'{{"code":"c{status}","message":"é","requestId":"r"}}'
    loopback.answers = [HttpResponse(status, body.encode(), {"X-Request-Id": "r", "Retry-After": "1"})]
    with running_proxy(tmp_path, loopback.url) as url:
        result = _send(driver, kind, url)
        assert result["data"] == {"message": body}
        with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), 10) as connection:
            connection.sendall(b"POST /raw HTTP/1.1\r\nHost: named-by-client\r\nContent-Length: 2\r\n\r\n{}")
            head = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    assert head.startswith(f"HTTP/1.1 {status} ")
    assert "\r\nX-Request-Id: r\r\n" in head
    assert "\r\nRetry-After: 1\r\n" in head
    sent, raw = loopback.requests
    assert json.loads(sent.body) == _MESSAGES[kind]
    assert sent.headers["authorization"] == f"Bearer {_TOKEN}"
    assert (raw.headers["host"], raw.headers["x-forwarded-for"]) == ("named-by-client", "127.0.0.1")


_HOST_TOML: Final = """
[server]
token_env = ["HOST_TOKEN"]

[connectors.acme-sms]
class = "tests.interop.logto.acme_sms:AcmeSms"
config_file = "sms.json"

[connectors.aws-ses-mail]
config_file = "ses.json"
"""


def test_messages_reach_a_real_host_through_the_proxy(driver: Driver, tmp_path: Path) -> None:
    """Both connectors send, several times; the host's own error passes; after the host has stopped, the proxy answers."""
    templates = [
        {"usageType": it, "subject": "s", "content": "{{code}}"}
        for it in ("Register", "SignIn", "ForgotPassword", "Generic")
    ]
    ses = {"accessKeyId": "AKIAFAKE", "accessKeySecret": "fake", "region": "eu-west-1", "templates": templates}
    (tmp_path / "ses.json").write_text(json.dumps({**ses, "emailAddress": "a@example.com"}), encoding="utf-8")
    folder = tmp_path / "proxy"
    folder.mkdir()
    with Loopback() as provider, ExitStack() as proxy:
        provider.answers = [HttpResponse(body=b'{"MessageId": "message-1", "id": "text-1"}')]
        sms = {"gateway": provider.url, "apiKey": "acme-key-1", "templates": templates[3:]}
        (tmp_path / "sms.json").write_text(json.dumps(sms), encoding="utf-8")
        environment = {"HOST_TOKEN": _TOKEN, "AWS_ENDPOINT_URL_SESV2": provider.url}
        with running_host(tmp_path, _HOST_TOML, environment) as host:
            url = proxy.enter_context(running_proxy(folder, host.url))
            for kind in (*_KINDS, *_KINDS):
                result = _send(driver, kind, url)
                assert (result["status"], list(result["body"])) == (200, ["requestId"])
            assert len(provider.requests) == 4
            provider.answers = [HttpResponse(500, b"{}")]
            rejected = json.loads(_send(driver, "email", url)["data"]["message"])
            assert rejected.keys() == {"code", "message", "requestId"}
        for kind in _KINDS:
            stopped = _send(driver, kind, url)
            assert stopped["data"] == {"message": _NO_ANSWER}
            assert _shown(stopped) == []


def test_times_of_the_proxy_fit_those_of_host_and_console() -> None:
    """It waits longer than the host takes to respond, and gives up before Console does."""
    text = CONFIGURATION.read_text(encoding="utf-8")
    connect = float(_value(text, r"proxy_connect_timeout (\d+)s"))
    read = float(_value(text, r"proxy_read_timeout (\d+)ms")) / 1000
    resolve = float(_value(text, r"resolver_timeout (\d+)s"))
    assert read > attrs.fields(HostSettings).deadline_seconds.default
    assert resolve + connect + read < _CONSOLE_SECONDS


def _value(text: str, pattern: str) -> str:
    (found,) = re.findall(rf"^\s*{pattern};", text, re.MULTILINE)
    return str(found)
