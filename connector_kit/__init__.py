"""Write connectors for Logto in Python: the counterpart of the npm package ``@logto/connector-kit``.

A name is imported from its module when it is first used: ``import connector_kit`` alone imports none of them.
"""

from importlib import import_module as _import_module
from typing import TYPE_CHECKING
from typing import Any as _Any

if TYPE_CHECKING:
    from connector_kit.aws_api.api import AwsApi, AwsResponse
    from connector_kit.aws_api.credentials import AwsKeys, AwsRole
    from connector_kit.bounded_http import bounded_pool_classes
    from connector_kit.connector import (
        Connector,
        Declaration,
        Email,
        EmailConnector,
        GetConnectorConfig,
        GetI18nEmailTemplate,
        MessageConnector,
        Sms,
        SmsConnector,
        SocialConnector,
        TemplateEmailConnector,
        TemplateMessage,
        TemplateSmsConnector,
    )
    from connector_kit.discovery import (
        ConnectorNotFoundError,
        find_connector,
        installed_connectors,
    )
    from connector_kit.errors import (
        ConnectorError,
        ConnectorErrorCodes,
    )
    from connector_kit.guards import (
        Guard,
        configurable_connector_metadata_guard,
        connector_config_form_item_guard,
        connector_metadata_guard,
        email_service_branding_guard,
        email_template_details_guard,
        i18n_phrases_guard,
        json_guard,
        json_object_guard,
        send_message_data_guard,
        send_message_payload_guard,
        social_connector_metadata_guard,
        template_type_guard,
        validate_config,
        verification_code_type_guard,
    )
    from connector_kit.http_api import ApiResponse, HttpApi
    from connector_kit.issues import Issue
    from connector_kit.languages import (
        is_language_tag,
        language_tags,
    )
    from connector_kit.mailbox import (
        Mailbox,
        MailboxError,
        encode_mailbox,
        format_mailbox,
        parse_send_from,
        sanitize_mailbox_address,
        sanitize_mailbox_display_name,
        strip_header_control_chars,
    )
    from connector_kit.messages import (
        ContentType,
        EmailServiceBranding,
        EmailTemplateDetails,
        SendMessageData,
        SendMessagePayload,
        TemplateType,
        VerificationCodeType,
    )
    from connector_kit.metadata import (
        UNSET,
        ConfigurableConnectorMetadata,
        ConnectorConfigFormItem,
        ConnectorConfigFormItemType,
        ConnectorMetadata,
        ConnectorPlatform,
        ConnectorType,
        DemoConnector,
        I18nPhrases,
        SelectItem,
        ServiceConnector,
        ShowCondition,
        SocialConnectorMetadata,
        demo_connector_ids,
        mock_connector_file_paths,
        service_connector_ids,
    )
    from connector_kit.oauth import (
        get_access_token_by_refresh_token,
    )
    from connector_kit.parsing import (
        load_json,
        parse_json,
        parse_json_object,
    )
    from connector_kit.phone_numbers import e164
    from connector_kit.redaction import message_secrets, redact
    from connector_kit.schemas import (
        UnknownSchemaError,
        bundle,
        registry,
        schema_names,
    )
    from connector_kit.settings import (
        EmailTemplates,
        SmsTemplates,
        TemplateNames,
        config_guard,
        config_schema,
        email_templates,
        form_items,
        require_one_of,
        require_together,
        setting,
        sms_templates,
        template_names,
        template_setting,
    )
    from connector_kit.sign_in.client_authentication import ClientAuthentication
    from connector_kit.sign_in.id_tokens import IdTokenRules
    from connector_kit.sign_in.oauth2 import OAuth2Config, OAuth2Connector, OAuth2Endpoints, UserFields
    from connector_kit.sign_in.oidc import OidcConnector, OidcProvider
    from connector_kit.smtp_api import Encryption, SmtpApi, SmtpServer
    from connector_kit.social import (
        AuthorizationRequest,
        ConnectorSession,
        GetSession,
        GoogleConnectorConfig,
        GoogleOneTapConfig,
        GoogleOneTapParams,
        OidcPrompt,
        SetSession,
        SocialUserInfo,
        TokenResponse,
        TokenResponseAndUserInfo,
        is_external_google_one_tap,
        is_google_one_tap,
        logto_google_one_tap_cookie_key,
    )
    from connector_kit.social_guards import (
        GoogleConnector,
        connector_session_guard,
        google_one_tap_config_guard,
        oidc_prompts_guard,
        social_user_info_guard,
        token_response_guard,
    )
    from connector_kit.templates import (
        SmsTemplate,
        Template,
        TemplateName,
        get_config_template_by_type,
        get_value,
        replace_send_message_handlebars,
    )
    from connector_kit.urls import url_reg_ex
    from connector_kit.warning_rules import WarningRule, config_warnings, is_placeholder
    from connector_kit.wire import (
        converter,
        to_json,
        wire_name,
    )

