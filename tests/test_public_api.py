"""The public API: complete, documented, and light to import."""

import ast
import importlib
import inspect
import json
import os
import pkgutil
import re
import subprocess
import sys
from importlib.resources import files
from pathlib import Path
from types import ModuleType

import attrs
import pytest

import connector_kit
from tests.guard_cases import ses_config

OFFICIAL = [
    "ConnectorType",
    "ConnectorPlatform",
    "TemplateType",
    "VerificationCodeType",
    "ConnectorConfigFormItemType",
    "ConnectorErrorCodes",
    "OidcPrompt",
    "DemoConnector",
    "ServiceConnector",
    "demo_connector_ids",
    "service_connector_ids",
    "ConnectorError",
    "connector_metadata_guard",
    "configurable_connector_metadata_guard",
    "social_connector_metadata_guard",
    "i18n_phrases_guard",
    "connector_config_form_item_guard",
    "send_message_data_guard",
    "send_message_payload_guard",
    "email_template_details_guard",
    "social_user_info_guard",
    "connector_session_guard",
    "token_response_guard",
    "google_one_tap_config_guard",
    "oidc_prompts_guard",
    "template_type_guard",
    "verification_code_type_guard",
    "json_guard",
    "json_object_guard",
    "email_service_branding_guard",
    "url_reg_ex",
    "GoogleConnector",
    "is_google_one_tap",
    "is_external_google_one_tap",
    "logto_google_one_tap_cookie_key",
    "validate_config",
    "parse_json",
    "parse_json_object",
    "replace_send_message_handlebars",
    "get_value",
    "get_config_template_by_type",
    "get_access_token_by_refresh_token",
    "strip_header_control_chars",
    "sanitize_mailbox_display_name",
    "sanitize_mailbox_address",
    "format_mailbox",
    "parse_send_from",
    "mock_connector_file_paths",
]
HEAVY = ("botocore", "hypothesis", "pytest", "starlette", "uvicorn", "click", "rich", "urllib3", "conformance")
DEPENDENCIES = ("attr", "cattrs", "jsonschema", "jsonschema_rs", "referencing", "idna")
STANDARD_LIBRARY = ("http.client", "ssl", "email.parser", "importlib.metadata", "logging", "html")


def _modules() -> list[ModuleType]:
    found = pkgutil.walk_packages(connector_kit.__path__, "connector_kit.")
    names = [info.name for info in found if not info.name.startswith("connector_kit.cli")]
    return [connector_kit, *(importlib.import_module(name) for name in names)]


def test_every_export_of_the_official_kit_has_a_counterpart() -> None:
    """Types keep their names; functions, constants and guards are in snake_case."""
    assert set(OFFICIAL) <= set(connector_kit.__all__)


def test_all_is_sorted_and_complete() -> None:
    """``__all__`` lists each public name once: constants, classes, functions, each sorted."""
    names = connector_kit.__all__
    rank = [(not name.isupper(), name[0].islower(), name) for name in names]
    assert rank == sorted(rank)
    assert len(set(names)) == len(names)
    assert set(names) == connector_kit._MODULES.keys()
    assert set(names) <= set(dir(connector_kit))


def test_type_checkers_find_each_name_in_the_module_from_which_it_is_imported() -> None:
    """The imports for type checkers never run."""
    tree = ast.parse(inspect.getsource(connector_kit))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level == 0]
    found = {name.name: str(node.module) for node in imports for name in node.names}
    expected = {name: f"connector_kit.{module}" for name, module in connector_kit._MODULES.items()}
    assert {name: module for name, module in found.items() if module.startswith("connector_kit")} == expected


def test_no_public_name_is_that_of_a_module() -> None:
    """Importing the module would replace the name by it."""
    modules = {info.name for info in pkgutil.iter_modules(connector_kit.__path__)}
    assert not modules & set(connector_kit.__all__)


def test_unknown_name_is_an_attribute_error() -> None:
    """As in any module."""
    with pytest.raises(AttributeError, match="module 'connector_kit' has no attribute 'Nothing'"):
        connector_kit.Nothing  # noqa: B018 - the attribute raises
    with pytest.raises(ImportError):
        exec("from connector_kit import Nothing")


def test_star_import_works() -> None:
    """It gives every listed name."""
    namespace: dict[str, object] = {}
    exec("from connector_kit import *", namespace)
    assert set(connector_kit.__all__) <= namespace.keys()


