"""How hard the suite tries: a profile sets the number of examples, and whether the same ones come up each time."""

import os
from typing import Final

from attrs import frozen


@frozen
class Profile:
    """How hard to try.

    Args:
        name: ``dev``, ``ci`` or ``nightly``.
        examples: how many examples a claim must survive.
        failure_examples: how many for each way in which a provider fails; connectors pause before they try again.
        derandomized: the same examples each time.
    """

    name: str
    examples: int
    failure_examples: int
    derandomized: bool


PROFILES: Final = {
    profile.name: profile
    for profile in (
        Profile("dev", examples=25, failure_examples=1, derandomized=False),
        Profile("ci", examples=50, failure_examples=2, derandomized=True),
        Profile("nightly", examples=1000, failure_examples=10, derandomized=False),
    )
}


def default_profile() -> Profile:
    """Return ``ci`` where the environment says CI, else ``dev``."""
    return PROFILES["ci" if os.environ.get("CI") else "dev"]
