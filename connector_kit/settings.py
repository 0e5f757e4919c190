"""One declaration of a config: from its class come the JSON Schema, the form in Logto Console, and the guard."""

import enum
import re
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, Final, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import attrs
from attrs import frozen

from connector_kit.default_templates import EMAIL_TEMPLATES, SMS_TEMPLATES
from connector_kit.guards import Guard
from connector_kit.issues import Issue, Location
from connector_kit.mailbox import MailboxError, address_problem, encode_mailbox, parse_mailbox
from connector_kit.messages import TemplateType
from connector_kit.metadata import (
    UNSET,
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    SelectItem,
    ShowCondition,
)
from connector_kit.schemas import bundle
from connector_kit.templates import SmsTemplate, Template, TemplateName
from connector_kit.warning_rules import WarningRule, config_warnings, is_placeholder, stray_characters
from connector_kit.wire import frozen_mapping, json_form, json_key, to_json, wire_name

C = TypeVar("C", bound=type)

Format = Literal["mailbox", "email", "url"]
"""What a text has to be; another text is a warning, because Logto accepts it."""

EmailTemplates = tuple[Template, ...]
SmsTemplates = tuple[SmsTemplate, ...]
TemplateNames = tuple[TemplateName, ...]

REQUIRED_USAGE_TYPES: Final = ("Register", "SignIn", "ForgotPassword", "Generic")
"""The usage types without which Logto cannot work: the official connectors require them, too."""

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_SETTING: Final = "connector_kit.setting"
_ALTERNATIVES: Final = "__connector_kit_alternatives__"
_TOGETHER: Final = "__connector_kit_together__"
_BUNDLED: Final[Mapping[type, str]] = {Template: "template", SmsTemplate: "sms-template"}
_WORD: Final = re.compile(r"(?<!^)(?=[A-Z])")
"""Where a word begins in a name such as ``SignIn``."""

_SCHEMA_FORMATS: Final[Mapping[str, str]] = {"email": "email", "url": "uri"}
"""The formats that JSON Schema has, under its names."""

_Control = ConnectorConfigFormItemType
_CONTROLS: Final[Mapping[Any, ConnectorConfigFormItemType]] = {
    str: _Control.TEXT,
    bool: _Control.SWITCH,
    int: _Control.NUMBER,
    float: _Control.NUMBER,
}
_SCALARS: Final[Mapping[Any, str]] = {str: "string", bool: "boolean", int: "integer", float: "number"}
_WITH_PLACEHOLDER: Final = (_Control.TEXT, _Control.MULTILINE_TEXT, _Control.NUMBER)


@frozen
class Setting:
    """What a setting of a config has besides its name, its type and its default value; see `setting`."""

    label: str
    description: str | None = None
    tooltip: str | None = None
    placeholder: str | None = None
    is_confidential: bool = False
    is_masked: bool = False
    is_multiline: bool = False
    format: Format | None = None
    choices: Mapping[str, str] = attrs.field(factory=dict)
    show_when: Mapping[str, object] = attrs.field(factory=dict)
    keywords: Mapping[str, object] = attrs.field(factory=dict)
    form_default: object = UNSET


