"""The OpenAPI document of a host, made from the same schemas that its guards decide with."""

from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any, Final

from connector_kit.errors import ConnectorErrorCodes
from connector_kit.host.answers import HOST_CODES
from connector_kit.host.hosted import MESSAGE_SCHEMA, RECIPIENT, HostedConnector
from connector_kit.schemas import bundle

_STRING: Final = {"type": "string"}
_REQUEST_ID: Final = {"type": "string", "description": "Also in the header X-Request-Id, and in the host's log."}

_HOST: Final = tuple(code for code, (status, _) in HOST_CODES.items() if code != "bad_request")

_MEANINGS: Final = {
    400: "The connector, its provider or the host refuses the request.",
    401: "The token is missing or wrong, or a provider refused an authorization.",
    403: "Calls from this address are not allowed.",
    404: "There is no such resource.",
    405: "The resource does not have this method.",
    408: "The body did not arrive in time.",
    413: "The body is too large.",
    415: "The body is not said to be JSON in UTF-8.",
    429: "A limit of the provider is reached.",
    500: "A connector failed in a way that no connector should.",
    501: "The connector cannot do this.",
    503: "Every slot is taken: nothing was sent, try again.",
    504: "The deadline passed: the message may or may not go out.",
}


def openapi_document(connectors: Iterable[HostedConnector], *, email: bool, sms: bool, metrics: bool) -> dict[str, Any]:
    """Return the document.

    Args:
        connectors: what is hosted.
        email: whether there is ``/email``.
        sms: whether there is ``/sms``.
        metrics: whether there is ``/metrics``.
    """
    ids = [connector.id for connector in connectors]
    one = [{"name": "id", "in": "path", "required": True, "schema": {"enum": ids}, "description": "Of a connector."}]
    post = "/connectors/{id}"
    paths: dict[str, Any] = {
        "/connectors": {"get": _reading("listConnectors", "List the hosted connectors.", "Connectors")},
        post: {
            "get": _reading("describeConnector", "Describe one connector.", "Connector", missing=True),
            "parameters": one,
        },
        f"{post}/send-message": {
            "post": _calling("sendMessage", "Send a message.", "SendRequest", "Sent", missing=True),
            "parameters": one,
        },
        f"{post}/validate-config": {
            "post": _calling("validateConfig", "Check a config.", "ConfigRequest", "Verdict", missing=True),
            "parameters": one,
        },
        f"{post}/test": {
            "post": _calling(
                "sendTest", "Send the test message that Logto sends, code 000000.", "TestRequest", "Sent", missing=True
            ),
            "parameters": one,
        },
        f"{post}/usage": {
            "post": _calling("tellUsage", "Count the messages that were sent.", "UsageRequest", "Usage", missing=True),
            "parameters": one,
        },
        "/healthz": {"get": _public("health", "Tell that the process is alive.")},
        "/readyz": {"get": _public("readiness", "Tell whether messages can be taken.", unready=True)},
        "/openapi.json": {"get": _reading("openapi", "Return this document.", "Document")},
    }
    for path, name, there in (("/email", "sendEmail", email), ("/sms", "sendSms", sms)):
        if there:
            what = f"Send a message as Logto's HTTP {path[1:]} connector posts it."
            paths[path] = {"post": _calling(name, what, "Message", "Accepted")}
    if metrics:
        paths["/metrics"] = {
            "get": {
                "operationId": "metrics",
                "summary": "Return Prometheus metrics.",
                "responses": {
                    "200": {"description": "The metrics.", "content": {"text/plain": {"schema": _STRING}}},
                    **_failures((401, 403, 500)),
                },
            }
        }
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Connector host",
            "description": "Serves Logto connectors written in Python.",
            "version": version("logto-connector-kit"),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "security": [{"bearer": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`Bearer TOKEN`; the token alone is taken too, as Logto's HTTP connectors send what they are given.",
                }
            },
            "schemas": _schemas(),
        },
    }


def request_schema(name: str) -> dict[str, Any]:
    """Return the self-contained schema of a request's body, for the guard that decides on it."""
    message, shared = _apart(MESSAGE_SCHEMA)
    return _requests(message)[name] | {"$defs": shared}


