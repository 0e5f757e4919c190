"""What a connector says of itself: Logto stores it, and Console draws the form from it."""

import json
from importlib.resources import files

from conformance.registry import CheckFailure, NotApplicable, check, expect
from conformance.subject import Subject
from connector_kit import Connector, ConnectorConfigFormItemType, ConnectorType, connector_metadata_guard, to_json

_IMAGES = (".svg", ".png")


@check("metadata.guard", clause="M1", sees=("metadata",))
def guard(subject: Subject) -> None:
    """The metadata passes the guard with which Logto reads it."""
    issues = connector_metadata_guard.issues(to_json(subject.spec.connector.metadata))
    errors = [f"{issue.path}: {issue.message}" for issue in issues if issue.severity == "error"]
    expect(not errors, f"expected metadata that Logto takes, found {'; '.join(errors)}")
    subject.ledger.saw("metadata")


@check("metadata.json", clause="M2", sees=("metadata",))
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


@check("metadata.assets", clause="M4", sees=("asset",))
def assets(subject: Subject) -> None:
    """The logos and the readme that the metadata names stand beside the connector; logos are .svg or .png."""
    metadata = subject.spec.connector.metadata
    packages = {
        cls.__module__.rpartition(".")[0] for cls in subject.spec.connector.__mro__ if issubclass(cls, Connector)
    }
    folders = [files(package) for package in sorted(packages - {""})]
    for what, name in (("logo", metadata.logo), ("logoDark", metadata.logo_dark), ("readme", metadata.readme)):
        if name is None or name.startswith("http") or (what == "readme" and not name.startswith("./")):
            subject.ledger.saw("asset")
            continue
        expect(
            what == "readme" or name.endswith(_IMAGES),
            f"expected {what} to be an .svg or .png file, found {name}: Logto would show nothing",
        )
        expect(
            any((folder / name).is_file() for folder in folders),
            f"expected the file {name} that {what} names, found nothing beside the connector",
        )
        subject.ledger.saw("asset")


@check("metadata.form-keys", clause="M5", sees=("form item",))
def form_keys(subject: Subject) -> None:
    """Every item of the config form fills a key that the config's schema knows, and no key twice."""
    keys = [item.key for item in subject.spec.connector.metadata.form_items or ()]
    known = set(subject.schema.get("properties", {}))
    for key in keys:
        subject.ledger.saw("form item")
        expect(key in known, f"expected a form item for a key of the schema, found one for {key!r}")
        expect(keys.count(key) == 1, f"expected one form item for a key, found {keys.count(key)} for {key!r}")


@check("metadata.form-required", clause="M6", sees=("form item",))
def form_required(subject: Subject) -> None:
    """The form and the schema agree on what is required: else Console saves what the guard refuses, or the reverse."""
    required = set(subject.schema.get("required", ()))
    items = {item.key: item for item in subject.spec.connector.metadata.form_items or ()}
    for key in sorted(items.keys() | required):
        subject.ledger.saw("form item")
        expect(key in items, f"expected a form item for the required key {key!r}, found none: nobody can fill it in")
        asked, needed = bool(items[key].required), key in required
        is_switch = items[key].type is ConnectorConfigFormItemType.SWITCH
        expect(
            asked == needed or is_switch,
            f"expected form and schema to agree on {key!r}, found it {'required' if asked else 'optional'} in the form "
            f"and {'required' if needed else 'optional'} in the schema",
        )


@check("metadata.confidential", clause="M7", sees=("secret",))
def confidential(subject: Subject) -> None:
    """Console masks every secret: by the item's flag, or because the key ends in Key or Secret."""
    items = {item.key: item for item in subject.spec.connector.metadata.form_items or ()}
    if not subject.spec.secrets:
        raise NotApplicable("the Spec names no secrets, and the form marks none")
    for key in subject.spec.secrets:
        item = items.get(key)
        masked = item is not None and (
            item.is_confidential or (item.is_confidential is None and key.endswith(("Key", "Secret")))
        )
        if key.endswith("Id"):
            continue  # half of a key pair: not for logs, but an operator has to recognize it in the form
        expect(masked, f"expected Console to mask {key!r}, found a form item that shows it: set is_confidential")
        subject.ledger.saw("secret")
