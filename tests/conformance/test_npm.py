"""Connectors that run in Node: how they are found and run, and that the suite sees of them what it sees of others."""

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
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

import conformance.npm.packages as npm_packages
from conformance import PROFILES, Spec, SpecError, State, check_connector
from conformance.http_exchange import HttpRequest
from conformance.npm import NodeConnector, NodeError, NodeObject, npm_connector, npm_spec
from conformance.npm.driver import Driver
from conformance.npm.official import Endpoint
from conformance.npm.packages import built_once, find_node, find_package, pinned_versions, split_name
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
    """Write a package whose sendMessage has that body."""
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
    """Make connectors of packages with a given sendMessage, and end their processes afterwards."""
    made: list[type[NodeConnector]] = []

    def make_one(body: str, *, time_limit: float = 20, **more: Any) -> type[NodeConnector]:  # noqa: ANN401 - see `_write`
        folder = _write(tmp_path / f"package-{len(made)}", body, **more)
        made.append(npm_connector(folder, schema=_SCHEMA, time_limit=time_limit))
        return made[-1]

    yield make_one
    for connector in made:
        connector.driver.close()


def _no_config(_: str) -> object:
    raise AssertionError


def _send(connector: type[NodeConnector], *, message: Any = _MESSAGE, config: Any = _CONFIG, **given: Any) -> Any:  # noqa: ANN401 - anything
    return connector(**{"get_config": _no_config, **given}).send_message(message, config)


# --- packages and what they return ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["module", "commonjs"])
def test_modules_of_both_kinds_are_run(make: Make, kind: str) -> None:
    """An ES module and a CommonJS one are loaded, and what sendMessage returns comes back."""
    connector = make("return { data, config };", kind=kind)
    assert _send(connector) == {"data": _MESSAGE, "config": _CONFIG}


def test_a_transpiled_module_is_run(tmp_path: Path) -> None:
    """A CommonJS file that was made from an ES module has its function under `default`, as Logto's loader knows."""
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
def test_a_result_comes_back_as_json(make: Make, expression: str, expected: object) -> None:
    """What JSON has a form for is the same in Python."""
    assert _send(make(f"return {expression};")) == expected


@pytest.mark.parametrize(
    ("expression", "name"),
    [("new Map([[1, 'two']])", "Map"), ("Number.NaN", "Number"), ("() => 1", "Function"), ("10n", "BigInt")],
)
def test_a_result_that_is_no_json_is_shown(make: Make, expression: str, name: str) -> None:
    """What JSON has no form for is an object with its name and what Node prints of it."""
    result = _send(make(f"return {expression};"))
    assert isinstance(result, NodeObject)
    assert result.name == name
    assert result.text


def test_a_result_that_refuses_to_be_shown_still_comes_back(make: Make) -> None:
    """An object whose own way of being printed throws is known by the type that it has."""
    result = _send(make("return new (class Odd { [Symbol.for('nodejs.util.inspect.custom')]() { throw 1; } })();"))
    assert result == NodeObject("Odd", "object")


def test_values_nested_beyond_pythons_limit_reach_node(make: Make) -> None:
    """A config that is nested thousands of levels deep gets to the connector, with all that stands beside it."""
    deep: Any = "inside"
    for level in range(3000):
        deep = [deep, level] if level % 2 else {"in": deep, "n": level}
    body = (
        "let it = config.deep, n = 0; while (typeof it === 'object') { it = it.in ?? it[0]; n += 1; } return [n, it];"
    )
    assert _send(make(body), config={"deep": deep, "kind": TemplateType.GENERIC}) == [3000, "inside"]


def test_messages_and_managed_templates_may_be_attrs_values(make: Make) -> None:
    """A SendMessageData goes to Node as its JSON, and so does an EmailTemplateDetails."""
    connector = make("return [data, await getI18nEmailTemplate(data.type, 'en')];")
    message = SendMessageData.from_json(_MESSAGE)
    template = EmailTemplateDetails(subject="s", content="c", reply_to="r@a.example")
    found = _send(connector, message=message, get_i18n_email_template=lambda *_: template)
    assert found == [_MESSAGE, {"subject": "s", "content": "c", "replyTo": "r@a.example"}]


# --- calls back -----------------------------------------------------------------------------------------------------


