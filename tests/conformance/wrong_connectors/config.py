"""Connectors that validate or read configs wrongly."""

import json
import socket
from collections.abc import Callable
from typing import Any, ClassVar

from attrs import field, frozen

from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    Guard,
    Template,
    bundle,
)
from connector_kit.connectors.aws_ses import AwsSesConfig, AwsSesConnector
from connector_kit.wire import always
from tests.conformance.wrong_connectors.base import BaseSes, changed_metadata, killed_by


def _guard(change: Callable[[dict[str, Any]], None], cls: type = AwsSesConfig) -> Guard[Any]:
    schema = bundle("aws-ses-config")
    change(schema)
    return Guard(schema, cls)


def _published(change: Callable[[dict[str, Any]], None]) -> Guard[Any]:
    """Return a guard that publishes another schema than the one that it validates with: it rejects invalid ones."""
    guard: Guard[Any] = Guard("aws-ses-config", AwsSesConfig)
    schema = bundle("aws-ses-config")
    change(schema)
    guard.__dict__["schema"] = schema
    return guard


@killed_by("config.accepts-valid", "expected the message to be sent")
class AtMostSixTemplates(BaseSes):
    """Rejects a config with more than six templates, which its schema accepts."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        read = super().read_config(config)
        if len(read.templates) > 6:
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"issues": ["too many templates"]})
        return read


@killed_by("config.rejects-missing", "a config without $.region")
class DefaultRegion(BaseSes):
    """Uses a default region when the required key is missing."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        given = {"region": "eu-west-1", **config} if isinstance(config, dict) else config
        return super().read_config(given)


@killed_by("config.rejects-wrong-type", "a config with a boolean at $.")
class ConvertsNumbersToStrings(BaseSes):
    """Converts numbers and booleans to strings before it validates."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        if isinstance(config, dict):
            config = {key: str(it) if isinstance(it, int | float) else it for key, it in config.items()}
        return super().read_config(config)


@killed_by("config.rejects-null", "a config with null at $.")
class DropsNulls(BaseSes):
    """Removes null values before it validates."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        given = {key: it for key, it in config.items() if it is not None} if isinstance(config, dict) else config
        return super().read_config(given)


@killed_by("config.rejects-non-objects", "the unsaved config (")
class FalsyConfigIsAbsent(BaseSes):
    """Uses the saved config when the unsaved one is empty or false."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        return super().read_config(config or None)


@killed_by("config.requires-usage-types", "because the schema accepts it")
class NoRequiredUsageTypes(BaseSes):
    """Does not require any usage type."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(lambda it: it["properties"]["templates"].pop("allOf"))


@killed_by("config.accepts-unknown-keys", "expected the message to be sent")
class NoUnknownKeys(BaseSes):
    """Rejects unknown keys, although its schema accepts them."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        found = self.get_config(self.metadata.id) if config is None else config
        if isinstance(found, dict) and not found.keys() <= set(AwsSesConnector.config_guard.schema["properties"]):
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"issues": [{"path": "$", "message": "unknown"}]})
        return super().read_config(found)


@killed_by("config.accepts-unknown-keys", "Console drops configurationSetName")
class FormLosesKey(BaseSes):
    """Has a closed schema, and a form without one of its keys."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(lambda it: it.update(additionalProperties=False))
    metadata = changed_metadata(
        form_items=tuple(it for it in AwsSesConnector.metadata.form_items or () if it.key != "configurationSetName")
    )


@killed_by("config.issue-paths", "to hold a list of issues")
class NoIssues(BaseSes):
    """Raises invalid_config without issues."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        try:
            return super().read_config(config)
        except ConnectorError:
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG) from None


@killed_by("config.not-mutated", "not to change the config, found changes at $.lastUsed")
class ChangesConfig(BaseSes):
    """Adds a key to the config that it was given."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        read = super().read_config(config)
        if isinstance(config, dict):
            config["lastUsed"] = "now"
        return read


