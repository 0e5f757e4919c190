"""Amazon SES and STS in the process: the stub of `aws-ses-mail`, with credentials of the host and roles."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from attrs import field, frozen
from botocore.awsrequest import AWSPreparedRequest, AWSResponse

from conformance import (
    Aspect,
    AwsSesProvider,
    Call,
    ConfigCase,
    HttpResponse,
    aws_response,
    aws_signature_error,
    read_request,
)

_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


@frozen
class _Session:
    """Temporary credentials of a role, and the parameters of the request for them."""

    key_id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    parameters: Mapping[str, str] = {}


def _rejected(key: str, *values: object) -> tuple[ConfigCase, ...]:
    return tuple(ConfigCase({key: value}, rejected=key) for value in values)


class AwsSesRoleProvider(AwsSesProvider):
    """Replaces SES and STS for every botocore session that is created while the stub runs.

    The environment has temporary credentials of the host, as those of a container. STS accepts every role, and SES only
    requests that are signed with the credentials of the config's role.
    """

    config_cases: ClassVar[tuple[ConfigCase, ...]] = (
        *(it for it in AwsSesProvider.config_cases if not any(key.startswith("accessKey") for key in it.changes)),
        *_rejected("roleArn", "mail", "arn:aws:iam::123456789012:user/mail", "arn:aws:iam::1234:role/mail"),
        *_rejected("tenantName", "acme inc", "x" * 65),
        ConfigCase({"emailTags": {"app": "a b"}}, rejected="emailTags.app"),
        ConfigCase(without=("roleArn",), rejected="externalId"),
        ConfigCase({"roleArn": "arn:aws-us-gov:iam::123456789012:role/apps/mail", "roleDuration": 900}),
        ConfigCase(without=("roleArn", "externalId", "emailTags", "tenantName")),
    )

    def __init__(self) -> None:
        super().__init__()
        self._host: dict[str, str] = {}
        self._sessions: dict[str, _Session] = {}

    @property
    def environment(self) -> Mapping[str, str]:
        """Includes the credentials of the host."""
        self._host = self._host or {name: self.new_secret(name) for name in _KEYS}
        return {**super().environment, **self._host}

    @property
    def handlers(self) -> Mapping[str, Callable[..., AWSResponse | None]]:
        """Includes that of STS."""
        return {**super().handlers, "before-send.sts.AssumeRole": self._assume_role}

    def _assume_role(self, request: AWSPreparedRequest, **_: object) -> AWSResponse:
        sent = {name: values[0] for name, values in parse_qs(read_request(request).text).items()}
        key_id, secret, token = (self.new_secret(f"{name} of the role") for name in _KEYS)
        self._sessions[key_id] = _Session(key_id, secret, token, sent)
        ends = datetime.now(UTC) + timedelta(seconds=int(sent["DurationSeconds"]))
        body = f"""<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
            <AccessKeyId>{escape(key_id)}</AccessKeyId><SecretAccessKey>{escape(secret)}</SecretAccessKey>
            <SessionToken>{escape(token)}</SessionToken><Expiration>{ends:%Y-%m-%dT%H:%M:%SZ}</Expiration>
            </Credentials></AssumeRoleResult></AssumeRoleResponse>"""
        return aws_response(request, HttpResponse(200, body.encode(), {"Content-Type": "text/xml"}))

    def request_error(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Compare a ``SendEmail`` request, and the ``AssumeRole`` request before it, with the config."""
        if aspect == "credentials":
            return self._credentials_error(call, config)
        found = super().request_error(call, config, aspect)
        return self._options_error(call, config) if found is None and aspect == "options" else found

    def _session_of(self, call: Call, role: str | None) -> _Session | None:
        """Return the credentials that a request has to be signed with: of the host, or of the role if it was assumed."""
        if not role:
            key_id, secret, token = (self._host[name] for name in _KEYS)
            return _Session(key_id, secret, token)
        signed = str(call.raw.authorization)
        return next((it for key_id, it in self._sessions.items() if f"Credential={key_id}/" in signed), None)

    def _credentials_error(self, call: Call, config: Mapping[str, Any]) -> str | None:
        role = config.get("roleArn")
        session = self._session_of(call, role)
        if session is None:
            return "expected a signature with credentials of the role, found another"
        for name, value in {"RoleArn": role, "ExternalId": config.get("externalId")}.items() if role else ():
            if session.parameters.get(name) != value:
                return f"expected the {name} of the config in the request AssumeRole, found another"
        return aws_signature_error(
            call.raw,
            key_id=session.key_id,
            secret=session.secret,
            token=session.token,
            region=config["region"],
            service="ses",
            at_aws=True,
        )

    def _options_error(self, call: Call, config: Mapping[str, Any]) -> str | None:
        session = self._session_of(call, config.get("roleArn"))
        found = {**call.raw.json, **(session.parameters if session else {})}
        wanted: dict[str, Any] = {"EmailTags": _tags(config), "TenantName": config.get("tenantName")}
        if config.get("roleArn"):
            wanted["RoleSessionName"] = config.get("roleSessionName", "logto-connector-kit")
            wanted["DurationSeconds"] = str(config.get("roleDuration", 3600))
        wrong = (name for name, value in wanted.items() if found.get(name) != (value or None))
        return next((f"expected {name} of the config, found {found.get(name)!r}" for name in wrong), None)


def _tags(config: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in (config.get("emailTags") or {}).items()]
