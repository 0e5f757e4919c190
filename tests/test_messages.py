"""What travels in a message: read from any JSON, or refused as a connector error; secrets in no repr."""

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
from tests.json_values import json_values

MESSAGE = {"to": "a@example.com", "type": "SignIn", "payload": {"code": "123456"}}


def test_the_template_types_are_those_of_logto() -> None:
    """Every type of message that Logto sends, by its own word."""
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


def test_the_deprecated_code_types_are_kept() -> None:
    """Upstream still exports them, ``Test`` among them."""
    assert {member.value for member in VerificationCodeType} == {
        "SignIn",
        "Register",
        "ForgotPassword",
        "Generic",
        "UserPermissionValidation",
        "BindNewIdentifier",
        "Test",
    }


def test_a_payload_is_a_read_only_mapping_open_to_any_key() -> None:
    """Logto's own keys have properties; every key is there as in a mapping; nothing can be set."""
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


def test_what_a_payload_lacks_is_none() -> None:
    """Nothing is made up for keys that Logto left out."""
    payload = SendMessagePayload({})
    assert (payload.code, payload.link, payload.locale, payload.ui_locales) == (None, None, None, None)


def test_a_payload_does_not_follow_the_mapping_it_was_made_from() -> None:
    """Changing the original later changes no message."""
    values = {"code": "1"}
    payload = SendMessagePayload(values)
    values["code"] = "2"
    assert payload.code == "1"


def test_the_repr_of_a_message_names_variables_and_shows_no_value() -> None:
    """A code or link in a log would let its reader in."""
    payload = {"code": "CANARY", "link": "https://CANARY", "nested": {"token": "CANARY"}}
    for shown in (repr(SendMessagePayload(payload)), repr(SendMessageData(**{**MESSAGE, "payload": payload}))):
        assert "CANARY" not in shown
        assert "'code', 'link', 'nested'" in shown


def test_a_message_is_read_as_it_comes_over_the_wire() -> None:
    """``{to, type, payload, ip?}`` gives a message; other members are passed over."""
    data = SendMessageData.from_json({**MESSAGE, "ip": "::ffff:127.0.0.1", "more": 1})
    assert data == SendMessageData("a@example.com", TemplateType.SIGN_IN, {"code": "123456"}, "::ffff:127.0.0.1")
    assert data.type is TemplateType.SIGN_IN
    assert SendMessageData.from_json(MESSAGE).ip is None


def test_a_type_that_this_kit_does_not_know_stays_a_string() -> None:
    """A newer Logto may send newer types; they are routed all the same."""
    assert SendMessageData.from_json({**MESSAGE, "type": "PasswordExpired"}).type == "PasswordExpired"


def test_a_message_and_its_json_turn_into_each_other() -> None:
    """What came over the wire goes out again the same."""
    for message in (MESSAGE, {**MESSAGE, "ip": "192.0.2.1", "type": "Other"}):
        assert to_json(converter.structure(message, SendMessageData)) == message


def test_a_payload_that_is_one_already_is_taken_as_it_is() -> None:
    """Making a message from a payload copies nothing."""
    payload = SendMessagePayload({"code": "1"})
    assert SendMessageData("a", "b", payload).payload is payload
    assert to_json(payload) == {"code": "1"}


def test_a_message_cannot_be_changed() -> None:
    """Messages are values: a connector cannot alter what the next step sees."""
    with pytest.raises(FrozenInstanceError):
        SendMessageData.from_json(MESSAGE).to = "b"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("value", "says"),
    [
        (None, "the whole must be an object, not NoneType"),
        ([], "the whole must be an object, not list"),
        ({}, "to, type, payload missing"),
        ({"to": "a", "type": "b"}, "payload missing"),
        ({**MESSAGE, "to": None}, "to must be a string, not NoneType"),
        ({**MESSAGE, "type": 1}, "type must be a string, not int"),
        ({**MESSAGE, "payload": "CANARY"}, "payload must be an object, not str"),
        ({**MESSAGE, "payload": None}, "payload must be an object, not NoneType"),
        ({**MESSAGE, "ip": ["CANARY"]}, "ip must be a string, not list"),
    ],
)
def test_a_message_of_another_form_is_refused_and_its_fault_named(value: object, says: str) -> None:
    """``invalid_request_parameters`` says which member is wrong, and shows no value."""
    with pytest.raises(ConnectorError) as caught:
        SendMessageData.from_json(value)
    assert caught.value.code is ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS
    assert caught.value.data == {"message": f"Message data: {says}."}


@given(json_values | st.fixed_dictionaries({"to": json_values, "type": json_values, "payload": json_values}))
def test_any_json_gives_a_message_or_a_connector_error(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Whatever arrives, nothing but ``invalid_request_parameters`` is raised, and only where a member is wrong."""
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


def test_any_mapping_will_do_for_a_message() -> None:
    """A read-only view of the JSON is as good as a dict."""
    assert SendMessageData.from_json(MappingProxyType(MESSAGE)).to == "a@example.com"


def test_a_template_of_logtos_own_has_the_five_documented_members() -> None:
    """Only subject and content must be there."""
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
def test_a_template_with_members_of_another_kind_cannot_be_made(members: dict[str, Any]) -> None:
    """A host's mistake shows where the template is made, not at the provider."""
    with pytest.raises((TypeError, ValueError)):
        EmailTemplateDetails(**members)


def test_branding_is_all_optional() -> None:
    """A tenant may set none of it."""
    assert to_json(EmailServiceBranding()) == {}


@pytest.mark.parametrize(
    "text",
    ["https://example.com", "see http://a.b/c?d=e#f now", "www.example.com", "example.com", "mail (example.com)"],
)
def test_urls_are_found(text: str) -> None:
    """A URL or a bare domain is found anywhere in a text."""
    assert url_reg_ex.search(text)


@pytest.mark.parametrize("text", ["", "Acme", "Acme Inc", "p.s.a.", "e.g. that", "1 Main Street, Springfield"])
def test_plain_text_is_no_url(text: str) -> None:
    """Names, addresses and abbreviations are left alone."""
    assert not url_reg_ex.search(text)


def test_looking_for_urls_takes_linear_time() -> None:
    """No text makes the pattern try without end."""
    for text in ("a." * 100_000, "www." * 50_000, "h" * 200_000, "(" * 200_000, "a-" * 100_000):
        url_reg_ex.search(text)
