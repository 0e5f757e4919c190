"""Connectors in Node.js: how packages are found and run, and that the suite detects the same errors as in Python."""

import json
import logging
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import conformance.npm.packages as npm_packages
from conformance import PROFILES, Spec, SpecError, State, check_connector
from conformance.npm import NodeConnector, NodeError, NodeObject, npm_connector, npm_spec
from conformance.npm.driver import Driver
from conformance.npm.official import OFFICIAL_PACKAGES
from conformance.npm.official.http_endpoint import Endpoint
from conformance.npm.packages import built_once, find_node, find_package, pinned_versions, split_name
from conformance.providers.http_messages import HttpRequest
from connector_kit import ConnectorError, ConnectorErrorCodes, EmailTemplateDetails, SendMessageData, TemplateType

pytestmark = pytest.mark.skipif(
    not os.environ.get("CI") and not any((Path(it) / "node").exists() for it in os.get_exec_path()),
    reason="Node.js is not installed",
)

Make = Callable[..., type[NodeConnector]]

_METADATA = {
    "id": "acme",
    "target": "acme",
    "platform": None,
    "name": {"en": "Acme"},
    "logo": "./logo.svg",
    "logoDark": None,
    "description": {"en": "E-mail through Acme."},
    "readme": "./README.md",
    "formItems": [
        {"key": "endpoint", "label": "Endpoint", "type": "Text", "required": True},
        {"key": "authorization", "label": "Authorization", "type": "Text", "isConfidential": True},
    ],
}

_SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"endpoint": {"type": "string"}, "authorization": {"type": "string"}},
    "required": ["endpoint"],
}

_GUARD = """
const configGuard = {
  safeParse(config) {
    const isObject = typeof config === 'object' && config !== null && !Array.isArray(config);
    const issues = ['endpoint', 'authorization']
      .filter((key) => isObject ? !(typeof config[key] === 'string' || (key !== 'endpoint' && config[key] === undefined)) : key === 'endpoint')
      .map((key) => ({ path: isObject ? [key] : [], code: 'invalid_type', message: 'Expected a string' }));
    return issues.length > 0 ? { success: false, error: { issues } } : { success: true, data: config };
  },
};
class ConnectorError extends Error {
  constructor(code, data) {
    super(`ConnectorError: ${code}`);
    this.code = code;
    this.data = data;
  }
}
"""

_MESSAGE: Mapping[str, Any] = {"to": "a@a.example", "type": "SignIn", "payload": {"code": "000000"}}
_CONFIG: Mapping[str, Any] = {"endpoint": "http://127.0.0.1:9/messages", "authorization": "Bearer t"}


def _write(
    folder: Path,
    body: str,
    *,
    more: str = "",
    head: str = "",
    start: str = "",
    kind: str = "module",
    **metadata: object,
) -> Path:
    """Write a package with that body of sendMessage."""
    (folder / "lib").mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": "acme", "version": "1.2.3", "type": kind}))
    (folder / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (folder / "README.md").write_text("# Acme\n")
    export = {"module": "export default", "commonjs": "module.exports ="}[kind]
    (folder / "lib" / "index.js").write_text(
        f"{head}\n{_GUARD}\n{export} async ({{ getConfig, getI18nEmailTemplate }}) => {{\n{start}\nreturn {{\n"
        f"  type: 'Email', metadata: {json.dumps({**_METADATA, **metadata})}, configGuard,\n"
        f"  sendMessage: async (data, config) => {{ {body} }},\n{more}}};\n}};\n"
    )
    return folder


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make connectors of packages with a given body of sendMessage, and end their processes afterwards."""
    made: list[Any] = []

    def make_one(body: str, *, time_limit: float = 20, **more: Any) -> type[NodeConnector]:
        folder = _write(tmp_path / f"package-{len(made)}", body, **more)
        made.append(npm_connector(folder, schema=_SCHEMA, time_limit=time_limit))
        return made[-1]

    yield make_one
    for connector in made:
        connector.driver.close()


def _no_config(_: str) -> object:
    raise AssertionError


def _send(connector: type[NodeConnector], *, message: Any = _MESSAGE, config: Any = _CONFIG, **given: Any) -> Any:
    return connector(**{"get_config": _no_config, **given}).send_message(message, config)


# --- packages and their results -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["module", "commonjs"])
def test_module_of_either_kind_is_run(make: Make, kind: str) -> None:
    """An ES module and a CommonJS module return the result of sendMessage."""
    connector = make("return { data, config };", kind=kind)
    assert _send(connector) == {"data": _MESSAGE, "config": _CONFIG}


def test_transpiled_module_is_run(tmp_path: Path) -> None:
    """A CommonJS file made from an ES module has its factory at `default`, as Logto's loader expects."""
    folder = _write(tmp_path / "transpiled", "return 1;", kind="commonjs")
    index = folder / "lib" / "index.js"
    index.write_text(index.read_text().replace("module.exports =", "exports.__esModule = true; exports.default ="))
    connector = npm_connector(folder, schema=_SCHEMA)
    assert _send(connector) == 1
    connector.driver.close()


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("undefined", None),
        ("null", None),
        ("'id'", "id"),
        ("[1, { a: true }]", [1, {"a": True}]),
        ("Object.create(null)", {}),
    ],
)
def test_json_result_is_the_same_in_python(make: Make, expression: str, expected: object) -> None:
    """JSON represents these values."""
    assert _send(make(f"return {expression};")) == expected


