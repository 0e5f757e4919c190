"""TLS certificates for provider stubs: from a test authority that the environment trusts, or faulty in one way."""

import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    import trustme

Certificate = Literal["valid", "untrusted", "wrong-host", "expired"]
"""``untrusted``: from another authority; ``wrong-host``: for another host; ``expired``: no longer valid."""

CA_BUNDLE_VARIABLES: Final = (
    "SSL_CERT_FILE",  # OpenSSL, hence Python's ssl, urllib3 and httpx; also curl and Go
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
    "AWS_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
)
"""The environment variables in which HTTP clients look for a file of certificate authorities."""

_OTHER_HOST: Final = "other.example"
_EXPIRED: Final = datetime(2020, 1, 1, tzinfo=UTC)
_LONG_AGO: Final = datetime(2019, 1, 1, tzinfo=UTC)


@cache
def _authority(name: str) -> "trustme.CA":
    import trustme  # noqa: PLC0415 - it loads cryptography, which only stubs with https need

    return trustme.CA(organization_name=name)


def _trusted_authority() -> "trustme.CA":
    return _authority("The conformance suite")


@cache
def server_context(certificate: Certificate, names: tuple[str, ...]) -> ssl.SSLContext:
    """Return the TLS settings of a server.

    Args:
        certificate: the certificate that the server shows.
        names: its host names and addresses; a name may begin with ``*.``.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority = _authority("Nobody") if certificate == "untrusted" else _trusted_authority()
    hosts = (_OTHER_HOST,) if certificate == "wrong-host" else names
    if certificate == "expired":
        issued = authority.issue_cert(*hosts, not_before=_LONG_AGO, not_after=_EXPIRED)
    else:
        issued = authority.issue_cert(*hosts)
    issued.configure_cert(context)
    return context


@contextmanager
def ca_bundle() -> Iterator[Mapping[str, str]]:
    """Write the test authority's certificate to a file; yield the environment variables that make clients trust it."""
    with TemporaryDirectory(prefix="conformance-") as folder:
        path = Path(folder, "ca.pem")
        path.write_bytes(_trusted_authority().cert_pem.bytes())
        yield dict.fromkeys(CA_BUNDLE_VARIABLES, str(path))
