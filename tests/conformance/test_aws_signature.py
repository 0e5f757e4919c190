"""The stub of a service of AWS verifies signatures of botocore, and names what differs."""

from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from conformance import HttpRequest, aws_signature_error

CREDENTIALS: dict[str, Any] = {
    "key_id": "AKIAQ7RTW2NLK5MJ3XPD",
    "secret": "s3cretOfTheKey",
    "region": "eu-west-1",
    "service": "ses",
    "token": "t0ken",
}


def _signed() -> HttpRequest:
    request = AWSRequest("POST", "https://email.eu-west-1.amazonaws.com/v2/email/outbound-emails", {}, b"{}")
    keys = Credentials(CREDENTIALS["key_id"], CREDENTIALS["secret"], CREDENTIALS["token"])
    SigV4Auth(keys, CREDENTIALS["service"], CREDENTIALS["region"]).add_auth(request)
    prepared = request.prepare()
    headers = {name: it.decode() if isinstance(it, bytes) else str(it) for name, it in prepared.headers.items()}
    return HttpRequest("POST", prepared.url, {"Host": "email.eu-west-1.amazonaws.com", **headers}, b"{}")


def test_signature_of_botocore_is_right() -> None:
    assert aws_signature_error(_signed(), **CREDENTIALS, at_aws=True) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"key_id": "AKIA0"}, "the accessKeyId in the credential scope"),
        ({"region": "eu-west-2"}, "expected the region eu-west-2"),
        ({"service": "sms-voice"}, "expected the service sms-voice in the credential scope, found ses"),
        ({"token": None}, "expected no session token"),
        ({"token": "another"}, "expected the session token"),
        ({"secret": "an0ther"}, "the signature was not made with the config's accessKeySecret"),
    ],
)
def test_other_credentials_are_named(changes: dict[str, Any], words: str) -> None:
    """Without a secret."""
    found = aws_signature_error(_signed(), **{**CREDENTIALS, **changes})
    assert found is not None
    assert words in found
    assert not any(it in found for it in ("s3cretOfTheKey", "an0ther", "t0ken"))


def test_request_without_a_signature_is_an_error() -> None:
    request = HttpRequest("POST", "https://email.eu-west-1.amazonaws.com/", {}, b"{}")
    assert aws_signature_error(request, **CREDENTIALS) == "expected an Authorization header with a Signature Version 4"
