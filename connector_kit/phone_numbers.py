"""Phone numbers in E.164 form, as most providers require them."""

import re
from typing import Final

from connector_kit.errors import ConnectorError, ConnectorErrorCodes

_SEPARATORS: Final = re.compile(r"[ \u00a0().\-/]")
_DIGITS: Final = re.compile(r"\+?([0-9]{1,15})")


def e164(number: str) -> str:
    """Return a phone number in E.164 form, such as ``+4915112345678``.

    Logto sends the country code and the number as digits, without a plus sign. A plus sign, spaces, dots, hyphens,
    slashes and brackets are accepted, too, and so is the national prefix after the country code, as in ``+44 (0) 7700
    900123``. A number that is longer than those of its country passes, because numbering plans grow: the provider knows
    better whether it exists.

    Args:
        number: with its country code.

    Raises:
        ConnectorError: ``invalid_request_parameters`` if this cannot be a phone number: it has other characters or more
            than 15 digits, no country has its code, or it is shorter than every number of its country.
    """
    import phonenumbers  # noqa: PLC0415 - it takes 70 ms, and only some connectors need it

    digits = _DIGITS.fullmatch(_SEPARATORS.sub("", number))
    if digits is None:
        raise _wrong_number("it must be at most 15 digits, with or without a plus sign")
    try:
        parsed = phonenumbers.parse(f"+{digits[1]}")
    except phonenumbers.NumberParseException as error:
        known = error.error_type != phonenumbers.NumberParseException.INVALID_COUNTRY_CODE
        raise _wrong_number("it is too short" if known else "no country has its code") from None
    if phonenumbers.is_possible_number_with_reason(parsed) == phonenumbers.ValidationResult.TOO_SHORT:
        raise _wrong_number("it is too short for its country")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _wrong_number(reason: str) -> ConnectorError:
    """Return the error for a text that is not a phone number, without that text."""
    return ConnectorError(
        ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS,
        f"The recipient is not a phone number: {reason}. Expected the country code and the number, such as 4915112345678.",
    )
