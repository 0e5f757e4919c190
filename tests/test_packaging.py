"""The sdist, the wheel built from it, and an installation outside the checkout."""

import ast
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import conformance
import connector_kit

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
    """Install the wheel with its dependencies only, and return the environment's folder of commands."""
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
    """Install the extra ``all``."""
    _succeed(installed / "python", "-m", "pip", "install", "--quiet", f"{wheel}[all]", cwd=installed)
    return installed


def test_wheel_contains_every_schema(wheel: Path) -> None:
    """Byte for byte."""
    with zipfile.ZipFile(wheel) as archive:
        prefix = "connector_kit/schemas/"
        found = {it.removeprefix(prefix): archive.read(it) for it in archive.namelist() if it.startswith(prefix)}
    assert SCHEMAS
    assert found == SCHEMAS


def test_wheel_contains_the_files_of_the_ses_connector(wheel: Path) -> None:
    """Logos, the guide in three languages, and the type markers."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    connector = "connector_kit/connectors/aws_ses/"
    assets = ("logo.svg", "logo-dark.svg", "README.md", "README.es.md", "README.pt-BR.md")
    assert {connector + asset for asset in assets} | {"connector_kit/py.typed", "conformance/py.typed"} <= names
    assert {name.split("/")[0] for name in names if ".dist-info" not in name} == {"connector_kit", "conformance"}


def test_wheel_contains_the_npm_driver(wheel: Path) -> None:
    """The driver and the pinned versions are not Python."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    files = ("driver.mjs", "pinned/package.json", "pinned/package-lock.json")
    assert {f"conformance/npm/{file}" for file in files} <= names


def test_wheel_contains_the_openapi_document_of_the_host(wheel: Path) -> None:
    """It is a JSON file next to the code that reads it."""
    with zipfile.ZipFile(wheel) as archive:
        assert "connector_kit/host/openapi.json" in archive.namelist()


def test_wheel_contains_the_templates_of_new_connectors(wheel: Path) -> None:
    """All files of the checkout, those whose names begin with a dot included."""
    templates = ROOT / "connector_kit" / "scaffold" / "templates"
    files = {it.relative_to(ROOT).as_posix() for it in templates.rglob("*") if it.is_file()}
    assert "connector_kit/scaffold/templates/project/.gitignore.jinja" in files
    with zipfile.ZipFile(wheel) as archive:
        assert files <= set(archive.namelist())


def test_readme_on_the_package_index_has_absolute_links(wheel: Path) -> None:
    """The index has no other file of the repository; pictures are those of the repository, too."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (it for it in archive.namelist() if it.endswith(".dist-info/METADATA"))
        readme = archive.read(name).decode()
    own = (ROOT / "README.md").read_text(encoding="utf-8")
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", own)
    address = "logto-connector-kit/logto-connector-kit"
    assert pictures
    assert all(f"(https://raw.githubusercontent.com/{address}/main/{it})" in readme for it in pictures)
    assert f"(https://github.com/{address}/blob/main/docs/contract.md)" in readme
    assert re.findall(r"\]\((?!https?://|#)[^)]*\)", readme) == []


def test_check_wheel_contents_reports_nothing(wheel: Path) -> None:
    """No stray files, no duplicates, and only the two packages at the top level."""
    output = _succeed(
        Path(sys.executable).parent / "check-wheel-contents", "--config", ROOT / "pyproject.toml", wheel, cwd=ROOT
    )
    assert output.rstrip().endswith("OK")


def test_installed_schemas_are_those_of_the_checkout(installed: Path) -> None:
    """They come from the wheel."""
    program = (
        "import json, connector_kit as kit; print(json.dumps({name: kit.bundle(name) for name in kit.schema_names()}))"
    )
    output = json.loads(_succeed(installed / "python", "-c", program, cwd=installed))
    assert output == {name: connector_kit.bundle(name) for name in connector_kit.schema_names()}


def test_base_installation_names_the_extra_for_the_command_line(installed: Path) -> None:
    """One line, exit status 2."""
    script = "import sys; sys.modules['click'] = None; from connector_kit.cli import main; sys.exit(main())"
    done = _run(installed / "python", "-c", script, cwd=installed)
    assert done.returncode == 2
    assert "logto-connector-kit[cli]" in done.stderr
    assert done.stderr.count("\n") == 1


def test_installed_commands_work(with_extras: Path) -> None:
    """`list`, `show` and sending, in an environment with the wheel only."""
    command = with_extras / "connector-kit"
    assert "aws-ses-mail" in _succeed(command, "list", cwd=with_extras)
    shown = json.loads(_succeed(command, "show", "aws-ses-mail", "--format", "json", cwd=with_extras))
    assert shown["id"] == "aws-ses-mail"
    output = _succeed(
        command, "conformance", "aws-ses-mail", "--profile", "dev", "--check", "metadata", cwd=with_extras
    )
    assert "aws-ses-mail conforms." in output


def test_new_project_conforms_and_writes_every_report(with_extras: Path, tmp_path: Path) -> None:
    """In an environment with the wheel only, with public names only."""
    _succeed(with_extras / "connector-kit", "new", "acme-mail", "--type", "email", "--api", "json", cwd=tmp_path)
    assert _private_names(tmp_path / "acme-mail") == []
    _succeed(with_extras / "python", "-m", "pip", "install", "--quiet", tmp_path / "acme-mail", cwd=tmp_path)
    try:
        written = {name: tmp_path / f"report.{name}" for name in ("html", "junit", "json", "badge")}
        options = [part for name, file in written.items() for part in (f"--{name}", file)]
        output = _succeed(
            with_extras / "connector-kit", "conformance", "acme-mail", "--profile", "dev", *options, cwd=tmp_path
        )
        assert output.rstrip().endswith("acme-mail conforms.")
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
    """Return the names that a project imports from the kit and the suite, but that they do not export."""
    public = {"connector_kit": set(connector_kit.__all__), "conformance": set(conformance.__all__)}
    found = []
    for file in project.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] in public:
                names = {name.name for name in node.names} - public.get(node.module, set())
                found += [f"{file.name}: {node.module}.{name}" for name in sorted(names)]
    return found


def test_installed_kit_writes_the_npm_package_of_the_checkout(with_extras: Path, tmp_path: Path) -> None:
    """The wheel contains all of its JavaScript."""
    _succeed(with_extras / "connector-kit", "package", "aws-ses-mail", "--out", tmp_path / "out", cwd=with_extras)
    code = ROOT / "connector_kit" / "logto_package" / "npm"
    assert {file.name for file in (tmp_path / "out" / "lib").iterdir()} == {
        *(file.name for file in code.iterdir()),
        "connector.json",
    }
    assert all((tmp_path / "out" / "lib" / file.name).read_bytes() == file.read_bytes() for file in code.iterdir())
