"""The check of optional settings: what it reports about settings that it cannot try, or whose effect nothing shows."""

import time
from typing import Any

from attrs import evolve

from conformance import PROFILES, CheckResult, Spec, State, check_connector
from connector_kit import ConnectorError, ConnectorErrorCodes, Email, Guard
from tests.conformance.right_connectors.configs import SETTINGS, SettingsConfig, SettingsMail
from tests.conformance.wrong_connectors.memory import RELAY


def result_of(spec: Spec, check: str = "config.optional-settings") -> CheckResult:
    (result,) = check_connector(spec, checks=[check], profile=PROFILES["ci"]).results
    return result


class _Refuses(SettingsMail):
    """Refuses every value of one setting."""

    def options(self, config: SettingsConfig, email: Email) -> dict[str, Any]:
        if config.pool is not None:
            raise ConnectorError(ConnectorErrorCodes.GENERAL, "no such pool")
        return super().options(config, email)


def test_setting_that_is_always_refused_is_not_exercised() -> None:
    """The message names the error and the remedy."""
    result = result_of(evolve(SETTINGS, connector=_Refuses))
    assert result.state is State.NOT_EXERCISED
    assert "pool: no value could be tried" in result.message
    assert "no such pool" in result.message
    assert "add one to valid_config" in result.message


def test_setting_without_effect_names_local_settings() -> None:
    result = result_of(evolve(SETTINGS, local_settings={}))
    assert result.state is State.NOT_EXERCISED
    assert result.message.startswith("timeout: nothing shows that it has an effect")
    assert "local_settings" in result.message


def test_config_without_optional_keys_or_choices_is_not_applicable() -> None:
    for check in ("config.optional-settings", "config.choices"):
        assert result_of(RELAY, check).state is State.NOT_APPLICABLE


def test_local_choices_may_give_the_same_request() -> None:
    class SamePriority(SettingsMail):
        def options(self, config: SettingsConfig, email: Email) -> dict[str, Any]:
            return super().options(config, email) | {"priority": 3}

    spec = evolve(SETTINGS, connector=SamePriority)
    assert result_of(spec, "config.choices").state is State.NOT_EXERCISED
    local = evolve(spec, local_settings={"priority": "the connector logs it"})
    assert result_of(local, "config.choices").state is State.PASSED


def test_choices_that_differ_in_case_only_may_give_the_same_request() -> None:
    """Logto's SMTP connector lists login, Login and LOGIN."""

    class AnyCase(SettingsMail):
        config_guard = Guard(
            SettingsMail.config_guard.schema
            | {
                "properties": {
                    **SettingsMail.config_guard.schema["properties"],
                    "priority": {"enum": ["low", "LOW", "high", "High"]},
                }
            },
            SettingsConfig,
        )

        def options(self, config: SettingsConfig, email: Email) -> dict[str, Any]:
            return super().options(evolve(config, priority=config.priority and config.priority.lower()), email)

    assert result_of(evolve(SETTINGS, connector=AnyCase), "config.choices").state is State.PASSED


def test_no_setting_is_tried_when_the_time_is_up() -> None:
    started = time.monotonic()
    for check in ("config.optional-settings", "config.choices"):
        report = check_connector(SETTINGS, checks=[check], profile=PROFILES["ci"], max_time=0)
        assert report.results[0].state is State.NOT_EXERCISED
    assert time.monotonic() - started < 20
