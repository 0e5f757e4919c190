"""The converter: snake_case in Python, camelCase in JSON."""

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
    """A value whose JSON is a number."""

    def __init__(self, degrees: float) -> None:
        self.degrees = degrees


register_json_form(Celsius, load=Celsius, dump=lambda value: value.degrees)


@frozen
class Weather:
    """A value with a part that has a registered conversion."""

    outside: Celsius


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a", "a"), ("access_key_id", "accessKeyId"), ("ui_locales", "uiLocales"), ("is_dev_feature", "isDevFeature")],
)
def test_json_key_is_the_name_in_camel_case(name: str, expected: str) -> None:
    """``access_key_id`` is ``accessKeyId``."""
    assert camel_case(name) == expected


def test_default_value_is_omitted_unless_always() -> None:
    """The guard may require the key."""
    assert to_json(Whole("a")) == {"plainName": "a", "kept": None}


def test_nested_values_are_converted_both_ways() -> None:
    """With given names for some fields."""
    value = Whole("a", other_name="b", kept="c", parts=(Part("d"),), anything={"e": [1, None]})
    plain = {"plainName": "a", "other": "b", "kept": "c", "parts": [{"someKey": "d"}], "anything": {"e": [1, None]}}
    json = to_json(value)
    assert json == plain | {"parts": json["parts"]}
    assert list(json["parts"]) == plain["parts"]
    assert converter.structure(plain, Whole) == value


def test_unknown_keys_are_ignored() -> None:
    """Logto may add members."""
    assert converter.structure({"someKey": "a", "more": 1}, Part) == Part("a")


def test_registered_conversion_is_used() -> None:
    """Also for the class of a field."""
    assert to_json(Weather(Celsius(21.5))) == {"outside": 21.5}
    assert converter.structure({"outside": 3}, Weather).outside.degrees == 3


def test_frozen_mapping_is_a_read_only_copy() -> None:
    """Neither the original nor the copy can change a frozen value."""
    original = {"en": "a"}
    copy = frozen_mapping(original)
    original["en"] = "b"
    assert copy["en"] == "a"
    with pytest.raises(TypeError):
        copy["en"] = "c"  # type: ignore[index]
    metadata = ConnectorMetadata(id="a", target="b", name=copy, description=copy, logo="c", readme="d")
    assert to_json(metadata)["name"] == {"en": "a"}
