"""The generated parts of the docs, each between a pair of markers."""

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
import click

import connector_kit
from conformance import (
    CAPABILITIES,
    PROFILES,
    Call,
    Failure,
    HttpProvider,
    Medium,
    Message,
    Outcome,
    Provider,
    SmtpFailure,
    SmtpProvider,
    Spec,
    TcpProvider,
    all_checks,
    spec_of,
)
from conformance.providers.oauth2 import OAuth2Provider
from connector_kit import (
    AwsApi,
    AwsRole,
    Email,
    GoogleConnector,
    Guard,
    HttpApi,
    OAuth2Connector,
    OidcConnector,
    Sms,
    SmtpApi,
    SmtpServer,
    bundle,
    config_schema,
    schema_names,
    setting,
    template_names,
    template_setting,
)
from connector_kit.cli.application import application
from connector_kit.connectors.aws_ses import AwsSesConfig, AwsSesConnector, aws_ses_config_guard
from connector_kit.guards import recipient_guard
from connector_kit.host import host_file, request_body
from connector_kit.logto_package.package import KIT_RANGE
from connector_kit.template_checks import TEMPLATE_CHECKS
from tests.benchmarks import endurance
from tests.benchmarks import page as benchmarks
from tests.conformance.right_connectors import RIGHT
from tests.conformance.wrong_connectors import WRONG
from tests.docs.markdown import DOCS


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    heads = list(headings)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n" + "".join(f"| {' | '.join(it.replace('|', chr(92) + '|') for it in line)} |\n" for line in lines) + "\n"


SES_SCHEMA: Final = DOCS.parent / "schemas" / "aws-ses-config.schema.json"


def ses_schema_text() -> str:
    """Return the schema file of the Amazon SES config: it is generated from the config's class."""
    schema = config_schema(AwsSesConfig, title="Amazon SES connector config")
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def checks() -> str:
    """List the checks of the registry."""
    return _table(
        ("Id", "Level", "Clause", "Needs", "What it requires"),
        (
            (f"`{it.id}`", it.level, it.clause, ", ".join(f"`{name}`" for name in sorted(it.needs)), it.description)
            for it in all_checks()
        ),
    )


def capabilities() -> str:
    """List the capabilities and what a connector promises by declaring them."""
    needing = {
        name: sum(any(name in it.split(" or ") for it in check.needs) for check in all_checks())
        for name in CAPABILITIES
    }
    return _table(
        ("Capability", "What the connector promises", "Checks that need it"),
        ((f"`{name}`", promise, str(needing[name])) for name, promise in CAPABILITIES.items()),
    )


def template_checks() -> str:
    """List the checks of templates."""
    return _table(
        ("Keyword", "Warns about"), ((f"`{name}`", _first_line(check)) for name, check in TEMPLATE_CHECKS.items())
    )


def profiles() -> str:
    """List the profiles."""
    return _table(
        ("Profile", "Checks", "Examples for a property", "Examples for an outcome", "Same examples each time"),
        (
            (
                f"`{it.name}`",
                "a few of each area" if it.is_smoke else "all",
                f"{it.examples:,}",
                str(it.failure_examples),
                "yes" if it.derandomized else "no",
            )
            for it in PROFILES.values()
        ),
    )


def guards() -> Mapping[str, str]:
    """Name the guard of each schema that has one."""
    public = {name: getattr(connector_kit, name) for name in connector_kit.__all__}
    found = {guard.schema["title"]: name for name, guard in public.items() if isinstance(guard, Guard)}
    found[GoogleConnector.config_guard.schema["title"]] = "GoogleConnector.config_guard"
    found[aws_ses_config_guard.schema["title"]] = "aws_ses_config_guard"
    for module in (host_file, request_body):
        found |= {
            it.schema["title"]: f"{module.__name__}.{name}"
            for name, it in vars(module).items()
            if isinstance(it, Guard)
        }
    found[recipient_guard.schema["title"]] = "connector_kit.guards.recipient_guard"
    return {name: found.get(str(bundle(name)["title"]), "") for name in schema_names()}


def schemas() -> str:
    """List the schemas with their purpose and guard."""
    return _table(
        ("Schema", "Title", "Purpose", "Guard"),
        (
            (
                f"[`{name}`](../../schemas/{name}.schema.json)",
                bundle(name)["title"],
                _first_sentence(bundle(name)["description"]),
                f"`{guard}`" if guard else "",
            )
            for name, guard in guards().items()
        ),
    )


def _first_sentence(text: str) -> str:
    return text.split(". ", maxsplit=1)[0].removesuffix(".") + "."


