"""What Logto Console shows of the Amazon SES connector: names, form and first templates."""

from connector_kit.metadata import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorMetadata,
)

_CODE = '<p style="font-size:32px;font-weight:bold;letter-spacing:6px;margin:24px 0">{{code}}</p>'
_LINK = (
    '<p style="margin:24px 0"><a href="{{link}}" style="background:#17496b;'
    "border-radius:6px;color:#ffffff;display:inline-block;padding:12px 24px;"
    'text-decoration:none">Accept the invitation</a></p>'
    '<p style="word-break:break-all">Or open this address: {{link}}</p>'
)


def _html(lead: str, action: str, note: str) -> str:
    return (
        '<div style="color:#1f2933;font-family:Arial,Helvetica,sans-serif;'
        'font-size:16px;line-height:1.5;margin:0 auto;max-width:480px;padding:24px">'
        f"<p>{lead}</p>{action}"
        f'<p style="color:#616e7c;font-size:14px">{note}</p></div>'
    )


_DEFAULT_TEMPLATES: list[dict[str, str]] = [
    {
        "usageType": "Register",
        "subject": "{{code}} is your sign-up code",
        "content": _html(
            "Welcome! Enter this code to create your account:",
            _CODE,
            "It is valid for 10 minutes. Not signing up? Then there is nothing for you to do.",
        ),
    },
    {
        "usageType": "SignIn",
        "subject": "{{code}} is your sign-in code",
        "content": _html(
            "Enter this code to sign in:",
            _CODE,
            "It is valid for 10 minutes. Never share it. Nobody from our team will ask you for it.",
        ),
    },
    {
        "usageType": "ForgotPassword",
        "subject": "Reset your password",
        "content": _html(
            "Enter this code to choose a new password:",
            _CODE,
            "It is valid for 10 minutes. If you did not ask for a new password, "
            "ignore this message: your present one keeps working.",
        ),
    },
    {
        "usageType": "Generic",
        "subject": "{{code}} is your verification code",
        "content": _html(
            "Enter this code to continue:",
            _CODE,
            "It is valid for 10 minutes. If you did not ask for it, you can ignore this message.",
        ),
    },
    {
        "usageType": "OrganizationInvitation",
        "subject": "You are invited to join an organization",
        "content": _html(
            "Someone invited you to join their organization.",
            _LINK,
            "If you were not expecting an invitation, you can ignore this message.",
        ),
    },
    {
        "usageType": "UserPermissionValidation",
        "subject": "Confirm that it is you",
        "content": _html(
            "You are about to change something important in your account. Enter this code to go on:",
            _CODE,
            "It is valid for 10 minutes. If this was not you, change your password now.",
        ),
    },
    {
        "usageType": "BindNewIdentifier",
        "subject": "Confirm your email address",
        "content": _html(
            "Enter this code to add this email address to your account:",
            _CODE,
            "It is valid for 10 minutes. If you have no such account, you can ignore this message.",
        ),
    },
    {
        "usageType": "MfaVerification",
        "subject": "{{code}} is your two-step verification code",
        "content": _html(
            "Enter this code as the second step of your sign-in:",
            _CODE,
            "It is valid for 10 minutes. If you are not signing in, change your password: somebody may know it.",
        ),
    },
    {
        "usageType": "BindMfa",
        "subject": "Set up two-step verification",
        "content": _html(
            "Enter this code to use this email address for two-step verification:",
            _CODE,
            "It is valid for 10 minutes. If this was not you, change your password now.",
        ),
    },
]

