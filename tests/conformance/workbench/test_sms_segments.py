"""Segments of text messages. The expected values are those of the npm package sms-segments-calculator 1.3.0."""

import pytest

from conformance.workbench.sms_segments import SmsSegments, sms_segments


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", SmsSegments("GSM-7", 1, 0, 160, "")),
        ("Your code: 123456", SmsSegments("GSM-7", 1, 17, 160, "")),
        ("a" * 160, SmsSegments("GSM-7", 1, 160, 160, "")),
        ("a" * 161, SmsSegments("GSM-7", 2, 161, 306, "")),
        ("€" * 80, SmsSegments("GSM-7", 1, 160, 160, "")),
        ("a" * 152 + "€" + "a" * 10, SmsSegments("GSM-7", 2, 164, 306, "")),
        ("ç", SmsSegments("UCS-2", 1, 1, 70, "ç")),
        ("Ç\n\r", SmsSegments("GSM-7", 1, 3, 160, "")),
        ("ёё`", SmsSegments("UCS-2", 1, 3, 70, "ё`")),
        ("ё" * 71, SmsSegments("UCS-2", 2, 71, 134, "ё")),
        ("ё" * 66 + "😀" + "ё" * 5, SmsSegments("UCS-2", 2, 73, 134, "ё😀")),
    ],
)
def test_segments(text: str, expected: SmsSegments) -> None:
    assert sms_segments(text) == expected
