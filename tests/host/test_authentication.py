"""Authentication and the middleware: tokens, addresses, request ids, unknown routes, and headers."""

import json
from ipaddress import ip_network
from typing import Any

import pytest
from starlette.routing import Mount
from starlette.testclient import TestClient

from connector_kit.host.application import create_app
from connector_kit.host.authentication import TokenCheck, client_address, is_allowed, names_this_machine
from connector_kit.host.settings import HostedSettings, HostSettings, token_error
from tests.host.conftest import TOKEN, Client, Settings, message

PATHS = (
    ("GET", "/connectors"),
    ("GET", "/connectors/acme-mail"),
    ("GET", "/openapi.json"),
    ("GET", "/metrics"),
    ("GET", "/no-such-path"),
    ("GET", "/healthz/"),
    ("GET", "/healthz-of-another"),
    ("GET", "/readyz/connectors"),
    ("GET", "/HEALTHZ"),
    ("POST", "/email"),
    ("POST", "/sms"),
    ("POST", "/connectors/acme-mail/send-message"),
    ("POST", "/connectors/acme-mail/validate-config"),
    ("POST", "/connectors/acme-mail/test"),
    ("POST", "/connectors/acme-mail/usage"),
)


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer x", TOKEN[:-1], f"Basic {TOKEN}", f"{TOKEN} {TOKEN}"])
def test_request_without_the_token_is_401(
    client: Client, log: list[dict[str, Any]], method: str, path: str, header: str | None
) -> None:
    """On every path except the two for health; neither response nor log shows the header."""
    headers = {} if header is None else {"Authorization": header}
    response = client(headers=headers, metrics=True).request(method, path, json=message())
    assert response.status_code == 401
    assert response.json()["code"] == "unauthorized"
    assert response.headers["www-authenticate"] == "Bearer"
    assert TOKEN[:-1] not in json.dumps([log, response.json()])
    assert log[0]["path"] == "(unknown)"


@pytest.mark.parametrize("header", [TOKEN, f"Bearer {TOKEN}", f"bearer  {TOKEN} "])
def test_token_is_accepted_with_and_without_bearer(client: Client, header: str) -> None:
    """Logto's HTTP connectors send the operator's text unchanged."""
    assert client(headers={"Authorization": header}).get("/connectors").status_code == 200


def test_each_of_several_tokens_is_accepted(client: Client) -> None:
    """For rotation. A token may also be a whole header of another scheme."""
    tokens = (TOKEN, "the-next-token-0123456789", "Basic dXNlcjpwYXNzd29yZA==")
    for token in tokens:
        assert client(headers={"Authorization": token}, tokens=tokens).get("/connectors").status_code == 200


def test_two_authorization_headers_are_rejected() -> None:
    """A proxy may have checked the other one."""
    check = TokenCheck([TOKEN])
    assert check.accepts([TOKEN.encode()])
    assert not check.accepts([TOKEN.encode(), TOKEN.encode()])


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """hmac.compare_digest compares digests of equal length, for every token even after a match."""
    from connector_kit.host import authentication  # noqa: PLC0415 - its calls of hmac are counted here

    compared: list[tuple[bytes, bytes]] = []

    class Counting:
        @staticmethod
        def compare_digest(one: bytes, other: bytes) -> bool:
            compared.append((one, other))
            return one == other

    monkeypatch.setattr(authentication, "hmac", Counting)
    assert TokenCheck(["first-token-0123456789", "second-token-012345678"]).accepts([b"first-token-0123456789"])
    assert len(compared) == 2
    assert {len(digest) for pair in compared for digest in pair} == {32}


def test_metrics_token_is_valid_for_metrics_only(client: Client) -> None:
    """A token for sending is valid for metrics too."""
    metrics = "token-for-metrics-0123"
    scraper = client(headers={"Authorization": f"Bearer {metrics}"}, metrics=True, metrics_tokens=(metrics,))
    assert scraper.get("/metrics").status_code == 200
    for path in ("/connectors", "/metrics/", "/metrics-of-another", "/METRICS"):
        assert scraper.get(path).status_code == 401
    assert client(metrics=True, metrics_tokens=(metrics,)).get("/metrics").status_code == 200


def test_health_needs_neither_token_nor_allowed_address(client: Client) -> None:
    """Load balancers have no token. The response has a status and a request id only."""
    host = client(headers={}, allow_ips=(ip_network("10.0.0.0/8"),))
    for path, status in (("/healthz", "alive"), ("/readyz", "ready")):
        response = host.get(path)
        assert (response.status_code, response.json()["status"]) == (200, status)
        assert response.json().keys() == {"status", "requestId"}
        assert host.head(path).status_code == 200


