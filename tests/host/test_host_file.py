"""From host.toml to settings: everything is checked, and each error has its file, path and message."""

import json
import os
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from starlette.testclient import TestClient

from connector_kit.host import HostConfigError, app_from_environment, load_settings, read_host_file
from connector_kit.host.host_file import HostFile, _Config, host_config_guard, host_from_environment, is_loopback
from connector_kit.host.settings import HostSettings
from tests.host.conftest import API_KEY, CONFIG, TEMPLATES, TOKEN, write_private

ENVIRONMENT = {"HOST_TOKEN": TOKEN, "OLD_TOKEN": "old-" + TOKEN, "SHORT": "abc", "EMPTY": "", "KEY": "key-of-the-env"}
MAIL: Mapping[str, Any] = {"class": "acme_hosted:AcmeMail", "config_file": "mail.json"}

Load = Callable[..., HostFile]
Errors = Callable[..., list[str]]


@pytest.fixture
def load(acme: ModuleType, tmp_path: Path) -> Load:  # noqa: ARG001 - makes Acme importable
    """Return a function that loads a host.toml with a token, in a folder with a config."""
    write_private(tmp_path / "mail.json", json.dumps(CONFIG))

    def loading(connectors: Mapping[str, Any] | None = None, /, *, token: bool = True, **server: Any) -> HostFile:
        tokens = {"token_env": ["HOST_TOKEN"]} if token else {}
        document = {"server": {**tokens, **server}, "connectors": connectors or {"acme-mail": MAIL}}
        return load_settings(document, source="host.toml", folder=tmp_path, environment=ENVIRONMENT)

    return loading


@pytest.fixture
def errors(load: Load) -> Errors:
    """Return a function that loads an invalid host.toml and returns its errors."""

    def failing(*connectors: Mapping[str, Any], **server: Any) -> list[str]:
        with pytest.raises(HostConfigError) as caught:
            load(*connectors, **server)
        found = [str(issue) for issue in caught.value.issues]
        assert str(caught.value) == "; ".join(found)
        assert not any(secret in str(caught.value) for secret in (*ENVIRONMENT.values(), API_KEY) if secret)
        return found

    return failing


def test_defaults_are_those_of_the_schema(load: Load) -> None:
    """The only connector serves its route."""
    host = load()
    defaults = {
        name: member["default"]
        for name, member in host_config_guard.schema["properties"]["server"]["properties"].items()
        if "default" in member
    }
    settings, listening = host.settings, host.listening
    assert (settings.tokens, settings.email, settings.sms) == ((TOKEN,), "acme-mail", None)
    assert settings.connectors[0].config == CONFIG
    used = {name: getattr(listening, name, getattr(settings, name, [])) for name in defaults}
    assert {name: list(value) if isinstance(value, tuple) else value for name, value in used.items()} == defaults
    assert host.warnings == ()


def test_every_key_of_the_schema_reaches_its_setting(load: Load, tmp_path: Path) -> None:
    write_private(tmp_path / "token", f"  file-{TOKEN}\n")
    server: dict[str, Any] = {
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
        "metrics": True,
        "metrics_token_env": "OLD_TOKEN",
        "log_format": "text",
        "email": "acme-mail",
        "sms": "acme-sms",
        "insecure_without_token": False,
    }
    assert server.keys() == host_config_guard.schema["properties"]["server"]["properties"].keys()
    sms = {"class": "acme_hosted:AcmeSms", "config_file": "mail.json"}
    host = load({"acme-mail": MAIL, "acme-sms": sms}, **server)
    assert (host.listening.host, host.listening.port, host.listening.workers) == ("::1", 0, 3)
    assert host.settings == HostSettings(
        connectors=host.settings.connectors,
        tokens=(TOKEN, "old-" + TOKEN, "file-" + TOKEN),
        metrics_tokens=("old-" + TOKEN,),
        allow_ips=(ip_network("10.0.0.0/8"), ip_network("fd00::1/128")),
        trusted_proxies=(ip_network("127.0.0.1/32"),),
        deadline_seconds=9,
        body_seconds=2.5,
        max_body_bytes=2048,
        slots=7,
        metrics=True,
        log_format="text",
        email="acme-mail",
        sms="acme-sms",
    )


def test_config_from_the_environment(load: Load, tmp_path: Path) -> None:
    """As a whole, or single values that replace those of the file. A connector may also have no config."""
    ENVIRONMENT["CONFIG"] = json.dumps(CONFIG)
    named = {"class": "acme_hosted:AcmeMail"}
    assert load({"acme-mail": {**named, "config_env": "CONFIG"}}).settings.connectors[0].config == CONFIG
    (tmp_path / "no-key.json").write_text(json.dumps({"templates": TEMPLATES}), encoding="utf-8")
    table = {**named, "config_file": "no-key.json", "config_values_from_env": {"apiKey": "KEY"}}
    config = load({"acme-mail": table}).settings.connectors[0].config
    assert config == {"templates": TEMPLATES, "apiKey": "key-of-the-env"}
    found = load({"acme-mail": named})
    assert (found.settings.connectors[0].config, found.settings.email) == (None, None)


