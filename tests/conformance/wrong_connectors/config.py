"""Connectors that take, refuse or read configs wrongly."""

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
from connector_kit.connectors.aws_ses import AwsSesConfig
from connector_kit.wire import always
from tests.conformance.wrong_connectors.open import Open, killed_by


def _guard(change: Callable[[dict[str, Any]], None], cls: type = AwsSesConfig) -> Guard[Any]:
    schema = bundle("aws-ses-config")
    change(schema)
    return Guard(schema, cls)


@killed_by("config.accepts-valid", "expected the message to be sent")
class AtMostSixTemplates(Open):
    """Refuses what its own schema accepts."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, and count."""
        read = super().read_config(config)
        if len(read.templates) > 6:
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"issues": ["too many templates"]})
        return read


@killed_by("config.refuses-missing", "no 'region'")
class DefaultRegion(Open):
    """Fills in what a config lacks."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, with a region at any price."""
        given = {"region": "eu-west-1", **config} if isinstance(config, dict) else config
        return super().read_config(given)


@killed_by("config.refuses-mistyped", "a wrong")
class TurnsAllToStrings(Open):
    """Coerces instead of validating."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, after making strings of numbers."""
        if isinstance(config, dict):
            config = {key: str(it) if isinstance(it, int | float) else it for key, it in config.items()}
        return super().read_config(config)


@killed_by("config.refuses-null", "null for")
class NullIsAbsent(Open):
    """Takes null for nothing."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, without the nulls."""
        given = {key: it for key, it in config.items() if it is not None} if isinstance(config, dict) else config
        return super().read_config(given)


@killed_by("config.refuses-non-objects", "the wrong shape")
class FalseIsNone(Open):
    """Takes an empty unsaved config for none at all."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read one or the other."""
        return super().read_config(config or None)


@killed_by("config.requires-usage-types", "no template for")
class AnyTemplatesWillDo(Open):
    """Requires no usage type."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(lambda it: it["properties"]["templates"].pop("allOf"))


@killed_by("config.accepts-unknown-keys", "expected the message to be sent")
class ClosedConfig(Open):
    """Refuses keys that it does not know."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(lambda it: it.update(additionalProperties=False))


@killed_by("config.says-why", "list of issues")
class JustInvalid(Open):
    """Does not say what is wrong."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, and say no more than no."""
        try:
            return super().read_config(config)
        except ConnectorError:
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG) from None


@killed_by("config.not-mutated", "the config to stay")
class SortsTheConfig(Open):
    """Changes the caller's config."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, and leave a note in it."""
        read = super().read_config(config)
        if isinstance(config, dict):
            config["lastUsed"] = "now"
        return read


@killed_by("config.not-mutated", "the message to stay")
class AddsToThePayload(Open):
    """Changes the caller's message."""

    def send_message(self, data: Any, config: object = None) -> object:  # noqa: ANN401 - either form
        """Send it, with a default."""
        if isinstance(data, dict) and isinstance(data.get("payload"), dict):
            data["payload"].setdefault("locale", "en")
        return super().send_message(data, config)


@killed_by("config.saved", "called once")
class ReadsTwice(Open):
    """Reads the saved config twice."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, and read it."""
        if config is None:
            self.get_config(self.metadata.id)
        return super().read_config(config)


@killed_by("config.saved", "called once with")
class AsksForAnother(Open):
    """Asks for the config under another id."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it by the target."""
        return super().read_config(self.get_config(self.metadata.target) if config is None else config)


@killed_by("config.unsaved", "expected get_config not to be called")
class SavedComesFirst(Open):
    """Does not test what the operator is about to save."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read the saved one, if there is one."""
        return super().read_config(self.get_config(self.metadata.id) or config)


@killed_by("config.source-error", "get_config's own error")
class HidesTheStore(Open):
    """Takes a store that is down for a bad config."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, or blame it."""
        try:
            return super().read_config(config)
        except ConnectorError:
            raise
        except Exception:  # noqa: BLE001 - this is what is wrong
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG) from None


@frozen
class ConfigWithoutSet:
    """A config class that forgot a field."""

    access_key_id: str = field(repr=False)
    access_key_secret: str = field(repr=False)
    region: str
    templates: tuple[Template, ...] = field(repr=False)
    email_address: str | None = None
    email_address_identity_arn: str | None = None
    feedback_forwarding_email_address: str | None = None
    feedback_forwarding_email_address_identity_arn: str | None = None
    configuration_set_name = None  # no annotation, so no field