@pytest.mark.parametrize(
    ("expression", "name"),
    [("new Map([[1, 'two']])", "Map"), ("Number.NaN", "Number"), ("() => 1", "Function"), ("10n", "BigInt")],
)
def test_result_that_json_cannot_represent_is_a_node_object(make: Make, expression: str, name: str) -> None:
    """It has the name of its class and the text that Node.js prints."""
    result = _send(make(f"return {expression};"))
    assert isinstance(result, NodeObject)
    assert result.name == name
    assert result.text


def test_result_that_cannot_be_printed_is_a_node_object(make: Make) -> None:
    """Its text is its JavaScript type, because its custom inspect function throws."""
    result = _send(
        make("return new (class Unprintable { [Symbol.for('nodejs.util.inspect.custom')]() { throw 1; } })();")
    )
    assert result == NodeObject("Unprintable", "object")


def test_deeply_nested_config_reaches_the_connector(make: Make) -> None:
    """It is nested more deeply than `json.dumps` supports; its other keys arrive too."""
    deep: Any = "inside"
    for level in range(3000):
        deep = [deep, level] if level % 2 else {"in": deep, "n": level}
    body = (
        "let it = config.deep, n = 0; while (typeof it === 'object') { it = it.in ?? it[0]; n += 1; } return [n, it];"
    )
    assert _send(make(body), config={"deep": deep, "kind": TemplateType.GENERIC}) == [3000, "inside"]


def test_attrs_values_arrive_as_json(make: Make) -> None:
    """A SendMessageData and an EmailTemplateDetails are converted."""
    connector = make("return [data, await getI18nEmailTemplate(data.type, 'en')];")
    message = SendMessageData.from_json(_MESSAGE)
    template = EmailTemplateDetails(subject="s", content="c", reply_to="r@a.example")
    found = _send(connector, message=message, get_i18n_email_template=lambda *_: template)
    assert found == [_MESSAGE, {"subject": "s", "content": "c", "replyTo": "r@a.example"}]


# --- the network ----------------------------------------------------------------------------------------------------


class _Fixed(Endpoint):
    """An endpoint with a fixed address, which packages cannot change."""

    config_key = None
    scheme = "https"
    host_names = ("api.acme.example", "*.eu.acme.example")
    base_path = ""


_REQUEST = """
const body = JSON.stringify({ to: 'a', type: 'b', payload: {} });
"""
_CLIENTS = {
    "fetch": _REQUEST + "const { status } = await fetch(config.endpoint, { method: 'POST', body }); return status;",
    "https": _REQUEST
    + """
const https = await import('node:https');
return new Promise((resolve, reject) => {
  https
    .request(config.endpoint, { method: 'POST' }, (response) => resolve(response.resume().statusCode))
    .on('error', (error) => reject(new ConnectorError('general', { message: error.code })))
    .end(body);
});
""",
}


@pytest.mark.parametrize("client", _CLIENTS)
@pytest.mark.parametrize("host", ["api.acme.example", "api.acme.example:8443", "API.Acme.example", "a.eu.acme.example"])
def test_host_names_of_the_provider_reach_the_stub(make: Make, client: str, host: str) -> None:
    """With a certificate for the name, at any port; the connector's client verifies it."""
    provider, connector = _Fixed(), make(_CLIENTS[client])
    with provider.running():
        assert _send(connector, config={"endpoint": f"https://{host}/messages"}) == 204
        (call,) = provider.calls
        assert call.raw.headers["Host"].lower() == host.lower()
        assert provider.blocked_sockets == ()


def test_other_host_names_are_blocked(make: Make) -> None:
    """They do not reach the stub, and the suite learns of them."""
    provider, connector = _Fixed(), make(_CLIENTS["https"])
    with provider.running():
        for host in ("acme.example", "api.acme.example.attacker.example", "eu.acme.example"):
            with pytest.raises(ConnectorError, match="ECONNREFUSED"):
                _send(connector, config={"endpoint": f"https://{host}/messages"})
        assert provider.calls == []
        assert provider.blocked_sockets == (
            "acme.example port 443",
            "api.acme.example.attacker.example port 443",
            "eu.acme.example port 443",
        )


def test_host_names_are_blocked_without_a_stub(make: Make) -> None:
    """The stub's names are known only while it is running."""
    with pytest.raises(ConnectorError, match="ECONNREFUSED"):
        _send(make(_CLIENTS["https"]), config={"endpoint": "https://api.acme.example/messages"})


@pytest.mark.parametrize(
    ("name", "request_", "words"),
    [
        (
            "connector-postmark",
            HttpRequest(
                "POST", "https://a.example", {}, b'{"To": "a@b.example", "From": "c@d.example", "TemplateModel": 1}'
            ),
            "expected an object as the TemplateModel",
        ),
        (
            "connector-twilio-sms",
            HttpRequest(
                "POST",
                "https://a.example",
                {"Content-Type": "application/x-www-form-urlencoded"},
                b"To=1555&Body=x&MessagingServiceSid=MG1",
            ),
            "expected To to be a number in E.164 form",
        ),
    ],
)
def test_stubs_of_official_providers_reject_what_the_provider_rejects(
    name: str, request_: HttpRequest, words: str
) -> None:
    """With the reason."""
    stub: Any = OFFICIAL_PACKAGES[f"@logto/{name}"].provider()
    with pytest.raises((TypeError, ValueError), match=words):
        stub.read(request_)