__all__ = [
    "UNSET",
    "ApiResponse",
    "AuthorizationRequest",
    "AwsApi",
    "AwsKeys",
    "AwsResponse",
    "AwsRole",
    "ClientAuthentication",
    "ConfigurableConnectorMetadata",
    "Connector",
    "ConnectorConfigFormItem",
    "ConnectorConfigFormItemType",
    "ConnectorError",
    "ConnectorErrorCodes",
    "ConnectorMetadata",
    "ConnectorNotFoundError",
    "ConnectorPlatform",
    "ConnectorSession",
    "ConnectorType",
    "ContentType",
    "Declaration",
    "DemoConnector",
    "Email",
    "EmailConnector",
    "EmailServiceBranding",
    "EmailTemplateDetails",
    "EmailTemplates",
    "Encryption",
    "GetConnectorConfig",
    "GetI18nEmailTemplate",
    "GetSession",
    "GoogleConnector",
    "GoogleConnectorConfig",
    "GoogleOneTapConfig",
    "GoogleOneTapParams",
    "Guard",
    "HttpApi",
    "I18nPhrases",
    "IdTokenRules",
    "Issue",
    "Mailbox",
    "MailboxError",
    "MessageConnector",
    "OAuth2Config",
    "OAuth2Connector",
    "OAuth2Endpoints",
    "OidcConnector",
    "OidcPrompt",
    "OidcProvider",
    "SelectItem",
    "SendMessageData",
    "SendMessagePayload",
    "ServiceConnector",
    "SetSession",
    "ShowCondition",
    "Sms",
    "SmsConnector",
    "SmsTemplate",
    "SmsTemplates",
    "SmtpApi",
    "SmtpServer",
    "SocialConnector",
    "SocialConnectorMetadata",
    "SocialUserInfo",
    "Template",
    "TemplateEmailConnector",
    "TemplateMessage",
    "TemplateName",
    "TemplateNames",
    "TemplateSmsConnector",
    "TemplateType",
    "TokenResponse",
    "TokenResponseAndUserInfo",
    "UnknownSchemaError",
    "UserFields",
    "VerificationCodeType",
    "WarningRule",
    "bounded_pool_classes",
    "bundle",
    "config_guard",
    "config_schema",
    "config_warnings",
    "configurable_connector_metadata_guard",
    "connector_config_form_item_guard",
    "connector_metadata_guard",
    "connector_session_guard",
    "converter",
    "demo_connector_ids",
    "e164",
    "email_service_branding_guard",
    "email_template_details_guard",
    "email_templates",
    "encode_mailbox",
    "find_connector",
    "form_items",
    "format_mailbox",
    "get_access_token_by_refresh_token",
    "get_config_template_by_type",
    "get_value",
    "google_one_tap_config_guard",
    "i18n_phrases_guard",
    "installed_connectors",
    "is_external_google_one_tap",
    "is_google_one_tap",
    "is_language_tag",
    "is_placeholder",
    "json_guard",
    "json_object_guard",
    "language_tags",
    "load_json",
    "logto_google_one_tap_cookie_key",
    "message_secrets",
    "mock_connector_file_paths",
    "oidc_prompts_guard",
    "parse_json",
    "parse_json_object",
    "parse_send_from",
    "redact",
    "registry",
    "replace_send_message_handlebars",
    "require_one_of",
    "require_together",
    "sanitize_mailbox_address",
    "sanitize_mailbox_display_name",
    "schema_names",
    "send_message_data_guard",
    "send_message_payload_guard",
    "service_connector_ids",
    "setting",
    "sms_templates",
    "social_connector_metadata_guard",
    "social_user_info_guard",
    "strip_header_control_chars",
    "template_names",
    "template_setting",
    "template_type_guard",
    "to_json",
    "token_response_guard",
    "url_reg_ex",
    "validate_config",
    "verification_code_type_guard",
    "wire_name",
]

