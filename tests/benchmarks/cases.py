"""The configs, messages and texts that the benchmarks share."""

from typing import Any, Final

Json = Any

MESSAGE: Final[Json] = {
    "to": "success@simulator.amazonses.com",
    "type": "SignIn",
    "payload": {"code": "918273", "link": "https://acme.example/verify?code=918273", "locale": "en"},
}
_TYPES: Final = ("Register", "SignIn", "ForgotPassword", "Generic")
_PARAGRAPH: Final = (
    "<p>Hello, your code is {{code}}. It is valid for ten minutes. Or open <a href='{{link}}'>this page</a>.</p>\n"
)
_FILLING: Final = "<p>Acme Limited, 1 Example Street, Exampleton. Do not reply to this message.</p>\n"


def text(size: int) -> str:
    """Return a template with so many bytes: two placeholders, then text without any."""
    return (_PARAGRAPH + _FILLING * (size // len(_FILLING) + 1))[:size]


def dense_text(size: int) -> str:
    """Return a template with so many bytes of UTF-8, in characters of two bytes, with a placeholder every 100 characters.

    One text may have 2,097,152 characters, so that 4 MB are possible only with characters of several bytes.
    """
    part = "{{code}}" + "é" * 92
    characters = size * len(part) // len(part.encode())
    return (part * (characters // len(part) + 1))[:characters]


def config(
    *, key: str = "AKIAFAKEFAKEFAKEFAKE", templates: int = 5, content: str = "<p>Your code is {{code}}.</p>"
) -> Json:
    """Return a config of the Amazon SES connector.

    Args:
        key: the access key id.
        templates: how many; those after the fourth have usage types of their own.
        content: of the templates for SignIn.
    """
    types = (*_TYPES, *(f"Custom{number}" for number in range(templates - len(_TYPES))))
    return {
        "accessKeyId": key,
        "accessKeySecret": "fake+Secret/Key0123456789fakeSecret01234",
        "region": "eu-west-1",
        "emailAddress": "Acme <noreply@acme.example>",
        "templates": [
            {
                "usageType": kind,
                "subject": "Your code: {{code}}",
                "content": content if kind == "SignIn" else "<p>Your code is {{code}}.</p>",
            }
            for kind in types
        ],
    }
