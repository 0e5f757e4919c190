"""Each project that ``connector-kit new`` writes installs, conforms, and has no errors in mypy and ruff, untouched."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

import conformance
import connector_kit
from connector_kit.scaffold.project import APIS, Project, check_base_url, check_name, check_provider

COMBINATIONS = [(kind, api) for kind, apis in APIS.items() for api in apis]
SHORT = ("a", "A", "https://a.b")
LONG = ("a" * 30, "C" * 30, f"https://a.{'b' * 50}")


def _write(project: Project, folder: Path) -> Path:
    for path, content in project.files().items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return folder


def _run(folder: Path, *command: str, **environment: str) -> str:
    """Run a command in a project as its author would, and return its output."""
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "MYPY_CACHE_DIR": str(folder.parent / "mypy"), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of all projects; mypy reads the kit once for all of them."""
    return tmp_path_factory.mktemp("projects")


@pytest.mark.parametrize(("kind", "api"), COMBINATIONS)
def test_project_installs_conforms_type_checks_and_lints(projects: Path, kind: str, api: str) -> None:
    """Its own test passes, too."""
    name = f"acme-{kind}-{api}"
    folder = _write(Project(name, kind, api, "Acme", "https://api.acme.example/v1"), projects / name)
    site = projects / f"site-{name}"
    install = ("pip", "install", "-q", "--no-index", "--no-deps", "--no-build-isolation", "--target", str(site), ".")
    _run(folder, *install)
    _run(folder, "ruff", "check", ".")
    _run(folder, "ruff", "format", "--check", ".")
    _run(folder, "mypy")
    shown = _run(folder, "connector_kit.cli", "conformance", name, "--profile", "dev", PYTHONPATH=str(site))
    assert shown.rstrip().endswith(f"{name} conforms.")
    # The same checks as tests: those of two areas show that the file works.
    passed = _run(folder, "pytest", "-q", "-k", "metadata or config.default", PYTHONPATH=str(site))
    assert " passed" in passed


@pytest.mark.parametrize(("kind", "api"), COMBINATIONS)
@pytest.mark.parametrize("names", [SHORT, LONG], ids=["short", "long"])
def test_names_of_any_length_lint(projects: Path, kind: str, api: str, names: tuple[str, str, str]) -> None:
    """Lines have at most the length that the project's ruff accepts, and are formatted."""
    name, provider, base_url = names
    project = Project(check_name(name), kind, api, check_provider(provider), check_base_url(base_url))
    folder = _write(project, projects / f"{kind}-{api}-{len(name)}")
    _run(folder, "ruff", "check", ".")
    _run(folder, "ruff", "format", "--check", ".")


@pytest.mark.parametrize(("kind", "api"), COMBINATIONS)
def test_project_uses_public_names_only(kind: str, api: str) -> None:
    """Of the kit and of the suite."""
    public = {"connector_kit": connector_kit.__all__, "conformance": conformance.__all__}
    for path, content in Project("acme-mail", kind, api, "Acme", "https://api.acme.example").files().items():
        tree = ast.parse(content) if path.endswith(".py") else ast.Module([], [])
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and str(node.module).split(".")[0] in public:
                assert {it.name for it in node.names} <= {*public.get(str(node.module), ())}, path


@pytest.mark.parametrize(("kind", "api"), COMBINATIONS)
def test_readme_lists_the_settings(kind: str, api: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The page that Console shows has each key of the config."""
    module = f"acme_{kind}_{api}"
    _write(Project(module.replace("_", "-"), kind, api, "Acme", "https://api.acme.example"), tmp_path)
    monkeypatch.syspath_prepend(tmp_path / "src")
    connector = connector_kit.find_connector(
        f"{module}:{''.join(it.capitalize() for it in module.split('_'))}Connector"
    )
    readme = (tmp_path / "src" / module / "README.md").read_text(encoding="utf-8")
    table = [line for line in readme.splitlines() if line.startswith("| `")]
    named = [key for line in table for key in line.split("|")[1].replace("`", "").replace(",", " ").split()]
    assert named == [it.key for it in connector.metadata.form_items or ()]


def test_workflow_runs_every_check() -> None:
    """Each of them in one step."""
    files = Project("acme-mail", "email", "json", "Acme", "https://api.acme.example").files()
    steps = yaml.safe_load(files[".github/workflows/ci.yml"])["jobs"]["checks"]["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    assert [it.split()[0] for it in commands] == ["python", "ruff", "ruff", "mypy", "pytest", "connector-kit"]
    hooks = yaml.safe_load(files[".pre-commit-config.yaml"])["repos"]
    assert {hook["id"] for repo in hooks for hook in repo["hooks"]} >= {"ruff-check", "ruff-format", "mypy"}
