"""Runs a workbench in its own process, as an author does."""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from connector_kit import find_connector

ROOT: Final = Path(__file__).parents[2]
_URL: Final = re.compile(r"http://\S+")
_STOP_LIMIT: Final = 30


def write_config(target: str, file: Path) -> Path:
    """Write the example config of a connector, and return the file."""
    declared = find_connector(target).declaration
    file.write_text(json.dumps(dict(declared.valid_config if declared else {})), encoding="utf-8")
    return file


@contextmanager
def running_workbench(target: str, config_file: Path | None = None, *, folder: Path = ROOT) -> Iterator[str]:
    """Run ``connector-kit dev`` on a free port during the block, yield its URL, and check that it exits with status 0.

    Args:
        target: the connector.
        config_file: the config to edit.
        folder: the working directory, from which the target is imported.
    """
    options = [] if config_file is None else ["--config", str(config_file)]
    with (
        tempfile.TemporaryFile("w+") as complaints,
        subprocess.Popen(
            [sys.executable, "-m", "connector_kit.cli", "dev", target, "--port", "0", *options],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        found = _URL.search(process.stdout.readline())
        try:
            if found is not None:
                yield found[0]
        finally:
            process.terminate()
            try:
                status = process.wait(_STOP_LIMIT)
            except subprocess.TimeoutExpired:
                process.kill()
                raise
        complaints.seek(0)
        text = complaints.read()
    assert found is not None, text
    assert status == 0, text
    assert not text, text
