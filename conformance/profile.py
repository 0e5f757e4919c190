"""Profiles: how many examples the suite tries, and whether it draws the same ones each time."""

import os
from typing import Final

from attrs import frozen


@frozen
class Profile:
    """How many examples to try.

    Args:
        name: ``quick``, ``dev``, ``ci`` or ``nightly``.
        examples: the number of examples for each property.
        failure_examples: the number for each failure of a provider; fewer, since connectors pause before a retry.
        derandomized: whether each run draws the same examples.
        step_seconds: the time limit of each step of a check, such as one send; a check that exceeds it fails.
        check_seconds: the time limit of a whole check, for connectors whose steps are all slow.
        is_smoke: whether only the smoke checks run, unless checks are named: they show quickly what is broken, and prove
            nothing.
    """

    name: str
    examples: int
    failure_examples: int
    derandomized: bool
    step_seconds: float = 30.0
    check_seconds: float = 300.0
    is_smoke: bool = False


PROFILES: Final = {
    profile.name: profile
    for profile in (
        Profile("quick", examples=2, failure_examples=1, derandomized=True, check_seconds=60.0, is_smoke=True),
        Profile("dev", examples=25, failure_examples=1, derandomized=False),
        Profile("ci", examples=50, failure_examples=2, derandomized=True, check_seconds=600.0),
        Profile("nightly", examples=1000, failure_examples=10, derandomized=False, check_seconds=6_000.0),
    )
}


def default_profile() -> Profile:
    """Return ``ci`` if the environment variable CI is set, else ``dev``."""
    return PROFILES["ci" if os.environ.get("CI") else "dev"]
