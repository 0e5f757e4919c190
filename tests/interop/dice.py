"""Repeatable random choices: a seed gives the same cases on every Python, so recorded answers stay valid."""

from collections.abc import Callable, Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

Make = Callable[["Dice"], T]
"""Makes one random value."""


class Dice:
    """Random choices on ``Random.random`` alone, whose sequence Python promises to keep for a seed."""

    def __init__(self, seed: str) -> None:
        self._next = Random(seed).random

    def below(self, bound: int) -> int:
        """Return 0 … bound - 1."""
        return int(self._next() * bound)

    def between(self, low: int, high: int) -> int:
        """Return low … high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, probability: float) -> bool:
        """Return True that often."""
        return self._next() < probability

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return choices[self.below(len(choices))]

    def some(self, choices: Sequence[T], low: int, high: int) -> list[T]:
        """Return low … high choices, repeats allowed."""
        return [self.pick(choices) for _ in range(self.between(low, high))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in another order."""
        rest = list(items)
        return [rest.pop(self.below(len(rest))) for _ in items]