def test_stub_of_a_mail_server_compares_the_headers_of_the_config() -> None:
    """A custom header that the message lacks is an error in its options."""
    stub: Any = OFFICIAL_PACKAGES["@logto/connector-smtp"].provider()
    error = stub.mail_error(EmailMessage(), {"customHeaders": {"X-Entity": "codes"}}, "options")
    assert error == "expected the header X-Entity 'codes' of the config's customHeaders, found None"
    error = stub.mail_error(EmailMessage(), {"replyTo": "help@acme.example"}, "options")
    assert error == "expected the Reply-To to be the config's replyTo 'help@acme.example', found none"


def test_official_packages_are_pinned() -> None:
    """Each package with a Spec has a version, and each version a Spec."""
    assert set(OFFICIAL_PACKAGES) == set(pinned_versions())


# --- callbacks ------------------------------------------------------------------------------------------------------


def test_get_config_runs_when_the_connector_calls_it(make: Make) -> None:
    """It runs in the thread of the send, with the connector's argument, and not for a send with a config."""
    calls: list[tuple[str, int]] = []

    def get_config(connector_id: str) -> object:
        calls.append((connector_id, threading.get_ident()))
        return {"saved": True}

    connector = make("return config ?? (await getConfig('acme'));")
    assert _send(connector, get_config=get_config) == _CONFIG
    assert calls == []
    assert _send(connector, config=None, get_config=get_config) == {"saved": True}
    assert calls == [("acme", threading.get_ident())]


def test_get_i18n_email_template_gets_type_and_locale(make: Make) -> None:
    """A missing locale is ``None`` in Python; the result ``None`` is undefined in Node.js."""
    calls: list[tuple[object, ...]] = []

    def get_template(*given: object) -> None:
        calls.append(given)

    connector = make("return String(await getI18nEmailTemplate(data.type, data.payload.locale));")
    assert _send(connector, get_i18n_email_template=get_template) == "undefined"
    assert calls == [("SignIn", None)]


def test_host_without_managed_templates_passes_no_function(make: Make) -> None:
    """The connector's argument getI18nEmailTemplate is undefined."""
    assert _send(make("return typeof getI18nEmailTemplate;")) == "undefined"


class StoreDownError(Exception):
    """An exception of a host's function."""


def test_uncaught_exception_of_a_callback_is_raised_by_the_send(make: Make) -> None:
    """The send raises the same object."""
    down = StoreDownError("no store")

    def fail(_: str) -> object:
        raise down

    with pytest.raises(StoreDownError) as raised:
        _send(make("return getConfig('acme');"), get_config=fail)
    assert raised.value is down


def test_exception_of_a_callback_can_be_caught_in_node(make: Make) -> None:
    """The error in Node.js has the exception's name and message."""

    def fail(_: str) -> object:
        raise StoreDownError("no store")

    connector = make("try { await getConfig('acme'); } catch (error) { return `${error.name} ${error.message}`; }")
    assert _send(connector, get_config=fail) == "StoreDownError no store"


def test_exception_of_another_send_is_a_node_error(make: Make) -> None:
    """A connector that keeps an error and throws it in a later send does not raise the original exception."""
    connector = make(
        "try { globalThis.kept ??= await getConfig('acme'); } catch (error) { globalThis.kept = error; } throw kept;"
    )

    def fail(_: str) -> object:
        raise StoreDownError("no store")

    with pytest.raises(StoreDownError):
        _send(connector, get_config=fail)
    with pytest.raises(NodeError, match="StoreDownError: no store"):
        _send(connector, get_config=fail)


