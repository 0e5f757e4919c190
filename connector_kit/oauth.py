"""The OAuth 2 refresh token request."""

from base64 import b64encode
from typing import Final
from urllib.parse import urlencode

from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.parsing import parse_json
from connector_kit.social import TokenResponse
from connector_kit.social_guards import token_response_guard

_TIME_LIMIT: Final = 10.0
"""In seconds, for connecting and for the whole response."""

_CONNECT_TIMEOUT: Final = 2.0
"""In seconds, for each address of the endpoint."""

_SUCCESS: Final = range(200, 300)


def get_access_token_by_refresh_token(
    client_id: str,
    client_secret: str,
    token_endpoint: str,
    refresh_token: str,
) -> TokenResponse:
    """Request a new access token (RFC 6749 §6), with HTTP Basic authentication (§2.3.1).

    The time limit is ten seconds in total, connecting included, whatever the endpoint sends meanwhile. Redirects are not followed: they could send tokens to another
    server.

    Args:
        client_id: the id of the client.
        client_secret: the secret of the client.
        token_endpoint: an http or https URL.
        refresh_token: the token to use.

    Raises:
        ConnectorError: ``general`` if the endpoint cannot be reached, or its status is not 2xx. The data has the status
            without the body, which may contain a token. ``invalid_response`` if the body is not a token response.
    """
    import urllib3  # noqa: PLC0415 - keeps `import connector_kit` light
    from urllib3.poolmanager import pool_classes_by_scheme  # noqa: PLC0415 - see above

    from connector_kit.bounded_http import bounded_pool_classes  # noqa: PLC0415 - see above

    if not token_endpoint.lower().startswith(("https://", "http://")):
        raise ConnectorError(
            ConnectorErrorCodes.GENERAL,
            {"message": "The token endpoint must be a URL that starts with https:// or http://."},
        )
    credentials = b64encode(f"{client_id}:{client_secret}".encode(errors="replace")).decode()
    http = urllib3.PoolManager(retries=False)
    http.pool_classes_by_scheme = bounded_pool_classes(pool_classes_by_scheme)
    try:
        response = http.request(
            "POST",
            token_endpoint,
            body=urlencode({"grant_type": "refresh_token", "refresh_token": refresh_token}, errors="replace"),
            headers={
                "Accept": "application/json",
                "Authorization": f"Basic {credentials}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
            redirect=False,
            retries=False,
            timeout=urllib3.Timeout(connect=_CONNECT_TIMEOUT, total=_TIME_LIMIT),
        )
    except (urllib3.exceptions.HTTPError, OSError) as error:
        raise ConnectorError(
            ConnectorErrorCodes.GENERAL,
            {"message": f"The token endpoint could not be reached: {type(error).__name__}."},
        ) from error
    finally:
        http.clear()
    if response.status not in _SUCCESS:
        raise ConnectorError(
            ConnectorErrorCodes.GENERAL,
            {"message": f"The token endpoint returned HTTP {response.status}.", "status": response.status},
        )
    body = parse_json(
        response.data.decode("utf-8", "replace"),
        error_payload={"message": "The response of the token endpoint is not JSON."},
    )
    return token_response_guard.validate(body)
