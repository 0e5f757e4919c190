"""Verifies the Signature Version 4 of a request to AWS."""

import re
from typing import Final

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from conformance.providers.http_messages import HttpRequest

_AUTHORIZATION: Final = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, "
    r"SignedHeaders=(?P<headers>[^,]+), Signature=(?P<signature>[0-9a-f]{64})",
)


def aws_signature_error(
    request: HttpRequest,
    *,
    key_id: str,
    secret: str,
    region: str,
    service: str,
    token: str | None = None,
    at_aws: bool = False,
) -> str | None:
    """Verify the signature of a request; return what was expected and found, without secrets, or ``None``.

    Args:
        request: as received.
        key_id: the access key id that must have signed it.
        secret: the secret access key.
        region: in the scope of the signature.
        service: the signing name of the service, such as ``ses``.
        token: the session token of temporary credentials.
        at_aws: whether the URL is an endpoint of AWS, whose host name contains the region.
    """
    found = _AUTHORIZATION.fullmatch(request.authorization or "")
    if found is None:
        return "expected an Authorization header with a Signature Version 4"
    if found["key"] != key_id:
        return f"the accessKeyId in the credential scope ({len(found['key'])} characters) is not the config's"
    if found["region"] != region or (at_aws and f".{region}." not in request.url):
        return f"expected the region {region} in endpoint and credential scope, found {found['region']}"
    if found["service"] != service:
        return f"expected the service {service} in the credential scope, found {found['service']}"
    if request.headers.get("X-Amz-Security-Token") != token:
        return f"expected {'the' if token else 'no'} session token of the credentials, found another or none"
    if found["signature"] != _signature(request, found["headers"].split(";"), (key_id, secret, region, service)):
        return "the signature was not made with the config's accessKeySecret"
    return None


def _signature(request: HttpRequest, signed: list[str], credentials: tuple[str, str, str, str]) -> str:
    key_id, secret, region, service = credentials
    headers = {name: request.headers[name] for name in signed if name in request.headers}
    unsigned = AWSRequest(request.method, request.url, headers, request.body)
    unsigned.context["timestamp"] = request.headers.get("x-amz-date", "")
    signer = SigV4Auth(Credentials(key_id, secret), service, region)
    to_sign = signer.string_to_sign(unsigned, signer.canonical_request(unsigned))
    signature: str = signer.signature(to_sign, unsigned)
    return signature
