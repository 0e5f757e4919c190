"""What counts as a secret, and its removal from text."""

import base64
import html
import json
import re
import string
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from connector_kit import (
    ConnectorConfigFormItem,
    ConnectorConfigFormItemType,
    ConnectorMetadata,
    Declaration,
    EmailConnector,
)
from connector_kit.connectors.aws_ses import AwsSesConnector
from connector_kit.redaction import (
    Redactor,
    config_secrets,
    encoded_forms,
    is_secret_name,
    mask_recipient,
    payload_secrets,
    redact,
    replace_config_secrets,
    secret_keys,
)


def _item(key: str, control: str = "Text", **options: Any) -> ConnectorConfigFormItem:
    return ConnectorConfigFormItem(ConnectorConfigFormItemType(control), key, key, **options)


class _Connector(EmailConnector[Any]):
    metadata = ConnectorMetadata(
        id="a",
        target="a",
        name={"en": "a"},
        description={"en": "a"},
        logo="a",
        readme="a",
        form_items=(
            _item("endpoint"),
            _item("apiToken"),
            _item("clientKey", is_confidential=False),
            _item("pin", is_confidential=True),
            _item("certificate", "MultilineText", is_confidential=True),
            _item("accountSecret"),
        ),
    )
    declaration = Declaration("a", {}, frozenset(), secrets=("accountId",))


class _Plain(EmailConnector[Any]):
    metadata = ConnectorMetadata(id="a", target="a", name={}, description={}, logo="a", readme="a")


@pytest.mark.parametrize(
    ("text", "secrets", "expected"),
    [
        ("the key abcdef.", ["abcdef"], "the key [redacted]."),
        ("abcdefgh abcdef", ["abcdef", "abcdefgh"], "[redacted] [redacted]"),
        ("abcdef", ["abcd", "cdef"], "[redacted]"),
        ("abcdabcd", ["abcd"], "[redacted][redacted]"),
        ("redacted acte", ["acte"], "red[redacted]d [redacted]"),
        ("abc", ["abc", "", None, 5], "abc"),
        ("code 123456 and 1e+21", [123456, 1e21], "code [redacted] and [redacted]"),
        ("code 123456", [123456.0], "code [redacted]"),
        ("a ['nested'] value", [{"x": ["nested"]}], "a ['[redacted]'] value"),
        ("no text at all", [], "no text at all"),
        ("nothing here", ["secret"], "nothing here"),
        ("q=a%2Fb%2Bc&r=a/b+c", ["a/b+c"], "q=[redacted]&r=[redacted]"),
    ],
)
def test_secrets_are_redacted(text: str, secrets: list[object], expected: str) -> None:
    """The longest first, and overlapping ones whole. Short texts and other values are ignored."""
    assert redact(text, secrets) == expected


@given(st.text(string.ascii_letters + "/+é", min_size=8), st.text(max_size=9), st.text(max_size=9))
def test_no_encoding_of_a_secret_remains(secret: str, before: str, after: str) -> None:
    """As it is, percent-encoded, and in base64 with anything before and after it."""
    around = before.encode(errors="replace") + secret.encode() + after.encode(errors="replace")
    encoded = base64.b64encode(around).decode()
    shown = redact(f"{quote(secret, safe='')} {encoded} {secret}", [secret])
    forms = [it for it in encoded_forms(secret) if it not in "[redacted]"]
    assert not any(form in shown for form in forms)
    assert shown.count("[redacted]") >= 3


LINK = "https://acme.example/accept?a=1&token=T-0/K\"e'n+é ü😀"


