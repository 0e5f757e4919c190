"""A minimal installation of Logto for its loader: the folder of its core, its packages and its connectors."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from click.testing import CliRunner

from connector_kit.logto_package.command import package_command
from tests.interop.official import install

SOURCES: Final = Path(__file__).parent
_TIME_LIMIT: Final = 120


class Instance:
    """A folder that Logto's command line accepts as an installation of Logto.

    Args:
        folder: an empty folder.
        packages: the folder that holds ``node_modules``.
    """

    def __init__(self, folder: Path, packages: Path) -> None:
        self.folder = folder
        self.packages = packages
        self.core = folder / "packages" / "core"
        self.connectors = self.core / "connectors"
        self.connectors.mkdir(parents=True)
        manifest = {"name": "@logto/core", "type": "module"}
        (self.core / "package.json").write_text(json.dumps(manifest), encoding="utf-8")
        # A connector imports the packages of Logto's core; it has no node_modules of its own.
        (self.core / "node_modules").symlink_to(packages / "node_modules", target_is_directory=True)

    def copy(self, package: Path, name: str) -> None:
        """Copy a package into the connectors folder, as an operator does."""
        shutil.copytree(package, self.connectors / name)

    def add(self, package: Path) -> str:
        """Add a package with Logto's own ``connector add``, and return its output."""
        command = self.packages / "node_modules" / "@logto" / "cli" / "bin" / "logto.js"
        return self._run(["node", str(command), "connector", "add", str(package), "-p", str(self.folder)])

    def pack(self, package: Path) -> Path:
        """Create a tarball of a package with ``npm pack``."""
        printed = self._run(["npm", "pack", str(package), "--json", "--ignore-scripts"])
        return self.folder / json.loads(printed[printed.index("[") :])[0]["filename"]

    def _run(self, command: list[str]) -> str:
        environment = {
            **os.environ,
            "CI": "true",
            "NO_COLOR": "1",
            "npm_config_update_notifier": "false",
        }
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIME_LIMIT,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout


def new_instance(folder: Path) -> Instance:
    """Create an instance in an empty folder.

    Raises:
        UnavailableError: The packages cannot be installed.
    """
    return Instance(folder, install(SOURCES))


def write_packages(folder: Path, *commands: tuple[str, ...]) -> None:
    """Run ``connector-kit package`` once for each tuple; its last item is ``--out``, relative to the folder."""
    for *arguments, out in commands:
        done = CliRunner().invoke(package_command, [*arguments, "--out", str(folder / out)])
        assert done.exit_code == 0, done.output
