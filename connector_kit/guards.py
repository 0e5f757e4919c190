"""Guards: validate a JSON value with a JSON Schema, and convert it to an attrs value.

The schema defines what Logto rejects. A value that the schema accepts and the class cannot hold is an error, too: no
message could be sent with it. Warnings are about values that Logto accepts, but that are unlikely to work.
"""

import json
import marshal
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from typing import Any, Final, Generic, TypeVar, cast

from attrs import evolve, frozen
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing.exceptions import Unresolvable

from connector_kit.class_issues import class_issues
from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.fast_validation import NotPlainError, fast_validator, plain_copy
from connector_kit.issues import TOO_DEEP, Issue, Severity, explain, find_non_json
from connector_kit.messages import (
    EmailServiceBranding,
    EmailTemplateDetails,
    SendMessageData,
    SendMessagePayload,
    TemplateType,
    VerificationCodeType,
)
from connector_kit.metadata import (
    ConfigurableConnectorMetadata,
    ConnectorConfigFormItem,
    ConnectorMetadata,
    I18nPhrases,
    SocialConnectorMetadata,
)
from connector_kit.schema_walk import is_optional, root_subschema
from connector_kit.schemas import bundle
from connector_kit.warning_rules import WarningRule, config_warnings, unknown_keys
from connector_kit.wire import converter

T = TypeVar("T")

_LONGEST_KEY: Final = 1 << 17
"""In bytes; longer values are validated each time. It bounds the memory of a guard: 16 MiB in the worst case."""

_MOST_ISSUES: Final = 100
"""A small request to a host may have thousands of issues, and explaining one takes 30 µs."""
_MARSHAL_FORMAT: Final = 2
"""The last in which equal values always have the same bytes: later ones depend on who else refers to a part."""
_REMEMBERED: Final = 16
"""How many accepted values a guard remembers: the configs in use, and unsaved ones that an operator tests."""