def _requests(message: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    template = {"type": ["object", "null"], "description": "The e-mail template that Logto resolved for this message."}
    config = {"description": "Used instead of the config that the host has; null or absent for that one."}
    to = {**_STRING, **RECIPIENT, "description": "An e-mail address or a phone number."}
    moment = {**_STRING, "format": "date-time", "description": "Count from then on; absent for all."}
    return {
        "SendRequest": {
            "title": "Send request",
            "type": "object",
            "properties": {"data": message, "config": config, "template": template},
            "required": ["data"],
        },
        "ConfigRequest": {
            "title": "Config request",
            "type": "object",
            "properties": {"config": {"description": "Any JSON value."}},
            "required": ["config"],
        },
        "UsageRequest": {
            "title": "Usage request",
            "type": "object",
            "properties": {"config": config, "startFrom": moment},
        },
        "TestRequest": {
            "title": "Test request",
            "type": "object",
            "properties": {"to": to, "config": config, "locale": {**_STRING, "description": "A language tag."}},
            "required": ["to"],
        },
    }


def _apart(schema: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take a bundled schema and what it refers to apart."""
    own = {key: value for key, value in schema.items() if key not in {"$defs", "$schema"}}
    return own, dict(schema.get("$defs", {}))


def _schemas() -> dict[str, Any]:
    message, shared = _apart(MESSAGE_SCHEMA)
    issue = {
        "type": "object",
        "properties": {
            "path": {**_STRING, "examples": ["$.templates[0].subject"]},
            "keyword": _STRING,
            "message": {**_STRING, "description": "Never holds the value."},
            "severity": {"enum": ["error", "warning"]},
        },
        "required": ["path", "keyword", "message", "severity"],
    }
    issues = {"type": "array", "items": _ref("Issue")}
    codes = sorted({*map(str, ConnectorErrorCodes), *_HOST})
    metadata, metadata_parts = _apart(bundle("connector-metadata"))
    summary = {"id": _STRING, "type": {"enum": ["Email", "Sms"]}, "target": _STRING, "name": {"type": "object"}}
    schemas = {
        "Message": message,
        **_requests(_ref("Message")),
        **shared,
        **metadata_parts,
        "Metadata": metadata,
        "Issue": issue,
        "Accepted": _object({"requestId": _REQUEST_ID}),
        "Sent": _object({"requestId": _REQUEST_ID, "result": {"description": "What the connector returned."}}),
        "Usage": _object({"usage": {"description": "What the connector returned."}, "requestId": _REQUEST_ID}),
        "Verdict": _object({"valid": {"type": "boolean"}, "issues": issues, "requestId": _REQUEST_ID}),
        "Summary": _object(summary),
        "Connectors": _object({"connectors": {"type": "array", "items": _ref("Summary")}, "requestId": _REQUEST_ID}),
        "Connector": _object(
            {
                **summary,
                "metadata": _ref("Metadata"),
                "formItems": {"type": "array"},
                "configSchema": {"type": "object"},
                "requestId": _REQUEST_ID,
            }
        ),
        "Document": {"type": "object"},
        "Status": _object({"status": _STRING}),
        "Failure": _object(
            {
                "code": {"enum": codes},
                "message": {**_STRING, "description": "A sentence that an end user may read."},
                "requestId": _REQUEST_ID,
            },
            issues=issues,
        ),
    }
    relocated: dict[str, Any] = _relocate(schemas)
    return relocated


def _relocate(node: Any) -> Any:  # noqa: ANN401 - any part of a schema
    if isinstance(node, list):
        return [_relocate(item) for item in node]
    if not isinstance(node, dict):
        return node
    return {
        key: value.replace("#/$defs/", "#/components/schemas/") if key == "$ref" else _relocate(value)
        for key, value in node.items()
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: Mapping[str, Any], **optional: Any) -> dict[str, Any]:  # noqa: ANN401 - schemas
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


def _json(name: str) -> dict[str, Any]:
    return {"application/json": {"schema": _ref(name)}}


def _failures(statuses: Iterable[int]) -> dict[str, Any]:
    answers: dict[str, Any] = {
        str(status): {"description": _MEANINGS[status], "content": _json("Failure")} for status in statuses
    }
    if "503" in answers:
        answers["503"]["headers"] = {"Retry-After": {"schema": {"type": "integer"}, "description": "In seconds."}}
    return answers


def _reading(name: str, summary: str, answer: str, *, missing: bool = False) -> dict[str, Any]:
    statuses = (401, 403, *((404,) if missing else ()), 500)
    return {
        "operationId": name,
        "summary": summary,
        "responses": {"200": {"description": "As asked.", "content": _json(answer)}, **_failures(statuses)},
    }


def _calling(name: str, summary: str, request: str, answer: str, *, missing: bool = False) -> dict[str, Any]:
    statuses = sorted(set(_MEANINGS) - {405} - (set() if missing else {404}))
    return {
        "operationId": name,
        "summary": summary,
        "requestBody": {"required": True, "content": _json(request)},
        "responses": {"200": {"description": "Done.", "content": _json(answer)}, **_failures(statuses)},
    }


def _public(name: str, summary: str, *, unready: bool = False) -> dict[str, Any]:
    answers = {"200": {"description": "Yes.", "content": _json("Status")}}
    if unready:
        answers["503"] = {"description": "Not now.", "content": _json("Status")}
    return {"operationId": name, "summary": summary, "security": [], "responses": answers}
