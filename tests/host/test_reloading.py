"""Reloading and taking over: tokens, configs and processes change, and no message fails."""

import http.client
import itertools
import json
import multiprocessing
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from attrs import define, field
from click.testing import CliRunner
from starlette.testclient import TestClient

from connector_kit.host import HostConfigError, reloading
from connector_kit.host.command import serve
from connector_kit.host.host_file import HostFile, HostSource, Listening
from connector_kit.host.reloading import ReloadingApp
from connector_kit.host.server import inherited_listener
from tests.benchmarks import host_load
from tests.host.conftest import CONFIG, CONNECTORS, TOKEN, Settings, message, write_private
from tests.host.running import Process, serving

NEW_TOKEN = "new-" + TOKEN
Log = list[dict[str, Any]]


def _write_host(folder: Path, server: str = 'token_file = ["token"]', more: str = "") -> None:
    (folder / "host.toml").write_text(
        f'[server]\n{server}\n[connectors.acme-mail]\nclass = "acme_hosted:AcmeMail"\n'
        f'config_file = "mail.json"\n{more}',
        encoding="utf-8",
    )


@pytest.fixture
def folder(tmp_path: Path, acme: ModuleType) -> Path:  # noqa: ARG001 - makes Acme importable
    """Return a folder with a host.toml, a token and a config."""
    write_private(tmp_path / "token", TOKEN)
    write_private(tmp_path / "mail.json", json.dumps(CONFIG))
    _write_host(tmp_path)
    return tmp_path


@pytest.fixture
def host(folder: Path) -> HostFile:
    """Return the host of that folder."""
    return HostSource.of_file(str(folder / "host.toml")).load()


@pytest.fixture
def app(host: HostFile) -> ReloadingApp:
    """Return its application."""
    return ReloadingApp(host)


def _send(app: ReloadingApp, token: str = TOKEN) -> int:
    return TestClient(app).post("/email", json=message(), headers={"Authorization": token}).status_code


def _events(log: Log) -> list[str]:
    return [line["event"] for line in log if line["event"] != "request"]


# --- what a reload changes ---


def test_reload_changes_tokens_and_configs(app: ReloadingApp, folder: Path, acme: ModuleType, log: Log) -> None:
    assert (_send(app), _send(app, NEW_TOKEN)) == (200, 401)
    write_private(folder / "token", NEW_TOKEN)
    write_private(folder / "mail.json", json.dumps({**CONFIG, "apiKey": "next-key", "acount": "a typo"}))
    app.reload()
    assert (_send(app), _send(app, NEW_TOKEN)) == (401, 200)
    assert [config.api_key for config, _ in acme.SENT] == [CONFIG["apiKey"], "next-key"]
    assert _events(log) == ["warning", "reloaded"]
    assert (
        next(line for line in log if line["event"] == "reloaded").items()
        >= {
            "connectors": ["acme-mail"],
            "tokens": 1,
        }.items()
    )


def test_reload_changes_every_setting_that_needs_no_restart(app: ReloadingApp, folder: Path) -> None:
    """A new connector, too."""
    write_private(folder / "old", TOKEN)
    write_private(folder / "token", NEW_TOKEN)
    sms = '[connectors.acme-sms]\nclass = "acme_hosted:AcmeSms"\nconfig_file = "mail.json"\n'
    _write_host(folder, 'token_file = ["token", "old"]\nmax_body_bytes = 100000', sms)
    app.reload()
    assert (_send(app), _send(app, NEW_TOKEN)) == (200, 200)
    client = TestClient(app, headers={"Authorization": TOKEN})
    assert client.post("/sms", json=message()).status_code == 200
    assert client.post("/sms", json=" " * 100_001).status_code == 413
    _write_host(folder, 'token_file = ["token", "old"]\nallow_ips = ["192.0.2.1"]')
    app.reload()
    assert _send(app) == 403


