"""Tables in the docs agree with the code."""

import importlib
import inspect
import re
from fnmatch import fnmatch
from typing import Any, get_args

import attrs
import pytest

import connector_kit
from conformance import (
    Aspect,
    Check,
    Family,
    HttpProvider,
    HttpRequest,
    Message,
    Provider,
    SmtpProvider,
    State,
    TcpProvider,
)
from conformance.checks import all_checks
from conformance.providers.aws_ses import AwsSesProvider
from conformance.providers.oauth2 import OAuth2Provider
from connector_kit import ConnectorErrorCodes, Guard, schema_names
from connector_kit.cli import errors
from tests.benchmarks import page as benchmarks
from tests.docs.generated import PARTS, SUITE, all_commands, attributes, bases, guards
from tests.docs.markdown import DOCS, ROOT, between, section, table

EXPORTS = DOCS / "reference" / "exports.md"
CONFORMANCE = DOCS / "guides" / "conformance.md"

_RUNTIME = """
ConnectorConfigFormItemType ConnectorError ConnectorErrorCodes ConnectorPlatform ConnectorType DemoConnector
GoogleConnector OidcPrompt ServiceConnector TemplateType VerificationCodeType configurableConnectorMetadataGuard
connectorConfigFormItemGuard connectorMetadataGuard connectorSessionGuard demoConnectorIds emailServiceBrandingGuard
emailTemplateDetailsGuard formatMailbox getAccessTokenByRefreshToken getConfigTemplateByType getValue
googleOneTapConfigGuard i18nPhrasesGuard isExternalGoogleOneTap isGoogleOneTap jsonGuard jsonObjectGuard
logtoGoogleOneTapCookieKey mockConnectorFilePaths oidcPromptsGuard parseJson parseJsonObject parseSendFrom
replaceSendMessageHandlebars sanitizeMailboxAddress sanitizeMailboxDisplayName sendMessageDataGuard
sendMessagePayloadGuard serviceConnectorIds socialConnectorMetadataGuard socialUserInfoGuard stripHeaderControlChars
templateTypeGuard tokenResponseGuard urlRegEx validateConfig verificationCodeTypeGuard
"""
RUNTIME = _RUNTIME.split()
"""The keys of the module `@logto/connector-kit` 5.1.1; tests/interop/test_names.py compares them with npm's."""

_TYPES = """
AllConnector BaseConnector ConfigurableConnectorMetadata ConnectorConfigFormItem ConnectorMetadata ConnectorSession
CreateConnector EmailConnector EmailServiceBranding EmailTemplateDetails GetAccessTokenByRefreshToken
GetAuthorizationUri GetCloudServiceClient GetConnectorConfig GetI18nEmailTemplate GetSession
GetTokenResponseAndUserInfo GetUsageFunction GetUserInfo GoogleConnectorConfig GoogleOneTapConfig I18nPhrases
OidcPrompts SendMessageData SendMessageFunction SendMessagePayload SetSession SmsConnector SocialConnector
SocialConnectorMetadata SocialUserInfo ToZodObject TokenResponse ValidateSamlAssertion
"""
TYPES = _TYPES.split()
"""The `export type`s of its declaration files."""


def _exports(heading: str) -> list[tuple[str, ...]]:
    return table(section(EXPORTS, heading))


@pytest.mark.parametrize(("page", "name", "generate"), PARTS, ids=[name for _, name, _ in PARTS])
def test_generated_parts_are_up_to_date(page: Any, name: str, generate: Any) -> None:
    """``python -m tests.docs.regenerate`` updates them."""
    assert between(page.read_text(encoding="utf-8"), name) == generate()


def test_charts_are_up_to_date() -> None:
    """They show the stored figures, and no other charts are stored."""
    figures = benchmarks.figures_file(benchmarks.PAGE)
    stored = {it.name: it.read_text(encoding="utf-8") for it in figures.parent.glob("*.svg")}
    assert stored == benchmarks.charts(benchmarks.read_report(figures))


def test_every_runtime_export_has_a_row() -> None:
    """Each of the official package's runtime exports has a row, and a Python name."""
    rows = _exports("## Runtime exports")
    assert sorted(row[0] for row in rows) == sorted(RUNTIME)
    assert all(row[1] in connector_kit.__all__ for row in rows)


def test_every_type_has_a_row() -> None:
    """Each of the official package's types has a row with a Python name, or with the reason why it has none."""
    rows = _exports("## Types")
    assert sorted(row[0] for row in rows) == sorted(TYPES)
    for official, python, _, note in rows:
        if python == "none":
            assert note, f"{official} is left out without a reason"
        else:
            assert python.partition(".")[0] in connector_kit.__all__


def test_every_public_name_has_a_row() -> None:
    """Every public name is in one of the tables."""
    official = {row[1].partition(".")[0] for row in (*_exports("## Runtime exports"), *_exports("## Types"))}
    own = {row[0] for row in _exports("## Names without an official counterpart")}
    assert own | official - {"none"} == set(connector_kit.__all__)


def test_names_are_defined_in_the_listed_module() -> None:
    """The module of a row defines the name of the row."""
    rows = [row[1:3] for heading in ("## Runtime exports", "## Types") for row in _exports(heading)]
    rows += [row[:2] for row in _exports("## Names without an official counterpart")]
    for name, module in rows:
        if name == "none":
            continue
        found: Any = importlib.import_module(module)
        assert re.search(
            rf"^(?:class {name.partition('.')[0]}\b|def {name}\b|{name} *[:=])", inspect.getsource(found), re.MULTILINE
        ), f"{module} does not define {name}"
        for part in name.split("."):
            found = getattr(found, part)


