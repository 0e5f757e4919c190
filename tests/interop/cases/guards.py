"""Values for guards: valid ones, mutations of valid ones, and arbitrary JSON."""

import json
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any, Final

from attrs import frozen

from connector_kit import language_tags
from tests.interop.cases.names import URL_PIECES
from tests.interop.cases.values import KEYS, STRINGS, anything, list_of, number, one_of, record, text, to_text
from tests.interop.dice import Dice, Make
from tests.interop.recording import Case, CaseSet

_VALID, _ONE_MUTATION, _TWO_MUTATIONS, _ARBITRARY = 600, 800, 500, 300

_BOOLEANS: Final = (True, False)
_boolean = one_of(*_BOOLEANS)
_TEMPLATE_TYPES: Final = (
    *("SignIn", "Register", "ForgotPassword", "OrganizationInvitation", "Generic", "UserPermissionValidation"),
    *("BindNewIdentifier", "MfaVerification", "BindMfa"),
)
_VERIFICATION_CODE_TYPES: Final = (
    *("SignIn", "Register", "ForgotPassword", "Generic", "UserPermissionValidation", "BindNewIdentifier", "Test"),
)
_TAGS: Final = (
    "pt-BR",
    "es",
    "zh-CN",
    "tr-TR",
    "ko",
    "KO",
    "sk-SK",
    "es-419",
    "ja-JP",
    "PT-br",
    "zh-tw",
    "\u212ao",
    "S\u212a-s\u212a",
)
_NEAR_TAGS: Final = (
    "pt_BR",
    "ptBR",
    "xx",
    "zh-Hans",
    "ko\n",
    " ko",
    "\u017fv",
    "es-4190",
    "i\u0307t",
    "",
    "en ",
    "english",
)

_template_type = one_of(*_TEMPLATE_TYPES)
_prompt = one_of("none", "login", "consent", "select_account")


def _any_json(dice: Dice) -> Any:
    return anything(dice)


def _any_object(dice: Dice) -> Any:
    return {dice.pick(KEYS): anything(dice, 2) for _ in range(dice.below(5))}


def _phrases(dice: Dice) -> Any:
    phrases = {"en": text(dice)}
    phrases |= {dice.pick(_TAGS): text(dice) for _ in range(dice.below(5))}
    if dice.chance(0.15):
        phrases[dice.pick(_NEAR_TAGS)] = text(dice)
    if dice.chance(0.05):
        phrases["__proto__"] = text(dice)
    return dict(dice.shuffled(list(phrases.items())))


def _branding_text(dice: Dice) -> str:
    return "".join(dice.some(URL_PIECES, 1, 3)) if dice.chance(0.5) else text(dice)


_LOGOS: Final = (
    "https://logto.io/logo.png",
    "http://127.0.0.1:8080/a?b#c",
    "https://[2001:db8::1]/",
    "HTTPS://LOGTO.IO",
    "data:image/png;base64,iVBORw0KGgo=",
    "mailto:a@b.co",
    "javascript:alert(1)",
    "ftp://a.b/c",
    "file:///logo.png",
    "http:logto.io",
    "https:/logto.io",
    "https:\\\\logto.io",
    " https://logto.io ",
    "https://lo\ngto.io",
    "https://user:pass@logto.io/",
    "https://a b/",
    "https://",
    "https:///",
    "https://:80",
    "https://a:99999",
    "https://a:",
    "https://256.1.1.1",
    "https://0x7f.1",
    "https://1.2.3.4.5",
    "https://a%20b",
    "https://a%41b",
    "https://[::1",
    "https://[::g]",
    "//logto.io/a",
    "/logo.png",
    "logto.io",
    "a:",
    ":",
    "1a:b",
    "a_b:c",
    "a+b-c.d:e",
    "",
)
_LOGO_PIECES: Final = (
    *("http", "https", "HTTPS", "ws", "wss", "ftp", "file", "data", "mailto", "a1+-."),
    *(":", ":", "/", "/", "//", "\\", "@", "#", "?", "[", "]", "::1", "%", "%41", "%2e", "%00"),
    *(
        "a",
        "b.co",
        "1",
        "1.2.3.4",
        "0x7f",
        "256",
        "65535",
        "65536",
        ".",
        "..",
        "-",
        "_",
        " ",
        "\t",
        "\n",
        "|",
        "^",
        "<",
        "C",
    ),
)


