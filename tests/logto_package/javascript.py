"""Runs the JavaScript of the npm package in Node.js, on many cases at once."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest

NPM: Final = Path(__file__).parents[2] / "connector_kit" / "logto_package" / "npm"
_TIME_LIMIT: Final = 120

_SEARCH: Final = """
results = cases.map(([pattern, texts]) => {
  const expression = new RegExp(pattern, 'v');
  return texts.map((text) => expression.test(text));
});
"""
_FIND_ISSUES: Final = """
const { findIssues } = await import(`${folder}/json-schema.js`);
results = cases.map(([schemas, texts]) => texts.map((text) => findIssues(schemas, JSON.parse(text))));
"""
_PARSE_UNDEFINED: Final = """
const { createConfigGuard } = await import(`${folder}/config-guard.js`);
results = cases.map((schemas) => createConfigGuard(schemas).safeParse(undefined).error.issues);
"""
_READ_ENDPOINTS: Final = """
const { readEndpoint } = await import(`${folder}/config-guard.js`);
results = cases.map((text) => readEndpoint(text) ?? null);
"""


def _run(program: str, cases: Iterable[object], time_limit: float = _TIME_LIMIT) -> list[Any]:
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI"):
            pytest.fail("Node.js is required in CI.")
        pytest.skip("Node.js is not installed")
    start = """
import { readFileSync } from 'node:fs';
const folder = process.argv[1];
const { cases } = JSON.parse(readFileSync(0, 'utf8'));
let results;
"""
    end = "process.stdout.write(JSON.stringify(results));"
    done = subprocess.run(
        [node, "--input-type=module", "--eval", start + program + end, "--", NPM.as_uri()],
        input=json.dumps({"cases": list(cases)}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=time_limit,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    results: list[Any] = json.loads(done.stdout)
    return results


def search(cases: Iterable[tuple[str, list[str]]]) -> list[list[bool]]:
    """Return for each JavaScript pattern which of its texts match."""
    return _run(_SEARCH, cases)


def find_issues(cases: Iterable[tuple[list[Any], list[str]]]) -> list[list[list[Any]]]:
    """Return for each compiled schema the issues of each of its values, which are JSON texts."""
    return _run(_FIND_ISSUES, cases)


def parse_undefined(cases: Iterable[list[Any]]) -> list[list[Any]]:
    """Return for each compiled schema the issues of a config that is ``undefined``."""
    return _run(_PARSE_UNDEFINED, cases)


def read_endpoints(cases: Iterable[str], time_limit: float) -> list[str | None]:
    """Return for each text the endpoint that the package reads from it."""
    return _run(_READ_ENDPOINTS, cases, time_limit)