@pytest.mark.parametrize(
    "encode",
    [
        quote,
        lambda it: quote(it, safe=""),
        lambda it: re.sub("%..", lambda escape: escape[0].lower(), quote(it, safe="")),
        quote_plus,
        lambda it: quote(quote(it, safe=""), safe=""),
        lambda it: "".join(f"%{byte:02x}" for byte in it.encode()),
        html.escape,
        lambda it: html.escape(html.escape(it)),
        lambda it: "".join(f"&#{ord(char)};" for char in it),
        lambda it: "".join(f"&#x{ord(char):X};" for char in it),
        lambda it: json.dumps(it)[1:-1],
        lambda it: json.dumps(it, ensure_ascii=False)[1:-1],
        lambda it: json.dumps(it)[1:-1].replace("/", r"\/"),
        lambda it: json.dumps(html.escape(it))[1:-1].replace("&", r"\u0026"),
        lambda it: json.dumps(json.dumps(html.escape(it)))[1:-1],
        lambda it: it.replace("/", r"\x2f"),
        lambda it: it.encode().hex(),
        lambda it: it.encode().hex().upper(),
        lambda it: base64.b64encode(it.encode()).decode(),
        lambda it: base64.urlsafe_b64encode(b"x" + it.encode()).decode(),
        lambda it: base64.b64encode(f"<a href='{html.escape(it)}'>".encode()).decode(),
    ],
)
def test_escaped_secret_is_redacted(encode: Callable[[str], str]) -> None:
    """As in URLs, HTML, JSON and several of them, in base64 and in hexadecimal digits; the rest of the text stays."""
    shown = redact(f'rejected (%zz &amp; &unknown; \\u00e9 é): "{encode(LINK)}", sorry', [LINK])
    assert shown.startswith('rejected (%zz &amp; &unknown; \\u00e9 é): "')
    assert shown.endswith('", sorry')
    assert "[redacted]" in shown
    rest = shown.replace("[redacted]", "")
    assert len(rest) < 60 + 20  # base64 keeps a few characters around the secret


def test_redaction_takes_time_linear_in_the_text() -> None:
    """A long text of secrets, or of beginnings of secrets, takes seconds of CPU time at most."""
    secrets = ["a" * length for length in range(4, 14)]
    started = time.process_time()
    assert redact("a" * 65_535, secrets).replace("[redacted]", "") == ""
    assert redact("aaab" * 16_000, secrets) == "aaab" * 16_000
    assert redact("%25" * 20_000, secrets) == "%25" * 20_000
    assert redact("&amp;" * 12_000, secrets) == "&amp;" * 12_000
    assert time.process_time() - started < 10


def test_redaction_takes_time_linear_in_the_number_of_secrets() -> None:
    """A thousand of them, at a hundred places each, take seconds of CPU time at most."""
    secrets = [f"secret-{number}" for number in range(1_000)]
    redact_them = Redactor(secrets)
    text = " ".join(secrets)
    started = time.process_time()
    assert {redact_them(f"{text} {number}") for number in range(100)} == {
        f"{' '.join(['[redacted]'] * 1_000)} {number}" for number in range(100)
    }
    assert time.process_time() - started < 10


def test_text_beyond_the_limits_is_redacted_as_a_whole() -> None:
    """Anybody can choose the texts and the secrets of a request."""
    assert redact("a" * 65_537, ["bbbb"]) == "[redacted]"
    assert redact("a" * 65_537, []) == "a" * 65_537
    assert redact("text", [f"secret-{number}" for number in range(1_001)]) == "[redacted]"


def test_number_of_any_size_is_redacted_or_ignored() -> None:
    """Python cannot print integers of more than 4,300 digits; templates print them as ``Infinity``."""
    assert redact("Infinity", [10**5000]) == "[redacted]"
    assert redact("9" * 400, [int("9" * 400), True]) == "[redacted]"
    assert redact("12345678901234567890", [12345678901234567890]) == "[redacted]"


def test_lone_surrogates_do_not_prevent_redaction() -> None:
    """Any text may hold or be a secret."""
    assert redact("x \ud800abcd x", ["\ud800abcd"]) == "x [redacted] x"


@pytest.mark.parametrize(
    "name",
    [
        *(
            "apiKey",
            "apiToken",
            "access_token",
            "smtp-password",
            "clientSecret",
            "credentials",
            "Authorization",
            "auth",
        ),
        *("clientSecretValue", "smtpPassword2", "authHeader", "APIKEY", "accesstoken", "API_KEY_JSON"),
    ],
)
def test_names_of_secrets_are_recognized(name: str) -> None:
    """By any of their words, in any style."""
    assert is_secret_name(name)


