"""HTTP as the suite's loopback servers see it: a request, an answer, and both as text for a report."""

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

from conformance.provider import Exchange

_MULTIPART: Final = "multipart/form-data"


def _headers(headers: Mapping[str, str]) -> HTTPHeaderDict:
    return headers if isinstance(headers, HTTPHeaderDict) else HTTPHeaderDict(headers)


@frozen
class HttpRequest:
    """What a provider received.

    Args:
        method: in capitals.
        url: scheme, host, path and query, as the client meant them.
        headers: by name, in whatever case.
        body: as it came.
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
            ValueError: a field stands there twice.
        """
        return _once(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def text(self) -> str:
        """The body as text.

        Raises:
            UnicodeDecodeError: it is not UTF-8.
        """
        return self.body.decode()

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON value
        """The body as JSON.

        Raises:
            ValueError: it is none.
        """
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form in the body.

        Raises:
            ValueError: it is no form, or has a field twice; `form_fields` has them all.
        """
        return _once(self.form_fields)

    @property
    def form_fields(self) -> list[tuple[str, str]]:
        """The fields of a form in the body, URL-encoded or multipart, in order; a name may stand there twice.

        Raises:
            ValueError: it is no form.
        """
        if self.content_type == "application/x-www-form-urlencoded":
            return parse_qsl(self.body.decode(), keep_blank_values=True, strict_parsing=True)
        if self.content_type == _MULTIPART:
            return list(self._parts())
        raise ValueError(f"expected a form in the body, found the content type {self.content_type or 'none'!r}")

    def _parts(self) -> Iterator[tuple[str, str]]:
        head = f"Content-Type: {self.headers['Content-Type']}\r\n\r\n".encode()
        whole = BytesParser().parsebytes(head + self.body)
        for part in whole.get_payload() if whole.is_multipart() else ():
            assert isinstance(part, MimeMessage)  # noqa: S101 - what is_multipart says
            content = part.get_payload(decode=True)
            assert isinstance(content, bytes)  # noqa: S101 - a part of a form has no parts
            yield str(part.get_param("name", "", "Content-Disposition")), content.decode()

    @property
    def content_type(self) -> str:
        """The media type of the body, without its parameters, in small letters; empty where none is said."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()

    @property
    def authorization(self) -> str | None:
        """The header of that name."""
        return self.headers.get("Authorization")

    @property
    def bearer(self) -> str | None:
        """The bearer token, if the request is authorized by one."""
        scheme, _, token = (self.authorization or "").partition(" ")
        return token if scheme.lower() == "bearer" else None

    @property
    def basic(self) -> tuple[str, str] | None:
        """User name and password, if the request is authorized by them."""
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


def _once(fields: list[tuple[str, str]]) -> dict[str, str]:
    names = [name for name, _ in fields]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"expected each field once, found several of: {', '.join(twice)}")
    return dict(fields)


@frozen
class Answer:
    """What a provider sends back.

    Args:
        status: of HTTP.
        body: as it goes out.
        headers: the length is added on the way.
    """

    status: int = 200
    body: bytes = field(default=b"", repr=False)
    headers: Mapping[str, str] = field(factory=HTTPHeaderDict, repr=False, converter=_headers)

    @classmethod
    def json(cls, value: object, status: int = 200) -> "Answer":
        """Return an answer whose body is JSON."""
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json"})

    @classmethod
    def html(cls, page: str, status: int = 200) -> "Answer":
        """Return an answer whose body is a page."""
        return cls(status, page.encode(), {"Content-Type": "text/html; charset=utf-8"})

    @property
    def reason(self) -> str:
        """The status in words."""
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return ""

    def __str__(self) -> str:
        """Return the whole answer as text."""
        return _as_text(f"HTTP/1.1 {self.status} {self.reason}".rstrip(), self.headers, self.body)


def exchange(request: HttpRequest, answer: Answer | str) -> Exchange:
    """Return a request and its answer, or what happened instead, as text."""
    return Exchange(str(request), str(answer))


def _as_text(line: str, headers: Mapping[str, str], body: bytes) -> str:
    fields = [f"{name}: {value}" for name, value in headers.items()]
    return "\n".join([line, *fields, "", body.decode("utf-8", "replace")]).rstrip()
