"""Coverage: which kinds of example a check has tried."""

from collections import Counter
from collections.abc import Iterable, Mapping


class Coverage:
    """Counts examples by kind. A check without examples of every kind that it covers has proven nothing."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def add(self, kind: str) -> None:
        """Count one example of a kind."""
        self._counts[kind] += 1

    @property
    def counts(self) -> Mapping[str, int]:
        """The number of examples of each kind, sorted by kind."""
        return dict(sorted(self._counts.items()))

    def missing(self, kinds: Iterable[str]) -> tuple[str, ...]:
        """Return the kinds without an example."""
        return tuple(kind for kind in kinds if not self._counts[kind])
