"""A Spec says what the suite has to know of a connector, and refuses what cannot be."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from attrs import evolve

from conformance import CAPABILITIES, Spec, SpecError, spec_of
from conformance.providers.aws_ses import AwsSesProvider
from connector_kit import ConnectorError, Declaration
from connector_kit.connectors.aws_ses import AwsSesConnector


def _declared(**changes: Any) -> type[AwsSesConnector]:  # noqa: ANN401 - any field of a Declaration
    assert AwsSesConnector.declaration is not None
    changed = evolve(AwsSesConnector.declaration, **changes)

    class Declared(AwsSesConnector):
        declaration: ClassVar[Declaration | None] = changed

    return Declared


def test_a_connectors_declaration_is_enough() -> None:
    """The Spec of the SES connector comes from the connector alone."""
    spec = spec_of(AwsSesConnector)
    assert spec.connector is AwsSesConnector
    assert spec.provider is AwsSesProvider
    assert spec.secrets == ("accessKeyId", "accessKeySecret")
    assert spec.capabilities <= CAPABILITIES.keys()


def test_secrets_are_the_confidential_form_items_where_none_are_named() -> None:
    """Console's own rule: the flag, or a key that ends in Key or Secret."""
    assert spec_of(_declared(secrets=())).secrets == ("accessKeySecret",)


@pytest.mark.parametrize(
    ("name", "words"),
    [("i18n-template", "Did you mean 'i18n-templates'?"), ("zzz", "There is no capability 'zzz'. The names are: ")],
)
def test_an_unknown_capability_is_refused(name: str, words: str) -> None:
    """With the nearest name, where there is one: a typo would silently switch checks off."""
    with pytest.raises(SpecError) as caught:
        Spec(AwsSesConnector, {}, AwsSesProvider, {name})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: _declared(provider="acme"), SpecError, "the provider 'acme', which is not installed"),
        (lambda: type("Plain", (AwsSesConnector,), {"declaration": None}), SpecError, "Plain has no declaration"),
        (lambda: dict, ConnectorError, "unexpected_type"),
    ],
)
def test_what_cannot_be_tested_says_why(make: Callable[[], Any], error: type[Exception], words: str) -> None:
    """No declaration, a provider that is not there, or no connector at all."""
    with pytest.raises(error) as caught:
        spec_of(make())
    assert words in f"{caught.value} {getattr(caught.value, 'code', '')}"
