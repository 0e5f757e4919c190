"""The suite's verdicts on Logto's own packages: ``python -m tests.interop.verdicts`` writes them to a page of the docs.

Each check that a package fails has its reason in ``differences.toml``. A failure without a reason is an error, and so is
a reason without a failure. Every run writes the same page.
"""

import multiprocessing
import re
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final

from attrs import evolve, field, frozen

from conformance import PROFILES, Spec, State, all_checks
from conformance.harness.search import SearchOptions
from conformance.npm import npm_spec
from conformance.npm.official import OFFICIAL_PACKAGES
from conformance.npm.packages import pinned_versions
from conformance.providers.base import Exchange
from conformance.run.one_check import run_check
from conformance.run.plan import find_checks
from conformance.run.smoke_test import spec_errors

PACKAGES: Final = tuple(OFFICIAL_PACKAGES)
PAGE: Final = Path(__file__).parents[2] / "docs" / "internals" / "official-connectors.md"
DIFFERENCES: Final = Path(__file__).with_name("differences.toml")

_PROFILE: Final = evolve(PROFILES["ci"], examples=4)
"""Always the same examples, but fewer, because each one crosses to another process and back."""

_GROUPS: Final = 2
"""In how many groups the checks of a package run, apart from the slow ones: each group starts Node.js once."""

_PROCESSES: Final = 5
"""How many groups of checks run at a time: checks mostly wait for time limits and between attempts."""

_SLOW: Final = (
    "errors.time-limit",
    "errors.slow-response",
    "errors.endless-response",
    "isolation.unsaved-config",
    "secrets.failed-send",
    "isolation.network",
    "errors.provider-message",
)
"""The checks to start first, because they take longest."""

_LONGEST: Final = 400
_SHOWN: Final = 3


@frozen
class Verdict:
    """The result of one check of one package, without values that change from run to run.

    Args:
        check: the id of the check.
        clause: the clause of the contract.
        level: ``required`` or ``advisory``.
        state: the result.
        message: the reason, where the check did not pass.
        example: the smallest input that shows the failure.
        exchanges: requests and responses without headers.
    """

    check: str
    clause: str
    level: str
    state: State
    message: str = ""
    example: str = ""
    exchanges: tuple[tuple[str, str], ...] = ()


@frozen
class Difference:
    """Why packages fail a check.

    Args:
        check: the id of the check.
        packages: the packages that fail it.
        reason: what they do.
        deviation: the deviation of the contract by which the kit requires more; empty where the package breaks a clause.
    """

    check: str
    packages: frozenset[str] = field(converter=frozenset[str])
    reason: str
    deviation: str = ""


def differences() -> list[Difference]:
    """Return the entries of ``differences.toml``."""
    listed = tomllib.loads(DIFFERENCES.read_text(encoding="utf-8"))["difference"]
    return [Difference(**{**it, "packages": [f"@logto/connector-{name}" for name in it["packages"]]}) for it in listed]


def _explained() -> set[tuple[str, str]]:
    """Return the packages and checks that ``differences.toml`` has a reason for."""
    return {(package, it.check) for it in differences() for package in it.packages}


def verdicts() -> Mapping[str, Sequence[Verdict]]:
    """Run the suite on each package, in several processes, and return the verdicts in the order of the checks.

    Raises:
        SpecError: Node or npm is missing, or a package cannot be installed.
    """
    for package in PACKAGES:
        _spec(package)  # installs it before the processes start
    ids = [check.id for check in all_checks()]
    groups = _groups(ids)
    jobs = [(package, group) for group in groups for package in PACKAGES]
    with ProcessPoolExecutor(_PROCESSES, multiprocessing.get_context("spawn")) as pool:
        found = {
            (package, verdict.check): verdict
            for (package, _), its in zip(jobs, pool.map(_verdicts, *zip(*jobs, strict=True)), strict=True)
            for verdict in its
        }
    explained = _explained()
    for key, verdict in found.items():
        if verdict.state is State.FAILED and key not in explained:
            found[key] = _verdict(*key)  # alone: while many processes share the processors, a time limit may pass
    return {package: [found[package, check_id] for check_id in ids] for package in PACKAGES}


