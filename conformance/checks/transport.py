"""Transport security: redirects are not followed, certificates are verified, and https is not replaced by http."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from conformance.harness.attempt import Attempt
from conformance.harness.expectations import TIME_LIMIT_SECONDS, choose_outcomes
from conformance.harness.harness import Harness
from conformance.providers.certificates import Certificate
from conformance.providers.tcp import TcpProvider
from conformance.registry import check
from conformance.verdicts import NotApplicable, expect
from connector_kit import ConnectorErrorCodes

_CODES: Final = frozenset({ConnectorErrorCodes.GENERAL, ConnectorErrorCodes.INVALID_RESPONSE})

_FAULTS: Final[dict[Certificate, str]] = {
    "untrusted": "is from an authority that nobody trusts",
    "wrong-host": "is for another host",
    "expired": "has expired",
}


@check("transport.redirects", clause="N1", covers=("redirect",), is_smoke=True)
def redirects(harness: Harness) -> None:
    """A redirect to another host is not followed, and the send fails: the message and its credentials stay here."""
    for outcome in choose_outcomes(harness, "is a redirect", only_for="redirect"):
        harness.provider.reset()
        harness.provider.respond_with(outcome.name)
        attempt = harness.send(harness.plain_message, harness.config, within=TIME_LIMIT_SECONDS)
        contacted = harness.provider.blocked_sockets
        expect(
            not contacted,
            f"expected the connector not to follow a redirect to another host (the outcome {outcome.name!r}), "
            f"found an attempt to open a socket to {', '.join(contacted)}",
        )
        _expect_failure(attempt, f"a redirect (the outcome {outcome.name!r})")
        harness.coverage.add("redirect")


@check("transport.certificates", clause="N2", covers=("untrusted certificate",), waits=3)
def certificates(harness: Harness) -> None:
    """A server whose certificate is not valid gets no message, over https or without encryption."""
    with _secure(harness, "valid") as (secure, _):
        attempt = _send(secure)
        trusts_the_authority = attempt.error is None and bool(attempt.calls)
    kinds = [kind for kind in _FAULTS if kind == "untrusted" or trusts_the_authority]
    for kind in kinds:
        with _secure(harness, kind) as (secure, provider):
            attempt = _send(secure)
            what = f"a server whose certificate {_FAULTS[kind]}"
            expect(not attempt.calls, f"expected no message to {what}, found {len(attempt.calls)} call(s)")
            expect(
                not provider.server.unencrypted,
                f"expected no connection without encryption to {what}, found {provider.server.unencrypted}",
            )
            _expect_failure(attempt, what)
        harness.coverage.add(f"{kind} certificate")


def _send(harness: Harness) -> Attempt:
    return harness.send(harness.plain_message, harness.config, within=TIME_LIMIT_SECONDS)


def _expect_failure(attempt: Attempt, what: str) -> None:
    expect(
        attempt.code in _CODES,
        f"expected ConnectorError general or invalid_response for {what}; {attempt.summary}",
    )


@contextmanager
def _secure(harness: Harness, certificate: Certificate) -> Iterator[tuple[Harness, TcpProvider]]:
    """Yield another harness whose stub uses TLS; without such a stub, the check does not apply."""
    secure = Harness(harness.spec, harness.search.options)
    provider, name = secure.provider, type(secure.provider).__name__
    if not isinstance(provider, TcpProvider):
        raise NotApplicable(f"{name} is not a server, so it can have no certificate; it declares none")
    was_secure = provider.uses_tls
    if not provider.enable_tls():
        raise NotApplicable(f"{name} declares no TLS")
    provider.certificate = certificate
    with provider.running():
        try:
            where = json.dumps([secure.config, provider.connector_options(), dict(provider.environment)], default=str)
            if not was_secure and (
                f"https://{provider.server.address[0]}" not in where or not secure.accepts(secure.config)
            ):
                raise NotApplicable(f"{name} declares no address at which the connector accepts https")
            yield secure, provider
        finally:
            secure.finish()
