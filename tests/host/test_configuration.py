"""From ``host.toml`` to settings: everything is checked, and what is wrong is said with file, path and issue."""

import json
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from connector_kit.host import HostConfigError, app_from_environment, load_settings, read_host_file
from connector_kit.host.configuration import HostFile, host_guard, is_loopback, settings_from_environment
from connector_kit.host.settings import HostSettings
from tests.host.conftest import API_KEY, CONFIG, TEMPLATES, TOKEN

ENVIRONMENT = {"HOST_TOKEN": TOKEN, "OLD_TOKEN": "old-" + TOKEN, "SHORT": "abc", "EMPTY": "", "KEY": "key-of-the-env"}
MAIL: Mapping[str, Any] = {"class": "acme_hosted:AcmeMail", "config_file": "mail.json"}

Load = Callable[..., HostFile]
Problems = Callable[..., list[str]]


@pytest.fixture
def load(acme: ModuleType, tmp_path: Path) -> Load:  # noqa: ARG001 - makes Acme importable
    """Load a document with a token, in a folder that holds a config."""
    (tmp_path / "mail.json").write_text(json.dumps(CONFIG), encoding="utf-8")

    def loading(connectors: Mapping[str, Any] | None = None, /, *, token: bool = True, **server: Any) -> HostFile:  # noqa: ANN401
        tokens = {"token_env": ["HOST_TOKEN"]} if token else {}
        document = {"server": {**tokens, **server}, "connectors": connectors or {"acme-mail": MAIL}}
        return load_settings(document, source="host.toml", folder=tmp_path, environment=ENVIRONMENT)

    return loading


@pytest.fixture
def problems(load: Load) -> Problems:
    """Load a document that cannot be used, and return what is said of it."""

    def failing(*connectors: Mapping[str, Any], **server: Any) -> list[str]:  # noqa: ANN401
        with pytest.raises(HostConfigError) as caught:
            load(*connectors, **server)
        told = [str(problem) for problem in caught.value.problems]
        assert str(caught.value) == "; ".join(told)
        assert not any(secret in str(caught.value) for secret in (*ENVIRONMENT.values(), API_KEY) if secret)
        return told

    return failing


def test_a_file_without_much_in_it_is_enough(load: Load) -> None:
    """Defaults are those of the schema, and the one connector serves its route."""
    found = load()
    defaults = {
        name: member["default"]
        for name, member in host_guard.schema["properties"]["server"]["properties"].items()
        if "default" in member
    }
    settings, listening = found.settings, found.listening
    assert (settings.tokens, settings.email, settings.sms) == ((TOKEN,), "acme-mail", None)
    assert settings.connectors[0].config == CONFIG
    told = {name: getattr(listening, name, getattr(settings, name, [])) for name in defaults}
    assert {name: list(value) if isinstance(value, tuple) else value for name, value in told.items()} == defaults
    assert found.warnings == ()


def test_every_key_reaches_its_setting(load: Load, tmp_path: Path) -> None:
    """What the schema knows, the host does."""
    (tmp_path / "token").write_text(f"  file-{TOKEN}\n", encoding="utf-8")
    given: dict[str, Any] = {
        "host": "::1",
        "port": 0,
        "workers": 3,
        "token_env": ["HOST_TOKEN", "OLD_TOKEN"],
        "token_file": ["token"],
        "allow_ips": ["10.0.0.0/8", "fd00::1"],
        "trusted_proxies": ["127.0.0.1"],
        "deadline_seconds": 9,
        "body_seconds": 2.5,
        "max_body_bytes": 2048,
        "slots": 7,
        "deduplicate_seconds": 30,
        "metrics": True,
        "metrics_token_env": "OLD_TOKEN",
        "log_format": "text",
        "email": "acme-mail",
        "sms": "acme-sms",
        "insecure_without_token": False,
    }
    assert given.keys() == host_guard.schema["properties"]["server"]["properties"].keys()
    sms = {"class": "acme_hosted:AcmeSms", "config_file": "mail.json"}
    found = load({"acme-mail": MAIL, "acme-sms": sms}, **given)
    assert (found.listening.host, found.listening.port, found.listening.workers) == ("::1", 0, 3)
    assert found.settings == HostSettings(
        connectors=found.settings.connectors,
        tokens=(TOKEN, "old-" + TOKEN, "file-" + TOKEN),
        metrics_tokens=("old-" + TOKEN,),
        allow_ips=(ip_network("10.0.0.0/8"), ip_network("fd00::1/128")),
        trusted_proxies=(ip_network("127.0.0.1/32"),),
        deadline_seconds=9,
        body_seconds=2.5,
        max_body_bytes=2048,
        slots=7,
        deduplicate_seconds=30,
        metrics=True,
        log_format="text",
        email="acme-mail",
        sms="acme-sms",
    )


