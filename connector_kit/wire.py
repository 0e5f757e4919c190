"""The converter between attrs values (snake_case) and their JSON (camelCase).

The JSON key of a field is its name in camelCase, or the name given with `wire_name`. The JSON omits a field with its
default value, unless the field is marked `always`.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import attrs
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn, override
from cattrs.preconf.json import JsonConverter, make_converter

K = TypeVar("K")
V = TypeVar("V")

_WIRE_NAME = "connector_kit.wire_name"
_ALWAYS = "connector_kit.always"
_JSON_FORM = "connector_kit.json_form"


def wire_name(name: str) -> dict[str, object]:
    """Return attrs field metadata that sets the JSON key of a field."""
    return {_WIRE_NAME: name}


def always() -> dict[str, object]:
    """Return attrs field metadata that keeps a field with its default value in the JSON: the guard requires it."""
    return {_ALWAYS: True}


def json_form(*, load: Callable[[Any], object], dump: Callable[[Any], object]) -> dict[str, object]:
    """Return attrs field metadata that sets how a field is read from JSON and written to it."""
    return {_JSON_FORM: {"struct_hook": lambda value, _: load(value), "unstruct_hook": dump}}


def camel_case(name: str) -> str:
    """Convert ``access_key_id`` to ``accessKeyId``."""
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def frozen_mapping(value: Mapping[K, V]) -> Mapping[K, V]:
    """Return a read-only copy of a mapping, for a field of a frozen class."""
    return MappingProxyType(dict(value))


def _is_attrs(cls: Any) -> bool:
    return isinstance(cls, type) and attrs.has(cls)


def json_key(cls: Any, name: str) -> str:
    """Return the JSON key of an attribute of a class. Dataclasses and other kinds have the key of that name."""
    return _json_key(attrs.fields_dict(cls)[name]) if _is_attrs(cls) else name


def _json_key(field: "attrs.Attribute[Any]") -> str:
    key: str = field.metadata.get(_WIRE_NAME, camel_case(field.name))
    return key


def _overrides(cls: type[Any]) -> dict[str, Any]:
    return {
        field.name: override(
            rename=_json_key(field),
            omit_if_default=not field.metadata.get(_ALWAYS, False),
            **field.metadata.get(_JSON_FORM, {}),
        )
        for field in attrs.fields(cls)
    }


def _make_converter() -> JsonConverter:
    # Detailed errors name the place that failed; `class_issues` reads them. They cost 1.3 µs for an Amazon SES config.
    made = make_converter(detailed_validation=True)
    made.register_structure_hook_factory(
        _is_attrs,
        lambda cls: make_dict_structure_fn(cls, made, **_overrides(cls)),
    )
    made.register_unstructure_hook_factory(
        _is_attrs,
        lambda cls: make_dict_unstructure_fn(cls, made, **_overrides(cls)),
    )
    made.register_structure_hook_func(lambda cls: cls is object, lambda value, _: value)
    made.register_unstructure_hook_func(lambda cls: cls is MappingProxyType, dict)
    return made


converter = _make_converter()
"""Converts JSON that a schema accepts to attrs values, and attrs values to JSON. It does not validate."""


def structure_attributes(cls: type[V]) -> Callable[[Any, type], V]:
    """Return the function that makes an attrs value of the JSON object with one key for each field."""
    return make_dict_structure_fn(cls, converter, **_overrides(cls))


def register_json_form(cls: type[V], *, load: Callable[[Any], V], dump: Callable[[V], object]) -> None:
    """Register the conversion of a class whose JSON is not an object with one key for each field."""
    converter.register_structure_hook(cls, lambda value, _: load(value))
    converter.register_unstructure_hook(cls, dump)


def to_json(value: object) -> Any:
    """Return the JSON of an attrs value, with Logto's key names."""
    return converter.unstructure(value)
