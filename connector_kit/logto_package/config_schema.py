"""A connector's config schema, compiled for the validator of the npm package.

The Python guard judges a config by its schema; the package must reach the same verdict inside Logto, where nothing is
installed for it. So references become numbers in one list of schemas, regular expressions are rewritten for JavaScript,
and what decides nothing is left out.
"""

from collections.abc import Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012, Schema

from connector_kit.logto_package.patterns import UntranslatablePatternError, to_javascript

_VALUES: Final = frozenset(
    (
        *("type", "const", "enum", "required", "dependentRequired"),
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"),
        *("minItems", "maxItems", "uniqueItems", "minContains", "maxContains", "minProperties", "maxProperties"),
    ),
)
_SCHEMAS: Final = frozenset(
    (
        *("not", "if", "then", "else", "items", "contains", "propertyNames"),
        *("additionalProperties", "unevaluatedItems", "unevaluatedProperties"),
    ),
)
_LISTS_OF_SCHEMAS: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SCHEMAS_BY_KEY: Final = frozenset({"properties", "dependentSchemas"})
_KEYWORDS: Final = _VALUES | _SCHEMAS | _LISTS_OF_SCHEMAS | _SCHEMAS_BY_KEY | {"$ref", "pattern", "patternProperties"}


class UncompilableSchemaError(ValueError):
    """A schema cannot be judged by outside of Python; the message says why."""


def compile_schema(schema: Mapping[str, Any]) -> list[Any]:
    """Compile a JSON Schema 2020-12.

    Returns:
        The schema, and after it all that it refers to; a ``$ref`` is an index in this list.

    Raises:
        UncompilableSchemaError: it is no valid schema, refers to what is not there, has a ``$dynamicRef``, or a regular
            expression that JavaScript has no words for.
    """
    contents = dict(schema)
    try:
        Draft202012Validator.check_schema(contents)
    except SchemaError as error:
        raise UncompilableSchemaError(f"its config schema is no JSON Schema 2020-12: {error.message}") from error
    root = DRAFT202012.create_resource(contents)
    compiler = _Compiler()
    try:
        compiler.place_of(contents, Registry[Schema]().resolver_with_root(root))
    except UntranslatablePatternError as error:
        raise UncompilableSchemaError(f"its config schema cannot be told to JavaScript: {error}") from error
    except Unresolvable as error:
        raise UncompilableSchemaError(f"its config schema refers to {error.ref!r}, which is not in it") from error
    return compiler.schemas


class _Compiler:
    def __init__(self) -> None:
        self.schemas: list[Any] = []
        self._places: dict[int, int] = {}

    def place_of(self, schema: Any, resolver: Any) -> int:  # noqa: ANN401 - any schema; referencing's type is private
        """Return the place of a schema in the list, where it stands once."""
        if id(schema) not in self._places:
            place = self._places[id(schema)] = len(self.schemas)
            self.schemas.append(None)  # holds the place while the schema refers to itself
            self.schemas[place] = self._compile(schema, resolver)
        return self._places[id(schema)]

    def _compile(self, schema: Any, resolver: Any) -> Any:  # noqa: ANN401 - as above
        if isinstance(schema, bool):
            return schema
        if "$dynamicRef" in schema:
            raise UncompilableSchemaError("its config schema has a $dynamicRef, which the npm package cannot follow")
        here = resolver.in_subresource(DRAFT202012.create_resource(schema))
        return {key: self._keyword(key, value, here) for key, value in schema.items() if key in _KEYWORDS}

    def _keyword(self, key: str, value: Any, here: Any) -> Any:  # noqa: ANN401 - as above
        if key == "$ref":
            target = here.lookup(value)
            return self.place_of(target.contents, target.resolver)
        if key == "pattern":
            return to_javascript(value)
        if key == "patternProperties":
            # Two patterns may become one; neither may be lost.
            parts = [(to_javascript(pattern), self._compile(part, here)) for pattern, part in value.items()]
            return {pattern: {"allOf": [part for other, part in parts if other == pattern]} for pattern, _ in parts}
        if key in _SCHEMAS_BY_KEY:
            return {name: self._compile(part, here) for name, part in value.items()}
        if key in _LISTS_OF_SCHEMAS:
            return [self._compile(part, here) for part in value]
        return self._compile(value, here) if key in _SCHEMAS else value
