"""``python -m tests.interop.record``: run the official packages on all cases and record their answers.

Run it at the root of the repository when a package's version, a case or a seed changes; the tests then fail and say so.
"""

from typing import Final

from tests.interop.cases import guards, json_texts, mailboxes, names, rendering, schemas, sends
from tests.interop.official import running_driver
from tests.interop.recording import CaseSet, record, save

CASE_SETS: Final[tuple[CaseSet, ...]] = (
    *rendering.CASE_SETS,
    *mailboxes.CASE_SETS,
    *json_texts.CASE_SETS,
    *names.CASE_SETS,
    *guards.CASE_SETS,
    *schemas.CASE_SETS,
    *sends.CASE_SETS,
)


def main() -> None:
    """Replace all recordings."""
    with running_driver() as driver:
        recordings = []
        for case_set in CASE_SETS:
            cases = case_set.make()
            recordings.append((case_set, record(case_set, cases, case_set.official_answers(driver, cases))))
    save(recordings)


if __name__ == "__main__":
    main()
