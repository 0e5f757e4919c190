"""The converter: snake_case here, camelCase on the wire, and nothing else between them."""

import pytest
from attrs import field, frozen

from connector_kit import ConnectorMetadata, converter, to_json
from connector_kit.wire import always, camel_case, frozen_mapping, register_json_form, wire_name


@frozen
class Part:
    """A nested value."""

    some_key: str


@frozen
class Whole:
    """A value with one field of each kind."""

    plain_name: str
    other_name: str | None = field(default=None, metadata=wire_name("other"))
    kept: str | None = field(default=None, metadata=always())
    parts: tuple[Part, ...] = ()
    anything: object = None


class Celsius:
    """A value whose JSON is a bare number."""

    def __init__(self, degrees: float) -> None:
        self.degrees = degrees


register_json_form(Celsius, load=Celsius, dump=lambda value: value.degrees)


@frozen
class Weather:
    """A value that holds one with a JSON form of its own."""

    outside: Celsius


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a", "a"), ("access_key_id", "accessKeyId"), ("ui_locales", "uiLocales"), ("is_dev_feature", "isDevFeature")],
)
def test_a_field_is_named_in_camel_case_on_the_wire(name: str, expected: str) -> None:
    """A field's JSON key is its name in camelCase."""
    assert camel_case(name) == expected


def test_a_field_at_its_default_is_left_out_unless_it_must_stand() -> None:
    """A default is not written, except where the guard on the other side wants the key."""
    assert to_json(Whole("a")) == {"plainName": "a", "kept": None}


def test_names_and_nesting_go_both_ways() -> None:
    """A value and its JSON turn into each other, with names of their own where fields say so."""
    value = Whole("a", other_name="b", kept="c", parts=(Part("d"),), anything={"e": [1, None]})
    plain = {"plainName": "a", "other": "b", "kept": "c", "parts": [{"someKey": "d"}], "anything": {"e": [1, None]}}
    json = to_json(value)
    assert json == plain | {"parts": json["parts"]}
    assert list(json["parts"]) == plain["parts"]
    assert converter.structure(plain, Whole) == value


def test_keys_that_a_class_does_not_know_are_passed_over() -> None:
    """Logto's objects may grow; a class takes what it knows."""
    assert converter.structure({"someKey": "a", "more": 1}, Part) == Part("a")


def test_a_class_may_bring_its_own_json_form() -> None:
    """A registered form is used wherever the class stands in a field."""
    assert to_json(Weather(Celsius(21.5))) == {"outside": 21.5}
    assert converter.structure({"outside": 3}, Weather).outside.degrees == 3


def test_a_frozen_mapping_is_a_copy_that_cannot_be_changed() -> None:
    """Neither the original nor the copy can be used to change a frozen value."""
    original = {"en": "a"}
    copy = frozen_mapping(original)
    original["en"] = "b"
    assert copy["en"] == "a"
    with pytest.raises(TypeError):
        copy["en"] = "c"  # type: ignore[index]
    metadata = ConnectorMetadata(id="a", target="b", name=copy, description=copy, logo="c", readme="d")
    assert to_json(metadata)["name"] == {"en": "a"}