_NAMES = {
    "aws_api.api": "AwsApi AwsResponse",
    "aws_api.credentials": "AwsKeys AwsRole",
    "bounded_http": "bounded_pool_classes",
    "connector": """
        Connector Declaration Email EmailConnector GetConnectorConfig GetI18nEmailTemplate MessageConnector Sms
        SmsConnector SocialConnector TemplateEmailConnector TemplateMessage TemplateSmsConnector
    """,
    "discovery": "ConnectorNotFoundError find_connector installed_connectors",
    "errors": "ConnectorError ConnectorErrorCodes",
    "guards": """
        Guard configurable_connector_metadata_guard connector_config_form_item_guard
        connector_metadata_guard email_service_branding_guard
        email_template_details_guard i18n_phrases_guard json_guard json_object_guard
        send_message_data_guard send_message_payload_guard social_connector_metadata_guard
        template_type_guard validate_config
        verification_code_type_guard
    """,
    "http_api": "ApiResponse HttpApi",
    "issues": "Issue",
    "languages": "is_language_tag language_tags",
    "mailbox": """
        Mailbox MailboxError encode_mailbox format_mailbox parse_send_from sanitize_mailbox_address
        sanitize_mailbox_display_name strip_header_control_chars
    """,
    "messages": """
        ContentType EmailServiceBranding EmailTemplateDetails SendMessageData SendMessagePayload TemplateType
        VerificationCodeType
    """,
    "metadata": """
        UNSET ConfigurableConnectorMetadata ConnectorConfigFormItem ConnectorConfigFormItemType
        ConnectorMetadata ConnectorPlatform ConnectorType DemoConnector I18nPhrases SelectItem ServiceConnector
        ShowCondition SocialConnectorMetadata demo_connector_ids mock_connector_file_paths service_connector_ids
    """,
    "oauth": "get_access_token_by_refresh_token",
    "parsing": "load_json parse_json parse_json_object",
    "phone_numbers": "e164",
    "redaction": "message_secrets redact",
    "schemas": "UnknownSchemaError bundle registry schema_names",
    "settings": """
        EmailTemplates SmsTemplates TemplateNames config_guard config_schema email_templates form_items require_one_of
        setting sms_templates template_names template_setting
        EmailTemplates SmsTemplates config_guard config_schema email_templates form_items require_one_of
        require_together setting sms_templates template_setting
    """,
    "social": """
        AuthorizationRequest ConnectorSession GetSession GoogleConnectorConfig GoogleOneTapConfig
        GoogleOneTapParams OidcPrompt SetSession SocialUserInfo TokenResponse TokenResponseAndUserInfo
        is_external_google_one_tap is_google_one_tap logto_google_one_tap_cookie_key
    """,
    "social_guards": """
        GoogleConnector connector_session_guard google_one_tap_config_guard oidc_prompts_guard social_user_info_guard
        token_response_guard
    """,
    "sign_in.client_authentication": "ClientAuthentication",
    "sign_in.id_tokens": "IdTokenRules",
    "sign_in.oauth2": "OAuth2Config OAuth2Connector OAuth2Endpoints UserFields",
    "sign_in.oidc": "OidcConnector OidcProvider",
    "smtp_api": "Encryption SmtpApi SmtpServer",
    "templates": "SmsTemplate Template TemplateName get_config_template_by_type get_value replace_send_message_handlebars",
    "urls": "url_reg_ex",
    "warning_rules": "WarningRule config_warnings is_placeholder",
    "wire": "converter to_json wire_name",
}
"""The public names by module."""

_MODULES = {name: module for module, names in _NAMES.items() for name in names.split()}


def __getattr__(name: str) -> _Any:
    """Import a public name."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(_import_module(f"{__name__}.{_MODULES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """Return the public names, imported or not."""
    return [*globals(), *(name for name in __all__ if name not in globals())]
