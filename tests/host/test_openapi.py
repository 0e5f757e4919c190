"""The OpenAPI document: valid, complete, built from the guards' schemas, and true for random requests."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.testclient import TestClient

from connector_kit import bundle
from connector_kit.errors import ConnectorErrorCodes
from connector_kit.host.application import create_app
from connector_kit.host.request_body import (
    host_access_token_request_guard,
    host_authorization_uri_request_guard,
    host_config_request_guard,
    host_message_guard,
    host_saml_assertion_request_guard,
    host_send_request_guard,
    host_test_request_guard,
    host_usage_request_guard,
    host_user_info_request_guard,
)
from connector_kit.host.responses import HOST_CODES
from connector_kit.host.social_calls import SOCIAL_CALLS
from tests.host.conftest import API_KEY, CLIENT_SECRET, CODE, TOKEN, Client, Settings, message
from tests.host.running import running

CASES: Final = int(os.environ.get("SCHEMATHESIS_CASES", "300"))
"""The minimum number of random requests. The nightly run sends 5,000."""


SIGN_IN: Final = {"request": dict.fromkeys(("state", "redirectUri", "connectorId", "connectorFactoryId", "jti"), "a")}

CHECKS: Final = """
# A connector may reject a request that the document allows: the config has the connector's own schema.
[[operations]]
include-path-regex = "^/connectors/"
checks.positive_data_acceptance.enabled = false
"""


def _document(client: TestClient) -> Any:
    return client.get("/openapi.json").json()


def test_document_is_valid_openapi_3_1(client: Client) -> None:
    """With all optional routes, and with none of them."""
    for document in (_document(client(metrics=True)), _document(client(email=None, sms=None))):
        assert document["openapi"] == "3.1.0"
        assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_document_has_exactly_the_applications_routes(settings: Settings) -> None:
    """Paths and methods."""
    for more in ({"metrics": True}, {"email": None, "sms": None}):
        app = create_app(settings(**more))
        document = _document(TestClient(app, headers={"Authorization": TOKEN}))
        documented = {
            (path, method.upper())
            for path, item in document["paths"].items()
            for method in item
            if method != "parameters"
        }
        routed = {(route.path, method) for route in app.routes for method in route.methods - {"HEAD"}}  # type: ignore[attr-defined]
        assert documented == routed


def test_document_has_the_schemas_of_the_guards(client: Client) -> None:
    """Under the schemas' names."""
    schemas = _document(client())["components"]["schemas"]
    guards = {
        "host-message": host_message_guard,
        "host-send-request": host_send_request_guard,
        "host-test-request": host_test_request_guard,
        "host-config-request": host_config_request_guard,
        "host-usage-request": host_usage_request_guard,
        "host-authorization-uri-request": host_authorization_uri_request_guard,
        "host-user-info-request": host_user_info_request_guard,
        "host-access-token-request": host_access_token_request_guard,
        "host-saml-assertion-request": host_saml_assertion_request_guard,
    }
    for name, guard in guards.items():
        text = json.dumps({key: value for key, value in guard.schema.items() if key not in {"$schema", "$defs"}})
        assert schemas[name] == json.loads(text.replace("#/$defs/", "#/components/schemas/"))
    assert schemas["send-message-payload"]["title"] == bundle("send-message-payload")["title"]


def test_host_message_is_send_message_data_with_any_type_and_one_line_to() -> None:
    """A newer Logto may have a type that this version does not know."""
    ours, official = bundle("host-message"), bundle("send-message-data")
    assert ours["required"] == official["required"]
    assert ours["properties"].keys() == official["properties"].keys()
    assert ours["properties"]["payload"]["$ref"] == official["properties"]["payload"]["$ref"]
    assert ours["properties"]["to"] == {"$ref": "#/$defs/recipient"}
    assert ours["properties"]["type"]["type"] == "string"


def test_document_has_the_ids_of_the_hosted_connectors(client: Client) -> None:
    parameters = _document(client())["components"]["parameters"]
    ids = {name: it["schema"]["enum"] for name, it in parameters.items()}
    assert ids["MessageConnectorId"] == ["acme-mail", "acme-mail-2", "acme-sms"]
    assert ids["SocialConnectorId"] == ["acme-social"]
    assert ids["ConnectorId"] == ["acme-mail", "acme-mail-2", "acme-sms", "acme-social"]