def setting(
    label: str,
    *,
    default: Any = attrs.NOTHING,
    key: str | None = None,
    description: str | None = None,
    tooltip: str | None = None,
    placeholder: str | None = None,
    secret: bool = False,
    masked: bool | None = None,
    multiline: bool = False,
    format: Format | None = None,  # noqa: A002 - JSON Schema's word
    pattern: str | None = None,
    examples: Iterable[object] = (),
    choices: Mapping[str, str] | None = None,
    show_when: Mapping[str, object] | None = None,
    form_default: object = UNSET,
    schema: Mapping[str, object] | None = None,
) -> Any:
    """Declare a setting of a config class: an `attrs.field` with what the schema and the form need.

    The type of the attribute decides the rest: ``str`` is a Text, ``bool`` a Switch, ``int`` and ``float`` a Number, a
    ``Literal`` or an ``Enum`` a Select, a tuple of these a MultiSelect, and all others are JSON. Settings are arguments by
    keyword only, so that required ones may follow optional ones.

    Args:
        label: the name of the setting, for people.
        default: the value where the config has none; ``None`` for an optional setting. Without it, the setting is required.
        key: the JSON key; by default the attribute's name in camelCase.
        description: what the setting is for, in a sentence.
        tooltip: more help, shown on hover.
        placeholder: shown while the control is empty.
        secret: whether the value is a secret: Console masks it, and a ``repr`` of the config does not show it.
        masked: whether Console masks the value, if that is not the same.
        multiline: whether a text has several lines.
        format: what a text has to be: a ``mailbox`` such as ``Acme <noreply@acme.com>``, an ``email`` address or a ``url``.
        pattern: a regular expression that a text must match somewhere; Logto rejects other configs.
        examples: valid values, as JSON. The first one is a part of the config with which the conformance suite starts.
        choices: the title of each choice of a Select.
        show_when: show the setting only while these attributes have these values.
        form_default: the value in a new form, where it is not ``default``.
        schema: more keywords of JSON Schema, such as ``{"minLength": 1}``.
    """
    keywords: dict[str, object] = {"pattern": pattern, "examples": [*examples] or None}
    made = Setting(
        label=label,
        description=description,
        tooltip=tooltip,
        placeholder=placeholder,
        is_confidential=secret,
        is_masked=secret if masked is None else masked,
        is_multiline=multiline,
        format=format,
        choices=frozen_mapping(choices or {}),
        show_when=frozen_mapping(show_when or {}),
        keywords={name: it for name, it in keywords.items() if it is not None} | dict(schema or {}),
        form_default=form_default,
    )
    name = {} if key is None else wire_name(key)
    return attrs.field(default=default, repr=not secret, kw_only=True, metadata={_SETTING: made, **name})


def template_setting(
    default_templates: Iterable[Mapping[str, object]],
    *,
    label: str = "Templates",
    required: Iterable[str] = REQUIRED_USAGE_TYPES,
    description: str | None = None,
    tooltip: str | None = None,
    schema: Mapping[str, object] | None = None,
) -> Any:
    """Declare the templates of a config: a tuple of a class with ``usage_type``.

    Args:
        default_templates: in a new form, as JSON; none if they are empty.
        label: the name of the setting.
        required: the usage types of which the config must have a template.
        description: what the setting is for.
        tooltip: more help, shown on hover.
        schema: more keywords of JSON Schema.
    """
    defaults = [dict(it) for it in default_templates]
    names = [*required]
    listed = f"{', '.join(names[:-1])} and {names[-1]} are" if names[1:] else "".join(f"{it} is" for it in names)
    needed = f" {listed} required; Generic is the fallback for any other." if names else ""
    return setting(
        label,
        description=description or f"One message for each usage type.{needed}",
        tooltip=tooltip,
        form_default=defaults or UNSET,
        examples=[defaults] if defaults else (),
        schema={"allOf": [_contains(it) for it in names], **(schema or {})} if names else schema,
    )


def email_templates(*, content_type: str | None = None, **options: Any) -> Any:
    """Declare ``templates: EmailTemplates``; see `template_setting` for the options.

    Args:
        content_type: of the default templates, for a class of one's own with ``content_type``, which then decides.
        options: of `template_setting`.
    """
    added = {} if content_type is None else {"contentType": content_type}
    default_templates = [{**it, **added} for it in EMAIL_TEMPLATES]
    tooltip = (
        "The content is HTML. Write {{code}} where the verification code goes, and {{link}} where the invitation link goes. "
        "Other variables: application, organization, user and inviter, as in {{organization.name}}."
    )
    return template_setting(**{"default_templates": default_templates, "tooltip": tooltip} | options)


def sms_templates(**options: Any) -> Any:
    """Declare ``templates: SmsTemplates``; see `template_setting` for the options."""
    tooltip = "Write {{code}} where the verification code goes. Other variables: application and user."
    return template_setting(**{"default_templates": SMS_TEMPLATES, "tooltip": tooltip} | options)


def template_names(key: str = "templateId", *, form: Mapping[str, object] | None = None, **options: Any) -> Any:
    """Declare ``templates: TemplateNames``: for each usage type, the name of a template that the provider stores.

    Args:
        key: the JSON key of a name, as the provider calls it: ``templateAlias``, ``templateCode``.
        form: the JSON Schema of a name, such as ``{"type": "integer"}``; by default it is a text.
        options: those of `template_setting`. Without ``form``, a new form has names such as ``logto-sign-in``.
    """
    described = {"title": "Template", "description": "The name of the template at the provider."}
    usage_type = {
        "title": "Usage type",
        "description": "The type of message that the template is for.",
        "type": "string",
    }
    items = {
        "title": "Template name",
        "type": "object",
        "properties": {"usageType": usage_type, key: {**described, **(form or {"type": "string"})}},
        "required": ["usageType", key],
    }
    defaults = [{"usageType": it.value, key: f"logto-{_WORD.sub('-', it.value).lower()}"} for it in TemplateType]
    tooltip = "Enter the name of each template. The template gets the variables code, link, application, organization, user and inviter."
    made = template_setting(
        **{
            "default_templates": () if form else defaults,
            "tooltip": tooltip,
            "schema": {"type": "array", "items": items},
        }
        | options
    )
    made.metadata |= json_form(
        load=lambda value: tuple(TemplateName(it["usageType"], it[key]) for it in value),
        dump=lambda value: [{"usageType": it.usage_type, key: it.name} for it in value],
    )
    return made


