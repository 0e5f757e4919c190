"""Case sets, the official answers to them, and the recordings that replace these without npm.

A recording does not contain the cases: they are made again from their seed, and a digest detects a change.
"""

import base64
import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from attrs import field, frozen

from tests.interop.official import Driver

RECORDED: Final = Path(__file__).parent / "recorded"
RE_RECORD: Final = "python -m tests.interop.record"
_HASH_LENGTH: Final = 6

Case = Mapping[str, Any]


def exact(value: object) -> Any:
    """Rewrite a JSON value so that two are equal where nothing shows a difference: numbers are doubles, -0 is 0."""
    if isinstance(value, bool) or value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float):
        try:
            number = float(value)
        except OverflowError:
            number = float("inf") if value > 0 else float("-inf")
        return {"$": repr(number or 0.0)}
    if isinstance(value, Mapping):
        if value.keys() == {"$"}:
            special = {"undefined": None, "Infinity": {"$": "inf"}, "-Infinity": {"$": "-inf"}, "-0": {"$": "0.0"}}
            return special.get(str(value["$"]), value)
        return {key: exact(member) for key, member in value.items()}
    assert isinstance(value, list | tuple), type(value)
    return [exact(item) for item in value]


def without_proto(value: Any, depth: int = sys.maxsize) -> Any:
    """Return a JSON value without its keys ``__proto__``, which upstream's parser drops, as deep as it parses."""
    if depth == 0:
        return value
    if isinstance(value, list):
        return [without_proto(item, depth - 1) for item in value]
    if isinstance(value, dict):
        return {key: without_proto(member, depth - 1) for key, member in value.items() if key != "__proto__"}
    return value


def _text(answer: object) -> str:
    return json.dumps(exact(answer), sort_keys=True, separators=(",", ":"))


def _hash(answer: object) -> str:
    digest = hashlib.sha256(_text(answer).encode("ascii")).digest()
    return base64.b64encode(digest)[:_HASH_LENGTH].decode("ascii")


@frozen
class CaseSet:
    """Questions for the official packages.

    Args:
        name: the recording's key, in the file before the dot: ``guards.templateTypeGuard``.
        operation: the driver's operation for each case.
        make: makes the cases, the same each time.
        form: how answers are recorded: one bit each, a short hash each, or in full.
        common: what all cases share.
        ask: how to get the answers, where one call of the driver is not enough.
    """

    name: str
    operation: str
    make: Callable[[], Sequence[Case]] = field(repr=False)
    form: Literal["bits", "hashes", "full"] = "hashes"
    common: Mapping[str, Any] = field(factory=dict, repr=False)
    ask: Callable[[Driver, Sequence[Case]], list[Any]] | None = field(default=None, repr=False)

    def official_answers(self, driver: Driver, cases: Sequence[Case]) -> list[Any]:
        """Ask the official packages."""
        return self.ask(driver, cases) if self.ask else driver.ask(self.operation, cases, self.common)

    @property
    def file(self) -> Path:
        """The file that holds the recording."""
        return RECORDED / f"{self.name.partition('.')[0]}.json"


