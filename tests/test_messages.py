"""Messages: parsed from any JSON, or rejected with a connector error. No repr shows a secret."""

from types import MappingProxyType
from typing import Any

import pytest
from attrs.exceptions import FrozenInstanceError
from hypothesis import given
from hypothesis import strategies as st

from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    EmailServiceBranding,
    EmailTemplateDetails,
    SendMessageData,
    SendMessagePayload,
    TemplateType,
    VerificationCodeType,
    converter,
    to_json,
    url_reg_ex,
)
from connector_kit.messages import LOGTO_VARIABLES, main_variable, may_have_variable
from tests.json_values import json_values

MESSAGE = {"to": "a@example.com", "type": "SignIn", "payload": {"code": "123456"}}


def test_template_types_are_those_of_logto() -> None:
    """All nine."""
    assert {member.name: member.value for member in TemplateType} == {
        "SIGN_IN": "SignIn",
        "REGISTER": "Register",
        "FORGOT_PASSWORD": "ForgotPassword",
        "ORGANIZATION_INVITATION": "OrganizationInvitation",
        "GENERIC": "Generic",
        "USER_PERMISSION_VALIDATION": "UserPermissionValidation",
        "BIND_NEW_IDENTIFIER": "BindNewIdentifier",
        "MFA_VERIFICATION": "MfaVerification",
        "BIND_MFA": "BindMfa",
    }


def test_deprecated_code_types_exist() -> None:
    """Upstream still exports them."""
    assert {member.value for member in VerificationCodeType} == {
        "SignIn",
        "Register",
        "ForgotPassword",
        "Generic",
        "UserPermissionValidation",
        "BindNewIdentifier",
        "Test",
    }


def test_payload_is_a_read_only_mapping() -> None:
    """Logto's keys have properties; other keys are allowed."""
    values = {"code": "1", "link": "l", "locale": "pt-BR", "uiLocales": "pt en", "application": {"name": "Acme"}}
    payload = SendMessagePayload(values)
    assert (payload.code, payload.link, payload.locale, payload.ui_locales) == ("1", "l", "pt-BR", "pt en")
    assert dict(payload) == values
    assert payload == values
    assert len(payload) == 5
    assert "application" in payload
    assert "other" not in payload
    with pytest.raises(KeyError):
        payload["other"]
    with pytest.raises(TypeError):
        payload["code"] = "2"  # type: ignore[index]


def test_missing_variable_is_none() -> None:
    """The properties of a payload are ``None`` for missing keys."""
    payload = SendMessagePayload({})
    assert (payload.code, payload.link, payload.locale, payload.ui_locales) == (None, None, None, None)


def test_payload_copies_its_mapping() -> None:
    """Changing the original does not change the payload."""
    values = {"code": "1"}
    payload = SendMessagePayload(values)
    values["code"] = "2"
    assert payload.code == "1"


def test_repr_shows_names_of_variables_without_values() -> None:
    """A code or link in a log would give access."""
    payload = {"code": "CANARY", "link": "https://CANARY", "nested": {"token": "CANARY"}}
    for shown in (repr(SendMessagePayload(payload)), repr(SendMessageData(**{**MESSAGE, "payload": payload}))):
        assert "CANARY" not in shown
        assert "'code', 'link', 'nested'" in shown


def test_message_is_parsed_from_json() -> None:
    """``{to, type, payload, ip?}``; other members are ignored."""
    data = SendMessageData.from_json({**MESSAGE, "ip": "::ffff:127.0.0.1", "more": 1})
    assert data == SendMessageData("a@example.com", TemplateType.SIGN_IN, {"code": "123456"}, "::ffff:127.0.0.1")
    assert data.type is TemplateType.SIGN_IN
    assert SendMessageData.from_json(MESSAGE).ip is None


def test_unknown_type_stays_a_string() -> None:
    """A newer Logto may send other types."""
    assert SendMessageData.from_json({**MESSAGE, "type": "PasswordExpired"}).type == "PasswordExpired"


def test_message_and_json_are_converted_both_ways() -> None:
    """The result equals the original."""
    for message in (MESSAGE, {**MESSAGE, "ip": "192.0.2.1", "type": "Other"}):
        assert to_json(converter.structure(message, SendMessageData)) == message


def test_existing_payload_is_not_copied() -> None:
    """A message keeps the payload object."""
    payload = SendMessagePayload({"code": "1"})
    assert SendMessageData("a", "b", payload).payload is payload
    assert to_json(payload) == {"code": "1"}


