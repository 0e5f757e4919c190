"""The check of optional settings: what it reports about settings that it cannot try, or whose effect nothing shows."""

import time
from typing import Any

from attrs import evolve

from conformance import PROFILES, CheckResult, Spec, State, check_connector
from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    Email,
    Guard,
)
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


def _with_settings(connector: type[SettingsMail], properties: dict[str, Any], **keywords: Any) -> Spec:
    """Return a Spec whose config has these optional keys only."""
    schema = SettingsMail.config_guard.schema
    required = {key: schema["properties"][key] for key in ("apiKey", "sender", "templates")}
    guard = Guard({**schema, "properties": {**required, **properties}, **keywords}, SettingsConfig)
    return evolve(SETTINGS, connector=type("Changed", (connector,), {"config_guard": guard}), local_settings={})


class _IgnoresTtl(SettingsMail):
    def options(self, config: SettingsConfig, email: Email) -> dict[str, Any]:
        return super().options(evolve(config, ttl=None), email)


def test_setting_of_the_authors_own_config_has_no_hint() -> None:
    """The author's value is valid without another key, so the connector has to send it."""
    spec = _with_settings(_IgnoresTtl, {"ttl": {"type": "integer", "minimum": 1}})
    own = evolve(spec, valid_config={**SETTINGS.valid_config, "ttl": 5})
    other = evolve(spec, valid_config=SETTINGS.valid_config)
    results = [result_of(it) for it in (own, other)]
    assert [it.state for it in results] == [State.FAILED] * 2
    assert ["dependentRequired" in it.message for it in results] == [False, True]


def test_default_may_be_left_out_of_a_request() -> None:
    """The provider has the same default."""

    class LeavesDefaultOut(SettingsMail):
        def options(self, config: SettingsConfig, email: Email) -> dict[str, Any]:
            return super().options(evolve(config, ttl=None if config.ttl == 60 else config.ttl), email)

    spec = _with_settings(LeavesDefaultOut, {"ttl": {"type": "integer", "minimum": 1, "default": 60}})
    assert result_of(spec).state is State.PASSED


def test_settings_may_exclude_each_other() -> None:
    """A schema may not say so: the connector then rejects the config that has both."""

    class OneOfTwo(SettingsMail):
        def options(self, config: SettingsConfig, email: Email) -> dict[str, Any]:
            if config.ttl is not None and config.pool is not None:
                raise ConnectorError(ConnectorErrorCodes.GENERAL, "either ttl or pool")
            return super().options(config, email)

    spec = _with_settings(OneOfTwo, {"ttl": {"type": "integer", "minimum": 1}, "pool": {"type": "string"}})
    assert result_of(spec).state is State.PASSED


def test_setting_without_effect_is_found_without_managed_templates_too() -> None:
    class OwnTemplates(SettingsMail):
        def __init__(self, **kit: Any) -> None:
            super().__init__(**kit | {"get_i18n_email_template": None})

    spec = _with_settings(OwnTemplates, {"timeout": {"type": "number", "minimum": 0.1}})
    own = evolve(spec, capabilities=SETTINGS.capabilities - {"i18n-templates"})
    assert result_of(own).message.startswith("timeout: nothing shows that it has an effect")


def test_setting_that_every_valid_config_has() -> None:
    """One value shows nothing; several are compared with each other, without those that the schema excludes."""
    spec = _with_settings(
        SettingsMail,
        {"pool": {"enum": ["pool-1", "pool-2", "pool-3"]}, "priority": {"const": "low"}},
        dependentRequired={"sender": ["pool", "priority"]},
        **{"not": {"properties": {"pool": {"const": "pool-3"}}, "required": ["pool"]}},
    )
    result = result_of(evolve(spec, valid_config={**SETTINGS.valid_config, "pool": "pool-1", "priority": "low"}))
    assert result.state is State.NOT_EXERCISED
    assert result.message.startswith("priority: nothing shows that it has an effect")
    assert "pool:" not in result.message


def test_setting_that_the_connector_requires_is_compared_with_its_own_values() -> None:
    """The schema calls it optional, and the connector rejects a message without it."""

    class NeedsPool(SettingsMail):
        def options(self, config: SettingsConfig, email: Email) -> dict[str, Any]:
            if config.pool is None:
                raise ConnectorError(ConnectorErrorCodes.GENERAL, "no pool")
            return super().options(config, email)

    spec = _with_settings(NeedsPool, {"pool": {"type": "string", "pattern": "^pool-[0-9]+$"}})
    assert result_of(evolve(spec, valid_config={**SETTINGS.valid_config, "pool": "pool-1"})).state is State.PASSED