def test_get_config_is_called_when_the_connector_asks(make: Make) -> None:
    """The saved config is asked for in the thread of the send, by the id that the connector gives, and only then."""
    asked: list[tuple[str, int]] = []

    def get_config(connector_id: str) -> object:
        asked.append((connector_id, threading.get_ident()))
        return {"saved": True}

    connector = make("return config ?? (await getConfig('acme'));")
    assert _send(connector, get_config=get_config) == _CONFIG
    assert asked == []
    assert _send(connector, config=None, get_config=get_config) == {"saved": True}
    assert asked == [("acme", threading.get_ident())]


def test_a_managed_template_is_asked_for_with_type_and_locale(make: Make) -> None:
    """The connector's arguments arrive; a missing locale is None, and None goes back as undefined."""
    asked: list[tuple[object, ...]] = []

    def get_template(*given: object) -> None:
        asked.append(given)

    connector = make("return String(await getI18nEmailTemplate(data.type, data.payload.locale));")
    assert _send(connector, get_i18n_email_template=get_template) == "undefined"
    assert asked == [("SignIn", None)]


def test_without_managed_templates_there_is_no_function(make: Make) -> None:
    """A host that manages no templates gives no getI18nEmailTemplate."""
    assert _send(make("return typeof getI18nEmailTemplate;")) == "undefined"


class StoreDownError(Exception):
    """What a host's function raises."""


def test_what_a_call_raises_comes_back_as_it_is(make: Make) -> None:
    """An exception of get_config that the connector lets through is the very same object."""
    down = StoreDownError("no store")

    def fail(_: str) -> object:
        raise down

    with pytest.raises(StoreDownError) as raised:
        _send(make("return getConfig('acme');"), get_config=fail)
    assert raised.value is down


def test_what_a_call_raises_can_be_seen_and_caught_in_node(make: Make) -> None:
    """The connector sees name and message of the exception, and may go on."""

    def fail(_: str) -> object:
        raise StoreDownError("no store")

    connector = make("try { await getConfig('acme'); } catch (error) { return `${error.name} ${error.message}`; }")
    assert _send(connector, get_config=fail) == "StoreDownError no store"


def test_an_exception_of_another_send_is_no_exception_of_this_one(make: Make) -> None:
    """A connector that keeps an exception and throws it again later does not raise it in Python."""
    connector = make(
        "try { globalThis.kept ??= await getConfig('acme'); } catch (error) { globalThis.kept = error; } throw kept;"
    )

    def fail(_: str) -> object:
        raise StoreDownError("no store")

    with pytest.raises(StoreDownError):
        _send(connector, get_config=fail)
    with pytest.raises(NodeError, match="StoreDownError: no store"):
        _send(connector, get_config=fail)


def test_a_config_that_is_no_json_is_the_hosts_mistake(make: Make) -> None:
    """What get_config returns and JSON has no form for raises there, as anything that get_config raises."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        _send(make("return getConfig('acme');"), get_config=lambda _: float("nan"))


def test_eight_sends_run_at_once(make: Make) -> None:
    """Eight sends are under way at the same time in one process, and each gets its own answer."""
    connector = make("const { n } = await getConfig('acme'); return [n, data.to];")
    together = threading.Barrier(8, timeout=20)

    def send(number: int) -> object:
        def get_config(_: str) -> object:
            together.wait()
            return {"n": number}

        return _send(connector, message={**_MESSAGE, "to": str(number)}, config=None, get_config=get_config)

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(send, range(8))) == [[number, str(number)] for number in range(8)]


def test_one_instance_in_python_is_one_in_node(make: Make) -> None:
    """The package's factory is called once for each instance, so that what one keeps, it keeps from the others."""
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
def test_what_the_connector_changes_is_changed_in_python(make: Make, body: str, changed: str) -> None:
    """A connector that changes config or message in Node is seen to: it changes those of the host."""
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


def test_what_cannot_be_changed_in_python_stays(make: Make) -> None:
    """A message that is a frozen value stays as it is, whatever the connector does to its JSON."""
    message = SendMessageData.from_json(_MESSAGE)
    _send(make("data.to = 'x';"), message=message)
    assert message.to == "a@a.example"


# --- errors ---------------------------------------------------------------------------------------------------------