def _groups(ids: Sequence[str]) -> list[tuple[str, ...]]:
    """Return the checks that one process runs one after the other: each slow one alone, and the rest in groups."""
    rest = [it for it in ids if it not in _SLOW]
    return [*((it,) for it in _SLOW), *(tuple(rest[start::_GROUPS]) for start in range(_GROUPS))]


def _verdicts(package: str, ids: Sequence[str]) -> list[Verdict]:
    return [_verdict(package, check_id) for check_id in ids]


@cache
def _spec(package: str) -> Spec:
    spec = npm_spec(f"{package}@{pinned_versions()[package]}")
    assert spec_errors(spec) == ()
    return spec


def _verdict(package: str, check_id: str) -> Verdict:
    (check,) = find_checks([check_id])
    result = run_check(check, _spec(package), SearchOptions(_PROFILE))
    return Verdict(
        result.id,
        result.clause,
        result.level,
        result.state,
        _stable(result.message),
        _stable(result.example or ""),
        tuple(
            (_without_headers(it.request), _without_headers(it.response)) for it in _ordered(result.transcript)[:_SHOWN]
        ),
    )


def _ordered(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """Return exchanges in the same order for every run: GET requests that follow each other may be sent at once."""
    groups = groupby(exchanges, lambda it: it.request.startswith("GET "))
    return [it for is_get, its in groups for it in (sorted(its, key=_first_line) if is_get else its)]


def _first_line(exchange: Exchange) -> str:
    return exchange.request.splitlines()[0]


_CHANGING: Final = (
    (re.compile(r"0102[0-9a-f]{32}-[0-9a-f-]{36}-000000"), "<message id>"),
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"msg-[0-9a-f]{32}"), "<id>"),
    (re.compile(r"\b(user|state)-(?:[0-9a-f]{32}|[0-9a-f]{12})"), r"\1-<id>"),
    (re.compile(r'"id_token": "eyJ[^"]*"'), '"id_token": "<ID token>"'),
    (re.compile(r'\{"keys": \[.*'), '{"keys": [<keys>]}'),
    (re.compile(r"'envelopeTime': .*?…"), "'envelopeTime': …"),
    (re.compile(r"Date: \w{3}, \d\d \w{3} \d{4} [\d:]{8} \+0000"), "Date: <now>"),
    (re.compile(r"Basic \S*?(\[secret: [^\]]*\])\S*"), r"Basic \1"),  # base64 shares characters with what is beside it
    (re.compile(r"found \d+ s;"), "found <more> s;"),
    (re.compile(r"\.py line \d+"), ".py"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:<port>"),
    (re.compile("Unprocessable Entity"), "Unprocessable Content"),  # Python renamed the reason of 422 in 3.13
    (re.compile(r"AWS4-HMAC-SHA256 .*Signature=[0-9a-f]*"), "<signature>"),
)


