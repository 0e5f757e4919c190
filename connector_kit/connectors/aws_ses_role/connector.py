"""The connector for Amazon SES without stored keys. It differs from `aws-ses-mail` in its credentials, tags and tenant."""

from typing import Any, ClassVar

from connector_kit import AwsRole, ConnectorMetadata, Declaration, Email
from connector_kit.connectors.aws_ses import SesConnector, ses_warnings
from connector_kit.connectors.aws_ses_role.config import AwsSesRoleConfig, rejected_role_settings


class AwsSesRoleConnector(SesConnector[AwsSesRoleConfig]):
    """Sends e-mail through Amazon SES v2 with the credentials of the host, or a role that it assumes."""

    metadata: ClassVar[ConnectorMetadata] = ConnectorMetadata(
        id="aws-ses-role",
        target="aws-ses-role",
        name={"en": "Amazon SES with a role"},
        description={"en": "Sends Logto's verification codes and invitations through Amazon SES, without stored keys."},
    )
    config_class = AwsSesRoleConfig
    config_warnings = (*ses_warnings, rejected_role_settings)
    declaration: ClassVar[Declaration | None] = Declaration(
        provider="aws-ses-role",
        capabilities={"config-templates", "html", "i18n-templates", "reply-to", "send-from", "text"},
    )

    def credentials(self, config: AwsSesRoleConfig) -> AwsRole | None:
        """Return the role of the config; ``None`` for the default chain alone."""
        if not config.role_arn:
            return None
        return AwsRole(config.role_arn, config.external_id, config.role_session_name, config.role_duration)

    def request(self, config: AwsSesRoleConfig, email: Email) -> dict[str, Any]:
        """Add tags and tenant to the request of every connector for Amazon SES."""
        request = super().request(config, email)
        if config.email_tags:
            request["EmailTags"] = [{"Name": name, "Value": it} for name, it in config.email_tags.items()]
        if config.tenant_name:
            request["TenantName"] = config.tenant_name
        return request
