"""What the suite says of Logto's own packages: ``python -m tests.interop.verdicts`` writes the page with the verdicts.

Each difference has its reason in ``differences.toml``. One without a reason, or a reason without a difference, is an
error. Two runs write the same page.
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
from conformance.judge import run_check
from conformance.npm import npm_spec
from conformance.npm.packages import pinned_versions
from conformance.runner import find_checks
from conformance.smoke import spec_faults

PACKAGES: Final = ("@logto/connector-aws-ses", "@logto/connector-http-email", "@logto/connector-http-sms")
PAGE: Final = Path(__file__).parents[2] / "docs" / "reference" / "official-connectors.md"
DIFFERENCES: Final = Path(__file__).with_name("differences.toml")

_PROFILE: Final = evolve(PROFILES["ci"], examples=30)
"""The same examples each time, and half as many: each crosses over to another process and back."""

_AT_ONCE: Final = 8
"""How many checks run at a time: most of what they do is wait for time limits and between attempts."""

_SLOW: Final = ("errors.time-limit", "isolation.unsaved", "secrets.failed-send", "isolation.network", "errors.message")
"""What to begin with, so that nothing long is left for the end."""

_LONGEST: Final = 400
_SHOWN: Final = 3


@frozen
class Verdict:
    """What became of one check of one package, without anything that another run would have otherwise.

    Args:
        check: its id.
        clause: of the contract.
        level: required or advisory.
        state: what became of it.
        message: why, where it did not pass.
        example: the smallest input that shows it.
        exchanges: what the provider received and answered, without headers.
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
        check: its id.
        packages: those that differ.
        reason: what they do, and why it is so.
        deviation: of the contract, where the kit differs on purpose; empty where the package breaks a clause.
    """

    check: str
    packages: frozenset[str] = field(converter=frozenset[str])
    reason: str
    deviation: str = ""


def differences() -> list[Difference]:
    """Return the published reasons."""
    listed = tomllib.loads(DIFFERENCES.read_text(encoding="utf-8"))["difference"]
    return [Difference(**{**it, "packages": [f"@logto/connector-{name}" for name in it["packages"]]}) for it in listed]


def verdicts() -> Mapping[str, Sequence[Verdict]]:
    """Run the suite on each package, in processes of their own, and return its verdicts in the order of the checks.

    Raises:
        SpecError: Node or npm is missing, or a package cannot be installed.
    """
    ids = [check.id for check in all_checks()]
    jobs = [(package, check_id) for check_id in sorted(ids, key=_begin) for package in PACKAGES]
    for package in PACKAGES:
        _spec(package)  # installed once, before many ask for it
    with ProcessPoolExecutor(_AT_ONCE, multiprocessing.get_context("spawn")) as pool:
        found = dict(zip(jobs, pool.map(_judge, *zip(*jobs, strict=True)), strict=True))
    return {package: [found[package, check_id] for check_id in ids] for package in PACKAGES}


def _begin(check_id: str) -> int:
    return _SLOW.index(check_id) if check_id in _SLOW else len(_SLOW)


@cache
def _spec(package: str) -> Spec:
    spec = npm_spec(f"{package}@{pinned_versions()[package]}")
    assert spec_faults(spec) == ()
    return spec


def _judge(package: str, check_id: str) -> Verdict:
    (check,) = find_checks([check_id])
    result = run_check(check, _spec(package), _PROFILE)
    return Verdict(
        result.id,
        result.clause,
        result.level,
        result.state,
        _steady(result.message),
        _steady(result.example or ""),
        tuple((_bare(it.request), _bare(it.answer)) for it in result.transcript[:_SHOWN]),
    )


_CHANGING: Final = (
    (re.compile(r"0102[0-9a-f]{32}-[0-9a-f-]{36}-000000"), "<message id>"),
    (re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"found \d+ s;"), "found <more> s;"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:<port>"),
    (re.compile(r"AWS4-HMAC-SHA256 .*Signature=[0-9a-f]*"), "<signature>"),
)


def _steady(text: str) -> str:
    for pattern, name in _CHANGING:
        text = pattern.sub(name, text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _bare(text: str) -> str:
    """Return the first line and the body."""
    head, _, body = text.partition("\n\n")
    return _steady(f"{head.splitlines()[0]}\n{body}".strip())


def faults(found: Mapping[str, Sequence[Verdict]]) -> Iterator[str]:
    """Hold the verdicts against the published reasons: both have to name the same differences."""
    told = {(package, it.check) for it in differences() for package in it.packages}
    failed = {(package, it.check) for package, its in found.items() for it in its if it.state is not State.PASSED}
    applies = {
        (package, it.check) for package, its in found.items() for it in its if it.state is not State.NOT_APPLICABLE
    }
    for package, check_id in sorted((failed & applies) - told):
        yield f"{package} does not pass {check_id}, and {DIFFERENCES.name} does not say why."
    for package, check_id in sorted(told - (failed & applies)):
        yield f"{package} does not fail {check_id}: take it out of {DIFFERENCES.name}."


# --- the page -------------------------------------------------------------------------------------------------------

_HEAD: Final = """\
# Logto's own connectors

What the conformance suite says of three of Logto's own npm packages, as they are published. They run in Node.js,
against a server on this machine that stands in for their provider; [the guide](../guides/conformance.md) says how to
do the same with any npm package.

A difference is no quarrel. The suite asks for what [the contract](../contract.md) says, and in its
[deviations](../contract.md#deviations) the contract asks for more than Logto's packages do: a failed check then names
the deviation. The others are clauses that a package breaks. Each difference has its reason here, and a test fails when
one comes up that has none, or when one is gone.

Generated with the profile `ci` and half its examples; `python -m tests.interop.verdicts` writes it anew.

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
                ("Check", "Clause", "Deviation", "What it does, and why"),
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
                ("Check", "Clause", "Verdict", "Why it does not apply"),
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
    for (request, answer), same in groupby(verdict.exchanges):
        times = len(list(same))
        lines += ["", *([f"{times} times:"] if times > 1 else [])]
        lines += [*(f"> {line}" for line in request.splitlines()), *(f"< {line}" for line in answer.splitlines())]
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
    """Write the page, if every difference has its reason and every reason its difference."""
    found = verdicts()
    wrong = list(faults(found))
    if wrong:
        raise SystemExit("\n".join(wrong))
    PAGE.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
