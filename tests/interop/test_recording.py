"""The recordings that stand in for the official packages are complete, small, and notice when they are out of date."""

import json

import pytest
from attrs import evolve

from tests.interop.cases.json_texts import ONE_TAP
from tests.interop.cases.names import NAMES
from tests.interop.record import CASE_SETS
from tests.interop.recording import RECORDED, Official, Recording, StaleRecordingError, record


def test_every_case_set_is_recorded_and_nothing_else() -> None:
    """The recorded files hold exactly the case sets of the tests, in less than 1.5 MB."""
    recorded = {name for path in RECORDED.glob("*.json") for name in json.loads(path.read_text(encoding="utf-8"))}
    assert recorded == {case_set.name for case_set in CASE_SETS}
    assert sum(path.stat().st_size for path in RECORDED.glob("*.json")) < 1_500_000


@pytest.mark.parametrize("case_set", CASE_SETS, ids=lambda it: it.name)
def test_cases_are_the_same_each_time(case_set: object) -> None:
    """Making cases again gives those that were recorded: without npm, a stale recording is an error, not a pass."""
    assert Official(None).answers(case_set).live is None  # type: ignore[arg-type]


def test_a_changed_case_makes_the_recording_stale() -> None:
    """One case more, and the recording is refused with the command that renews it."""
    longer = evolve(ONE_TAP, make=lambda: [*ONE_TAP.make(), {"data": "{}"}])
    with pytest.raises(StaleRecordingError, match=r"python -m tests\.interop\.record"):
        Official(None).answers(longer)


@pytest.mark.parametrize("answers", [[True, False] * 9, ["a", 1.0, None, {"b": [1]}] * 5])
def test_a_recording_tells_right_answers_from_wrong_ones(answers: list[object]) -> None:
    """In each form, a recording agrees with every answer it was made from, and with no other."""
    forms = ["full", "hashes", *(["bits"] if isinstance(answers[0], bool) else [])]
    for form in forms:
        recording = record(evolve(NAMES, form=form), [{}] * len(answers), answers)  # type: ignore[arg-type]
        assert isinstance(recording, Recording)
        for index, answer in enumerate(answers):
            assert recording.agrees(index, answer)
            assert not recording.agrees(index, answers[index - 1])


def test_the_official_packages_answer_themselves(official: Official) -> None:
    """These tests compare with the official packages, not only with what was once recorded of them."""
    if official.driver is None:
        pytest.skip(f"compared with recorded answers only: {official.why_recorded}")
    assert official.driver.ask(NAMES.operation, NAMES.make(), {}) == list(official.answers(NAMES).full)
