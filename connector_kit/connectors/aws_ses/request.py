"""Builds the members of an SES v2 ``SendEmail`` request from a config and a rendered e-mail. Sends nothing.

Source: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html
"""

from functools import lru_cache
from typing import Any, Final

from connector_kit.connector import Email
from connector_kit.connectors.aws_ses.config import AwsSesSettings, unusable
from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.mailbox import (
    LONGEST_MAILBOX,
    MailboxError,
    encode_address,
    encode_mailbox,
    format_mailbox,
    parse_mailbox,
    parse_send_from,
)

_CHARSET: Final = "UTF-8"


def send_email_request(config: AwsSesSettings, email: Email) -> dict[str, Any]:
    """Build the request. Empty members are left out, because SES rejects them.

    Raises:
        ConnectorError: ``invalid_config`` for a setting from which no request can be made, and for a mailbox of the
            template that cannot be encoded; ``invalid_request_parameters`` if that is the recipient.
    """
    check_setting("region", config.region)
    part = "Text" if email.content_type == "text/plain" else "Html"
    request: dict[str, Any] = {
        "Content": {
            "Simple": {
                "Subject": {"Data": email.subject, "Charset": _CHARSET},
                "Body": {part: {"Data": email.body, "Charset": _CHARSET}},
            },
        },
        "Destination": {"ToAddresses": [_recipient(email.to)]},
    }
    if sender := _sender(config, email):
        request["FromEmailAddress"] = sender
    if config.email_address_identity_arn:
        request["FromEmailAddressIdentityArn"] = config.email_address_identity_arn
    if config.feedback_forwarding_email_address:
        feedback = _mailbox_setting("feedbackForwardingEmailAddress", config.feedback_forwarding_email_address)
        request["FeedbackForwardingEmailAddress"] = feedback
    if config.feedback_forwarding_email_address_identity_arn:
        arn = config.feedback_forwarding_email_address_identity_arn
        request["FeedbackForwardingEmailAddressIdentityArn"] = arn
    if config.configuration_set_name:
        request["ConfigurationSetName"] = config.configuration_set_name
    if email.reply_to and (reply_to := _mailbox(email.reply_to, "replyTo of the template")):
        request["ReplyToAddresses"] = [reply_to]
    return request


def _recipient(address: str) -> str:
    try:
        encoded = encode_address(address)
    except MailboxError as error:
        raise _invalid("The recipient's address", error, ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS) from None
    if len(encoded.encode("utf-8", "surrogatepass")) > LONGEST_MAILBOX:
        raise _invalid(
            "The recipient's address",
            f"it is longer than {LONGEST_MAILBOX} bytes",
            ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS,
        )
    return encoded


def _sender(config: AwsSesSettings, email: Email) -> str:
    configured = config.email_address or ""
    if email.send_from is None:
        return _mailbox_setting("emailAddress", configured)
    fallback = parse_mailbox(configured)
    chosen = parse_send_from(email.send_from, fallback.email, fallback.name)
    if not chosen.email:
        return ""
    return _mailbox(format_mailbox(chosen.email, chosen.name), "sendFrom of the template")


def check_setting(key: str, value: str) -> None:
    """Reject a setting from which no request can be made.

    Raises:
        ConnectorError: ``invalid_config``, with a message that names the key.
    """
    reason = unusable(key, value)
    if reason:
        raise _invalid(f"The setting {key}", reason, ConnectorErrorCodes.INVALID_CONFIG)


def _mailbox_setting(key: str, value: str) -> str:
    if len(value) <= LONGEST_MAILBOX:
        return _short_mailbox_setting(key, value)
    check_setting(key, value)  # a longer value is valid if most of it is left out, such as white space
    return encode_mailbox(value)


@lru_cache(maxsize=64)  # the mailboxes of a config are the same for each send; encoding one takes up to 80 µs
def _short_mailbox_setting(key: str, value: str) -> str:
    check_setting(key, value)
    return encode_mailbox(value)


def _mailbox(value: str, where: str) -> str:
    try:
        return encode_mailbox(value)
    except MailboxError as error:
        raise _invalid(f"The mailbox in {where}", error, ConnectorErrorCodes.INVALID_CONFIG) from None


def _invalid(what: str, reason: object, code: ConnectorErrorCodes) -> ConnectorError:
    return ConnectorError(code, {"message": f"{what} is not valid: {reason}."})