class _CachedProperty(Generic[T]):
    """`functools.cached_property` of Python 3.12. That of 3.11 has a lock, in which a forked process could wait forever."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __get__(self, instance: Any, _: object = None) -> T:
        made = self._make(instance)
        instance.__dict__[self._make.__name__] = made
        return made


class Guard(Generic[T]):
    """Validates JSON values, and converts them to attrs values.

    Args:
        schema: a self-contained JSON Schema 2020-12, or the name of one in `connector_kit.schemas`.
        cls: the type that `validate` returns: an attrs class, or any type that the converter can structure.
        error_code: of the ConnectorError that `validate` raises.
        warnings: the warning rules besides unknown keys. By default `config_warnings` if ``error_code`` is
            ``INVALID_CONFIG``, else none.

    Raises:
        ConnectorError: ``invalid_config_guard`` if the schema is not a valid JSON Schema 2020-12.
    """

    def __init__(
        self,
        schema: str | Mapping[str, Any],
        cls: Any,
        *,
        error_code: ConnectorErrorCodes = ConnectorErrorCodes.INVALID_CONFIG,
        warnings: Iterable[WarningRule] | None = None,
    ) -> None:
        if not isinstance(schema, str):
            _check_schema(dict(schema))
        self._source = schema
        self._cls = cls
        self.error_code = error_code
        if warnings is None:
            warnings = config_warnings if error_code is ConnectorErrorCodes.INVALID_CONFIG else ()
        self._warnings = tuple(warnings)
        self._is_remembering = error_code is not ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS
        """Not for messages: each has another code."""
        # Figures in docs/architecture.md: without this, validation takes a third of the CPU time of a send.
        self._remembered = lru_cache(_REMEMBERED)(self._accept)

    def __repr__(self) -> str:
        """Return the names of the schema and the class."""
        name = self._source if isinstance(self._source, str) else self._source.get("title", "a schema")
        return f"Guard({name!r}, {getattr(self._cls, '__name__', self._cls)})"

    @_CachedProperty
    def schema(self) -> dict[str, Any]:
        """The JSON Schema, self-contained: every 2020-12 validator gives the same verdicts with it."""
        return bundle(self._source) if isinstance(self._source, str) else dict(self._source)

    @_CachedProperty
    def _validator(self) -> Draft202012Validator:
        return Draft202012Validator(self.schema)

    @_CachedProperty
    def _fast_validator(self) -> Callable[[object], bool]:
        return fast_validator(self.schema)

    def is_valid(self, value: object) -> bool:
        """Return whether `issues` finds no error: the schema accepts the value, and the class can hold it."""
        read = _Read.of(value)
        return read.issue is None and self._accepts(read) and not self._structure(read.value)[1]

    def _accepts(self, read: "_Read") -> bool:
        """Return whether the schema accepts a JSON value: the official guard gives the same verdict."""
        try:
            return (read.is_plain and self._fast_validator(read.value)) or self._validator.is_valid(read.value)
        except RecursionError:
            return False

    def _schema_issues(self, value: object) -> dict[Issue, None]:
        """Return why the schema rejects a JSON value."""
        try:
            errors = self._validator.iter_errors(value)
            return _first_different(self._with_remedy(it, error.instance) for error in errors for it in explain(error))
        except RecursionError:
            return {TOO_DEEP: None}

    def _with_remedy(self, issue: Issue, found: object) -> Issue:
        """Add what to do to an issue about null: Logto accepts no null for a setting that may be left out."""
        if found is None and issue.location and is_optional(self.schema, issue.location):
            return evolve(issue, message=f"{issue.message}; leave the key out")
        return issue

    def issues(self, value: object, *, strict: bool = False) -> list[Issue]:
        """Return the errors and warnings for a value, ordered by location: the first hundred of each.

        Args:
            value: any JSON value.
            strict: return warnings as errors.
        """
        rules: tuple[WarningRule, ...] = (partial(unknown_keys, self.schema), *self._warnings)
        severity: Severity = "error" if strict else "warning"
        read = _Read.of(value)
        if read.issue is not None:
            return [read.issue]
        errors = self._schema_issues(read.value)
        if TOO_DEEP in errors:
            return [TOO_DEEP]  # the rules of the warnings would exhaust the stack, too
        errors = errors or dict.fromkeys(self._structure(read.value)[1])
        warnings = _first_different(evolve(issue, severity="error") for rule in rules for issue in rule(read.value))
        return _ordered([*errors, *(evolve(it, severity=severity) for it in warnings if it not in errors)])

    def validate(self, value: Any) -> T:
        """Return the value as ``cls``; the two share no part. A value that was accepted recently is not validated again.

        Raises:
            ConnectorError: with the guard's code and ``{"issues": [{path, keyword, message}]}``.
        """
        key = _Key.of(value) if self._is_remembering else None
        if key is None:
            return self._check(value)
        accepted = self._remembered(key)
        return self._structure_or_raise(_Read.of(value).value) if accepted is None else accepted

    def _accept(self, key: "_Key") -> T | None:
        """Check a value and convert it; return ``None`` if the result is mutable, so that no two callers share it."""
        structured = self._check(key.take_value())
        try:
            hash(structured)
        except Exception:  # noqa: BLE001 - a TypeError, or anything that the hash of an object raises
            return None
        return None if type(structured).__hash__ is object.__hash__ else structured

    def _check(self, value: object) -> T:
        read = _Read.of(value)
        if read.issue is not None:
            raise self._rejection([read.issue])
        if not self._accepts(read):
            # Without warnings: finding unknown keys takes as long as all the rest, and a host's clients choose the size.
            raise self._rejection(_ordered(self._schema_issues(read.value)))
        return self._structure_or_raise(read.value)

    def _structure(self, value: object) -> tuple[Any, list[Issue]]:
        """Return a value as ``cls``, and no issues; or ``None``, and why ``cls`` cannot hold the value."""
        try:
            return converter.structure(value, self._cls), []
        except Exception as error:  # noqa: BLE001 - validators, converters and hooks of an author may raise anything
            return None, class_issues(error, value, self._cls)[:_MOST_ISSUES]

    def _structure_or_raise(self, value: object) -> T:
        structured, issues = self._structure(value)
        if issues:
            raise self._rejection(issues)
        return cast("T", structured)

    def _rejection(self, issues: Iterable[Issue]) -> ConnectorError:
        listed = [{"path": it.path, "keyword": it.keyword, "message": it.message} for it in issues]
        return ConnectorError(self.error_code, {"issues": listed})


def _first_different(issues: Iterable[Issue]) -> dict[Issue, None]:
    found: dict[Issue, None] = {}
    for issue in issues:
        found[issue] = None
        if len(found) == _MOST_ISSUES:
            break
    return found


def _ordered(issues: Iterable[Issue]) -> list[Issue]:
    return sorted(issues, key=lambda it: ([(isinstance(part, str), part) for part in it.location], it.severity))


def _check_schema(schema: dict[str, Any]) -> None:
    """Raise `ConnectorError` if a schema is not valid, or refers to a part of itself that it does not have."""
    try:
        Draft202012Validator.check_schema(schema)
        reference = ""
        pending = [root_subschema(schema)]
        while pending:
            part = pending.pop()
            reference = part.keywords.get("$ref", "")
            if reference.startswith("#"):
                part.resolve(reference)
            pending += part.children()
    except SchemaError as error:
        issue = next(explain(error))
        reason = f"at {issue.path}: {issue.message}"
    except Unresolvable:
        reason = f"it refers to {json.dumps(reference)}, which it does not have"
    else:
        return
    message = f"The schema of the guard is not a valid JSON Schema 2020-12: {reason}."
    raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG_GUARD, {"message": message})


class _Key(bytes):
    """Identifies a value that is remembered: its marshalled form, which differs for 1, 1.0 and True, and for other types.

    Marshalling an Amazon SES config takes half as long as its ``repr``, and a quarter of its JSON.
    """

    value: object

    @classmethod
    def of(cls, value: Any) -> "_Key | None":
        """Return the key of a value with the value, or ``None`` if it is too long or has instances of subclasses."""
        try:
            key = cls(marshal.dumps(value, _MARSHAL_FORMAT))
        except ValueError:
            return None
        key.value = value
        return key if len(key) <= _LONGEST_KEY else None

    def take_value(self) -> object:
        """Return the value, and forget it: the memory keeps only the key, which needs a tenth of a list's bytes."""
        value, self.value = self.value, None
        return value


