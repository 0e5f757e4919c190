"""HTTP requests and responses, as authors read them and reports show them."""

import base64
import json

import pytest
from urllib3 import encode_multipart_formdata

from conformance import HttpRequest, HttpResponse
from conformance.providers.http_messages import exchange

FORM = "application/x-www-form-urlencoded; charset=utf-8"


def _request(body: bytes = b"", **headers: str) -> HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRequest("POST", "http://h/a%20b/c?x=1&y=", named, body)


def test_url_has_path_query_and_target() -> None:
    """The target is the path with the query."""
    request = _request()
    assert (request.path, request.query, request.target) == ("/a%20b/c", {"x": "1", "y": ""}, "/a%20b/c?x=1&y=")
    assert (HttpRequest("GET", "http://h", {}).target, HttpRequest("GET", "http://h", {}).path) == ("/", "/")


def test_header_is_found_in_any_letter_case() -> None:
    """HTTP header names are case-insensitive."""
    assert _request(X_Key="k").headers["x-kEY"] == "k"


def test_body_is_parsed_as_text_json_or_form() -> None:
    """Each property parses the same body."""
    assert _request("ä".encode()).text == "ä"
    assert _request(b'{"a": [1]}').json == {"a": [1]}
    assert _request(b"a=1&b=%C3%A4+&c=", Content_Type=FORM).form == {"a": "1", "b": "ä ", "c": ""}


def test_multipart_form_is_parsed() -> None:
    """A file is a field with its content; a body without the boundary has no fields."""
    body, content_type = encode_multipart_formdata([("a", "ä\nb"), ("f", ("name.txt", "content"))], boundary="b0")
    assert _request(body, Content_Type=content_type).form == {"a": "ä\nb", "f": "content"}
    assert _request(b"nothing of the kind", Content_Type="multipart/form-data; boundary=b0").form == {}


def test_repeated_field_raises_value_error() -> None:
    """`form_fields` has both values."""
    request = _request(b"to=a&to=b", Content_Type=FORM)
    with pytest.raises(ValueError, match="found several of: to"):
        _ = request.form
    assert request.form_fields == [("to", "a"), ("to", "b")]
    with pytest.raises(ValueError, match="found several of: q"):
        _ = HttpRequest("GET", "http://h/?q=1&q=2", {}).query


@pytest.mark.parametrize(
    ("content_type", "found"), [(None, "no Content-Type header"), ("text/plain", "the content type 'text/plain'")]
)
def test_other_content_type_raises_value_error(content_type: str | None, found: str) -> None:
    """The message shows the content type."""
    request = _request(b"a=1", **({"Content_Type": content_type} if content_type else {}))
    with pytest.raises(ValueError, match=f"found {found}"):
        _ = request.form


@pytest.mark.parametrize(
    ("authorization", "bearer", "basic"),
    [
        (None, None, None),
        ("Bearer t.0", "t.0", None),
        ("bearer t", "t", None),
        ("Basic " + base64.b64encode("üser:pass:word".encode()).decode(), None, ("üser", "pass:word")),
        ("Basic !", None, None),
        ("Basic /w==", None, None),
        ("Digest x", None, None),
    ],
)
def test_authorization_is_parsed(authorization: str | None, bearer: str | None, basic: tuple[str, str] | None) -> None:
    """A bearer token, a user name with a password, or neither."""
    request = _request(**({"Authorization": authorization} if authorization else {}))
    assert (request.authorization, request.bearer, request.basic) == (authorization, bearer, basic)


def test_exchange_is_text() -> None:
    """First line, headers and body of request and response; bytes that are not UTF-8 are replaced."""
    shown = exchange(_request(b"\xffb", X_Key="k"), HttpResponse.json({"a": 1}, 201))
    assert shown.request == "POST /a%20b/c?x=1&y= HTTP/1.1\nX-Key: k\n\n\ufffdb"
    assert shown.response == 'HTTP/1.1 201 Created\nContent-Type: application/json\n\n{"a": 1}'
    assert exchange(_request(), "[nothing]").response == "[nothing]"
    assert str(HttpResponse(299)) == "HTTP/1.1 299"


def test_response_has_json_or_html_or_no_body() -> None:
    """There is a constructor for each."""
    assert json.loads(HttpResponse.json([None]).body) == [None]
    assert HttpResponse.html("<p>ä</p>", 502).headers["content-type"] == "text/html; charset=utf-8"
    assert (HttpResponse().status, HttpResponse().body) == (200, b"")


def test_repr_shows_no_headers_and_bodies() -> None:
    """They contain keys and codes."""
    shown = repr(_request(b"body-secret", Authorization="head-secret")) + repr(HttpResponse(body=b"response-secret"))
    assert "secret" not in shown
