"""Configs: saved secrets never reach the page, and stay as they are when the page saves."""

import json
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conformance.workbench.configs import ConfigError, ConfigSource, check_config, open_form, save_config
from conformance.workbench.loaded_connector import LoadedConnector, load
from tests.conformance.workbench.bench_connectors import CONFIG, KEY, TEMPLATES
from tests.conformance.workbench.conftest import MODULE, Page


def write(source: ConfigSource, config: object) -> Path:
    assert source.file is not None
    source.file.write_text(json.dumps(config), encoding="utf-8")
    return source.file


def test_form_without_a_file_has_items_and_example(acme: LoadedConnector, source: ConfigSource) -> None:
    form = open_form(acme, source)
    assert [it["key"] for it in form["items"]] == ["apiKey", "templates"]
    assert (form["config"], form["error"], form["example"]) == (None, None, CONFIG)
    undeclared = open_form(load(f"{MODULE}:AcmeMail"), ConfigSource(None, b""))
    assert (undeclared["config"], undeclared["example"]) == (None, None)


def test_saved_secret_is_a_marker_on_the_page_and_stays_in_the_file(
    acme: LoadedConnector, source: ConfigSource
) -> None:
    file = write(source, CONFIG)
    form = open_form(acme, source)
    marker = form["config"]["apiKey"]
    assert KEY not in json.dumps(form["config"])
    assert form["config"] == {"apiKey": marker, "templates": TEMPLATES}
    assert KEY not in repr(source)
    saved = save_config(acme, source, {**form["config"], "templates": TEMPLATES[:1]})
    assert json.loads(file.read_text(encoding="utf-8")) == {"apiKey": KEY, "templates": TEMPLATES[:1]}
    assert saved["config"]["apiKey"] == marker


def test_new_secret_is_saved_and_masked(acme: LoadedConnector, source: ConfigSource) -> None:
    file = write(source, CONFIG)
    saved = save_config(acme, source, {"apiKey": "another-key", "templates": []})
    assert json.loads(file.read_text(encoding="utf-8"))["apiKey"] == "another-key"
    assert "another-key" not in json.dumps(saved["config"])


def test_secrets_inside_objects_have_markers_but_choices_do_not(source: ConfigSource) -> None:
    """``auth`` of the SMTP connector holds secrets; its ``type`` is a choice, and a boolean is never a secret."""
    smtp = load("smtp")
    auth = {
        "type": "oauth2",
        "user": "me@acme.example",
        "expires": 12345,
        "list": ["hidden-text"],
        "flag": True,
        "": "x1x1",
    }
    write(source, {"auth": auth, "secure": True})
    masked = open_form(smtp, source)["config"]
    shown = masked["auth"]
    assert (shown["type"], shown["flag"], masked["secure"]) == ("oauth2", True, True)
    assert all(text not in json.dumps(masked) for text in ("me@acme", "12345", "hidden-text", "x1x1"))
    save_config(smtp, source, masked)
    assert source.read() == {"auth": auth, "secure": True}


def test_marker_of_a_secret_that_has_gone_is_an_error_and_is_not_saved(
    acme: LoadedConnector, source: ConfigSource
) -> None:
    file = write(source, CONFIG)
    config = open_form(acme, source)["config"]
    write(source, {**CONFIG, "apiKey": "replaced-meanwhile"})
    [issue] = [it for it in check_config(acme, source, config) if it["severity"] == "error"]
    message = "this saved secret is not in the file any more: enter it again"
    assert (issue["path"], issue["location"], issue["message"]) == ("$.apiKey", ["apiKey"], message)
    with pytest.raises(ConfigError, match="this saved secret is not in the file any more"):
        save_config(acme, source, config)
    assert "replaced-meanwhile" in file.read_text(encoding="utf-8")


def test_issues_are_those_of_the_guard(acme: LoadedConnector, source: ConfigSource) -> None:
    issues = check_config(acme, source, {"apiKey": 1, "templates": TEMPLATES, "apiKye": ""})
    assert {it["path"]: it["severity"] for it in issues} == {"$.apiKey": "error", "$.apiKye": "warning"}
    assert check_config(acme, source, CONFIG) == []


def test_new_file_is_for_its_owner_only_and_an_old_one_keeps_its_mode(
    acme: LoadedConnector, source: ConfigSource
) -> None:
    save_config(acme, source, dict(CONFIG))
    assert source.file is not None
    assert stat.S_IMODE(source.file.stat().st_mode) == 0o600
    source.file.chmod(0o640)
    save_config(acme, source, dict(CONFIG))
    assert stat.S_IMODE(source.file.stat().st_mode) == 0o640
    assert [it.name for it in source.file.parent.iterdir()] == ["config.json"]


def test_hostile_texts_are_saved_unchanged(acme: LoadedConnector, source: ConfigSource) -> None:
    text = "<script>alert(1)</script>\ud800 \u202e\u2066 \x00 é 😀" + "a" * 100_000
    save_config(acme, source, {"apiKey": "k", "templates": [{"usageType": text}]})
    config = open_form(acme, source)["config"]
    assert config["templates"] == [{"usageType": text}]


@pytest.fixture
def usual_stack() -> Iterator[None]:
    """Limit the stack as Python does: Hypothesis raises the limit while it runs tests of this process."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    yield
    sys.setrecursionlimit(limit)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"apiKey": "acme-key-5f1d2c",}', "is not JSON: line 1, column "),
        (b'["acme-key-5f1d2c"]', "does not contain a JSON object."),
        (b"\xff", "is not UTF-8"),
        (b'{"a":' * 500 + b"1" + b"}" * 500, "is nested too deeply"),
    ],
)
@pytest.mark.usefixtures("usual_stack")
def test_unusable_file_is_reported_and_never_overwritten(
    acme: LoadedConnector, source: ConfigSource, content: bytes, reason: str
) -> None:
    assert source.file is not None
    source.file.write_bytes(content)
    error = open_form(acme, source)["error"]
    assert str(source.file) in error
    assert reason in error
    assert KEY not in error
    [issue] = [it for it in check_config(acme, source, dict(CONFIG)) if it["path"] == "$"]
    assert issue["severity"] == "error"
    with pytest.raises(ConfigError):
        save_config(acme, source, dict(CONFIG))
    assert source.file.read_bytes() == content


def test_config_cannot_be_saved_without_file_folder_or_object(acme: LoadedConnector, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"start connector-kit dev with --config FILE\."):
        save_config(acme, ConfigSource(None, b""), {})
    with pytest.raises(ConfigError, match=r"cannot be written: No such file or directory\."):
        save_config(acme, ConfigSource(tmp_path / "none" / "config.json", b""), {})
    with pytest.raises(ConfigError, match="not a JSON object"):
        save_config(acme, ConfigSource(tmp_path / "config.json", b""), [])


def test_page_opens_checks_and_saves(page: Page) -> None:
    assert page.get("/api/form").json()["config"] is None
    assert page.post("/api/form/check", json={"config": CONFIG}).json() == {"issues": []}
    saved: Any = page.post("/api/form/save", json={"config": CONFIG})
    assert saved.status_code == 200
    assert page.get("/api/form").json() == saved.json()
    failed = page.post("/api/form/save", json={"config": None})
    assert (failed.status_code, failed.json()) == (422, {"message": "The config is not a JSON object."})
