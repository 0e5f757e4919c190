"""What is built is what is installed: sdist, wheel from the sdist, a clean environment outside the checkout."""

import ast
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import conformance
import connector_kit
from tests.docs.markdown import blocks

ROOT = Path(__file__).parents[1]
SCHEMAS = {file.name: file.read_bytes() for file in (ROOT / "schemas").glob("*.schema.json")}


def _run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "COV_", "COVERAGE"))}
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )


def _succeed(*command: str | Path, cwd: Path) -> str:
    done = _run(*command, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the sdist from the checkout, and the wheel from the sdist."""
    folder = tmp_path_factory.mktemp("dist")
    _succeed(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel with its dependencies alone, and return the environment's folder of commands."""
    folder = tmp_path_factory.mktemp("clean")
    _succeed(sys.executable, "-m", "venv", folder / "venv", cwd=folder)
    commands = folder / "venv" / "bin"
    done = _run(commands / "python", "-m", "pip", "install", "--quiet", wheel, cwd=folder)
    if done.returncode != 0 and not os.environ.get("CI"):
        pytest.skip(f"the dependencies cannot be installed here: {done.stderr.splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    return commands


@pytest.fixture(scope="module")
def with_extras(installed: Path, wheel: Path) -> Path:
    """Add what ``[all]`` adds."""
    _succeed(installed / "python", "-m", "pip", "install", "--quiet", f"{wheel}[all]", cwd=installed)
    return installed


def test_the_wheel_holds_every_schema_byte_for_byte(wheel: Path) -> None:
    """A wheel without schemas would build just as silently."""
    with zipfile.ZipFile(wheel) as archive:
        prefix = "connector_kit/schemas/"
        found = {it.removeprefix(prefix): archive.read(it) for it in archive.namelist() if it.startswith(prefix)}
    assert len(SCHEMAS) == 23
    assert found == SCHEMAS


def test_the_wheel_holds_what_the_ses_connector_shows(wheel: Path) -> None:
    """Logos, the guide in three languages, and the type markers."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    connector = "connector_kit/connectors/aws_ses/"
    assets = ("logo.svg", "logo-dark.svg", "README.md", "README.es.md", "README.pt-BR.md")
    assert {connector + asset for asset in assets} | {"connector_kit/py.typed", "conformance/py.typed"} <= names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"connector_kit", "conformance"}


def test_the_wheel_holds_what_runs_packages_of_npm(wheel: Path) -> None:
    """The driver and the pinned versions are no Python, and are there all the same."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    files = ("driver.mjs", "pinned/package.json", "pinned/package-lock.json")
    assert {f"conformance/npm/{file}" for file in files} <= names


def test_check_wheel_contents_finds_nothing(wheel: Path) -> None:
    """No stray files, no duplicates, nothing but the two packages at the top."""
    told = _succeed(
        Path(sys.executable).parent / "check-wheel-contents", "--config", ROOT / "pyproject.toml", wheel, cwd=ROOT
    )
    assert told.rstrip().endswith("OK")


def test_the_installed_kit_gives_the_schemas_of_the_checkout(installed: Path) -> None:
    """Outside the checkout, the schemas come from the wheel."""
    program = (
        "import json, connector_kit as kit; print(json.dumps({name: kit.bundle(name) for name in kit.schema_names()}))"
    )
    told = json.loads(_succeed(installed / "python", "-c", program, cwd=installed))
    assert told == {name: connector_kit.bundle(name) for name in connector_kit.schema_names()}


def test_the_base_install_says_what_the_command_line_needs(installed: Path) -> None:
    """Without the extra: one line, exit status 2."""
    script = "import sys; sys.modules['click'] = None; from connector_kit.cli import main; sys.exit(main())"
    done = _run(installed / "python", "-c", script, cwd=installed)
    assert done.returncode == 2
    assert "logto-connector-kit[cli]" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_installed_commands_work(with_extras: Path) -> None:
    """`list`, `show` and the main job, from an environment that has only the wheel."""
    command = with_extras / "connector-kit"
    assert "aws-ses-mail" in _succeed(command, "list", cwd=with_extras)
    shown = json.loads(_succeed(command, "show", "aws-ses-mail", "--format", "json", cwd=with_extras))
    assert shown["id"] == "aws-ses-mail"
    told = _succeed(command, "conformance", "aws-ses-mail", "--profile", "dev", "--check", "metadata", cwd=with_extras)
    assert "aws-ses-mail conforms." in told


def test_a_new_author_gets_from_nothing_to_a_report(with_extras: Path, tmp_path: Path) -> None:
    """The guide's project, in an environment that has only the wheel, with public names alone, conforms and says so."""
    for block in blocks(ROOT / "docs" / "guides" / "write-a-connector.md"):
        if block.verb == "file":
            file = tmp_path / "acme" / block.argument
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(block.code, encoding="utf-8")
    assert _private_names(tmp_path / "acme") == []
    _succeed(with_extras / "python", "-m", "pip", "install", "--quiet", tmp_path / "acme", cwd=tmp_path)
    try:
        written = {name: tmp_path / f"report.{name}" for name in ("html", "junit", "json", "badge")}
        options = [part for name, file in written.items() for part in (f"--{name}", file)]
        told = _succeed(
            with_extras / "connector-kit", "conformance", "acme-mail", "--profile", "dev", *options, cwd=tmp_path
        )
        assert told.rstrip().endswith("acme-mail conforms.")
        report = json.loads(written["json"].read_text(encoding="utf-8"))
        assert (report["connector"], report["conforms"]) == ("acme-mail", True)
        assert {"passed"} <= {check["state"] for check in report["checks"]}
        assert all(check["examples"] for check in report["checks"] if check["state"] == "passed")
        assert "acme-mail" in written["html"].read_text(encoding="utf-8")
        assert written["junit"].read_text(encoding="utf-8").count("<testcase ") == len(report["checks"])
        assert "conforms" in written["badge"].read_text(encoding="utf-8")
    finally:
        _succeed(with_extras / "python", "-m", "pip", "uninstall", "--quiet", "--yes", "acme-mail", cwd=tmp_path)


def _private_names(project: Path) -> list[str]:
    """Return what a project imports of the kit and the suite that they do not export."""
    public = {"connector_kit": set(connector_kit.__all__), "conformance": set(conformance.__all__)}
    found = []
    for file in project.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in public:
                names = {name.name for name in node.names} - public.get(node.module, set())
                found += [f"{file.name}: {node.module}.{name}" for name in sorted(names)]
    return found


def test_the_installed_kit_writes_the_package_of_the_checkout(with_extras: Path, tmp_path: Path) -> None:
    """The JavaScript of the npm package is in the wheel, all of it."""
    _succeed(with_extras / "connector-kit", "package", "aws-ses-mail", "--out", tmp_path / "out", cwd=with_extras)
    code = ROOT / "connector_kit" / "logto_package" / "npm"
    assert {file.name for file in (tmp_path / "out" / "lib").iterdir()} == {
        *(file.name for file in code.iterdir()),
        "connector.json",
    }
    assert all((tmp_path / "out" / "lib" / file.name).read_bytes() == file.read_bytes() for file in code.iterdir())
