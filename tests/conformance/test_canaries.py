"""Canaries keep the form of a secret, are found in any encoding and in part, and are kept out of reports."""

import base64
import json
import re
import sys
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from hypothesis import given
from hypothesis import strategies as st

from conformance.harness.canaries import Canaries, KnownForms
from conformance.harness.leaks import LeakIndex
from conformance.secret_forms import forms_of, new_form
from conformance.secret_paths import path_to, places_of, with_value


def test_short_number_is_a_leak_only_after_its_prefix() -> None:
    """Seven digits occur by chance, unless the public text before them is there, too."""
    index = LeakIndex()
    index.add("accessKeyId", "4839217", "AKIA")
    assert index.names_in("order 4839217, 4839217!") == set()
    assert index.names_in("key AKIA4839217") == {"accessKeyId"}


@pytest.mark.parametrize("before", ["", "a", "ab", "api:", "Bearer "])
@pytest.mark.parametrize("after", ["", "!", "!!", ":password"])
def test_base64_of_a_canary_is_found_and_replaced(before: str, after: str) -> None:
    """At any position in the encoded text: Basic credentials are a user, a colon and a secret."""
    canaries = Canaries()
    encoded = base64.b64encode(f"{before}{canaries.make('apiKey')}{after}".encode()).decode()
    assert canaries.found_in(f"Authorization: Basic {encoded}") == ["apiKey"]
    shown = canaries.redact(encoded)
    assert "[secret: apiKey]" in shown
    assert canaries.found_in(shown) == []


@pytest.mark.parametrize(
    "show",
    [
        str.lower,
        lambda it: it[::-1],
        lambda it: f"{it[:6]}…",
        lambda it: f"****{it[-6:]}",
        lambda it: f"xx{it[12:20]}xx",
        lambda it: f"[{it[12:18]}]",
        " ".join,
        lambda it: "-".join(it[at : at + 4] for at in range(0, len(it), 4)),
        lambda it: "\n".join(it[at : at + 5] for at in range(0, len(it), 5)),
        lambda it: it.encode().hex(),
        lambda it: it.encode().hex(" ").upper(),
        lambda it: repr(it.encode("utf-16")),
        lambda it: str(list(it.encode())),
        lambda it: "".join(f"\\u{ord(character):04x}" for character in it),
        lambda it: "".join(f"\\\\x{ord(character):02x}" for character in it),
        lambda it: "".join(f"%{ord(character):02X}" for character in it),
        lambda it: "".join(f"%25{ord(character):02x}" for character in it),
        lambda it: "".join(f"&#{ord(character)};" for character in it),
        lambda it: "".join(f"&#x{ord(character):x};" for character in it),
        lambda it: base64.encodebytes(it.encode() * 3).decode(),
        lambda it: repr(f"line\n{it}\r\n"),
        lambda it: json.dumps({"key": it}),
    ],
)
def test_encodings_and_parts_of_a_canary_are_found_and_replaced(show: Callable[[str], str]) -> None:
    """What a reader can turn back into the secret, or into six characters of it, is a leak."""
    canaries = Canaries()
    text = f"key {show(canaries.make('token'))} end"
    assert canaries.found_in(text) == ["token"]
    assert canaries.found_in(canaries.redact(text)) == []


@pytest.mark.parametrize("shown", [lambda it: it[:4], lambda it: f"…{it[-4:]}", lambda it: it[10:14]])
def test_four_characters_of_a_secret_are_not_a_leak(shown: Callable[[str], str]) -> None:
    """Dashboards show the last four characters of a key, by which operators recognize it."""
    canaries = Canaries()
    assert canaries.found_in(shown(canaries.make("token"))) == []


def test_text_without_canaries_is_unchanged() -> None:
    """Redaction replaces canaries only."""
    canaries = Canaries()
    canaries.make("token")
    assert canaries.found_in("plain text") == []
    assert canaries.redact("plain text") == "plain text"


@pytest.fixture(scope="module")
def planted() -> Canaries:
    """Return canaries of four forms. New ones for each example would take most of the test's time."""
    canaries = Canaries()
    for value in ("x", "0" * 31 + "a", "481516", "a1b2c3d4"):
        canaries.plant({"key": value}, ("key",))
    return canaries


