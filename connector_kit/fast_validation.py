"""Fast verdicts by jsonschema-rs, an optional dependency. Extra: ``fast``.

jsonschema is the reference. It decides whenever jsonschema-rs is not installed or rejects a value, and whenever the two
might differ. They differ about regular expressions, ``multipleOf``, infinity, tuples, lone surrogates, and schemas that
refer to themselves. Fast verdicts are therefore limited to schemas of some keywords, and to values that `plain_copy` copies.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from jsonschema import Draft202012Validator

from connector_kit.schema_walk import Subschema, root_subschema

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_KEYWORDS: Final = frozenset(
    [
        "$comment",
        "$defs",
        "$ref",
        "$schema",
        "additionalProperties",
        "allOf",
        "anyOf",
        "const",
        "contains",
        "default",
        "dependentRequired",
        "dependentSchemas",
        "deprecated",
        "description",
        "else",
        "enum",
        "examples",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "if",
        "items",
        "maxContains",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minContains",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "not",
        "oneOf",
        "prefixItems",
        "properties",
        "propertyNames",
        "readOnly",
        "required",
        "then",
        "title",
        "type",
        "writeOnly",
    ]
)
"""Those about which the two agree."""

_STRING: Final = frozenset((str,))
_SCALARS: Final = frozenset((str, bool, type(None)))
_LARGEST_INTEGER: Final = 2**53
_DEEPEST: Final = 64
"""In levels. jsonschema rejects values of a few hundred levels, because they exhaust Python's stack."""


class NotPlainError(ValueError):
    """A value is not plain; see `plain_copy`."""


def plain_copy(value: Any, levels: int = _DEEPEST) -> Any:
    """Return a copy of a plain value.

    Plain are texts, booleans, ``None``, integers of up to 2^53, and lists and dicts of plain values with texts as keys, up
    to 64 levels. Floats and instances of subclasses are not plain.

    Raises:
        NotPlainError: the value is not plain.
    """
    kind = type(value)
    if kind in _SCALARS or (kind is int and -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER):
        return value
    if levels:
        # Most members are scalars: not to call the function for them saves half of the time.
        if kind is dict and _STRING.issuperset(map(type, value)):
            return {key: it if type(it) in _SCALARS else plain_copy(it, levels - 1) for key, it in value.items()}
        if kind is list:
            return [it if type(it) in _SCALARS else plain_copy(it, levels - 1) for it in value]
    raise NotPlainError


def fast_validator(schema: dict[str, Any]) -> Callable[[object], bool]:
    """Return a function that returns whether jsonschema-rs accepts a plain value. ``False`` may also mean "unknown".

    Args:
        schema: a self-contained JSON Schema 2020-12 whose references can be resolved.
    """
    if not _is_supported(root_subschema(schema)):
        return _unknown
    try:
        # Releases without `canonical` may crash the process at a lone surrogate.
        from jsonschema_rs import Draft202012Validator, canonical  # noqa: F401, PLC0415 - an optional dependency

        is_valid = Draft202012Validator(schema, validate_formats=False).is_valid
    except (ImportError, ValueError):  # ValueError: it cannot represent a text or a number of the schema
        return _unknown

    def accepts(value: object) -> bool:
        try:
            return is_valid(value)
        except ValueError:  # a lone surrogate
            return False

    return accepts


def schema_predicate(schema: dict[str, Any]) -> Callable[[object], bool]:
    """Return a function that returns whether a schema accepts a JSON value: the verdict of jsonschema.

    Args:
        schema: a self-contained JSON Schema 2020-12 whose references can be resolved.
    """
    is_fast, is_valid = fast_validator(schema), Draft202012Validator(schema).is_valid

    def accepts(value: object) -> bool:
        with suppress(NotPlainError):
            if is_fast(plain_copy(value)):
                return True
        return is_valid(value)

    return accepts


def _unknown(_: object) -> bool:
    return False


def _is_supported(part: Subschema, references: frozenset[str] = frozenset()) -> bool:
    """Return whether a schema has only keywords about which both agree, and does not refer to itself.

    Args:
        part: the schema.
        references: those on the way here.
    """
    if not part.keywords.keys() <= _KEYWORDS or part.keywords.get("$schema", _DIALECT) != _DIALECT:
        return False
    reference = part.keywords.get("$ref")
    if reference is not None:
        if reference in references or not reference.startswith("#"):
            return False
        if not _is_supported(part.resolve(reference), references | {reference}):
            return False
    return all(_is_supported(child, references) for child in part.children())
