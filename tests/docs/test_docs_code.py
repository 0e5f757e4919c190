"""Every code block in the docs runs or parses, or has a reason why it does not."""

import json
import os
import re
import shlex
import sys
import tomllib
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from conformance import Spec
from connector_kit import bundle, config_warnings
from connector_kit.cli.application import application
from connector_kit.connectors.aws_ses import aws_ses_config_guard
from connector_kit.connectors.resend_mail import ResendConnector
from connector_kit.json_files import repeated_keys
from tests.docs.guide_project import Project, Reader, follow, is_tutorial, without_figures
from tests.docs.markdown import DOCS, PAGES, ROOT, SES, Block, blocks

TUTORIALS = [page for page in PAGES if is_tutorial(blocks(page))]
GUIDES = [page for page in PAGES if any(block.verb == "run" for block in blocks(page)) and page not in TUTORIALS]
PYTHON = [page for page in PAGES if any(block.language == "python" and block.verb != "file" for block in blocks(page))]


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """Make an empty folder for a guide's project."""
    folder = tmp_path / "project"
    folder.mkdir()
    return Project(folder, tmp_path / "site")


@pytest.mark.parametrize("page", GUIDES, ids=_name)
def test_guide_can_be_followed(page: Path, project: Project) -> None:
    """Its files are written, its project is installed, and its commands print the output on the page, except numbers.

    A run of pytest has no failed test; skipped and expected failures are allowed.
    """
    for run in follow(blocks(page), project):
        if run.expected is not None:
            assert without_figures(run.printed) == without_figures(run.expected), f"{page.name}:{run.block.line}"
        assert run.status == int("does not conform" in (run.expected or "")), run.printed
        if "pytest" in run.block.code:
            assert re.search(r"^\d+ passed(?:, \d+ (?:skipped|deselected|xfailed))* in ", run.printed, re.MULTILINE), (
                run.printed
            )


@pytest.mark.parametrize("page", TUTORIALS, ids=_name)
def test_tutorial_can_be_followed(page: Path, tmp_path: Path) -> None:
    """In a new virtual environment, from the first command on; each command succeeds and prints the output on the page."""
    for run in Reader(tmp_path).follow(blocks(page)):
        if run.status and "No matching distribution found" in run.printed and not os.environ.get("CI"):
            pytest.skip("the package registry cannot be reached")
        assert run.status == 0, f"{page.name}:{run.block.line}: {run.printed}"
        if run.expected is not None:
            assert without_figures(run.printed) == without_figures(run.expected), f"{page.name}:{run.block.line}"