def test_a_connector_error_is_one_in_python(make: Make) -> None:
    """A ConnectorError, of whatever copy of the kit, has code and data, and what Node prints of it as a note."""
    with pytest.raises(ConnectorError) as raised:
        _send(make("throw new ConnectorError('invalid_response', { message: 'No.' });"))
    assert raised.value.code is ConnectorErrorCodes.INVALID_RESPONSE
    assert raised.value.data == {"message": "No."}
    assert "ConnectorError" in raised.value.__notes__[0]


def test_a_connector_error_without_data_has_none(make: Make) -> None:
    """Data that is not there is None."""
    with pytest.raises(ConnectorError) as raised:
        _send(make("throw new ConnectorError('general');"))
    assert raised.value.data is None


def test_data_that_is_no_json_is_none_in_python_either(make: Make) -> None:
    """Data of which Logto could make no JSON is shown, and json.dumps refuses it."""
    with pytest.raises(ConnectorError) as raised:
        _send(make("const told = { key: 'k-1' }; told.self = told; throw new ConnectorError('general', told);"))
    assert "k-1" in repr(raised.value.data)
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps(raised.value.data)


@pytest.mark.parametrize(
    ("thrown", "name", "message"),
    [
        ("new TypeError('wrong')", "TypeError", "wrong"),
        ("new ConnectorError('nobody_knows', 1)", "ConnectorError", "ConnectorError: nobody_knows"),
        ("new ConnectorError(404)", "ConnectorError", "ConnectorError: 404"),
        ("new (class Odd extends Error {})('odd')", "Odd", "odd"),
        ("'just text'", "string", "'just text'"),
        ("{ status: 500 }", "object", "{ status: 500 }"),
        ("undefined", "undefined", "undefined"),
        ("null", "object", "null"),
    ],
)
def test_anything_else_is_a_node_error(make: Make, thrown: str, name: str, message: str) -> None:
    """What is no ConnectorError of Logto's codes is a NodeError, which says what was thrown."""
    with pytest.raises(NodeError) as raised:
        _send(make(f"throw {thrown};"))
    assert (raised.value.name, raised.value.message) == (name, message)
    assert str(raised.value) == f"{name}: {message}"


def test_what_hosts_would_log_of_an_error_is_in_its_traceback(make: Make) -> None:
    """The members and causes of an error, as Node prints them, are its note: a secret in them is found."""
    with pytest.raises(NodeError) as raised:
        _send(
            make(
                "throw Object.assign(new Error('no', { cause: new Error('k-1') }), { options: { headers: { a: 'k-2' } } });"
            )
        )
    assert "k-1" in raised.value.__notes__[0]
    assert "k-2" in raised.value.__notes__[0]


def test_a_send_that_never_ends_is_given_up(make: Make) -> None:
    """After the time limit the process is ended with a clear error, those beside it too, and the next send works."""
    connector = make("if (data.to === 'hang') { await new Promise(() => {}); } return 'sent';", time_limit=1.5)
    with ThreadPoolExecutor(2) as pool:
        started = time.monotonic()
        both = [pool.submit(_send, connector, message={**_MESSAGE, "to": "hang"}) for _ in range(2)]
        raised = [it.exception() for it in both]
    assert time.monotonic() - started < 10
    assert {type(it) for it in raised} == {NodeError}
    assert all("took more than 1.5 seconds" in str(it) for it in raised)
    assert _send(connector) == "sent"


def test_a_loop_without_end_is_given_up_too(make: Make) -> None:
    """A connector that blocks Node altogether is ended as well."""
    connector = make("while (data.to === 'hang') {} return 'sent';", time_limit=1.5)
    with pytest.raises(NodeError, match="took more than"):
        _send(connector, message={**_MESSAGE, "to": "hang"})
    assert _send(connector) == "sent"


def test_a_process_that_ends_by_itself_says_so(make: Make) -> None:
    """A connector that ends its process fails that send, with the status and its last words, and no other."""
    connector = make(
        "if (data.to === 'end') { process.on('exit', () => fs.writeSync(2, 'bye')); process.exit(3); } return 1;",
        head="import fs from 'node:fs';",
    )
    with pytest.raises(NodeError, match=r"(?s)ProcessEnded: create|send came to no end\. .*status 3.*bye"):
        _send(connector, message={**_MESSAGE, "to": "end"})
    assert _send(connector) == 1


