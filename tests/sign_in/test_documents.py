"""Documents that a provider publishes are kept, and read again when they may have changed."""

import pytest

from connector_kit.sign_in.documents import Documents


class ProviderDownError(Exception):
    """The provider does not respond."""


class Provider:
    """Publishes a number, which grows with each reading, and has a clock."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.readings: list[str] = []
        self.documents = Documents(self.read, max_age=600, renewal_pause=60, clock=lambda: self.now)

    def read(self, address: str) -> int:
        """Return how many readings there were."""
        self.readings.append(address)
        if address == "broken":
            raise ProviderDownError
        return len(self.readings)


def test_document_is_kept_until_it_is_too_old() -> None:
    """Each address has its own."""
    provider = Provider()
    assert [provider.documents.get(it) for it in ("a", "b", "a", "b")] == [1, 2, 1, 2]
    provider.now += 599
    assert provider.documents.get("a") == 1
    provider.now += 1
    assert provider.documents.get("a") == 3


def test_renewal_is_bounded() -> None:
    """One right after the first reading, and then one in a minute: also if the document is read for its age meanwhile."""
    provider = Provider()
    assert provider.documents.get("a") == 1
    assert [provider.documents.renewed("a") for _ in range(3)] == [2, None, None]
    provider.now += 59
    assert provider.documents.renewed("a") is None
    provider.now += 1
    assert provider.documents.renewed("a") == 3
    provider.now += 599
    assert provider.documents.renewed("a") == 4
    provider.now += 600
    assert provider.documents.get("a") == 5
    assert provider.documents.renewed("a") == 6


def test_failed_renewal_counts_as_one() -> None:
    """Whoever sends tokens with unknown keys must not cause requests to a provider that does not respond."""
    provider = Provider()
    documents = Documents(lambda _: 1 if not provider.readings else provider.read("broken"), clock=lambda: provider.now)
    assert documents.get("a") == 1
    provider.readings.append("a")
    with pytest.raises(ProviderDownError):
        documents.renewed("a")
    assert documents.renewed("a") is None
    assert documents.get("a") == 1


def test_error_is_not_kept() -> None:
    """The next user causes another request."""
    provider = Provider()
    for _ in range(2):
        with pytest.raises(ProviderDownError):
            provider.documents.get("broken")
    assert provider.readings == ["broken", "broken"]


def test_document_that_nobody_has_read_is_read_for_a_renewal() -> None:
    """And kept."""
    provider = Provider()
    assert (provider.documents.renewed("a"), provider.documents.get("a")) == (1, 1)


def test_few_documents_are_kept() -> None:
    """The eight that were read last."""
    provider = Provider()
    for index in range(9):
        provider.documents.get(str(index))
    assert provider.documents.get("8") == 9
    assert provider.documents.get("0") == 10