@frozen
class Recording:
    """What is kept of the answers to a case set.

    Args:
        cases: how many, and the digest of all of them.
        answers: in the set's form.
    """

    cases: str
    answers: Any = field(repr=False)

    def agrees(self, index: int, answer: object) -> bool:
        """Return whether the recorded answer to a case equals this one, as far as the recording's form shows."""
        if isinstance(self.answers, list):
            return _text(self.answers[index]) == _text(answer)
        kind, _, body = self.answers.partition(":")
        if kind == "bits":
            assert isinstance(answer, bool)
            packed = base64.b64decode(body)
            return bool(packed[index // 8] >> index % 8 & 1) is answer
        return bool(body[index * _HASH_LENGTH : (index + 1) * _HASH_LENGTH] == _hash(answer))


def digest(cases: Sequence[Case]) -> str:
    """Return how many cases there are and a hash of them all."""
    text = json.dumps(cases, sort_keys=True, separators=(",", ":"))
    return f"{len(cases)}:{hashlib.sha256(text.encode('ascii')).hexdigest()[:24]}"


def record(case_set: CaseSet, cases: Sequence[Case], answers: Sequence[Any]) -> Recording:
    """Make the recording of answers."""
    if case_set.form == "bits":
        packed = bytearray(-(-len(answers) // 8))
        for index, answer in enumerate(answers):
            assert isinstance(answer, bool), (case_set.name, index, answer)
            packed[index // 8] |= answer << index % 8
        return Recording(digest(cases), f"bits:{base64.b64encode(bytes(packed)).decode('ascii')}")
    if case_set.form == "hashes":
        return Recording(digest(cases), "hashes:" + "".join(map(_hash, answers)))
    return Recording(digest(cases), list(answers))


def load(case_set: CaseSet) -> Recording | None:
    """Return the recording of a case set, if there is one."""
    if not case_set.file.exists():
        return None
    entry = json.loads(case_set.file.read_text(encoding="utf-8")).get(case_set.name)
    return None if entry is None else Recording(entry["cases"], entry["answers"])


def save(recordings: Iterable[tuple[CaseSet, Recording]]) -> None:
    """Write recordings, replacing all that were there."""
    files: dict[Path, dict[str, Any]] = {}
    for case_set, recording in recordings:
        files.setdefault(case_set.file, {})[case_set.name] = {"cases": recording.cases, "answers": recording.answers}
    RECORDED.mkdir(exist_ok=True)
    for old in RECORDED.glob("*.json"):
        old.unlink()
    for path, entries in files.items():
        lines = [f"{json.dumps(name)}: {json.dumps(entry, sort_keys=True)}" for name, entry in sorted(entries.items())]
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


@frozen
class Answers:
    """The official answers to a case set: live ones where npm is there, and what was recorded of them.

    Args:
        case_set: which.
        cases: its cases.
        live: the answers in full, or ``None`` where there is no npm.
        recording: what was recorded.
    """

    case_set: CaseSet
    cases: Sequence[Case] = field(repr=False)
    live: Sequence[Any] | None = field(repr=False)
    recording: Recording = field(repr=False)

    def agrees(self, index: int, answer: object) -> bool:
        """Return whether the official answer to a case equals this one."""
        if self.live is None:
            return self.recording.agrees(index, answer)
        return _text(self.live[index]) == _text(answer)

    def differences(self, ours: Sequence[Any]) -> list[int]:
        """Return the indices of the cases where our answer differs."""
        assert len(ours) == len(self.cases)
        return [index for index, answer in enumerate(ours) if not self.agrees(index, answer)]

    def report(self, index: int, ours: object) -> str:
        """Return a case, its official answer and ours, for the message of a failed test."""
        official = (
            "(recorded as a digest; install Node.js and npm to see it)" if self.live is None else self.live[index]
        )
        return f"{self.case_set.name}[{index}] {self.cases[index]!r}\n  official: {official!r}\n  ours:     {ours!r}"

    @property
    def full(self) -> Sequence[Any]:
        """The answers in full; for sets whose form is "full"."""
        assert self.case_set.form == "full"
        answers: Sequence[Any] = self.recording.answers
        return answers


class StaleRecordingError(AssertionError):
    """A recording no longer matches its cases or the official packages; the message names the command to renew it."""


@frozen
class Official:
    """The official packages, as far as they are available: live, recorded, or both.

    Args:
        driver: the running driver, or ``None`` where there is no npm.
        why_recorded: why there is none.
    """

    driver: Driver | None
    why_recorded: str = ""

    def answers(self, case_set: CaseSet) -> Answers:
        """Return the official answers to a case set.

        Raises:
            StaleRecordingError: the recording is missing or out of date.
        """
        cases = case_set.make()
        recording = load(case_set)
        if recording is None or recording.cases != digest(cases):
            raise StaleRecordingError(
                f"The recording of {case_set.name} is missing or of other cases. Run: {RE_RECORD}"
            )
        if self.driver is None:
            return Answers(case_set, cases, None, recording)
        live = case_set.official_answers(self.driver, cases)
        if record(case_set, cases, live) != recording:
            raise StaleRecordingError(
                f"The official answers to {case_set.name} are no longer those recorded. Run: {RE_RECORD}"
            )
        return Answers(case_set, cases, live, recording)
