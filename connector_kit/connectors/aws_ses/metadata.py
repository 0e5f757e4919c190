"""What Logto Console shows of the Amazon SES connector: names, config form and default templates."""

from connector_kit.connectors.aws_ses.config import AwsSesConfig
from connector_kit.metadata import ConnectorMetadata
from connector_kit.settings import form_items

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
    logo_dark="./logo-dark.svg",
    form_items=form_items(AwsSesConfig),
)
