"""How many segments a text message has, and in which encoding: providers charge for each segment.

Source: 3GPP TS 23.038 (GSM 03.38) for the alphabet and its extension table, and 3GPP TS 23.040 for the header of 6 bytes
that each segment has if there are several. No maintained library on PyPI does this.
"""

from typing import Final, Literal

from attrs import frozen

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENDED: Final = frozenset("\f^{}\\[~]|€")
"""Each takes two places: an escape comes first."""

_SEPTETS: Final = (160, 153)
_UNITS: Final = (70, 67)
"""In 16 bits. The first number is for one segment, the second for each of several."""


@frozen
class SmsSegments:
    """The size of a text message.

    Args:
        encoding: ``GSM-7``, or ``UCS-2`` if a character is not in the GSM alphabet.
        segments: how many messages the text is sent as.
        units: how many places it takes: septets, or units of 16 bits.
        limit: how many places its segments have.
        characters: the characters because of which the encoding is UCS-2, each once, in their order.
    """

    encoding: Literal["GSM-7", "UCS-2"]
    segments: int
    units: int
    limit: int
    characters: str


def sms_segments(text: str) -> SmsSegments:
    """Return the size of a text message. No character is divided between two segments."""
    others = "".join(dict.fromkeys(it for it in text if it not in _BASIC and it not in _EXTENDED))
    if others:
        sizes, (alone, each) = [2 if ord(it) > 0xFFFF else 1 for it in text], _UNITS  # noqa: PLR2004 - beyond it: two units
    else:
        sizes, (alone, each) = [2 if it in _EXTENDED else 1 for it in text], _SEPTETS
    units = sum(sizes)
    segments, used = 1, 0
    if units > alone:
        for size in sizes:
            if used + size > each:
                segments, used = segments + 1, 0
            used += size
    limit = alone if segments == 1 else segments * each
    return SmsSegments("UCS-2" if others else "GSM-7", segments, units, limit, others)