def test_installed_connector_needs_no_class(load: Load) -> None:
    assert load({"aws-ses-mail": {}}).settings.connectors[0].id == "aws-ses-mail"


def test_error_in_a_config_has_file_path_and_message(errors: Errors, tmp_path: Path) -> None:
    """It never shows the value."""
    (tmp_path / "mail.json").write_text(json.dumps({**CONFIG, "apiKey": 5}), encoding="utf-8")
    assert errors() == [f"{tmp_path / 'mail.json'}: $.apiKey: expected string, found number"]


def test_config_that_the_class_cannot_hold_keeps_the_host_from_starting(errors: Errors, tmp_path: Path) -> None:
    """The schema accepts it, but no message could be sent with it."""
    templates = [{"usageType": "Generic", "content": "{{code}}"}]
    (tmp_path / "mail.json").write_text(json.dumps({**CONFIG, "templates": templates}), encoding="utf-8")
    (error,) = errors({"acme-sms": {"class": "acme_hosted:AcmeDisagreeing", "config_file": "mail.json"}})
    assert error.startswith(f"{tmp_path / 'mail.json'}: $.templates[0].subject: the schema accepts this, but its class")


def test_error_in_a_value_from_the_environment_names_the_host_toml(errors: Errors, load: Load) -> None:
    """It names the key of config_values_from_env, not the config file."""
    table = {**MAIL, "config_values_from_env": {"templates": "KEY"}}
    assert errors({"acme-mail": table}) == [
        'host.toml: $.connectors["acme-mail"].config_values_from_env.templates: expected array, found string'
    ]
    alone = {"class": "acme_hosted:AcmeMail", "config_values_from_env": {"apiKey": "KEY"}}
    (error,) = errors({"acme-mail": alone})
    assert error.startswith('host.toml: $.connectors["acme-mail"].config_values_from_env.templates: expected')
    assert load().settings.email == "acme-mail"


def test_repr_of_a_config_shows_no_values() -> None:
    """A traceback with local variables, as some tools write it, has it."""
    assert API_KEY not in repr(_Config(dict(CONFIG), "mail.json"))


def test_warnings_do_not_keep_the_host_from_starting(load: Load, tmp_path: Path) -> None:
    (tmp_path / "mail.json").write_text(json.dumps({**CONFIG, "acount": "x"}), encoding="utf-8")
    (warning,) = load().warnings
    assert warning.issue.path == "$.acount"
    assert "did you mean" in warning.issue.message
    assert str(warning).endswith("(did you mean 'account'?)  [unknown-key]")


def test_ignored_warnings_are_not_reported(load: Load, tmp_path: Path) -> None:
    """Of this connector only; an error is always reported."""
    (tmp_path / "mail.json").write_text(json.dumps({**CONFIG, "acount": "x"}), encoding="utf-8")
    assert load({"acme-mail": {**MAIL, "ignore_warnings": ["unknown-key"]}}).warnings == ()
    (tmp_path / "mail.json").write_text(json.dumps({**CONFIG, "apiKey": 1}), encoding="utf-8")
    with pytest.raises(HostConfigError):
        load({"acme-mail": {**MAIL, "ignore_warnings": ["type"]}})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"{", "$: is not JSON: line 1, column 2"),
        (b"NaN", "$: is not JSON: line 1, column 1: NaN"),
        (b"\xff", "$: is not UTF-8"),
        (b"[" * 100_000, "$: is nested too deeply"),
        (b"[]", "$: expected object, found array"),
        (b"null", "$: expected object, found null"),
        (b" " * (4 * 2**20 + 1), "mail.json is larger than 4 MiB"),
    ],
)
def test_file_without_a_config_is_an_error(errors: Errors, tmp_path: Path, content: bytes, message: str) -> None:
    """It has the position, if there is one."""
    (tmp_path / "mail.json").write_bytes(content)
    (error,) = errors()
    assert message in error


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"config_file": "absent.json"}, ".config_file: absent.json cannot be read: No such file or directory"),
        ({"config_file": "nul\0"}, ".config_file: nul\0 cannot be read: embedded null byte"),
        ({"config_env": "ABSENT"}, ".config_env: expected the environment variable ABSENT to have a value"),
        ({"config_env": "EMPTY"}, ".config_env: expected the environment variable EMPTY to have a value"),
        ({"config_env": "KEY"}, "environment variable KEY: $: is not JSON"),
        ({"config_env": "KEY", "config_file": "mail.json"}, ".config_env: not allowed together with config_file"),
        ({**MAIL, "config_values_from_env": {"apiKey": "ABSENT"}}, ".config_values_from_env.apiKey: expected the"),
        ({"class": "acme_hosted:AcmeSms"}, ".class: expected a connector with the id 'acme-mail', found 'acme-sms'"),
        ({"class": "acme_hosted:Nothing"}, "cannot be imported"),
        ({"class": "acme_hosted:CONFIG"}, "cannot be imported"),
        ({"class": "acme_hosted:SCHEMA"}, "not a connector that Logto would load: unexpected_type"),
        ({"clas": "x"}, "[\"acme-mail\"].clas: unknown key: it has no effect (did you mean 'class'?)"),
        ({"class": 1}, '["acme-mail"].class: expected string, found number'),
        (1, '["acme-mail"]: expected object, found number'),
    ],
)
def test_connector_that_cannot_be_hosted_is_an_error(errors: Errors, table: Any, message: str) -> None:
    if isinstance(table, dict) and not {"class", "clas"} & table.keys():
        table = {"class": "acme_hosted:AcmeMail", **table}
    (error,) = errors({"acme-mail": table})
    assert message in error


