"""The search for an example that breaks a property, on Hypothesis: seeds, replay, the run's time limit."""

import base64
import math
import time
import zlib
from collections.abc import Callable, Iterable
from typing import Any, Final

from attrs import define, field, frozen
from hypothesis import HealthCheck, Phase, Verbosity, given, reproduce_failure, seed, settings
from hypothesis import __version__ as hypothesis_version
from hypothesis import strategies as st
from hypothesis.database import ExampleDatabase, InMemoryExampleDatabase
from hypothesis.errors import DidNotReproduce, Flaky, HypothesisException, StopTest, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from conformance.harness.arrival import BeyondMedium
from conformance.harness.error_text import describe_error
from conformance.harness.steps import StepStopped
from conformance.harness.transcript import parameter_names
from conformance.profile import Profile
from conformance.verdicts import CheckFailure

_PARTS: Final = 3
_SHRINK_SECONDS: Final = 10.0
"""How long to look for a smaller example after the first one that fails. Hypothesis would for five minutes."""

_NOT_COMPRESSED: Final = b"\0"
"""The byte by which Hypothesis marks an uncompressed example."""

Verify = Callable[..., None]
"""Asserts a property for one example: raises CheckFailure if it does not hold."""


@frozen
class Replay:
    """One failure to run again.

    Args:
        index: which of the check's properties, counted from 0; ``None`` for all of them.
        example: the example as Hypothesis stores it in a database; ``None`` to search for one.
    """

    index: int | None = None
    example: bytes | None = None

    def __str__(self) -> str:
        """Return it as text for a command line, with the version of Hypothesis that can read the example."""
        return f"{self.index}:{hypothesis_version}:{base64.b64encode(zlib.compress(self.example or b'')).decode()}"

    @classmethod
    def parse(cls, text: str) -> "Replay":
        """Read the text that `str` returns.

        Raises:
            ValueError: the text has another form, or comes from another version of Hypothesis.
        """
        parts = text.split(":")
        if len(parts) != _PARTS or not parts[0].isdecimal():
            raise ValueError("expected the form index:version:example after the id of the check")
        index, version, example = parts
        if version != hypothesis_version:
            raise ValueError(
                f"Hypothesis {version} wrote its example, and Hypothesis {hypothesis_version}, which is installed, "
                "may read it differently"
            )
        try:
            return cls(int(index), zlib.decompress(base64.b64decode(example, validate=True)))
        except (ValueError, zlib.error):
            raise ValueError("its example is damaged or cut off") from None


@frozen
class SearchOptions:
    """How to search for examples.

    Args:
        profile: how many examples to try.
        seed: for the examples; ``None`` leaves it to the profile.
        replay: the one failure to run again; nothing else runs then.
        until: the time of `time.monotonic` after which no further example begins.
    """

    profile: Profile
    seed: int | None = None
    replay: Replay | None = None
    until: float = math.inf


class _SmallestExample(InMemoryExampleDatabase):
    """A Hypothesis database that remembers the smallest example that fails."""

    def __init__(self) -> None:
        super().__init__()
        self.example: bytes | None = None

    def save(self, key: bytes, value: bytes) -> None:
        """Remember the example, except the larger ones, which Hypothesis saves under secondary keys."""
        if not key.endswith((b".secondary", b".pareto")):
            self.example = value


@define
class _Progress:
    """The latest example of a property, the latest failure, and the examples that fail."""

    latest: tuple[Any, ...] = ()
    raised: BaseException | None = None
    shrinks_until: float = math.inf
    failing: set[str] = field(factory=set)

    def fail(self, example: tuple[Any, ...], error: BaseException) -> None:
        """Remember a failure."""
        if self.raised is None:
            self.shrinks_until = time.monotonic() + _SHRINK_SECONDS
        self.raised = error
        self.failing.add(repr(example))

    def skips(self, example: tuple[Any, ...]) -> bool:
        """Return whether the time to look for smaller examples is over, and this one is not known to fail."""
        return time.monotonic() > self.shrinks_until and repr(example) not in self.failing


