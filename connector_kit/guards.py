"""Guards: a JSON Schema that decides, and an attrs class that holds what it let pass.

The schema says what Logto refuses; advice says what Logto takes and what will hurt all the same.
"""

import marshal
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import cached_property, lru_cache
from typing import Any, ClassVar, Final, Generic, Literal, TypeVar

from attrs import frozen
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from connector_kit.errors import ConnectorError, ConnectorErrorCodes
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
from connector_kit.schemas import bundle
from connector_kit.social import (
    ConnectorSession,
    GoogleConnectorConfig,
    GoogleOneTapConfig,
    GoogleOneTapParams,
    OidcPrompt,
    SocialUserInfo,
    TokenResponse,
)
from connector_kit.wire import converter

T = TypeVar("T")

Path = tuple[str | int, ...]

_REMEMBERED: Final = 16
"""How many accepted values a guard remembers: one a connector in use, and the unsaved ones that are being tried."""

_LONGEST_REMEMBERED: Final = 1 << 18
"""In bytes; larger values are validated each time rather than remembered."""


@frozen
class Issue:
    """One thing that is wrong with a value, or will hurt.

    Args:
        path: where, as in ``$.templates[0].subject``.
        keyword: the JSON Schema keyword that failed, or the name of the advice.
        message: what was expected and what was found, never the value itself: it could be a secret.
        severity: ``"error"`` when Logto refuses it, ``"warning"`` when Logto takes it and it will hurt.
    """

    path: str
    keyword: str
    message: str
    severity: Literal["error", "warning"] = "error"


@frozen
class Remark:
    """What a piece of advice has to say: where (keys and indices from the root), its name, and its message."""

    path: Path
    keyword: str
    message: str


Advice = Callable[[Any], Iterable[Remark]]
"""Looks at a JSON value that may be of any shape, and yields what will hurt though Logto takes it."""


class Guard(Generic[T]):
    """Decides whether a JSON value is what it should be, and turns it into an attrs value.

    Args:
        schema: a JSON Schema 2020-12, self-contained, or the name of one in `connector_kit.schemas`.
        cls: what `validate` returns: an attrs class, or any type that the converter structures.
        error_code: of the ConnectorError that `validate` raises.
        advice: what to warn of beside unknown keys; `config_advice` where it is left out and ``error_code`` is
            ``INVALID_CONFIG``.
    """

    def __init__(
        self,
        schema: str | Mapping[str, Any],
        cls: Any,  # noqa: ANN401 - a class, or an annotation such as Mapping[str, str]
        *,
        error_code: ConnectorErrorCodes = ConnectorErrorCodes.INVALID_CONFIG,
        advice: Iterable[Advice] | None = None,
    ) -> None:
        self._source = schema
        self._cls = cls
        self.error_code = error_code
        if advice is None:
            advice = config_advice if error_code is ConnectorErrorCodes.INVALID_CONFIG else ()
        self._advice = tuple(advice)
        self._check_remembered = lru_cache(_REMEMBERED)(self._check_marshalled)

    def __repr__(self) -> str:
        """Name the schema and the class."""
        name = self._source if isinstance(self._source, str) else self._source.get("title", "a schema")
        return f"Guard({name!r}, {getattr(self._cls, '__name__', self._cls)})"

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The self-contained JSON Schema: any 2020-12 validator reaches the same verdicts with it."""
        return bundle(self._source) if isinstance(self._source, str) else dict(self._source)

    @cached_property
    def _validator(self) -> Draft202012Validator:
        return Draft202012Validator(self.schema)

    def is_valid(self, value: object) -> bool:
        """Tell whether Logto takes the value: the official guard's own verdict."""
        try:
            return _json_fault(value) is None and self._validator.is_valid(value)
        except RecursionError:
            return False

    def issues(self, value: object, *, strict: bool = False) -> list[Issue]:
        """List all that is wrong with a value or will hurt, ordered by path.

        Args:
            value: any JSON value.
            strict: count what will hurt as an error.
        """
        fault = _json_fault(value)
        if fault is not None:
            return [Issue(_print_path(fault.path), fault.keyword, fault.message)]
        try:
            errors = {remark: None for error in self._validator.iter_errors(value) for remark in _explain(error)}
        except RecursionError:
            return [Issue("$", "depth", "expected a value of reasonable depth, found one nested too deeply to look at")]
        remarks: dict[Remark, None] = dict.fromkeys(_unknown_keys(self.schema, value))
        for advise in self._advice:
            remarks |= dict.fromkeys(advise(value))
        found = [(remark, "error") for remark in errors]
        found += [(remark, "error" if strict else "warning") for remark in remarks if remark not in errors]
        found.sort(key=lambda pair: ([(isinstance(part, str), part) for part in pair[0].path], pair[1]))
        return [Issue(_print_path(it.path), it.keyword, it.message, severity) for it, severity in found]  # type: ignore[arg-type]  # mypy widens the literal inside a list

    def validate(self, value: Any) -> T:  # noqa: ANN401 - any value at all
        """Return the value as ``cls``; one that was accepted lately is not looked at again.

        Raises:
            ConnectorError: with the guard's code and ``{"issues": [{path, keyword, message}]}``.
        """
        try:
            # The same bytes mean the same value, types included: 1, 1.0 and True differ here, as they do in JSON.
            marshalled = marshal.dumps(value, 2)
        except ValueError:
            marshalled = b""
        if 0 < len(marshalled) <= _LONGEST_REMEMBERED:
            self._check_remembered(marshalled)
            # A copy each time: what a caller does to one accepted value must not show in the next.
            value = marshal.loads(marshalled)  # noqa: S302 - our own bytes, made a moment ago
        else:
            self._check(value)
        accepted: T = converter.structure(value, self._cls)
        return accepted

    def _check_marshalled(self, marshalled: bytes) -> None:
        self._check(marshal.loads(marshalled))  # noqa: S302 - our own bytes, made a moment ago

    def _check(self, value: object) -> None:
        if not self.is_valid(value):
            issues = [
                {"path": issue.path, "keyword": issue.keyword, "message": issue.message}
                for issue in self.issues(value)
                if issue.severity == "error"
            ]
            raise ConnectorError(self.error_code, {"issues": issues})


