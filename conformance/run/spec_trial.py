"""Tries a Spec under a time limit: a connector that hangs or exits at its first use is an error in the Spec."""

from functools import partial

from conformance.harness.steps import Steps, StuckError, supervise
from conformance.profile import Profile
from conformance.run.smoke_test import spec_errors
from conformance.spec import Spec


def try_spec(spec: Spec, profile: Profile) -> tuple[str, ...]:
    """Return the errors in a Spec, in words; also when its connector hangs, or raises what would end this process."""
    steps = Steps(profile.step_seconds, spec.connector, profile.check_seconds)
    try:
        return supervise(partial(spec_errors, spec), steps)
    except StuckError as stuck:
        return (f"the connector hangs at its first use: {stuck}.",)
    except Exception:
        raise  # a mistake of the Spec's own code, such as its stub: the author needs the traceback
    except BaseException as raised:
        if steps.is_stopped:
            raise  # the user has stopped the run
        where = steps.position_of(raised)
        return (f"the connector raised {type(raised).__name__} at its first use, in {where}.",)
