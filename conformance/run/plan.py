"""What a run does: built once from the options of a front."""

import time
from collections.abc import Iterable

from attrs import evolve, frozen

from conformance.checks import all_checks
from conformance.harness.search import Replay, SearchOptions
from conformance.profile import Profile
from conformance.registry import Check
from conformance.spec import Spec
from connector_kit.suggestions import did_you_mean


@frozen
class RunPlan:
    """A run of checks on one connector.

    Args:
        spec: the connector and what its author declares about it.
        target: the name of the connector on a command line; other processes find it by this name.
        checks: the checks to run, in this order.
        options: how each check searches for examples.
        require_coverage: whether a check that lacks examples of some kind is an error.
        fail_fast: whether to stop at the first error.
        jobs: the number of processes; with 1, checks run in this process.
    """

    spec: Spec
    target: str
    checks: tuple[Check, ...]
    options: SearchOptions
    require_coverage: bool = True
    fail_fast: bool = False
    jobs: int = 1

    def replaying(self, token: str) -> "RunPlan":
        """Return the plan to run one failure again, and nothing else.

        Raises:
            LookupError: the token does not name a check, is incomplete, or comes from another version of Hypothesis.
        """
        check, replay = find_replay(token)
        return evolve(self, checks=(check,), options=evolve(self.options, replay=replay), jobs=1)

    def ending_after(self, seconds: float) -> "RunPlan":
        """Return the plan with a time limit that begins now."""
        return evolve(self, options=evolve(self.options, until=time.monotonic() + seconds))


def find_checks(patterns: Iterable[str] = ()) -> tuple[Check, ...]:
    """Return the checks with these ids or in these areas, such as ``routing``; all of them if none are given.

    Raises:
        LookupError: an id or area does not exist.
    """
    checks = all_checks()
    wanted = tuple(patterns)
    names = {name for check in checks for name in (check.id, check.area)}
    for name in wanted:
        if name not in names:
            raise LookupError(f"There is no check or area {name!r}{did_you_mean(name, names)}.")
    return tuple(it for it in checks if not wanted or it.id in wanted or it.area in wanted)


def checks_for(spec: Spec, patterns: Iterable[str] = (), profile: Profile | None = None) -> tuple[Check, ...]:
    """Return the checks for the connector's type; checks for other types only by their full ids.

    Without patterns, a profile may choose the smoke checks.

    Raises:
        LookupError: an id or area does not exist.
    """
    wanted = tuple(patterns)
    only_smoke = profile is not None and profile.is_smoke and not wanted
    found = (it for it in find_checks(wanted) if spec.connector.type in it.types or it.id in wanted)
    return tuple(it for it in found if it.is_smoke or not only_smoke)


def find_replay(token: str) -> tuple[Check, Replay]:
    """Parse the value of ``--replay`` from a report: a check, and the example for which a property fails.

    Raises:
        LookupError: the token does not name a check, is incomplete, or comes from another version of Hypothesis.
    """
    check_id, _, text = token.partition(":")
    if "." not in check_id:
        raise LookupError(f"expected a --replay value from a report, such as area.check:…, found {token!r}")
    (check,) = find_checks([check_id])
    if not text:
        return check, Replay()
    try:
        return check, Replay.parse(text)
    except ValueError as error:
        raise LookupError(f"cannot replay {token!r}: {error}. Run the check again with --check {check_id}.") from None