def test_a_config_can_come_from_the_environment(load: Load, tmp_path: Path) -> None:
    """All of it, or single values over those of the file; or there is none."""
    ENVIRONMENT["CONFIG"] = json.dumps(CONFIG)
    named = {"class": "acme_hosted:AcmeMail"}
    assert load({"acme-mail": {**named, "config_env": "CONFIG"}}).settings.connectors[0].config == CONFIG
    (tmp_path / "no-key.json").write_text(json.dumps({"templates": TEMPLATES}), encoding="utf-8")
    table = {**named, "config_file": "no-key.json", "config_values_from_env": {"apiKey": "KEY"}}
    config = load({"acme-mail": table}).settings.connectors[0].config
    assert config == {"templates": TEMPLATES, "apiKey": "key-of-the-env"}
    found = load({"acme-mail": named})
    assert (found.settings.connectors[0].config, found.settings.email) == (None, None)


def test_an_installed_connector_needs_no_class(load: Load) -> None:
    """Its id is enough."""
    assert load({"aws-ses-mail": {}}).settings.connectors[0].id == "aws-ses-mail"


def test_a_wrong_config_names_its_file_its_path_and_the_issue(problems: Problems, tmp_path: Path) -> None:
    """And never the value."""
    (tmp_path / "mail.json").write_text(json.dumps({**CONFIG, "apiKey": 5}), encoding="utf-8")
    assert problems() == [f"{tmp_path / 'mail.json'}: $.apiKey: expected string, found number"]


def test_values_from_the_environment_are_blamed_where_they_are_named(problems: Problems, load: Load) -> None:
    """The file is not at fault, nor is it where only the environment gave anything."""
    table = {**MAIL, "config_values_from_env": {"templates": "KEY"}}
    assert problems({"acme-mail": table}) == [
        'host.toml: $.connectors["acme-mail"].config_values_from_env.templates: expected array, found string'
    ]
    alone = {"class": "acme_hosted:AcmeMail", "config_values_from_env": {"apiKey": "KEY"}}
    (told,) = problems({"acme-mail": alone})
    assert told.startswith('host.toml: $.connectors["acme-mail"].config_values_from_env.templates: expected')
    assert load().settings.email == "acme-mail"


def test_what_will_hurt_is_a_warning(load: Load, tmp_path: Path) -> None:
    """The host starts, and says it."""
    (tmp_path / "mail.json").write_text(json.dumps({**CONFIG, "acount": "x"}), encoding="utf-8")
    (warning,) = load().warnings
    assert warning.path == "$.acount"
    assert "did you mean" in warning.message


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"{", "$: is not JSON: line 1, column 2"),
        (b"NaN", "$: is not JSON: NaN"),
        (b"\xff", "$: is not UTF-8"),
        (b"[" * 100_000, "$: is nested too deeply"),
        (b"[]", "$: expected object, found array"),
        (b"null", "$: expected object, found null"),
        (b" " * (4 * 2**20 + 1), "mail.json is larger than 4 MiB"),
    ],
)
def test_a_config_file_that_holds_no_config_is_refused(
    problems: Problems, tmp_path: Path, content: bytes, says: str
) -> None:
    """With the place, as far as there is one."""
    (tmp_path / "mail.json").write_bytes(content)
    (told,) = problems()
    assert says in told