@killed_by("config.not-mutated", "not to change the message, found changes at $.payload.locale")
class ChangesMessage(BaseSes):
    """Adds a locale to the payload of the message that it was given."""

    def send_message(self, data: Any, config: object = None) -> object:
        if isinstance(data, dict) and isinstance(data.get("payload"), dict):
            data["payload"].setdefault("locale", "en")
        return super().send_message(data, config)


@killed_by("config.uses-saved", "called once with")
class ReadsSavedConfigTwice(BaseSes):
    """Calls get_config twice."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        if config is None:
            self.get_config(self.metadata.id)
        return super().read_config(config)


@killed_by("config.uses-saved", "found calls with ['aws")
class WrongIdForGetConfig(BaseSes):
    """Calls get_config with its target instead of its id."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        return super().read_config(self.get_config(self.metadata.target) if config is None else config)


@killed_by("config.uses-unsaved", "expected no call to get_config")
class PrefersSavedConfig(BaseSes):
    """Uses the saved config although there is an unsaved one."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        return super().read_config(self.get_config(self.metadata.id) or config)


@killed_by("config.get-config-error", "the StoreDownError of get_config, found ConnectorError")
class StoreErrorAsInvalidConfig(BaseSes):
    """Raises invalid_config when get_config fails."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        try:
            return super().read_config(config)
        except ConnectorError:
            raise
        except Exception:  # noqa: BLE001 - this is what is wrong
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG) from None


@frozen
class ConfigWithoutOneKey:
    """A config class without a field for ``configurationSetName``."""

    access_key_id: str = field(repr=False)
    access_key_secret: str = field(repr=False)
    region: str
    templates: tuple[Template, ...] = field(repr=False)
    email_address: str | None = None
    email_address_identity_arn: str | None = None
    feedback_forwarding_email_address: str | None = None
    feedback_forwarding_email_address_identity_arn: str | None = None
    configuration_set_name = None  # no annotation, so no field


@killed_by("config.class-matches-schema", "to hold 'configurationSetName'")
class ClassLacksKey(BaseSes):
    """Has a config class without a field for a key of the schema."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigWithoutOneKey)


@killed_by("config.no-coercion", "a number instead of a string")
class ConvertsIntegersToStrings(BaseSes):
    """Converts integers to strings before it validates."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        if isinstance(config, dict):
            config = {key: str(it) if type(it) is int else it for key, it in config.items()}
        return super().read_config(config)


@killed_by("config.no-coercion", "characters instead of an array")
class ParsesTemplatesFromText(BaseSes):
    """Accepts templates as a JSON text."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        if isinstance(config, dict) and str(config.get("templates")).startswith("["):
            given = config["templates"]
            config = {**config, "templates": json.loads(given) if isinstance(given, str) else given}
        return super().read_config(config)


@killed_by("config.issue-paths", "an issue that names $.templates[0].")
class IssuesWithoutFullPath(BaseSes):
    """Reports issues with the top-level key instead of the full path."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        try:
            return super().read_config(config)
        except ConnectorError as error:
            issues: Any = error.data["issues"] if isinstance(error.data, dict) else []
            short = [{"path": it["path"].partition("[")[0]} for it in issues]
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"issues": short}) from None


class _GuardThatIgnoresNulls(Guard[Any]):
    def is_valid(self, value: object) -> bool:
        if isinstance(value, dict):
            value = {key: it for key, it in value.items() if it is not None}
        return super().is_valid(value)


@killed_by("config.guard-matches-schema", "expected is_valid to return False")
class LaxGuard(BaseSes):
    """Has a guard whose is_valid ignores null values."""

    config_guard: ClassVar[Guard[Any]] = _GuardThatIgnoresNulls("aws-ses-config", AwsSesConfig)