@pytest.mark.parametrize("page", PYTHON, ids=_name)
def test_python_blocks_run(page: Path, project: Project, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    """A page's Python blocks run in order in one namespace; a text block after one is its output.

    Configs in the namespace produce no warnings about their templates.
    """
    found = blocks(page)
    for block in found:
        if block.verb == "file":
            project.write(block)
    monkeypatch.chdir(project.folder)
    monkeypatch.syspath_prepend(str(project.folder))
    namespace: dict[str, Any] = {"__name__": "docs"}
    for block, following in zip(found, [*found[1:], None], strict=True):
        if block.language != "python" or block.verb == "file":
            continue
        assert block.verb is None, f"{page.name}:{block.line}: {block.verb}"
        code = compile("\n" * block.line + block.code, str(page), "exec")
        try:
            exec(code, namespace)
        except Exception:  # noqa: BLE001 - reported with the line of the page
            pytest.fail(f"{page.name}: {traceback.format_exc()}")
        for value in namespace.values():
            config = value.valid_config if isinstance(value, Spec) else value
            assert _issues_of_templates(config) == [], f"{page.name}:{block.line}"
        printed = capsys.readouterr().out
        if printed and following is not None:
            assert following.language == "text"
            assert following.code.split() == printed.split()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_json_and_toml_blocks_parse(page: Path) -> None:
    """JSON blocks are JSON, and TOML blocks are TOML."""
    for block in blocks(page):
        if block.language == "json":
            json.loads(block.code)
        elif block.language == "toml":
            tomllib.loads(block.code)


@pytest.mark.parametrize("page", sorted(SES.glob("*.md")), ids=_name)
def test_ses_readme_config_is_valid_without_warnings_except_that_it_is_an_example(page: Path) -> None:
    """The one config among its JSON blocks has no error; who keeps its example values gets a warning about each."""
    configs = [
        value for value in (json.loads(it.code) for it in blocks(page) if it.language == "json") if "region" in value
    ]
    (issues,) = (aws_ses_config_guard.issues(config, strict=True) for config in configs)
    assert {issue.keyword for issue in issues} == {"placeholder"}


def _example_configs() -> Iterator[tuple[str, Any]]:
    """Yield the configs in JSON in the docs, except for those of the guides to warnings."""
    for file in (DOCS / "examples").rglob("*.json"):
        yield _name(file), json.loads(file.read_text(encoding="utf-8"))
    for page in PAGES:
        for block in blocks(page):
            if block.language == "json" and page.name not in {"configs-and-editors.md", "template-checks.md"}:
                yield f"{_name(page)}:{block.line}", json.loads(block.code)


def test_example_configs_produce_no_warnings_about_templates() -> None:
    """Nor do those in the Python blocks: `test_python_blocks_run`."""
    found = {name: config for name, config in _example_configs() if isinstance(config, dict) and "templates" in config}
    assert len(found) >= len(sorted(SES.glob("*.md"))) + 3
    for name, config in found.items():
        assert _issues_of_templates(config) == [], name


def _issues_of_templates(config: Any) -> list[str]:
    return [issue.message for rule in config_warnings for issue in rule(config) if "templates" in issue.location]


def _commands(block: Block) -> Iterator[list[str]]:
    for line in block.code.replace("\\\n", " ").splitlines():
        for part in re.split(r"&&|\||>|;", line):
            words = shlex.split(part, comments=True)
            if words[:1] == ["connector-kit"]:
                yield words[1:]


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_commands_in_the_docs_exist(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each ``connector-kit …`` in a shell block uses an existing command, options and arguments."""
    monkeypatch.setattr(sys, "path", [*sys.path])  # resolving a command adds this folder to the path
    for block in blocks(page):
        for words in _commands(block) if block.language == "sh" else ():
            context = click.Context(application, **application.context_settings)
            name, command, rest = application.resolve_command(context, list(words))
            assert command is not None
            command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=_name)
def test_block_that_is_not_run_has_a_reason(page: Path) -> None:
    """Shell and JavaScript blocks of the docs run, or their marker has the reason; scripts are run by file name."""
    for block in blocks(page):
        if block.language == "sh" or (block.language == "js" and block.verb != "file"):
            assert block.verb == "run" or (block.verb == "not run" and block.argument), f"{page.name}:{block.line}"
        assert block.language, f"{page.name}:{block.line} has a block without a language"


def test_guide_config_triggers_every_listed_warning() -> None:
    """The guide's example config triggers every warning of the table that Amazon SES has; one for Resend the others."""
    page = DOCS / "guides" / "configs-and-editors.md"
    listed = set(re.findall(r"^\| `([a-z-]+)` \|", page.read_text(encoding="utf-8"), re.MULTILINE))
    text = next(block.code for block in blocks(page) if block.argument == "config.json")
    resend = {"apiKey": "re_1 ", "fromEmail": "a@b", "templates": []}
    found = [
        *aws_ses_config_guard.issues(json.loads(text)),
        *repeated_keys(text.encode()),
        *(it for it in ResendConnector.config_guard.issues(resend) if it.severity == "warning"),
    ]
    assert {issue.keyword for issue in found} == listed
    sources = ("warning_rules.py", "json_files.py", "settings.py", "connectors/aws_ses/config.py")
    code = "".join((ROOT / "connector_kit" / name).read_text(encoding="utf-8") for name in sources)
    assert {keyword for keyword in listed if f'"{keyword}"' not in code} == set()


def test_schema_for_editors_is_the_bundled_one() -> None:
    """``connector-kit schema ID`` and ``bundle`` give one document."""
    assert aws_ses_config_guard.schema == bundle("aws-ses-config")