def test_saved_config_that_is_not_json_raises_value_error(make: Make) -> None:
    """The connector gets it like an exception of ``get_config``."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        _send(make("return getConfig('acme');"), get_config=lambda _: float("nan"))


def test_sends_run_at_the_same_time(make: Make) -> None:
    """Eight sends in one process each get their own result."""
    connector = make("const { n } = await getConfig('acme'); return [n, data.to];")
    together = threading.Barrier(8, timeout=20)

    def send(number: int) -> object:
        def get_config(_: str) -> object:
            together.wait()
            return {"n": number}

        return _send(connector, message={**_MESSAGE, "to": str(number)}, config=None, get_config=get_config)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(send, range(8))) == [[number, str(number)] for number in range(8)]


def test_each_instance_calls_the_factory_once(make: Make) -> None:
    """Instances do not share the state of their factory call."""
    connector = make("sent += 1; return sent;", start="let sent = 0;")
    one, other = connector(get_config=_no_config), connector(get_config=_no_config)
    assert [it.send_message(_MESSAGE, _CONFIG) for it in (one, one, other)] == [1, 2, 1]


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        ("data.payload.code = 'x';", "data"),
        ("config.endpoint = 'x';", "config"),
        ("config.self = config;", "config"),
        ("(await getConfig('acme')).endpoint = 'x';", "saved"),
        ("(await getI18nEmailTemplate()).push('x');", "list"),
        ("const list = await getI18nEmailTemplate(); list.push(list);", "list"),
        ("(await getConfig('acme')).endpoint = 'https://a.example';", ""),
    ],
)
def test_changes_of_the_connector_are_applied_in_python(make: Make, body: str, changed: str) -> None:
    """The suite detects a connector that changes a config or a message of the host."""
    given: dict[str, Any] = {
        "data": {**_MESSAGE, "payload": {"code": "000000"}},
        "config": {"endpoint": "https://a.example"},
        "saved": {"endpoint": "https://a.example"},
        "list": ["c"],
    }
    before = json.loads(json.dumps(given))
    _send(
        make(body),
        message=given["data"],
        config=given["config"],
        get_config=lambda _: given["saved"],
        get_i18n_email_template=lambda *_: given["list"],
    )
    assert [what for what in given if given[what] != before[what]] == ([changed] if changed else [])


def test_frozen_message_is_not_changed(make: Make) -> None:
    """The connector changes only its JSON form."""
    message = SendMessageData.from_json(_MESSAGE)
    _send(make("data.to = 'x';"), message=message)
    assert message.to == "a@a.example"


# --- errors ---------------------------------------------------------------------------------------------------------


def test_connector_error_is_raised_in_python(make: Make) -> None:
    """It has the same code and data; the text that Node.js prints is a note. Any copy of the kit will do."""
    with pytest.raises(ConnectorError) as raised:
        _send(make("throw new ConnectorError('invalid_response', { message: 'No.' });"))
    assert raised.value.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert raised.value.data == {"message": "No."}
    assert "ConnectorError" in raised.value.__notes__[0]


def test_connector_error_without_data_has_none(make: Make) -> None:
    """Missing data is ``None``."""
    with pytest.raises(ConnectorError) as raised:
        _send(make("throw new ConnectorError('general');"))
    assert raised.value.data is None


def test_error_data_that_is_not_json_is_a_node_object(make: Make) -> None:
    """It shows the printed text; ``json.dumps`` fails as it does in Logto."""
    with pytest.raises(ConnectorError) as raised:
        _send(
            make(
                "const details = { key: 'k-1' }; details.self = details; throw new ConnectorError('general', details);"
            )
        )
    assert "k-1" in repr(raised.value.data)
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(raised.value.data)


@pytest.mark.parametrize(
    ("thrown", "name", "message"),
    [
        ("new TypeError('wrong')", "TypeError", "wrong"),
        ("new ConnectorError('unknown_code', 1)", "ConnectorError", "ConnectorError: unknown_code"),
        ("new ConnectorError(404)", "ConnectorError", "ConnectorError: 404"),
        ("new (class Custom extends Error {})('custom')", "Custom", "custom"),
        ("'just text'", "string", "'just text'"),
        ("{ status: 500 }", "object", "{ status: 500 }"),
        ("undefined", "undefined", "undefined"),
        ("null", "object", "null"),
    ],
)
def test_other_thrown_value_is_a_node_error(make: Make, thrown: str, name: str, message: str) -> None:
    """That includes a ConnectorError with a code that Logto does not have."""
    with pytest.raises(NodeError) as raised:
        _send(make(f"throw {thrown};"))
    assert (raised.value.name, raised.value.message) == (name, message)
    assert str(raised.value) == f"{name}: {message}"


def test_printed_error_is_a_note_of_the_exception(make: Make) -> None:
    """It includes members and causes, where the suite searches for secrets."""
    with pytest.raises(NodeError) as raised:
        _send(
            make(
                "throw Object.assign(new Error('no', { cause: new Error('k-1') }), { options: { headers: { a: 'k-2' } } });"
            )
        )
    assert "k-1" in raised.value.__notes__[0]
    assert "k-2" in raised.value.__notes__[0]


def test_send_beyond_the_time_limit_is_killed(make: Make) -> None:
    """Other sends in the process fail with the same error; the next send works."""
    connector = make("if (data.to === 'hang') { await new Promise(() => {}); } return 'sent';", time_limit=1.5)
    with ThreadPoolExecutor(2) as pool:
        started = time.monotonic()
        both = [pool.submit(_send, connector, message={**_MESSAGE, "to": "hang"}) for _ in range(2)]
        raised = [it.exception() for it in both]
    assert time.monotonic() - started < 10
    assert {type(it) for it in raised} == {NodeError}
    assert all("took more than 1.5 seconds" in str(it) for it in raised)
    assert _send(connector) == "sent"


def test_endless_loop_is_killed(make: Make) -> None:
    """A connector can block the whole process."""
    connector = make("while (data.to === 'hang') {} return 'sent';", time_limit=1.5)
    with pytest.raises(NodeError, match="took more than"):
        _send(connector, message={**_MESSAGE, "to": "hang"})
    assert _send(connector) == "sent"


def test_process_that_exits_fails_the_send(make: Make) -> None:
    """The error shows the exit status and standard error; the next send works."""
    connector = make(
        "if (data.to === 'end') { process.on('exit', () => fs.writeSync(2, 'bye')); process.exit(3); } return 1;",
        head="import fs from 'node:fs';",
    )
    with pytest.raises(
        NodeError, match=r"(?s)ProcessEnded: The operation (create|send) did not finish\. .*status 3.*bye"
    ):
        _send(connector, message={**_MESSAGE, "to": "end"})
    assert _send(connector) == 1


def test_instance_works_after_its_process_has_ended(make: Make) -> None:
    """The next process creates the connector again."""
    connector = make("return 'sent';")
    instance = connector(get_config=_no_config)
    connector.driver.close()
    connector.driver.close()
    assert instance.send_message(_MESSAGE, _CONFIG) == "sent"


def test_late_response_is_dropped(make: Make) -> None:
    """After an interrupted send, the next send gets its own result."""
    wait = "await new Promise((done) => setTimeout(done, data.to === 'late' ? 200 : 400));"
    connector = make(f"if (data.to === 'late') {{ void getConfig('acme'); }} {wait} return data.to;")

    def interrupt(_: str) -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _send(connector, message={**_MESSAGE, "to": "late"}, get_config=interrupt)
    assert _send(connector) == "a@a.example"


def test_request_to_an_ended_process_gets_its_end(make: Make) -> None:
    """Writing does not fail, and the inbox receives the exit status."""
    connector = make("return 1;")
    process = connector.driver._running_process()
    process._node.kill()
    process._stdout_reader.join()
    process.write(b"{}")
    inbox = process.open_inbox(10**6)
    assert "status -9" in inbox.get(timeout=5).reason
    assert process.has_ended


def test_close_kills_a_process_that_does_not_end(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Node.js cannot end while a loop blocks it."""
    monkeypatch.setattr("conformance.npm.driver._CLOSE_TIME_LIMIT", 0.3)
    connector = make("setTimeout(() => { while (true) {} }, 1);")
    _send(connector)
    time.sleep(0.2)
    process = connector.driver._running_process()
    connector.driver.close()
    assert process.has_ended


