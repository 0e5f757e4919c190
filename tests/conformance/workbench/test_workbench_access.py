"""No other page, name or program can use the workbench."""

import json

import pytest

from tests.conformance.workbench.conftest import HOST, Page

READS = ("/api/connector", "/api/form", "/api/message", "/api/events")
WRITES = ("/api/form/save", "/api/form/check", "/api/message/preview", "/api/send/stub", "/api/send/provider")


def test_own_page_reads_connector(page: Page) -> None:
    response = page.get("/api/connector")
    assert response.status_code == 200
    assert response.json()["id"] == "acme-mail"
    assert [it["id"] for it in response.json()["panels"]][:3] == ["form", "message", "send"]


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("token", ["", "Bearer ", "Bearer another", "Basic a-token-of-the-tests", "Bearer é"])
def test_reads_without_token_are_rejected(page: Page, path: str, token: str) -> None:
    response = page.get(path, headers={"Authorization": token.encode("latin-1")})
    assert response.status_code == 403
    assert response.json() == {"message": "The token is missing or wrong: open the URL that connector-kit dev prints."}


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"https://{HOST}"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Host": "evil.example:8086"},
        {"Host": "127.0.0.1:9999"},
        {"Authorization": ""},
    ],
)
def test_writes_of_other_pages_are_rejected(page: Page, path: str, headers: dict[str, str]) -> None:
    """Also with the token, where the browser names another page. Nothing is saved."""
    response = page.post(path, json={"config": {}}, headers=headers)
    assert response.status_code == 403
    assert page.bench.config.file is not None
    assert not page.bench.config.file.exists()


def test_page_opens_from_a_link_but_not_under_another_name(page: Page) -> None:
    """A terminal may be in the browser: then the link to the page is on another site."""
    assert page.get("/", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200
    assert page.get("/web/workbench.js", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403
    assert page.get("/", headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize("path", ["/", "/web/workbench.js", "/api/form", "/api/nothing", "/nothing"])
def test_every_response_has_the_security_headers(page: Page, path: str) -> None:
    headers = page.get(path).headers
    policy = headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= {*policy}
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "access-control-allow-origin" not in headers


@pytest.mark.parametrize(
    ("content", "content_type", "status", "message"),
    [
        (b'{"config": {}}', "text/plain", 415, "The content type must be application/json."),
        (b'{"config": ', "application/json", 400, "The body is not JSON in UTF-8."),
        (b'{"config": NaN}', "application/json", 400, "The body is not JSON in UTF-8."),
        (b"\xff", "application/json", 400, "The body is not JSON in UTF-8."),
        (b"[" * 100_000, "application/json", 400, "The body is not JSON in UTF-8."),
        (b"[]", "application/json; charset=utf-8", 400, "The body is not a JSON object."),
        (b" " * ((16 << 20) + 1), "application/json", 413, "The request has more than 16 MB."),
    ],
)
def test_unusable_bodies_are_rejected(page: Page, content: bytes, content_type: str, status: int, message: str) -> None:
    """A form of another page can only send the other content types."""
    response = page.post("/api/form/check", content=content, headers={"Content-Type": content_type})
    assert (response.status_code, response.json()) == (status, {"message": message})


def test_preview_is_sandboxed_and_loads_remote_images_only_if_allowed(page: Page) -> None:
    html = "<script>alert(1)</script><img src='https://evil.example/x.png'>\ud800"
    for images in (False, True):
        body = json.dumps({"html": html, "images": images})
        url = page.post("/api/send/preview", content=body, headers={"Content-Type": "application/json"}).json()["url"]
        response = page.get(url, headers={"Authorization": ""})  # a frame sends no token: its URL is the secret
        policy = response.headers["content-security-policy"]
        assert policy.startswith("sandbox; default-src 'none'; ")
        assert ("https:" in policy) is images
        assert "script-src" not in policy
        assert response.text == html.replace("\ud800", "\ufffd")
        assert page.get(url, headers={"Sec-Fetch-Site": "cross-site"}).status_code == 403


def test_only_the_latest_previews_are_kept(page: Page) -> None:
    urls = [page.post("/api/send/preview", json={"html": str(number)}).json()["url"] for number in range(40)]
    assert page.get(urls[-1]).text == "39"
    assert page.get(urls[0]).status_code == 404
    assert page.get("/preview/x").status_code == 404