def validate_config(config: object, guard: Guard[T]) -> T:
    """Return a connector's config as its attrs value.

    Raises:
        ConnectorError: ``invalid_config`` with the issues, whatever code the guard itself raises.
    """
    try:
        return guard.validate(config)
    except ConnectorError as error:
        if error.code is ConnectorErrorCodes.INVALID_CONFIG:
            raise
        raise ConnectorError(ConnectorErrorCodes.INVALID_CONFIG, error.data) from None


# --- what JSON is ---------------------------------------------------------------------------------------------------


def json_type(value: object) -> str:
    """Name the JSON type of a value as JSON Schema does: null, boolean, number, string, array or object."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case dict():
            return "object"
        case _:
            return f"Python {type(value).__name__}"


def _json_fault(value: object) -> Remark | None:
    """Find the first thing in a value that JSON has no form for; values of any depth, and ones that hold themselves."""
    pending: list[tuple[Path, object]] = [((), value)]
    seen: set[int] = set()
    while pending:
        path, item = pending.pop()
        if isinstance(item, list | dict):
            if id(item) in seen:
                continue
            seen.add(id(item))
            if isinstance(item, list):
                pending.extend(((*path[:_SHOWN_DEPTH], index), member) for index, member in enumerate(item))
                continue
            for key, member in item.items():
                if not isinstance(key, str):
                    return Remark(path, "json", f"expected keys that are strings, found a Python {type(key).__name__}")
                pending.append(((*path[:_SHOWN_DEPTH], key), member))
        elif isinstance(item, float) and math.isnan(item):
            return Remark(path, "json", "expected a JSON value, found NaN")
        elif item is not None and not isinstance(item, str | int | float):
            return Remark(path, "json", f"expected a JSON value, found a {json_type(item)}")
    return None


_SHOWN_DEPTH: Final = 32
"""How much of a path is kept while walking a value that may be nested without end."""


_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")


def _print_path(path: Path) -> str:
    parts = (
        f"[{part}]" if isinstance(part, int) else f".{part}" if _IDENTIFIER.fullmatch(part) else f"[{_quoted(part)}]"
        for part in path
    )
    return "$" + "".join(parts)


# --- what a schema's errors mean ------------------------------------------------------------------------------------


def _explain(error: ValidationError) -> Iterator[Remark]:
    """Say in words what one failed keyword expected and found, without ever showing the value."""
    path: Path = tuple(error.absolute_path)
    keyword = str(error.validator)
    expected: Any = error.validator_value
    found: Any = error.instance
    if "propertyNames" in error.schema_path:
        yield Remark((*path, found), "propertyNames", f"expected as a key: {_title(error.schema)}; found another")
    elif keyword == "required":
        for name in expected:
            if name not in found:
                yield Remark((*path, name), keyword, f"expected {_expected_member(error, name)}, found nothing")
    else:
        yield Remark(path, keyword, _in_words(keyword, expected, found, error.schema))


def _in_words(keyword: str, expected: Any, found: object, schema: object) -> str:  # noqa: ANN401 - any keyword's value
    match keyword:
        case "type":
            return f"expected {_type_names(expected)}, found {json_type(found)}"
        case "enum":
            choices = ", ".join(_quoted(choice) for choice in expected)
            return f"expected one of {choices}; found {_describe(found)}{_hint(found, expected)}"
        case "contains":
            return f"expected at least one item {_describe_item(expected)}, found none"
        case "not":
            return f"expected anything but: {_title(expected)}; found just that"
        case "const":
            return f"expected {_quoted(expected)}; found {_describe(found)}"
        case "anyOf" | "oneOf" | "pattern":
            return f"expected: {_title(schema)}; found {_describe(found)}"
        case _:
            return f"expected {keyword} {_quoted(expected)}; found {_describe(found)}"


def _expected_member(error: ValidationError, name: str) -> str:
    schema = error.schema
    member = schema.get("properties", {}).get(name) if isinstance(schema, Mapping) else None
    types = member.get("type") if isinstance(member, Mapping) else None
    return f"{_type_names(types)} (required)" if types else "a value (required)"


def _type_names(types: str | list[str]) -> str:
    return types if isinstance(types, str) else " or ".join(types)


def _describe(value: object) -> str:
    return "another string" if isinstance(value, str) else json_type(value)


def _hint(found: object, choices: Iterable[object]) -> str:
    names = [choice for choice in choices if isinstance(choice, str)]
    near = get_close_matches(found, names, n=1) if isinstance(found, str) else []
    return f" (did you mean {_quoted(near[0])}?)" if near else ""


def _describe_item(schema: object) -> str:
    properties = schema.get("properties", {}) if isinstance(schema, Mapping) else {}
    constants = [f"whose {name} is {_quoted(it['const'])}" for name, it in properties.items() if "const" in it]
    return " and ".join(constants) or "of the required form"


def _title(schema: object) -> str:
    """Say what a schema is for; never print its pattern, which may run to pages."""
    says = schema.get("title") or schema.get("description") if isinstance(schema, Mapping) else None
    return str(says or "another form")


def _quoted(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value)


# --- what will hurt -------------------------------------------------------------------------------------------------


def _unknown_keys(schema: Mapping[str, Any], value: object) -> Iterator[Remark]:
    """Find keys that a schema neither names nor invites: most often a typo, and silently without effect."""
    pending: list[tuple[list[Mapping[str, Any]], object, Path]] = [([schema], value, ())]
    while pending:
        schemas, item, path = pending.pop()
        parts = [part for it in schemas for part in _parts(schema, it)]
        if isinstance(item, dict):
            known: dict[str, list[Mapping[str, Any]]] = {}
            for part in parts:
                for name, member in part.get("properties", {}).items():
                    known.setdefault(name, []).append(member)
            closed = known and not any({"additionalProperties", "patternProperties"} & part.keys() for part in parts)
            for key, member in item.items():
                if key in known:
                    pending.append((known[key], member, (*path, key)))
                elif closed:
                    yield Remark((*path, key), "unknown-key", f"no such key: it has no effect{_hint(key, known)}")
        elif isinstance(item, list):
            items = [part["items"] for part in parts if isinstance(part.get("items"), Mapping)]
            if items:
                pending.extend((items, member, (*path, index)) for index, member in enumerate(item))


def _parts(root: Mapping[str, Any], schema: object) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and all that apply beside it in the same place: references, allOf, and either way of an if."""
    pending, seen = [schema], set[int]()
    while pending:
        part = pending.pop()
        if not isinstance(part, Mapping) or id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        pending += [*part.get("allOf", ()), *part.get("anyOf", ()), *part.get("oneOf", ())]
        pending += [part.get("then"), part.get("else")]
        reference = part.get("$ref", "")
        if reference.startswith("#"):
            target: Any = root
            for name in filter(None, reference[1:].split("/")):
                target = target[name.replace("~1", "/").replace("~0", "~")]
            pending.append(target)


