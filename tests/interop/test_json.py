"""JSON is parsed as in JavaScript, and errors have the official code, data and message."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    is_external_google_one_tap,
    is_google_one_tap,
    load_json,
    parse_json,
    parse_json_object,
)
from tests.interop.cases.json_texts import ERRORS, EXTERNAL_ONE_TAP, OBJECT_TEXTS, ONE_TAP, TEXTS
from tests.interop.recording import CaseSet, Official, without_proto


def _outcome(parse: Callable[[str], Any], text: str) -> Any:
    try:
        return parse(text)
    except ConnectorError as error:
        return {"$throws": "ConnectorError", "code": error.code, "data": error.data, "message": str(error)}


@pytest.mark.parametrize(
    ("case_set", "parse"),
    [(TEXTS, parse_json), (OBJECT_TEXTS, parse_json_object)],
    ids=["parse_json", "parse_json_object"],
)
def test_json_text_is_parsed_or_rejected_as_upstream(
    case_set: CaseSet, parse: Callable[[str], Any], official: Official
) -> None:
    """Every text gives the official value, or the official error with code, data and message.

    Deviation R1 applies: upstream drops keys called ``__proto__``; the kit keeps them like any other key.
    """
    answers = official.answers(case_set)
    ours = [without_proto(_outcome(parse, case["text"])) for case in answers.cases]
    assert [answers.report(index, ours[index]) for index in answers.differences(ours)] == []
    refused = sum(isinstance(it, dict) and "$throws" in it for it in ours)
    assert 500 < refused < len(ours) - 300


def test_json_nested_beyond_the_recursion_limit_raises_connector_error() -> None:
    """Deliberate difference: JSON nested past the interpreter's limit is a ConnectorError, never a RecursionError."""
    with pytest.raises(ConnectorError) as caught:
        parse_json("[" * 100_000 + "]" * 100_000)
    assert caught.value.code is ConnectorErrorCodes.INVALID_RESPONSE


def test_connector_error_equals_the_official_one(official: Official) -> None:
    """``ConnectorError`` has the official message byte for byte, and the official code and data."""
    answers = official.answers(ERRORS)
    ours = []
    for case in answers.cases:
        error = ConnectorError(case["code"], None if case["data"] is None else load_json(case["data"]))
        data = {} if case["data"] is None else {"data": error.data}
        ours.append({"message": str(error), "code": error.code} | data)
    assert [answers.report(index, ours[index]) for index in answers.differences(ours)] == []


@pytest.mark.parametrize(
    ("case_set", "predicate"),
    [(ONE_TAP, is_google_one_tap), (EXTERNAL_ONE_TAP, is_external_google_one_tap)],
    ids=lambda it: getattr(it, "operation", ""),
)
def test_google_one_tap_data_is_recognized_as_upstream(
    case_set: CaseSet, predicate: Callable[[Mapping[str, object]], bool], official: Official
) -> None:
    """Data of a callback counts as One Tap, or as external One Tap, exactly when it does upstream."""
    answers = official.answers(case_set)
    ours = [predicate(load_json(case["data"])) for case in answers.cases]
    assert [answers.report(index, ours[index]) for index in answers.differences(ours)] == []
    assert set(ours) == {True, False}
