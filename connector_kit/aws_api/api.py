"""`AwsApi`: what a connector calls."""

from collections.abc import Iterable, Mapping
from http import HTTPStatus
from typing import Any

from attrs import field, frozen

from connector_kit.aws_api.credentials import AwsKeys, AwsRole
from connector_kit.connector import Email, Sms
from connector_kit.errors import ConnectorError, ConnectorErrorCodes
from connector_kit.redaction import message_secrets


@frozen
class AwsResponse:
    """A successful response of AWS. Its repr shows the status alone.

    Args:
        provider: the name of the service, for messages.
        status: of the response.
        members: of the response, as botocore parses them.
    """

    provider: str
    status: int
    members: Mapping[str, Any] = field(repr=False)

    def text(self, name: str) -> str:
        """Return a member that is a text, such as ``MessageId``.

        Raises:
            ConnectorError: ``invalid_response`` if the status is not 200, or if the response lacks this text. AWS may have
                accepted the message.
        """
        found = self.members.get(name)
        if self.status != HTTPStatus.OK:
            reason = "only 200 means that the message was accepted"
        elif isinstance(found, str) and found:
            return found
        else:
            reason = f"no {name}"
        message = f"{self.provider} sent an invalid response (HTTP {self.status}): {reason}."
        raise ConnectorError(ConnectorErrorCodes.INVALID_RESPONSE, {"message": message})


class AwsApi:
    """Calls one operation of AWS. It is thread-safe; a forked process makes connections of its own.

    A call ends within 15 seconds and three attempts. It is repeated only where the message cannot be delivered twice: after a
    connection that failed, a throttle and HTTP 503. The environment decides how AWS is reached: proxies, ``AWS_CA_BUNDLE``,
    ``AWS_ENDPOINT_URL_…`` of the service, FIPS and dual-stack endpoints; it is read at the first call of a region. Each failure is
    a `ConnectorError` whose data has AWS's message, error code, HTTP status, request id and reason, without secrets.

    Make one for each connector, in its constructor: that imports botocore, and opens nothing.

    Args:
        provider: the name of the service, for messages.
        service: as botocore names it, such as ``sesv2``. Its protocol must be JSON.
        operation: such as ``SendEmail``.
        errors: the connector's code by AWS's error code. A throttle is ``rate_limit_exceeded``, and all others are
            ``invalid_response``, unless this table has another code.
        messages: the connector's code by a part of AWS's message in lower case, for errors that share an error code.
    """

    def __init__(
        self,
        provider: str,
        service: str,
        operation: str,
        *,
        errors: Mapping[str, ConnectorErrorCodes] | None = None,
        messages: Mapping[str, ConnectorErrorCodes] | None = None,
    ) -> None:
        from connector_kit.aws_api.endpoint import ClientFactory  # noqa: PLC0415 - botocore takes 0.1 s, and validating a config needs no AwsApi
        from connector_kit.aws_api.errors import ErrorTable  # noqa: PLC0415 - imports botocore, too

        self._errors = ErrorTable.of(provider, errors or {}, messages or {})
        self._clients = ClientFactory(service, operation, self._errors)

    def call(
        self,
        members: Mapping[str, Any],
        message: Email | Sms | None = None,
        *,
        region: str,
        credentials: AwsKeys | AwsRole | None = None,
        secrets: Iterable[object] = (),
        public: Iterable[str | None] = (),
    ) -> AwsResponse:
        """Call the operation, and return its successful response.

        Args:
            members: of the request, as in AWS's documentation. A value of ``None`` is left out.
            message: the message that it sends: errors do not show its code, its link and other values of its payload.
            region: of the endpoint.
            credentials: the keys of the config, or a role; ``None`` is botocore's default chain: environment, profile, shared
                files, container, instance, web identity and SSO.
            secrets: what else errors must not show.
            public: settings that the operator needs in an error, such as the sender, although the payload may have them.

        Raises:
            ConnectorError: AWS rejected the call, did not respond in time, or could not be reached. ``invalid_config`` if
                botocore finds no credentials, or if the region cannot be part of a host name.
        """
        sent = {name: it for name, it in members.items() if it is not None}
        hidden = [*secrets]
        if message is not None:
            hidden += message_secrets(message.data.payload, " ".join(filter(None, (message.to, region, *public))))
        try:
            client = self._clients.client(region, credentials)
            hidden += client.secrets
            response = client.call(sent)
        except Exception as error:  # noqa: BLE001 - the one place that translates exceptions of botocore
            translated = self._errors.connector_error(error, hidden)
            raise translated from translated.__cause__
        return AwsResponse(self._errors.provider, response["ResponseMetadata"]["HTTPStatusCode"], response)
