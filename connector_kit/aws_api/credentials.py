"""As whom to call AWS: the keys of a config, or a role."""

from attrs import field, frozen


@frozen
class AwsKeys:
    """An access key of a config. Its repr shows neither half.

    Args:
        access_key_id: the public half.
        access_key_secret: the secret half.
    """

    access_key_id: str = field(repr=False)
    access_key_secret: str = field(repr=False)

    @classmethod
    def of(cls, access_key_id: str | None, access_key_secret: str | None) -> "AwsKeys | None":
        """Return the keys of a config where they are optional; ``None`` without them, for the default chain."""
        return cls(access_key_id, access_key_secret) if access_key_id and access_key_secret else None


@frozen
class AwsRole:
    """A role that is assumed with the credentials of botocore's default chain. Its repr does not show the external ID.

    Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html

    Args:
        role_arn: of the role, such as ``arn:aws:iam::123456789012:role/mail``.
        external_id: which the role's trust policy may require.
        session_name: by which CloudTrail names the session.
        duration: of the credentials in seconds, from 900 to 43200. They are renewed before they expire.
    """

    role_arn: str
    external_id: str | None = field(default=None, repr=False)
    session_name: str = "logto-connector-kit"
    duration: int = 3600
