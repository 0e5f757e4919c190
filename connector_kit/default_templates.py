"""Default templates of e-mails and text messages, for the config forms of connectors."""

from collections.abc import Mapping
from typing import Final

_CODE: Final = '<p style="font-size:32px;font-weight:bold;letter-spacing:6px;margin:24px 0">{{code}}</p>'
_LINK: Final = (
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


EMAIL_TEMPLATES: Final[tuple[Mapping[str, str], ...]] = (
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
)
"""HTML templates of e-mails for all types of messages that Logto sends."""

_VALIDITY: Final = "It is valid for 10 minutes."

SMS_TEMPLATES: Final[tuple[Mapping[str, str], ...]] = tuple(
    {"usageType": usage_type, "content": f"{text} {_VALIDITY}"}
    for usage_type, text in (
        ("Register", "{{code}} is your sign-up code."),
        ("SignIn", "{{code}} is your sign-in code. Never share it."),
        ("ForgotPassword", "{{code}} is your code to reset your password."),
        ("Generic", "{{code}} is your verification code."),
        ("UserPermissionValidation", "{{code}} is your code to confirm a change of your account."),
        ("BindNewIdentifier", "{{code}} is your code to add this phone number."),
        ("MfaVerification", "{{code}} is your two-step verification code. Never share it."),
        ("BindMfa", "{{code}} is your code to set up two-step verification."),
    )
)
"""Text messages of one segment each; Logto sends invitations by e-mail only."""
