"""The container files of the guide, as far as they can be checked without Docker."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner

from connector_kit.host.answers import HOST_CODES
from connector_kit.host.command import serve
from connector_kit.host.configuration import load_settings
from connector_kit.host.protocol import LAST_CALL_SECONDS
from tests.host.conftest import TOKEN, Client, message

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "docs" / "examples" / "host"
GUIDE = ROOT / "docs" / "guides" / "host.md"
ENVIRONMENT = {"SES_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "SES_ACCESS_KEY_SECRET": "fake-secret"}


@pytest.fixture
def document(tmp_path: Path) -> dict[str, Any]:
    """Return the example's host.toml, its token where this machine has it."""
    found = tomllib.loads((EXAMPLES / "host.toml").read_text(encoding="utf-8"))
    assert found["server"]["token_file"] == ["/run/secrets/host_token"]
    (tmp_path / "host_token").write_text(TOKEN + "\n", encoding="utf-8")
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


def test_the_examples_config_starts_a_host(document: dict[str, Any]) -> None:
    """Without a warning."""
    found = load_settings(document, source="host.toml", folder=EXAMPLES, environment=ENVIRONMENT)
    assert found.warnings == ()
    assert found.settings.email == "aws-ses-mail"
    assert found.settings.connectors[0].config["accessKeySecret"] == "fake-secret"


def test_the_dockerfile_runs_a_command_that_there_is(
    instructions: list[tuple[str, str]], document: dict[str, Any]
) -> None:
    """With options that it has, the port of the example, no root, and no shell between it and SIGTERM."""
    known = {"FROM", "COPY", "RUN", "WORKDIR", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT", "CMD"}
    assert {name for name, _ in instructions} <= known
    last_stage = max(index for index, (name, _) in enumerate(instructions) if name == "FROM")
    told = dict(instructions[last_stage:])
    entry, options = json.loads(told["ENTRYPOINT"]), json.loads(told["CMD"])
    assert entry == ["/opt/host/bin/connector-kit", "serve"]
    assert options == ["--hosts", f"{told['WORKDIR']}/host.toml"]
    serve.make_context("serve", options)
    assert int(told["USER"]) > 0
    assert int(told["EXPOSE"]) == document["server"]["port"]
    program = json.loads(told["HEALTHCHECK"].partition("CMD ")[2])[2]
    compile(program, "HEALTHCHECK", "exec")
    assert f"http://127.0.0.1:{told['EXPOSE']}/readyz" in program
    (installing,) = [value for name, value in instructions if name == "RUN"]
    extra = re.search(r"/src\[(\w+)\]", installing)
    assert extra is not None
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert extra[1] in pyproject["project"]["optional-dependencies"]


def test_the_compose_file_fits_the_rest(compose: dict[str, Any], document: dict[str, Any]) -> None:
    """Files, secrets, variables and networks are those that the host's config and the Dockerfile name."""
    host = compose["services"]["host"]
    assert (EXAMPLES / host["build"]["context"]).resolve() == ROOT
    assert (ROOT / host["build"]["dockerfile"]).is_file()
    for volume in host["volumes"]:
        source, target, mode = volume.split(":")
        assert (EXAMPLES / source).is_file()
        assert target.startswith("/etc/connector-host/")
        assert mode == "ro"
    wanted = document["connectors"]["aws-ses-mail"]["config_values_from_env"].values()
    assert set(wanted) == set(host["environment"])
    assert host["secrets"] == list(compose["secrets"]) == ["host_token"]
    assert "ports" not in host
    assert host["read_only"]
    assert compose["networks"]["connectors"]["internal"]
    assert "connectors" in host["networks"]
    assert "connectors" in compose["services"]["logto"]["networks"]
    named = {name for service in compose["services"].values() for name in service["networks"]}
    assert named == set(compose["networks"])
    assert int(host["stop_grace_period"].removesuffix("s")) > 14.5 + LAST_CALL_SECONDS
    assert all(port.startswith("127.0.0.1:") for port in compose["services"]["logto"]["ports"])


def test_the_guide_lists_the_hosts_codes_and_routes(client: Client) -> None:
    """Every code with its status, every route, and every metric."""
    text = GUIDE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\d{3}) \|", text, re.MULTILINE)
    assert {code: int(status) for code, status in rows} == {code: status for code, (status, _) in HOST_CODES.items()}
    host = client(metrics=True)
    listed = {path for line in text.splitlines() for path in re.findall(r"`(?:GET|POST) (/[^`]*)`", line)}
    assert listed == set(host.get("/openapi.json").json()["paths"])
    host.post("/email", json=message())
    families = set(re.findall(r"^# TYPE (connector_kit_\w+(?<!_created)) ", host.get("/metrics").text, re.MULTILINE))
    assert set(re.findall(r"^\| `(connector_kit_\w+)` \|", text, re.MULTILINE)) == families


def test_the_guides_mistakes_are_told_as_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Word for word."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOST_TOKEN", TOKEN)
    monkeypatch.setenv("SES_SECRET", "fake-secret")
    blocks = dict(
        re.findall(r"<!-- file: ([\w.]+) -->\n```\w+\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    )
    wrong = blocks["host.toml"].replace("port = 8085", 'allow_ips = ["10.0.0.1/8"]')
    Path("host.toml").write_text(wrong, encoding="utf-8")
    Path("ses.json").write_text(blocks["ses.json"].replace('"Welcome"', "5"), encoding="utf-8")
    told = CliRunner().invoke(serve, ["--hosts", "host.toml"])
    assert told.exit_code == 2
    assert told.stderr in GUIDE.read_text(encoding="utf-8")