@given(st.text(), st.lists(st.uuids(), max_size=3))
def test_other_text_is_never_a_canary(planted: Canaries, text: str, ids: list[uuid.UUID]) -> None:
    """Any text, ids in hex, and what a traceback shows."""
    whole = (
        f"{text} {' '.join(map(str, ids))} {' '.join(it.hex for it in ids)} line 123, in deliver 2026-11-26T21:00:00"
    )
    assert planted.found_in(whole) == []
    assert planted.redact(whole) == whole


def test_canaries_of_earlier_examples_are_not_searched_for() -> None:
    """Only those before the baseline belong to every example; the others are still redacted."""
    canaries = Canaries()
    first = canaries.make("first")
    canaries.set_baseline()
    second = canaries.make("second")
    canaries.drop_newer()
    assert canaries.found_in(first + second) == ["first"]
    assert canaries.redact(f"{first} {second.lower()}") == "[secret: first] [secret: second]"


def test_adjacent_canaries_are_replaced_one_by_one() -> None:
    """Each has its own name in the result."""
    canaries = Canaries()
    one, other = canaries.make("one"), canaries.make("other")
    assert canaries.redact(f"<{one}{other}>") == "<[secret: one][secret: other]>"


def test_long_text_around_a_canary_is_unchanged() -> None:
    """The part that is secret is replaced, and nothing else."""
    canaries = Canaries()
    secret = canaries.make("it")
    text = f"{'A' * 100} {secret[:-1]} {'.' * 31}"
    assert canaries.redact(text) == f"{'A' * 100} [secret: it] {'.' * 31}"


def test_secret_made_elsewhere_is_searched_for() -> None:
    """Such as a code of a length that the connector accepts; fewer than six characters occur by chance."""
    canaries = Canaries()
    canaries.add("the code", "Q7WX2ZK9")
    canaries.add("the pin", "1234")
    canaries.add("nothing", "…")
    assert canaries.found_in("code q7wx2zk9, pin 1234 …") == ["the code"]
    assert canaries.found_in(base64.b64encode(b"user:Q7WX2ZK9").decode()) == ["the code"]


def _pem(key: Any, style: str = "PKCS8") -> str:
    found: bytes = key.private_bytes(
        serialization.Encoding.PEM, getattr(serialization.PrivateFormat, style), serialization.NoEncryption()
    )
    return found.decode()


RSA = rsa.generate_private_key(65537, 1024)


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("k", r"[A-Z0-9]{32}"),
        ("sk_live_4eC39HqLyjWDarjtT1zdp7dc", r"sk_live_[A-Za-z0-9]{24}"),
        ("AKIAIOSFODNN7EXAMPLE", r"AKIA[A-Z0-9]{16}"),
        (f"AC{'0a' * 16}", r"AC[0-9a-f]{32}"),
        ("0123456789ABCDEF", r"[0-9A-F]{16}"),
        ("xoxb-1234567890-AbCdEfGhIjKlMnOpQrStUvWx", r"xoxb-[0-9]{10}-[A-Za-z0-9]{24}"),
        ("123456789012", r"[1-9][0-9]{11}"),
        ("correct-horse", r"[a-z0-9]{7}-[a-z0-9]{5}"),
        ("4f1a9f0e-7c7b-4a0e-9f6e-2d3c4b5a6978", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
        ("4F1A9F0E-7C7B-4A0E-9F6E-2D3C4B5A6978", r"[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}"),
        ("yMnKy8zNzs/Q0dLT1NXW19jZ2tvc3d7f4OHi4+Tl5uc=", r"[A-Za-z0-9+/]{43}="),
        ("abcdefghijklmno/=abc", r".{20}"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJlc2lnbmF0dXJl", r"eyJhbG.*\.eyJz.*\.[A-Za-z0-9]{24}"),
        ("https://hooks.example/x?key=abcdef0123&y=1", r"https://hooks\.example/x\?key=[0-9a-f]{10}&y=1"),
        ("smtp://user:p4ssw0rdX@mail.example:25", r"smtp://user:[A-Za-z0-9]{9}@mail\.example:25"),
        ('{"type": "x", "private_key": "abcdefgh12", "n": 1}', r'\{"type": "x", "private_key": "\w{10}", "n": 1\}'),
        ("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\nBgkqhkiG\n-----END PRIVATE KEY-----", r"-----BEGIN[\s\S]+END.*"),
        ("-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----", r"-----BEGIN[\s\S]+END.*"),
        (_pem(RSA), r"-----BEGIN PRIVATE KEY-----\n[\s\S]+\n-----END PRIVATE KEY-----\n"),
        (_pem(RSA).replace("\n", "\\n"), r"-----BEGIN PRIVATE KEY-----\\n.+\\n-----END PRIVATE KEY-----\\n"),
        (_pem(RSA, "TraditionalOpenSSL"), r"-----BEGIN RSA PRIVATE KEY-----\n[\s\S]+"),
        (_pem(ec.generate_private_key(ec.SECP256R1())), r"-----BEGIN PRIVATE KEY-----\n[\s\S]+"),
        (_pem(ed25519.Ed25519PrivateKey.generate()), r"-----BEGIN PRIVATE KEY-----\n[\s\S]+"),
        (_pem(dsa.generate_private_key(1024)), r"-----BEGIN PRIVATE KEY-----\n[\s\S]+"),
    ],
    ids=lambda text: text[:20],  # keys are new in each process, and pytest-xdist compares names
)
def test_canary_has_the_form_of_the_secret(value: str, pattern: str) -> None:
    """It is another one each time, and it is found as it is; its prefix alone is not."""
    canaries = Canaries()
    one, other = (canaries.plant({"key": value}, ("key",))["key"] for _ in range(2))
    assert re.fullmatch(pattern, one)
    if "MIIE\n" not in value:
        assert len({value, one, other}) == 3
        assert canaries.found_in(f"the key {one}!") == ["key"]
    assert canaries.found_in(f"the key {value[:8]}…") == []


