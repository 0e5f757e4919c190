"""Guards and values that the tests of guards, issues and advice share."""

from typing import Any

from attrs import field, frozen

from connector_kit import Advice, Guard

CANARY = "K9X2canaryQ7Z4"
Json = Any


@frozen
class Anything:
    """What a guard of these tests gives back."""

    port: Any = None
    nested: Any = None
    secret: Any = field(default=None, repr=False)


def guard(*, advice: tuple[Advice, ...] = (), **schema: Json) -> Guard[Anything]:
    """Make a guard from a schema's members."""
    return Guard({"type": "object", **schema}, Anything, advice=advice)


def ses_config(**changes: Json) -> dict[str, Json]:
    """Return a sound SES config, with changes."""
    return {
        "accessKeyId": "AKIAIOSFODNN7EXAMPLE",
        "accessKeySecret": "secret",
        "region": "eu-west-1",
        "emailAddress": "Acme <noreply@acme.example>",
        "templates": [
            {"usageType": kind, "subject": "s", "content": "<p>{{code}}</p>"}
            for kind in ("Register", "SignIn", "ForgotPassword", "Generic")
        ],
        **changes,
    }


def told(of: Guard[Any], value: Json, **options: bool) -> list[tuple[str, str, str]]:
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
    """Nest a value, two levels of JSON a level."""
    value = innermost
    for _ in range(levels):
        value = {"nested": [value]}
    return value
