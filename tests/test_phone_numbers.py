"""Phone numbers in E.164 form: a plus sign, the country code, at most 15 digits (ITU-T E.164)."""

import re
import subprocess
import sys
from contextlib import suppress

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.harness import strategies
from connector_kit import ConnectorError, ConnectorErrorCodes, SendMessageData, Sms, e164


@pytest.mark.parametrize("number", [it for many in strategies.NUMBERS.values() for it in many])
def test_numbers_as_logto_sends_them_get_a_plus_sign(number: str) -> None:
    assert e164(number) == f"+{number}"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+4915112345678", "+4915112345678"),
        ("+1 (415) 555-0123", "+14155550123"),
        ("+49 151/1234.5678", "+4915112345678"),
        ("+33\u00a06\u00a012345678", "+33612345678"),
        ("+44 (0) 7700 900123", "+447700900123"),
        ("4407700900123", "+447700900123"),
    ],
)
def test_separators_and_national_prefix_are_removed(number: str, expected: str) -> None:
    assert e164(number) == expected


def test_leading_zero_that_is_part_of_an_italian_number_stays() -> None:
    assert e164("390612345678") == "+390612345678"


@pytest.mark.parametrize("number", ["5215512345678", "881612345678901"])
def test_number_that_is_longer_than_those_of_its_country_passes(number: str) -> None:
    """Mexico's mobile numbers had a 1 after the country code until 2019; providers still deliver to them."""
    assert not phonenumbers.is_possible_number(phonenumbers.parse(f"+{number}"))
    assert e164(number) == f"+{number}"


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("", "at most 15 digits"),
        ("jane@example.com", "at most 15 digits"),
        ("1-800-FLOWERS", "at most 15 digits"),
        ("4915112345678;ext=3", "at most 15 digits"),
        ("4915112345678\n", "at most 15 digits"),
        ("1555123456789012", "at most 15 digits"),
        ("+ +4915112345678", "at most 15 digits"),
        ("\u0664\u0669\u0661\u0665\u0661\u0661\u0662\u0663\u0664\u0665", "at most 15 digits"),
        ("0049151123456", "no country has its code"),
        ("999123456789", "no country has its code"),
        ("1", "it is too short."),
        ("1415555012", "it is too short for its country"),
    ],
)
def test_other_text_raises_invalid_request_parameters(number: str, reason: str) -> None:
    """The message tells why, and does not show the number."""
    with pytest.raises(ConnectorError) as caught:
        e164(number)
    assert caught.value.code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS
    assert reason in str(caught.value)
    assert len(number) < 2 or number not in str(caught.value)
    assert caught.value.__cause__ is None


@given(strategies.phone_numbers)
def test_suite_sends_to_possible_numbers(number: str) -> None:
    """A connector may reject others, so the suite expects no delivery to them."""
    assert phonenumbers.is_possible_number(phonenumbers.parse(f"+{number}"))


@given(st.text(max_size=20) | st.text("0123456789+- ()", max_size=20))
def test_any_text_is_a_number_or_a_connector_error(number: str) -> None:
    """And the number in E.164 form is its own E.164 form."""
    with suppress(ConnectorError):
        made = e164(number)
        assert re.fullmatch(r"\+[1-9][0-9]{1,14}", made)
        assert e164(made) == made


def test_text_message_has_the_number_of_its_recipient() -> None:
    data = SendMessageData(to="4915112345678", type="Generic", payload={})
    assert Sms(data.to, "Hi", None, data).e164 == "+4915112345678"


def test_phonenumbers_is_imported_with_the_first_number() -> None:
    """It takes 70 ms."""
    code = "import sys, connector_kit.http_api as it; assert 'phonenumbers' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