def test_short_hex_canary_is_found_alone() -> None:
    """It is never all digits, which a search ignores: a random key of eight hex digits would be in 2 of 100 cases."""
    for _ in range(300):
        canaries = Canaries()
        canary = canaries.plant({"key": "a1b2c3d4"}, ("key",))["key"]
        assert canaries.found_in(f"the key {canary.upper()}") == ["key"]


def test_private_key_of_the_same_kind_is_a_key() -> None:
    """Connectors load it."""
    curve = ec.generate_private_key(ec.SECP384R1())
    for value in (_pem(RSA, "TraditionalOpenSSL"), _pem(curve), _pem(curve, "TraditionalOpenSSL")):
        canaries = Canaries()
        made = canaries.plant({"key": value}, ("key",))["key"]
        old, new = (serialization.load_pem_private_key(it.encode(), None) for it in (value, made))
        assert type(old) is type(new)
        assert new is not None
        public = new.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        assert canaries.found_in(public.decode()) == []
        assert canaries.found_in(made) == ["key"]


@pytest.mark.parametrize(
    ("value", "pattern"),
    [
        ("acmekey12345678", "acmekey[0-9]{8}"),
        ("JBSWY3DPEHPK3PXP", "[A-Z2-7]{16}"),
        ("ABC-12345-x", "[A-Z]{3}-[0-9]{5}-[a-z]"),
        ("481516", "[0-9]{6}"),
        (481516, "[0-9]{6}"),
        ("xy", "[A-Z0-9]{32}|xy"),
    ],
)
def test_form_follows_the_schema(value: object, pattern: str) -> None:
    """Where the most similar form is not valid, the next one is used."""
    form = new_form(value, lambda it: re.fullmatch(pattern, str(it)) is not None)
    assert form is not None
    assert re.fullmatch(pattern, str(form.make().value))


def test_known_form_is_not_looked_for_again() -> None:
    """To find a form takes several validations; to plant a canary of a known form takes one."""
    validated: list[object] = []

    def accepts(config: object) -> bool:
        validated.append(config)
        return True

    known: KnownForms = {}
    Canaries(accepts, forms=known).plant({"key": "sk_live_a1B2c3D4"}, ("key",))
    assert len(validated) > 1
    validated.clear()
    planted = Canaries(accepts, forms=known).plant({"key": "sk_live_a1B2c3D4"}, ("key",))
    assert len(validated) == 1
    assert planted["key"].startswith("sk_live_")