def test_an_instance_outlives_its_process(make: Make) -> None:
    """An instance that was made before the process ended is made again in the next one."""
    connector = make("return 'sent';")
    instance = connector(get_config=_no_config)
    connector.driver.close()
    connector.driver.close()
    assert instance.send_message(_MESSAGE, _CONFIG) == "sent"


def test_an_answer_that_nobody_waits_for_is_passed_over(make: Make) -> None:
    """A call that is interrupted in Python leaves its answer behind, and the next send gets its own."""
    wait = "await new Promise((done) => setTimeout(done, data.to === 'late' ? 200 : 400));"
    connector = make(f"if (data.to === 'late') {{ void getConfig('acme'); }} {wait} return data.to;")

    def interrupt(_: str) -> object:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _send(connector, message={**_MESSAGE, "to": "late"}, get_config=interrupt)
    assert _send(connector) == "a@a.example"


def test_a_process_that_is_gone_takes_no_request(make: Make) -> None:
    """A request to a process that ends at that moment is answered with its end."""
    connector = make("return 1;")
    process = connector.driver._running()
    process._node.kill()
    process._answers.join()
    process.tell(b"{}")
    inbox = process.inbox(10**6)
    assert "status -9" in inbox.get(timeout=5).why
    assert process.has_ended


def test_a_process_that_does_not_end_when_told_is_killed(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing waits a little for Node to end, and then ends it."""
    monkeypatch.setattr("conformance.npm.driver._CLOSE_TIME_LIMIT", 0.3)
    connector = make("setTimeout(() => { while (true) {} }, 1);")
    _send(connector)
    time.sleep(0.2)
    process = connector.driver._running()
    connector.driver.close()
    assert process.has_ended


def test_python_ends_with_node_running(tmp_path: Path) -> None:
    """A program that closes nothing ends all the same, without a warning, and leaves no process behind."""
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


# --- what the connector prints --------------------------------------------------------------------------------------


def test_what_the_connector_prints_is_logged(make: Make, caplog: pytest.LogCaptureFixture) -> None:
    """Console, streams and descriptors all end up in Python's log at INFO, where the suite looks for secrets."""
    connector = make(
        "console.log('on the console'); console.error('an error'); process.stdout.write(Buffer.from('bytes'), 'utf8', () => {});"
        "process.stderr.write('with a callback', () => {}); fs.writeSync(1, 'past the driver\\n'); fs.writeSync(1, '7\\n');"
        "fs.writeSync(2, 'on the descriptor\\n');",
        head="import fs from 'node:fs';",
    )
    with caplog.at_level(logging.INFO, "conformance.npm"):
        _send(connector)
        connector.driver.close()
    said = {record.getMessage() for record in caplog.records if record.levelno == logging.INFO}
    expected = {"on the console", "an error", "bytes", "with a callback", "past the driver", "7", "on the descriptor"}
    assert expected <= said


# --- network and environment ----------------------------------------------------------------------------------------

_NODE_MODULES = "import net from 'node:net'; import dns from 'node:dns'; import dgram from 'node:dgram'; import http from 'node:http';"
_DONE = "await new Promise((done) => "


@pytest.mark.parametrize(
    ("body", "where"),
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
def test_sockets_lead_to_the_stub_alone(make: Make, body: str, where: str) -> None:
    """A socket to anywhere else is refused, whichever way it is asked for, and the provider tells where it was to."""
    connector, provider = make(body, head=_NODE_MODULES), Endpoint()
    with provider.running():
        _send(connector)
    assert provider.refused_sockets == (where,)


def test_the_stub_can_be_reached(make: Make) -> None:
    """HTTP to the stub's address goes through, by number and by name, and so do look-ups of this machine."""
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
        assert provider.refused_sockets == ()
    assert [call.to for call in provider.calls] == [("a@a.example",)] * 2


def test_without_a_stub_there_is_no_network(make: Make) -> None:
    """Where no provider is running, nothing is connected to, this machine included."""
    connector = make(
        _DONE + "net.connect(9, '127.0.0.1').on('error', (error) => done(error))).then((it) => { throw it; });",
        head=_NODE_MODULES,
    )
    with pytest.raises(NodeError, match=r"opens no socket to 127\.0\.0\.1 port 9"):
        _send(connector)


def test_nothing_of_the_machines_environment_reaches_node(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """No profile, key or proxy is there; AWS's metadata service is turned off."""
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "HTTPS_PROXY", "NODE_OPTIONS"):
        monkeypatch.setenv(name, "--no-warnings")
    environment = _send(make("return { ...process.env };"))
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert not {"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "HTTPS_PROXY", "NODE_OPTIONS"} & environment.keys()


def test_the_stubs_environment_holds_while_it_is_running(make: Make) -> None:
    """What leads clients to the stub is set in Node for a send, and gone after it."""

    class Led(Endpoint):
        variable = "ACME_ENDPOINT"

    connector, provider = make("return process.env.ACME_ENDPOINT ?? null;"), Led()
    with provider.running():
        assert _send(connector) == provider.address
    assert _send(connector) is None


# --- the class ------------------------------------------------------------------------------------------------------


def test_the_guard_is_the_packages_own(make: Make) -> None:
    """Verdicts and issues come from the package's configGuard; an accepted config stays as it is."""
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
    "does",
    ["config.seen = true", "void fetch('http://acme.example').catch(() => {})"],
)
def test_a_guard_that_does_more_than_look_is_seen(make: Make, does: str) -> None:
    """A package's guard that changes the config, or reaches out, fails the check for it."""
    start = f"configGuard.safeParse = ((parse) => (config) => {{ if (config?.endpoint) {{ {does}; }} return parse(config); }})(configGuard.safeParse);"
    connector = make(_RIGHT, start=start)
    (result,) = check_connector(
        _spec(connector), checks=["config.validation-only-looks"], profile=PROFILES["ci"]
    ).results
    assert result.state is State.FAILED


def test_what_is_no_json_is_no_config(make: Make) -> None:
    """A value that JSON has no form for is refused before Node is asked."""
    assert not make("").config_guard.is_valid({"endpoint": float("nan")})


def test_no_repr_shows_a_secret(make: Make) -> None:
    """Neither the connector, its guard nor its driver shows more than names."""
    connector = make("")
    shown = repr(connector(get_config=lambda _: _CONFIG))
    assert shown == "Acme(<acme in Node.js>)"
    assert repr(connector.driver) == f"Driver({str(connector.folder)!r})"
    assert "Bearer" not in repr(connector.config_guard)


def test_usage_is_told_where_the_package_tells_it(make: Make) -> None:
    """A package with getUsage makes a connector with get_usage, and others one without."""
    connector = make("", more="  getUsage: async (since) => since?.getTime() ?? (await getConfig('acme')).count,\n")
    instance: Any = connector(get_config=lambda _: {"count": 7})
    assert instance.get_usage() == 7
    assert instance.get_usage(datetime(2026, 1, 1, tzinfo=UTC)) == 1767225600000
    with pytest.raises(ConnectorError, match="does not implement get_usage"):
        make("")(get_config=_no_config).get_usage()


def test_messages_are_composed_in_node(make: Make) -> None:
    """A message cannot be composed in Python, and compose says so."""
    with pytest.raises(ConnectorError, match="composed in Node"):
        make("")(get_config=_no_config).compose(_CONFIG, SendMessageData.from_json(_MESSAGE))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("type: 'Email'", "type: 'Social'"), "its type is 'Social'"),
        (("sendMessage:", "post:"), "its methods are post"),
        (("sendMessage: async (data, config) => {  },", ""), "its methods are none"),
        (("safeParse(config)", "parse(config)"), "no configGuard with a safeParse"),
        (('"logoDark": null, ', ""), "metadata that Logto's loader refuses"),
        (("export default", "export const made ="), "no function as its default export"),
        (("export default", "throw new ConnectorError('general'); export default"), "cannot be loaded"),
    ],
)
def test_what_logtos_loader_refuses_is_refused(tmp_path: Path, change: tuple[str, str], says: str) -> None:
    """A package that is no connector for messages is a SpecError that says what it lacks."""
    folder = _write(tmp_path / "package", "")
    index = folder / "lib" / "index.js"
    index.write_text(index.read_text().replace(*change))
    with pytest.raises(SpecError, match=says):
        npm_connector(folder, schema=_SCHEMA)


