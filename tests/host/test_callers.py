"""Who may call: tokens, addresses, and what those who may not are told."""

import json
from ipaddress import ip_network
from typing import Any

import pytest
from starlette.routing import Mount
from starlette.testclient import TestClient

from connector_kit.host.application import create_app
from connector_kit.host.callers import TokenCheck, client_address, may_call
from connector_kit.host.settings import HostedSettings, HostSettings, token_fault
from tests.host.conftest import TOKEN, Client, Settings, message

PATHS = (
    ("GET", "/connectors"),
    ("GET", "/connectors/acme-mail"),
    ("GET", "/openapi.json"),
    ("GET", "/metrics"),
    ("GET", "/no-such-path"),
    ("POST", "/email"),
    ("POST", "/sms"),
    ("POST", "/connectors/acme-mail/send-message"),
    ("POST", "/connectors/acme-mail/validate-config"),
    ("POST", "/connectors/acme-mail/test"),
    ("POST", "/connectors/acme-mail/usage"),
)


@pytest.mark.parametrize(("method", "path"), PATHS)
@pytest.mark.parametrize("given", [None, "", "Bearer", "Bearer x", TOKEN[:-1], f"Basic {TOKEN}", f"{TOKEN} {TOKEN}"])
def test_without_the_token_there_is_nothing(
    client: Client, log: list[dict[str, Any]], method: str, path: str, given: str | None
) -> None:
    """Every path but the two for health: 401, the same words, and no trace of what was given."""
    headers = {} if given is None else {"Authorization": given}
    answer = client(headers=headers, metrics=True).request(method, path, json=message())
    assert answer.status_code == 401
    assert answer.json()["code"] == "unauthorized"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert TOKEN[:-1] not in json.dumps([log, answer.json()])
    assert log[0]["path"] == "(unknown)"


@pytest.mark.parametrize("given", [TOKEN, f"Bearer {TOKEN}", f"bearer  {TOKEN} "])
def test_the_token_opens_with_and_without_its_scheme(client: Client, given: str) -> None:
    """Logto's HTTP connectors send what the operator typed."""
    assert client(headers={"Authorization": given}).get("/connectors").status_code == 200


def test_every_token_opens_while_they_are_rotated(client: Client) -> None:
    """The old one and the new one; and a whole header value that is no bearer token."""
    tokens = (TOKEN, "the-next-token-0123456789", "Basic dXNlcjpwYXNzd29yZA==")
    for token in tokens:
        assert client(headers={"Authorization": token}, tokens=tokens).get("/connectors").status_code == 200


def test_two_authorization_headers_are_none() -> None:
    """Which of them a proxy in between looked at, nobody knows."""
    check = TokenCheck([TOKEN])
    assert check.accepts([TOKEN.encode()])
    assert not check.accepts([TOKEN.encode(), TOKEN.encode()])


