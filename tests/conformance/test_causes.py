"""The cause of a failure: the same words for all checks that fail for it."""

from typing import Any, cast

import pytest

from conformance.run.causes import cause_of
from conformance.verdicts import CheckFailure


class _NoError:
    latest_error = None


@pytest.mark.parametrize(
    ("message", "cause"),
    [
        ("expected one call to the provider, found 2", "expected one call to the provider, found …"),
        (
            "for the locale 'af-ZA': expected one call to the provider, found 2",
            "expected one call to the provider, found …",
        ),
        (
            "expected one call to the provider for a template of 100 characters (placeholders), found 2",
            "expected one call to the provider, found …",
        ),
        (
            "expected one call to the provider from a new connector, found 2",
            "expected one call to the provider, found …",
        ),
        (
            "expected no secret in the error for an invalid config, found accessKeyId",
            "expected no secret in the error, found accessKeyId",
        ),
        (
            "expected no secret in the log for the outcome 'hangs', found accessKeyId",
            "expected no secret in the log, found accessKeyId",
        ),
        ("expected a warning at $.region for a region without SES", "expected a warning at …"),
        (
            "expected quotes for users from everywhere, found none",
            "expected quotes for users from everywhere, found none",
        ),
    ],
)
def test_wording_has_neither_circumstances_nor_values(message: str, cause: str) -> None:
    """What was expected and found stays, with the place of a leak and the name of a secret."""
    assert cause_of(CheckFailure(message), cast("Any", _NoError())) == cause