# --- the suite on connectors in Node --------------------------------------------------------------------------------

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
        signal: AbortSignal.timeout(6000),
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
    for (const secret of [settings.authorization, ...Object.values(payload)].filter((it) => isText(it) && it)) {
      message = message.replaceAll(secret, '***');
    }
    const throttle = /used up/.test(message) ? 'usage_limit_exceeded' : 'rate_limit_exceeded';
    message ||= `The endpoint answered ${response.status}.`;
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


def test_a_right_connector_in_node_passes_the_suite(make: Make) -> None:
    """A connector in Node that follows the contract conforms, and what is about Python alone does not apply to it."""
    profile = evolve(PROFILES["ci"], examples=6)
    report = check_connector(_spec(make(_RIGHT)), profile=profile)
    assert [(it.id, it.message) for it in report.errors] == []
    assert report.faults == ()
    found = {it.id: it for it in report.results}
    for check_id in ("config.class-matches-schema", "config.round-trip", "isolation.process"):
        assert found[check_id].state is State.NOT_APPLICABLE
        assert "Node.js" in found[check_id].message
    assert found["secrets.repr"].state is State.PASSED
    assert found["metadata.assets"].state is State.PASSED


@pytest.mark.parametrize(
    ("change", "check_id", "says"),
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
            "changed by the send",
        ),
        (
            ("await getConfig('acme')", "(await getConfig('acme').catch(() => { throw 'no config'; }))"),
            "config.source-error",
            "NodeError",
        ),
        (
            ("throw new ConnectorError('general', {", "throw Object.assign(new Error('no'), {"),
            "errors.network",
            "NodeError",
        ),
        (("cannot be reached.'", "cannot be reached.', settings"), "secrets.failed-send", "authorization"),
        (("return;", "return response;"), "delivery.result-is-json", "NodeObject"),
    ],
)
def test_a_wrong_connector_in_node_fails(make: Make, change: tuple[str, str], check_id: str, says: str) -> None:
    """What a connector in Node does wrong is seen by the same check as in Python, with the same words."""
    assert change[0] in _RIGHT
    report = check_connector(_spec(make(_RIGHT.replace(*change))), checks=[check_id], profile=PROFILES["ci"])
    (result,) = report.results
    assert (result.state, says in result.message) == (State.FAILED, True), result.message


