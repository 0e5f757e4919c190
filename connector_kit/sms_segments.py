"""Counts the segments of a text message. Providers charge for each."""

from collections.abc import Iterable
from typing import Final, Literal

from attrs import frozen

_BASIC: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet of GSM 03.38, now 3GPP TS 23.038, section 6.2.1, without the escape character."""

_EXTENSION: Final = frozenset("\f^{}\\[~]|€")
"""Section 6.2.1.1: the escape character, and one more."""

_SINGLE: Final = {"GSM-7": 160, "UCS-2": 70}
_PART: Final = {"GSM-7": 153, "UCS-2": 67}
"""A part of a longer text has six bytes less, for the header that joins the parts: 3GPP TS 23.040, section 9.2.3.24.1."""

_FIRST_OUTSIDE_UCS_2: Final = "\U00010000"


@frozen
class SmsSegments:
    """How a text message is sent.

    Args:
        encoding: ``GSM-7`` if its alphabet has every character of the text, else ``UCS-2``.
        segments: the number of messages that the provider sends and charges; an empty text is one.
        units: the length: septets of GSM-7, in which ``€`` and nine others count twice, or code units of UCS-2.
        limit: the most units that so many segments can have.
        outside_gsm: the characters that GSM-7 does not have, each once, in the order of the text.
    """

    encoding: Literal["GSM-7", "UCS-2"]
    segments: int
    units: int
    limit: int
    outside_gsm: tuple[str, ...]


def sms_segments(text: str) -> SmsSegments:
    """Count the segments of a text message: 160 septets or 70 code units alone, 153 or 67 in each of several.

    Neither an escaped character of GSM-7 nor a surrogate pair is divided between two segments. Some providers replace
    characters first (Twilio's Smart Encoding), so they may send fewer. 480 random texts have the same encodings and segments
    as in Twilio's sms-segments-calculator 1.3.0. Of the libraries, smsutil 1.1.3 is from 2020, and
    gsm0338 encodes only.
    """
    outside = tuple(dict.fromkeys(it for it in text if it not in _BASIC and it not in _EXTENSION))
    if outside:
        return _count("UCS-2", [1 + (it >= _FIRST_OUTSIDE_UCS_2) for it in text], outside)
    return _count("GSM-7", [1 + (it in _EXTENSION) for it in text], outside)


def _count(encoding: Literal["GSM-7", "UCS-2"], sizes: Iterable[int], outside: tuple[str, ...]) -> SmsSegments:
    """Fill one segment after the other with characters of these sizes."""
    part, segments, units, filled = _PART[encoding], 1, 0, 0
    for size in sizes:
        units += size
        filled += size
        if filled > part:
            segments, filled = segments + 1, size
    if units <= _SINGLE[encoding]:
        return SmsSegments(encoding, 1, units, _SINGLE[encoding], outside)
    return SmsSegments(encoding, segments, units, segments * part, outside)