def _contains(usage_type: str) -> dict[str, object]:
    member = {
        "title": "Usage type",
        "description": f"One template must have the usage type `{usage_type}`.",
        "const": usage_type,
        "examples": [usage_type],
    }
    form = {"type": "object", "properties": {"usageType": member}, "required": ["usageType"]}
    return {"title": f"A template for {usage_type}", "contains": {"title": f"Template for {usage_type}", **form}}


def require_one_of(*names: str, exclusive: bool = False) -> Callable[[C], C]:
    """Require at least one of several optional settings; a class may have several such decorators, above ``@frozen``.

    Args:
        names: the attributes.
        exclusive: whether a config must not have two of them.
    """

    def decorate(cls: C) -> C:
        setattr(cls, _ALTERNATIVES, ((names, exclusive), *getattr(cls, _ALTERNATIVES, ())))
        return cls

    return decorate


def require_together(*names: str) -> Callable[[C], C]:
    """Require all of several optional settings, or none of them, such as both halves of a key; used as `require_one_of`.

    Args:
        names: the attributes.
    """

    def decorate(cls: C) -> C:
        setattr(cls, _TOGETHER, (names, *getattr(cls, _TOGETHER, ())))
        return cls

    return decorate


# --- the JSON Schema --------------------------------------------------------------------------------------------------


def config_schema(cls: type, *, title: str | None = None) -> dict[str, Any]:
    """Return the JSON Schema 2020-12 of a config class, self-contained.

    Args:
        cls: an attrs class.
        title: of the schema; by default the name of the class.

    Raises:
        TypeError: an attribute has a type without a JSON Schema; give its keywords in ``setting(schema=…)``.
    """
    definitions: dict[str, Any] = {}
    made = _object_schema(cls, definitions)
    properties = {
        "$schema": {
            "title": "Schema",
            "description": "The schema of this file, as a URL or a relative path. Only editors use it.",
            "examples": ["./config.schema.json"],
        },
        **made["properties"],
    }
    document = {"$schema": _DIALECT, "title": title or cls.__name__, **made, "properties": properties}
    example = example_config(cls)
    if example.keys() >= {*made["required"]}:
        document["examples"] = [example]
    return document | ({"$defs": definitions} if definitions else {})


