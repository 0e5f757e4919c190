"""What a connector says of itself: Logto stores it, and Console draws the form from it."""

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

from conformance.config_schema import ConfigSchema
from conformance.pictures import picture_fault
from conformance.registry import ALL, MESSAGES, CheckFailure, NotApplicable, check, expect
from conformance.subject import Subject
from connector_kit import (
    UNSET,
    Connector,
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorType,
    connector_metadata_guard,
    to_json,
)
from connector_kit.issues import json_type

Json = Any
"""Any JSON value."""

_IMAGES = (".svg", ".png")
_LARGEST_LOGO: Final = 1_000_000

_GIVES: Final = {
    ConnectorConfigFormItemType.TEXT: {"string"},
    ConnectorConfigFormItemType.MULTILINE_TEXT: {"string"},
    ConnectorConfigFormItemType.NUMBER: {"number"},
    ConnectorConfigFormItemType.SWITCH: {"boolean"},
    ConnectorConfigFormItemType.SELECT: {"string"},
    ConnectorConfigFormItemType.MULTI_SELECT: {"array"},
    ConnectorConfigFormItemType.JSON: {"array", "object"},
}
"""What each control of the form makes of what is entered, by JSON type."""

_CHOOSING: Final = frozenset({ConnectorConfigFormItemType.SELECT, ConnectorConfigFormItemType.MULTI_SELECT})
_UNMASKED: Final = frozenset({ConnectorConfigFormItemType.MULTILINE_TEXT, ConnectorConfigFormItemType.JSON})
"""Controls that Console cannot mask, and that a secret of several lines needs."""


def _form(subject: Subject) -> tuple[ConnectorConfigFormItem, ...]:
    """Return the form; without one, Console shows an editor for the whole config."""
    items = subject.spec.connector.metadata.form_items
    if items is None:
        raise NotApplicable("the metadata declares no form items: Console shows an editor for the whole config")
    return items


@check("metadata.guard", clause="M1", types=ALL, sees=("metadata",))
def guard(subject: Subject) -> None:
    """The metadata passes the guard with which Logto reads it."""
    issues = connector_metadata_guard.issues(to_json(subject.spec.connector.metadata))
    errors = [f"{issue.path}: {issue.message}" for issue in issues if issue.severity == "error"]
    expect(not errors, f"expected metadata that Logto takes, found {'; '.join(errors)}")
    subject.ledger.saw("metadata")


@check("metadata.json", clause="M2", types=ALL, sees=("metadata",))
def json_form(subject: Subject) -> None:
    """The metadata survives a round trip through JSON: Logto sends it to Console as such."""
    metadata = to_json(subject.spec.connector.metadata)
    try:
        again = json.loads(json.dumps(metadata))
    except (TypeError, ValueError) as error:
        raise CheckFailure(f"expected metadata that is JSON, found something else: {error}") from None
    expect(again == metadata, "expected metadata that JSON keeps as it is, found something that changes on the way")
    subject.ledger.saw("metadata")


@check("metadata.platform", clause="M3", sees=("metadata",))
def platform(subject: Subject) -> None:
    """A connector that sends messages has no platform: that is for social connectors."""
    connector = subject.spec.connector
    expect(
        connector.type is ConnectorType.SOCIAL or connector.metadata.platform is None,
        f"expected the platform of an {connector.type} connector to be None, found {connector.metadata.platform}",
    )
    subject.ledger.saw("metadata")


# --- the files that it names ----------------------------------------------------------------------------------------


def _folders(connector: type[Connector[Any]]) -> Iterator[Traversable]:
    """Yield the folders of the connector's classes, its own first; of one that is no Python, the package's."""
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


def _beside(subject: Subject, name: str) -> bytes | None:
    """Return what a file beside the connector holds, if there is one of that name."""
    for folder in _folders(subject.spec.connector):
        file = folder / name.removeprefix("./")
        if file.is_file():
            return file.read_bytes()
    return None


def _looks_like_a_file(text: str) -> bool:
    """Tell a file's name from a text that stands in the metadata itself."""
    return text.startswith("./") or (text.endswith(".md") and not any(it.isspace() for it in text))


