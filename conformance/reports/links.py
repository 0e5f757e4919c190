"""Links from a report to the documentation."""

from functools import cache
from importlib.metadata import PackageNotFoundError, metadata
from typing import Final
from urllib.parse import quote

_PACKAGE: Final = "logto-connector-kit"
_LABEL: Final = "Documentation"
_DEVIATIONS: Final = ("R", "K")


@cache
def contract_url() -> str | None:
    """Return the address of the contract, from the address of the documentation that the package declares."""
    try:
        declared = metadata(_PACKAGE).get_all("Project-URL") or []
    except PackageNotFoundError:
        return None
    pairs = (it.partition(", ") for it in declared)
    return next((f"{url.rpartition('/')[0]}/contract.md" for label, _, url in pairs if label == _LABEL), None)


def clause_url(clause: str) -> str | None:
    """Return the address of a clause: a browser scrolls to its number."""
    number = f"{clause}:" if clause.startswith(_DEVIATIONS) else f"{clause}."
    return None if contract_url() is None else f"{contract_url()}#:~:text={quote(number, errors='replace')}"
