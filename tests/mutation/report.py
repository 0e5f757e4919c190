"""The mutation report: the result of every mutant, and the reason why a mutant survives."""

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

FOLDER: Final = Path(__file__).parent
REPORT: Final = FOLDER.parents[1] / "docs" / "internals" / "mutation.md"
KINDS: Final = {
    "equivalent": "The connector behaves the same, so no test can detect it.",
    "wording": "Only the text of a message or a log line changes; the contract leaves it to the author.",
    "speed": "Only the speed changes; speed is measured in benchmarks, not in tests.",
    "import": "The line runs at import, before mutmut activates the mutant, so it was never tried.",
    "outside": "Only the kit's own unit tests can detect it.",
    "missed": "The suite could detect it, and does not.",
}
"""Why a mutant survives. The rate leaves out those of `LEFT_OUT`."""

LEFT_OUT: Final = ("equivalent", "wording", "speed", "import")
UNTRIED: Final = "not checked"
"""The state of a mutant that an unfinished run has not tried yet."""

_DEAD: Final = {"killed", "timeout", "suspicious", "segfault"}


@frozen
class Mutant:
    """One small change of the code, made by mutmut.

    Args:
        name: module, function and number, as mutmut names it.
        state: its result, as mutmut names it.
        change: the removed and added lines, as in a diff.
    """

    name: str
    state: str
    change: str

    @property
    def place(self) -> str:
        """Module and function."""
        return self.name.rpartition("__mutmut_")[0]


@frozen
class Verdict:
    """Why mutants of one function survive.

    Args:
        place: module and function.
        change: a text in their diff; empty for all mutants of the function.
        kind: one of `KINDS`.
        why: the reason.
    """

    place: str
    change: str
    kind: str
    why: str


def read_verdicts() -> list[Verdict]:
    """Read the reasons from survivors.toml."""
    data = tomllib.loads((FOLDER / "survivors.toml").read_text(encoding="utf-8"))
    return [Verdict(it["place"], it.get("change", ""), it["kind"], it["why"]) for it in data["survivor"]]


def explain(mutant: Mutant, verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return why a mutant survives, or ``None`` where no reason is recorded."""
    for verdict in verdicts:
        if mutant.place.endswith(verdict.place) and verdict.change in mutant.change:
            return verdict
    return None


def make_report(mutants: Sequence[Mutant], verdicts: Sequence[Verdict]) -> tuple[str, list[Mutant]]:
    """Return the report as Markdown, and the surviving mutants without a reason."""
    untried = sum(it.state == UNTRIED for it in mutants)
    mutants = [it for it in mutants if it.state != UNTRIED]
    dead = [it for it in mutants if it.state in _DEAD]
    alive = [it for it in mutants if it.state not in _DEAD]
    known = {it.name: explain(it, verdicts) for it in alive}
    unexplained = [it for it in alive if known[it.name] is None]
    kinds = Counter(it.kind if it else "missed" for it in known.values())
    counted = len(mutants) - sum(kinds[kind] for kind in LEFT_OUT)
    with_words = counted + kinds["wording"]
    lines = [
        "# Mutation",
        "",
        "mutmut changes the Amazon SES connector, `connector_kit/connector.py` and `connector_kit/templates.py` in one",
        "small way at a time. The only test is the conformance suite, on the Amazon SES connector and on",
        "[right connectors](kill-matrix.md#right-connectors). `python -m tests.docs.regenerate --all` writes this page.",
        "",
        f"**{len(mutants)} mutants, {len(dead)} detected: {len(dead) / counted:.1%} of the {counted} that count.**",
        f"Including those that only change the text of a message, it is {len(dead) / with_words:.1%} of {with_words}.",
        "",
        *([f"The run is not complete: {untried} more mutants were not tried yet.", ""] if untried else []),
        "| Survivors | Number | Counts? | Meaning |",
        "| --- | --- | --- | --- |",
        *(
            f"| {kind} | {kinds[kind]} | {'no' if kind in LEFT_OUT else 'yes'} | {meaning} |"
            for kind, meaning in KINDS.items()
        ),
        "",
        *_by_file(mutants, known),
        "## Reasons",
        "",
        "| Function | Number | Kind | Reason |",
        "| --- | --- | --- | --- |",
        *_reasons(alive, known),
    ]
    return "\n".join(lines) + "\n", unexplained


def _by_file(mutants: Sequence[Mutant], known: Mapping[str, Verdict | None]) -> list[str]:
    modules = sorted({_module(it) for it in mutants})
    lines = ["| Module | Mutants | Detected | Left out | Survive and count |", "| --- | --- | --- | --- | --- |"]
    for module in modules:
        own = [it for it in mutants if _module(it) == module]
        dead = sum(it.state in _DEAD for it in own)
        out = sum((verdict := known.get(it.name)) is not None and verdict.kind in LEFT_OUT for it in own)
        lines.append(f"| `{module}` | {len(own)} | {dead} | {out} | {len(own) - dead - out} |")
    return [*lines, ""]


def _module(mutant: Mutant) -> str:
    return mutant.place.rpartition(".")[0].replace("connector_kit.", "", 1)


def _function(mutant: Mutant) -> str:
    """Return ``module.Class.function`` from mutmut's ``module.xǁClassǁfunction`` or ``module.x_function``."""
    module, _, name = mutant.place.rpartition(".")
    function = name.removeprefix("xǁ").replace("ǁ", ".") if name.startswith("xǁ") else name.removeprefix("x_")
    return f"{module.removeprefix('connector_kit.')}.{function}"


def _reasons(alive: Sequence[Mutant], known: Mapping[str, Verdict | None]) -> list[str]:
    counts: Counter[tuple[str, str, str]] = Counter()
    for mutant in alive:
        verdict = known[mutant.name]
        kind, why = (verdict.kind, verdict.why) if verdict else ("missed", "no reason recorded yet")
        counts[_function(mutant), kind, why] += 1
    return [f"| `{function}` | {count} | {kind} | {why} |" for (function, kind, why), count in sorted(counts.items())]