def test_node_ends_with_python(tmp_path: Path) -> None:
    """A program need not close connectors: no warning, no process left."""
    folder = _write(tmp_path / "package", "return process.pid;")
    program = (
        "import pathlib; from conformance.npm import npm_connector\n"
        f"connector = npm_connector(pathlib.Path({str(folder)!r}), schema={{}})\n"
        "print(connector(get_config=print).send_message({}, {}))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stderr == ""
    with pytest.raises(ProcessLookupError):
        os.kill(int(done.stdout), 0)


# --- output ---------------------------------------------------------------------------------------------------------


def test_output_of_the_connector_is_logged(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """Console, streams and file descriptors are logged at INFO, where the suite searches for secrets."""
    connector = make(
        "console.log('on the console'); console.error('an error'); process.stdout.write(Buffer.from('bytes'), 'utf8', () => {});"
        "process.stderr.write('with a callback', () => {}); fs.writeSync(1, 'past the driver\\n'); fs.writeSync(1, '7\\n');"
        "fs.writeSync(2, 'on the descriptor\\n');",
        head="import fs from 'node:fs';",
    )
    with caplog.at_level(logging.INFO, "conformance.npm"):
        _send(connector)
        connector.driver.close()
    logged = {record.getMessage() for record in caplog.records if record.levelno == logging.INFO}
    expected = {"on the console", "an error", "bytes", "with a callback", "past the driver", "7", "on the descriptor"}
    assert expected <= logged


# --- network and environment ----------------------------------------------------------------------------------------

_NODE_MODULES = "import net from 'node:net'; import dns from 'node:dns'; import dgram from 'node:dgram'; import http from 'node:http';"
_DONE = "await new Promise((done) => "


@pytest.mark.parametrize(
    ("body", "address"),
    [
        (_DONE + "net.connect(443, 'acme.example').on('error', done));", "acme.example port 443"),
        (_DONE + "net.connect({ port: 1, host: '192.0.2.1' }).on('error', done));", "192.0.2.1 port 1"),
        (_DONE + "new net.Socket().connect(2, '192.0.2.2').on('error', done));", "192.0.2.2 port 2"),
        (_DONE + "net.connect('/tmp/acme.sock').on('error', done));", "the path /tmp/acme.sock"),
        (_DONE + "net.connect({ path: '/tmp/acme.sock' }).on('error', done));", "the path /tmp/acme.sock"),
        (_DONE + "net.connect(9).on('error', done));", "localhost port 9"),
        (_DONE + "http.get('http://acme.example/').on('error', done));", "acme.example port 80"),
        ("await fetch('http://acme.example:81/').catch(() => {});", "acme.example port 81"),
        (_DONE + "dns.lookup('acme.example', done));", "acme.example"),
        (_DONE + "dns.resolve4('acme.example', done));", "acme.example"),
        (_DONE + "new dns.Resolver().resolve4('acme.example', done));", "acme.example"),
        ("await dns.promises.lookup('acme.example').catch(() => {});", "acme.example"),
        ("await new dns.promises.Resolver().resolve4('acme.example').catch(() => {});", "acme.example"),
        (_DONE + "dgram.createSocket('udp4').send('x', 53, '192.0.2.3', done));", "192.0.2.3 port 53"),
        (_DONE + "dgram.createSocket('udp4').on('error', done).send('x', 53));", "localhost port 53"),
    ],
)
def test_other_sockets_are_blocked(make: Make, body: str, address: str) -> None:
    """Each API of Node.js that opens a socket or looks a name up is blocked; the provider records the address."""
    connector, provider = make(body, head=_NODE_MODULES), Endpoint()
    with provider.running():
        _send(connector)
    assert provider.blocked_sockets == (address,)


def test_stub_can_be_reached(make: Make) -> None:
    """By IP address and by name; lookups of names of this machine work too."""
    body = (
        "await dns.promises.lookup('localhost'); await new Promise((done) => dns.lookup('127.0.0.1', done));"
        "const socket = dgram.createSocket('udp4'); const { port } = new URL(config.endpoint);"
        "await new Promise((done) => socket.send('x', Number(port), '127.0.0.1', done)); socket.close();"
        "const post = { method: 'POST', body: JSON.stringify(data), headers: { authorization: config.authorization } };"
        "const named = config.endpoint.replace('127.0.0.1', 'localhost');"
        "return [(await fetch(config.endpoint, post)).status, (await fetch(named, post)).status];"
    )
    connector, provider = make(body, head=_NODE_MODULES), Endpoint()
    with provider.running():
        assert _send(connector, config=provider.prepare_config(_CONFIG)) == [204, 204]
        assert provider.blocked_sockets == ()
    assert [call.to for call in provider.calls] == [("a@a.example",)] * 2


def test_all_sockets_are_blocked_without_a_stub(make: Make) -> None:
    """Sockets to this machine are blocked as well."""
    connector = make(
        _DONE + "net.connect(9, '127.0.0.1').on('error', (error) => done(error))).then((error) => { throw error; });",
        head=_NODE_MODULES,
    )
    with pytest.raises(NodeError, match=r"blocks sockets to 127\.0\.0\.1 port 9"):
        _send(connector)


def test_environment_of_the_machine_is_not_inherited(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Node.js has no AWS profile, key or proxy; the metadata service is disabled."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "HTTPS_PROXY", "NODE_OPTIONS"):
        monkeypatch.setenv(name, "--no-warnings")
    environment = _send(make("return { ...process.env };"))
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert not {"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "HTTPS_PROXY", "NODE_OPTIONS"} & environment.keys()


def test_environment_of_the_stub_is_set_while_it_runs(make: Make) -> None:
    """It directs clients to the stub, and is gone afterwards."""

    class Addressed(Endpoint):
        environment_variable = "ACME_ENDPOINT"

    connector, provider = make("return process.env.ACME_ENDPOINT ?? null;"), Addressed()
    with provider.running():
        assert _send(connector) == provider.address
    assert _send(connector) is None


# --- the class ------------------------------------------------------------------------------------------------------


def test_guard_is_the_packages_own(make: Make) -> None:
    """Verdicts and issues come from the package's configGuard; a valid config is returned unchanged."""
    guard = make("").config_guard
    assert guard.is_valid(_CONFIG)
    assert guard.validate(_CONFIG) is _CONFIG
    assert [(it.path, it.keyword, it.message) for it in guard.issues({})] == [
        ("$.endpoint", "invalid_type", "Expected a string")
    ]
    with pytest.raises(ConnectorError) as raised:
        guard.validate({})
    assert raised.value.data == {
        "issues": [{"path": "$.endpoint", "keyword": "invalid_type", "message": "Expected a string"}]
    }
    assert guard.schema == _SCHEMA


@pytest.mark.parametrize(
    "side_effect",
    ["config.seen = true", "void fetch('http://acme.example').catch(() => {})"],
)
def test_guard_with_a_side_effect_fails_the_check(make: Make, side_effect: str) -> None:
    """It changes the config, or opens a socket."""
    start = f"configGuard.safeParse = ((parse) => (config) => {{ if (config?.endpoint) {{ {side_effect}; }} return parse(config); }})(configGuard.safeParse);"
    connector = make(_RIGHT, start=start)
    (result,) = check_connector(
        _spec(connector), checks=["config.validation-side-effects"], profile=PROFILES["ci"]
    ).results
    assert result.state is State.FAILED


def test_config_that_is_not_json_is_invalid(make: Make) -> None:
    """Python rejects it without Node.js."""
    assert not make("").config_guard.is_valid({"endpoint": float("nan")})


def test_repr_shows_no_secret(make: Make) -> None:
    """Connector, guard and driver show names only."""
    connector = make("")
    shown = repr(connector(get_config=lambda _: _CONFIG))
    assert shown == "Acme(<acme in Node.js>)"
    assert repr(connector.driver) == f"Driver({str(connector.folder)!r})"
    assert "Bearer" not in repr(connector.config_guard)


def test_get_usage_exists_where_the_package_has_it(make: Make) -> None:
    """Other connectors raise not_implemented."""
    connector = make("", more="  getUsage: async (since) => since?.getTime() ?? (await getConfig('acme')).count,\n")
    instance: Any = connector(get_config=lambda _: {"count": 7})
    assert instance.get_usage() == 7
    assert instance.get_usage(datetime(2026, 1, 1, tzinfo=UTC)) == 1767225600000
    with pytest.raises(ConnectorError, match="does not implement get_usage"):
        make("")(get_config=_no_config).get_usage()


def test_compose_raises_not_implemented(make: Make) -> None:
    """Node.js composes the messages."""
    with pytest.raises(ConnectorError, match=r"Node\.js composes the messages"):
        make("")(get_config=_no_config).compose(_CONFIG, SendMessageData.from_json(_MESSAGE))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("type: 'Email'", "type: 'Social'"), "found the type 'Social' and the methods sendMessage"),
        (("sendMessage:", "post:"), "found the type 'Email' and the methods post"),
        (("sendMessage: async (data, config) => {  },", ""), "and no methods"),
        (("safeParse(config)", "parse(config)"), "no configGuard with a safeParse"),
        (('"logoDark": null, ', ""), "invalid metadata, so Logto cannot load it"),
        (("export default", "export const made ="), "The default export of lib/index.js must be a function"),
        (("export default", "throw new ConnectorError('general'); export default"), "cannot be loaded"),
    ],
)
def test_package_that_logto_cannot_load_raises_spec_error(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    """The message names the missing part."""
    folder = _write(tmp_path / "package", "")
    index = folder / "lib" / "index.js"
    index.write_text(index.read_text().replace(*change))
    with pytest.raises(SpecError, match=message):
        npm_connector(folder, schema=_SCHEMA)


# --- the suite on connectors in Node.js -----------------------------------------------------------------------------

_RIGHT = """
    const isText = (it) => typeof it === 'string';
    const isObject = (it) => typeof it === 'object' && it !== null && !Array.isArray(it);
    const { to, type, payload, ip } = isObject(data) ? data : {};
    if (!(isText(to) && isText(type) && isObject(payload) && (ip === undefined || isText(ip)))) {
      throw new ConnectorError('invalid_request_parameters', { message: 'Malformed message.' });
    }
    const settings = config === undefined ? await getConfig('acme') : config;
    const { success, error } = configGuard.safeParse(settings);
    if (!success) {
      throw new ConnectorError('invalid_config', { issues: error.issues });
    }
    let response, body;
    try {
      response = await fetch(settings.endpoint, {
        method: 'POST',
        redirect: 'manual',
        signal: AbortSignal.timeout(1500),
        headers: { 'content-type': 'application/json', ...(settings.authorization && { authorization: settings.authorization }) },
        body: JSON.stringify({ to, type, payload, ...(ip !== undefined && { ip }) }),
      });
      body = await response.text();
    } catch {
      throw new ConnectorError('general', { message: 'The endpoint cannot be reached.' });
    }
    if (response.status === 204) {
      return;
    }
    let message = '';
    try { message = JSON.parse(body).message; } catch {}
    message = isText(message) ? message : '';
    for (const secret of [settings.authorization, ...Object.values(payload)].filter((it) => isText(it) && it)) {
      message = message.replaceAll(secret, '***');
    }
    const throttle = /used up/.test(message) ? 'usage_limit_exceeded' : 'rate_limit_exceeded';
    message ||= `The endpoint responded with ${response.status}.`;
    throw new ConnectorError(response.status === 429 ? throttle : 'invalid_response', { message });
"""


def _spec(connector: type[NodeConnector]) -> Spec:
    return Spec(
        connector=connector,
        valid_config=_CONFIG,
        provider=Endpoint,
        capabilities={"provider-templates"},
        secrets=("authorization",),
    )


def test_correct_connector_in_node_passes_the_suite(make: Make) -> None:
    """Checks about Python alone do not apply."""
    profile = evolve(PROFILES["ci"], examples=6)
    report = check_connector(_spec(make(_RIGHT)), profile=profile)
    assert [(it.id, it.message) for it in report.errors] == []
    assert report.spec_errors == ()
    found = {it.id: it for it in report.results}
    for check_id in ("config.class-matches-schema", "config.round-trip", "isolation.process-state"):
        assert found[check_id].state is State.NOT_APPLICABLE
        assert "Node.js" in found[check_id].message
    assert found["secrets.repr"].state is State.PASSED
    assert found["metadata.files-exist"].state is State.PASSED


@pytest.mark.parametrize(
    ("change", "check_id", "message"),
    [
        (("const isText", "console.log(data); const isText"), "secrets.log", "no secret in the log"),
        (
            ("const throttle", "await fetch('http://acme.example').catch(() => {}); const throttle"),
            "isolation.network",
            "acme.example port 80",
        ),
        (
            ("const isText", "if (config) { config.seen = true; } const isText"),
            "config.not-mutated",
            "changes at $.seen",
        ),
        (
            ("await getConfig('acme')", "(await getConfig('acme').catch(() => { throw 'no config'; }))"),
            "config.get-config-error",
            "NodeError",
        ),
        (
            ("throw new ConnectorError('general', {", "throw Object.assign(new Error('no'), {"),
            "errors.network",
            "NodeError",
        ),
        (("cannot be reached.'", "cannot be reached.', settings"), "secrets.failed-send", "authorization"),
        (("return;", "return response;"), "delivery.json-result", "NodeObject"),
    ],
)
def test_wrong_connector_in_node_fails_the_check(
    make: Make, change: tuple[str, str], check_id: str, message: str
) -> None:
    """The same check fails as in Python, with the same message."""
    assert change[0] in _RIGHT
    report = check_connector(_spec(make(_RIGHT.replace(*change))), checks=[check_id], profile=PROFILES["ci"])
    (result,) = report.results
    assert (result.state, message in result.message) == (State.FAILED, True), result.message


def test_schema_that_differs_from_the_guard_fails_the_check(make: Make) -> None:
    """The check compares the schema with the package's own guard."""
    connector = make(_RIGHT)
    guard = type(connector.config_guard)({**_SCHEMA, "required": []}, connector.driver)
    connector.config_guard = guard
    (result,) = check_connector(
        _spec(connector), checks=["config.guard-matches-schema"], profile=PROFILES["ci"]
    ).results
    assert result.state is State.FAILED


def test_endpoint_rejects_a_body_without_type_and_payload() -> None:
    """Logto's messages have both."""
    with pytest.raises(TypeError, match="a string as the type and an object as the payload"):
        Endpoint().read(HttpRequest("POST", "http://a.example/", {}, b'{"to": "a", "type": 1, "payload": {}}'))


# --- finding packages -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("acme", ("acme", None)),
        ("@acme/connector-sms", ("@acme/connector-sms", None)),
        ("acme@1.2.3", ("acme", "1.2.3")),
        ("@acme/mail@1.2.3-beta.1", ("@acme/mail", "1.2.3-beta.1")),
    ],
)
def test_name_and_version_are_split(target: str, expected: tuple[str, str | None]) -> None:
    """A name may have a scope and an exact version."""
    assert split_name(target) == expected


