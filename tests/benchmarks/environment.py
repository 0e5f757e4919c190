"""What the benchmarks run on and with: the variables of AWS clients, and a neutral description of the machine."""

import json
import os
import platform
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Final

from tests.interop.official import UnavailableError, install

_PACKAGES: Final = ("attrs", "botocore", "cattrs", "h11", "hypothesis", "jsonschema", "starlette", "urllib3", "uvicorn")
_NPM_PACKAGES: Final = ("@logto/connector-aws-ses", "@logto/connector-kit", "@aws-sdk/client-sesv2")


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Set variables during the block, and hide the machine's AWS settings and proxies."""
    saved = dict(os.environ)
    hidden = [name for name in saved if name.startswith("AWS_") or name.upper().endswith("_PROXY")]
    missing = str(Path(os.devnull) / "none")
    for name in hidden:
        del os.environ[name]
    os.environ.update(AWS_CONFIG_FILE=missing, AWS_SHARED_CREDENTIALS_FILE=missing, **variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(saved)


def describe_machine() -> Mapping[str, str]:
    """Return the processor, the system, and the versions of Python, Node and the packages; no names or paths."""
    return {
        "Processor": _processor(),
        "Processors": str(len(os.sched_getaffinity(0))),
        "Kernel": f"{platform.system()} {platform.release()}",
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "Python packages": ", ".join(f"{name} {version(name)}" for name in _PACKAGES),
        "Node.js": _node(),
        "npm packages": _npm_packages(),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _node() -> str:
    node = shutil.which("node")
    if node is None:
        return "none"
    return (
        subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip().removeprefix("v")
    )


def _npm_packages() -> str:
    try:
        modules = install() / "node_modules"
    except UnavailableError:
        return "none"
    found = {
        name: json.loads((modules / name / "package.json").read_text(encoding="utf-8"))["version"]
        for name in _NPM_PACKAGES
        if (modules / name).is_dir()
    }
    return ", ".join(f"{name} {number}" for name, number in found.items())
