"""Events, and the connector that they tell of."""

import asyncio
from pathlib import Path

import pytest

from conformance.workbench import events
from conformance.workbench.bench import Bench
from conformance.workbench.events import Events
from conformance.workbench.loaded_connector import ConnectorLoadError, load, source_folders
from conformance.workbench.watching import watched_folders
from tests.conformance.workbench.conftest import MODULE, InThisProcess, Page


def test_every_listener_gets_each_event_until_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_HEARTBEAT_SECONDS", 0.01)

    async def scenario() -> None:
        made = Events()
        made.send("nobody listens")
        streams = [made.stream(), made.stream()]
        for stream in streams:
            assert await anext(stream) == ": connected\n\n"
        waiting = [asyncio.ensure_future(anext(stream)) for stream in streams]
        await asyncio.sleep(0)
        made.send("progress", {"text": "a\nb\ud800"})
        for it in waiting:
            assert await it == 'event: progress\ndata: {"text": "a\\nb\\ud800"}\n\n'
        assert await anext(streams[0]) == ": still here\n\n"
        made.close()
        assert [it async for it in streams[0]] == []
        assert [it async for it in streams[1]] == []

    asyncio.run(scenario())


def test_reload_ends_the_processes_of_edits_but_not_a_real_message() -> None:
    bench = Bench("smtp", None, InThisProcess)
    stopped = []
    for name in ("edits", "sends", "real"):
        getattr(bench, name).stop = lambda name=name: stopped.append(name)
    bench.reload()
    assert stopped == ["edits", "sends"]
    bench.stop()
    assert stopped[2:] == ["edits", "sends", "real"]


def test_server_watches_until_it_stops(page: Page) -> None:
    stopped = []
    page.bench.stop = lambda: stopped.append("stopped")  # type: ignore[method-assign]
    with page:
        assert page.get("/api/connector").status_code == 200
        assert stopped == []
    assert stopped == ["stopped"]


def test_folders_of_own_modules_are_watched_and_those_of_installed_ones_are_not() -> None:
    folders = source_folders(load(f"{MODULE}:spec"))
    here = Path(__file__).parent
    assert {str(here), str(here.parents[2] / "conformance" / "workbench" / "web")} <= {*folders}
    assert not any("site-packages" in it or "__pycache__" in it for it in folders)


def test_folder_of_the_config_is_watched_and_before_the_first_import_the_current_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert watched_folders([], None) == [str(tmp_path)]
    assert watched_folders([], tmp_path / "gone" / "config.json") == [str(tmp_path)]
    assert watched_folders(["/no-such-folder", "/tmp"], tmp_path / "config.json") == sorted(["/tmp", str(tmp_path)])


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("no-such-connector", "No installed connector has the id 'no-such-connector'"),
        ("no_such_module:Class", "No module named 'no_such_module'"),
        ("tests.conformance.workbench.conftest:HOST", "is not a connector that Logto can load"),
    ],
)
def test_unusable_target_is_reported(target: str, message: str) -> None:
    with pytest.raises(ConnectorLoadError, match=message):
        load(target)
