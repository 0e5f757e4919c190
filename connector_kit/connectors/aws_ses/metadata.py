"""What Logto Console shows of the Amazon SES connector: names, config form and default templates."""

import re
from typing import Any

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


def _template(usage_type: str, subject: str, lead: str, note: str, action: str = _CODE) -> dict[str, str]:
    content = (
        '<div style="color:#1f2933;font-family:Arial,Helvetica,sans-serif;'
        'font-size:16px;line-height:1.5;margin:0 auto;max-width:480px;padding:24px">'
        f"<p>{lead}</p>{action}"
        f'<p style="color:#616e7c;font-size:14px">{note}</p></div>'
    )
    return {"usageType": usage_type, "subject": subject, "content": content}


_DEFAULT_TEMPLATES = [
    _template(
        "Register",
        "{{code}} is your sign-up code",
        "Welcome! Enter this code to create your account:",
        "It is valid for 10 minutes. If you are not signing up, you can ignore this message.",
    ),
    _template(
        "SignIn",
        "{{code}} is your sign-in code",
        "Enter this code to sign in:",
        "It is valid for 10 minutes. Never share it. Nobody from our team will ask you for it.",
    ),
    _template(
        "ForgotPassword",
        "Reset your password",
        "Enter this code to choose a new password:",
        "It is valid for 10 minutes. If you did not ask for a new password, you can ignore this message: your current password still works.",
    ),
    _template(
        "Generic",
        "{{code}} is your verification code",
        "Enter this code to continue:",
        "It is valid for 10 minutes. If you did not ask for it, you can ignore this message.",
    ),
    _template(
        "OrganizationInvitation",
        "You are invited to join {{organization.name}}",
        "You are invited to join {{organization.name}}.",
        "If you were not expecting an invitation, you can ignore this message.",
        _LINK,
    ),
    _template(
        "UserPermissionValidation",
        "Confirm that it is you",
        "You are about to change something important in your account. Enter this code to go on:",
        "It is valid for 10 minutes. If this was not you, change your password now.",
    ),
    _template(
        "BindNewIdentifier",
        "Confirm your email address",
        "Enter this code to add this email address to your account:",
        "It is valid for 10 minutes. If you have no such account, you can ignore this message.",
    ),
    _template(
        "MfaVerification",
        "{{code}} is your two-step verification code",
        "Enter this code as the second step of your sign-in:",
        "It is valid for 10 minutes. If you are not signing in, change your password: somebody may know it.",
    ),
    _template(
        "BindMfa",
        "Set up two-step verification",
        "Enter this code to use this email address for two-step verification:",
        "It is valid for 10 minutes. If this was not you, change your password now.",
    ),
]


def _text(key: str, label: str, description: str, *, required: bool = False, **options: Any) -> ConnectorConfigFormItem:
    placeholder = re.sub("[A-Z]", lambda letter: f"-{letter[0].lower()}", f"<{key}>")
    return ConnectorConfigFormItem(
        ConnectorConfigFormItemType.TEXT,
        key,
        label,
        placeholder=placeholder,
        required=required,
        description=description,
        **options,
    )


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
        _text(
            "accessKeyId",
            "Access key ID",
            "The public half of the AWS access key pair.",
            tooltip="Use an IAM user that may only call ses:SendEmail.",
            required=True,
        ),
        _text(
            "accessKeySecret",
            "Secret access key",
            "The secret half of the AWS access key pair.",
            tooltip="AWS shows it once, when the key is created.",
            required=True,
            is_confidential=True,
        ),
        _text(
            "region",
            "Region",
            "The code of the AWS region that holds your verified identity.",
            tooltip="For example us-east-1. An identity exists in one region only.",
            required=True,
        ),
        _text(
            "emailAddress",
            "Sender address",
            "The sender of the messages: an address, or a name followed by an address in angle brackets.",
            tooltip="The address, or its domain, must be a verified identity. Leave it empty only if every template managed in Logto sets its own sender.",
        ),
        _text(
            "emailAddressIdentityArn",
            "Sender identity ARN",
            "Required only if another AWS account owns the sender's identity and has authorized you to use it.",
        ),
        _text(
            "feedbackForwardingEmailAddress",
            "Feedback address",
            "Where Amazon SES reports bounces and complaints by email.",
        ),
        _text(
            "feedbackForwardingEmailAddressIdentityArn",
            "Feedback identity ARN",
            "Required only if another AWS account owns the feedback address's identity and has authorized you to use it.",
        ),
        _text(
            "configurationSetName",
            "Configuration set",
            "The Amazon SES configuration set to send with, for event tracking or dedicated IP addresses.",
        ),
        ConnectorConfigFormItem(
            type=ConnectorConfigFormItemType.JSON,
            key="templates",
            label="Templates",
            required=True,
            default_value=_DEFAULT_TEMPLATES,
            description=(
                "One message for each usage type. Register, SignIn, ForgotPassword "
                "and Generic are required; Generic is the fallback for any other."
            ),
            tooltip=(
                "The content is HTML. Write {{code}} where the verification code goes, "
                "and {{link}} where the invitation link goes. Other variables: application, organization, user and "
                "inviter, as in {{organization.name}}."
            ),
        ),
    ),
)
