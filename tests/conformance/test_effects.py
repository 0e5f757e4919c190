"""What a connector does to the machine and to the process."""

import gc
import logging
import os
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import types
import weakref
from pathlib import Path
from typing import Any

import pytest

from conformance.harness import effects
from conformance.harness.effects import (
    count_descriptors,
    count_threads,
    fast_collection,
    rare_collection,
    reachable_bytes,
    recorded_effects,
    settled,
)
from conformance.harness.process_state import changes_of, is_random_seeded_by, process_state, unusual_state


def own(name: str) -> bool:
    return name == "mine"


def test_files_that_stay_are_recorded(tmp_path: Path) -> None:
    """Not those that are read, are gone, or are devices."""
    (tmp_path / "old").write_text("x")
    with recorded_effects() as recorded:
        (tmp_path / "old").read_text()
        (tmp_path / "new").write_text("x")
        (tmp_path / "folder").mkdir()
        with sqlite3.connect(tmp_path / "data") as database:
            database.execute("create table t (a)")
        with tempfile.NamedTemporaryFile(dir=tmp_path):
            pass
        with open(os.devnull, "w"):  # noqa: PTH123 - a descriptor is what the next line is about
            os.fdopen(os.open(os.devnull, os.O_WRONLY), "w").close()
    assert recorded.files_left == [str(tmp_path / it) for it in ("data", "folder", "new")]


def test_processes_are_recorded() -> None:
    with recorded_effects() as recorded:
        subprocess.run([sys.executable, "-S", "-c", ""], check=True)
    assert "subprocess.Popen" in recorded.started


def test_other_threads_are_not_recorded(tmp_path: Path) -> None:
    """A thread that existed before does not belong to the connector."""
    go, done = threading.Event(), threading.Event()

    def write() -> None:
        go.wait(5)
        (tmp_path / "other").write_text("x")
        done.set()

    threading.Thread(target=write, daemon=True).start()
    with recorded_effects() as recorded:
        go.set()
        assert done.wait(5)
    assert recorded.files_left == []


def test_settled_waits_for_threads_that_end() -> None:
    before = count_threads()
    threading.Thread(target=time.sleep, args=(0.1,), daemon=True).start()
    assert settled(count_threads, before) <= before  # threads of earlier tests may end meanwhile


def test_settled_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effects, "_SETTLE_SECONDS", 0.05)
    assert settled(lambda: 5, 1) == 5


def test_descriptors_are_counted_where_the_system_lists_them(monkeypatch: pytest.MonkeyPatch) -> None:
    before = count_descriptors()
    reading, writing = os.pipe()
    assert count_descriptors() == before + 2
    os.close(reading)
    os.close(writing)
    monkeypatch.setattr(os.path, "isdir", lambda _: False)
    assert count_descriptors() == 0


def test_reachable_bytes_grow_with_what_is_kept() -> None:
    """In attributes, closures and caches; what belongs to others does not count."""

    class Kept:
        def __init__(self) -> None:
            self.sent: list[str] = []
            self.other = Others()
            self.again = self.sent
            self.module = types
            self.call = self._make()

        def _make(self) -> Any:
            inside: list[str] = []
            return lambda: inside

    class Others:
        def __init__(self) -> None:
            self.sent: list[str] = []

    kept = Kept()
    before = reachable_bytes([kept], (Others,))
    kept.other.sent.append("x" * 1000)
    assert reachable_bytes([kept], (Others,)) == before
    kept.sent.append("y" * 1000)
    kept.call().append("z" * 1000)
    assert reachable_bytes([kept], (Others,)) >= before + 2000


def test_records_that_a_handler_keeps_do_not_count() -> None:
    """The handlers of the root logger are the program's, such as pytest's, which keeps every record."""

    class Keeps(logging.Handler):
        def __init__(self) -> None:
            super().__init__()
            self.records: list[logging.LogRecord] = []

        def emit(self, record: logging.LogRecord) -> None:
            self.records.append(record)

    logger, handler = logging.getLogger(f"{__name__}.kept"), Keeps()
    logger.addHandler(handler)
    before = reachable_bytes([logger], ())
    logger.warning("x" * 1000)
    logger.removeHandler(handler)
    assert handler.records
    assert reachable_bytes([logger], ()) == before


def test_changes_of_loggers_are_named() -> None:
    """Except those of the connector's own, and those that are new."""
    with unusual_state({"A": "1"}, own):
        before = process_state(own)
        assert before["the environment"] == {"A": "1"}
        logging.getLogger("urllib3").setLevel(logging.ERROR)
        logging.getLogger("mine").setLevel(logging.ERROR)
        logging.getLogger(f"new-{time.monotonic()}").setLevel(logging.ERROR)
        os.environ["B"] = "2"
        assert changes_of(before, process_state(own)) == ["other loggers (urllib3)", "the environment"]
    logging.getLogger("mine").setLevel(logging.NOTSET)


def test_state_is_restored() -> None:
    before = process_state(own)
    with unusual_state({}, own):
        pass
    assert changes_of(before, process_state(own)) == []


def test_use_of_random_numbers_is_not_a_seed() -> None:
    before = random.getstate()
    assert not is_random_seeded_by(random.random)
    assert not is_random_seeded_by(lambda: None)
    assert is_random_seeded_by(lambda: random.seed(7))
    assert random.getstate() == before


def test_fast_collection_leaves_earlier_objects_alone_until_it_ends() -> None:
    """Garbage that is made in it is collected."""
    before = gc.get_freeze_count()
    with fast_collection():
        assert gc.get_freeze_count() > before
        kept = [_Cycle()]
        made = weakref.ref(kept.pop())
        gc.collect()
        assert made() is None
    assert gc.get_freeze_count() == 0


def test_rare_collection_ends_with_its_context() -> None:
    """The generations of the garbage collector have their own thresholds again."""
    before = gc.get_threshold()
    with rare_collection():
        assert gc.get_threshold() == (10_000, *before[1:])
    assert gc.get_threshold() == before
    for own in (0, 50_000):
        gc.set_threshold(own, *before[1:])
        try:
            with rare_collection():
                assert gc.get_threshold()[0] == own
        finally:
            gc.set_threshold(*before)


class _Cycle:
    """An object that only the garbage collector deletes."""

    def __init__(self) -> None:
        self.own = self
