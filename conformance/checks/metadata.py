"""Metadata: what Logto stores about a connector, and the config form that Console builds from it."""

import json
import sys
from base64 import b64decode
from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from hypothesis import strategies as st

from conformance.harness.config_schema import ConfigSchema
from conformance.harness.harness import Harness
from conformance.harness.images import image_problem
from conformance.harness.values import difference, read_back, show
from conformance.registry import ALL, MESSAGES, check
from conformance.verdicts import CheckFailure, NotApplicable, expect
from connector_kit import (
    UNSET,
    Connector,
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorType,
    connector_metadata_guard,
    to_json,
)

Json = Any
"""Any JSON value."""

_IMAGES = (".svg", ".png")
_LARGEST_LOGO: Final = 1_000_000

_CONTROL_TYPES: Final = {
    ConnectorConfigFormItemType.TEXT: {"string"},
    ConnectorConfigFormItemType.MULTILINE_TEXT: {"string"},
    ConnectorConfigFormItemType.NUMBER: {"number"},
    ConnectorConfigFormItemType.SWITCH: {"boolean"},
    ConnectorConfigFormItemType.SELECT: {"string"},
    ConnectorConfigFormItemType.MULTI_SELECT: {"array"},
    ConnectorConfigFormItemType.JSON: {"array", "object"},
}
"""The JSON types of the value that each control of the form submits."""

_SELECTS: Final = frozenset({ConnectorConfigFormItemType.SELECT, ConnectorConfigFormItemType.MULTI_SELECT})
_UNMASKED: Final = frozenset({ConnectorConfigFormItemType.MULTILINE_TEXT, ConnectorConfigFormItemType.JSON})
"""Controls that Console cannot mask. A secret of several lines needs one of them."""


def _form(harness: Harness) -> tuple[ConnectorConfigFormItem, ...]:
    """Return the form items."""
    items = harness.spec.connector.metadata.form_items
    if items is None:
        raise NotApplicable("the metadata declares no form items, so Console shows a JSON editor for the whole config")
    return items


@check("metadata.valid", clause="M1", types=ALL, covers=("metadata",), is_smoke=True)
def valid(harness: Harness) -> None:
    """The metadata is valid for connector_metadata_guard, which Logto's loader applies."""
    issues = connector_metadata_guard.issues(to_json(harness.spec.connector.metadata))
    errors = [f"{issue.path}: {issue.message}" for issue in issues if issue.severity == "error"]
    expect(not errors, f"expected metadata that connector_metadata_guard accepts, found {'; '.join(errors)}")
    harness.coverage.add("metadata")


@check("metadata.json-round-trip", clause="M2", types=ALL, covers=("metadata",))
def json_round_trip(harness: Harness) -> None:
    """The metadata is JSON and does not change when it is written and read: Logto sends it to Console."""
    metadata = to_json(harness.spec.connector.metadata)
    read = read_back("the metadata", metadata)
    expect(read == metadata, difference("JSON to keep the metadata", metadata, read))
    harness.coverage.add("metadata")


@check("metadata.no-platform", clause="M3", covers=("metadata",))
def no_platform(harness: Harness) -> None:
    """An e-mail or SMS connector has no platform: only social connectors have one."""
    connector = harness.spec.connector
    expect(
        connector.type is ConnectorType.SOCIAL or connector.metadata.platform is None,
        f"expected the platform of an {connector.type} connector to be None, found {connector.metadata.platform}",
    )
    harness.coverage.add("metadata")


# --- files ----------------------------------------------------------------------------------------------------------


def _folders(connector: type[Connector[Any]]) -> Iterator[Traversable]:
    """Yield the folders of the connector's classes, its own first; for an npm connector, the package's folder."""
    folder: Path | None = getattr(connector, "folder", None)
    if folder is not None:
        yield folder
        return
    for cls in connector.__mro__:
        if issubclass(cls, Connector) and cls.__module__ != Connector.__module__:
            package, _, _ = cls.__module__.rpartition(".")
            if package:
                yield files(package)
            else:
                yield Path(str(sys.modules[cls.__module__].__file__)).parent


def _read_file(harness: Harness, name: str) -> bytes | None:
    """Return the content of a file in one of the connector's folders; ``None`` if the file does not exist."""
    for folder in _folders(harness.spec.connector):
        file = folder / name.removeprefix("./")
        if file.is_file():
            return file.read_bytes()
    return None


def _is_file_name(text: str) -> bool:
    """Return whether the readme is the name of a file, rather than the text itself."""
    return text.startswith("./") or (text.endswith(".md") and not any(it.isspace() for it in text))


