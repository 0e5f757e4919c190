"""Changes the details of a user as a provider sends them, whatever their structure."""

from typing import Any, Final

Json = Any

_FLAGS: Final = frozenset(
    {
        "emailverified",
        "verifiedemail",
        "isemailverified",
        "emailisverified",
        "emailconfirmed",
        "isemailconfirmed",
        "phonenumberverified",
        "phoneverified",
        "isphoneverified",
        "verifiedphone",
    }
)
"""The members that state that an address or a number is verified, in lower case and without underscores."""

_NEXT_TO_EMAIL: Final = frozenset({"verified", "isverified", "confirmed", "isconfirmed"})
"""Members with that meaning in an object that has an e-mail address or a phone number."""

_CONTACTS: Final = frozenset({"email", "mail", "emailaddress", "phone", "phonenumber", "address"})


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


def _is_flag(name: str, names: frozenset[str]) -> bool:
    return name in _FLAGS or (name in _NEXT_TO_EMAIL and bool(names & _CONTACTS))


def with_unverified(details: Json, value: object) -> Json:
    """Return details in which every flag has this value: that of an unverified address or number."""
    if isinstance(details, list):
        return [with_unverified(item, value) for item in details]
    if not isinstance(details, dict):
        return details
    names = frozenset(map(_plain, details))
    return {
        key: value if _is_flag(_plain(key), names) else with_unverified(member, value)
        for key, member in details.items()
    }


def with_id(details: Json, user_id: str, value: object) -> Json:
    """Return details in which the user's id, as text or as a number, is replaced."""
    if isinstance(details, list):
        return [with_id(item, user_id, value) for item in details]
    if isinstance(details, dict):
        return {key: with_id(member, user_id, value) for key, member in details.items()}
    is_id = isinstance(details, str | int) and not isinstance(details, bool) and str(details) == user_id
    return value if is_id else details