_PLACEHOLDER: Final = re.compile(r"<[a-z0-9]+(?:[- _][a-z0-9]+)*>", re.IGNORECASE)
_VARIABLE: Final = re.compile(r"\{\{\s*(?:code|link)\s*\}\}")


def placeholder_advice(value: object) -> Iterator[Remark]:
    """Find text such as ``<access-key-id>`` that a form showed and nobody replaced."""
    pending: list[tuple[Path, object]] = [((), value)]
    seen: set[int] = set()  # the value may hold itself
    while pending:
        path, item = pending.pop()
        if isinstance(item, list | dict):
            if id(item) in seen:
                continue
            seen.add(id(item))
        if isinstance(item, str) and _PLACEHOLDER.fullmatch(item):
            yield Remark(path, "placeholder", "a <placeholder> stands where a real value should")
        elif isinstance(item, dict):
            pending.extend(((*path[:_SHOWN_DEPTH], key), member) for key, member in item.items())
        elif isinstance(item, list):
            pending.extend(((*path[:_SHOWN_DEPTH], index), member) for index, member in enumerate(item))


def template_advice(value: object) -> Iterator[Remark]:
    """Find templates for a usage type that no message asks for, and ones that carry neither code nor link."""
    templates = value.get("templates") if isinstance(value, dict) else None
    for index, template in enumerate(templates if isinstance(templates, list) else ()):
        if not isinstance(template, dict):
            continue
        usage_type, content = template.get("usageType"), template.get("content")
        if isinstance(usage_type, str) and usage_type not in _ASKED_FOR:
            hint = _hint(usage_type, _ASKED_FOR)
            yield Remark(
                ("templates", index, "usageType"),
                "usage-type",
                f"no message asks for this usage type, so this template is never sent{hint}",
            )
        if isinstance(content, str) and not _VARIABLE.search(content):
            yield Remark(
                ("templates", index, "content"),
                "no-code",
                "neither {{code}} nor {{link}} stands in this content: the message would carry nothing to use",
            )