@pytest.mark.parametrize(
    ("table", "says"),
    [
        ({"config_file": "absent.json"}, ".config_file: absent.json cannot be read: No such file or directory"),
        ({"config_file": "nul\0"}, ".config_file: nul\0 cannot be read: embedded null byte"),
        ({"config_env": "ABSENT"}, ".config_env: expected the environment variable ABSENT to hold a value"),
        ({"config_env": "EMPTY"}, ".config_env: expected the environment variable EMPTY to hold a value"),
        ({"config_env": "KEY"}, "environment variable KEY: $: is not JSON"),
        ({"config_env": "KEY", "config_file": "mail.json"}, ".config_env: there is a config_file as well"),
        ({**MAIL, "config_values_from_env": {"apiKey": "ABSENT"}}, ".config_values_from_env.apiKey: expected the"),
        ({"class": "acme_hosted:AcmeSms"}, ".class: expected the connector acme-mail, found acme-sms"),
        ({"class": "acme_hosted:Nothing"}, "cannot be imported"),
        ({"class": "acme_hosted:CONFIG"}, "cannot be imported"),
        ({"class": "acme_hosted:SCHEMA"}, "no connector that Logto would load: unexpected_type"),
        ({"clas": "x"}, '["acme-mail"].clas: no such key: it has no effect (did you mean "class"?)'),
        ({"class": 1}, '["acme-mail"].class: expected string, found number'),
        (1, '["acme-mail"]: expected object, found number'),
    ],
)
def test_a_connector_that_cannot_be_hosted_is_refused(problems: Problems, table: Any, says: str) -> None:  # noqa: ANN401
    """With what is wrong, where."""
    if isinstance(table, dict) and not {"class", "clas"} & table.keys():
        table = {"class": "acme_hosted:AcmeMail", **table}
    (told,) = problems({"acme-mail": table})
    assert says in told


def test_social_connectors_and_unknown_ids_cannot_be_hosted(problems: Problems) -> None:
    """They send no messages; it is not there."""
    (told,) = problems({"acme-social": {"class": "acme_hosted:AcmeSocial"}})
    assert "a Social connector sends no messages" in told
    (told,) = problems({"aws-ses-mial": {}})
    assert "Did you mean aws-ses-mail?" in told


@pytest.mark.parametrize(
    ("server", "says"),
    [
        ({"token": False}, "$.server: expected a token, found none"),
        ({"token": False, "insecure_without_token": True, "host": "0.0.0.0"}, "accepted on a loopback address only"),
        ({"token": False, "insecure_without_token": True, "host": "example.com"}, "accepted on a loopback address"),
        ({"insecure_without_token": True}, "there is a token as well"),
        ({"token_env": ["ABSENT"]}, "$.server.token_env[0]: expected the environment variable ABSENT"),
        ({"token_env": ["HOST_TOKEN", "SHORT"]}, "$.server.token_env[1]: SHORT holds no token: expected at least 16"),
        ({"token_file": ["absent"]}, "$.server.token_file[0]: absent cannot be read"),
        ({"token_file": ["binary"]}, "$.server.token_file[0]: binary is not UTF-8"),
        ({"metrics_token_env": "SHORT"}, "$.server.metrics_token_env: SHORT holds no token"),
        ({"allow_ips": ["10.0.0.1/8"]}, "$.server.allow_ips[0]: expected an address or a network"),
        ({"trusted_proxies": ["proxy"]}, "$.server.trusted_proxies[0]: expected an address or a network"),
        ({"port": "8085"}, "$.server.port: expected integer, found string"),
        ({"port": 70000}, "$.server.port: expected maximum 65535"),
        ({"deadline_seconds": 15}, "$.server.deadline_seconds: expected exclusiveMaximum 15"),
        ({"log_format": "xml"}, '$.server.log_format: expected one of "json", "text"'),
        ({"prot": 1}, '$.server.prot: no such key: it has no effect (did you mean "port"?)'),
        ({"email": "acme-sms"}, "$.server.email: expected one of the hosted Email connectors with a config"),
        ({"sms": "acme-mail"}, "$.server.sms: expected one of the hosted Sms connectors with a config"),
    ],
)
def test_a_server_table_that_cannot_be_used_is_refused(
    problems: Problems, tmp_path: Path, server: Mapping[str, Any], says: str
) -> None:
    """With its path, before anything starts."""
    (tmp_path / "binary").write_bytes(b"\xff" * 20)
    (told,) = problems(**server)
    assert told.startswith("host.toml: $.server")
    assert says in told