def test_private_key_without_cryptography_keeps_its_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is optional."""
    key = ed25519.Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    assert "Ed25519" in next(forms_of(pem)).description
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives", None)
    form = next(forms_of(pem))
    assert form.description == "PEM with other letters and digits"
    assert str(form.make().value).startswith("-----BEGIN PRIVATE KEY-----")


@pytest.mark.parametrize(
    "value",
    [
        "----------",
        "4815162342",
        "a1b2c3d4e5f6.ZYXW-0123",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "https://api.example/messages",
        "https://api.example/messages?key=a1B2c3D4e5F6",
        "{not JSON}",
        '{"a": 1, "b": "x"}',
        '{"private_key": "a1B2c3D4e5F6g7"}',
    ],
)
def test_every_form_of_a_secret_gives_another_text(value: str) -> None:
    """Whatever it looks like."""
    assert all(form.make().value != value for form in forms_of(value))


@pytest.mark.parametrize("value", ["login", "…", True, None, [], "x" * 20])
def test_value_without_another_one_stays(value: object) -> None:
    """It is searched for where it is long enough."""
    assert new_form(value, lambda it: it == value) is None
    canaries = Canaries(lambda it: it["key"] == value)
    assert canaries.plant({"key": value}, ("key",)) == {"key": value}
    assert canaries.found_in("the login is xxxxxxxx") == []


def test_word_in_the_author_s_own_value_is_not_a_leak() -> None:
    """A secret that cannot be replaced may contain words, which other texts contain too; long parts of it are found."""
    own = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
    canaries = Canaries(lambda it: it["key"] == own)
    canaries.plant({"key": own}, ("key",))
    assert canaries.found_in("Welcome to Example Ltd") == []
    assert canaries.found_in("found bPxRfiCYEX") == ["key"]


def test_spec_may_make_secrets() -> None:
    """For a form that no variation keeps, such as a check digit."""
    made = iter(("AA-BB-CC-1", "AA-BB-CC-2"))
    canaries = Canaries(makers={"key": lambda: next(made)})
    assert canaries.plant({"key": "x"}, ("key",)) == {"key": "AA-BB-CC-1"}
    assert canaries.forms == {("key",): "made by the Spec"}


@pytest.mark.parametrize(
    ("path", "places"),
    [
        ("token", [("token",)]),
        ("a.b", [("a.b",)]),
        ("auth.token", [("auth", "token")]),
        ("auth", [("auth", "user"), ("auth", "token")]),
        ("keys[]", [("keys", 0), ("keys", 1)]),
        ("keys", [("keys", 0), ("keys", 1)]),
        ("accounts[].token", [("accounts", 0, "token")]),
        ("accounts[].pins[]", [("accounts", 0, "pins", 0)]),
        ("nothing", []),
        ("token.x", []),
        ("token[]", []),
        ("flag", []),
    ],
)
def test_path_leads_to_places(path: str, places: list[tuple[str | int, ...]]) -> None:
    """To texts and numbers, in objects and in lists."""
    config = {
        "token": "t",
        "a.b": "c",
        "flag": True,
        "auth": {"user": "u", "token": "t"},
        "keys": ["k", "l"],
        "accounts": [{"token": "t", "pins": [1]}],
    }
    assert places_of(config, path) == places
    for place in places:
        assert with_value(config, place, "new") != config
        assert places_of(config, path_to(place)) in (places, [place])


def test_percent_encoded_text_is_decoded_before_the_search() -> None:
    """Quoting twice hides nothing."""
    canaries = Canaries()
    made = canaries.plant({"url": "p4/ss+w0 rd=9X"}, ("url",))["url"]
    assert canaries.found_in(quote(quote(made, safe=""), safe="")) == ["url"]
    assert next(forms_of(made)).make().value != made


def test_canary_that_the_schema_rejects_is_made_again() -> None:
    """Only that one: to draw all secrets again until each is valid could take long."""
    values = {"one": iter(["bad-1", "bad-2", "good-1"]), "two": iter(["good-2", "good-3"])}

    def accepts(config: object) -> bool:
        return isinstance(config, dict) and not any(it.startswith("bad") for it in config.values())

    makers = {path: partial(next, it) for path, it in values.items()}
    planted = Canaries(accepts, makers).plant({"one": "x", "two": "y"}, ("one", "two"))
    assert planted == {"one": "good-1", "two": "good-2"}


def test_canaries_of_a_config_that_is_invalid_anyway_are_planted() -> None:
    """Checks send invalid configs, too, and no secret may be in what they raise."""
    planted = Canaries(lambda _: False, {"key": lambda: "made"}).plant({"key": "a", "n": 1}, ("key",))
    assert planted == {"key": "made", "n": 1}