def _parameters(command: click.Command) -> Iterator[tuple[str, str]]:
    for it in command.params:
        if isinstance(it, click.Argument):
            name = (it.metavar or it.human_readable_name).upper()
            yield f"`{name}`", "" if it.required else "optional"
        elif isinstance(it, click.Option):
            yield f"`{', '.join((*it.opts, *it.secondary_opts))}`", _option_help(it)


def _option_help(option: click.Option) -> str:
    says = [str(option.help)]
    if isinstance(option.type, click.Choice):
        says.append(f"One of {', '.join(f'`{choice}`' for choice in option.type.choices)}.")
    if option.required:
        says.append("Required.")
    elif option.show_default and isinstance(option.default, str):
        says.append(f"Default: `{option.default}`.")
    return " ".join(says)


def all_commands() -> Mapping[str, click.Command]:
    """Return the commands by name, those of plug-ins included."""
    context = click.Context(application)
    named: dict[str, Any] = {
        name: application.get_command(context, name) for name in application.list_commands(context)
    }
    return named


def commands() -> str:
    """List the commands, then the parameters of each."""
    own = "".join(f"| {option} | {text} |\n" for option, text in _parameters(application))
    parts = [
        _table(
            ("Command", "What it does"),
            ((f"[`{name}`](#{name})", it.get_short_help_str(limit=200)) for name, it in all_commands().items()),
        ),
        f"Before the command:\n\n| Option | Meaning |\n| --- | --- |\n{own}\n",
    ]
    for name, it in all_commands().items():
        rows = "".join(f"| {option} | {text} |\n" for option, text in _parameters(it))
        table = f"| Parameter | Meaning |\n| --- | --- |\n{rows}\n"
        parts.append(f"### {name}\n\n{_usage_and_help(name, it)}\n\n{table}")
    return "".join(parts)


def _usage_and_help(name: str, command: click.Command) -> str:
    """Return a command's usage and its help text; lines that click keeps become a code block."""
    context = click.Context(command, info_name=f"connector-kit {name}")
    usage = " ".join(["connector-kit", name, *command.collect_usage_pieces(context)])
    parts = [f"`{usage}`"]
    for paragraph in inspect.cleandoc(command.help or "").split("\n\n"):
        kept = paragraph.removeprefix("\b\n")
        parts.append(f"```text\n{kept}\n```" if kept != paragraph else paragraph)
    return "\n\n".join(parts)


CONNECTORS: Final = "connector_kit.connectors."


def connector_settings() -> str:
    """List the settings of each connector of this repository, as its config class and its form describe them."""
    parts = []
    for it in own_connectors():
        metadata, schema = it.metadata, it.config_guard.schema
        folder = it.__module__.removeprefix(CONNECTORS).partition(".")[0]
        items = {item.key: item for item in metadata.form_items or ()}
        rows = [
            (
                f"`{key}`",
                _field(items[key]) if key in items else "",
                "required" if key in schema["required"] else _default(setting),
                setting.get("description", setting["title"]),
            )
            for key, setting in schema["properties"].items()
            if key != "$schema"
        ]
        parts.append(
            f"\n## {metadata.name['en']}\n\n`{metadata.id}`, {it.type.lower()}. {schema['description']} "
            f"[Guide](../../connector_kit/connectors/{folder}/README.md).\n"
            + _table(("Setting", "In Console", "Default", "Meaning"), rows)
            + _alternatives(schema)
        )
    return "".join(parts)


def _field(item: connector_kit.ConnectorConfigFormItem) -> str:
    return f"{item.type}, masked" if item.is_masked else str(item.type)


def own_connectors() -> list[type[connector_kit.Connector[Any]]]:
    """Return the connectors of this repository, sorted by id."""
    return [
        connector_kit.find_connector(name)
        for name, point in connector_kit.installed_connectors().items()
        if point.module.startswith(CONNECTORS)
    ]


def _alternatives(schema: Mapping[str, Any]) -> str:
    """State which of several optional settings a config must have."""
    texts = [
        f"{'At least' if rule == 'anyOf' else 'Exactly'} one of {', '.join(f'`{key}`' for key in keys)} is required."
        for rule in ("anyOf", "oneOf")
        if (keys := [key for it in schema.get(rule, ()) for key in it.get("required", ())])
    ]
    texts += [
        f"`{key}` requires {', '.join(f'`{it}`' for it in others)}."
        for key, others in schema.get("dependentRequired", {}).items()
    ]
    return f"{' '.join(texts)}\n" if texts else ""