def _logo(dice: Dice) -> str:
    if dice.chance(0.6):
        return dice.pick(_LOGOS)
    start = dice.pick(("https://", "http://", "file://", "file:///", "foo://", "foo:", "ws:", ""))
    return start + "".join(dice.some(_LOGO_PIECES, 0, 5))


def _form_item(dice: Dice) -> Any:
    common: Mapping[str, Make[Any]] = {
        "placeholder": text,
        "required": _boolean,
        "defaultValue": _any_json,
        "showConditions": list_of(record({"targetKey": text}, {"expectValue": _any_json})),
        "description": text,
        "tooltip": text,
        "isConfidential": _boolean,
        "isDevFeature": _boolean,
    }
    always: Mapping[str, Make[Any]] = {"key": text, "label": text}
    kind = dice.pick(
        ("Text", "Number", "MultilineText", "Switch", "Json", "Select", "Select", "MultiSelect", "MultiSelect")
    )
    item = record({"value": text, "title": text} if kind == "Select" else {"value": text}, {"title": text})
    if "Select" in kind:
        return record({**always, "type": one_of(kind), "selectItems": list_of(item)}, common)(dice)
    return record({**always, "type": one_of(kind)}, {**common, "selectItems": _any_json})(dice)


_social_metadata: Final[Mapping[str, Make[Any]]] = {"isStandard": _boolean, "isTokenStorageSupported": _boolean}
_platform = one_of("Native", "Universal", "Web", None)
_text_or_null = one_of(*STRINGS, None, None)
_one_tap = record({}, dict.fromkeys(("isEnabled", "autoSelect", "closeOnTapOutside", "itpSupport"), _boolean))
_payload = record({}, dict.fromkeys(("code", "link", "locale", "uiLocales"), text))


def _templates(dice: Dice) -> Any:
    kinds = ["Register", "SignIn", "ForgotPassword", "Generic"]
    if dice.chance(0.1):
        kinds.pop(dice.below(4))
    kinds += [text(dice) for _ in range(dice.below(3))]
    return [_template(dice) | {"usageType": kind} for kind in dice.shuffled(kinds)]


_template = record({"usageType": text, "subject": text, "content": text})


@frozen
class GuardCases:
    """A guard, and how to make values that it accepts.

    Args:
        official: its name upstream.
        schema: the name of our schema.
        make: makes a value of its shape, most of the time a valid one.
        near: strings that are nearly right somewhere in it.
    """

    official: str
    schema: str
    make: Make[Any]
    near: Sequence[str] = ()

    def __str__(self) -> str:
        """Return the test id."""
        return self.official


