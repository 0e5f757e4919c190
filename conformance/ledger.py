"""What a check has seen: without examples of each kind it has proven nothing."""

from collections import Counter
from collections.abc import Iterable, Mapping


class Ledger:
    """Counts examples by kind."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()

    def saw(self, kind: str) -> None:
        """Count one example of a kind."""
        self._counts[kind] += 1

    @property
    def counts(self) -> Mapping[str, int]:
        """How many examples of each kind there were, by kind, sorted."""
        return dict(sorted(self._counts.items()))

    def missing(self, kinds: Iterable[str]) -> tuple[str, ...]:
        """Return the kinds of which there was no example."""
        return tuple(kind for kind in kinds if not self._counts[kind])
