"""The OpenAPI document: valid, complete, made of the schemas that decide, and true under random requests."""

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
from connector_kit.host.answers import HOST_CODES, MESSAGES
from connector_kit.host.application import create_app
from tests.host.conftest import API_KEY, CODE, TOKEN, Client, Settings, message
from tests.host.running import running

CASES: Final = int(os.environ.get("SCHEMATHESIS_CASES", "300"))
"""How many random requests at least; the nightly run takes 5,000."""


CHECKS: Final = """
# A connector may refuse a request that the document allows: what a config has to hold is the connector's affair.
[[operations]]
include-path-regex = "^/connectors/"
checks.positive_data_acceptance.enabled = false
"""


def _document(client: TestClient) -> Any:  # noqa: ANN401 - JSON
    return client.get("/openapi.json").json()


def test_the_document_is_openapi_3_1(client: Client) -> None:
    """With all that can be switched on, and with none of it."""
    for document in (_document(client(metrics=True)), _document(client(email=None, sms=None))):
        assert document["openapi"] == "3.1.0"
        assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_route_is_in_the_document_and_no_other(settings: Settings) -> None:
    """Paths and methods, as the application has them."""
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


def test_a_message_has_the_schema_of_the_kit(client: Client) -> None:
    """But for its type, where a newer Logto may have one that this kit does not know, and a recipient of one line."""
    schemas = _document(client())["components"]["schemas"]
    message_schema, kit = schemas["Message"], bundle("send-message-data")
    own = {"not": {"pattern": r"[\u0000-\u001f\u007f]"}}
    assert message_schema["properties"]["to"] == kit["properties"]["to"] | own
    assert message_schema["required"] == kit["required"]
    assert message_schema["properties"]["type"]["type"] == "string"
    assert schemas["send-message-payload"] == {
        key: value for key, value in bundle("send-message-payload").items() if key != "$schema"
    }


def test_every_code_is_in_the_document(client: Client) -> None:
    """A caller can rely on the list."""
    listed = set(_document(client())["components"]["schemas"]["Failure"]["properties"]["code"]["enum"])
    assert listed == {*map(str, MESSAGES), *HOST_CODES} - {"bad_request"}


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
    ],
)
def test_answers_are_what_the_document_says(client: Client, method: str, path: str, body: object) -> None:
    """Each has the schema of its status."""
    host = client()
    document = _document(host)
    answer = host.request(method, path, json=body)
    template = re.sub(r"(?<=/connectors/)[a-z-]+", "{id}", path)
    told = document["paths"][template][method]["responses"][str(answer.status_code)]
    schema = {**told["content"]["application/json"]["schema"], "components": document["components"]}
    Draft202012Validator(schema).validate(answer.json())


def test_random_requests_find_nothing(settings: Settings, log: list[dict[str, Any]], tmp_path: Path) -> None:
    """Schemathesis, with all of its checks, on a host that runs: no 500, nothing undocumented, no secret in the log.

    ``SCHEMATHESIS_CASES=5000 pytest --no-cov -n0 tests/host/test_openapi.py -k random`` is the long run.
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
                str(
                    max(10, CASES // 10)
                ),  # for each of the eleven operations, beside what the document itself suggests
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
    lines = json.dumps(log)
    assert not any(secret in lines for secret in (TOKEN, API_KEY, CODE))