def _loaded(code: str) -> set[str]:
    """Return the modules that a new process has loaded after it ran some code."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("COV")}  # coverage loads more
    report = "import sys; sys.stderr.write(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", f"import atexit; atexit.register(lambda: exec({report!r}))\n{code}"],
        capture_output=True,
        text=True,
        check=True,
        env=environment,
        timeout=60,
    )
    return set(done.stderr.split())


def test_import_of_the_package_loads_nothing_else() -> None:
    """Each public name is imported when it is first used."""
    loaded = _loaded("import connector_kit")
    assert {name for name in loaded if name.startswith("connector_kit")} == {"connector_kit"}
    assert not loaded & {*HEAVY, *DEPENDENCIES, *STANDARD_LIBRARY}


@pytest.mark.parametrize(
    ("names", "unneeded"),
    [
        ("ConnectorError", {*DEPENDENCIES, *STANDARD_LIBRARY} - {"attr"}),
        ("EmailConnector, Guard, ConnectorMetadata, Template", {"http.client", "ssl", "email.parser"}),
        ("parse_json, redact, find_connector, encode_mailbox", {"http.client", "ssl", "email.parser"}),
    ],
)
def test_import_of_a_name_loads_no_provider_and_no_extra(names: str, unneeded: set[str]) -> None:
    """The base installation is enough, and the import is quick."""
    loaded = _loaded(f"from connector_kit import {names}")
    assert not loaded & {*HEAVY, *unneeded, "jsonschema_rs"}
    assert not any(name.startswith(("connector_kit.connectors", "connector_kit.cli")) for name in loaded)


def test_validate_command_loads_only_what_it_needs(tmp_path: Path) -> None:
    """Not the provider's client, the validator that is faster but slower to load, styles, or other commands."""
    config = tmp_path / "config.json"
    config.write_text(json.dumps(ses_config()), encoding="utf-8")
    loaded = _loaded(f"from connector_kit.cli import main\nmain(['validate', 'aws-ses-mail', {str(config)!r}])")
    assert {"connector_kit.connectors.aws_ses.config", "click", "jsonschema"} <= loaded
    assert not loaded & {*set(HEAVY) - {"click"}, "jsonschema_rs", "http.client", "ssl", "connector_kit.social"}
    commands = {name for name in loaded if name.startswith("connector_kit.cli.command_")}
    assert commands == {"connector_kit.cli.command_validate"}


@pytest.mark.parametrize("package", ["connector_kit", "conformance"])
def test_package_has_a_type_marker(package: str) -> None:
    """PEP 561."""
    assert (files(package) / "py.typed").is_file()


@pytest.mark.parametrize("module", _modules(), ids=lambda module: module.__name__)
def test_public_names_have_docstrings(module: ModuleType) -> None:
    """The first line is a sentence."""
    assert module.__doc__
    for name, value in vars(module).items():
        own = getattr(value, "__module__", None) == module.__name__
        if name.startswith("_") or not own or not (inspect.isclass(value) or inspect.isfunction(value)):
            continue
        members = [value]
        if inspect.isclass(value):
            members += [
                getattr(it, "fget", None) or getattr(it, "__func__", it)
                for key, it in vars(value).items()
                if not key.startswith("_") and (inspect.isroutine(it) or isinstance(it, property | classmethod))
            ]
        for member in members:
            first = (inspect.getdoc(member) or "").split("\n\n")[0].strip()
            assert first.endswith((".", ":")), f"{module.__name__}.{name}: {member}"


SECRET = re.compile(r"secret(?!s$)|token$|nonce|^state$|access_key|raw_data|^extra$|^code$|valid_config")
NAMES_OF_FIELDS = connector_kit.GoogleOneTapParams  # its values are names of form fields, not secrets
ERROR_CODES = {("ErrorKind", "code"), ("_ErrorResponse", "code")}  # codes of errors, not verification codes


def test_reprs_show_no_field_named_like_a_secret() -> None:
    """In every class of the kit."""
    classes = {value for module in _modules() for value in vars(module).values() if inspect.isclass(value)}
    secret = {
        (cls.__name__, field.name, bool(field.repr))
        for cls in classes - {NAMES_OF_FIELDS}
        if attrs.has(cls) and cls.__module__.startswith("connector_kit.")
        for field in attrs.fields(cls)
        if SECRET.search(field.name) and (cls.__name__, field.name) not in ERROR_CODES
    }
    assert {("AwsSesConfig", "access_key_secret", False), ("TokenResponse", "refresh_token", False)} <= secret
    assert [it for it in secret if it[2]] == []


def test_package_only_reexports() -> None:
    """Every class and function is defined in a module."""
    for name in connector_kit.__all__:
        value = getattr(connector_kit, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__module__.startswith("connector_kit."), name