def _object_schema(cls: type, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = get_type_hints(cls)
    fields = attrs.fields(cls)
    made: dict[str, Any] = {}
    documentation = (cls.__doc__ or "").strip().partition("\n")[0]
    if documentation:
        made["description"] = documentation
    made["type"] = "object"
    made["properties"] = {
        json_key(cls, it.name): _member_schema(cls, it, hints[it.name], definitions) for it in fields if it.init
    }
    made["required"] = [json_key(cls, it.name) for it in fields if it.init and it.default is attrs.NOTHING]
    if hasattr(cls, _TOGETHER):
        groups = [[json_key(cls, it) for it in names] for names in getattr(cls, _TOGETHER)]
        made["dependentRequired"] = {key: [it for it in group if it != key] for group in groups for key in group}
    forms = [_one_of(cls, names, exclusive) for names, exclusive in getattr(cls, _ALTERNATIVES, ())]
    return made | (forms[0] if len(forms) == 1 else {"allOf": forms} if forms else {})


def _one_of(cls: type, names: Iterable[str], exclusive: bool) -> dict[str, Any]:  # noqa: FBT001 - of `require_one_of`
    return {"oneOf" if exclusive else "anyOf": [{"required": [json_key(cls, it)]} for it in names]}


def _member_schema(cls: type, field: "attrs.Attribute[Any]", kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    declared = _declared(field)
    help_texts = (declared.description, declared.tooltip)
    made: dict[str, Any] = {"title": declared.label}
    if any(help_texts):
        made["description"] = " ".join(filter(None, help_texts))
    if "type" not in declared.keywords:
        made |= _schema_of(kind, f"{cls.__name__}.{field.name}", definitions)
    if declared.format is not None and declared.format in _SCHEMA_FORMATS:
        made["format"] = _SCHEMA_FORMATS[declared.format]
    if declared.is_confidential:
        made["writeOnly"] = True
    if _has_default(field):
        made["default"] = to_json(field.default)
    return made | dict(declared.keywords)


def _has_default(field: "attrs.Attribute[Any]") -> bool:
    """Return whether a field has a default value that a config can have, too."""
    return field.default not in (attrs.NOTHING, None) and not hasattr(field.default, "factory")


def _schema_of(kind: Any, where: str, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a type.

    Args:
        kind: the type.
        where: the attribute, for an error.
        definitions: gets the schemas of the kit that it refers to.
    """
    kind = _without_none(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if kind in _SCALARS:
        return {"type": _SCALARS[kind]}
    if kind in (object, Any):
        return {}
    if _choices(kind):
        return {"enum": [*_choices(kind)]}
    if kind in _BUNDLED:
        name = _BUNDLED[kind]
        definitions[name] = {key: it for key, it in bundle(name).items() if key != "$schema"}
        return {"$ref": f"#/$defs/{name}"}
    if isinstance(kind, type) and attrs.has(kind):
        return _object_schema(kind, definitions)
    if origin is tuple and arguments[1:] == (...,):
        unique = {"uniqueItems": True} if _choices(arguments[0]) else {}
        return {"type": "array", "items": _schema_of(arguments[0], where, definitions), **unique}
    if isinstance(origin, type) and issubclass(origin, Mapping) and arguments[0] is str:
        return {"type": "object", "additionalProperties": _schema_of(arguments[1], where, definitions)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [_schema_of(it, where, definitions) for it in arguments]}
    raise TypeError(
        f"{where} has the type {kind}, for which there is no JSON Schema: use str, bool, int, float, a Literal, an Enum, "
        'an attrs class, tuple[…, ...] or Mapping[str, …], or give its keywords, as in setting(schema={"type": "string"})'
    )


def _without_none(kind: Any) -> Any:
    if get_origin(kind) not in (Union, types.UnionType):
        return kind
    others = [it for it in get_args(kind) if it is not type(None)]
    return others[0] if len(others) == 1 else Union[tuple(others)]  # noqa: UP007 - of a list


def _choices(kind: Any) -> tuple[Any, ...]:
    """Return the values of a Literal or an Enum; of other types, nothing."""
    if get_origin(kind) is Literal:
        return get_args(kind)
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return tuple(it.value for it in kind)
    return ()


def _declared(field: "attrs.Attribute[Any]") -> Setting:
    """Return what a field declares: of a plain attribute, its name is the label."""
    found: Setting | None = field.metadata.get(_SETTING)
    return found or Setting(label=field.name.replace("_", " ").capitalize())


# --- the form ---------------------------------------------------------------------------------------------------------


def form_items(cls: type) -> tuple[ConnectorConfigFormItem, ...]:
    """Return the form items of a config class: one for each attribute, in their order."""
    hints = get_type_hints(cls)
    return tuple(_form_item(cls, it, _without_none(hints[it.name])) for it in attrs.fields(cls) if it.init)


def _form_item(cls: type, field: "attrs.Attribute[Any]", kind: Any) -> ConnectorConfigFormItem:
    declared = _declared(field)
    is_required = field.default is attrs.NOTHING
    control, choices = _control(declared, kind)
    default = declared.form_default
    if default is UNSET and _has_default(field):
        default = to_json(field.default)
    conditions = tuple(ShowCondition(json_key(cls, name), to_json(it)) for name, it in declared.show_when.items())
    key = json_key(cls, field.name)
    titles = declared.choices if control is _Control.SELECT else {}
    return ConnectorConfigFormItem(
        type=control,
        key=key,
        label=declared.label,
        placeholder=declared.placeholder if control in _WITH_PLACEHOLDER else None,
        required=True if is_required and control is not _Control.SWITCH else None,
        default_value=default,
        show_conditions=conditions or None,
        description=declared.description,
        tooltip=declared.tooltip,
        is_confidential=_confidential(declared, control, key),
        select_items=tuple(SelectItem(it, titles.get(it, it)) for it in choices) or None,
    )


def _confidential(declared: Setting, control: ConnectorConfigFormItemType, key: str) -> bool | None:
    """Return whether Console masks a value, or ``None`` where Console shows it by itself."""
    shown = ConnectorConfigFormItem(type=control, key=key, label="")
    return declared.is_masked if control is _Control.TEXT and (declared.is_masked or shown.is_masked) else None


def _control(declared: Setting, kind: Any) -> tuple[ConnectorConfigFormItemType, tuple[str, ...]]:
    """Return the control of a setting, and its choices."""
    if declared.is_multiline:
        return _Control.MULTILINE_TEXT, ()
    is_list = get_origin(kind) is tuple
    choices = _choices(get_args(kind)[0] if is_list else kind)
    if choices and all(isinstance(it, str) for it in choices):
        return _Control.MULTI_SELECT if is_list else _Control.SELECT, choices
    return _CONTROLS.get(kind, _Control.JSON), ()


# --- the guard --------------------------------------------------------------------------------------------------------


def config_guard(cls: type, *, title: str | None = None, warnings: Iterable[WarningRule] = ()) -> Guard[Any]:
    """Return the guard of a config class.

    Args:
        cls: an attrs class.
        title: of the schema; by default the name of the class.
        warnings: the connector's own warning rules, besides those of all connectors and of the settings' formats.
    """
    rules: list[WarningRule] = [*config_warnings, partial(setting_warnings, cls), *warnings]
    return Guard(config_schema(cls, title=title), cls, warnings=rules)


def secret_paths(cls: type) -> tuple[str, ...]:
    """Return the paths of the secrets in a config, such as ``apiKey`` or ``auth.key``."""
    return tuple(".".join(map(str, location)) for location, field in _settings(cls) if _declared(field).is_confidential)


def example_config(cls: type) -> dict[str, Any]:
    """Return a config of the first example of each setting; one without examples is left out.

    The example of a nested class consists of the examples of its settings.
    """
    found: dict[str, Any] = {}
    hints = get_type_hints(cls)
    for field in attrs.fields(cls):
        kind = _without_none(hints[field.name])
        examples: Any = _declared(field).keywords.get("examples")
        if examples:
            found[json_key(cls, field.name)] = examples[0]
        elif isinstance(kind, type) and attrs.has(kind) and field.default is attrs.NOTHING:
            found[json_key(cls, field.name)] = example_config(kind)
    return found


def _settings(cls: type, location: Location = ()) -> Iterator[tuple[Location, "attrs.Attribute[Any]"]]:
    """Yield the location and the field of each setting, also of those in nested classes."""
    hints = get_type_hints(cls)
    for field in attrs.fields(cls):
        at = (*location, json_key(cls, field.name))
        yield at, field
        kind = _without_none(hints[field.name])
        if isinstance(kind, type) and attrs.has(kind):
            yield from _settings(kind, at)


def setting_warnings(cls: type, config: object) -> Iterator[Issue]:
    """Find texts that do not have the format of their setting, and texts of one line to which copying has added something.

    The kit removes white space around a mailbox, so it does not matter there.
    """
    for location, field in _settings(cls):
        declared = _declared(field)
        value = config
        for key in location:
            value = value.get(key) if isinstance(value, dict) else None
        if not isinstance(value, str) or not value or is_placeholder(value):
            continue
        stray = None if declared.is_multiline or declared.format == "mailbox" else stray_characters(value)
        reason = None if declared.format is None else _FORMATS[declared.format](value)
        if stray:
            yield Issue(location, "white-space", stray)
        elif reason:
            yield Issue(location, "format", reason)


def _mailbox_error(value: str) -> str | None:
    try:
        encode_mailbox(value)
    except MailboxError as error:
        return f"expected a mailbox such as Acme <noreply@example.com>: {error}"
    return _address_error(parse_mailbox(value).email, "noreply@example.com or Acme <noreply@example.com>")


def _email_error(value: str) -> str | None:
    return _address_error(value, "noreply@example.com")


def _address_error(value: str, example: str) -> str | None:
    problem = address_problem(value)
    return problem and f"expected an e-mail address with a domain, such as {example}: {problem}"


def _url_error(value: str) -> str | None:
    try:
        parts = urlsplit(value)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_url = False
    return None if is_url else "expected a URL such as https://api.example.com"


_FORMATS: Final[Mapping[Format, Callable[[str], str | None]]] = {
    "mailbox": _mailbox_error,
    "email": _email_error,
    "url": _url_error,
}
"""Each returns what is wrong with a text, without the text."""
