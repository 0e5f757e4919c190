"""The "did you mean …?" of every message."""

import pytest

from connector_kit.messages import TemplateType
from connector_kit.suggestions import did_you_mean


@pytest.mark.parametrize(
    ("found", "choices", "expected"),
    [
        ("Signin", tuple(TemplateType), " (did you mean 'SignIn'?)"),
        ("emailAdress", {"emailAddress": 1, "region": 2}, " (did you mean 'emailAddress'?)"),
        ("zzz", ["emailAddress"], ""),
        ("zzz", [], ""),
        (25, ["25"], ""),
        ("25", [25], ""),
    ],
)
def test_closest_choice_is_suggested(found: object, choices: tuple[object, ...], expected: str) -> None:
    """Only strings are compared; a choice that is not close is not suggested."""
    assert did_you_mean(found, choices) == expected
