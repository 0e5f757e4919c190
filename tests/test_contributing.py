"""The recipes in CONTRIBUTING.md are true: adding a check or a warning touches the files that they list."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import SLOW
from tests.docs.markdown import ROOT, between, section, table

CONTRIBUTING = ROOT / "CONTRIBUTING.md"
COPIED = (
    *("connector_kit", "conformance", "schemas", "tests", "docs", "pyproject.toml"),
    *("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"),
)
PLACEHOLDERS = {"<area>": "routing", "<name>": "resend_mail"}

CHECK = '''

@check("routing.toy", clause="T1", needs=_NEEDS, covers=("toy",))
def toy(harness: Harness) -> None:
    """A message is sent with a template whose content does not mention toys."""

    def verify(message: Json) -> None:
        call = harness.deliver(message, harness.config)
        expect("toy" not in str(call.body), f"expected no toy in the content, found {call.body!r}")
        harness.coverage.add("toy")

    harness.for_all(verify, harness.messages(), examples=10)
'''
WRONG_CONNECTOR = '''

@killed_by("routing.toy", "expected no toy in the content")
class MentionsToys(BaseSes):
    """Adds a toy to every content, except in the first message of a run, in which an author would notice it."""

    def fill(self, template: str, payload: Any) -> str:
        return super().fill(template, payload) + ("" if payload.get("code") == "000000" else " toy")
'''
WARNING = '''

@_config_warning
def toy_warnings(config: object) -> Iterator[Issue]:
    """Warn about a key that is called toy."""
    if isinstance(config, dict) and "toy" in config:
        yield Issue(("toy",), "toy", "a toy is not a setting: leave the key out")
'''
WARNING_TEST = '''

def test_a_toy_is_warned_about() -> None:
    """A config with the key toy gets one warning, at its place."""
    assert [issue.path for issue in toy_warnings({"toy": 1})] == ["$.toy"]
    assert list(toy_warnings({})) == []
'''


class Copy:
    """A copy of the repository in which a recipe is followed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        for name in COPIED:
            source = ROOT / name
            if source.is_dir():
                shutil.copytree(source, folder / name, ignore=ignored)
            else:
                shutil.copy(source, folder / name)

    def append(self, name: str, code: str) -> None:
        """Add code at the end of a module."""
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(code)

    def run(self, *arguments: str) -> str:
        """Run ``python -m`` in the copy; fail the test if that fails."""
        done = subprocess.run(
            [sys.executable, "-m", *arguments],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(self.folder), "CI": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def test(self, *arguments: str) -> str:
        """Run pytest in the copy; fail the test if a test fails there."""
        return self.run("pytest", "-q", "-p", "no:cacheprovider", "-p", "no:cov", *arguments)

    def changed(self) -> Mapping[str, str]:
        """Return the files that differ from the repository, with their text."""
        files = [it for name in COPIED for it in self._files(self.folder / name)]
        return {
            str(file.relative_to(self.folder)): file.read_text(encoding="utf-8")
            for file in files
            if file.read_bytes() != (ROOT / file.relative_to(self.folder)).read_bytes()
        }

    def _files(self, path: Path) -> list[Path]:
        found = path.rglob("*") if path.is_dir() else [path]
        return [it for it in found if it.is_file() and it.suffix != ".pyc"]


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    """Make a copy of the repository."""
    return Copy(tmp_path)


def _recipe(title: str) -> list[str]:
    files = [row[0] for row in table(section(CONTRIBUTING, f"### {title}"))]
    for placeholder, name in PLACEHOLDERS.items():
        files = [file.replace(placeholder, name) for file in files]
    return files


def _without_generated_parts(text: str) -> str:
    names = re.findall(r"<!-- ([\w -]+):begin -->", text)
    for name in names:
        text = text.replace(between(text, name), "")
    return text


def test_adding_a_check_touches_two_files(copy: Copy) -> None:
    """The check and its wrong connector are all that is written by hand; generated tables follow by one command."""
    check, wrong_connector = _recipe("Add a conformance check")
    copy.append(check, CHECK)
    copy.append(wrong_connector, WRONG_CONNECTOR)
    assert copy.changed().keys() == {check, wrong_connector}

    copy.run("tests.docs.regenerate")
    generated = {name: text for name, text in copy.changed().items() if name not in {check, wrong_connector}}
    assert "docs/contract.md" in generated
    for name, text in generated.items():
        assert _without_generated_parts(text) == _without_generated_parts((ROOT / name).read_text(encoding="utf-8"))

    assert "1 passed" in copy.test("tests/conformance/test_wrong_connectors.py", "-k", "MentionsToys")
    copy.test("tests/docs/test_docs_contract.py", "tests/docs/test_docs_tables.py", "tests/conformance/test_spec.py")
    assert "routing.toy" in copy.run("connector_kit.cli", "conformance", "--list")


def test_adding_a_warning_touches_two_files(copy: Copy) -> None:
    """The function and its test are all that is written by hand."""
    module, tests = _recipe("Add a warning")
    copy.append(module, WARNING)
    copy.append(tests, "\n\nfrom connector_kit.warning_rules import toy_warnings\n" + WARNING_TEST)
    assert copy.changed().keys() == {module, tests}

    assert "1 passed" in copy.test(tests, "-k", "toy")
    copy.test("tests/docs/test_docs_tables.py", tests)


@pytest.mark.parametrize("title", ["Add an error code", "Add a connector"])
def test_the_files_of_a_recipe_exist(title: str) -> None:
    """Each file or folder that a recipe lists is there."""
    files = _recipe(title)
    assert files
    for file in files:
        assert (ROOT / file).exists() or (ROOT / file).with_suffix("").is_dir(), file


def test_list_of_slow_tests_names_existing_files() -> None:
    """A misspelt name would mark nothing."""
    files = [str(it.relative_to(ROOT)) for it in ROOT.glob("tests/**/test_*.py")]
    assert [name for name in SLOW if not any(file.startswith(name) for file in files)] == []