@pytest.mark.parametrize("name", ["region", "accessKeyId", "tokenEndpoint", "authMode", "keyword", "emailAddress", ""])
def test_other_names_are_not_secret(name: str) -> None:
    """Such as the ids and endpoints of secrets."""
    assert not is_secret_name(name)


def test_secret_keys_come_from_declaration_form_items_and_names() -> None:
    """``is_confidential=False`` excludes a key that is only named like a secret."""
    expected = {"accountId", "apiToken", "pin", "certificate", "accountSecret"}
    assert secret_keys(_Connector) == expected
    assert secret_keys(_Connector, ["password", "clientKey", "region"]) == {*expected, "password"}
    assert secret_keys(_Plain) == frozenset()


def test_config_secrets_are_all_texts_under_secret_keys() -> None:
    """At any depth; numbers count, booleans do not. Regions and templates are not secret."""
    config = {
        "accessKeyId": "id",
        "accessKeySecret": "secret",
        "region": "eu-west-1",
        "smtp": {"password": "p", "list": [{"authToken": ["t", 5, True, None, {"a": "u"}]}]},
    }
    assert sorted(config_secrets(AwsSesConnector, config)) == ["5", "id", "p", "secret", "t", "u"]
    assert list(config_secrets(_Connector, {"clientKey": "x", "endpoint": "y", "pin": "z"})) == ["z"]
    assert list(config_secrets(_Plain, None)) == []


def test_replaced_secrets_are_those_of_the_config_without_choices_and_public_members() -> None:
    """Booleans and nulls are never secrets."""
    config = {
        "endpoint": "https://acme.example",
        "pin": 1234,
        "apiToken": {"type": "bearer", "value": ["a-token", None, True], "": 1.5},
        "accounts": [{"password": "a-password", "name": "acme"}],
        "clientKey": "public",
    }
    replaced = replace_config_secrets(_Connector, config, lambda secret: f"<{secret}>")
    assert replaced == {
        **config,
        "pin": "<1234>",
        "apiToken": {"type": "bearer", "value": ["<a-token>", None, True], "": "<1.5>"},
        "accounts": [{"password": "<a-password>", "name": "acme"}],
    }
    assert replace_config_secrets(_Connector, ["a", 1], str) == ["a", 1]


def test_choice_of_the_form_is_not_replaced() -> None:
    """Its values are in the form, which everybody can see, although its key is named like a secret."""
    items = (_item("auth", "Select"), _item("keys", "MultiSelect"), _item("token", "Json"))

    class Choosing(_Plain):
        metadata = evolve(_Plain.metadata, form_items=items)

    config = {"auth": "basic", "keys": ["a"], "token": "t"}
    assert replace_config_secrets(Choosing, config, lambda _: "x") == {**config, "token": "x"}


def test_payload_secrets_are_all_texts_but_the_languages() -> None:
    """Codes, links and names, at any depth."""
    payload: Any = {"code": "1", "locale": "en", "uiLocales": "en", "user": {"name": "A", "tags": ["b", 2, True, None]}}
    assert sorted(payload_secrets(payload)) == ["1", "2", "A", "b"]
    assert list(payload_secrets([])) == []


@pytest.mark.parametrize(
    ("to", "shown"),
    [
        ("some@example.com", "s***@example.com"),
        ("ab@example.com", "***@example.com"),
        ('"a@b"@example.com', '"***@example.com'),
        ("me@" + "d" * 300, "***@" + "d" * 254 + "…"),
        ("15551234567", "***67"),
        ("12345", "***"),
        ("", "***"),
        (5, "***"),
    ],
)
def test_recipient_is_masked(to: object, shown: str) -> None:
    """Enough remains to recognize it, and not enough to write to it."""
    assert mask_recipient(to) == shown
