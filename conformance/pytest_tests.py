"""The suite as tests in an author's own pytest run: one test a check, its id the check's."""

from collections.abc import Callable
from functools import cache

import pytest

from conformance.judge import run_check
from conformance.profile import PROFILES, Profile, default_profile
from conformance.registry import Check
from conformance.report import CheckResult, State
from conformance.runner import checks_for
from conformance.smoke import spec_faults
from conformance.spec import Spec


def conformance_tests(spec: Spec, *, profile: str | None = None) -> Callable[[Check], None]:
    """Make a test function of the suite; bind it to a name that pytest collects, such as ``test_conformance``.

    Args:
        spec: the connector and what the suite has to know of it.
        profile: ``dev``, ``ci`` or ``nightly``; ``ci`` where the environment says CI, else ``dev``.
    """
    chosen: Profile = default_profile() if profile is None else PROFILES[profile]

    @cache
    def faults() -> tuple[str, ...]:
        return spec_faults(spec, chosen)

    told: list[str] = []

    @pytest.mark.parametrize("check", checks_for(spec), ids=lambda check: check.id)
    def test_conformance(check: Check) -> None:
        if faults() and told:
            pytest.skip(f"the Spec is not usable: see {told[0]}")
        if faults():
            told.append(check.id)
            pytest.fail("The Spec is not usable: " + " ".join(faults()), pytrace=False)
        result = run_check(check, spec, chosen)
        if result.state is State.NOT_APPLICABLE:
            pytest.skip(result.message)
        if result.state is State.EXPECTED_FAILURE:
            pytest.xfail(result.message)
        if result.is_error:
            raise _failure(result)
        if result.state is State.FAILED:
            pytest.xfail(f"advisory: {result.message}")

    return test_conformance


def _failure(result: CheckResult) -> BaseException:
    """Make pytest's failure, with the traceback of the claim that does not hold: ``--pdb`` opens there."""
    example = f"\n{result.example}" if result.example else ""
    replay = f"\nreplay: {result.replay}" if result.replay else ""
    message = f"{result.claim}\n{result.state}: {result.message} ({result.clause}){example}{replay}"
    traceback = result.error.__traceback__ if result.error is not None else None
    return pytest.fail.Exception(message, pytrace=False).with_traceback(traceback)