@check("metadata.assets", clause="M4", types=ALL, sees=("asset",))
def assets(subject: Subject) -> None:
    """The logos and the readme that the metadata names stand beside the connector; logos are .svg or .png."""
    metadata = subject.spec.connector.metadata
    for what, name in (("logo", metadata.logo), ("logoDark", metadata.logo_dark), ("readme", metadata.readme)):
        is_there = name is None or (
            not _looks_like_a_file(name) if what == "readme" else name.startswith(("http", "data:"))
        )
        if name is None or is_there:
            subject.ledger.saw("asset")
            continue
        expect(
            what == "readme" or name.endswith(_IMAGES),
            f"expected {what} to be an .svg or .png file, found {name}: Logto would show nothing",
        )
        expect(
            _beside(subject, name) is not None,
            f"expected the file {name} that {what} names, found nothing beside the connector",
        )
        subject.ledger.saw("asset")


def _logos(subject: Subject) -> list[tuple[str, str, bytes]]:
    """Return which logo it is, its name or its media type, and its bytes, for each that can be looked at."""
    metadata = subject.spec.connector.metadata
    found = []
    for what, name in (("logo", metadata.logo), ("logoDark", metadata.logo_dark)):
        if name is not None and name.startswith(("data:image/svg+xml", "data:image/png")):
            head, _, body = name.partition(",")
            plain = unquote_to_bytes(body)
            found.append((what, head, b64decode(plain) if head.endswith(";base64") else plain))
        elif name is not None and not name.startswith(("http", "data:")):
            data = _beside(subject, name)
            found += [(what, name, data)] if data is not None else []
    if not found:
        raise NotApplicable("the metadata declares no logo of its own: none, or one on the web")
    return found


@check("metadata.logo", clause="M11", types=ALL, sees=("logo",))
def logo(subject: Subject) -> None:
    """A logo is the picture that its name says, and shows by itself: no script, and nothing that has to be loaded."""
    for what, name, data in _logos(subject):
        fault = picture_fault(data, is_svg="svg" in name.lower())
        expect(fault is None, f"expected {what} to be a picture that shows by itself, found {fault}")
        subject.ledger.saw("logo")


@check("metadata.logo-size", clause="M11", level="advisory", types=ALL, sees=("logo",))
def logo_size(subject: Subject) -> None:
    """A logo is no larger than a megabyte: it goes along wherever connectors are listed."""
    for what, _, data in _logos(subject):
        expect(len(data) <= _LARGEST_LOGO, f"expected at most 1,000,000 bytes of {what}, found {len(data):,}")
        subject.ledger.saw("logo")


@check("metadata.readme", clause="M11", types=ALL, sees=("readme",))
def readme(subject: Subject) -> None:
    """The readme has text: Console shows it beside the form."""
    text = _text(subject, "readme", subject.spec.connector.metadata.readme)
    expect(text.strip(), "expected a readme with text, found an empty one")
    subject.ledger.saw("readme")


def _text(subject: Subject, what: str, said: str) -> str:
    """Return a text of the metadata: what stands in the file that it names, or else itself."""
    is_a_name = "\n" not in said and len(said) < 256  # noqa: PLR2004 - as long as the name of a file can be
    data = _beside(subject, said) if is_a_name and said.strip() else None
    try:
        return said if data is None else data.decode()
    except UnicodeDecodeError:
        raise CheckFailure(f"expected {what} in UTF-8, found something else in {said}") from None


@check("metadata.config-template", clause="M11", types=ALL, sees=("template",))
def config_template(subject: Subject) -> None:
    """A config template is a JSON object, of values that the schema takes: an operator starts from it."""
    said = subject.spec.connector.metadata.config_template
    if said is None:
        raise NotApplicable("the metadata declares no config template")
    try:
        template = json.loads(_text(subject, "configTemplate", said))
    except ValueError:
        raise CheckFailure("expected a configTemplate that is JSON, or names a file of it, found neither") from None
    expect(isinstance(template, dict), f"expected a configTemplate that is an object, found {json_type(template)}")
    schema = ConfigSchema(subject.schema)
    for key, value in template.items():
        expect(schema.takes(key, value), f"expected a value in configTemplate that the schema takes for {key!r}")
    subject.ledger.saw("template")


# --- the form -------------------------------------------------------------------------------------------------------


@check("metadata.form-keys", clause="M5", types=ALL, sees=("form item",))
def form_keys(subject: Subject) -> None:
    """Every item of the config form fills a key that the config's schema knows, and no key twice."""
    keys = [item.key for item in _form(subject)]
    schema = ConfigSchema(subject.schema)
    if not keys and not schema.required:
        raise NotApplicable("the form declares no items, and the schema requires none")
    for key in keys:
        subject.ledger.saw("form item")
        is_known = schema.names(key) or not schema.names_any
        expect(is_known, f"expected a form item for a key of the schema, found one for {key!r}")
        expect(keys.count(key) == 1, f"expected one form item for a key, found {keys.count(key)} for {key!r}")


