"""The commands at the top of the example's compose.yaml, and the host as the user and with the files that they provide.

No Docker is needed: the test runs the commands in a temporary folder, resolves variables, mounts and secrets of the
compose file, and runs ``connector-kit serve --check`` as the container's user. Run by root, both users are others.
"""

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from attrs import frozen
from click.testing import CliRunner
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from connector_kit.logto_package.command import package_command

_ROOT: Final = Path(__file__).parents[2]
_EXAMPLES: Final = _ROOT / "docs" / "examples" / "host"
_IS_ROOT: Final = os.geteuid() == 0
_OPERATOR: Final = 20001 if _IS_ROOT else os.geteuid()
"""The user who runs the commands, and their group."""
_TIME_LIMIT: Final = 60

_CHECK: Final = """
import json, os, sys
from importlib.abc import MetaPathFinder

uid, gid, hosts, blocked = json.loads(sys.argv[1])

class NotInTheImage(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in blocked:
            raise ModuleNotFoundError(f"{name} is not in the image", name=name)

sys.meta_path.insert(0, NotInTheImage())
import importlib.metadata

installed = importlib.metadata.entry_points()  # another user may not be able to read this environment
importlib.metadata.entry_points = lambda **chosen: installed.select(**chosen)
import click
from connector_kit.host.command import serve

def check():
    try:
        serve.main(["--hosts", hosts, "--check"], standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return 0

if uid != os.getuid():
    check()  # loads all modules: another user may not be able to read this checkout
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
print("As the user of the container:", flush=True)
sys.exit(check())
"""


def documented_commands() -> str:
    """Return the commands in the comment at the top of the compose file."""
    comment = (_EXAMPLES / "compose.yaml").read_text(encoding="utf-8").partition("\nservices:")[0]
    return "\n".join(re.findall(r"^#   (.*)$", comment, re.MULTILINE))