@pytest.mark.parametrize(
    ("setting", "change"),
    [
        ("port = 8099", "8085 to 8099"),
        ('host = "127.0.0.2"', "127.0.0.1 to 127.0.0.2"),
        ("workers = 2", "1 to 2"),
        ("slots = 3", "64 to 3"),
        ("deadline_seconds = 3", "14.5 to 3"),
        ("body_seconds = 3", "5.0 to 3"),
        ("metrics = true", "False to True"),
        ('log_format = "text"', "json to text"),
    ],
)
def test_setting_that_needs_a_restart_is_refused(
    app: ReloadingApp, folder: Path, log: Log, setting: str, change: str
) -> None:
    """And nothing else changes: neither token nor config."""
    write_private(folder / "token", NEW_TOKEN)
    _write_host(folder, f'token_file = ["token"]\n{setting}')
    app.reload()
    assert (_send(app), _send(app, NEW_TOKEN)) == (200, 401)
    (line,) = [line for line in log if line["event"] == "reload_failed"]
    assert line["path"] == f"$.server.{setting.partition(' ')[0]}"
    assert line["message"] == f"changed from {change}: restart the host, or change it back"


@pytest.mark.parametrize("file", ["token", "mail.json", "host.toml"])
@pytest.mark.parametrize("content", [None, "", '{"apiKey": 1}'])
def test_error_in_a_file_changes_nothing(
    app: ReloadingApp, folder: Path, log: Log, file: str, content: str | None
) -> None:
    """The log has the place of the error, and shows no secret."""
    if content is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(content, encoding="utf-8")
    app.reload()
    assert _send(app) == 200
    assert set(_events(log)) == {"reload_failed"}
    assert TOKEN not in json.dumps(log)


def test_host_cannot_become_open_to_other_machines(folder: Path, log: Log) -> None:
    """It listens on all addresses. That the file now names another address does not change it."""
    _write_host(folder, 'token_file = ["token"]\nhost = "0.0.0.0"')
    app = ReloadingApp(HostSource.of_file(str(folder / "host.toml")).load())
    _write_host(folder, 'insecure_without_token = true\nhost = "127.0.0.1"')
    app.reload()
    assert (_send(app), _send(app, NEW_TOKEN)) == (200, 401)
    assert _events(log) == ["reload_failed"]


def test_other_servers_may_not_reload_a_host_without_a_token(folder: Path) -> None:
    """Nobody knows on which addresses they listen."""
    app = ReloadingApp(HostSource.of_file(str(folder / "host.toml"), listens=False).load())
    _write_host(folder, "insecure_without_token = true")
    app.reload()
    assert _send(app, NEW_TOKEN) == 401


def test_running_call_ends_in_the_application_that_began_it(app: ReloadingApp, folder: Path, acme: ModuleType) -> None:
    """The slots are those of the process, so they stay busy."""
    statuses = []
    body = message(outcome="hang")
    thread = threading.Thread(
        target=lambda: statuses.append(
            TestClient(app).post("/email", json=body, headers={"Authorization": TOKEN}).status_code
        )
    )
    thread.start()
    assert acme.STARTED.wait(10)
    write_private(folder / "token", NEW_TOKEN)
    app.reload()
    assert _send(app, NEW_TOKEN) == 200
    assert app._calls.slots.busy == 1
    acme.RELEASE.set()
    thread.join(10)
    assert statuses == [200]


def test_settings_without_a_file_stay(settings: Settings, log: Log) -> None:
    app = ReloadingApp(HostFile(settings(), Listening()))
    app.reload()
    assert _send(app) == 200
    assert _events(log) == ["reloaded"]


def test_file_that_changed_before_the_start_is_read_again(host: HostFile, folder: Path) -> None:
    """As in a worker that replaces one that has died."""
    write_private(folder / "token", NEW_TOKEN)
    assert _send(ReloadingApp(host), NEW_TOKEN) == 200


# --- when it happens ---


