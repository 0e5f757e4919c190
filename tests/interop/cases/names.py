"""The exports and constants of the official package, and strings that may contain a URL."""

from collections.abc import Sequence
from typing import Final

from tests.interop.dice import Dice
from tests.interop.recording import Case, CaseSet

URL_PIECES: Final = (
    *("http://", "https://", "HTTPS://", "ftp://", "www.", "logto", "io", ".io", ".", "..", "p.s.a.", "a.b.", "U.S."),
    *("a", "b.c", "1.2", "1.2.3", "-", "_", " ", ",", "/", ":", "@", "%", "(", ")", "#", "~", "=", "+", "?x=1&y"),
    *(
        "\n",
        "\u00a0",
        "\ufeff",
        "é",
        "ç.com",
        "\u212a",
        "\u017f",
        "\u0663",
        "\U0001f600",
        "\ud800",
        "Acme Inc.",
        "e.g.",
    ),
)


def _texts() -> Sequence[Case]:
    dice = Dice("urls")
    texts = ["".join(dice.some(URL_PIECES, 1, 6)) for _ in range(4000)]
    texts += [
        f"{before}{middle}{after}"
        for before in URL_PIECES
        for middle in ("a.b", "a.b.", "x.y.z")
        for after in URL_PIECES
    ]
    texts += ["a" * 256 + ".io", "a" * 300 + ".io", "a." * 200, "1" * 257 + ".a", ":" * 256 + ".a1"]
    return [{"value": text} for text in texts]


NAMES: Final = CaseSet("names.exports", "names", lambda: [{}], "full")
CONSTANTS: Final = CaseSet("names.constants", "constants", lambda: [{}], "full")
LANGUAGES: Final = CaseSet("names.languages", "languages", lambda: [{}], "full")
URLS: Final = CaseSet("names.urlRegEx", "urlRegEx", _texts, "bits")
CASE_SETS: Final = (NAMES, CONSTANTS, LANGUAGES, URLS)