def test_connectors_of_no_kind_and_unknown_ids_are_errors(errors: Errors) -> None:
    (error,) = errors({"acme-other": {"class": "acme_hosted:AcmeOther"}})
    assert "expected a subclass of EmailConnector, SmsConnector or SocialConnector" in error
    (error,) = errors({"aws-ses-mial": {}})
    assert "did you mean 'aws-ses-mail'?" in error


@pytest.mark.parametrize(
    ("server", "message"),
    [
        ({"token": False}, "$.server: expected a token, found none"),
        (
            {"token": False, "insecure_without_token": True, "host": "0.0.0.0"},
            "allowed only if the host listens on a loopback address",
        ),
        (
            {"token": False, "insecure_without_token": True, "host": "example.com"},
            "allowed only if the host listens on a loopback address",
        ),
        ({"insecure_without_token": True}, "not allowed together with a token"),
        ({"token_env": ["ABSENT"]}, "$.server.token_env[0]: expected the environment variable ABSENT"),
        (
            {"token_env": ["HOST_TOKEN", "SHORT"]},
            "$.server.token_env[1]: SHORT does not hold a usable token: expected at least 16",
        ),
        ({"token_file": ["absent"]}, "$.server.token_file[0]: absent cannot be read"),
        ({"token_file": ["binary"]}, "$.server.token_file[0]: binary is not UTF-8"),
        ({"metrics_token_env": "SHORT"}, "$.server.metrics_token_env: SHORT does not hold a usable token"),
        ({"allow_ips": ["10.0.0.1/8"]}, "$.server.allow_ips[0]: expected an IP address or a network"),
        ({"trusted_proxies": ["proxy"]}, "$.server.trusted_proxies[0]: expected an IP address or a network"),
        ({"port": "8085"}, "$.server.port: expected integer, found string"),
        ({"port": 70000}, "$.server.port: expected at most 65535"),
        ({"deadline_seconds": 15}, "$.server.deadline_seconds: expected less than 15"),
        ({"log_format": "xml"}, '$.server.log_format: expected one of "json", "text"; found a string of 3 characters'),
        ({"prot": 1}, "$.server.prot: unknown key: it has no effect (did you mean 'port'?)"),
        (
            {"email": "acme-sms"},
            "$.server.email: expected the id of a hosted Email connector with a config, found 'acme-sms'",
        ),
        (
            {"sms": "acme-mail"},
            "$.server.sms: expected the id of a hosted Sms connector with a config, found 'acme-mail'",
        ),
    ],
)
def test_invalid_server_table_is_an_error(
    errors: Errors, tmp_path: Path, server: Mapping[str, Any], message: str
) -> None:
    (tmp_path / "binary").write_bytes(b"\xff" * 20)
    (error,) = errors(**server)
    assert error.startswith("host.toml: $.server")
    assert message in error


def test_all_errors_are_reported_at_once(errors: Errors) -> None:
    found = errors({"a": {}, "b": {"config_file": "x"}}, token_env=["ABSENT"], allow_ips=["x", "y"])
    assert len(found) == 5


def test_several_connectors_for_a_route_require_a_choice(errors: Errors, load: Load) -> None:
    both = {"acme-mail": MAIL, "acme-mail-2": {**MAIL, "class": "acme_hosted:SecondMail"}}
    (error,) = errors(both)
    assert error == (
        "host.toml: $.server.email: several connectors can serve /email: choose one of acme-mail, acme-mail-2"
    )
    assert load(both, email="acme-mail-2").settings.email == "acme-mail-2"