@killed_by("config.class-matches-schema", "configurationSetName")
class ForgetsTheSet(Open):
    """Has a schema and a class that do not say the same."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigWithoutSet)


@killed_by("config.no-coercion", "number for string")
class NumbersAreText(Open):
    """Makes a text of a number, and of nothing else."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, after making strings of integers."""
        if isinstance(config, dict):
            config = {key: str(it) if type(it) is int else it for key, it in config.items()}
        return super().read_config(config)


@killed_by("config.no-coercion", "string for array")
class ReadsTemplatesFromText(Open):
    """Takes templates that were saved as a text of JSON."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, after parsing what looks like JSON."""
        if isinstance(config, dict) and str(config.get("templates")).startswith("["):
            given = config["templates"]
            config = {**config, "templates": json.loads(given) if isinstance(given, str) else given}
        return super().read_config(config)


@killed_by("config.says-why", "an issue that names ['templates'][0]['")
class NamesTheKeyOnly(Open):
    """Says which key is wrong, and not where in it."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, and cut the paths short."""
        try:
            return super().read_config(config)
        except ConnectorError as error:
            issues: Any = error.data["issues"] if isinstance(error.data, dict) else []
            short = [{"path": it["path"].partition("[")[0]} for it in issues]
            raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, {"issues": short}) from None


class _LaxGuard(Guard[Any]):
    """Says of a null what it does not mean."""

    def is_valid(self, value: object) -> bool:
        """Look at the value without its nulls."""
        if isinstance(value, dict):
            value = {key: it for key, it in value.items() if it is not None}
        return super().is_valid(value)


@killed_by("config.guard-agrees", "expected is_valid to agree")
class LaxGuard(Open):
    """Has a guard that accepts more than its schema."""

    config_guard: ClassVar[Guard[Any]] = _LaxGuard("aws-ses-config", AwsSesConfig)


class _SilentGuard(Guard[Any]):
    def issues(self, value: object, *, strict: bool = False) -> list[Any]:
        """Find nothing at the top."""
        return [issue for issue in super().issues(value, strict=strict) if issue.path.count(".") > 1]


@killed_by("config.guard-agrees", "expected issues to agree")
class SilentGuard(Open):
    """Has a guard that refuses without a word."""

    config_guard: ClassVar[Guard[Any]] = _SilentGuard("aws-ses-config", AwsSesConfig)


@frozen
class ConfigInAscii(AwsSesConfig):
    """A config class that holds less than the schema accepts."""

    configuration_set_name: Any = field(default=None, converter=lambda it: it and it.encode("ascii").decode())


@killed_by("config.guard-agrees", "expected validate to agree")
class BreaksOnNames(Open):
    """Accepts a name, and breaks on it."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigInAscii)


@killed_by("config.schema-published", "references that it cannot resolve")
class SchemaElsewhere(Open):
    """Has a schema of which a part is on the web."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(
        lambda it: it["properties"].update(note={"$ref": "https://acme.example/note.json"})
    )


@killed_by("config.schema-published", "a valid JSON Schema")
class SchemaWithATypo(Open):
    """Has a schema that is none."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(
        lambda it: it["properties"].update(note={"type": "string", "maxLength": "10"})
    )


@killed_by("config.schema-published", "of the dialect")
class SchemaOfTheOldDays(Open):
    """Has a schema of draft 7."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(
        lambda it: it.update({"$schema": "http://json-schema.org/draft-07/schema#"})
    )


@killed_by("config.schema-published", "of an object")
class SchemaOfAnything(Open):
    """Says what an object holds, and not that it is one."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(lambda it: it.pop("type"))


@killed_by("config.schema-published", "that is JSON")
class SchemaWithASet(Open):
    """Has a Python set in its schema."""

    config_guard: ClassVar[Guard[AwsSesConfig]] = _guard(lambda it: it.update(examples={"one"}))


@frozen
class ConfigWithADefault(AwsSesConfig):
    """A config class that fills in a set, and writes it down."""

    configuration_set_name: str | None = field(default="default", metadata=always())


@killed_by("config.round-trip", "'configurationSetName', which the config does not have")
class AddsASet(Open):
    """Makes a setting of what nobody set."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigWithADefault)