def test_a_guard_that_is_not_the_schema_is_seen(make: Make) -> None:
    """The published schema is held against the package's own guard."""
    connector = make(_RIGHT)
    guard = type(connector.config_guard)({**_SCHEMA, "required": []}, connector.driver)
    connector.config_guard = guard
    (result,) = check_connector(_spec(connector), checks=["config.guard-agrees"], profile=PROFILES["ci"]).results
    assert result.state is State.FAILED


def test_the_stub_judges_what_comes_in() -> None:
    """A body that is no message of Logto's is one that the endpoint does not take."""
    with pytest.raises(TypeError, match="a type and a payload"):
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
def test_names_and_versions_are_told_apart(target: str, expected: tuple[str, str | None]) -> None:
    """A name may have a scope and one exact version."""
    assert split_name(target) == expected


@pytest.mark.parametrize(
    "target", ["", "--global", "../acme", "Acme", "acme@latest", "acme@^1.0.0", "https://a.example/a.tgz"]
)
def test_what_npm_would_take_for_something_else_is_refused(target: str) -> None:
    """Options, paths, addresses and ranges of versions are no names."""
    with pytest.raises(SpecError):
        split_name(target)


def test_a_package_is_found_here_or_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next node_modules folder that has the package is taken, unless it has another version."""
    package = _write(tmp_path / "node_modules" / "@acme" / "mail", "")
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    assert find_package("@acme/mail") == package
    assert find_package("@acme/mail@1.2.3") == package
    with pytest.raises(SpecError, match=r"npm install acme`, or name one version of it, acme@1\.2\.3"):
        find_package("acme")


_FAKE_NPM = """#!/bin/sh
echo "$@" >> "$HOME/asked"
test -n "$FAKE_NPM_FAILS" && { echo "npm says no" >&2; exit 1; }
test -n "$FAKE_NPM_HANGS" && sleep 30
for name in acme @logto/connector-http-sms; do mkdir -p "node_modules/$name" && echo '{}' > "node_modules/$name/package.json"; done
"""


@pytest.fixture
def npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put an npm in place that writes down what it was asked, in an empty home."""
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin" / "npm"
    script.write_text(_FAKE_NPM)
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{script.parent}{os.pathsep}{os.defpath}")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "asked"