GUARDS: Final = (
    GuardCases(
        "connectorMetadataGuard",
        "connector-metadata",
        record(
            {
                **dict.fromkeys(("id", "target", "logo", "readme"), text),
                **dict.fromkeys(("name", "description"), _phrases),
                "logoDark": _text_or_null,
                "platform": _platform,
            },
            {
                **_social_metadata,
                "configTemplate": text,
                "formItems": list_of(_form_item, 0, 2),
                "customData": _any_object,
                "fromEmail": text,
            },
        ),
        ("Native", "Web\n", "web"),
    ),
    GuardCases(
        "configurableConnectorMetadataGuard",
        "configurable-connector-metadata",
        record({}, {"target": text, "name": _phrases, "logo": text, "logoDark": _text_or_null}),
    ),
    GuardCases(
        "socialConnectorMetadataGuard",
        "social-connector-metadata",
        record({"platform": _platform}, _social_metadata),
        ("Native", "Web\n", "web"),
    ),
    GuardCases(
        "connectorConfigFormItemGuard", "connector-config-form-item", _form_item, ("Text", "text", "MultiSelect")
    ),
    GuardCases("i18nPhrasesGuard", "i18n-phrases", _phrases),
    GuardCases("templateTypeGuard", "template-type", _template_type, ("Test", "signIn", "SIGN_IN")),
    GuardCases(
        "verificationCodeTypeGuard",
        "verification-code-type",
        one_of(*_VERIFICATION_CODE_TYPES),
        ("OrganizationInvitation", "test"),
    ),
    GuardCases("sendMessagePayloadGuard", "send-message-payload", _payload),
    GuardCases(
        "sendMessageDataGuard",
        "send-message-data",
        record({"to": text, "type": _template_type, "payload": _payload}, {"ip": text}),
        ("Test", "Generic\n", "Generic "),
    ),
    GuardCases(
        "emailTemplateDetailsGuard",
        "email-template-details",
        record(
            {"subject": text, "content": text},
            {"contentType": one_of("text/html", "text/plain"), "replyTo": text, "sendFrom": text},
        ),
        ("text/html\n", "text/plain;charset=utf-8"),
    ),
    GuardCases(
        "emailServiceBrandingGuard",
        "email-service-branding",
        record({}, {"senderName": _branding_text, "companyInformation": _branding_text, "appLogo": _logo}),
        _LOGOS,
    ),
    GuardCases("oidcPromptsGuard", "oidc-prompts", list_of(_prompt, 0, 4), ("None", "select account", "login\n")),
    GuardCases("googleOneTapConfigGuard", "google-one-tap-config", _one_tap),
    GuardCases(
        "socialUserInfoGuard",
        "social-user-info",
        record({"id": text}, {**dict.fromkeys(("email", "phone", "name", "avatar"), text), "rawData": _any_json}),
    ),
    GuardCases(
        "connectorSessionGuard",
        "connector-session",
        record({}, dict.fromkeys(("nonce", "redirectUri", "connectorId", "connectorFactoryId", "jti", "state"), text)),
    ),
    GuardCases(
        "tokenResponseGuard",
        "token-response",
        record(
            {},
            {
                **dict.fromkeys(("id_token", "access_token", "refresh_token", "scope", "token_type"), text),
                "expires_in": lambda dice: dice.pick((text, number))(dice),
            },
        ),
    ),
    GuardCases("jsonGuard", "json", _any_json),
    GuardCases("jsonObjectGuard", "json-object", _any_object),
    GuardCases(
        "GoogleConnector.configGuard",
        "google-connector-config",
        record(
            {"clientId": text, "clientSecret": text},
            {"scope": text, "prompts": list_of(_prompt), "oneTap": _one_tap, "offlineAccess": _boolean},
        ),
        ("None", "login\n"),
    ),
    GuardCases(
        "awsSesConfigGuard",
        "aws-ses-config",
        record(
            {"accessKeyId": text, "accessKeySecret": text, "region": text, "templates": _templates},
            dict.fromkeys(
                (
                    "emailAddress",
                    "emailAddressIdentityArn",
                    "feedbackForwardingEmailAddress",
                    "feedbackForwardingEmailAddressIdentityArn",
                    "configurationSetName",
                ),
                text,
            ),
        ),
        ("Generic\n", "generic", "Sign In"),
    ),
)
"""The 18 guards of the kit, the Google connector's and the Amazon SES connector's."""


TEMPLATES: Final = (
    GuardCases("", "template", _template),
    GuardCases("", "sms-template", record({"usageType": text, "content": text})),
)
"""A template of a connector's config: upstream has no guard for one alone."""


# --- mutations ------------------------------------------------------------------------------------------------------

_Place = tuple[Any, Any]
"""A container and the key or index of a member in it."""


def _places(root: Any) -> list[_Place]:
    places: list[_Place] = []
    pending = [root]
    while pending:
        container = pending.pop()
        members = container.items() if isinstance(container, dict) else enumerate(container)
        for key, member in list(members):
            places.append((container, key))
            if isinstance(member, dict | list):
                pending.append(member)
    return places


def _near_string(dice: Dice, value: str, near: Sequence[str]) -> str:
    choices = [f"{value}\n", f" {value}", f"{value}\u0000", value.upper(), value.lower(), value.swapcase(), value[:-1]]
    choices += [
        value.replace("k", "\u212a"),
        value.replace("S", "\u017f"),
        f"{value}\ud800",
        *near,
        *dice.some(STRINGS, 1, 1),
    ]
    return dice.pick(choices)


def mutate(dice: Dice, root: list[Any], near: Sequence[str]) -> None:
    """Change one thing somewhere in the only item of ``root``."""
    container, key = dice.pick(_places(root))
    value = container[key]
    kind = dice.below(8)
    if kind == 0 and container is not root:
        del container[key]
    elif kind == 1:
        container[key] = None
    elif kind == 2:
        container[key] = anything(dice, 1)
    elif kind == 3 and isinstance(value, dict):
        value[dice.pick(KEYS)] = anything(dice, 1)
    elif kind == 4 and isinstance(value, list) and value:
        container[key] = dice.pick((value[0], value + value, value[1:], [value]))
    elif kind == 5:
        container[key] = [value] if dice.chance(0.5) else {"0": value}
    elif kind == 6 and isinstance(container, dict):
        container[_near_string(dice, key, ())] = container.pop(key)
    elif isinstance(value, str):
        container[key] = _near_string(dice, value, near)
    else:
        container[key] = dice.pick((text, number))(dice)


