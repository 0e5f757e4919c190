"""The official packages for the tests of this folder: live, or recorded answers without npm."""

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.interop.official import UnavailableError, running_driver
from tests.interop.recording import Official
from tests.loopback import Loopback


@pytest.fixture(scope="session")
def official() -> Iterator[Official]:
    """Run the official packages; without npm, use their recorded answers, but never in CI.

    ``INTEROP=recorded`` forces the recorded answers.
    """
    in_ci = bool(os.environ.get("CI"))
    with ExitStack() as stack:
        driver, why = None, "INTEROP=recorded is set"
        if in_ci or os.environ.get("INTEROP") != "recorded":
            try:
                driver = stack.enter_context(running_driver())
            except UnavailableError as error:
                if in_ci:
                    pytest.fail(f"The official packages must be there in CI: {error}")
                why = str(error)
        yield Official(driver, why)


@pytest.fixture
def ses(loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> Loopback:
    """Run a loopback server that botocore uses as Amazon SES."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", loopback.url)
    return loopback