def _wait_for(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_changed_file_is_read_while_the_host_runs(
    app: ReloadingApp, folder: Path, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each of them; after an error, when it changes again. After the end of the host, no longer."""
    monkeypatch.setattr(reloading, "WATCH_SECONDS", 0.1)
    with TestClient(app):
        write_private(folder / "token", "short")
        _wait_for(lambda: "reload_failed" in _events(log))
        time.sleep(0.3)
        assert _events(log) == ["reload_failed"]
        write_private(folder / "token", NEW_TOKEN)
        _wait_for(lambda: _send(app, NEW_TOKEN) == 200)
        (folder / "next.json").write_text(json.dumps({**CONFIG, "acount": "a typo"}), encoding="utf-8")
        (folder / "next.json").replace(folder / "mail.json")
        _wait_for(lambda: "warning" in _events(log))
    write_private(folder / "token", TOKEN)
    time.sleep(0.4)
    assert _send(app, NEW_TOKEN) == 200


def test_file_that_still_grows_is_not_read(app: ReloadingApp, log: Log, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half a token would be another token."""
    looks = itertools.count()

    class Growing:
        @staticmethod
        def of(path: str) -> int:
            assert path
            number = next(looks) // 3  # there are three files
            assert "reloaded" not in _events(log) or number > 6
            return min(number, 6)

    monkeypatch.setattr(reloading, "WATCH_SECONDS", 0.02)
    monkeypatch.setattr(reloading, "FileState", Growing)
    with TestClient(app):
        _wait_for(lambda: "reloaded" in _events(log))
    assert next(looks) >= 3 * 7


def test_reload_can_be_requested_without_a_change(app: ReloadingApp, log: Log) -> None:
    with TestClient(app):
        app.request_reload()
        _wait_for(lambda: _events(log) == ["reloaded"])


# --- processes ---

_ENVIRONMENT = {"PYTHONPATH": str(CONNECTORS), "HOST_TOKEN": TOKEN}


def _is_accepted(process: Process, token: str) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", process.port, timeout=20)) as connection:
        connection.request("GET", "/connectors", headers={"Authorization": token})
        with connection.getresponse() as response:
            return response.status == 200


@pytest.mark.parametrize("workers", ["1", "2"])
def test_sighup_reloads_every_process(folder: Path, workers: str) -> None:
    """None of them ends."""
    with serving(["--hosts", "host.toml", "--workers", workers], folder, _ENVIRONMENT) as process:
        _wait_for(lambda: _is_accepted(process, TOKEN))
        time.sleep(1)
        process.process.send_signal(signal.SIGHUP)
        _wait_for(lambda: _events(process.log).count("reloaded") == int(workers))
        assert _is_accepted(process, TOKEN)
        assert process.stop() == 0


def test_options_stay_in_force_after_a_reload(folder: Path) -> None:
    """They override the file."""
    write_private(folder / "other", NEW_TOKEN)
    with serving(["--hosts", "host.toml", "--token-file", "other"], folder, _ENVIRONMENT) as process:
        _wait_for(lambda: _is_accepted(process, NEW_TOKEN))
        process.process.send_signal(signal.SIGHUP)
        _wait_for(lambda: "reloaded" in _events(process.log))
        assert (_is_accepted(process, TOKEN), _is_accepted(process, NEW_TOKEN)) == (False, True)


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM])
def test_second_stop_signal_does_not_drop_open_requests(folder: Path, workers: str, second: signal.Signals) -> None:
    """Uvicorn would respond with 500, or close the connection."""
    slow = ["--connector", "tests.host.test_reloading:SlowSms", "--config", "slow.json", "--token-env", "HOST_TOKEN"]
    (folder / "slow.json").write_text('{"url": "unused", "templates": []}', encoding="utf-8")
    with serving([*slow, "--workers", workers], folder, _ENVIRONMENT) as process:
        _wait_for(lambda: _is_accepted(process, TOKEN))  # a worker that is still starting would end at once
        headers = {"Authorization": TOKEN, "Content-Type": "application/json"}
        with closing(http.client.HTTPConnection("127.0.0.1", process.port, timeout=20)) as connection:
            connection.request("POST", "/sms", json.dumps({**message(), "to": "15551234567"}), headers)
            time.sleep(1.5)
            for it in (signal.SIGINT, second):
                process.process.send_signal(it)
                time.sleep(0.3)
            with connection.getresponse() as response:
                assert response.status == 200
        assert process.process.wait(20) == 0
    assert _events(process.log) == ["serving", "stopped"]


