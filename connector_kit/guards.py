"""Guards: a JSON Schema that decides, and an attrs class that holds what it let pass.

The schema says what Logto refuses; advice says what Logto takes and what will hurt all the same.
"""

import marshal
from collections.abc import Iterable, Mapping
from functools import cached_property, lru_cache
from typing import Any, ClassVar, Final, Generic, TypeVar

from jsonschema import Draft202012Validator

from connector_kit.advice import Advice, config_advice, unknown_keys
from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.issues import Issue, Remark, explain, json_fault, print_path
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
        self._remembered = lru_cache(_REMEMBERED)(self._accept)

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
            return json_fault(value) is None and self._validator.is_valid(value)
        except RecursionError:
            return False

    def issues(self, value: object, *, strict: bool = False) -> list[Issue]:
        """List all that is wrong with a value or will hurt, ordered by path.

        Args:
            value: any JSON value.
            strict: count what will hurt as an error.
        """
        fault = json_fault(value)
        if fault is not None:
            return [Issue(print_path(fault.path), fault.keyword, fault.message)]
        try:
            errors = {remark: None for error in self._validator.iter_errors(value) for remark in explain(error)}
        except RecursionError:
            return [Issue("$", "depth", "expected a value of reasonable depth, found one nested too deeply to look at")]
        remarks: dict[Remark, None] = dict.fromkeys(unknown_keys(self.schema, value))
        for advise in self._advice:
            remarks |= dict.fromkeys(advise(value))
        found = [(remark, "error") for remark in errors]
        found += [(remark, "error" if strict else "warning") for remark in remarks if remark not in errors]
        found.sort(key=lambda pair: ([(isinstance(part, str), part) for part in pair[0].path], pair[1]))
        return [Issue(print_path(it.path), it.keyword, it.message, severity) for it, severity in found]  # type: ignore[arg-type]  # mypy widens the literal inside a list

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
        if not 0 < len(marshalled) <= _LONGEST_REMEMBERED:
            self._check(value)
            return self._structure(value)
        accepted = self._remembered(marshalled)
        # Where a caller could change the accepted value, that must not show in the next one: a copy each time.
        return self._structure(marshal.loads(marshalled)) if accepted is None else accepted  # noqa: S302 - our own bytes

    def _accept(self, marshalled: bytes) -> T | None:
        """Check a value, and return what became of it if that can be shared: what hashes by value cannot be changed."""
        value = marshal.loads(marshalled)  # noqa: S302 - our own bytes, made a moment ago
        self._check(value)
        accepted = self._structure(value)
        try:
            hash(accepted)
        except TypeError:
            return None
        return None if type(accepted).__hash__ is object.__hash__ else accepted

    def _structure(self, value: object) -> T:
        structured: T = converter.structure(value, self._cls)
        return structured

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
