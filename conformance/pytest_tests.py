"""The suite in an author's own pytest run: one test for each check, with the check's id."""

from collections.abc import Callable
from functools import cache

import pytest

from conformance.harness.search import SearchOptions
from conformance.profile import PROFILES, Profile, default_profile
from conformance.registry import Check
from conformance.run.one_check import run_check
from conformance.run.plan import checks_for
from conformance.run.process_end import end_with_the_main_thread
from conformance.run.spec_trial import try_spec
from conformance.spec import Spec
from conformance.verdicts import CheckResult, State


def conformance_tests(spec: Spec, *, profile: str | Profile | None = None) -> Callable[[Check], None]:
    """Make a test function of the suite. Assign it to a name that pytest collects, such as ``test_conformance``.

    Args:
        spec: the connector and what its author declares about it.
        profile: ``quick``, ``dev``, ``ci``, ``nightly`` or a profile of your own; the default is ``ci`` if the environment
            variable CI is set, else ``dev``.
    """
    chosen = default_profile() if profile is None else profile
    options = SearchOptions(PROFILES[chosen] if isinstance(chosen, str) else chosen)
    end_with_the_main_thread()
    errors = cache(lambda: try_spec(spec, options.profile))
    reported_in: list[str] = []

    @pytest.mark.parametrize("check", checks_for(spec, profile=options.profile), ids=lambda check: check.id)
    def test_conformance(check: Check) -> None:
        if errors() and reported_in:
            pytest.skip(f"The Spec cannot be used; see the failure of {reported_in[0]}")
        if errors():
            reported_in.append(check.id)
            pytest.fail("The Spec cannot be used: " + " ".join(errors()), pytrace=False)
        result = run_check(check, spec, options)
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
    """Make pytest's failure with the traceback of the check, so that ``--pdb`` opens where the check failed."""
    example = f"\nexample: {result.example}" if result.example else ""
    replay = f"\nreplay: {result.replay}" if result.replay else ""
    message = f"check: {result.description} ({result.clause})\n{result.state}: {result.message}{example}{replay}"
    traceback = result.error.__traceback__ if result.error is not None else None
    return pytest.fail.Exception(message, pytrace=False).with_traceback(traceback)