@frozen
class _Read:
    """A value that a guard was given.

    Args:
        value: a copy without instances of subclasses; the value itself if it is not JSON or cannot be copied.
        is_plain: whether it is plain; see `plain_copy`.
        issue: why it is not JSON.
    """

    value: object
    is_plain: bool
    issue: Issue | None = None

    @classmethod
    def of(cls, value: object) -> "_Read":
        """Copy a value, and look for parts that are not JSON."""
        try:
            return cls(plain_copy(value), is_plain=True)
        except (NotPlainError, RecursionError):
            issue = find_non_json(value)
            return cls(value if issue else _copy(value), is_plain=False, issue=issue)


def _copy(value: object) -> object:
    """Return a copy of a JSON value, with plain values for subclasses of Python's types."""
    try:
        return json.loads(json.dumps(value))
    except (ValueError, RecursionError):  # nested too deeply, or an integer of too many digits: it is used as it is
        return value


def validate_config(config: object, guard: Guard[T]) -> T:
    """Return a connector's config as its attrs value.

    Raises:
        ConnectorError: ``invalid_config`` with the issues, even if the guard has another error code.
    """
    try:
        return guard.validate(config)
    except ConnectorError as error:
        if error.code is ConnectorErrorCodes.INVALID_CONFIG:
            raise
        raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, error.data) from None


# --- the guards of @logto/connector-kit; social_guards.py has those of social connectors ---


def _guard(schema: str, cls: Any, error_code: ConnectorErrorCodes) -> Guard[Any]:
    return Guard(schema, cls, error_code=error_code, warnings=())


_PARAMETERS: Final = ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS
_RESPONSE: Final = ConnectorErrorCodes.INVALID_RESPONSE
_METADATA: Final = ConnectorErrorCodes.INVALID_METADATA
_CONFIG: Final = ConnectorErrorCodes.INVALID_CONFIG

connector_metadata_guard: Final[Guard[ConnectorMetadata]] = _guard("connector-metadata", ConnectorMetadata, _METADATA)
configurable_connector_metadata_guard: Final[Guard[ConfigurableConnectorMetadata]] = _guard(
    "configurable-connector-metadata", ConfigurableConnectorMetadata, _METADATA
)
social_connector_metadata_guard: Final[Guard[SocialConnectorMetadata]] = _guard(
    "social-connector-metadata", SocialConnectorMetadata, _METADATA
)
connector_config_form_item_guard: Final[Guard[ConnectorConfigFormItem]] = _guard(
    "connector-config-form-item", ConnectorConfigFormItem, _METADATA
)
i18n_phrases_guard: Final[Guard[I18nPhrases]] = _guard("i18n-phrases", Mapping[str, str], _METADATA)

template_type_guard: Final[Guard[TemplateType]] = _guard("template-type", TemplateType, _PARAMETERS)
verification_code_type_guard: Final[Guard[VerificationCodeType]] = _guard(
    "verification-code-type", VerificationCodeType, _PARAMETERS
)
send_message_payload_guard: Final[Guard[SendMessagePayload]] = _guard(
    "send-message-payload", SendMessagePayload, _PARAMETERS
)
recipient_guard: Final[Guard[str]] = _guard("recipient", str, _PARAMETERS)
send_message_data_guard: Final[Guard[SendMessageData]] = _guard("send-message-data", SendMessageData, _PARAMETERS)
email_template_details_guard: Final[Guard[EmailTemplateDetails]] = _guard(
    "email-template-details", EmailTemplateDetails, _RESPONSE
)
email_service_branding_guard: Final[Guard[EmailServiceBranding]] = _guard(
    "email-service-branding", EmailServiceBranding, _CONFIG
)

json_guard: Final[Guard[object]] = _guard("json", object, _RESPONSE)
json_object_guard: Final[Guard[Mapping[str, object]]] = _guard("json-object", Mapping[str, object], _RESPONSE)