@check("metadata.files-exist", clause="M4", types=ALL, covers=("file name, URL or text",))
def files_exist(harness: Harness) -> None:
    """The logo and readme files that the metadata names exist in the connector's folder; logos are .svg or .png."""
    metadata = harness.spec.connector.metadata
    for key, name in (("logo", metadata.logo), ("logoDark", metadata.logo_dark), ("readme", metadata.readme)):
        harness.coverage.add("file name, URL or text")
        if name is None or (not _is_file_name(name) if key == "readme" else name.startswith(("http", "data:"))):
            continue
        expect(
            key == "readme" or name.endswith(_IMAGES),
            f"expected {key} to be an .svg or .png file, found {show(name)}: Logto shows no other format",
        )
        expect(
            _read_file(harness, name) is not None,
            f"expected the file of {key} in the connector's folder, found no file named {show(name)}",
        )


def _logos(harness: Harness) -> list[tuple[str, str, bytes]]:
    """Return, for each logo whose bytes are at hand, its metadata key, its file name or media type, and its bytes."""
    metadata = harness.spec.connector.metadata
    found = []
    for key, name in (("logo", metadata.logo), ("logoDark", metadata.logo_dark)):
        if name is not None and name.startswith(("data:image/svg+xml", "data:image/png")):
            head, _, body = name.partition(",")
            plain = unquote_to_bytes(body)
            found.append((key, head, b64decode(plain) if head.endswith(";base64") else plain))
        elif name is not None and not name.startswith(("http", "data:")):
            data = _read_file(harness, name)
            found += [(key, name, data)] if data is not None else []
    if not found:
        raise NotApplicable("the metadata declares no logo that is a file or a data URI")
    return found


@check("metadata.logo-image", clause="M11", types=ALL, covers=("logo",))
def logo_image(harness: Harness) -> None:
    """A logo is an image of the format that its name declares, with no script and no reference to other resources."""
    for key, name, data in _logos(harness):
        fault = image_problem(data, is_svg="svg" in name.lower())
        expect(fault is None, f"expected {key} to be a self-contained image, found {fault}")
        harness.coverage.add("logo")


@check("metadata.logo-size", clause="M11", level="advisory", types=ALL, covers=("logo",))
def logo_size(harness: Harness) -> None:
    """A logo is at most 1 MB in size: Logto sends it with every list of connectors."""
    for key, _, data in _logos(harness):
        expect(len(data) <= _LARGEST_LOGO, f"expected at most 1,000,000 bytes for {key}, found {len(data):,}")
        harness.coverage.add("logo")


@check("metadata.readme-not-empty", clause="M11", types=ALL, covers=("readme",))
def readme_not_empty(harness: Harness) -> None:
    """The readme has text: Console shows it next to the form."""
    text = _text(harness, "readme", harness.spec.connector.metadata.readme)
    expect(text.strip(), f"expected a readme with text, found {show(text)}")
    harness.coverage.add("readme")


def _text(harness: Harness, key: str, value: str) -> str:
    """Return a text of the metadata: the content of the file that the value names, or else the value."""
    can_be_a_name = "\n" not in value and len(value) < 256  # noqa: PLR2004 - the longest file name of most systems
    data = _read_file(harness, value) if can_be_a_name and value.strip() else None
    try:
        return value if data is None else data.decode()
    except UnicodeDecodeError as error:
        raise CheckFailure(f"expected {key} in UTF-8, found in {show(value)}: {error}") from None


@check("metadata.config-template-valid", clause="M11", types=ALL, covers=("config template",))
def config_template_valid(harness: Harness) -> None:
    """The config template is a JSON object whose values the config's schema accepts."""
    value = harness.spec.connector.metadata.config_template
    if value is None:
        raise NotApplicable("the metadata declares no config template")
    text = _text(harness, "configTemplate", value)
    try:
        template = json.loads(text)
    except ValueError as error:
        raise CheckFailure(
            f"expected configTemplate to be JSON or the name of a JSON file, found {show(text)}: {error}"
        ) from None
    expect(isinstance(template, dict), f"expected configTemplate to be an object, found {show(template)}")
    schema = ConfigSchema(harness.schema)
    for key, member in template.items():
        expect(
            schema.accepts(key, member),
            f"expected configTemplate to hold a value for {key!r} that the schema accepts, found {show(member)}",
        )
    harness.coverage.add("config template")


# --- the form -------------------------------------------------------------------------------------------------------


def _required_or_optional(required: bool) -> str:  # noqa: FBT001 - the one value to name
    return "required" if required else "optional"


