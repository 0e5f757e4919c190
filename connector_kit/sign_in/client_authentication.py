"""How a client authenticates at a token endpoint.

Sources: RFC 6749 §2.3.1 (client secret), RFC 7523 §2.2 and OpenID Connect Core 1.0 §9 (JWTs).
"""

import time
import uuid
from collections.abc import Mapping
from typing import Any, Final, Literal
from urllib.parse import quote_plus

from attrs import field, frozen

from connector_kit.errors import ConnectorError, ConnectorErrorCodes

AuthenticationMethod = Literal["client_secret_post", "client_secret_basic", "client_secret_jwt", "private_key_jwt"]

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFETIME: Final = 600
"""Of a JWT, in seconds."""


@frozen
class Credentials:
    """What a token request has for the client: fields of its form, and user and password of HTTP Basic."""

    form: Mapping[str, str] = field(repr=False)
    basic: tuple[str, str] | None = field(default=None, repr=False)


@frozen
class ClientAuthentication:
    """How a client authenticates at the token endpoint.

    Args:
        method: the name of the method in OpenID Connect. With ``private_key_jwt``, the client secret is the private key, as PEM.
        algorithm: of the signature of a JWT: ``HS256``, ``HS384`` or ``HS512`` with the client secret, or for instance
            ``RS256`` or ``ES256`` with a private key.
        key_id: the ``kid`` of a private key, if the provider requires it.
    """

    method: AuthenticationMethod = "client_secret_post"
    algorithm: str = "HS256"
    key_id: str | None = None

    def credentials(self, client_id: str, client_secret: str, token_endpoint: str) -> Credentials:
        """Return the credentials for one request.

        Args:
            client_id: of the client.
            client_secret: its secret, or its private key.
            token_endpoint: the audience of a JWT.

        Raises:
            ConnectorError: ``invalid_config`` if no JWT can be signed with this key and this algorithm.
        """
        if self.method == "client_secret_post":
            return Credentials({"client_id": client_id, "client_secret": client_secret})
        if self.method == "client_secret_basic":
            encoded = (quote_plus(it, errors="replace") for it in (client_id, client_secret))
            return Credentials({}, (next(encoded), next(encoded)))
        assertion = self._assertion(client_id, client_secret, token_endpoint)
        return Credentials(
            {"client_id": client_id, "client_assertion_type": _ASSERTION_TYPE, "client_assertion": assertion}
        )

    def _assertion(self, client_id: str, client_secret: str, token_endpoint: str) -> str:
        from joserfc import jwt  # noqa: PLC0415 - only these two methods need the extra `oidc`
        from joserfc.errors import JoseError  # noqa: PLC0415 - see above
        from joserfc.jwk import import_key  # noqa: PLC0415 - see above

        now = int(time.time())
        claims: dict[str, Any] = {"iss": client_id, "sub": client_id, "aud": token_endpoint, "jti": str(uuid.uuid4())}
        claims |= {"iat": now, "exp": now + _LIFETIME}
        header = {"alg": self.algorithm, **({} if self.key_id is None else {"kid": self.key_id})}
        kind: Literal["oct", "EC", "RSA"] = "EC" if self.algorithm.startswith("ES") else "RSA"
        if self.method == "client_secret_jwt":
            kind = "oct"
        try:
            return jwt.encode(header, claims, import_key(client_secret, kind), algorithms=[self.algorithm])
        except (JoseError, ValueError, TypeError) as error:
            raise ConnectorError(
                ConnectorErrorCodes.INVALID_CONFIG,
                f"The client secret cannot sign a JWT with {self.algorithm} ({type(error).__name__}).",
            ) from None
