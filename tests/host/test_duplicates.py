"""The memory of sends: keyed digests, a time, and a size."""

from typing import Any

import pytest

from connector_kit.host import duplicates
from connector_kit.host.duplicates import RecentSends


def test_a_send_is_remembered_for_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """And then forgotten, its neighbours too."""
    now = [0.0]
    monkeypatch.setattr(duplicates, "monotonic", lambda: now[0])
    recent: RecentSends[str] = RecentSends(10)
    for name in ("a", "b"):
        recent.remember(recent.digest(name), name)
        now[0] += 1
    now[0] = 10.5
    assert recent.find(recent.digest("a")) is None
    assert recent.find(recent.digest("b")) == "b"
    assert len(recent._sends) == 1
    now[0] = 20
    assert recent.find(recent.digest("zzz")) is None
    assert recent._sends == {}


def test_without_a_time_nothing_is_remembered() -> None:
    """Not even a digest is made."""
    recent: RecentSends[str] = RecentSends(0)
    assert recent.digest("a") is None
    recent.remember(None, "a")
    recent.forget(None, "a")
    assert recent.find(None) is None


def test_the_oldest_go_when_there_are_too_many() -> None:
    """Memory has a bound."""
    recent: RecentSends[int] = RecentSends(60, most=3)
    for number in range(5):
        recent.remember(recent.digest(number), number)
    assert [recent.find(recent.digest(number)) for number in range(5)] == [None, None, 2, 3, 4]


def test_only_the_send_itself_can_be_forgotten() -> None:
    """A later one under the same digest stays."""
    recent: RecentSends[Any] = RecentSends(60)
    first, second = object(), object()
    digest = recent.digest("x")
    recent.remember(digest, second)
    recent.forget(digest, first)
    assert recent.find(digest) is second
    recent.forget(digest, second)
    assert recent.find(digest) is None
    recent.forget(digest, second)


def test_digests_say_nothing_of_their_content() -> None:
    """They are keyed, so two processes have different ones; JSON that is equal has equal ones, and no other has."""
    one: RecentSends[str] = RecentSends(1)
    other: RecentSends[str] = RecentSends(1)
    assert one.digest({"a": 1, "b": "\ud800"}) == one.digest({"b": "\ud800", "a": 1})
    assert one.digest("code") != other.digest("code")
    assert len({one.digest(value) for value in (1, "1", True, None, [1], 1.5)}) == 6
