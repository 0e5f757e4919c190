"""Claims of SECURITY.md that no other test shows."""

import click
import pytest

from connector_kit.host.command import serve
from tests.host.conftest import API_KEY, TOKEN, Client, message

_ROUTES = (
    ("GET", "/connectors", None),
    ("GET", "/connectors/acme-mail", None),
    ("GET", "/openapi.json", None),
    ("GET", "/metrics", None),
    ("GET", "/healthz", None),
    ("GET", "/readyz", None),
    ("POST", "/email", message()),
    ("POST", "/email", {"to": 5}),
    ("POST", "/connectors/acme-mail/send-message", {"data": message()}),
    ("POST", "/connectors/acme-mail/validate-config", {"config": {}}),
    ("POST", "/connectors/acme-mail/test", {"to": "a@example.com"}),
    ("POST", "/connectors/acme-mail/usage", {}),
)


@pytest.mark.parametrize(("method", "path", "body"), _ROUTES)
def test_no_route_returns_a_secret_of_the_saved_config_or_the_token(
    client: Client, method: str, path: str, body: object
) -> None:
    """Not even to a client with the host's token."""
    response = client(metrics=True).request(method, path, json=body)
    assert response.status_code not in {401, 404, 405, 415}
    shown = response.text + str(response.headers)
    assert API_KEY not in shown
    assert TOKEN not in shown


@pytest.mark.parametrize(
    ("method", "path"), [(method, path) for method, path, _ in _ROUTES if path not in {"/healthz", "/readyz"}]
)
@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer a-token-of-the-metrics-0123"}])
def test_only_health_needs_no_token_and_the_metrics_token_is_for_metrics(
    client: Client, method: str, path: str, headers: dict[str, str]
) -> None:
    """Each route, for a client without a token and for one with the metrics token."""
    host = client(metrics=True, metrics_tokens=("a-token-of-the-metrics-0123",), headers=headers)
    response = host.request(method, path, json={})
    assert response.status_code == (200 if headers and path == "/metrics" else 401)


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("OPTIONS", {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type"}, 405),
        ("POST", {"Content-Type": "text/plain"}, 415),
        ("POST", {"Content-Type": "application/x-www-form-urlencoded"}, 415),
    ],
)
def test_web_page_of_another_origin_can_neither_send_nor_read(
    client: Client, method: str, headers: dict[str, str], status: int
) -> None:
    """A browser asks before it sends JSON, and gets no permission. Other types need none, and are rejected."""
    host = client(tokens=(), insecure_without_token=True, headers={})
    own = {"Host": "127.0.0.1", "Origin": "https://evil.example"}
    response = host.request(method, "/email", content=b"{}", headers={**own, **headers})
    assert response.status_code == status
    assert [name for name in response.headers if name.startswith("access-control-")] == []


def test_command_line_holds_no_token() -> None:
    """Every user of the machine can read it: options name files and environment variables."""
    names = {name for option in serve.params if isinstance(option, click.Option) for name in option.opts}
    assert {name for name in names if "token" in name} == {"--token-env", "--token-file", "--insecure-without-token"}