def test_every_guard_has_its_schema() -> None:
    """Every guard is in the table of schemas; only the templates and the suite's report have no guard."""
    public = {name for name in connector_kit.__all__ if isinstance(getattr(connector_kit, name), Guard)}
    assert public <= set(guards().values())
    assert [name for name in schema_names() if not guards()[name]] == ["conformance-report", "sms-template", "template"]


def test_states_are_those_of_the_suite() -> None:
    """Each state, and whether it is an error."""
    rows = table(section(CONFORMANCE, "## States"))
    assert [row[0] for row in rows] == [str(state) for state in State]
    errors = {State.FAILED, State.UNEXPECTED_PASS, State.NOT_EXERCISED}
    assert [row[2].startswith("yes") for row in rows] == [state in errors for state in State]


def test_families_have_the_codes_of_the_ses_stub() -> None:
    """Each family has the code that the SES stub's outcomes of that family expect."""
    rows = table(section(CONFORMANCE, "## Providers").partition("belongs to a family")[2])
    assert [row[0] for row in rows] == list(get_args(Family))
    for family, _, code in rows:
        expected = {outcome.expect for outcome in AwsSesProvider.outcomes if outcome.family == family}
        assert expected == {None if code == "none" else ConnectorErrorCodes(code)}


def test_aspects_are_those_of_the_suite() -> None:
    """The table lists every aspect of a request that a stub checks."""
    text = section(CONFORMANCE, "## Providers").partition("one aspect at a time")[2]
    assert [row[0] for row in table(text)] == list(get_args(Aspect))


class _Http(HttpProvider):
    config_key = "endpoint"
    authorization = ""

    def read(self, request: HttpRequest) -> Message:
        raise NotImplementedError


class _Smtp(SmtpProvider):
    user_key = "user"
    password_key = "password"


def test_common_outcomes_are_those_of_every_http_provider() -> None:
    """The table lists each outcome that a stub has without failures of its own, and existing checks."""
    rows = table(section(SUITE, "### Common outcomes"))
    assert sorted(it for row in rows for it in re.findall(r"[\w-]+", row[0])) == sorted(
        it.name for it in _Http.outcomes
    )
    ids = {check.id for check in all_checks()}
    used = {it for row in rows for it in re.findall(r"[a-z]+\.[a-z*-]+", row[2])}
    assert {it for it in used if not any(fnmatch(known, it) for known in ids)} == set()


def test_common_outcomes_are_those_of_every_smtp_provider() -> None:
    """The sentence lists each outcome that a stub has without failures of its own."""
    (sentence,) = re.findall(
        r"^Its common outcomes are (.*?)\.\n", section(SUITE, "## SmtpProvider"), re.MULTILINE | re.DOTALL
    )
    assert set(re.findall(r"`([\w-]+)`", sentence)) == {it.name for it in _Smtp.outcomes} - {"accepted"}


@pytest.mark.parametrize(
    "stub", [HttpProvider, SmtpProvider, TcpProvider, Provider, OAuth2Provider], ids=lambda it: it.__name__
)
def test_every_attribute_of_a_stub_is_described(stub: type[Provider]) -> None:
    """A docstring follows each public attribute that an author sets, so the generated table has it."""
    for base in bases(stub):
        public = {name for name in inspect.get_annotations(base) if not name.startswith("_")}
        assert public - {"outcomes"} == attributes(base).keys() - {"outcomes"}


def test_exit_statuses_are_in_the_reference() -> None:
    """The reference lists every exit status of the command line."""
    listed = {int(row[0]) for row in table(section(DOCS / "reference" / "cli.md", "## Exit status"))}
    assert listed == {0, errors.REJECTED, errors.COMMAND_FAILED, errors.INTERRUPTED, errors.OUTPUT_CLOSED}


def test_every_command_has_a_section() -> None:
    """The reference has one section for each command of the kit and its plug-ins."""
    text = (DOCS / "reference" / "cli.md").read_text(encoding="utf-8")
    assert re.findall(r"^### (\w+)$", text, re.MULTILINE) == list(all_commands())


def test_every_module_is_in_the_architecture() -> None:
    """Every module and folder of the two packages is in the layout."""
    rows = table(section(DOCS / "architecture.md", "## Layout"))
    named = {name for row in rows for name in re.findall(r"[\w./]+/[\w.]*", " ".join(row))}
    for package in ("connector_kit", "conformance"):
        for path in (ROOT / package).iterdir():
            name = f"{package}/{path.name}{'/' if path.is_dir() else ''}"
            if path.suffix != ".typed" and path.name != "__pycache__" and name != "conformance/__init__.py":
                assert name in named, name


def test_documented_layers_equal_the_import_linter_contract() -> None:
    """The documented layers equal the contract in pyproject.toml, layer by layer."""
    text = section(DOCS / "architecture.md", "## Layers").partition("```text\n")[2].partition("```")[0]
    drawn = [set(line.split(" · ")) for line in text.splitlines()]
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    kept = re.search(r'id = "layers".*?layers = \[\n(.*?)\]', pyproject, re.DOTALL)
    assert kept is not None
    lines = [set(re.findall(r"connector_kit\.(\w+)", line)) for line in kept[1].splitlines()]
    assert drawn == lines


def test_check_table_has_fields_of_a_check() -> None:
    """The columns are fields of a check, and every description ends with a full stop."""
    assert {"id", "level", "clause", "needs", "description"} <= {field.name for field in attrs.fields(Check)}
    assert all(check.description.endswith(".") for check in all_checks())