@check("metadata.form-keys", clause="M5", types=ALL, covers=("form item",), is_smoke=True)
def form_keys(harness: Harness) -> None:
    """Each form item has a key of the config's schema, and no two items have the same key."""
    keys = [item.key for item in _form(harness)]
    schema = ConfigSchema(harness.schema)
    if not keys and not schema.required:
        raise NotApplicable("the form declares no items, and the schema requires no key")
    for key in keys:
        harness.coverage.add("form item")
        is_known = schema.defines(key) or not schema.defines_any
        expect(is_known, f"expected each form item to have a key of the schema, found an item with the key {key!r}")
        expect(keys.count(key) == 1, f"expected one form item for each key, found {keys.count(key)} for {key!r}")


@check("metadata.form-required", clause="M6", types=ALL, covers=("key",))
def form_required(harness: Harness) -> None:
    """A key is required in the form exactly if it is required in the schema."""
    schema = ConfigSchema(harness.schema)
    items = {item.key: item for item in _form(harness)}
    if not items and not schema.required:
        raise NotApplicable("the form declares no items, and the schema requires no key")
    for key in sorted(items.keys() | schema.required):
        harness.coverage.add("key")
        expect(key in items, f"expected a form item for the required key {key!r}, found items for {', '.join(items)}")
        item = items[key]
        in_form, in_schema = bool(item.required), key in schema.required
        always_has_a_value = item.type is ConnectorConfigFormItemType.SELECT and item.default_value is not UNSET
        expect(
            in_form == in_schema
            or item.type is ConnectorConfigFormItemType.SWITCH
            or (in_form and (always_has_a_value or key in schema.sometimes_required)),
            f"expected {key!r} to be required in both the form and the schema or in neither, found "
            f"{_required_or_optional(in_form)} in the form and {_required_or_optional(in_schema)} in the schema",
        )


@check("metadata.secrets-masked", clause="M7", types=ALL, covers=("secret",))
def secrets_masked(harness: Harness) -> None:
    """Console masks each secret: its form item is confidential, or its key ends in Key or Secret."""
    items = {item.key: item for item in _form(harness)}
    if not harness.spec.secrets:
        raise NotApplicable("the Spec names no secrets, and the form declares no confidential item")
    # An id of a key pair is kept out of logs, but operators compare it in the form.
    marked = [key for key in harness.spec.secrets if harness.spec.is_marked_secret(key) and not key.endswith("Id")]
    secret_items = [items[key] for key in marked if key in items]
    checked = [item for item in secret_items if item.type not in _UNMASKED]
    if not checked:
        raise NotApplicable("the form declares no secret that Console can mask: only ids and texts of several lines")
    for item in checked:
        expect(
            item.is_masked,
            f"expected Console to mask {item.key!r}, found a {item.type} item with is_confidential="
            f"{item.is_confidential}; make it a Text item and set is_confidential",
        )
        harness.coverage.add("secret")


@check("metadata.form-types", clause="M8", types=ALL, covers=("form item",))
def form_types(harness: Harness) -> None:
    """The control of each form item submits a value of a type that the schema accepts for its key."""
    schema = ConfigSchema(harness.schema)
    if not _form(harness):
        raise NotApplicable("the form declares no items")
    for item in _form(harness):
        types, submitted = schema.types(item.key), _CONTROL_TYPES[item.type]
        expect(
            types & submitted,
            f"expected a control for {item.key!r} that submits {' or '.join(sorted(types))}, as the schema requires, "
            f"found {item.type}, which submits {' or '.join(sorted(submitted))}",
        )
        harness.coverage.add("form item")


@check("metadata.form-defaults", clause="M8", types=ALL, covers=("default value",))
def form_defaults(harness: Harness) -> None:
    """The schema accepts the default value of each form item."""
    schema = ConfigSchema(harness.schema)
    with_default = [item for item in _form(harness) if item.default_value is not UNSET]
    if not with_default:
        raise NotApplicable("the form declares no default values")
    for item in with_default:
        value = to_json(item.default_value)
        if value != "":  # Console leaves out empty fields
            expect(
                schema.accepts(item.key, _submitted(item, value)),
                f"expected a default value for {item.key!r} that the schema accepts, found {show(value)}",
            )
        harness.coverage.add("default value")


def _submitted(item: ConnectorConfigFormItem, value: Json) -> Json:
    """Return what Console submits for a default value that nobody changed."""
    if item.type is ConnectorConfigFormItemType.NUMBER and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _options(item: ConnectorConfigFormItem) -> list[str]:
    return [choice.value for choice in item.select_items or ()]


def _select_items(harness: Harness) -> list[ConnectorConfigFormItem]:
    found = [item for item in _form(harness) if item.type in _SELECTS]
    if not found:
        raise NotApplicable("the form declares no Select and no MultiSelect")
    return found


