"""Every guard accepts and rejects the same values as the official guard."""

from typing import Any, Final

import pytest

import connector_kit
from connector_kit import ConnectorError, GoogleConnector, Guard, email_service_branding_guard, load_json, to_json
from connector_kit.connectors.aws_ses import aws_ses_config_guard
from tests.interop.cases.guards import GUARDS, HOSTS_BEYOND_ASCII, GuardCases, official_values, official_verdicts
from tests.interop.recording import Official, without_proto
from tests.interop.test_names import python_name


def our_guard(guard: GuardCases) -> Guard[Any]:
    """Return our counterpart of an official guard."""
    if guard.official == "GoogleConnector.configGuard":
        return GoogleConnector.config_guard
    if guard.official == "awsSesConfigGuard":
        return aws_ses_config_guard
    ours: Guard[Any] = getattr(connector_kit, python_name(guard.official))
    return ours


@pytest.mark.parametrize("guard", GUARDS, ids=str)
def test_guard_verdicts_equal_the_official_ones(guard: GuardCases, official: Official) -> None:
    """For over 2,000 values, valid, mutated and arbitrary, ``is_valid`` is the official verdict."""
    answers = official.answers(official_verdicts(guard))
    ours = [our_guard(guard).is_valid(load_json(case["value"])) for case in answers.cases]
    assert [answers.report(index, ours[index]) for index in answers.differences(ours)] == []
    assert ours.count(True) >= 150
    assert ours.count(False) >= (150 if guard.official != "jsonGuard" else 0)


_NULL_IS_LEFT_OUT: Final = {"configurableConnectorMetadataGuard": "logoDark", "socialUserInfoGuard": "rawData"}
"""Members that may be null or absent upstream; both are ``None`` here, and left out when written as JSON again."""


def _without_multi_select_titles(value: Any) -> Any:
    """Return metadata or a form item without the titles of MultiSelect choices, which upstream's parser drops."""
    items = value.get("formItems", [value])
    for item in items:
        for choice in item.get("selectItems", ()) if item.get("type") == "MultiSelect" else ():
            choice.pop("title", None)
    return value


_FORMS: Final = ("connectorMetadataGuard", "connectorConfigFormItemGuard")
_DEPTHS: Final = range(1, 9)


def _validated(guard: GuardCases, value: Any) -> dict[str, Any]:
    try:
        ours = to_json(our_guard(guard).validate(value))
    except ConnectorError as error:
        return {"refused": bool(isinstance(error.data, dict) and error.data["issues"])}
    if guard.official in _FORMS:
        return {"value": _without_multi_select_titles(ours)}
    nullable = _NULL_IS_LEFT_OUT.get(guard.official)
    if nullable and value.get(nullable, "") is None:
        assert nullable not in ours
        ours[nullable] = None
    return {"value": ours}


@pytest.mark.parametrize("guard", GUARDS, ids=str)
def test_validated_values_equal_the_official_ones(guard: GuardCases, official: Official) -> None:
    """``validate`` raises exactly where upstream rejects; otherwise its value, as JSON, equals upstream's parsed value.

    Deviation R1 applies: upstream drops keys called ``__proto__``; the kit keeps them like any other key.
    """
    answers = official.answers(official_values(guard))
    ours = [_validated(guard, load_json(case["value"])) for case in answers.cases]
    differing = [
        index
        for index in answers.differences(ours)
        if not any(answers.agrees(index, without_proto(ours[index], depth)) for depth in _DEPTHS)
    ]
    assert [answers.report(index, ours[index]) for index in differing] == []


def test_non_ascii_logo_hosts_are_accepted_at_least_as_widely_as_upstream(official: Official) -> None:
    """Deviation K5: the kit accepts every ``appLogo`` host that needs IDNA tables; upstream rejects some of them."""
    answers = official.answers(HOSTS_BEYOND_ASCII)
    ours = [email_service_branding_guard.is_valid(load_json(case["value"])) for case in answers.cases]
    looser = answers.differences(ours)
    assert 0 < len(looser) < len(ours)
    assert all(ours[index] for index in looser)
