"""What a step costs, counted so that it does not depend on the machine: function calls, and imported modules.

Each bound in `COSTS` is about 15 % above the highest figure of Python 3.11 to 3.13, and has its reason. A change that exceeds
one makes the step slower on every machine; the message of the failure lists the modules with the most calls. A change that
needs far less lowers the bound.
"""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest
from attrs import frozen

from connector_kit import replace_send_message_handlebars
from connector_kit.connectors.aws_ses import AwsSesConnector, aws_ses_config_guard
from tests.benchmarks.ses_server import running_server
from tests.connectors.aws_ses.ses_cases import MESSAGE, ses_config


@frozen
class Cost:
    """The most that a step may cost: calls of functions in Python and in C, or imported modules."""

    most: int
    reason: str


COSTS: Final = {
    "send": Cost(1540, "1,335 measured: most are of botocore's serializer, signer and parser; bare botocore: 2,859"),
    "first validation": Cost(
        90, "75 measured: jsonschema-rs accepts the config in one call, the rest copies and structures it"
    ),
    "unchanged validation": Cost(5, "4 measured: the marshalled config is the key of the memory"),
    "rendering": Cost(10, "8 measured: the cache has the parts of the template"),
    "import connector_kit": Cost(34, "29 modules measured: names are imported when they are first used"),
    "connector-kit validate": Cost(310, "267 modules measured: attrs, cattrs, jsonschema and click"),
}


def count_calls(action: Callable[[], object]) -> Counter[str]:
    """Return how many functions an action calls in this thread, by the module that is called or that calls C.

    Calls of the tests themselves do not count, nor those of the suite's audit hook, which an earlier test adds.
    """
    calls: Counter[str] = Counter()

    def note(frame: FrameType, event: str, _: Any) -> None:
        module = str(frame.f_globals.get("__name__"))
        if event in {"call", "c_call"} and not module.startswith(("tests.", "conformance.")):
            calls[module] += 1

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        action()
    finally:
        sys.setprofile(before)
    return calls


def check(step: str, calls: Counter[str]) -> None:
    """Fail if a step exceeds its bound; the message lists where the calls are."""
    total, cost = calls.total(), COSTS[step]
    listed = "".join(f"\n{number:8} {module}" for module, number in calls.most_common(20))
    assert total <= cost.most, f"{step}: expected at most {cost.most} ({cost.reason}), found {total}:{listed}"


def test_send_calls_few_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection and the endpoint exist, and the config is unchanged."""
    saved = ses_config()
    connector = AwsSesConnector(get_config=lambda _: saved)
    with running_server() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", server.url)
        for _ in range(3):
            connector.send_message(MESSAGE)
        check("send", count_calls(lambda: connector.send_message(MESSAGE)))


def test_first_validation_calls_few_functions() -> None:
    """Another config with the same schema was validated before, this one was not."""
    keys = count()

    def validate() -> None:
        aws_ses_config_guard.validate(ses_config(accessKeyId=f"key-of-the-costs-{next(keys)}"))

    validate()
    check("first validation", count_calls(validate))


def test_unchanged_validation_calls_few_functions() -> None:
    """The guard remembers the config."""
    saved = ses_config()
    aws_ses_config_guard.validate(saved)
    check("unchanged validation", count_calls(lambda: aws_ses_config_guard.validate(saved)))


def test_rendering_calls_few_functions() -> None:
    """A text with two placeholders, whose template was parsed before."""
    template, payload = (
        "<p>Your code is {{code}}, at {{link}}.</p>" + "x" * 4000,
        {"code": "123456", "link": "https://x.example"},
    )
    replace_send_message_handlebars(template, payload)
    check("rendering", count_calls(lambda: replace_send_message_handlebars(template, payload)))


_LIST_MODULES = """
import sys
before = set(sys.modules)
try:
    {}
except SystemExit as end:
    assert not end.code, end.code
sys.stderr.write("\\n".join(sys.modules.keys() - before))
"""


def imported_modules(code: str, *arguments: str) -> Counter[str]:
    """Return the modules that code imports in a new process, by their first package."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", _LIST_MODULES.format(code), *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return Counter(name.partition(".")[0] for name in done.stderr.splitlines())


def test_import_loads_few_modules() -> None:
    """Neither botocore nor urllib3, click, rich or the suite."""
    found = imported_modules("import connector_kit")
    assert found.keys() & {"botocore", "urllib3", "click", "rich", "hypothesis", "conformance"} == set()
    check("import connector_kit", found)


def test_command_loads_few_modules(tmp_path: Path) -> None:
    """``connector-kit validate`` of a config for Amazon SES."""
    file = tmp_path / "config.json"
    file.write_text(json.dumps(ses_config()), encoding="utf-8")
    command = "import connector_kit.cli as it; it.main()"
    check("connector-kit validate", imported_modules(command, "validate", "aws-ses-mail", str(file)))
