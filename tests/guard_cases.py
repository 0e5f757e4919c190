"""Guards and values for the tests of guards, issues and warnings."""

from typing import Any

from attrs import field, frozen

from connector_kit import Guard, WarningRule

CANARY = "K9X2canaryQ7Z4"
Json = Any


@frozen
class Anything:
    """The result of the guards in these tests."""

    port: Any = None
    nested: Any = None
    secret: Any = field(default=None, repr=False)


def guard(*, warnings: tuple[WarningRule, ...] = (), **schema: Json) -> Guard[Anything]:
    """Return a guard for a schema with these keywords."""
    return Guard({"type": "object", **schema}, Anything, warnings=warnings)


def ses_config(**changes: Json) -> dict[str, Json]:
    """Return a valid SES config with changes."""
    return {
        "accessKeyId": "AKIAFAKEFAKEFAKEFAKE",
        "accessKeySecret": "secret",
        "region": "eu-west-1",
        "emailAddress": "Acme <noreply@acme.example>",
        "templates": [
            *(
                {"usageType": kind, "subject": "s", "content": "<p>{{code}}</p>"}
                for kind in ("Register", "SignIn", "ForgotPassword", "Generic")
            ),
            {"usageType": "OrganizationInvitation", "subject": "s", "content": "<p>{{link}}</p>"},
        ],
        **changes,
    }


def issue_tuples(of: Guard[Any], value: Json, **options: bool) -> list[tuple[str, str, str]]:
    """Return path, keyword and message of each issue."""
    return [(it.path, it.keyword, it.message) for it in of.issues(value, **options)]


METADATA = {
    "id": "a",
    "target": "b",
    "name": {"en": "c"},
    "description": {"en": "d"},
    "logo": "e",
    "logoDark": None,
    "readme": "f",
    "platform": None,
}
ITEM = {"type": "Text", "key": "a", "label": "b"}


def deep(levels: int, innermost: Json = None) -> Json:
    """Return a value inside nested objects and arrays."""
    value = innermost
    for _ in range(levels):
        value = {"nested": [value]}
    return value
