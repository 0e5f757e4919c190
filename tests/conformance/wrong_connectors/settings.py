"""Wrong connectors that lose, confuse or forget settings of the config."""

import contextlib
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from attrs import evolve

from conformance import spec_of
from connector_kit import ConnectorError, Email, Guard, Sms
from connector_kit.connectors.aws_ses import AwsSesConfig
from tests.conformance.right_connectors.configs import (
    CLOSED,
    EITHER,
    NESTED_AUTH,
    OPTIONAL_TEMPLATES,
    SETTINGS,
    ClosedConfig,
    ClosedMail,
    EitherConfig,
    EitherSms,
    NestedAuthConfig,
    NestedAuthMail,
    OptionalTemplatesConfig,
    OptionalTemplatesMail,
    SettingsConfig,
    SettingsMail,
)
from tests.conformance.wrong_connectors.base import BaseSes, killed_by
from tests.conformance.wrong_connectors.memory import SMS, MemorySms, SmsConfig

Json = Any

_SES = spec_of(BaseSes)
_REQUIRED_ONLY = evolve(
    _SES,
    valid_config={
        key: _SES.valid_config[key] for key in ("accessKeyId", "accessKeySecret", "region", "emailAddress", "templates")
    },
)

# --- settings that are lost -----------------------------------------------------------------------------------------


@killed_by("config.optional-settings", "configurationSetName", spec=_REQUIRED_ONLY)
class DropsConfigurationSet(BaseSes):
    """Drops an optional setting that its valid_config lacks."""

    def request(self, config: AwsSesConfig, email: Email) -> dict[str, Any]:
        return super().request(evolve(config, configuration_set_name=None), email)


class _Options(SettingsMail):
    """Changes the options of a message."""

    def changed(self, options: dict[str, Json], config: SettingsConfig, email: Email) -> dict[str, Json]:
        raise NotImplementedError(options, config, email)

    def options(self, config: SettingsConfig, email: Email) -> dict[str, Json]:
        return self.changed(super().options(config, email), config, email)


@killed_by("config.optional-settings", "tracking.clicks", spec=SETTINGS)
class DropsNestedSetting(_Options):
    """Sends one member of a nested setting and drops the other."""

    def changed(self, options: dict[str, Json], config: SettingsConfig, email: Email) -> dict[str, Json]:
        if "tracking" in options:
            options["tracking"].pop("clicks", None)
        return options


@killed_by("config.optional-settings", "tags", spec=SETTINGS)
class DropsTags(_Options):
    """Never sends the tags."""

    def changed(self, options: dict[str, Json], config: SettingsConfig, email: Email) -> dict[str, Json]:
        options.pop("tags", None)
        return options


@killed_by("config.optional-settings", "sandbox", spec=SETTINGS)
class FalseIsAbsent(_Options):
    """Leaves out a flag that is false."""

    def changed(self, options: dict[str, Json], config: SettingsConfig, email: Email) -> dict[str, Json]:
        return {key: value for key, value in options.items() if value is not False}


@killed_by("config.optional-settings", "ttl", spec=SETTINGS)
class ZeroIsAbsent(_Options):
    """Leaves out a number that is 0."""

    def changed(self, options: dict[str, Json], config: SettingsConfig, email: Email) -> dict[str, Json]:
        return {key: value for key, value in options.items() if value is False or value != 0}


@killed_by("config.choices", "priority", spec=SETTINGS)
class ConfusesChoices(_Options):
    """Sends the same priority for two choices."""

    def changed(self, options: dict[str, Json], config: SettingsConfig, email: Email) -> dict[str, Json]:
        return options | ({"priority": 3} if config.priority == "high" else {})


@killed_by("config.choices", "priority", spec=SETTINGS)
class KeepsTheFirstChoice(_Options):
    """Keeps the first priority that it was given."""

    priority: Json = None

    def changed(self, options: dict[str, Json], config: SettingsConfig, email: Email) -> dict[str, Json]:
        self.priority = self.priority or options.get("priority")
        return options if self.priority is None or not config.priority else options | {"priority": self.priority}


@killed_by("config.optional-settings", "replyTo", spec=SETTINGS)
class SetsReplyToForSignInOnly(_Options):
    """Uses a setting for one usage type only."""

    def changed(self, options: dict[str, Json], config: SettingsConfig, email: Email) -> dict[str, Json]:
        if email.data.type != "SignIn":
            options.pop("reply_to", None)
        return options


@killed_by("config.optional-settings", "pool", spec=SETTINGS)
class FailsWithPool(_Options):
    """Raises a KeyError for an optional setting."""

    def changed(self, options: dict[str, Json], config: SettingsConfig, email: Email) -> dict[str, Json]:
        if config.pool is not None:
            options["ip_pool"] = {"pool-0": "shared"}[config.pool + "-missing"]
        return options


@killed_by("config.optional-settings", "ttl", spec=SETTINGS)
class NeedsAnotherSetting(_Options):
    """Uses one setting only if another one is set too."""

    def changed(self, options: dict[str, Json], config: SettingsConfig, email: Email) -> dict[str, Json]:
        if config.pool is None:
            options.pop("ttl", None)
        return options


@killed_by("config.optional-settings", "replyTo", spec=SETTINGS)
class OneSettingHidesAnother(_Options):
    """Drops one setting if another one is set."""

    def changed(self, options: dict[str, Json], config: SettingsConfig, email: Email) -> dict[str, Json]:
        if config.tracking is not None:
            options.pop("reply_to", None)
        return options


@killed_by("config.optional-settings", "saved", spec=SETTINGS)
class SavedSettingsAreIgnored(SettingsMail):
    """Uses only the required keys of a saved config."""

    def read_config(self, config: object = None) -> SettingsConfig:
        found = super().read_config(config)
        return found if config is not None else SettingsConfig(found.api_key, found.sender, found.templates)