PINNED: Final = {
    "the tests that compare the kit with the official packages": DOCS.parent / "tests" / "interop" / "package.json",
    "the tests that load a packaged connector into Logto": DOCS.parent / "tests" / "interop" / "logto" / "package.json",
    "`connector-kit conformance npm:…` without a version": DOCS.parent
    / "conformance"
    / "npm"
    / "pinned"
    / "package.json",
}
"""The files that pin official packages, by what uses them."""


def logto_versions() -> str:
    """List the official packages that the tests run, and what a generated package requires."""
    used: dict[tuple[str, str], list[str]] = {}
    for use, file in PINNED.items():
        for name, version in json.loads(file.read_text(encoding="utf-8"))["dependencies"].items():
            if name.startswith("@logto/"):
                used.setdefault((name, version), []).append(use)
    rows = (
        (f"[`{name}`](https://www.npmjs.com/package/{name})", version, "; ".join(uses))
        for (name, version), uses in sorted(used.items())
    )
    return _table(("Package", "Version", "Used by"), rows) + (
        f"A package that `connector-kit package` writes accepts `@logto/connector-kit` `{KIT_RANGE}`. "
        "Logto skips it with any other version; `--kit-range` changes the range.\n\n"
    )


def _first_line(documented: object) -> str:
    return " ".join(str(documented.__doc__ or "").split("\n\n", maxsplit=1)[0].split())


def wrong_connectors() -> str:
    """List the wrong connectors in the order of the checks that must fail them."""
    order = {check.id: index for index, check in enumerate(all_checks())}
    clauses = {check.id: check.clause for check in all_checks()}
    rows = sorted(WRONG, key=lambda it: order[it.check])
    return _table(
        ("Check", "Clause", "Wrong connector", "What is wrong with it", "Part of the failure message"),
        (
            (f"`{it.check}`", clauses[it.check], f"`{it.connector.__name__}`", _first_line(it.connector), it.words)
            for it in rows
        ),
    )


def right_connectors() -> str:
    """List the right connectors and their capabilities."""
    return _table(
        ("Connector", "Shape", "Capabilities"),
        (
            (f"`{it.name}`", _first_line(it.connector), ", ".join(f"`{name}`" for name in sorted(it.capabilities)))
            for it in (spec_of(AwsSesConnector), *RIGHT)
        ),
    )


def host_config() -> str:
    """List the keys of a host config, table by table."""
    schema = bundle("host-config")["properties"]
    hosted = schema["connectors"]["additionalProperties"]
    parts = []
    for heading, members in (("[server]", schema["server"]), ("[connectors.ID]", hosted)):
        rows = (
            (f"`{name}`", _json_type(it), _default(it), it["description"]) for name, it in members["properties"].items()
        )
        parts.append(f"\n### `{heading}`\n" + _table(("Key", "Type", "Default", "Meaning"), rows))
    return "".join(parts)