METADATA: ConnectorMetadata = ConnectorMetadata(
    id="aws-ses-mail",
    target="aws-ses",
    platform=None,
    name={
        "en": "Amazon SES email",
        "es": "Correo con Amazon SES",
        "pt-BR": "E-mail com Amazon SES",
        "zh-CN": "Amazon SES 邮件",
        "tr-TR": "Amazon SES ile e-posta",
        "ko": "Amazon SES 이메일",
    },
    description={
        "en": "Sends Logto's verification codes and invitations from your own Amazon SES account.",
        "es": "Envía los códigos de verificación y las invitaciones de Logto desde tu propia cuenta de Amazon SES.",
        "pt-BR": "Envia os códigos de verificação e os convites do Logto pela sua própria conta do Amazon SES.",
        "zh-CN": "使用你自己的 Amazon SES 账号发送 Logto 的验证码和邀请邮件。",
        "tr-TR": "Logto'nun doğrulama kodlarını ve davetlerini kendi Amazon SES hesabınızdan gönderir.",  # noqa: RUF001 - Turkish has a dotless i
        "ko": "직접 보유한 Amazon SES 계정으로 Logto의 인증 코드와 초대 메일을 보냅니다.",
    },
    logo="./logo.svg",
    logo_dark="./logo-dark.svg",
    readme="./README.md",
    form_items=(
        ConnectorConfigFormItem(
            type=ConnectorConfigFormItemType.TEXT,
            key="accessKeyId",
            label="Access key ID",
            placeholder="<access-key-id>",
            required=True,
            description="The public half of the AWS access key pair.",
            tooltip="Best from an IAM user that may do nothing but ses:SendEmail.",
        ),
        ConnectorConfigFormItem(
            type=ConnectorConfigFormItemType.TEXT,
            key="accessKeySecret",
            label="Secret access key",
            placeholder="<access-key-secret>",
            required=True,
            description="The secret half of the AWS access key pair.",
            tooltip="AWS shows it once, when the key is created.",
            is_confidential=True,
        ),
        ConnectorConfigFormItem(
            type=ConnectorConfigFormItemType.TEXT,
            key="region",
            label="Region",
            placeholder="<region>",
            required=True,
            description="The code of the AWS region that holds your verified identity.",
            tooltip="For example us-east-1. An identity exists in one region only.",
        ),
        ConnectorConfigFormItem(
            type=ConnectorConfigFormItemType.TEXT,
            key="emailAddress",
            label="Sender address",
            placeholder="<email-address>",
            required=False,
            description=(
                "Who the messages come from: an address alone, or a name followed by the address in angle brackets."
            ),
            tooltip=(
                "The address, or its domain, must be a verified identity. "
                "Leave it empty only if every message has a sender of its own."
            ),
        ),
        ConnectorConfigFormItem(
            type=ConnectorConfigFormItemType.TEXT,
            key="emailAddressIdentityArn",
            label="Sender identity ARN",
            placeholder="<email-address-identity-arn>",
            required=False,
            description="Only if another AWS account owns the sender's identity and has authorized you to use it.",
        ),
        ConnectorConfigFormItem(
            type=ConnectorConfigFormItemType.TEXT,
            key="feedbackForwardingEmailAddress",
            label="Feedback address",
            placeholder="<feedback-forwarding-email-address>",
            required=False,
            description="Where Amazon SES reports bounces and complaints by email.",
        ),
        ConnectorConfigFormItem(
            type=ConnectorConfigFormItemType.TEXT,
            key="feedbackForwardingEmailAddressIdentityArn",
            label="Feedback identity ARN",
            placeholder="<feedback-forwarding-email-address-identity-arn>",
            required=False,
            description=(
                "Only if another AWS account owns the feedback address's identity and has authorized you to use it."
            ),
        ),
        ConnectorConfigFormItem(
            type=ConnectorConfigFormItemType.TEXT,
            key="configurationSetName",
            label="Configuration set",
            placeholder="<configuration-set-name>",
            required=False,
            description=(
                "The Amazon SES configuration set to send with, for event tracking or dedicated IP addresses."
            ),
        ),
        ConnectorConfigFormItem(
            type=ConnectorConfigFormItemType.JSON,
            key="templates",
            label="Templates",
            required=True,
            default_value=_DEFAULT_TEMPLATES,
            description=(
                "One message for each usage type. Register, SignIn, ForgotPassword "
                "and Generic must be there; Generic stands in for any other."
            ),
            tooltip=(
                "The content is HTML. Write {{code}} where the verification code goes, "
                "and {{link}} where the invitation link goes."
            ),
        ),
    ),
)
