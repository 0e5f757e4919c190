"""Credentials that no config has: botocore's default chain, and roles that are assumed with it.

Source: https://docs.aws.amazon.com/boto3/latest/guide/credentials.html
"""

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConfigNotFound,
    ConfigParseError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
)

from connector_kit.aws_api.credentials import AwsRole
from connector_kit.aws_api.errors import CredentialsError, ErrorTable
from connector_kit.errors import ConnectorErrorCodes

if TYPE_CHECKING:
    from botocore.session import Session

ROLES_KEPT: Final = 256
"""The number of roles whose credentials are kept, so that a message of one does not wait for STS."""

_LIMITS: Final = Config(connect_timeout=1, read_timeout=3, retries={"total_max_attempts": 2, "mode": "standard"})
"""Of the clients that get credentials. With botocore's own, a message could wait for five minutes."""

_EARLIEST_RENEWAL: Final = 15 * 60
"""How long before the end of their credentials botocore renews them, in seconds. The shortest session of a role lasts as long, so
that each message would renew it; a role's credentials are therefore renewed when at most a quarter of their time is left."""

_ERRORS: Final = ErrorTable.of("AWS STS", {}, {})
_SHOWN: Final = (
    ConfigNotFound,
    ConfigParseError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
)
"""The exceptions about what an operator has to set up. The text of others may have a response, with credentials."""


class CredentialSources:
    """The default chain and the roles of one process. It is thread-safe, and botocore renews credentials before they expire.

    Args:
        new_session: returns a botocore session; called at the first use, and the session serves all sources.
    """

    def __init__(self, new_session: Callable[[], "Session"]) -> None:
        self._new_session = new_session
        self._lock = Lock()
        self._session: Session | None = None
        self._chain: Any = None
        self._roles: dict[AwsRole, Any] = {}
        """The one that was used last is the last one."""

    def credentials(self, source: AwsRole | None, region: str) -> Any:
        """Return credentials that do not change any more: access key, secret key and token.

        Args:
            source: the role; ``None`` for the default chain.
            region: whose STS is called for a role.

        Raises:
            CredentialsError: ``invalid_config`` if the chain finds none, or finds settings that are not valid;
                ``invalid_response`` or ``rate_limit_exceeded`` if STS rejects the role; ``general`` for other failures.
        """
        try:
            found = self._found() if source is None else self._role(source, region)
            return found.get_frozen_credentials()
        except CredentialsError:
            raise
        except Exception as error:  # noqa: BLE001 - the one place that translates exceptions about credentials
            raise _credentials_error(error, source) from None

    def _found(self) -> Any:
        """Return the credentials of the default chain. A chain without any is searched again for the next message."""
        with self._lock:
            self._chain = self._chain or self._open_session().get_credentials()
            if self._chain is None:
                raise NoCredentialsError
            return self._chain

    def _open_session(self) -> "Session":
        """Return the session, which is made once. The caller holds the lock: a session is not thread-safe."""
        if self._session is None:
            session = self._new_session()
            session.set_default_client_config(_LIMITS)
            self._session = session
        return self._session

    def _role(self, role: AwsRole, region: str) -> Any:
        with self._lock:
            credentials = self._roles.pop(role, None) or _RoleCredentials(self, role, region)
            self._roles[role] = credentials
            if len(self._roles) > ROLES_KEPT:
                self._roles.pop(next(iter(self._roles)))
            return credentials

    def assume(self, role: AwsRole, region: str) -> Any:
        """Return new credentials of a role, as botocore's refreshable credentials expect them.

        Raises:
            CredentialsError: as `credentials`. botocore logs it, so it is redacted here.
        """

        def create_client(service: Any, **keys: Any) -> Any:
            with self._lock:
                return self._open_session().create_client(service, region_name=region, **keys)

        options = {"RoleSessionName": role.session_name, "DurationSeconds": role.duration}
        options |= {"ExternalId": role.external_id} if role.external_id else {}
        try:
            return AssumeRoleCredentialFetcher(create_client, self._found(), role.role_arn, options).fetch_credentials()
        except Exception as error:  # noqa: BLE001 - botocore logs what this function raises, so the text must not have a response
            raise _credentials_error(error, role) from None


class _RoleCredentials(DeferredRefreshableCredentials):
    """A role's credentials: assumed at the first message, by one thread while the others wait."""

    def __init__(self, sources: CredentialSources, role: AwsRole, region: str) -> None:
        super().__init__(lambda: sources.assume(role, region), "assume-role")
        self._advisory_refresh_timeout = min(_EARLIEST_RENEWAL, role.duration // 4)
        self._mandatory_refresh_timeout = self._advisory_refresh_timeout * 2 // 3  # the ratio of botocore's own


def _credentials_error(error: Exception, source: AwsRole | None) -> CredentialsError:
    """Translate an exception about credentials. No part of the original is kept: it may have a response with credentials."""
    secrets = (source.external_id,) if source else ()
    if isinstance(error, ClientError):
        translated = _ERRORS.connector_error(error, secrets)
        data: Any = translated.data
        return CredentialsError(
            translated.code, {**data, "message": f"AWS STS did not assume the role: {data['message']}"}
        )
    if isinstance(error, _SHOWN):
        reason = f"There are no AWS credentials: {error}. The README of the connector lists where they may be."
        return CredentialsError(ConnectorErrorCodes.INVALID_CONFIG, reason)
    provider = error.kwargs.get("provider") if isinstance(error, BotoCoreError) else None
    where = f" from {provider}" if provider else ""
    return CredentialsError(
        ConnectorErrorCodes.GENERAL, f"AWS credentials could not be obtained{where}: {type(error).__name__}."
    )