@frozen
class _Project:
    """The folder of the compose file after the documented commands.

    Args:
        folder: the folder.
        variables: those in ``.env``.
        package: the documented command that writes the npm package.
    """

    folder: Path
    variables: Mapping[str, str]
    package: str

    @property
    def compose(self) -> Any:
        """The compose file, with its variables replaced."""

        def value(match: re.Match[str]) -> str:
            found = self.variables.get(match[1], "")
            assert found, f"{match[1]}: {match[2]}"  # as ${NAME:?message}
            return found

        text = (self.folder / "compose.yaml").read_text(encoding="utf-8").partition("\nservices:")[2]
        return yaml.safe_load("services:" + re.sub(r"\$\{(\w+)(?::\?([^}]*))?\}", value, text))

    def check(self, user: str) -> "subprocess.CompletedProcess[str]":
        """Run ``serve --check`` as a user, with the mounts, secrets and variables of the service ``host``."""
        compose = self.compose
        host = compose["services"]["host"]
        sources = {target: source for source, target, _ in (it.split(":") for it in host["volumes"])}
        sources |= {f"/run/secrets/{name}": compose["secrets"][name]["file"] for name in host["secrets"]}
        container = self.folder / "container"
        container.mkdir(exist_ok=True)
        for target, source in sources.items():
            link = container / target.lstrip("/")
            link.parent.mkdir(parents=True, exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to((self.folder / source).resolve())
        hosts = container / "etc/connector-host/host.toml"
        text = hosts.read_text(encoding="utf-8").replace('"/run/', f'"{container}/run/')
        hosts.unlink()
        shutil.copystat(self.folder / "host.toml", _written(hosts, text))
        uid, _, gid = user.partition(":")
        os.chown(hosts, _OPERATOR, -1)
        arguments = [int(uid), int(gid or 0), str(hosts), sorted(_modules_outside_the_image())]
        return subprocess.run(
            [sys.executable, "-c", _CHECK, json.dumps(arguments)],
            env={**os.environ, **host["environment"], "PYTHONPATH": str(_ROOT)},
            capture_output=True,
            text=True,
            timeout=_TIME_LIMIT,
            check=False,
        )


def _written(file: Path, text: str) -> Path:
    file.write_text(text, encoding="utf-8")
    return file


def _modules_outside_the_image() -> set[str]:
    """Return the installed modules that the extras of the Dockerfile do not bring."""
    (extras,) = re.findall(r'"/src\[([\w,]+)\]"', (_EXAMPLES / "Dockerfile").read_text(encoding="utf-8"))
    seen: set[tuple[str, str]] = set()

    def add(name: str, extra: str) -> None:
        if (canonicalize_name(name), extra) in seen:
            return
        seen.add((canonicalize_name(name), extra))
        try:
            requirements = distribution(name).requires or []
        except PackageNotFoundError:
            return  # for another platform
        for requirement in map(Requirement, requirements):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                for it in ("", *requirement.extras):
                    add(requirement.name, it)

    for extra in ("", *extras.split(",")):
        add("logto-connector-kit", extra)
    inside = {name for name, _ in seen}
    return {
        module
        for module, owners in packages_distributions().items()
        if not inside & {canonicalize_name(owner) for owner in owners}
    }


@pytest.fixture
def project() -> Iterator[_Project]:
    """Copy the examples, readable by the operator only, and run the documented commands as the operator."""
    with tempfile.TemporaryDirectory() as scratch:  # pytest's own folders are closed to other users
        folder = Path(scratch) / "host"
        folder.mkdir()
        Path(scratch).chmod(0o755)
        for name in ("compose.yaml", "host.toml", "ses.json"):
            shutil.copy(_EXAMPLES / name, folder)
            (folder / name).chmod(0o600)
            os.chown(folder / name, _OPERATOR, -1)
        os.chown(folder, _OPERATOR, -1)
        _run(folder, 'connector-kit() { echo "$*" >package-command; }\n' + documented_commands())
        environment = (folder / ".env").read_text(encoding="utf-8")
        for name in ("SES_ACCESS_KEY_ID", "SES_ACCESS_KEY_SECRET"):
            assert f"{name}=\n" in environment
            environment = environment.replace(f"{name}=\n", f"{name}=fake-{name.lower()}\n")
        variables = dict(line.split("=", 1) for line in environment.splitlines())
        yield _Project(folder, variables, (folder / "package-command").read_text(encoding="utf-8"))


def _run(folder: Path, commands: str) -> None:
    as_operator: dict[str, Any] = {"user": _OPERATOR, "group": _OPERATOR, "extra_groups": []} if _IS_ROOT else {}
    done = subprocess.run(
        ["bash", "-euc", commands],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=_TIME_LIMIT,
        check=False,
        **as_operator,
    )
    assert done.returncode == 0, done.stderr


def test_host_starts_with_the_files_of_the_documented_commands(project: _Project) -> None:
    """The container's user can read the token, and the image's extras suffice for the example's connector."""
    user = project.compose["services"]["host"]["user"]
    assert user.partition(":")[0] == str(_OPERATOR)
    done = project.check(user)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(
        "As the user of the container:\nThe host can start: aws-ses-mail.\n  /email aws-ses-mail\n  /sms   -\n"
    )


@pytest.mark.skipif(not _IS_ROOT, reason="only root can run the check as another user")
def test_check_fails_as_a_user_who_cannot_read_the_token(project: _Project) -> None:
    """As with the user of the Dockerfile: Docker ignores uid, gid and mode of a secret that is a file."""
    (user,) = re.findall(r"^USER (\d+)$", (_EXAMPLES / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    for name in ("host.toml", "ses.json"):
        (project.folder / name).chmod(0o644)
    done = project.check(user)
    assert done.returncode == 2
    assert "The host can start" not in done.stdout.partition("As the user of the container:")[2]
    assert "host_token" in done.stderr
    assert "ermission denied" in done.stderr


def test_documented_commands_write_secrets_once_and_for_their_user_only(project: _Project) -> None:
    """A second run changes neither the token nor the password, which the database has already stored."""
    files = [project.folder / name for name in ("host_token", ".env")]
    before = [file.read_bytes() for file in files]
    for file in files:
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert file.stat().st_uid == _OPERATOR
    with pytest.raises(AssertionError, match="cannot overwrite existing file"):
        _run(project.folder, "connector-kit() { :; }\n" + documented_commands())
    assert [file.read_bytes() for file in files] == before
    assert len(project.variables["POSTGRES_PASSWORD"]) == 32
    assert re.fullmatch(r"[\w-]+", project.variables["POSTGRES_PASSWORD"])  # it is part of a URL
    ignored = (_ROOT / ".gitignore").read_text(encoding="utf-8")
    assert {f"docs/examples/host/{file.name}" for file in files} <= set(ignored.splitlines())


def test_documented_package_is_the_one_that_is_mounted(project: _Project) -> None:
    """Logto's container gets the folder that the command writes, under the name that the command prints."""
    (mount,) = project.compose["services"]["logto"]["volumes"]
    _, *arguments = shlex.split(project.package)
    out = project.folder / arguments[-1]
    done = CliRunner().invoke(package_command, [*arguments[:-1], str(out)])
    assert done.exit_code == 0
    assert (project.folder / mount["source"]).resolve() == out.resolve()
    assert f"in Logto's container: {mount['target']};" in done.output
    text = (project.folder / "compose.yaml").read_text(encoding="utf-8")
    assert re.findall(r'add the connector (".*?")', done.output)[0] in text
