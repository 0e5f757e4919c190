"""The validator of the npm package, run by Node on many questions at once."""

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

_MATCHES: Final = """
const { questions } = JSON.parse(readFileSync(0, 'utf8'));
const answers = questions.map(([pattern, texts]) => {
  const expression = new RegExp(pattern, 'u');
  return texts.map((text) => expression.test(text));
});
"""
_ISSUES: Final = """
const { findIssues } = await import(process.argv[1]);
const { questions } = JSON.parse(readFileSync(0, 'utf8'));
const answers = questions.map(([schemas, texts]) => texts.map((text) => findIssues(schemas, JSON.parse(text))));
"""


def _run(program: str, questions: Iterable[object]) -> list[Any]:
    node = shutil.which("node")
    if node is None:
        if os.environ.get("CI"):
            pytest.fail("Node.js must be there in CI.")
        pytest.skip("Node.js is not installed")
    start, end = "import { readFileSync } from 'node:fs';", "process.stdout.write(JSON.stringify(answers));"
    done = subprocess.run(
        [node, "--input-type=module", "--eval", start + program + end, "--", (NPM / "json-schema.js").as_uri()],
        input=json.dumps({"questions": list(questions)}),
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_TIME_LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers: list[Any] = json.loads(done.stdout)
    return answers


def searches(questions: Iterable[tuple[str, list[str]]]) -> list[list[bool]]:
    """Tell for each regular expression in which of its texts JavaScript finds it."""
    return _run(_MATCHES, questions)


def issues(questions: Iterable[tuple[list[Any], list[str]]]) -> list[list[list[Any]]]:
    """List for each compiled schema what is wrong with each of its values, which are JSON texts."""
    return _run(_ISSUES, questions)