def test_document_has_every_error_code(client: Client) -> None:
    listed = set(_document(client())["components"]["schemas"]["Error"]["properties"]["code"]["enum"])
    assert listed == {*map(str, ConnectorErrorCodes), *HOST_CODES} - {"bad_request"}


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("get", "/connectors", None),
        ("get", "/connectors/acme-mail", None),
        ("get", "/connectors/nobody", None),
        ("get", "/healthz", None),
        ("get", "/readyz", None),
        ("post", "/email", message()),
        ("post", "/email", message(outcome="invalid_config")),
        ("post", "/email", {**message(), "to": "a@b.co\n"}),
        ("post", "/connectors/acme-mail/test", {"to": "a@b.co\r\nBcc: eve@c.co"}),
        ("post", "/connectors/acme-mail/send-message", {"data": message()}),
        ("post", "/connectors/acme-mail/send-message", {"data": {}}),
        ("post", "/connectors/acme-mail/test", {"to": "a@b.co"}),
        ("post", "/connectors/acme-mail/validate-config", {"config": {"typo": 1}}),
        ("post", "/connectors/acme-mail/usage", {"startFrom": "2026-01-02T03:04:05.678Z"}),
        ("post", "/connectors/acme-mail/usage", {"startFrom": "yesterday"}),
        ("post", "/connectors/acme-social/authorization-uri", SIGN_IN),
        ("post", "/connectors/acme-social/user-info", {"data": {"code": "c"}, "session": {"state": "s"}}),
        ("post", "/connectors/acme-social/user-info", {"data": {"code": "c"}}),
        ("post", "/connectors/acme-social/token-response-and-user-info", {"data": {}, "session": {}}),
        ("post", "/connectors/acme-social/access-token-by-refresh-token", {"refreshToken": "r"}),
        ("post", "/connectors/acme-social/access-token-by-refresh-token", {"refreshToken": "not_implemented"}),
        ("post", "/connectors/acme-social/validate-saml-assertion", {"assertion": {}}),
        ("post", "/connectors/acme-social/send-message", {"data": message()}),
    ],
)
def test_responses_match_the_document(client: Client, method: str, path: str, body: object) -> None:
    host = client()
    document = _document(host)
    response = host.request(method, path, json=body)
    template = re.sub(r"(?<=/connectors/)[a-z-]+", "{id}", path)
    documented = document["paths"][template][method]["responses"][str(response.status_code)]
    reference = documented.get("$ref", "").rpartition("/")[2]
    content = (document["components"]["responses"][reference] if reference else documented)["content"]
    schema = {**content["application/json"]["schema"], "components": document["components"]}
    Draft202012Validator(schema).validate(response.json())


def test_random_requests_match_the_document(settings: Settings, log: list[dict[str, Any]], tmp_path: Path) -> None:
    """All checks of Schemathesis pass: no status 500, nothing undocumented. The log has no secrets.

    The long run is ``SCHEMATHESIS_CASES=5000 pytest tests/host/test_openapi.py -k random``.
    """
    (tmp_path / "schemathesis.toml").write_text(CHECKS, encoding="utf-8")
    with running(settings(metrics=True)) as port:
        done = subprocess.run(
            [
                str(Path(sys.executable).parent / "schemathesis"),
                "run",
                f"http://127.0.0.1:{port}/openapi.json",
                "--header",
                f"Authorization: Bearer {TOKEN}",
                "--max-examples",
                str(max(10, CASES // 10)),  # per operation, in addition to the examples in the document
                "--continue-on-failure",
                "--seed",
                "1",
                "--request-timeout",
                "20",
            ],
            cwd=tmp_path,
            env={name: value for name, value in os.environ.items() if "PROXY" not in name.upper()},
            capture_output=True,
            text=True,
            timeout=3600,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    statuses = [line["status"] for line in log if line["event"] == "request"]
    counts = {status: statuses.count(status) for status in sorted(set(statuses))}
    sys.stdout.write(f"{len(statuses)} requests: {counts}\n")
    assert len(statuses) >= CASES
    assert {200, 400, 401, 404, 405, 415} <= set(statuses)
    assert not [status for status in statuses if status >= 500]
    signed_in = {
        line["path"].rpartition("/")[2]
        for line in log
        if line.get("connector") == "acme-social" and line["status"] == 200
    }
    assert signed_in >= SOCIAL_CALLS.keys()
    lines = json.dumps(log)
    assert not any(secret in lines for secret in (TOKEN, API_KEY, CLIENT_SECRET, CODE))