@frozen
class ConfigWithNulls(AwsSesConfig):
    """A config class that writes null for what is absent."""

    configuration_set_name: str | None = field(default=None, metadata=always())


@killed_by("config.round-trip", "the schema refuses it")
class WritesNulls(Open):
    """Writes a config that it does not read again."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigWithNulls)


@frozen
class ConfigThatGrows(AwsSesConfig):
    """A config class whose set is longer each time."""

    configuration_set_name: str | None = field(default=None, converter=lambda it: it and f"{it}-set")


@killed_by("config.round-trip", "the same config")
class LengthensTheSet(Open):
    """Does not read what it wrote."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigThatGrows)


@frozen
class ConfigWithARange(AwsSesConfig):
    """A config class with a Python value in it."""

    tries: Any = field(default=range(3), metadata=always())


@killed_by("config.round-trip", "turns into JSON")
class HoldsARange(Open):
    """Has a config that cannot be written."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigWithARange)


@frozen
class ConfigOfFourTemplates(AwsSesConfig):
    """A config class that forgets all templates but four."""

    templates: tuple[Template, ...] = field(repr=False, kw_only=True, converter=lambda it: it[:4])


@killed_by("config.class-matches-schema", "keep 'templates' as it is")
class DropsTemplates(Open):
    """Keeps the first four templates of each config."""

    config_guard: ClassVar[Guard[Any]] = Guard("aws-ses-config", ConfigOfFourTemplates)


class _TidyGuard(Guard[Any]):
    def validate(self, value: Any) -> Any:  # noqa: ANN401 - see Guard
        """Take out what only editors read."""
        if isinstance(value, dict):
            value.pop("emailAddress", None)
        return super().validate(value)


@killed_by("config.validation-only-looks", "as it is, found it changed")
class TidyGuard(Open):
    """Has a guard that changes what it looks at."""

    config_guard: ClassVar[Guard[Any]] = _TidyGuard("aws-ses-config", AwsSesConfig)


class _CuriousGuard(Guard[Any]):
    def is_valid(self, value: object) -> bool:
        """Ask another machine whether the region is one."""
        try:
            socket.create_connection(("127.0.0.1", 9), timeout=1).close()
        except OSError:
            return super().is_valid(value)
        return super().is_valid(value)


@killed_by("config.validation-only-looks", "reach nothing")
class CuriousGuard(Open):
    """Has a guard that goes on the network."""

    config_guard: ClassVar[Guard[Any]] = _CuriousGuard("aws-ses-config", AwsSesConfig)


@killed_by("isolation.construction", "get_config was called")
class ReadsWhenMade(Open):
    """Reads its config as it is made."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self.get_config(self.metadata.id)


@killed_by("isolation.construction", "a socket was asked for")
class WarmsUp(Open):
    """Opens a connection as it is made, in case."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        try:
            socket.create_connection(("127.0.0.1", 9), timeout=1).close()
        except OSError:
            self.warm = False


@killed_by("isolation.configs", "of the second config")
class KeepsTheFirst(Open):
    """Asks for the config each time, and uses the first."""

    _kept: AwsSesConfig | None = None

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, or what there is."""
        read = super().read_config(config)
        if config is not None:
            return read
        self._kept = self._kept or read
        return self._kept


@killed_by("config.saved", "called once with")
class AsksOnce(Open):
    """Asks for the config once and for all."""

    _kept: AwsSesConfig | None = None

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, unless it was."""
        if config is None and self._kept is not None:
            return self._kept
        read = super().read_config(config)
        self._kept = self._kept if config is not None else read
        return read


@killed_by("config.source-shape", "the saved config null")
class TripsOverNull(Open):
    """Takes for granted that there is a config."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read it, and look at it first."""
        chosen: Any = self.get_config(self.metadata.id) if config is None else config
        return super().read_config(dict(chosen))


@killed_by("config.any-size", "(depth)")
class CopiesInDepth(Open):
    """Walks through the whole config by calling itself."""

    def read_config(self, config: object = None) -> AwsSesConfig:
        """Read a copy."""
        return super().read_config(_copy(config))


def _copy(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        return {key: _copy(member) for key, member in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


@killed_by("config.any-size", "found 2")
class SendsInParts(Open):
    """Sends a long message in two parts."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:  # noqa: ANN401 - botocore's answer
        """Make the call, twice if it is long."""
        if len(str(request)) > 50_000:
            super().call(config, request)
        return super().call(config, request)