class ExampleSearch:
    """Searches for examples that break the properties of one check.

    Args:
        options: how to search.
        before_each: called before each example.
    """

    def __init__(self, options: SearchOptions, before_each: Callable[[], None]) -> None:
        self.options = options
        self.failed: Replay | None = None
        """The failure found, to run it again."""
        self.failing: tuple[Any, ...] | None = None
        """The smallest example of that failure."""
        self.current: tuple[Any, ...] | None = None
        """The example that is being tried."""
        self._verify: Verify = lambda: None
        self.beyond_medium = False
        """Whether the connector rejected an example because its medium cannot carry it."""
        self.tried = 0
        """How many examples were tried."""
        self._before_each = before_each
        self._properties = 0

    @property
    def names(self) -> list[str]:
        """The names of the values in `failing` or `current`."""
        return parameter_names(self._verify, len(self.failing or self.current or ()))

    @property
    def time_is_up(self) -> bool:
        """Whether the time limit of the run has passed."""
        return time.monotonic() > self.options.until

    def for_all(self, verify: Verify, strategies: Iterable[SearchStrategy[Any]], examples: int | None) -> None:
        """Try one property on examples drawn from strategies.

        Raises:
            CheckFailure: the property does not hold for `failing`, or Hypothesis could not draw an example.
            Exception: what the connector raised for `failing`.
        """
        index, self._properties = self._properties, self._properties + 1
        replay = self.options.replay
        if replay is not None and replay.index not in {None, index}:
            return
        progress, database = _Progress(), _SmallestExample()
        self._verify = verify

        def run(arguments: tuple[Any, ...]) -> None:
            self._try(verify, arguments, progress)

        try:
            self._decorated(run, strategies, database, index, examples)()
        except DidNotReproduce:
            return
        except Flaky as error:
            self.failing = progress.latest
            raise CheckFailure(_not_repeatable(progress.raised, error)) from None
        except Unsatisfiable:
            raise CheckFailure(
                "no example could be drawn: none meets the conditions of the check, "
                "such as a config that the schema accepts"
            ) from None
        except HypothesisException as error:
            raise CheckFailure(f"no example could be drawn: {type(error).__name__}: {error}") from None
        except Exception:
            self.failing = progress.latest
            replayed = None if replay is None else replay.example
            self.failed = Replay(index, replayed or database.example)
            raise

    def _try(self, verify: Verify, arguments: tuple[Any, ...], progress: _Progress) -> None:
        if self.time_is_up and progress.raised is None:
            return  # a failure that was found in time is still shrunk
        if progress.skips(arguments):
            return
        self.tried += 1
        progress.latest = self.current = arguments
        self._before_each()
        try:
            verify(*arguments)
        except (HypothesisException, StopTest, StepStopped):
            raise  # the example does not meet an assumption, or has to end
        except BeyondMedium:
            self.beyond_medium = True
        except Exception as error:
            progress.fail(arguments, error)
            raise
        except BaseException as error:  # Hypothesis would neither shrink it nor try it again
            progress.fail(arguments, error)
            raise CheckFailure(f"expected no exception; it raised {describe_error(error)}") from error
        finally:
            self.current = None

    def _decorated(
        self,
        run: Callable[[tuple[Any, ...]], None],
        strategies: Iterable[SearchStrategy[Any]],
        database: ExampleDatabase,
        index: int,
        examples: int | None,
    ) -> Callable[[], None]:
        """Return the test with Hypothesis's decorators: to search, or to run the one example of a replay."""
        options = self.options
        test = given(st.tuples(*strategies))(run)
        if options.seed is not None or options.profile.derandomized:
            test = seed(index if options.seed is None else options.seed)(test)
        test = settings(  # after the seed, which would remove the database
            max_examples=examples or options.profile.examples,
            derandomize=False,  # a seed does that, and costs less
            database=database,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )(test)
        if options.replay is None or options.replay.example is None:
            return test
        return reproduce_failure(hypothesis_version, base64.b64encode(_NOT_COMPRESSED + options.replay.example))(test)


def _not_repeatable(raised: BaseException | None, error: Flaky) -> str:
    if raised is None:
        return f"the same choices draw different examples each time: {error}"
    return f"it does not fail each time for the same example; it failed once with: {_reason(raised)}"


def _reason(raised: BaseException) -> str:
    return raised.message if isinstance(raised, CheckFailure) else describe_error(raised)