def test_message_is_immutable() -> None:
    """A connector cannot change a message for later steps."""
    with pytest.raises(FrozenInstanceError):
        SendMessageData.from_json(MESSAGE).to = "b"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, " must be an object, found null"),
        ([], " must be an object, found array"),
        ({}, ": missing to, type, payload"),
        ({"to": "a", "type": "b"}, ": missing payload"),
        ({**MESSAGE, "to": None}, ": `to` must be a string, found null"),
        ({**MESSAGE, "type": 1}, ": `type` must be a string, found number"),
        ({**MESSAGE, "payload": "CANARY"}, ": `payload` must be an object, found string"),
        ({**MESSAGE, "payload": None}, ": `payload` must be an object, found null"),
        ({**MESSAGE, "ip": ["CANARY"]}, ": `ip` must be a string, found array"),
    ],
)
def test_invalid_message_raises_and_names_the_member(value: object, problem: str) -> None:
    """``invalid_request_parameters``, without showing a value."""
    with pytest.raises(ConnectorError) as caught:
        SendMessageData.from_json(value)
    assert caught.value.code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS
    assert caught.value.data == {"message": f"Message data{problem}."}


@given(json_values | st.fixed_dictionaries({"to": json_values, "type": json_values, "payload": json_values}))
def test_any_json_gives_a_message_or_a_connector_error(value: Any) -> None:
    """Only ``invalid_request_parameters``, and only if a member is invalid."""
    sound = (
        isinstance(value, dict)
        and all(isinstance(value.get(name), str) for name in ("to", "type"))
        and isinstance(value.get("payload"), dict)
        and isinstance(value.get("ip"), str | None)
    )
    try:
        data = SendMessageData.from_json(value)
    except ConnectorError as error:
        assert error.code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS  # noqa: PT017 - both ways are right
        assert not sound
    else:
        assert sound
        assert to_json(data) == {
            key: value[key] for key in ("to", "type", "payload", "ip") if value.get(key) is not None
        }


def test_message_is_parsed_from_any_mapping() -> None:
    """Such as a read-only view of a dict."""
    assert SendMessageData.from_json(MappingProxyType(MESSAGE)).to == "a@example.com"


def test_managed_template_has_five_members() -> None:
    """Subject and content are required."""
    assert EmailTemplateDetails("s", "c") == EmailTemplateDetails(
        subject="s", content="c", content_type=None, reply_to=None, send_from=None
    )
    assert to_json(EmailTemplateDetails("s", "c", "text/plain", "r", "f")) == {
        "subject": "s",
        "content": "c",
        "contentType": "text/plain",
        "replyTo": "r",
        "sendFrom": "f",
    }


@pytest.mark.parametrize(
    "members",
    [
        {"subject": 1, "content": "c"},
        {"subject": "s", "content": None},
        {"subject": "s", "content": "c", "reply_to": 1},
        {"subject": "s", "content": "c", "send_from": 1},
        {"subject": "s", "content": "c", "content_type": "text/markdown"},
    ],
)
def test_managed_template_with_invalid_members_raises(members: dict[str, Any]) -> None:
    """When it is constructed, not when it is sent."""
    with pytest.raises((TypeError, ValueError)):
        EmailTemplateDetails(**members)


def test_all_branding_is_optional() -> None:
    """A tenant may set none of it."""
    assert to_json(EmailServiceBranding()) == {}


@pytest.mark.parametrize(
    "text",
    ["https://example.com", "see http://a.b/c?d=e#f now", "www.example.com", "example.com", "mail (example.com)"],
)
def test_urls_are_found(text: str) -> None:
    """A URL or a domain, anywhere in a text."""
    assert url_reg_ex.search(text)


@pytest.mark.parametrize("text", ["", "Acme", "Acme Inc", "p.s.a.", "e.g. that", "1 Main Street, Springfield"])
def test_text_without_url_does_not_match(text: str) -> None:
    """Names, addresses and abbreviations."""
    assert not url_reg_ex.search(text)


def test_url_search_takes_linear_time() -> None:
    """For any text."""
    for text in ("a." * 100_000, "www." * 50_000, "h" * 200_000, "(" * 200_000, "a-" * 100_000):
        url_reg_ex.search(text)


def test_payload_has_the_context_variables_of_logto() -> None:
    """Application, organization, user and inviter."""
    values = {name: {"id": name} for name in ("application", "organization", "user", "inviter")}
    payload = SendMessagePayload(values)
    assert [payload.application, payload.organization, payload.user, payload.inviter] == [*values.values()]


@pytest.mark.parametrize("kind", TemplateType)
def test_message_has_a_code_or_a_link(kind: TemplateType) -> None:
    """An invitation has a link, every other message a code; both may have context variables."""
    main, other = ("link", "code") if kind == "OrganizationInvitation" else ("code", "link")
    assert main_variable(kind) == main
    assert not may_have_variable(kind, other)
    for name in {*LOGTO_VARIABLES} - {other}:
        assert may_have_variable(kind, name)
    assert may_have_variable(kind, "ticket") == (kind == "OrganizationInvitation")
    assert not may_have_variable(kind, "")