@pytest.mark.parametrize(
    "target", ["", "--global", "../acme", "Acme", "acme@latest", "acme@^1.0.0", "https://a.example/a.tgz"]
)
def test_other_npm_argument_raises_spec_error(target: str) -> None:
    """Options, paths, addresses and version ranges are not packages with a version."""
    with pytest.raises(SpecError):
        split_name(target)


def test_package_is_found_in_this_folder_or_a_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nearest node_modules folder with the package and the version is used."""
    package = _write(tmp_path / "node_modules" / "@acme" / "mail", "")
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert find_package("@acme/mail") == package
    assert find_package("@acme/mail@1.2.3") == package
    with pytest.raises(SpecError, match=r"npm install acme`, or name a version, such as acme@1\.2\.3"):
        find_package("acme")


_FAKE_NPM = """#!/bin/sh
echo "$@" >> "$HOME/arguments"
test -n "$FAKE_NPM_FAILS" && { echo "npm failed" >&2; exit 1; }
test -n "$FAKE_NPM_HANGS" && sleep 30
for name in acme @logto/connector-http-sms; do mkdir -p "node_modules/$name" && echo '{}' > "node_modules/$name/package.json"; done
"""


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a fake npm on the PATH, with an empty home folder; return the file in which it records its arguments."""
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "npm"
    script.write_text(_FAKE_NPM)
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.defpath}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "arguments"


