"""The contract's clauses and deviations are those that the code and the tests know, no more and no fewer."""

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


def test_every_clause_of_a_check_is_in_the_contract() -> None:
    """A check names a clause or a deviation that the contract has."""
    assert {check.clause for check in all_checks()} - {*CLAUSES, *DEVIATIONS} == set()


def test_every_clause_has_a_check() -> None:
    """Every clause but the deviations is proven by a check at least."""
    assert set(CLAUSES) - {check.clause for check in all_checks()} == set()


def test_clauses_are_numbered_without_gaps() -> None:
    """M1 to M7, C1 to C10 and so on, each once and in order."""
    wanted = {"M": 12, "C": 16, "T": 19, "D": 16, "I": 8, "E": 11, "O": 6, "S": 8, "U": 4, "L": 11}
    assert [f"{letter}{number}" for letter, last in wanted.items() for number in range(1, last + 1)] == CLAUSES
    assert [*(f"R{number}" for number in range(1, 11)), *(f"K{number}" for number in range(1, 8))] == DEVIATIONS


@pytest.mark.parametrize("number", DEVIATIONS)
def test_a_deviation_says_what_why_and_where_it_is_proven(number: str) -> None:
    """Official, Here, Why and Proven by; what it names as proof is a check or a test that exists."""
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


def test_deviations_that_a_check_proves_name_it() -> None:
    """Where a check's clause is a deviation, that deviation names the check."""
    for check in all_checks():
        if check.clause in DEVIATIONS:
            assert f"`{check.id}`" in _deviation(check.clause), check.id


def test_references_to_clauses_lead_somewhere() -> None:
    """A clause that any page of the docs names is in the contract."""
    letters = "".join(sorted({it[0] for it in (*CLAUSES, *DEVIATIONS)}))
    for page in DOCS.rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        named = set(re.findall(rf"(?<![\w/.-])([{letters}]\d{{1,2}})(?![\w.-]*\w)", text))
        assert named <= {*CLAUSES, *DEVIATIONS}, page.name


def test_every_check_id_in_the_docs_exists() -> None:
    """What looks like the id of a check is one."""
    ids = {check.id for check in all_checks()}
    areas = "|".join({check.id.partition(".")[0] for check in all_checks()})
    for page in DOCS.rglob("*.md"):
        shaped = {it for it in code_spans(page) if re.fullmatch(rf"(?:{areas})\.[a-z0-9-]+", it)}
        assert {it for it in shaped - ids if not it.endswith((".json", ".schema"))} == set(), page.name