def test_host_toml_without_connectors_is_an_error() -> None:
    for document in ({}, {"connectors": {}}, {"connectors": 1}, {"connectors": {"a": {}}, "server": 1}):
        with pytest.raises(HostConfigError):
            load_settings(document, source="host.toml", folder=Path())


def test_file_with_a_secret_that_others_can_read_is_a_warning(load: Load, tmp_path: Path) -> None:
    """A token, or a config with a secret. One whose secrets come from the environment has none in the file."""
    named = {"class": "acme_hosted:AcmeMail", "config_file": "config.json"}
    for name, text in (("token", TOKEN), ("config.json", json.dumps(CONFIG))):
        write_private(tmp_path / name, text)

    def warned(table: Mapping[str, Any]) -> list[str]:
        found = load({"acme-mail": table}, token=False, token_file=["token"]).warnings
        assert all("chmod o-r" in it.issue.message for it in found)
        return [Path(it.source).name for it in found]

    assert warned(named) == []
    for mode, is_warned in ((0o640, False), (0o604, True), (0o444, True)):
        (tmp_path / "token").chmod(mode)
        (tmp_path / "config.json").chmod(mode)
        assert sorted(warned(named)) == ["config.json", "token"] * is_warned
    overlay = {**named, "config_values_from_env": {"apiKey": "KEY"}}
    assert warned(overlay) == ["token"]


def test_pipe_is_an_error_and_does_not_block(errors: Errors, tmp_path: Path) -> None:
    """The host could read it only once, and nobody may ever write into it."""
    os.mkfifo(tmp_path / "pipe")
    expected = "pipe is not a regular file: the host reads it again when it changes"
    assert errors({"acme-mail": {**MAIL, "config_file": "pipe"}}) == [
        f'host.toml: $.connectors["acme-mail"].config_file: {expected}'
    ]
    assert errors(token=False, token_file=["pipe"]) == [f"host.toml: $.server.token_file[0]: {expected}"]
    with pytest.raises(HostConfigError, match="is not a regular file"):
        read_host_file(str(tmp_path / "pipe"))


def test_loopback_addresses_are_recognized() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "example.com", "")))


def test_unreadable_or_invalid_toml_raises(tmp_path: Path) -> None:
    file = tmp_path / "host.toml"
    for content, message in ((b"a = ", "is not TOML"), (b"\xff", "is not UTF-8")):
        file.write_bytes(content)
        with pytest.raises(HostConfigError, match=message):
            read_host_file(str(file))
    with pytest.raises(HostConfigError, match="cannot be read: No such file"):
        read_host_file(str(tmp_path / "absent.toml"))


def test_other_servers_get_the_host_toml_from_the_environment(
    acme: ModuleType,  # noqa: ARG001 - makes Acme importable
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They need a token: the host cannot know on which address they listen."""
    monkeypatch.delenv("CONNECTOR_KIT_HOSTS", raising=False)
    with pytest.raises(HostConfigError, match=r"CONNECTOR_KIT_HOSTS: \$: expected the path"):
        host_from_environment()
    file = tmp_path / "host.toml"
    write_private(tmp_path / "mail.json", json.dumps(CONFIG))
    tables = '[connectors.acme-mail]\nclass = "acme_hosted:AcmeMail"\nconfig_file = "mail.json"\n'
    file.write_text('[server]\ntoken_env = ["HOST_TOKEN"]\n' + tables, encoding="utf-8")
    monkeypatch.setenv("CONNECTOR_KIT_HOSTS", str(file))
    monkeypatch.setenv("HOST_TOKEN", TOKEN)
    assert host_from_environment().settings.email == "acme-mail"
    with monkeypatch.context() as patch:
        formats: list[str] = []
        patch.setattr("connector_kit.host.reloading.set_up_logging", formats.append)
        assert TestClient(app_from_environment()).get("/healthz").status_code == 200
        assert formats == ["json"]
    file.write_text("[server]\ninsecure_without_token = true\n" + tables, encoding="utf-8")
    with pytest.raises(HostConfigError, match="allowed only with connector-kit serve"):
        host_from_environment()


def test_repeated_key_of_a_config_is_a_warning(load: Load, tmp_path: Path) -> None:
    """Its file is named, not its value."""
    text = json.dumps(CONFIG)
    (tmp_path / "mail.json").write_text(f'{{"templates": 1,\n{text[1:]}', encoding="utf-8")
    (warning,) = load().warnings
    assert warning.source == str(tmp_path / "mail.json")
    assert (warning.issue.path, warning.issue.keyword) == ("$.templates", "repeated-key")