def _stable(text: str) -> str:
    """Replace values that change from run to run, and cut the text."""
    for pattern, name in _CHANGING:
        text = pattern.sub(name, text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _without_headers(text: str) -> str:
    """Return the first line and the body."""
    head, _, body = text.partition("\n\n")
    return _stable(f"{head.splitlines()[0]}\n{body}".strip())


def errors(found: Mapping[str, Sequence[Verdict]]) -> Iterator[str]:
    """Yield a message for each failure without a reason, and for each reason without a failure."""
    explained = _explained()
    failed = {(package, it.check) for package, its in found.items() for it in its if it.state is not State.PASSED}
    applies = {
        (package, it.check) for package, its in found.items() for it in its if it.state is not State.NOT_APPLICABLE
    }
    for package, check_id in sorted((failed & applies) - explained):
        yield f"{package} fails {check_id}: add the reason to {DIFFERENCES.name}."
    for package, check_id in sorted(explained - (failed & applies)):
        yield f"{package} does not fail {check_id}: remove the reason from {DIFFERENCES.name}."


# --- the page -------------------------------------------------------------------------------------------------------

_HEAD: Final = """\
# Logto's own connectors

The verdicts of the conformance suite on some of Logto's own npm packages, as published. The packages run in Node.js,
against a provider stub on the loopback interface. Where a package's provider has a fixed https address, connections to
that host reach the stub, with a certificate of a test authority. [The conformance guide](../guides/conformance.md) shows how to run the
suite on any npm package.

The suite checks [the contract](../contract.md). By its [deviations](../contract.md#deviations), the contract requires
more than Logto's packages do; a failed check then names the deviation. In the other failed checks, a package breaks a
clause. Each failed check has its reason below. A test fails if a reason is missing, or if a check with a reason passes.

Generated with the profile `ci` and fewer examples: `python -m tests.interop.verdicts` writes this page.

"""


def page(found: Mapping[str, Sequence[Verdict]]) -> str:
    """Return the whole page."""
    reasons = {(package, it.check): it for it in differences() for package in it.packages}
    states = [State.PASSED, State.FAILED, State.NOT_APPLICABLE]
    rows = []
    for package, its in found.items():
        counts = Counter(it.state for it in its)
        assert set(counts) <= set(states), counts
        name = f"[`{package}`](#{_anchor(package)})"
        rows.append((name, pinned_versions()[package], str(len(its)), *(str(counts[state]) for state in states)))
    parts = [_HEAD, _table(("Package", "Version", "Checks", *(str(state).capitalize() for state in states)), rows)]
    for package, its in found.items():
        failed = [it for it in its if it.state is State.FAILED]
        parts.append(f"\n## {_title(package)}\n\n### Differences of {_short(package)}\n\n")
        parts.append(
            _table(
                ("Check", "Clause", "Deviation", "What the package does"),
                (
                    (
                        f"`{it.check}`" + (" (advisory)" if it.level == "advisory" else ""),
                        it.clause,
                        reasons[package, it.check].deviation or "none",
                        reasons[package, it.check].reason,
                    )
                    for it in failed
                ),
            )
        )
        parts.append(f"\n### Transcripts of {_short(package)}\n")
        parts += [_transcript(it) for it in failed]
        parts.append(f"\n### All checks of {_short(package)}\n\n")
        parts.append(
            _table(
                ("Check", "Clause", "Result", "Why it does not apply"),
                (
                    (f"`{it.check}`", it.clause, str(it.state), it.message if it.state is State.NOT_APPLICABLE else "")
                    for it in its
                ),
            )
        )
    return "".join(parts)


def _transcript(verdict: Verdict) -> str:
    lines = [verdict.message]
    if verdict.example:
        lines += ["", "example:", *(f"  {line}" for line in verdict.example.splitlines())]
    for (request, response), same in groupby(verdict.exchanges):
        times = len(list(same))
        lines += ["", *([f"{times} times:"] if times > 1 else [])]
        lines += [*(f"> {line}" for line in request.splitlines()), *(f"< {line}" for line in response.splitlines())]
    text = "\n".join(line if line.isprintable() else ascii(line)[1:-1] for line in lines)
    return f"\n`{verdict.check}`\n\n```text\n{text.rstrip()}\n```\n"


def _short(package: str) -> str:
    return package.removeprefix("@logto/connector-")


def _title(package: str) -> str:
    return f"{package} {pinned_versions()[package]}"


def _anchor(package: str) -> str:
    return re.sub(r"[^\w\- ]", "", _title(package).lower()).replace(" ", "-")


def _table(headings: Sequence[str], rows: "Iterator[Sequence[str]] | Sequence[Sequence[str]]") -> str:
    lines = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(it.replace('|', chr(92) + '|') for it in line)} |\n" for line in lines)


def main() -> None:
    """Write the page, or exit with the errors."""
    found = verdicts()
    messages = list(errors(found))
    if messages:
        raise SystemExit("\n".join(messages))
    PAGE.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