def test_settings_without_token_raise_unless_insecure(client: Client, settings: Settings) -> None:
    """A host is never open by mistake, in any server."""
    with pytest.raises(ValueError, match="needs a token"):
        settings(tokens=())
    host = client(headers={"Host": "localhost"}, tokens=(), insecure_without_token=True)
    assert host.get("/connectors").status_code == 200


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("localhost", 200),
        ("localhost:8085", 200),
        ("127.0.0.1:8085", 200),
        ("127.1.2.3", 200),
        ("[::1]:8085", 200),
        ("attacker.example", 403),
        ("localhost.attacker.example:8085", 403),
        ("127.0.0.1.attacker.example", 403),
        ("10.0.0.1", 403),
        ("[::1", 403),
        ("", 403),
    ],
)
def test_host_without_token_serves_requests_to_this_machine_only(client: Client, name: str, status: int) -> None:
    """A web page can give its own name the address 127.0.0.1; its requests still have that name."""
    host = client(headers={"Host": name}, tokens=(), insecure_without_token=True)
    assert host.get("/connectors").status_code == status
    assert host.post("/email", json=message()).status_code == status
    assert host.get("/healthz").status_code == 200
    assert client(headers={"Host": name, "Authorization": TOKEN}).get("/connectors").status_code == 200


def test_host_header_must_be_there_once() -> None:
    """A proxy in front may have used the other one."""
    assert names_this_machine([b"localhost"])
    assert not names_this_machine([])
    assert not names_this_machine([b"localhost", b"attacker.example"])


def test_token_for_metrics_protects_them_also_without_another_token(client: Client) -> None:
    """The rest needs none then."""
    metrics = "token-for-metrics-0123"
    settings = {"tokens": (), "insecure_without_token": True, "metrics": True, "metrics_tokens": (metrics,)}
    host = client(headers={"Host": "localhost"}, **settings)
    assert host.get("/metrics").status_code == 401
    assert host.get("/metrics", headers={"Authorization": metrics}).status_code == 200
    assert host.get("/connectors").status_code == 200


@pytest.mark.parametrize(
    ("token", "reason"),
    [
        ("short", "at least 16"),
        ("a" * 15, "at least 16"),
        ("ü" * 16, "ASCII"),
        ("a" * 16 + "\n", "printable"),
        (" " + "a" * 16, "white space"),
    ],
)
def test_unusable_token_raises_without_showing_it(token: str, reason: str) -> None:
    """Tokens that are short, not ASCII, or have white space around them are unusable."""
    found = token_error(token)
    assert found is not None
    assert reason in found
    with pytest.raises(ValueError, match=reason) as caught:
        HostSettings(connectors=(), tokens=(token,))
    assert token not in str(caught.value)
    with pytest.raises(ValueError, match=reason):
        HostSettings(connectors=(), tokens=(TOKEN,), metrics_tokens=(token,))


def test_repr_of_settings_shows_no_secrets(settings: Settings) -> None:
    """Neither tokens nor configs."""
    made = settings(metrics_tokens=("token-for-metrics-0123",))
    text = f"{made!r} {made}"
    assert TOKEN not in text
    assert "acme-api-key" not in text
    assert "token-for-metrics" not in text
    assert isinstance(made.connectors[0], HostedSettings)


@pytest.mark.parametrize(
    ("forwarded", "trusted", "status"),
    [
        ([], [], 403),
        (["10.1.2.3"], [], 403),
        (["10.1.2.3"], ["127.0.0.1/32"], 200),
        (["10.1.2.3, 192.0.2.9"], ["127.0.0.1/32"], 403),
        (["10.1.2.3, 192.0.2.9"], ["127.0.0.1/32", "192.0.2.0/24"], 200),
        (["10.1.2.3", "192.0.2.9"], ["127.0.0.1/32", "192.0.2.0/24"], 200),
        (["10.1.2.3", "192.0.2.9"], ["127.0.0.1/32"], 403),
        (["192.0.2.9", "10.1.2.3"], ["127.0.0.1/32"], 200),
        (["::ffff:10.1.2.3"], ["127.0.0.1/32"], 200),
        (["nonsense"], ["127.0.0.1/32"], 403),
        ([""], ["127.0.0.1/32"], 403),
    ],
)
def test_allow_ips_uses_forwarded_address_of_trusted_proxies_only(
    client: Client, forwarded: list[str], trusted: list[str], status: int
) -> None:
    """X-Forwarded-For is read from its end, and only as far as each address is a trusted proxy."""
    host = client(allow_ips=(ip_network("10.0.0.0/8"),), trusted_proxies=tuple(map(ip_network, trusted)))
    headers = [("Authorization", TOKEN), *(("X-Forwarded-For", value) for value in forwarded)]
    response = host.get("/connectors", headers=headers)
    assert response.status_code == status
    if status == 403:
        assert response.json()["code"] == "forbidden"