@check("metadata.form-choices", clause="M9", types=ALL, covers=("choice",))
def form_choices(harness: Harness) -> None:
    """The schema accepts each choice of a Select or MultiSelect, choices are unique, and defaults are among them."""
    schema = ConfigSchema(harness.schema)
    for item in _select_items(harness):
        options = _options(item)
        for value in options:
            expect(
                _can_be_chosen(schema, item, value),
                f"expected choices for {item.key!r} that the schema accepts, found {value!r}",
            )
            count = options.count(value)
            expect(count == 1, f"expected each choice for {item.key!r} once, found {value!r} {count} times")
            harness.coverage.add("choice")
        default = item.default_value
        chosen = [] if default is UNSET or default in ("", None) else to_json(default)
        for value in chosen if isinstance(chosen, list) else [chosen]:
            expect(
                value in options,
                f"expected the default value of {item.key!r} among its choices {show(options)}, found {show(value)}",
            )


def _can_be_chosen(schema: ConfigSchema, item: ConnectorConfigFormItem, value: str) -> bool:
    """Return whether a choice is valid; for a MultiSelect, alone or together with others."""
    if item.type is ConnectorConfigFormItemType.SELECT:
        return value == "" or schema.accepts(item.key, value)
    others = [other for other in _options(item) if other != value]
    return any(schema.accepts(item.key, [value, *others[:count]]) for count in range(len(others) + 1))


@check("metadata.form-choices-complete", clause="M9", level="advisory", types=ALL, covers=("listed value",))
def form_choices_complete(harness: Harness) -> None:
    """A Select or MultiSelect offers every value that the schema lists for its key."""
    schema = ConfigSchema(harness.schema)
    listed = [(item, value) for item in _select_items(harness) for value in schema.listed_values(item.key)]
    if not listed:
        raise NotApplicable("the config's schema declares no list of values for any Select or MultiSelect")
    for item, value in listed:
        options = _options(item)
        expect(value in options, f"expected a choice {value!r} for {item.key!r}, found only {show(options)}")
        harness.coverage.add("listed value")


@check("metadata.form-conditions", clause="M10", types=ALL, covers=("condition",))
def form_conditions(harness: Harness) -> None:
    """Each condition of a form item can be met: it names another item, and a value that this item can have."""
    items = {item.key: item for item in _form(harness)}
    conditions = [(item, condition) for item in items.values() for condition in item.show_conditions or ()]
    if not conditions:
        raise NotApplicable("the form declares no showConditions")
    for item, condition in conditions:
        target = items.get(condition.target_key)
        if target is None or target is item:
            raise CheckFailure(
                f"expected the condition of {item.key!r} to name another form item, found {condition.target_key!r}"
            )
        expect(
            condition.expect_value is UNSET or _can_equal(target, condition.expect_value),
            f"expected the condition of {item.key!r} to name a value that {target.key!r}, a {target.type}, can have, "
            f"found {show(condition.expect_value)}",
        )
        harness.coverage.add("condition")


def _can_equal(item: ConnectorConfigFormItem, value: object) -> bool:
    """Return whether the value of a control can be strictly equal to the value, as JavaScript compares."""
    match item.type:
        case ConnectorConfigFormItemType.SWITCH:
            return isinstance(value, bool)
        case ConnectorConfigFormItemType.SELECT:
            return value in _options(item)
        case ConnectorConfigFormItemType.NUMBER:
            return isinstance(value, int | float | str) and not isinstance(value, bool)
        case ConnectorConfigFormItemType.MULTI_SELECT:
            return False  # an array never equals another array
    return isinstance(value, str)


# --- instances ------------------------------------------------------------------------------------------------------


@check("metadata.constant", clause="M12", types=ALL, covers=("instance",))
def constant(harness: Harness) -> None:
    """Each instance has the metadata, type and config schema of its class, before and after a message."""
    cls = harness.spec.connector

    def compare(instance: Connector[Any], when: str) -> None:
        for what, expected, found in (
            ("metadata", to_json(cls.metadata), to_json(instance.metadata)),
            ("type", cls.type, instance.type),
            ("config schema", cls.config_guard.schema, instance.config_guard.schema),
        ):
            expect(
                expected == found,
                difference(f"the {what} of an instance {when} to be that of its class,", expected, found),
            )
        harness.coverage.add("instance")

    for _ in range(2):
        compare(harness.make(), "before a message")
    if cls.type in MESSAGES:

        def verify(message: Json) -> None:
            harness.send(message, harness.config)
            compare(harness.connector, "after a message")

        harness.for_all(verify, harness.messages(st.just("Generic")), examples=2)
