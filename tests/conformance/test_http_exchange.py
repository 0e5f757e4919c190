"""Requests and answers of HTTP, as authors read them and reports show them."""

import base64
import json

import pytest
from urllib3 import encode_multipart_formdata

from conformance import Answer, HttpRequest
from conformance.http_exchange import exchange

FORM = "application/x-www-form-urlencoded; charset=utf-8"


def _request(body: bytes = b"", **headers: str) -> HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRequest("POST", "http://h/a%20b/c?x=1&y=", named, body)


def test_a_url_is_taken_apart() -> None:
    """Path, query and the two together."""
    request = _request()
    assert (request.path, request.query, request.target) == ("/a%20b/c", {"x": "1", "y": ""}, "/a%20b/c?x=1&y=")
    assert (HttpRequest("GET", "http://h", {}).target, HttpRequest("GET", "http://h", {}).path) == ("/", "/")


def test_a_header_is_found_in_any_case() -> None:
    """As HTTP has it."""
    assert _request(X_Key="k").headers["x-kEY"] == "k"


def test_a_body_is_read_as_text_json_or_form() -> None:
    """Whichever the author asks for."""
    assert _request("ä".encode()).text == "ä"
    assert _request(b'{"a": [1]}').json == {"a": [1]}
    assert _request(b"a=1&b=%C3%A4+&c=", Content_Type=FORM).form == {"a": "1", "b": "ä ", "c": ""}


def test_a_form_may_be_multipart() -> None:
    """As clients send it that know no other form; files are fields too."""
    body, content_type = encode_multipart_formdata([("a", "ä\nb"), ("f", ("name.txt", "content"))], boundary="b0")
    assert _request(body, Content_Type=content_type).form == {"a": "ä\nb", "f": "content"}
    assert _request(b"nothing of the kind", Content_Type="multipart/form-data; boundary=b0").form == {}


def test_a_field_that_stands_there_twice_is_no_field() -> None:
    """The first or the last of two would hide the other; all of them are there for who wants them."""
    request = _request(b"to=a&to=b", Content_Type=FORM)
    with pytest.raises(ValueError, match="found several of: to"):
        _ = request.form
    assert request.form_fields == [("to", "a"), ("to", "b")]
    with pytest.raises(ValueError, match="found several of: q"):
        _ = HttpRequest("GET", "http://h/?q=1&q=2", {}).query


@pytest.mark.parametrize(("content_type", "found"), [(None, "'none'"), ("text/plain", "'text/plain'")])
def test_what_is_no_form_is_not_read_as_one(content_type: str | None, found: str) -> None:
    """It says what it is instead."""
    request = _request(b"a=1", **({"Content_Type": content_type} if content_type else {}))
    with pytest.raises(ValueError, match=f"found the content type {found}"):
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
def test_authorization_is_read(authorization: str | None, bearer: str | None, basic: tuple[str, str] | None) -> None:
    """A token, a user name with a password, or neither."""
    request = _request(**({"Authorization": authorization} if authorization else {}))
    assert (request.authorization, request.bearer, request.basic) == (authorization, bearer, basic)


def test_an_exchange_is_shown_as_text() -> None:
    """Line, headers and body of both sides; of a body that is no text, what can be shown."""
    shown = exchange(_request(b"\xffb", X_Key="k"), Answer.json({"a": 1}, 201))
    assert shown.request == "POST /a%20b/c?x=1&y= HTTP/1.1\nX-Key: k\n\n\ufffdb"
    assert shown.answer == 'HTTP/1.1 201 Created\nContent-Type: application/json\n\n{"a": 1}'
    assert exchange(_request(), "[nothing]").answer == "[nothing]"
    assert str(Answer(299)) == "HTTP/1.1 299"


def test_an_answer_is_json_or_a_page_or_nothing() -> None:
    """Three ways to make one."""
    assert json.loads(Answer.json([None]).body) == [None]
    assert Answer.html("<p>ä</p>", 502).headers["content-type"] == "text/html; charset=utf-8"
    assert (Answer().status, Answer().body) == (200, b"")


def test_no_secret_shows_in_a_repr() -> None:
    """Requests and answers hold keys and codes."""
    shown = repr(_request(b"body-secret", Authorization="head-secret")) + repr(Answer(body=b"answer-secret"))
    assert "secret" not in shown
