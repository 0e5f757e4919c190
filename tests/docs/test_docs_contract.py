"""The contract, the checks and the tests know the same clauses and deviations."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from conformance import all_checks
from tests.docs.markdown import DOCS, ROOT, code_spans

CONTRACT = DOCS / "contract.md"
TEXT = CONTRACT.read_text(encoding="utf-8")
CLAUSES = re.findall(r"^- \*\*([A-Z]\d+)\.\*\*", TEXT, re.MULTILINE)
DEVIATIONS = re.findall(r"^#### ([RK]\d+): ", TEXT, re.MULTILINE)


@cache
def _functions(file: Path) -> set[str]:
    return {it.name for it in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(it, ast.FunctionDef)}


def _deviation(number: str) -> str:
    found = re.search(rf"^#### {number}: .*?(?=^#{{2,4}} )", TEXT, re.MULTILINE | re.DOTALL)
    assert found is not None
    return found[0]


def test_clauses_of_checks_are_in_the_contract() -> None:
    """A check names a clause or a deviation that the contract has."""
    assert {check.clause for check in all_checks()} - {*CLAUSES, *DEVIATIONS} == set()


def test_every_clause_has_a_check() -> None:
    """At least one check proves each clause; deviations may be proven by a test."""
    assert set(CLAUSES) - {check.clause for check in all_checks()} == set()


def test_clauses_are_numbered_without_gaps() -> None:
    """The clauses and deviations of each letter count up from 1, in order."""
    numbered = [*CLAUSES, *DEVIATIONS]
    for letter in dict.fromkeys(clause[0] for clause in numbered):
        own = [clause for clause in numbered if clause[0] == letter]
        assert own == [f"{letter}{number}" for number in range(1, len(own) + 1)]


@pytest.mark.parametrize("number", DEVIATIONS)
def test_deviation_has_its_four_parts(number: str) -> None:
    """A deviation has Official, Here, Why and Proven by; its proofs are existing checks or tests."""
    text = _deviation(number)
    assert re.findall(r"^- (Official|Here|Why|Proven by): ", text, re.MULTILINE) == [
        "Official",
        "Here",
        "Why",
        "Proven by",
    ]
    proofs = re.findall(r"`([^`]+)`", text.partition("- Proven by: ")[2])
    ids = {check.id for check in all_checks()}
    for proof in proofs:
        file, separator, name = proof.partition("::")
        if separator:
            assert name in _functions(ROOT / file), proof
        else:
            assert proof in ids, proof
    assert proofs


def test_deviation_names_the_checks_that_prove_it() -> None:
    """If a check's clause is a deviation, that deviation names the check."""
    for check in all_checks():
        if check.clause in DEVIATIONS:
            assert f"`{check.id}`" in _deviation(check.clause), check.id


def test_referenced_clauses_exist() -> None:
    """Every clause number on a page of the docs is in the contract."""
    letters = "".join(sorted({it[0] for it in (*CLAUSES, *DEVIATIONS)}))
    for page in DOCS.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(rf"(?<![\w/.-])([{letters}]\d{{1,2}})(?![\w.-]*\w)", text))
        assert named <= {*CLAUSES, *DEVIATIONS}, page.name


def test_every_check_id_in_the_docs_exists() -> None:
    """Every code span that looks like the id of a check is one."""
    ids = {check.id for check in all_checks()}
    areas = "|".join({check.id.partition(".")[0] for check in all_checks()})
    for page in DOCS.rglob("*.md"):
        shaped = {it for it in code_spans(page) if re.fullmatch(rf"(?:{areas})\.[a-z0-9-]+", it)}
        assert {it for it in shaped - ids if not it.endswith((".json", ".schema"))} == set(), page.name
