"""A Spec comes from a declaration, finds secrets by itself, and rejects unknown capabilities."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from attrs import evolve

from conformance import CAPABILITIES, Spec, SpecError, spec_of
from conformance.providers.aws_ses import AwsSesProvider
from connector_kit import ConnectorError, Declaration, Guard
from connector_kit.connectors.aws_ses import AwsSesConnector


def _declared(**changes: Any) -> type[AwsSesConnector]:
    assert AwsSesConnector.declaration is not None
    changed = evolve(AwsSesConnector.declaration, **changes)

    class Declared(AwsSesConnector):
        declaration: ClassVar[Declaration | None] = changed

    return Declared


def test_spec_comes_from_the_declaration() -> None:
    """The SES connector needs no other Spec."""
    spec = spec_of(AwsSesConnector)
    assert spec.connector is AwsSesConnector
    assert spec.provider is AwsSesProvider
    assert spec.secrets == ("accessKeyId", "accessKeySecret")
    assert spec.capabilities <= CAPABILITIES.keys()


def test_secrets_are_those_of_the_shared_rule_by_default() -> None:
    """Form items that are masked, and keys with a name such as ``apiToken``, also without a form item."""
    connector = _declared(secrets=())
    assert spec_of(connector).secrets == ("accessKeySecret",)
    config = {**spec_of(AwsSesConnector).valid_config, "apiToken": "x"}
    spec = Spec(connector, config, AwsSesProvider, {"config-templates", "html"})
    assert spec.secrets == ("accessKeySecret", "apiToken")
    assert not spec.is_marked_secret("apiToken")
    assert spec.is_marked_secret("accessKeySecret")
    assert evolve(spec, secrets=("apiToken",)).is_marked_secret("apiToken")


def test_choice_under_a_secret_name_is_not_a_secret() -> None:
    """The suite could not replace its value: the guard accepts only some texts, or no text."""
    schema = {"type": "object", "properties": {"auth": {"enum": ["login"]}, "password": {"type": "object"}}}
    chooser = type("Chooser", (AwsSesConnector,), {"config_guard": Guard(schema, dict), "declaration": None})
    spec = Spec(chooser, {"auth": "login", "password": {}, "token": "x"}, AwsSesProvider, {"config-templates", "html"})
    assert spec.secrets == ("token",)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("i18n-template", "(did you mean 'i18n-templates'?)"),
        ("zzz", "There is no capability 'zzz'. The capabilities are: "),
    ],
)
def test_unknown_capability_raises_spec_error(name: str, words: str) -> None:
    """A typo would otherwise skip checks; the message has the closest name."""
    with pytest.raises(SpecError) as caught:
        Spec(AwsSesConnector, {}, AwsSesProvider, {name})
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: _declared(provider="acme"), SpecError, "declares the provider 'acme', which is not installed"),
        (lambda: type("Plain", (AwsSesConnector,), {"declaration": None}), SpecError, "Plain has no declaration"),
        (lambda: dict, ConnectorError, "unexpected_type"),
    ],
)
def test_class_without_a_usable_declaration_raises(make: Callable[[], Any], error: type[Exception], words: str) -> None:
    """Its provider is not installed, it has no declaration, or it is not a connector."""
    with pytest.raises(error) as caught:
        spec_of(make())
    assert words in f"{caught.value} {getattr(caught.value, 'code', '')}"


def test_spec_is_named_after_its_connector() -> None:
    """The name is the id by which Logto knows the connector."""
    assert spec_of(AwsSesConnector).name == "aws-ses-mail"
