"""AWS End User Messaging on the loopback interface, with the errors of botocore's model and of AWS's documentation.

Source: https://docs.aws.amazon.com/pinpoint/latest/apireference_smsvoicev2/API_SendTextMessage.html#API_SendTextMessage_Errors
"""

from collections.abc import Mapping
from typing import Any

from conformance import Failure, Family, HttpProvider, HttpRequest, HttpResponse, Message, aws_signature_error

_TYPE = "com.amazonaws.endusermessaging.smsvoice#"


def _failure(name: str, family: Family, code: str, message: str, reason: str | None = None) -> Failure:
    """Return an error of AWS: its code is in ``__type``, and only those of servers are not HTTP 400."""
    status = {"InternalServerException": 500, "ServiceUnavailableException": 503}.get(code, 400)
    fields = {"__type": f"{_TYPE}{code}", **({"Reason": reason} if reason else {})}
    return Failure(name, family, status, message, code=code, fields=fields)


class AwsSmsProvider(HttpProvider):
    """Replaces ``sms-voice.REGION.amazonaws.com``."""

    environment_variable = "AWS_ENDPOINT_URL_PINPOINT_SMS_VOICE_V2"
    path = "/"
    content_type = "application/x-amz-json-1.0"
    failures = (
        _failure("throttled", "throttle", "ThrottlingException", "Rate exceeded"),
        _failure(
            "spend-limit",
            "quota",
            "ServiceQuotaExceededException",
            "The monthly spend limit has been reached.",
            "MONTHLY_SPEND_LIMIT_REACHED_FOR_TEXT",
        ),
        _failure(
            "access-denied",
            "credentials",
            "AccessDeniedException",
            "User is not authorized to perform: sms-voice:SendTextMessage",
        ),
        _failure("account-disabled", "rejection", "AccessDeniedException", "Account is disabled.", "ACCOUNT_DISABLED"),
        _failure(
            "unknown-key",
            "credentials",
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        _failure(
            "wrong-signature",
            "credentials",
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided.",
        ),
        _failure(
            "opted-out",
            "rejection",
            "ConflictException",
            "The destination phone number is opted out.",
            "DESTINATION_PHONE_NUMBER_OPTED_OUT",
        ),
        _failure(
            "sandbox",
            "rejection",
            "ConflictException",
            "The destination phone number is not verified.",
            "DESTINATION_PHONE_NUMBER_NOT_VERIFIED",
        ),
        _failure(
            "unregistered-sender",
            "rejection",
            "ValidationException",
            "The sender ID requires registration.",
            "SENDER_ID_REQUIRES_REGISTRATION",
        ),
        _failure(
            "price",
            "rejection",
            "ValidationException",
            "The price of the message exceeds MaxPrice.",
            "PRICE_OVER_THRESHOLD",
        ),
        _failure("no-pool", "rejection", "ResourceNotFoundException", "The resource was not found."),
        _failure("internal", "server-error", "InternalServerException", "Internal server error."),
        _failure("unavailable", "server-error", "ServiceUnavailableException", "Service is unavailable."),
    )
    settings = {  # noqa: RUF012 - of the base class
        "originationIdentity": "OriginationIdentity",
        "messageType": "MessageType",
        "maxPrice": "MaxPrice",
        "configurationSetName": "ConfigurationSetName",
    }

    def __init__(self) -> None:
        super().__init__()
        self._keys: dict[str, str] = {}

    @property
    def environment(self) -> Mapping[str, str]:
        """Includes an access key for connectors whose config has none."""
        self._keys = self._keys or {
            name: self.new_secret(name) for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        }
        return {**super().environment, **self._keys}

    def read(self, request: HttpRequest) -> Message:
        """Return the message in a ``SendTextMessage`` request."""
        target = request.headers.get("X-Amz-Target")
        if target != "PinpointSMSVoiceV2.SendTextMessage":
            raise ValueError(f"expected SendTextMessage, found the target {target!r}")
        sent = request.json
        return Message(sent["DestinationPhoneNumber"], text=sent["MessageBody"])

    def success_response(self, message_id: str) -> HttpResponse:
        """Return AWS's JSON for an accepted message."""
        return HttpResponse.json({"MessageId": message_id})

    def error_response(self, status: int, message: str) -> HttpResponse:
        """Return AWS's JSON for an error."""
        return HttpResponse.json({"__type": f"{_TYPE}ValidationException", "Message": message}, status)

    def credentials_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Verify the signature."""
        return aws_signature_error(
            request,
            key_id=config.get("accessKeyId") or self._keys["AWS_ACCESS_KEY_ID"],
            secret=config.get("accessKeySecret") or self._keys["AWS_SECRET_ACCESS_KEY"],
            region=config["region"],
            service="sms-voice",
        )

    def options_error(self, request: HttpRequest, config: Mapping[str, Any]) -> str | None:
        """Compare the members of the request with the config's; the message type has a default."""
        return super().options_error(request, {"messageType": "TRANSACTIONAL", **config})