def test_tokens_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every comparison is of two digests, through hmac.compare_digest, and all of them are made."""
    from connector_kit.host import callers  # noqa: PLC0415 - what it calls is counted here

    compared: list[tuple[bytes, bytes]] = []

    class Counting:
        @staticmethod
        def compare_digest(one: bytes, other: bytes) -> bool:
            compared.append((one, other))
            return one == other

    monkeypatch.setattr(callers, "hmac", Counting)
    assert TokenCheck(["first-token-0123456789", "second-token-012345678"]).accepts([b"first-token-0123456789"])
    assert len(compared) == 2
    assert {len(digest) for pair in compared for digest in pair} == {32}


def test_a_metrics_token_opens_the_metrics_alone(client: Client) -> None:
    """Whoever reads metrics cannot send; whoever can send may read them."""
    metrics = "token-for-metrics-0123"
    scraper = client(headers={"Authorization": f"Bearer {metrics}"}, metrics=True, metrics_tokens=(metrics,))
    assert scraper.get("/metrics").status_code == 200
    assert scraper.get("/connectors").status_code == 401
    assert client(metrics=True, metrics_tokens=(metrics,)).get("/metrics").status_code == 200


def test_health_is_open_to_all_and_says_nothing_else(client: Client) -> None:
    """A balancer has no token and an address of its own."""
    host = client(headers={}, allow_ips=(ip_network("10.0.0.0/8"),))
    for path, status in (("/healthz", "alive"), ("/readyz", "ready")):
        answer = host.get(path)
        assert (answer.status_code, answer.json()["status"]) == (200, status)
        assert answer.json().keys() == {"status", "requestId"}
        assert host.head(path).status_code == 200


def test_without_a_token_a_host_has_to_be_told_so(client: Client, settings: Settings) -> None:
    """An open host by mistake is impossible, whatever serves the application."""
    with pytest.raises(ValueError, match="needs a token"):
        settings(tokens=())
    assert client(headers={}, tokens=(), insecure_without_token=True).get("/connectors").status_code == 200


@pytest.mark.parametrize(
    ("token", "fault"),
    [("short", "at least 16"), ("ü" * 16, "ASCII"), ("a" * 16 + "\n", "printable"), (" " + "a" * 16, "white space")],
)
def test_a_token_that_cannot_work_is_refused(token: str, fault: str) -> None:
    """The message says why and does not show it."""
    found = token_fault(token)
    assert found is not None
    assert fault in found
    with pytest.raises(ValueError, match=fault) as caught:
        HostSettings(connectors=(), tokens=(token,))
    assert token not in str(caught.value)


def test_settings_show_no_secrets(settings: Settings) -> None:
    """Neither tokens nor configs, however they are printed."""
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
        (["::ffff:10.1.2.3"], ["127.0.0.1/32"], 200),
        (["nonsense"], ["127.0.0.1/32"], 403),
        ([""], ["127.0.0.1/32"], 403),
    ],
)
def test_the_allow_list_believes_trusted_proxies_alone(
    client: Client, forwarded: list[str], trusted: list[str], status: int
) -> None:
    """X-Forwarded-For counts only behind a proxy that the operator trusts, and from its end."""
    host = client(allow_ips=(ip_network("10.0.0.0/8"),), trusted_proxies=tuple(map(ip_network, trusted)))
    headers = [("Authorization", TOKEN), *(("X-Forwarded-For", value) for value in forwarded)]
    answer = host.get("/connectors", headers=headers)
    assert answer.status_code == status
    if status == 403:
        assert answer.json()["code"] == "forbidden"


def test_addresses_are_understood_in_both_families() -> None:
    """An IPv4 caller on an IPv6 socket is that IPv4 caller; no address is on no list."""
    assert may_call("::ffff:10.0.0.1", [ip_network("10.0.0.0/8")])
    assert may_call("fd00::1", [ip_network("fd00::/8")])
    assert not may_call("fd00::1", [ip_network("10.0.0.0/8")])
    assert not may_call(None, [ip_network("10.0.0.0/8")])
    assert may_call(None, [])
    assert client_address(None, ["10.0.0.1"], [ip_network("10.0.0.0/8")]) is None


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH", "HEAD", "BREW"])
def test_a_method_that_a_route_does_not_have_is_405(client: Client, log: list[dict[str, Any]], method: str) -> None:
    """With the method that it has; a made-up method does not get into the log."""
    answer = client().request(method, "/email")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    if method != "HEAD":
        assert answer.json()["code"] == "method_not_allowed"
    assert log[0]["method"] == ("(other)" if method == "BREW" else method)


@pytest.mark.parametrize("path", ["/", "/email/", "/emails", "/connectors/", "/connectors/acme-mail/send", "//email"])
def test_an_unknown_path_is_404_and_redirects_nobody(client: Client, log: list[dict[str, Any]], path: str) -> None:
    """A redirect would send token and code once more, to wherever it leads."""
    answer = client().post(path, json=message(), follow_redirects=False)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert log[0]["path"] == "(unknown)"


def test_what_stands_in_a_path_or_query_does_not_get_into_the_log(client: Client, log: list[dict[str, Any]]) -> None:
    """People put secrets there."""
    client().get(f"/{TOKEN}?token={TOKEN}")
    client().get(f"/connectors/{TOKEN}")
    assert TOKEN not in json.dumps(log)


@pytest.mark.parametrize("given", ["abc-123", "a" * 128, "2026:1.x_y"])
def test_a_sane_request_id_is_taken_over(client: Client, log: list[dict[str, Any]], given: str) -> None:
    """It connects the log of the caller with that of the host."""
    answer = client().get("/connectors", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"] == answer.json()["requestId"] == log[0]["request_id"] == given


@pytest.mark.parametrize("given", ["", "a b", "a" * 129, "-x", "ü", '"'])
def test_any_other_request_id_is_replaced(client: Client, given: str) -> None:
    """It would get into logs and headers."""
    answer = client().get("/connectors", headers={"X-Request-Id": given.encode()})
    assert answer.headers["x-request-id"] != given
    assert len(answer.headers["x-request-id"]) == 24


def test_every_answer_tells_caches_and_browsers_to_keep_out(client: Client) -> None:
    """Whatever it is."""
    for path in ("/healthz", "/connectors", "/nothing"):
        headers = client().get(path).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("started", [False, True])
def test_a_fault_of_the_host_itself_is_a_500_with_a_line(
    settings: Settings, log: list[dict[str, Any]], *, started: bool
) -> None:
    """Should there be one: the caller gets the generic answer, unless one has begun; the log says where it was."""
    app = create_app(settings())

    async def endpoint(scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401, ARG001 - ASGI
        if started:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError(TOKEN)

    app.router.routes.append(Mount("/boom", endpoint))
    host = TestClient(app, headers={"Authorization": TOKEN}, raise_server_exceptions=False)
    answer = host.get("/boom/")
    assert answer.status_code == (200 if started else 500)
    if not started:
        assert answer.json()["code"] == "internal"
    assert log[0]["exception"] == "RuntimeError"
    assert TOKEN not in json.dumps(log)
