"""The guide's tables and container files, checked without Docker."""

import json
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from configparser import ConfigParser
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from click.testing import CliRunner

from connector_kit.host.command import serve
from connector_kit.host.host_file import Listening, load_settings
from connector_kit.host.responses import HOST_CODES
from connector_kit.host.server import SHUTDOWN_IDLE_SECONDS
from connector_kit.host.settings import HostSettings, is_loopback
from tests.host.conftest import TOKEN, Client, message, write_private

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples" / "host"
SYSTEMD = ROOT / "docs" / "examples" / "systemd"
GUIDE = ROOT / "docs" / "guides" / "host.md"
ENVIRONMENT = {"SES_ACCESS_KEY_ID": "AKIAFAKEFAKEFAKEFAKE", "SES_ACCESS_KEY_SECRET": "fake-secret"}


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    """Return the example's host.toml, with a token file that this machine has."""
    found = tomllib.loads((EXAMPLES / "host.toml").read_text(encoding="utf-8"))
    assert found["server"]["token_file"] == ["/run/secrets/host_token"]
    write_private(tmp_path / "host_token", TOKEN + "\n")
    found["server"]["token_file"] = [str(tmp_path / "host_token")]
    return found


@pytest.fixture
def compose() -> dict[str, Any]:
    """Return the compose file."""
    found: dict[str, Any] = yaml.safe_load((EXAMPLES / "compose.yaml").read_text(encoding="utf-8"))
    return found


@pytest.fixture
def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions."""
    text = (EXAMPLES / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.replace("\\\n", "").splitlines() if line and not line.startswith("#")]
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in lines]


def test_example_config_has_no_errors_or_warnings(document: dict[str, Any]) -> None:
    found = load_settings(document, source="host.toml", folder=EXAMPLES, environment=ENVIRONMENT)
    assert found.warnings == ()
    assert found.settings.email == "aws-ses-mail"
    assert found.settings.connectors[0].config["accessKeySecret"] == "fake-secret"


def test_dockerfile_runs_the_serve_command(instructions: list[tuple[str, str]], document: dict[str, Any]) -> None:
    """With valid options and the example's port, not as root, and without a shell that would keep SIGTERM."""
    known = {"FROM", "COPY", "RUN", "WORKDIR", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in instructions} <= known
    last_stage = max(index for index, (name, _) in enumerate(instructions) if name == "FROM")
    settings = dict(instructions[last_stage:])
    entry, options = json.loads(settings["ENTRYPOINT"]), json.loads(settings["CMD"])
    assert entry == ["/opt/host/bin/connector-kit", "serve"]
    assert options == ["--hosts", f"{settings['WORKDIR']}/host.toml"]
    serve.make_context("serve", options)
    assert int(settings["USER"]) > 0
    assert int(settings["EXPOSE"]) == document["server"]["port"]
    program = json.loads(settings["HEALTHCHECK"].partition("CMD ")[2])[2]
    compile(program, "HEALTHCHECK", "exec")
    assert f"http://127.0.0.1:{settings['EXPOSE']}/readyz" in program
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert set(extras(instructions)) <= pyproject["project"]["optional-dependencies"].keys()


def extras(instructions: list[tuple[str, str]]) -> list[str]:
    """Return the extras that the Dockerfile installs."""
    (installing,) = [value for name, value in instructions if name == "RUN"]
    found = re.search(r"/src\[([\w,]+)\]", installing)
    assert found is not None
    return found[1].split(",")


def test_compose_file_matches_config_and_dockerfile(compose: dict[str, Any], document: dict[str, Any]) -> None:
    """It provides the files, secrets, variables and networks that they name."""
    host, proxy = compose["services"]["host"], compose["services"]["proxy"]
    assert (EXAMPLES / host["build"]["context"]).resolve() == ROOT
    assert (ROOT / host["build"]["dockerfile"]).is_file()
    for service, folder in ((host, "/etc/connector-host/"), (proxy, "/etc/nginx/")):
        for volume in service["volumes"]:
            source, target, mode = volume.split(":")
            assert (EXAMPLES / source).is_file()
            assert target.startswith(folder)
            assert mode == "ro"
    wanted = document["connectors"]["aws-ses-mail"]["config_values_from_env"].values()
    assert set(wanted) == set(host["environment"])
    assert host["secrets"] == list(compose["secrets"]) == ["host_token"]
    assert compose["networks"]["connectors"]["internal"]
    for name in ("host", "proxy", "logto"):
        assert "connectors" in compose["services"][name]["networks"]
    named = {name for service in compose["services"].values() for name in service["networks"]}
    assert named == set(compose["networks"])
    assert int(host["stop_grace_period"].removesuffix("s")) > 14.5 + SHUTDOWN_IDLE_SECONDS
    assert all(port.startswith("127.0.0.1:") for port in compose["services"]["logto"]["ports"])


@pytest.mark.parametrize(("name", "folders"), [("host", {"/tmp"}), ("proxy", {"/tmp", "/var/cache/nginx"})])
def test_our_containers_have_no_rights_and_one_place_to_write(
    compose: dict[str, Any], name: str, folders: set[str]
) -> None:
    """No port, no capability and no file system; a temporary folder that every user can write to. Not as root."""
    service = compose["services"][name]
    assert "ports" not in service
    assert service["read_only"]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {
        folder for folder, _, options in (it.partition(":") for it in service["tmpfs"]) if options == "mode=1777"
    } == folders
    assert service["user"].startswith(("${HOST_USER:?", "101:"))