def test_all_problems_are_said_at_once(problems: Problems) -> None:
    """Nobody likes to start ten times."""
    told = problems({"a": {}, "b": {"config_file": "x"}}, token_env=["ABSENT"], allow_ips=["x", "y"])
    assert len(told) == 5


def test_of_two_connectors_for_a_route_one_has_to_be_chosen(problems: Problems, load: Load) -> None:
    """The host does not guess."""
    both = {"acme-mail": MAIL, "acme-mail-2": {**MAIL, "class": "acme_hosted:SecondMail"}}
    (told,) = problems(both)
    assert told == "host.toml: $.server.email: expected which of acme-mail, acme-mail-2 serves /email, found nothing"
    assert load(both, email="acme-mail-2").settings.email == "acme-mail-2"


def test_something_has_to_be_hosted(acme: ModuleType) -> None:  # noqa: ARG001 - as the others
    """A file that hosts nothing is a mistake."""
    for document in ({}, {"connectors": {}}, {"connectors": 1}, {"connectors": {"a": {}}, "server": 1}):
        with pytest.raises(HostConfigError):
            load_settings(document, source="host.toml", folder=Path())


def test_loopback_is_told_from_everything_else() -> None:
    """Only this machine reaches it."""
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "example.com", "")))


def test_a_file_that_is_no_toml_is_refused(tmp_path: Path) -> None:
    """With the line, where there is one."""
    file = tmp_path / "host.toml"
    for content, says in ((b"a = ", "is not TOML"), (b"\xff", "is not UTF-8")):
        file.write_bytes(content)
        with pytest.raises(HostConfigError, match=says):
            read_host_file(str(file))
    with pytest.raises(HostConfigError, match="cannot be read: No such file"):
        read_host_file(str(tmp_path / "absent.toml"))


def test_the_environment_names_the_file_for_other_servers(
    acme: ModuleType,  # noqa: ARG001 - makes Acme importable
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Any ASGI server can serve the factory; but none without a token, for who can reach it is not known here."""
    monkeypatch.delenv("CONNECTOR_KIT_HOSTS", raising=False)
    with pytest.raises(HostConfigError, match="CONNECTOR_KIT_HOSTS: expected the path"):
        settings_from_environment()
    file = tmp_path / "host.toml"
    (tmp_path / "mail.json").write_text(json.dumps(CONFIG), encoding="utf-8")
    tables = '[connectors.acme-mail]\nclass = "acme_hosted:AcmeMail"\nconfig_file = "mail.json"\n'
    file.write_text('[server]\ntoken_env = ["HOST_TOKEN"]\n' + tables, encoding="utf-8")
    monkeypatch.setenv("CONNECTOR_KIT_HOSTS", str(file))
    monkeypatch.setenv("HOST_TOKEN", TOKEN)
    assert settings_from_environment().email == "acme-mail"
    with monkeypatch.context() as patch:
        patch.setattr("connector_kit.host.application.set_up_logging", lambda _: None)
        assert app_from_environment().routes
    file.write_text("[server]\ninsecure_without_token = true\n" + tables, encoding="utf-8")
    with pytest.raises(HostConfigError, match="not accepted here"):
        settings_from_environment()