def test_ipv4_mapped_address_matches_ipv4_networks() -> None:
    """A client without an address matches no network."""
    assert is_allowed("::ffff:10.0.0.1", [ip_network("10.0.0.0/8")])
    assert is_allowed("fd00::1", [ip_network("fd00::/8")])
    assert not is_allowed("fd00::1", [ip_network("10.0.0.0/8")])
    assert not is_allowed(None, [ip_network("10.0.0.0/8")])
    assert is_allowed(None, [])
    assert client_address(None, ["10.0.0.1"], [ip_network("10.0.0.0/8")]) is None


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD", "BREW"])
def test_unsupported_method_is_405(client: Client, log: list[dict[str, Any]], method: str) -> None:
    """The Allow header has the supported method. The log does not show invented methods."""
    response = client().request(method, "/email")
    assert response.status_code == 405
    assert response.headers["allow"] == "POST"
    if method != "HEAD":
        assert response.json()["code"] == "method_not_allowed"
    assert log[0]["method"] == ("(other)" if method == "BREW" else method)
    assert log[0]["path"] == "/email"


@pytest.mark.parametrize("path", ["/", "/email/", "/emails", "/connectors/", "/connectors/acme-mail/send", "//email"])
def test_unknown_path_is_404_without_redirect(client: Client, log: list[dict[str, Any]], path: str) -> None:
    """A redirected client would send token and code again."""
    response = client().post(path, json=message(), follow_redirects=False)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert log[0]["path"] == "(unknown)"


def test_log_shows_neither_unknown_paths_nor_queries(client: Client, log: list[dict[str, Any]]) -> None:
    """They may hold secrets."""
    client().get(f"/{TOKEN}?token={TOKEN}")
    client().get(f"/connectors/{TOKEN}")
    assert TOKEN not in json.dumps(log)


@pytest.mark.parametrize("request_id", ["abc-123", "a" * 128, "2026:1.x_y"])
def test_valid_request_id_of_the_client_is_used(client: Client, log: list[dict[str, Any]], request_id: str) -> None:
    """It connects the client's log with the host's."""
    response = client().get("/connectors", headers={"X-Request-Id": request_id})
    assert response.headers["x-request-id"] == response.json()["requestId"] == log[0]["request_id"] == request_id


@pytest.mark.parametrize("request_id", ["", "a b", "a" * 129, "-x", "ü", '"'])
def test_invalid_request_id_is_replaced(client: Client, request_id: str) -> None:
    """Request ids become part of logs and headers."""
    response = client().get("/connectors", headers={"X-Request-Id": request_id.encode()})
    assert response.headers["x-request-id"] != request_id
    assert len(response.headers["x-request-id"]) == 24


def test_each_request_without_an_id_gets_another_one(client: Client) -> None:
    """Nobody can guess it."""
    host = client()
    assert len({host.get("/healthz").headers["x-request-id"] for _ in range(100)}) == 100


def test_every_response_forbids_caching_and_sniffing(client: Client) -> None:
    for path in ("/healthz", "/connectors", "/nothing"):
        headers = client().get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("started", [False, True])
def test_crash_of_the_host_is_500_and_is_logged(
    settings: Settings, log: list[dict[str, Any]], *, started: bool
) -> None:
    """The client gets the generic response unless one has started. The log has the exception's type and location."""
    app = create_app(settings())

    async def endpoint(scope: Any, receive: Any, send: Any) -> None:  # noqa: ARG001 - ASGI
        if started:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError(TOKEN)

    app.router.routes.append(Mount("/crash", endpoint))
    host = TestClient(app, headers={"Authorization": TOKEN}, raise_server_exceptions=False)
    response = host.get("/crash/")
    assert response.status_code == (200 if started else 500)
    if not started:
        assert response.json()["code"] == "internal"
    assert log[0]["exception"] == "RuntimeError"
    assert log[0]["level"] == ("info" if started else "warning")
    assert TOKEN not in json.dumps(log)
