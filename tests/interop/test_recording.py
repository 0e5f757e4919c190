"""The recorded responses, which replace the official packages without npm, are complete, small and up to date."""

import json

import pytest
from attrs import evolve

from tests.interop.cases.json_texts import ONE_TAP
from tests.interop.cases.names import NAMES
from tests.interop.record import CASE_SETS
from tests.interop.recording import RECORDED, Official, Recording, StaleRecordingError, record


def test_recordings_match_the_case_sets() -> None:
    """The recorded files hold exactly the case sets of the tests, in less than 1.5 MB."""
    recorded = {name for path in RECORDED.glob("*.json") for name in json.loads(path.read_text(encoding="utf-8"))}
    assert recorded == {case_set.name for case_set in CASE_SETS}
    assert sum(path.stat().st_size for path in RECORDED.glob("*.json")) < 1_500_000


@pytest.mark.parametrize("case_set", CASE_SETS, ids=lambda it: it.name)
def test_case_sets_are_deterministic(case_set: object) -> None:
    """Making the cases again gives those that were recorded; a stale recording raises an error."""
    assert Official(None).answers(case_set).live is None  # type: ignore[arg-type]


def test_changed_case_makes_the_recording_stale() -> None:
    """With one more case, the error names the command that renews the recording."""
    longer = evolve(ONE_TAP, make=lambda: [*ONE_TAP.make(), {"data": "{}"}])
    with pytest.raises(StaleRecordingError, match=r"python -m tests\.interop\.record"):
        Official(None).answers(longer)


@pytest.mark.parametrize("answers", [[True, False] * 9, ["a", 1.0, None, {"b": [1]}] * 5])
def test_recording_matches_only_its_own_answers(answers: list[object]) -> None:
    """In each form, a recording agrees with the answers it was made from and with no others."""
    forms = ["full", "hashes", *(["bits"] if isinstance(answers[0], bool) else [])]
    for form in forms:
        recording = record(evolve(NAMES, form=form), [{}] * len(answers), answers)  # type: ignore[arg-type]
        assert isinstance(recording, Recording)
        for index, answer in enumerate(answers):
            assert recording.agrees(index, answer)
            assert not recording.agrees(index, answers[index - 1])


def test_official_packages_are_compared_live(official: Official) -> None:
    """These tests run the official packages; without npm they compare with recorded answers only."""
    if official.driver is None:
        pytest.skip(f"compared with recorded answers only: {official.why_recorded}")
    assert official.driver.ask(NAMES.operation, NAMES.make(), {}) == list(official.answers(NAMES).full)