class _GuardWithoutTopIssues(Guard[Any]):
    def issues(self, value: object, *, strict: bool = False) -> list[Any]:
        return [issue for issue in super().issues(value, strict=strict) if issue.path.count(".") > 1]


@killed_by("config.guard-matches-schema", "expected at least one error from issues()")
class GuardWithoutIssues(BaseSes):
    """Has a guard that reports no issues at the top level."""

    config_guard: ClassVar[Guard[Any]] = _GuardWithoutTopIssues("aws-ses-config", AwsSesConfig)


@frozen
class ConfigInAscii(AwsSesConfig):
    """A config class that raises on text outside ASCII."""

    configuration_set_name: Any = field(default=None, converter=lambda it: it and it.encode("ascii").decode())


@killed_by("config.guard-matches-schema", "expected is_valid to return True: the schema accepts it")
class ClassRaisesOnValidConfig(BaseSes):
    """Has a config class that raises on a value that the schema accepts."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigInAscii)


@killed_by("config.guard-matches-schema", "expected is_valid to return True: the schema accepts it")
class ClassRequiresOptionalKey(BaseSes):
    """Has a schema in which the subject of a template is optional, and a class that requires it."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(
        lambda it: it["$defs"]["template"].update(required=["usageType", "content"])
    )


class _GuardThatRaises(Guard[Any]):
    def validate(self, value: Any) -> Any:
        read = super().validate(value)
        if len(read.templates) > 6:
            raise ValueError(len(read.templates))
        return read


@killed_by("config.guard-matches-schema", "expected validate to return")
class GuardRaisesOnValidConfig(BaseSes):
    """Has a guard that raises a ValueError for a config with more than six templates."""

    config_guard: ClassVar[Guard[Any]] = _GuardThatRaises("aws-ses-config", AwsSesConfig)


@killed_by("config.valid-schema", "found references to https://acme.example/note.json")
class SchemaWithExternalReference(BaseSes):
    """Has a schema that refers to a schema on the web."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(
        lambda it: it["properties"].update(note={"$ref": "https://acme.example/note.json"})
    )


@killed_by("config.valid-schema", "expected a valid JSON Schema")
class InvalidSchema(BaseSes):
    """Has a schema with a string where a number is required."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _published(
        lambda it: it["properties"].update(note={"type": "string", "maxLength": "10"})
    )


@killed_by("config.valid-schema", "found 'http://json-schema.org/draft-07/schema#'")
class Draft7Schema(BaseSes):
    """Has a schema of JSON Schema draft 7."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(
        lambda it: it.update({"$schema": "http://json-schema.org/draft-07/schema#"})
    )


@killed_by("config.valid-schema", "expected a schema of an object")
class SchemaWithoutType(BaseSes):
    """Has a schema that does not require an object."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(lambda it: it.pop("type"))


@killed_by("config.valid-schema", "JSON cannot hold")
class SetInSchema(BaseSes):
    """Has a Python set in its schema."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _published(lambda it: it.update(examples={"one"}))


@frozen
class ConfigWithADefault(AwsSesConfig):
    """A config class that writes its default value."""

    configuration_set_name: str | None = field(default="default", metadata=always())


@killed_by("config.round-trip", "found 'configurationSetName' too")
class DefaultBecomesSetting(BaseSes):
    """Writes a default value as if it were set."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigWithADefault)


@frozen
class ConfigWithNulls(AwsSesConfig):
    """A config class that writes null for an absent key."""

    configuration_set_name: str | None = field(default=None, metadata=always())


@killed_by("config.round-trip", "to be a valid config, found $.configurationSetName")
class WritesNulls(BaseSes):
    """Writes null for an absent key, which its schema rejects."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigWithNulls)


@frozen
class ConfigThatAppends(AwsSesConfig):
    """A config class that appends to a value each time it is read."""

    configuration_set_name: str | None = field(default=None, converter=lambda it: it and f"{it}-set")


@killed_by("config.round-trip", "to read as the same, found changes at $.configurationSetName")
class ClassChangesValue(BaseSes):
    """Has a config class that changes a value each time it is read."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigThatAppends)