def _json_type(schema: Mapping[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    return {"array": "list of strings", "object": "table of strings"}.get(schema["type"], schema["type"])


def _default(schema: Mapping[str, Any]) -> str:
    return f"`{json.dumps(schema['default'])}`" if "default" in schema else ""


def provider(cls: type[Provider]) -> str:
    """List the attributes that an author sets in a stub, those of its base classes included, and its methods."""
    described = {name: row for base in bases(cls) for name, row in attributes(base).items()}
    return _attributes_and_methods(cls, described)


def base_class(cls: type) -> str:
    """List the attributes of a base class of connectors that have a description, and its methods."""
    return _attributes_and_methods(cls, attributes(cls))


def _attributes_and_methods(cls: type, described: Mapping[str, tuple[str, str]]) -> str:
    methods = {name: it for name, it in vars(cls).items() if not name.startswith("_") and inspect.isroutine(it)}
    return (
        _table(("Attribute", "Meaning", "Default"), ((f"`{name}`", *row) for name, row in described.items()))
        + (_table(("Method", "What it does"), ((_call(name, it), _summary(it)) for name, it in methods.items()))[1:])
    )


def bases(cls: type[Provider]) -> list[type[Provider]]:
    """Return a stub's class and those of its bases that are no page of their own."""
    return [it for it in cls.__mro__ if issubclass(it, Provider) and (it is cls or it is not Provider)]


def attributes(cls: type) -> dict[str, tuple[str, str]]:
    """Return meaning and default of the attributes that have a docstring after them, by name."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
    assert isinstance(body, ast.ClassDef)
    found = {}
    for statement, after in zip(body.body, [*body.body[1:], None], strict=True):
        match statement, after:
            case (
                ast.AnnAssign(target=ast.Name(id=name), value=value),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                found[name] = (_markdown(text), f"`{ast.unparse(value)}`" if value else "required")
    return found


def _call(name: str, method: Any) -> str:
    parameters = [
        it for it in inspect.signature(getattr(method, "__func__", method)).parameters if it not in {"self", "cls"}
    ]
    return f"`{name}({', '.join(parameters)})`"


def _summary(method: Any) -> str:
    return _markdown(_first_line(getattr(method, "__func__", method)))


def _markdown(text: str) -> str:
    return " ".join(text.split()).replace("``", "`")


def members(cls: type) -> str:
    """List the members of an attrs class, as the section Args of its docstring describes them."""
    texts = _described(cls)
    assert [*texts] == [it.name for it in attrs.fields(cls)], f"{cls.__name__}: describe each member"
    return _table(("Member", "Meaning"), ((f"`{name}`", text) for name, text in texts.items()))


def arguments(documented: Callable[..., object]) -> str:
    """List the arguments of a function or a class, as the section Args of its docstring describes them."""
    texts = _described(documented)
    parameters = {name: it for name, it in inspect.signature(documented).parameters.items() if name != "self"}
    assert [*texts] == [*parameters], f"{documented.__qualname__}: describe each argument"
    rows = ((f"`{name}`", text, _default_of(parameters[name])) for name, text in texts.items())
    return _table(("Argument", "Meaning", "Default"), rows)


def _default_of(parameter: inspect.Parameter) -> str:
    if parameter.default in (inspect.Parameter.empty, attrs.NOTHING):
        return "required" if parameter.default is inspect.Parameter.empty else ""
    return "" if parameter.default is connector_kit.UNSET else f"`{parameter.default!r}`"


def _described(documented: object) -> dict[str, str]:
    """Return the texts in the section Args of a docstring, by name."""
    section = (inspect.getdoc(documented) or "").partition("Args:\n")[2].partition("\n\n")[0]
    return {
        name: _markdown(text) for name, text in re.findall(r"^    (\w+): (.*(?:\n {5,}.*)*)", section, re.MULTILINE)
    }


def measured() -> str:
    """Show the stored figures of the benchmarks; ``python -m tests.benchmarks`` measures new ones."""
    return benchmarks.sections(benchmarks.read_report(benchmarks.figures_file(benchmarks.PAGE)))


def endured() -> str:
    """Show the stored results; ``python -m tests.benchmarks.endurance`` measures new ones."""
    return endurance.section(endurance.read_results(endurance.results_file(benchmarks.PAGE)))


SUITE: Final = DOCS / "reference" / "suite.md"
SOCIAL: Final = DOCS / "guides" / "social-connectors.md"
KIT: Final = DOCS / "reference" / "kit.md"

PARTS: Final[tuple[tuple[Path, str, Callable[[], str]], ...]] = (
    (DOCS / "contract.md", "checks", checks),
    (DOCS / "guides" / "conformance.md", "capabilities", capabilities),
    (DOCS / "guides" / "conformance.md", "profiles", profiles),
    (DOCS / "guides" / "template-checks.md", "template-checks", template_checks),
    (DOCS / "internals" / "kill-matrix.md", "wrong connectors", wrong_connectors),
    (DOCS / "internals" / "kill-matrix.md", "right connectors", right_connectors),
    (DOCS / "reference" / "schemas.md", "schemas", schemas),
    (DOCS / "reference" / "cli.md", "commands", commands),
    (DOCS / "reference" / "connectors.md", "settings", connector_settings),
    (DOCS / "reference" / "logto-versions.md", "versions", logto_versions),
    (DOCS / "guides" / "host.md", "host-config", host_config),
    (benchmarks.PAGE, benchmarks.PART, measured),
    (benchmarks.PAGE, endurance.PART, endured),
    *(
        (SUITE, cls.__name__, partial(provider, cls))
        for cls in (HttpProvider, SmtpProvider, TcpProvider, Provider, OAuth2Provider)
    ),
    *(
        (SUITE, cls.__name__, partial(members, cls))
        for cls in (Spec, Medium, Message, Failure, SmtpFailure, Call, Outcome)
    ),
    *(
        (KIT, it.__qualname__, partial(arguments, it))
        for it in (
            *(setting, template_setting, template_names),
            *(HttpApi, HttpApi.call, HttpApi.failure),
            *(AwsApi, AwsApi.call),
            *(SmtpApi, SmtpApi.send),
        )
    ),
    *((SOCIAL, cls.__name__, partial(base_class, cls)) for cls in (OAuth2Connector, OidcConnector)),
    *((KIT, cls.__name__, partial(members, cls)) for cls in (Email, Sms, AwsRole, SmtpServer)),
)
"""Page, name of the markers, and the function that generates the text between them."""