def test_a_version_is_installed_once(npm: Path) -> None:
    """What is not here is installed into the user's cache folder, without scripts, and found there the next time."""
    first = find_package("acme@1.2.3")
    assert find_package("acme@1.2.3") == first
    assert first == npm.parent / ".cache" / "logto-connector-kit" / "npm" / "acme@1.2.3" / "node_modules" / "acme"
    (asked,) = npm.read_text().splitlines()
    assert asked.startswith("install acme@1.2.3 --ignore-scripts --no-audit --no-fund --prefix ")
    assert [it.name for it in first.parents[2].iterdir()] == ["acme@1.2.3"]


def test_logtos_own_packages_are_pinned(npm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a version, a package of Logto's is the pinned one, with all that it needs, from the lock."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(npm.parent / "elsewhere"))
    name = "@logto/connector-http-sms"
    folder = find_package(name)
    assert folder.is_relative_to(npm.parent / "elsewhere")
    assert find_package(f"{name}@{pinned_versions()[name]}") == folder
    (asked,) = npm.read_text().splitlines()
    assert asked.startswith("ci --ignore-scripts")
    assert (folder.parents[2] / "package-lock.json").is_file()


@pytest.mark.usefixtures("npm")
def test_an_install_that_fails_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """What npm says is in the error, and so is that it took too long."""
    monkeypatch.setenv("FAKE_NPM_FAILS", "1")
    with pytest.raises(SpecError, match=r"(?s)`npm install acme@1\.2\.3` failed:.*npm says no"):
        find_package("acme@1.2.3")
    monkeypatch.delenv("FAKE_NPM_FAILS")
    monkeypatch.setenv("FAKE_NPM_HANGS", "1")
    monkeypatch.setattr(npm_packages, "_INSTALL_TIME_LIMIT", 0.2)
    with pytest.raises(SpecError, match=r"took more than 0\.2 seconds"):
        find_package("acme@1.2.3")


def test_without_node_or_npm_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Node or npm is missing, nothing but the error comes of it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=r"Node\.js is not installed"):
        find_node()
    with pytest.raises(SpecError, match="npm is not installed"):
        find_package("acme@1.2.3")


def test_what_is_built_at_the_same_time_appears_once(tmp_path: Path) -> None:
    """Whoever comes second finds the folder of the first one, and leaves nothing behind."""
    wanted = tmp_path / "wanted"
    with built_once(wanted) as scratch:
        assert scratch is not None
        (scratch / "second").touch()
        wanted.mkdir()
        (wanted / "first").touch()
    assert [it.name for it in wanted.iterdir()] == ["first"]
    assert [it.name for it in tmp_path.iterdir()] == ["wanted"]


def test_a_folder_that_cannot_appear_is_an_error(tmp_path: Path) -> None:
    """Where something else stands in its place, that is said."""
    wanted = tmp_path / "wanted"
    with pytest.raises(OSError, match="wanted"), built_once(wanted):
        wanted.touch()


def test_an_unknown_package_gets_instructions() -> None:
    """npm: with a package that the suite knows nothing of says how to write a Spec for it."""
    with pytest.raises(
        SpecError, match=r"(?s)does not know @acme/mail.*npm_connector\(\"@acme/mail\".*@logto/connector-aws-ses"
    ):
        npm_spec("@acme/mail")


def test_a_known_package_needs_no_spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """npm_spec makes the Spec of one of Logto's packages from what is known of it."""
    _write(tmp_path / "node_modules" / "@logto" / "connector-http-email", "", id="http-email")
    monkeypatch.chdir(tmp_path)
    spec = npm_spec("@logto/connector-http-email")
    assert (spec.name, spec.runs_in, spec.provider) == ("http-email", "Node.js", Endpoint)
    assert spec.secrets == ("authorization",)
    connector: Any = spec.connector
    connector.driver.close()


def test_a_driver_that_is_dropped_ends_its_process(tmp_path: Path) -> None:
    """Nobody has to close a driver: the process ends with it."""
    driver = Driver(find_node(), _write(tmp_path / "package", ""))
    assert driver.request("describe")["type"] == "Email"
    process = driver._running()
    del driver
    assert process.has_ended
