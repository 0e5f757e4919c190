"""Compiles a connector's config schema for the validator of the npm package (``npm/json-schema.js``).

Inside Logto the package must reach the same verdicts as the Python guard, without any installed dependency. So Python
resolves the references and rewrites the regular expressions, and the validator needs to do neither.
"""

from collections.abc import Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing.exceptions import Unresolvable

from connector_kit.logto_package.patterns import UnsupportedPatternError, to_javascript
from connector_kit.schema_walk import Subschema, map_subschemas, root_subschema

_KEYWORDS: Final = (Draft202012Validator.VALIDATORS.keys() - {"format"}) | {
    "then",
    "else",
    "minContains",
    "maxContains",
}
"""The keywords that decide a verdict in Python. Its guards do not check formats."""


class UnsupportedSchemaError(ValueError):
    """The npm package cannot reach the verdicts of a schema; the message names the reason."""


def compile_schema(schema: Mapping[str, Any]) -> list[Any]:
    """Compile a JSON Schema 2020-12.

    Returns:
        The schema, followed by each schema that it refers to. A ``$ref`` is an index in this list, a ``pattern`` is a
        JavaScript pattern, and ``patternProperties`` is a list of pairs of a JavaScript pattern and a schema.

    Raises:
        UnsupportedSchemaError: The schema is invalid, refers to a schema outside itself, or has a ``$dynamicRef`` or an
            unsupported regular expression.
    """
    contents = dict(schema)
    compiler = _Compiler()
    try:
        Draft202012Validator.check_schema(contents)
        compiler.index_of(root_subschema(contents))
    except SchemaError as error:
        raise UnsupportedSchemaError(
            f"the config schema is not a valid JSON Schema 2020-12: {error.message}"
        ) from error
    except UnsupportedPatternError as error:
        raise UnsupportedSchemaError(f"in the config schema, {error}") from error
    except Unresolvable as error:
        raise UnsupportedSchemaError(f"the config schema refers to {error.ref!r}, which it does not contain") from error
    return compiler.schemas


class _Compiler:
    def __init__(self) -> None:
        self.schemas: list[Any] = []
        self._indices: dict[int, int] = {}

    def index_of(self, subschema: Subschema) -> int:
        """Return the index of a schema in the list; it is compiled and added once."""
        key = id(subschema.schema)
        if key not in self._indices:
            index = self._indices[key] = len(self.schemas)
            self.schemas.append(None)  # reserves the index: the schema may refer to itself
            self.schemas[index] = self._compile(subschema)
        return self._indices[key]

    def _compile(self, subschema: Subschema) -> Any:
        if isinstance(subschema.schema, bool):
            return subschema.schema
        keywords = {key: value for key, value in subschema.keywords.items() if key in _KEYWORDS}
        if "$dynamicRef" in keywords:
            raise UnsupportedSchemaError("the config schema has a $dynamicRef, which the npm package does not support")
        compiled: dict[str, Any] = map_subschemas(keywords, lambda part: self._compile(subschema.child(part)))
        if "$ref" in keywords:
            compiled["$ref"] = self.index_of(subschema.resolve(keywords["$ref"]))
        if "pattern" in keywords:
            compiled["pattern"] = to_javascript(keywords["pattern"])
        if "patternProperties" in keywords:
            # A list, because two Python patterns may have the same JavaScript pattern.
            parts = compiled["patternProperties"]
            compiled["patternProperties"] = [[to_javascript(pattern), part] for pattern, part in parts.items()]
        return compiled
