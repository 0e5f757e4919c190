"""Segments of text messages: the figures are those of 3GPP TS 23.038 and TS 23.040."""

import pytest

from connector_kit.sms_segments import SmsSegments, sms_segments


@pytest.mark.parametrize(
    ("text", "encoding", "segments", "units", "limit"),
    [
        ("", "GSM-7", 1, 0, 160),
        ("a" * 160, "GSM-7", 1, 160, 160),
        ("a" * 161, "GSM-7", 2, 161, 306),
        ("a" * 306, "GSM-7", 2, 306, 306),
        ("a" * 307, "GSM-7", 3, 307, 459),
        ("@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà\r\n", "GSM-7", 1, 44, 160),
        ("€" * 80, "GSM-7", 1, 160, 160),
        ("^{}\\[~]|€\f", "GSM-7", 1, 20, 160),
        ("€" * 81, "GSM-7", 2, 162, 306),
        ("a" * 152 + "€" + "a" * 20, "GSM-7", 2, 174, 306),
        ("ж" * 70, "UCS-2", 1, 70, 70),
        ("ж" * 71, "UCS-2", 2, 71, 134),
        ("ж" * 134, "UCS-2", 2, 134, 134),
        ("ж" * 135, "UCS-2", 3, 135, 201),
        ("😀" * 35, "UCS-2", 1, 70, 70),
        ("\ud800", "UCS-2", 1, 1, 70),
    ],
)
def test_segments_are_counted_as_gsm_03_38_defines(
    text: str, encoding: str, segments: int, units: int, limit: int
) -> None:
    """Characters of the extension table have two septets, and those outside the basic plane two code units."""
    found = sms_segments(text)
    assert (found.encoding, found.segments, found.units, found.limit) == (encoding, segments, units, limit)


def test_character_of_two_units_is_not_divided() -> None:
    """One unit at the end of a segment stays empty, so one more segment may be needed."""
    assert sms_segments("a" * 152 + "€" + "a" * 152).segments == 3
    assert sms_segments("😀" * 66).segments == 2
    assert sms_segments("😀" * 67).segments == 3


def test_characters_outside_gsm_7_are_listed_once() -> None:
    """Replacing them makes the message shorter; ``ç`` is one, ``Ç`` is not."""
    assert sms_segments("“Ça” “ça”") == SmsSegments("UCS-2", 1, 9, 70, ("“", "”", "ç"))