@check("metadata.form-required", clause="M6", types=ALL, sees=("form item",))
def form_required(subject: Subject) -> None:
    """The form and the schema agree on what is required: else Console saves what the guard refuses, or the reverse."""
    schema = ConfigSchema(subject.schema)
    items = {item.key: item for item in _form(subject)}
    if not items and not schema.required:
        raise NotApplicable("the form declares no items, and the schema requires none")
    for key in sorted(items.keys() | schema.required):
        subject.ledger.saw("form item")
        expect(key in items, f"expected a form item for the required key {key!r}, found none: nobody can fill it in")
        item = items[key]
        asked, needed = bool(item.required), key in schema.required
        is_always_set = item.type is ConnectorConfigFormItemType.SELECT and item.default_value is not UNSET
        expect(
            asked == needed
            or item.type is ConnectorConfigFormItemType.SWITCH
            or (asked and (is_always_set or key in schema.required_at_times)),
            f"expected form and schema to agree on {key!r}, found it {'required' if asked else 'optional'} in the form "
            f"and {'required' if needed else 'optional'} in the schema",
        )


@check("metadata.confidential", clause="M7", types=ALL, sees=("secret",))
def confidential(subject: Subject) -> None:
    """Console masks every secret: by the item's flag, or because the key ends in Key or Secret."""
    items = {item.key: item for item in _form(subject)}
    if not subject.spec.secrets:
        raise NotApplicable("the Spec names no secrets, and the form marks none")
    shown = [items[key] for key in subject.spec.secrets if key in items]
    # Half of a key pair is not for logs, but an operator has to recognize it in the form.
    judged = [item for item in shown if not item.key.endswith("Id") and item.type not in _UNMASKED]
    if not judged:
        raise NotApplicable("the form declares no item that Console could mask and should: they are ids, or of lines")
    for item in judged:
        by_name = item.is_confidential is None and item.key.endswith(("Key", "Secret"))
        masked = item.type is ConnectorConfigFormItemType.TEXT and (item.is_confidential or by_name)
        expect(masked, f"expected Console to mask {item.key!r}, found a form item that shows it: set is_confidential")
        subject.ledger.saw("secret")


@check("metadata.form-types", clause="M8", types=ALL, sees=("form item",))
def form_types(subject: Subject) -> None:
    """The control of every form item gives a value of a type that the schema takes for its key."""
    schema = ConfigSchema(subject.schema)
    if not _form(subject):
        raise NotApplicable("the form declares no items")
    for item in _form(subject):
        types = schema.types(item.key)
        expect(
            types & _GIVES[item.type],
            f"expected a control for {item.key!r} that gives what the schema takes ({' or '.join(sorted(types))}), "
            f"found {item.type}, which gives {' or '.join(sorted(_GIVES[item.type]))}",
        )
        subject.ledger.saw("form item")


@check("metadata.form-defaults", clause="M8", types=ALL, sees=("default",))
def form_defaults(subject: Subject) -> None:
    """What a form starts with is valid: every default is a value that the schema takes for its key."""
    schema = ConfigSchema(subject.schema)
    given = [item for item in _form(subject) if item.default_value is not UNSET]
    if not given:
        raise NotApplicable("the form declares no defaults")
    for item in given:
        value = to_json(item.default_value)
        if value != "":  # Console drops what is left empty
            expect(
                schema.takes(item.key, _submitted(item, value)),
                f"expected a default that the schema takes for {item.key!r}, found another ({json_type(value)})",
            )
        subject.ledger.saw("default")


def _submitted(item: ConnectorConfigFormItem, value: Json) -> Json:
    """Return what Console makes of a default when it is left as it is."""
    if item.type is ConnectorConfigFormItemType.NUMBER and isinstance(value, str):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _options(item: ConnectorConfigFormItem) -> list[str]:
    return [choice.value for choice in item.select_items or ()]


def _choosing_items(subject: Subject) -> list[ConnectorConfigFormItem]:
    found = [item for item in _form(subject) if item.type in _CHOOSING]
    if not found:
        raise NotApplicable("the form declares no Select and no MultiSelect")
    return found