def test_version_is_installed_once(npm: Path) -> None:
    """A missing package is installed into the user's cache folder without scripts, and found there the next time."""
    first = find_package("acme@1.2.3")
    assert find_package("acme@1.2.3") == first
    assert first == npm.parent / ".cache" / "logto-connector-kit" / "npm" / "acme@1.2.3" / "node_modules" / "acme"
    (arguments,) = npm.read_text().splitlines()
    assert arguments.startswith("install acme@1.2.3 --ignore-scripts --no-audit --no-fund --prefix ")
    assert [it.name for it in first.parents[2].iterdir()] == ["acme@1.2.3"]


def test_package_of_logto_without_version_is_pinned(npm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The pinned version is installed from the lock file, with its dependencies."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(npm.parent / "elsewhere"))
    name = "@logto/connector-http-sms"
    folder = find_package(name)
    assert folder.is_relative_to(npm.parent / "elsewhere")
    assert find_package(f"{name}@{pinned_versions()[name]}") == folder
    (arguments,) = npm.read_text().splitlines()
    assert arguments.startswith("ci --ignore-scripts")
    assert (folder.parents[2] / "package-lock.json").is_file()


@pytest.mark.usefixtures("npm")
def test_failed_install_raises_spec_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the error of npm, or the time limit."""
    monkeypatch.setenv("FAKE_NPM_FAILS", "1")
    with pytest.raises(SpecError, match=r"(?s)`npm install acme@1\.2\.3` failed:.*npm failed"):
        find_package("acme@1.2.3")
    monkeypatch.delenv("FAKE_NPM_FAILS")
    monkeypatch.setenv("FAKE_NPM_HANGS", "1")
    monkeypatch.setattr(npm_packages, "_INSTALL_TIME_LIMIT", 0.2)
    with pytest.raises(SpecError, match=r"took more than 0\.2 seconds"):
        find_package("acme@1.2.3")


def test_missing_node_or_npm_raises_spec_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message names what to install."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=r"`node` is not on the PATH: install"):
        find_node()
    with pytest.raises(SpecError, match="npm is not on the PATH: install"):
        find_package("acme@1.2.3")


def test_folder_built_at_the_same_time_is_kept(tmp_path: Path) -> None:
    """The second process uses the folder of the first one and removes its own."""
    wanted = tmp_path / "wanted"
    with built_once(wanted) as scratch:
        assert scratch is not None
        (scratch / "second").touch()
        wanted.mkdir()
        (wanted / "first").touch()
    assert [it.name for it in wanted.iterdir()] == ["first"]
    assert [it.name for it in tmp_path.iterdir()] == ["wanted"]


def test_folder_that_cannot_be_created_raises_os_error(tmp_path: Path) -> None:
    """A file has the same name."""
    wanted = tmp_path / "wanted"
    with pytest.raises(OSError, match="wanted"), built_once(wanted):
        wanted.touch()


def test_package_without_spec_raises_spec_error_with_instructions() -> None:
    """The message shows how to write a Spec, and lists the packages that need none."""
    with pytest.raises(
        SpecError, match=r"(?s)no Spec for @acme/mail.*npm_connector\(\"@acme/mail\".*@logto/connector-aws-ses"
    ):
        npm_spec("@acme/mail")


def test_package_of_logto_needs_no_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``npm_spec`` returns one."""
    _write(tmp_path / "node_modules" / "@logto" / "connector-http-email", "", id="http-email")
    monkeypatch.chdir(tmp_path)
    spec = npm_spec("@logto/connector-http-email")
    assert (spec.name, spec.runs_in, spec.provider) == ("http-email", "Node.js", Endpoint)
    assert spec.secrets == ("authorization",)
    connector: Any = spec.connector
    connector.driver.close()


def test_garbage_collected_driver_ends_its_process(tmp_path: Path) -> None:
    """A driver need not be closed."""
    driver = Driver(find_node(), _write(tmp_path / "package", ""))
    assert driver.request("describe")["type"] == "Email"
    process = driver._running_process()
    del driver
    assert process.has_ended