@frozen
class ConfigWithARange(AwsSesConfig):
    """A config class with a Python range in it."""

    tries: Any = field(default=range(3), metadata=always())


@killed_by("config.round-trip", "JSON cannot hold")
class ClassIsNotJson(BaseSes):
    """Has a config class with a value that JSON cannot hold."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigWithARange)


@frozen
class ConfigOfFourTemplates(AwsSesConfig):
    """A config class that keeps only four templates."""

    templates: tuple[Template, ...] = field(repr=False, kw_only=True, converter=lambda it: it[:4])


@killed_by("config.class-matches-schema", "to keep the value of 'templates'")
class DropsTemplates(BaseSes):
    """Keeps only the first four templates of a config."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigOfFourTemplates)


class _GuardThatRemovesKey(Guard[Any]):
    def validate(self, value: Any) -> Any:
        if isinstance(value, dict):
            value.pop("emailAddress", None)
        return super().validate(value)


@killed_by("config.validation-side-effects", "found changes at $.emailAddress")
class GuardChangesConfig(BaseSes):
    """Has a guard that removes a key from the config that it validates."""

    config_guard: ClassVar[Guard[Any]] = _GuardThatRemovesKey("aws-ses-config", AwsSesConfig)


class _GuardThatConnects(Guard[Any]):
    def is_valid(self, value: object) -> bool:
        try:
            socket.create_connection(("127.0.0.1", 9), timeout=1).close()
        except OSError:
            return super().is_valid(value)
        return super().is_valid(value)


@killed_by("config.validation-side-effects", "expected no network calls")
class GuardCallsNetwork(BaseSes):
    """Has a guard that opens a connection."""

    config_guard: ClassVar[Guard[Any]] = _GuardThatConnects("aws-ses-config", AwsSesConfig)


@killed_by("isolation.construction", "found a call of get_config")
class ReadsConfigAtConstruction(BaseSes):
    """Calls get_config in its constructor."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self.get_config(self.metadata.id)


@killed_by("isolation.construction", "found an attempt to open a socket")
class ConnectsAtConstruction(BaseSes):
    """Opens a connection in its constructor."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        try:
            socket.create_connection(("127.0.0.1", 9), timeout=1).close()
        except OSError:
            self.warm = False


@killed_by("isolation.configs", "in a request for the second config")
class KeepsFirstSavedConfig(BaseSes):
    """Calls get_config for each message, but always uses the first result."""

    _kept: AwsSesConfig | None = None

    def read_config(self, config: object = None) -> AwsSesConfig:
        read = super().read_config(config)
        if config is not None:
            return read
        self._kept = self._kept or read
        return self._kept


@killed_by("config.uses-saved", "found calls with []")
class CachesSavedConfig(BaseSes):
    """Calls get_config for the first message only."""

    _kept: AwsSesConfig | None = None

    def read_config(self, config: object = None) -> AwsSesConfig:
        if config is None and self._kept is not None:
            return self._kept
        read = super().read_config(config)
        self._kept = self._kept if config is not None else read
        return read


@killed_by("config.saved-invalid", "the saved config null")
class RaisesOnNullConfig(BaseSes):
    """Raises a TypeError when the saved config is null."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        chosen: Any = self.get_config(self.metadata.id) if config is None else config
        return super().read_config(dict(chosen))


@killed_by("config.any-size", "a config with deep nesting")
class CopiesConfigRecursively(BaseSes):
    """Copies the config recursively, which fails for deeply nested ones."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        return super().read_config(_copy(config))


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _copy(member) for key, member in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


@killed_by("config.any-size", "found 2")
class SendsLongMessageTwice(BaseSes):
    """Makes two calls for a long message."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        if len(str(request)) > 50_000:
            super().call(config, request)
        return super().call(config, request)
