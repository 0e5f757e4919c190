"""The Postmark connector: one request for each message, with the alias of a template and its variables."""

import re
from collections.abc import Iterator
from typing import Any, ClassVar, Final

from attrs import frozen

from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorMetadata,
    Declaration,
    HttpApi,
    Issue,
    TemplateEmailConnector,
    TemplateMessage,
    TemplateNames,
    WarningRule,
    is_placeholder,
    setting,
    template_names,
)


@frozen
class PostmarkConfig:
    """The config of the Postmark connector: the server token, the sender and the aliases of templates."""

    server_token: str = setting(
        "Server token",
        description="From the tab API Tokens of the server in Postmark.",
        placeholder="<server-token>",
        secret=True,
        examples=["0b5ee5a0-1a3b-4c5d-8e7f-9a8b7c6d5e4f"],
    )
    from_email: str = setting(
        "From",
        description="The sender: a confirmed sender signature, or an address of a verified domain.",
        placeholder="Acme <noreply@acme.com>",
        format="mailbox",
        examples=["Acme <noreply@acme.com>"],
    )
    templates: TemplateNames = template_names("templateAlias")


_TOKEN: Final = re.compile(r"\s*[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\s*", re.IGNORECASE)
_TEST_TOKEN: Final = "POSTMARK_API_TEST"  # noqa: S105 - for everybody, as in Postmark's documentation
_ADDRESS: Final = re.compile(r"[^\s,;<>]+")
"""Postmark sends to each address of a list that commas separate."""

_ALIAS: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")


def unusual_identifiers(config: Any) -> Iterator[Issue]:
    """Find tokens and aliases that do not have Postmark's form. Placeholders have a warning of their own."""
    found = config if isinstance(config, dict) else {}
    token, templates = found.get("serverToken"), found.get("templates")
    if token == _TEST_TOKEN:
        yield Issue(("serverToken",), "test-token", "with the token for tests, Postmark delivers no messages")
    elif isinstance(token, str) and not is_placeholder(token) and not _TOKEN.fullmatch(token):
        expected = "hexadecimal digits in groups of 8, 4, 4, 4 and 12"
        yield Issue(("serverToken",), "token-form", f"expected {expected}, found another text of length {len(token)}")
    for index, template in enumerate(templates if isinstance(templates, list) else ()):
        alias = template.get("templateAlias") if isinstance(template, dict) else None
        if isinstance(alias, str) and not is_placeholder(alias) and not _ALIAS.fullmatch(alias):
            what = "a number: enter the alias, not the template ID" if alias.isdecimal() else "another text"
            expected = "a letter, then letters, digits, dots, hyphens and underscores"
            yield Issue(("templates", index, "templateAlias"), "alias-form", f"expected {expected}, found {what}")


class PostmarkConnector(TemplateEmailConnector[PostmarkConfig]):
    """Sends e-mail through Postmark (https://postmarkapp.com/developer/api/templates-api#email-with-template)."""

    metadata: ClassVar[ConnectorMetadata] = ConnectorMetadata(
        id="postmark-template-mail",
        target="postmark",
        name={"en": "Postmark"},
        description={"en": "Sends Logto's verification codes and invitations from templates in Postmark."},
    )
    config_class = PostmarkConfig
    config_warnings: ClassVar[tuple[WarningRule, ...]] = (unusual_identifiers,)
    declaration: ClassVar[Declaration | None] = Declaration(provider="postmark", capabilities={"template-names"})
    # https://postmarkapp.com/developer/api/overview#error-codes
    api: ClassVar[HttpApi] = HttpApi(
        "Postmark",
        "https://api.postmarkapp.com",
        errors={"405": ConnectorErrorCodes.USAGE_LIMIT_EXCEEDED},
        message="Message",
        code="ErrorCode",
    )

    def deliver(self, config: PostmarkConfig, message: TemplateMessage) -> object:
        """Send one e-mail and return its id."""
        if not _ADDRESS.fullmatch(message.to):
            raise ConnectorError(ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, "Expected one e-mail address.")
        body = {
            "From": config.from_email,
            "To": message.to,
            "TemplateAlias": message.template.name,
            "TemplateModel": message.variables,
        }
        headers = {"X-Postmark-Server-Token": config.server_token.strip()}
        return self.api.post("/email/withTemplate", message, headers=headers, json=body).text("MessageID")