_ASKED_FOR: Final = tuple(str(member) for member in TemplateType)

config_advice: Final[tuple[Advice, ...]] = (placeholder_advice, template_advice)
"""The advice for any connector's config; give ``advice=(*config_advice, yours)`` to add to it."""


# --- the guards of @logto/connector-kit -----------------------------------------------------------------------------


def _guard(schema: str, cls: Any, error_code: ConnectorErrorCodes) -> Guard[Any]:  # noqa: ANN401 - see Guard
    return Guard(schema, cls, error_code=error_code, advice=())


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
send_message_data_guard: Final[Guard[SendMessageData]] = _guard("send-message-data", SendMessageData, _PARAMETERS)
email_template_details_guard: Final[Guard[EmailTemplateDetails]] = _guard(
    "email-template-details", EmailTemplateDetails, _RESPONSE
)
email_service_branding_guard: Final[Guard[EmailServiceBranding]] = _guard(
    "email-service-branding", EmailServiceBranding, _CONFIG
)

oidc_prompts_guard: Final[Guard[tuple[OidcPrompt, ...]]] = _guard("oidc-prompts", tuple[OidcPrompt, ...], _CONFIG)
google_one_tap_config_guard: Final[Guard[GoogleOneTapConfig]] = _guard(
    "google-one-tap-config", GoogleOneTapConfig, _CONFIG
)
social_user_info_guard: Final[Guard[SocialUserInfo]] = _guard("social-user-info", SocialUserInfo, _RESPONSE)
connector_session_guard: Final[Guard[ConnectorSession]] = _guard("connector-session", ConnectorSession, _PARAMETERS)
token_response_guard: Final[Guard[TokenResponse]] = _guard("token-response", TokenResponse, _RESPONSE)
json_guard: Final[Guard[object]] = _guard("json", object, _RESPONSE)
json_object_guard: Final[Guard[Mapping[str, object]]] = _guard("json-object", Mapping[str, object], _RESPONSE)


class GoogleConnector:
    """What Logto itself has to know of the official Google connector; a namespace, not to be instantiated."""

    target: ClassVar[str] = "google"
    factory_id: ClassVar[str] = "google-universal"
    jwks_uri: ClassVar[str] = "https://www.googleapis.com/oauth2/v3/certs"
    issuer: ClassVar[tuple[str, ...]] = ("https://accounts.google.com", "accounts.google.com")
    one_tap_params: ClassVar[GoogleOneTapParams] = GoogleOneTapParams()
    config_guard: ClassVar[Guard[GoogleConnectorConfig]] = _guard(
        "google-connector-config", GoogleConnectorConfig, _CONFIG
    )