def _mutant(dice: Dice, guard: GuardCases, times: int) -> Any:
    root = [json.loads(to_text(guard.make(dice)))]
    for _ in range(times):
        mutate(dice, root, guard.near)
    return root[0]


BEYOND_DOUBLES: Final = ("1e400", "-1e400", "9" * 350)
_EVERYWHERE: Final = (
    *BEYOND_DOUBLES,
    *("null", "true", "false", "0", "-0", '""', "[]", "{}", "[[]]", "[{}]", "[null]", '"__proto__"'),
    *('{"__proto__":null}', '{"__proto__":{"id":"a","code":1}}', '{"constructor":1,"toString":2}', '{"":""}'),
    '{"en":"a","__proto__":"b"}',
    '{"en":"a","__proto__":1}',
    "[" * 60 + "]" * 60,
)


def _every_tag() -> list[str]:
    """Return spellings of each language tag that are equal to it after JavaScript's toLowerCase, and others that are not."""
    spellings = [
        spelling
        for tag in language_tags()
        for spelling in (
            *(tag, tag.lower(), tag.upper(), tag.swapcase(), f"{tag}\n", f"{tag}-x", tag[:-1], tag.replace("-", "_")),
            *(
                tag.lower().replace("k", "\u212a"),
                tag.upper().replace("K", "\u212a"),
                tag.lower().replace("s", "\u017f"),
            ),
            *(tag.upper().replace("I", "\u0130"), tag.lower().replace("i", "\u0131")),
        )
    ]
    return [to_text({"en": "a", spelling: "b"}) for spelling in sorted(set(spellings))]


@cache
def guard_cases(guard: GuardCases) -> Sequence[Case]:
    """Make the cases of one guard as JSON texts: 2,200 generated ones, and a few fixed ones for every guard."""
    dice = Dice(guard.schema)
    values = [guard.make(dice) for _ in range(_VALID)]
    values += [_mutant(dice, guard, 1) for _ in range(_ONE_MUTATION)]
    values += [_mutant(dice, guard, 2) for _ in range(_TWO_MUTATIONS)]
    values += [anything(dice) for _ in range(_ARBITRARY)]
    known = _every_tag() if guard.schema == "i18n-phrases" else []
    return [{"value": it} for it in (*_EVERYWHERE, *known, *map(to_text, values))]


def official_verdicts(guard: GuardCases) -> CaseSet:
    """Return the case set for the verdicts of the official guard."""
    return CaseSet(
        f"guards.{guard.official}", "verdict", partial(guard_cases, guard), "bits", {"guard": guard.official}
    )


def official_values(guard: GuardCases) -> CaseSet:
    """Return the case set for the values that the official guard returns."""
    return CaseSet(
        f"values.{guard.official}", "parse", partial(guard_cases, guard), "hashes", {"guard": guard.official}
    )


# They contain no malformed Punycode: Node 20 and 22 reject https://xn--a.co, Node 24 accepts it.
_HOSTS_BEYOND_ASCII: Final = (
    *("https://ação.pt", "https://\u212aelvin.co", "https://a\u00ad.co", "https://\u3002", "https://a\u200d.co"),
    *("https://日本.jp", "https://a%C3%A9.co", "https://%ff.co", "https://%E3%80%82", "https://a\ufffd.co"),
    *("https://\ud800.co", "https://1\uff0e2", "https://xn--mnchen-3ya.de", "https://xn--ls8h.la", "ws://\u00df.de"),
    *("ftp://\u06dd.co", "file://\u00ad/a", "https://\u2488.co", "https://\U0001f600.co"),
)

HOSTS_BEYOND_ASCII: Final = CaseSet(
    "guards.hosts",
    "verdict",
    lambda: [{"value": to_text({"appLogo": url})} for url in _HOSTS_BEYOND_ASCII],
    "bits",
    {"guard": "emailServiceBrandingGuard"},
)
CASE_SETS: Final = (*map(official_verdicts, GUARDS), *map(official_values, GUARDS), HOSTS_BEYOND_ASCII)