class SlowSms(host_load.LoadSms):
    """Responds after a few seconds."""

    def deliver(self, config: object, sms: object) -> object:  # noqa: ARG002 - the base class's signature
        """Wait, and return an id."""
        time.sleep(4)
        return "slow-1"


# --- a socket that a process manager has opened ---


@contextmanager
def _passed(listener: socket.socket, monkeypatch: pytest.MonkeyPatch, count: str = "1") -> Iterator[None]:
    monkeypatch.setenv("LISTEN_PID", str(os.getpid()))
    monkeypatch.setenv("LISTEN_FDS", count)
    descriptor = os.dup(listener.fileno())
    monkeypatch.setattr("connector_kit.host.server._FIRST_INHERITED", descriptor)
    yield


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_inherited_socket_is_used(settings: Settings, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, 0), family=family) as listener, _passed(listener, monkeypatch):
        found = inherited_listener(settings())
        assert found is not None
        assert found.getsockname() == listener.getsockname()
        assert not found.get_inheritable()
        found.close()


def test_socket_for_another_process_is_not_used(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child process inherits the variables."""
    monkeypatch.setenv("LISTEN_FDS", "1")
    assert inherited_listener(settings()) is None
    monkeypatch.setenv("LISTEN_PID", str(os.getppid()))
    assert inherited_listener(settings()) is None


@pytest.mark.parametrize("count", ["0", "2", "x"])
def test_another_number_of_sockets_is_an_error(settings: Settings, monkeypatch: pytest.MonkeyPatch, count: str) -> None:
    expected = pytest.raises(HostConfigError, match=f"expected one socket, found LISTEN_FDS={count}")
    with socket.create_server(("127.0.0.1", 0)) as listener, _passed(listener, monkeypatch, count), expected:
        inherited_listener(settings())


def test_inherited_socket_that_cannot_serve_is_an_error(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """It listens to nobody, or is not TCP."""
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for unusable in (socket.socket(), udp, socket.socket(socket.AF_UNIX)):
        with (
            unusable,
            _passed(unusable, monkeypatch),
            pytest.raises(HostConfigError, match="a TCP socket that listens"),
        ):
            inherited_listener(settings())


def test_inherited_socket_without_token_has_to_be_loopback(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever address the host.toml names."""
    is_open = settings(tokens=(), insecure_without_token=True)
    expected = pytest.raises(HostConfigError, match=r"found 0\.0\.0\.0")
    with socket.create_server(("0.0.0.0", 0)) as listener, _passed(listener, monkeypatch), expected:
        inherited_listener(is_open)
    with socket.create_server(("127.0.0.1", 0)) as listener, _passed(listener, monkeypatch):
        found = inherited_listener(is_open)
        assert found is not None
        found.close()


def test_unusable_inherited_socket_exits_2(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_UNIX) as unusable, _passed(unusable, monkeypatch):
        result = CliRunner().invoke(serve, ["--hosts", str(folder / "host.toml"), "--log-format", "text"])
    assert result.exit_code == 2
    assert "inherited socket: $: expected a TCP socket that listens" in result.stderr


# --- under traffic ---


@define
class Traffic:
    """Clients that send one message after another, half of them over kept connections, half over new ones.

    Args:
        port: the port of the host.
        token: the token that clients use for their next message.
    """

    port: int
    token: str
    statuses: Counter[object] = field(factory=Counter)
    sent: set[int] = field(factory=set)
    _stopped: threading.Event = field(factory=threading.Event)
    _numbers: Iterator[int] = field(factory=lambda: itertools.count(1))

    @contextmanager
    def running(self, clients: int = 16) -> Iterator[None]:
        """Send during the block, and wait for the last responses."""
        threads = [threading.Thread(target=self._send, args=(index % 2 == 0,)) for index in range(clients)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            for thread in threads:
                thread.join(30)

    def wait(self, messages: int) -> None:
        """Wait until so many more messages have been sent."""
        goal = len(self.sent) + messages
        _wait_for(lambda: len(self.sent) >= goal)

    def _send(self, is_kept: bool) -> None:  # noqa: FBT001 - the target of a thread
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        while not self._stopped.is_set():
            number = next(self._numbers)
            body = json.dumps({"to": "15551234567", "type": "SignIn", "payload": {"code": str(number)}})
            headers = {"Authorization": self.token, "Content-Type": "application/json"}
            try:
                connection.request("POST", "/sms", body, headers)
                response = connection.getresponse()
                response.read()
                self.statuses[response.status] += 1
            except OSError as error:
                self.statuses[type(error).__name__] += 1
                connection.close()
            self.sent.add(number)
            if not is_kept:
                connection.close()
        connection.close()


@contextmanager
def _provider() -> Iterator[tuple[str, Callable[[], Mapping[int, int]]]]:
    """Run a provider that responds after 50 ms; yield its URL, and a function that returns how often each message came."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(
        target=host_load.run_provider, args=("steady", theirs), daemon=True
    )
    process.start()
    url = f"http://127.0.0.1:{ours.recv()}"

    def received() -> Mapping[int, int]:
        ours.send("stop")
        found: Counter[int] = ours.recv()
        return found

    try:
        yield url, received
    finally:
        process.terminate()
        process.join(20)


@pytest.mark.parametrize("workers", ["1", "2"])
def test_no_message_fails_while_tokens_configs_and_processes_change(tmp_path: Path, workers: str) -> None:
    """None is sent twice, either: 2,000 messages during two rotations, a new config, two takeovers and a restart."""
    (tmp_path / "host.toml").write_text(
        f'[server]\nworkers = {workers}\ntoken_file = ["first", "second"]\n'
        '[connectors.load-sms]\nclass = "tests.benchmarks.host_load:LoadSms"\nconfig_file = "load.json"\n',
        encoding="utf-8",
    )
    tokens = [f"token-number-{number}-0123456789" for number in range(4)]
    write_private(tmp_path / "first", tokens[0])
    write_private(tmp_path / "second", tokens[1])
    arguments = ["--hosts", "host.toml"]
    with _provider() as (url, received), socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        write_private(tmp_path / "load.json", json.dumps({"url": url, "templates": []}))
        traffic = Traffic(listener.getsockname()[1], tokens[0])

        def reloaded(process: Process, times: int) -> None:
            _wait_for(lambda: _events(process.log).count("reloaded") >= times * int(workers))

        with ExitStack() as processes:
            old = processes.enter_context(serving(arguments, tmp_path, {}, listener))
            with traffic.running():
                traffic.wait(200)
                traffic.token = tokens[1]
                traffic.wait(100)
                write_private(tmp_path / "first", tokens[2])  # the host sees that the file has changed
                reloaded(old, 1)
                traffic.token = tokens[2]
                traffic.wait(100)
                write_private(tmp_path / "second", tokens[3])
                old.process.send_signal(signal.SIGHUP)
                reloaded(old, 2)
                templates = [{"usageType": "SignIn", "subject": "x", "content": "{{code}}"}]
                write_private(tmp_path / "load.json", json.dumps({"url": url, "templates": templates}))
                old.process.send_signal(signal.SIGHUP)
                reloaded(old, 3)
                traffic.wait(300)
                for _ in range(2):
                    new = processes.enter_context(serving(arguments, tmp_path, {}, listener))
                    traffic.wait(100)
                    assert old.stop() == 0
                    traffic.wait(300)
                    old = new
                assert old.stop() == 0  # a restart: meanwhile new connections wait
                processes.enter_context(serving(arguments, tmp_path, {}, listener))
                traffic.wait(max(300, 2000 - len(traffic.sent)))
        counts = received()
    assert traffic.statuses == {200: len(traffic.sent)}
    assert len(traffic.sent) >= 2000
    assert set(counts) == traffic.sent
    assert set(counts.values()) == {1}
