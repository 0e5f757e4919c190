"""What became of the mutants, and what is known of those that live."""

import tomllib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from attrs import frozen

FOLDER: Final = Path(__file__).parent
REPORT: Final = FOLDER.parents[1] / "docs" / "reference" / "mutation.md"
KINDS: Final = {
    "equivalent": "No connector behaves differently: there is nothing to notice.",
    "wording": "The words of a message or a log line are others: the contract leaves them to the author.",
    "speed": "The same happens, but slower or faster: speed is measured and not tested.",
    "import": "The line runs when the code is imported, before mutmut can change it: it was never tried.",
    "outside": "It shows in what only the kit's own unit tests look at.",
    "missed": "The suite could notice, and does not.",
}
"""Why a mutant lives. Those that are no part of what a connector does are left out of the rate, the others count."""

LEFT_OUT: Final = ("equivalent", "wording", "speed", "import")
UNTRIED: Final = "not checked"
"""The state of a mutant that an unfinished run has not come to."""

_DEAD: Final = {"killed", "timeout", "suspicious", "segfault"}


@frozen
class Mutant:
    """One small change of the code.

    Args:
        name: module, function and number, as mutmut names it.
        state: what became of it.
        change: the lines taken out and put in.
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
    """Why mutants of one place live.

    Args:
        place: module and function.
        change: a text that their change has; an empty one for all of them.
        kind: one of `KINDS`.
        why: the reason.
    """

    place: str
    change: str
    kind: str
    why: str


def read_verdicts() -> list[Verdict]:
    """Read what is known of those that live."""
    told = tomllib.loads((FOLDER / "survivors.toml").read_text(encoding="utf-8"))
    return [Verdict(it["place"], it.get("change", ""), it["kind"], it["why"]) for it in told["survivor"]]


def explain(mutant: Mutant, verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return why a mutant lives, if that is known."""
    for verdict in verdicts:
        if mutant.place.endswith(verdict.place) and verdict.change in mutant.change:
            return verdict
    return None


def make_report(mutants: Sequence[Mutant], verdicts: Sequence[Verdict]) -> tuple[str, list[Mutant]]:
    """Return the report as Markdown, and the mutants that live without a reason."""
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
        "Made by `python -m tests.mutation`: the Amazon SES connector, `connector_kit/connector.py` and",
        "`connector_kit/templates.py`, changed in one small way at a time by mutmut, with the conformance suite on the",
        "Amazon SES connector and on the [right connectors](kill-matrix.md#right-connectors) as the only test.",
        "",
        f"**{len(mutants)} changes, {len(dead)} noticed: {len(dead) / counted:.1%} of the {counted} that count.**",
        f"With those that change the words of a message alone it would be {len(dead) / with_words:.1%} of {with_words}.",
        "",
        *([f"The run is not complete: {untried} more changes were not tried yet.", ""] if untried else []),
        "| Of those that live | How many | Counts? | Meaning |",
        "| --- | --- | --- | --- |",
        *(
            f"| {kind} | {kinds[kind]} | {'no' if kind in LEFT_OUT else 'yes'} | {meaning} |"
            for kind, meaning in KINDS.items()
        ),
        "",
        *_by_file(mutants, known),
        "## Why they live",
        "",
        "| Function | How many | Kind | Why |",
        "| --- | --- | --- | --- |",
        *_reasons(alive, known),
    ]
    return "\n".join(lines) + "\n", unexplained


def _by_file(mutants: Sequence[Mutant], known: Mapping[str, Verdict | None]) -> list[str]:
    modules = sorted({_module(it) for it in mutants})
    lines = ["| Module | Changes | Noticed | Left out | Live and count |", "| --- | --- | --- | --- | --- |"]
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
    told: Counter[tuple[str, str, str]] = Counter()
    for mutant in alive:
        verdict = known[mutant.name]
        kind, why = (verdict.kind, verdict.why) if verdict else ("missed", "not studied yet")
        told[_function(mutant), kind, why] += 1
    return [f"| `{function}` | {count} | {kind} | {why} |" for (function, kind, why), count in sorted(told.items())]