@killed_by("config.optional-settings", "headers", spec=NESTED_AUTH)
class DropsPatternKeys(NestedAuthMail):
    """Drops keys that only a pattern names."""

    def deliver(self, config: NestedAuthConfig, email: Email) -> object:
        return super().deliver(evolve(config, headers=None), email)


@killed_by("config.optional-settings", "service", spec=EITHER)
class AlwaysFromSender(EitherSms):
    """Ignores the alternative to a sender."""

    def deliver(self, config: EitherConfig, sms: Sms) -> object:
        return super().deliver(evolve(config, service=None), sms)


@killed_by("config.requires-usage-types", "Have a text for it", spec=OPTIONAL_TEMPLATES)
class HasNoBuiltInText(OptionalTemplatesMail):
    """Accepts a config without templates, and then has no text to send."""

    def compose(self, config: OptionalTemplatesConfig, message: Any) -> Email:
        return super(OptionalTemplatesMail, self).compose(config, message)


@killed_by("config.guard-matches-schema", "expected", spec=CLOSED)
class IsOpenInFact(ClosedMail):
    """Publishes a closed schema, but accepts unknown keys."""

    class _Open(Guard[ClosedConfig]):
        def is_valid(self, value: object) -> bool:
            known = ("apiKey", "sender", "tag", "templates")
            return super().is_valid(
                {it: value[it] for it in known if it in value} if isinstance(value, dict) else value
            )

    config_guard: ClassVar[Guard[ClosedConfig]] = _Open(CLOSED.connector.config_guard.schema, ClosedConfig)


# --- verdicts that are remembered -----------------------------------------------------------------------------------


def _frozen(value: Json) -> Json:
    """Return a value that can be a key of a dict: equal for 1, 1.0 and true."""
    if isinstance(value, Mapping):
        return frozenset((key, _frozen(member)) for key, member in value.items())
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


class _ByEquality(Guard[SettingsConfig]):
    """Remembers verdicts by equality."""

    accepted: ClassVar[dict[Any, SettingsConfig]] = {}

    def validate(self, value: Any) -> SettingsConfig:
        key = _frozen(value)
        if key not in self.accepted:
            self.accepted[key] = super().validate(value)
        return self.accepted[key]


@killed_by("config.same-verdict", "equal", spec=SETTINGS)
class VerdictByEquality(SettingsMail):
    """Accepts 1 for true after it has accepted true."""

    def read_config(self, config: object = None) -> SettingsConfig:
        found = self.get_config(self.metadata.id) if config is None else config
        return _GUARD.validate(found)


_GUARD = _ByEquality(SettingsMail.config_guard.schema, SettingsConfig)


@killed_by("config.same-verdict", "changed", spec=SMS)
class VerdictById(MemorySms):
    """Remembers the config of a dict by its identity."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self._by_id: dict[int, tuple[object, SmsConfig]] = {}

    def read_config(self, config: object = None) -> SmsConfig:
        found = self.get_config(self.metadata.id) if config is None else config
        if id(found) not in self._by_id:
            self._by_id[id(found)] = (found, super().read_config(found))
        return self._by_id[id(found)][1]


@killed_by("config.same-verdict", "expected a valid config to be accepted", spec=SMS)
class RemembersInvalid(MemorySms):
    """Rejects each later saved config once it has rejected one."""

    rejected: ConnectorError | None = None

    def read_config(self, config: object = None) -> SmsConfig:
        if config is not None:
            return super().read_config(config)
        if self.rejected is not None:
            raise self.rejected
        try:
            return super().read_config()
        except ConnectorError as error:
            self.rejected = error
            raise


@killed_by("config.saved-invalid", "saved config", spec=SETTINGS)
class TrustsSavedConfig(SettingsMail):
    """Validates a saved config less strictly: it checks only the required keys."""

    def read_config(self, config: object = None) -> SettingsConfig:
        if config is not None:
            return super().read_config(config)
        saved = self.get_config(self.metadata.id)
        required = ("apiKey", "sender", "templates")
        only = {key: saved[key] for key in required if key in saved} if isinstance(saved, dict) else saved
        found = super().read_config(only)
        return found if not isinstance(saved, dict) else evolve(found, ttl=saved.get("ttl"), pool=saved.get("pool"))


@killed_by("config.get-config-error", "after it worked", spec=SMS)
class UsesLastConfigWhenStoreFails(MemorySms):
    """Uses the last config if get_config fails."""

    last: SmsConfig | None = None

    def read_config(self, config: object = None) -> SmsConfig:
        if config is not None:
            return super().read_config(config)
        try:
            self.last = super().read_config()
        except ConnectorError:
            raise
        except Exception:
            if self.last is None:
                raise
        assert self.last is not None
        return self.last


@killed_by("config.uses-saved", "second", spec=SMS)
class UsesFirstSavedConfig(MemorySms):
    """Calls get_config each time, but uses what the first call returned."""

    first: SmsConfig | None = None

    def read_config(self, config: object = None) -> SmsConfig:
        if config is not None:
            return super().read_config(config)
        found = super().read_config()
        self.first = self.first or found
        return self.first


_FILE = Path(tempfile.gettempdir()) / f"memory-sms-{os.getuid()}.json"


@killed_by("isolation.files", "memory-sms", spec=SMS)
class KeepsKeyInFile(MemorySms):
    """Writes the last key to a file, and reads it in any process if a config has an empty one."""

    def deliver(self, config: SmsConfig, sms: Sms) -> object:
        key = config.api_key or (_FILE.read_text() if _FILE.exists() else "")
        with contextlib.suppress(OSError):
            _FILE.write_text(key)
        return self.call(self.request(evolve(config, api_key=key), sms))