def test_compose_file_and_proxy_agree_on_addresses(compose: dict[str, Any]) -> None:
    """The proxy looks for the service and the port of the host, and the instructions name its own."""
    text = (EXAMPLES / "compose.yaml").read_text(encoding="utf-8")
    conf = (EXAMPLES / compose["services"]["proxy"]["volumes"][0].partition(":")[0]).read_text(encoding="utf-8")
    assert "set $connector_host http://host:8085;" in conf
    assert "listen 8086;" in conf
    assert "http://proxy:8086/email" in text
    assert compose["services"]["proxy"]["entrypoint"][-1] in conf


_NUMBERS: Final = {"nginx": 3, "postgres": 2, "python": 3, "svhd/logto": 3}
"""How many numbers the full version of each image has."""


def test_no_image_is_unpinned() -> None:
    """Each image in the docs has a full version, so that a second build contains the same; Logto's is the same everywhere."""
    files = [*(ROOT / "docs").rglob("*"), *ROOT.glob("*.md"), *(ROOT / "connector_kit").rglob("*.md")]
    texts = [
        it.read_text(encoding="utf-8") for it in files if it.is_file() and it.suffix in {".md", ".yaml", ".yml", ""}
    ]
    images = re.findall(r"^\s*(?:-\s+)?(?:image:|FROM)\s+[\"']?([^\s\"']+)", "\n".join(texts), re.MULTILINE)
    assert len(images) >= 6
    for image in images:
        name, _, tag = image.partition(":")
        version = re.match(r"\d+(?:\.\d+)*", tag)
        assert version is not None, f"{image}: expected a full version as its tag"
        assert version[0].count(".") + 1 == _NUMBERS[name], f"{image}: expected {_NUMBERS[name]} numbers in its version"
    assert len({it for it in images if it.startswith("svhd/logto:")}) == 1


def test_image_is_built_from_the_package_only(tmp_path: Path) -> None:
    """The ignore file lets through what the wheel needs, and none of the files that the instructions create."""
    lines = (EXAMPLES / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if not line.startswith("#")]
    assert rules[0] == "*"
    assert rules[-1] == "**/__pycache__"
    for name in (it.removeprefix("!") for it in rules[1:-1]):
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, tmp_path / name)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", "dist"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = (tmp_path / "dist").iterdir()
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {"connector_kit/host/command.py", "connector_kit/schemas/host-config.schema.json"} <= names


def test_guide_lists_all_codes_routes_and_metrics(client: Client) -> None:
    text = GUIDE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\d{3}) \|", text, re.MULTILINE)
    assert {code: int(status) for code, status in rows} == {code: status for code, (status, _) in HOST_CODES.items()}
    host = client(metrics=True)
    listed = {path for line in text.splitlines() for path in re.findall(r"`(?:GET|POST) (/[^`]*)`", line)}
    assert listed == set(host.get("/openapi.json").json()["paths"])
    host.post("/email", json=message())
    families = set(re.findall(r"^# TYPE (connector_kit_\w+(?<!_created)) ", host.get("/metrics").text, re.MULTILINE))
    assert set(re.findall(r"^\| `(connector_kit_\w+)` \|", text, re.MULTILINE)) == families


def test_guide_shows_the_exact_error_output(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOST_TOKEN", TOKEN)
    monkeypatch.setenv("SES_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("SES_SECRET", "fake-secret")
    blocks = dict(
        re.findall(r"<!-- file: ([\w.]+) -->\n```\w+\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    )
    wrong = blocks["host.toml"].replace("port = 8085", 'allow_ips = ["10.0.0.1/8"]')
    Path("host.toml").write_text(wrong, encoding="utf-8")
    Path("ses.json").write_text(blocks["ses.json"].replace('"Welcome"', "5"), encoding="utf-8")
    result = CliRunner().invoke(serve, ["--hosts", "host.toml"])
    assert result.exit_code == 2
    assert result.stderr in GUIDE.read_text(encoding="utf-8")


def test_systemd_units_run_the_serve_command_with_their_socket() -> None:
    """With valid options, and with enough time to finish open requests."""
    units = {}
    for kind in ("socket", "service"):
        units[kind] = ConfigParser(interpolation=None)
        units[kind].optionxform = str  # type: ignore[assignment,method-assign]  # the documented way to keep the letter case
        units[kind].read(SYSTEMD / f"connector-host.{kind}", encoding="utf-8")
    address, _, port = units["socket"]["Socket"]["ListenStream"].rpartition(":")
    assert is_loopback(address)
    assert int(port) == Listening().port
    service = units["service"]["Service"]
    program, command, *options = service["ExecStart"].split()
    assert (Path(program).name, command) == ("connector-kit", "serve")
    serve.make_context("serve", options)
    assert service["ExecReload"] == "kill -HUP $MAINPID"
    assert int(service["TimeoutStopSec"]) > HostSettings((), ("x" * 16,)).deadline_seconds + SHUTDOWN_IDLE_SECONDS
    assert units["service"]["Unit"]["Requires"] == "connector-host.socket"