@check("metadata.form-choices", clause="M9", types=ALL, sees=("choice",))
def form_choices(subject: Subject) -> None:
    """Whatever a Select or a MultiSelect lets one choose, the schema takes, and its default is among it."""
    schema = ConfigSchema(subject.schema)
    for item in _choosing_items(subject):
        options = _options(item)
        for value in options:
            expect(
                _can_be_chosen(schema, item, value),
                f"expected choices that the schema takes for {item.key!r}, found {value!r}",
            )
            expect(options.count(value) == 1, f"expected each choice of {item.key!r} once, found {value!r} again")
            subject.ledger.saw("choice")
        default = item.default_value
        chosen = [] if default is UNSET or default in ("", None) else to_json(default)
        for value in chosen if isinstance(chosen, list) else [chosen]:
            expect(value in options, f"expected the default of {item.key!r} among its choices, found another")


def _can_be_chosen(schema: ConfigSchema, item: ConnectorConfigFormItem, value: str) -> bool:
    """Tell whether a choice is valid: for a MultiSelect, alone or with others."""
    if item.type is ConnectorConfigFormItemType.SELECT:
        return value == "" or schema.takes(item.key, value)
    others = [other for other in _options(item) if other != value]
    return any(schema.takes(item.key, [value, *others[:count]]) for count in range(len(others) + 1))


@check("metadata.form-choices-complete", clause="M9", level="advisory", types=ALL, sees=("value",))
def form_choices_complete(subject: Subject) -> None:
    """Every value that the schema lists for a key can be chosen in the form."""
    schema = ConfigSchema(subject.schema)
    listed = [(item, value) for item in _choosing_items(subject) for value in schema.listed(item.key)]
    if not listed:
        raise NotApplicable("the config's schema declares no list of values for what the form lets one choose")
    for item, value in listed:
        expect(value in _options(item), f"expected a choice for each listed value of {item.key!r}, found no {value!r}")
        subject.ledger.saw("value")


@check("metadata.form-conditions", clause="M10", types=ALL, sees=("condition",))
def form_conditions(subject: Subject) -> None:
    """Every condition of a form item can come true: it names another item, and a value that this one can have."""
    items = {item.key: item for item in _form(subject)}
    conditions = [(item, condition) for item in items.values() for condition in item.show_conditions or ()]
    if not conditions:
        raise NotApplicable("the form declares no showConditions")
    for item, condition in conditions:
        target = items.get(condition.target_key)
        if target is None or target is item:
            raise CheckFailure(
                f"expected {item.key!r} to be shown by another form item, found the condition {condition.target_key!r}"
            )
        expect(
            condition.expect_value is UNSET or _can_hold(target, condition.expect_value),
            f"expected a value that {target.key!r} can have, of type {target.type}, found another: {item.key!r} would "
            "never be shown",
        )
        subject.ledger.saw("condition")


def _can_hold(item: ConnectorConfigFormItem, value: object) -> bool:
    """Tell whether a control can hold just that value; no list or object is ever the same as another."""
    match item.type:
        case ConnectorConfigFormItemType.SWITCH:
            return isinstance(value, bool)
        case ConnectorConfigFormItemType.SELECT:
            return value in _options(item)
        case ConnectorConfigFormItemType.NUMBER:
            return isinstance(value, int | float | str) and not isinstance(value, bool)
        case ConnectorConfigFormItemType.MULTI_SELECT:
            return False
    return isinstance(value, str)


# --- instances ------------------------------------------------------------------------------------------------------


@check("metadata.constant", clause="M12", types=ALL, sees=("instance",))
def constant(subject: Subject) -> None:
    """Every instance says of itself what its class says, before a message and after it."""
    cls = subject.spec.connector

    def judge(made: Connector[Any], when: str) -> None:
        for what, said, found in (
            ("metadata", to_json(cls.metadata), to_json(made.metadata)),
            ("type", cls.type, made.type),
            ("config schema", cls.config_guard.schema, made.config_guard.schema),
        ):
            expect(said == found, f"expected the {what} of an instance {when} to be its class's, found another")
        subject.ledger.saw("instance")

    for _ in range(2):
        judge(subject.make(), "as it is made")
    if cls.type in MESSAGES:

        def claim(message: Json) -> None:
            subject.send(message, subject.config)
            judge(subject.connector, "after a message")

        subject.for_all(claim, subject.messages(st.just("Generic")), examples=2)
