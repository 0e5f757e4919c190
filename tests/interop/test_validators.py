"""Four validators agree on every schema: the guard, jsonschema, jsonschema-rs and Ajv."""

import re
from typing import Any, Final

import jsonschema_rs
import pytest
from jsonschema import Draft202012Validator

from connector_kit import bundle, load_json, schema_names
from tests.interop.cases.guards import BEYOND_DOUBLES, official_verdicts
from tests.interop.cases.schemas import SCHEMAS, SchemaCases, ajv_verdicts
from tests.interop.recording import Official
from tests.interop.test_guards import our_guard

_LONE_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def _strings(value: Any) -> str:
    """Return all strings and keys of a JSON value, run together."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(map(_strings, value))
    return "".join(key + _strings(it) for key, it in value.items()) if isinstance(value, dict) else ""


def test_every_schema_has_cases() -> None:
    """No schema is left out of these tests."""
    assert [it.schema for it in SCHEMAS] == sorted(schema_names())


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_validators_agree(schema: SchemaCases, official: Official) -> None:
    """All accept and reject the same values, and so does the official guard where there is one.

    Ajv and jsonschema-rs do not get numbers beyond a double, and jsonschema-rs does not get lone surrogates: they
    cannot represent them.
    """
    document = bundle(schema.schema)
    Draft202012Validator.check_schema(document)
    answers = official.answers(ajv_verdicts(schema))
    values = [load_json(case["value"]) for case in answers.cases]
    plain = list(map(Draft202012Validator(document).is_valid, values))
    assert sum(plain) > len(plain) / 5, "most cases should differ from a valid value in one place at most"
    finite = [index for index, case in enumerate(answers.cases) if case["value"] not in BEYOND_DOUBLES]
    assert [answers.report(index, plain[index]) for index in finite if not answers.agrees(index, plain[index])] == []

    rust = jsonschema_rs.Draft202012Validator(document)
    fitting = [index for index in finite if not _LONE_SURROGATE.search(_strings(values[index]))]
    assert len(fitting) > len(values) / 2
    assert [answers.cases[index] for index in fitting if rust.is_valid(values[index]) is not plain[index]] == []

    if schema.guard is not None:
        guarded = official.answers(official_verdicts(schema.guard))
        assert guarded.cases == answers.cases
        assert guarded.differences(plain) == []
        assert list(map(our_guard(schema.guard).is_valid, values)) == plain
