"""`HttpRequest` and `HttpResponse`: HTTP messages as provider stubs read and make them, and as reports show them."""

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from email.message import Message as MimeMessage
from email.parser import BytesParser
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from attrs import field, frozen
from urllib3 import HTTPHeaderDict

from conformance.providers.base import Exchange

_MULTIPART: Final = "multipart/form-data"


def _headers(headers: Mapping[str, str]) -> HTTPHeaderDict:
    return headers if isinstance(headers, HTTPHeaderDict) else HTTPHeaderDict(headers)


@frozen
class HttpRequest:
    """A request that a provider received.

    Args:
        method: in capitals.
        url: scheme, host, path and query.
        headers: looked up in any letter case.
        body: without any transfer encoding.
    """

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False, converter=_headers)
    body: bytes = field(repr=False, default=b"")

    @property
    def target(self) -> str:
        """The path with the query, as in the request line."""
        parts = urlsplit(self.url)
        return f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"

    @property
    def path(self) -> str:
        """The path without the query, still percent-encoded."""
        return urlsplit(self.url).path or "/"

    @property
    def query(self) -> dict[str, str]:
        """The fields of the query.

        Raises:
            ValueError: a field occurs more than once.
        """
        return _unique_fields(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def text(self) -> str:
        """The body as text.

        Raises:
            UnicodeDecodeError: the body is not UTF-8.
        """
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: the body is not JSON.
        """
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form in the body.

        Raises:
            ValueError: the body is not a form, or a field occurs more than once; see `form_fields`.
        """
        return _unique_fields(self.form_fields)

    @property
    def form_fields(self) -> list[tuple[str, str]]:
        """The names and values of a form in the body, URL-encoded or multipart, in order; names may repeat.

        Raises:
            ValueError: the body is not a form.
        """
        if self.content_type == "application/x-www-form-urlencoded":
            return parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True)
        if self.content_type == _MULTIPART:
            return list(self._parts())
        found = f"the content type {self.content_type!r}" if self.content_type else "no Content-Type header"
        raise ValueError(f"expected a form in the body, found {found}")

    def _parts(self) -> Iterator[tuple[str, str]]:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        whole = BytesParser().parsebytes(head + self.body)
        for part in whole.get_payload() if whole.is_multipart() else ():
            assert isinstance(part, MimeMessage)  # noqa: S101 - is_multipart is true
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)  # noqa: S101 - the parts of a form are not multipart
            yield str(part.get_param("name", "", "Content-Disposition")), content.decode()

    @property
    def content_type(self) -> str:
        """The media type of the body, in lower case and without parameters; empty without a Content-Type header."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def authorization(self) -> str | None:
        """The Authorization header."""
        return self.headers.get("Authorization")

    @property
    def bearer(self) -> str | None:
        """The token of a ``Bearer`` authorization."""
        scheme, _, token = (self.authorization or "").partition(" ")
        return token if scheme.lower() == "bearer" else None

    @property
    def basic(self) -> tuple[str, str] | None:
        """User name and password of a ``Basic`` authorization; ``None`` where it is missing or not decodable."""
        scheme, _, encoded = (self.authorization or "").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        return user, password

    def __str__(self) -> str:
        """Return the whole request as text."""
        return _as_text(f"{self.method} {self.target} HTTP/1.1", self.headers, self.body)


def _unique_fields(fields: list[tuple[str, str]]) -> dict[str, str]:
    names = [name for name, _ in fields]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise ValueError(f"expected each field once, found several of: {', '.join(repeated)}")
    return dict(fields)


@frozen
class HttpResponse:
    """A response of a provider.

    Args:
        status: the HTTP status code.
        body: the content.
        headers: without Content-Length, which the server adds.
    """

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(factory=HTTPHeaderDict, repr=False, converter=_headers)

    @classmethod
    def json(cls, value: object, status: int = 200) -> "HttpResponse":
        """Return a response with a JSON body."""
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    @classmethod
    def html(cls, page: str, status: int = 200) -> "HttpResponse":
        """Return a response with an HTML body."""
        return cls(status, page.encode(), {"Content-Type": "text/html; charset=utf-8"})

    @property
    def reason(self) -> str:
        """The reason phrase of the status; empty for a status that is not registered."""
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return ""

    def __str__(self) -> str:
        """Return the whole response as text."""
        return _as_text(f"HTTP/1.1 {self.status} {self.reason}".rstrip(), self.headers, self.body)


def exchange(request: HttpRequest, response: HttpResponse | str) -> Exchange:
    """Return a request and its response as text; a string describes in brackets what happened instead of a response."""
    return Exchange(str(request), str(response))


def _as_text(line: str, headers: Mapping[str, str], body: bytes) -> str:
    fields = [f"{name}: {value}" for name, value in headers.items()]
    return "\n".join([line, *fields, "", body.decode("utf-8", "replace")]).rstrip()
