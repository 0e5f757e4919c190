"""The routes of social connectors: what goes to the connector, what comes back, errors, and secrets."""

import json
from types import ModuleType
from typing import Any, Final

import pytest

from connector_kit import ConnectorErrorCodes, to_json
from connector_kit.host import HostedSettings
from connector_kit.host.responses import HOST_CODES, SIGN_IN_MESSAGES
from tests.host.conftest import CLIENT_SECRET, SOCIAL_CONFIG, TOKEN, Client, message

Log = list[dict[str, Any]]

_STATE: Final = "state-canary-81c4"
_CODE: Final = "code-canary-2f9e"
_REQUEST: Final = {
    "state": _STATE,
    "redirectUri": "https://logto.example/callback/acme",
    "connectorId": "c1",
    "connectorFactoryId": "acme-social",
    "jti": "jti-canary-6d0a",
}
_SESSION: Final = {"state": _STATE, "redirectUri": _REQUEST["redirectUri"], "verifier": "verifier-canary-b3"}
_ASSERTION: Final = {"body": {"SAMLResponse": "saml-canary-77", "RelayState": _REQUEST["jti"]}}

_BODIES: Final[dict[str, dict[str, Any]]] = {
    "authorization-uri": {"request": _REQUEST},
    "user-info": {"data": {"code": _CODE}, "session": _SESSION},
    "token-response-and-user-info": {"data": {"code": _CODE}, "session": _SESSION},
    "access-token-by-refresh-token": {"refreshToken": "refresh-canary-5e"},
    "validate-saml-assertion": {"assertion": _ASSERTION, "session": _SESSION},
}


def _failing(call: str, outcome: str) -> dict[str, Any]:
    """Return the body of a call whose outcome is the given one."""
    if call == "authorization-uri":
        return {"request": {**_REQUEST, "scope": outcome}}
    if call == "access-token-by-refresh-token":
        return {"refreshToken": f"{outcome}:refresh-canary-5e"}
    return {"data": {"code": _CODE, "outcome": outcome}, "session": _SESSION}


_FAILING: Final = tuple(_BODIES)[:4]


def _secrets(acme: ModuleType) -> tuple[str, ...]:
    return (
        *(TOKEN, CLIENT_SECRET, _STATE, _CODE, "jti-canary-6d0a", "verifier-canary-b3", "refresh-canary-5e"),
        *("saml-canary-77", acme.VERIFIER, acme.NONCE, acme.ACCESS_TOKEN, acme.ID_TOKEN, acme.REFRESHED.access_token),
        *(acme.REFRESHED.refresh_token, acme.USER.email, acme.USER.name, acme.USER.id),
    )


def _post(host: Any, call: str, body: object, connector: str = "acme-social") -> Any:
    return host.post(f"/connectors/{connector}/{call}", json=body)


# --- what each call does ---


def test_authorization_uri_comes_with_the_sessions_in_their_order(client: Client, acme: ModuleType) -> None:
    """The connector gets the whole request."""
    body = {"request": {**_REQUEST, "userAgent": "Mozilla/5.0", "scope": "email"}}
    answer = _post(client(), "authorization-uri", body).json()
    assert answer.pop("requestId")
    assert answer == {
        "redirectTo": f"https://acme.example/authorize?state={_STATE}",
        "sessions": [
            {"nonce": acme.NONCE, "verifier": acme.VERIFIER, "list": [1, None]},
            {"redirectUri": _REQUEST["redirectUri"], "state": _STATE},
        ],
    }
    (_, request) = acme.SENT[0]
    assert to_json(request) == body["request"]


def test_user_info_is_that_of_the_callback(client: Client, acme: ModuleType) -> None:
    """The connector gets the callback's data and the session."""
    answer = _post(client(), "user-info", _BODIES["user-info"]).json()
    assert answer["userInfo"] == {
        "id": "acme-user-1",
        "email": acme.USER.email,
        "name": acme.USER.name,
        "rawData": {"sub": ["acme-user-1"]},
    }
    assert answer.keys() == {"userInfo", "requestId"}
    (_, data, session) = acme.SENT[0]
    assert (data, to_json(session)) == ({"code": _CODE}, _SESSION)


def test_tokens_come_with_the_user(client: Client, acme: ModuleType) -> None:
    """A connector may return no tokens."""
    host, call = client(), "token-response-and-user-info"
    answer = _post(host, call, _BODIES[call]).json()
    assert answer["tokenResponse"] == {"access_token": acme.ACCESS_TOKEN, "id_token": acme.ID_TOKEN}
    assert answer["userInfo"]["id"] == "acme-user-1"
    assert _post(host, call, _failing(call, "no-tokens")).json().keys() == {"userInfo", "requestId"}


def test_refreshed_tokens_are_returned(client: Client, acme: ModuleType) -> None:
    answer = _post(client(), "access-token-by-refresh-token", {"refreshToken": "refresh-1"}).json()
    assert answer["tokenResponse"] == to_json(acme.REFRESHED)
    assert acme.SENT[0][1] == "refresh-1"


def test_saml_connector_reads_what_it_has_stored(client: Client, acme: ModuleType) -> None:
    """As in Logto, stored values are added to those of the session; the response has only the stored ones."""
    call = "validate-saml-assertion"
    host = client()
    answer = _post(host, call, _BODIES[call]).json()
    assert answer["redirectTo"] == f"{_REQUEST['redirectUri']}?keys=redirectUri-state-verifier-profile"
    assert answer["sessions"] == [{"profile": _ASSERTION["body"]}]
    assert acme.SENT[0][1] == _ASSERTION
    assert _post(host, call, {"assertion": _ASSERTION}).json()["redirectTo"] == "None?keys=profile"


def test_config_of_the_request_replaces_the_saved_one(client: Client, acme: ModuleType) -> None:
    """For each call; without one, the saved config is used."""
    host = client()
    for call, body in _BODIES.items():
        assert _post(host, call, {**body, "config": {"clientSecret": "own"}}).is_success
        assert _post(host, call, body).is_success
    assert [it[0] for it in acme.SENT] == [{"clientSecret": "own"}, dict(SOCIAL_CONFIG)] * len(_BODIES)


def test_connector_without_session_is_called_without_one(client: Client) -> None:
    """Only a connector that reads the session gets the error."""
    host = client()
    for session in ({}, {"session": None}):
        assert _post(host, "user-info", {"data": {"code": _CODE, "sessionless": True}, **session}).is_success
        response = _post(host, "user-info", {"data": {"code": _CODE}, **session})
        assert (response.status_code, response.json()["code"]) == (400, "no_session")
        assert response.json()["message"] == HOST_CODES["no_session"][1]


def test_methods_that_a_connector_lacks_are_not_implemented(client: Client, acme: ModuleType) -> None:
    """The status is 501, as for Logto."""
    host = client(connectors=(HostedSettings(acme.AcmePlainSocial, {}),), email=None, sms=None)
    statuses = {call: _post(host, call, body, "acme-plain").status_code for call, body in _BODIES.items()}
    assert statuses == dict(zip(_BODIES, (200, 200, 501, 501, 501), strict=True))


# --- which connectors have which routes ---


def test_routes_exist_only_for_the_connectors_of_their_kind(client: Client) -> None:
    """A message cannot be sent with a social connector, and nobody signs in with a message connector."""
    host = client()
    for call, body in _BODIES.items():
        assert _post(host, call, body, "acme-mail").json()["code"] == "not_found"
    for call, body in {"send-message": {"data": message()}, "test": {"to": "a@b.co"}, "usage": {}}.items():
        assert _post(host, call, body).json()["code"] == "not_found"
    assert _post(host, "validate-config", {"config": {}}).json()["valid"] is False
    assert host.get("/connectors/acme-social").json()["type"] == "Social"


def test_host_of_one_kind_has_only_its_routes(client: Client, acme: ModuleType) -> None:
    """Neither the routes of the other kind nor their documentation."""
    social = client(connectors=(HostedSettings(acme.AcmeSocial),), email=None, sms=None)
    mail = client(connectors=(HostedSettings(acme.AcmeMail),), email=None, sms=None)
    for host, kept, gone in ((social, "user-info", "send-message"), (mail, "send-message", "user-info")):
        paths = host.get("/openapi.json").json()["paths"]
        assert f"/connectors/{{id}}/{kept}" in paths
        assert f"/connectors/{{id}}/{gone}" not in paths


@pytest.mark.parametrize("call", _BODIES)
def test_token_is_required(client: Client, acme: ModuleType, call: str) -> None:
    assert _post(client(headers={}), call, _BODIES[call]).json()["code"] == "unauthorized"
    assert acme.SENT == []


# --- errors ---


@pytest.mark.parametrize("code", ConnectorErrorCodes)
def test_each_code_of_the_connector_has_its_status_and_a_message_about_signing_in(
    client: Client, code: ConnectorErrorCodes
) -> None:
    """No message is about messages: the user signs in."""
    response = _post(client(), "user-info", _failing("user-info", code))
    assert response.status_code == code.http_status
    body = response.json()
    body.pop("requestId")
    issues = body.pop("issues", [])
    assert body == {"code": code, "message": code.sign_in_message}
    assert issues == []
    assert code.value.startswith("template") or "message" not in code.sign_in_message


@pytest.mark.parametrize("call", _BODIES)
def test_invalid_request_lists_its_issues_without_values(client: Client, acme: ModuleType, call: str) -> None:
    """Also an invalid config."""
    host = client()
    for body in ({}, {**_BODIES[call], "session": {"state": 7}, "refreshToken": 7, "request": {"state": _STATE}}):
        response = _post(host, call, body)
        assert response.json()["code"] == "invalid_request_parameters"
        assert response.json()["issues"]
        assert _STATE not in response.text
    response = _post(host, call, {**_BODIES[call], "config": {"clientSecret": [CLIENT_SECRET]}})
    assert response.json()["code"] == "invalid_config"
    assert response.json()["issues"][0]["path"] == "$.clientSecret"
    assert CLIENT_SECRET not in response.text
    assert acme.SENT == []


def test_missing_config_is_an_invalid_config(client: Client, acme: ModuleType) -> None:
    host = client(connectors=(HostedSettings(acme.AcmeSocial),), email=None, sms=None)
    assert _post(host, "user-info", _BODIES["user-info"]).json()["code"] == "invalid_config"


_WRONG: Final = (
    *(("authorization-uri", outcome) for outcome in ("not-json",)),
    *(("user-info", outcome) for outcome in ("not-a-user", "not-json", "invalid-user")),
    *(("token-response-and-user-info", outcome) for outcome in ("text", "not-tokens")),
    ("access-token-by-refresh-token", "text"),
)


@pytest.mark.parametrize(("call", "outcome"), _WRONG)
def test_result_of_a_wrong_type_is_a_crash_of_the_connector(client: Client, log: Log, call: str, outcome: str) -> None:
    """Such as user data that are not JSON."""
    assert _post(client(), call, _failing(call, outcome)).json()["code"] == "internal"
    assert log[0]["exception"] == "TypeError"


def test_late_sign_in_is_answered_at_the_deadline_and_logged_later(client: Client, acme: ModuleType, log: Log) -> None:
    """The only slot is busy until then."""
    host = client(deadline_seconds=0.3, slots=1, metrics=True)
    late = _post(host, "user-info", _failing("user-info", "hang"))
    assert (late.status_code, late.json()["message"]) == (504, SIGN_IN_MESSAGES["timed_out"])
    busy = _post(host, "user-info", _BODIES["user-info"])
    assert (busy.status_code, busy.json()["message"]) == (503, SIGN_IN_MESSAGES["busy"])
    acme.RELEASE.set()
    for _ in range(200):
        if any(line["event"] == "late" for line in log):
            break
        acme.STARTED.clear()
        acme.STARTED.wait(0.02)
    (line,) = (it for it in log if it["event"] == "late")
    assert (line["connector"], line["code"]) == ("acme-social", "ok")


# --- secrets ---


@pytest.mark.parametrize("call", _FAILING)
@pytest.mark.parametrize("outcome", ["general", "invalid_config", "invalid_response", "listed", "crash", "bare"])
def test_no_secret_is_in_an_error_or_in_the_log(
    client: Client, acme: ModuleType, log: Log, call: str, outcome: str
) -> None:
    """Not even if the connector puts all it knows into its error: config, callback, session, tokens and user."""
    response = _post(client(), call, _failing(call, outcome))
    assert not response.is_success
    shown = response.text + json.dumps(log)
    assert [secret for secret in _secrets(acme) if secret in shown] == []


@pytest.mark.parametrize("call", _BODIES)
def test_log_of_a_successful_call_has_no_data(client: Client, acme: ModuleType, log: Log, call: str) -> None:
    """The answer has the secrets that it has by contract."""
    assert _post(client(), call, _BODIES[call]).is_success
    assert [secret for secret in _secrets(acme) if secret in json.dumps(log)] == []
    assert log[0].keys() == {
        *("time", "level", "event", "request_id", "status", "ms", "method", "path", "client", "connector"),
    }


def test_log_names_the_cause_by_known_words(client: Client, log: Log) -> None:
    """The provider's text may have tokens and personal data, so the log shows only statuses and words of OAuth."""
    _post(client(), "user-info", _failing("user-info", "social_auth_code_invalid"))
    assert log[0]["code"] == "social_auth_code_invalid"
    assert log[0]["detail"] == {"message": "[redacted] invalid_grant, HTTP 401"}
    assert log[0]["cause"] == "OSError"


def test_log_shows_the_text_of_a_failed_authorization_uri(client: Client, log: Log) -> None:
    """The provider has sent no secrets then, and the host knows all others."""
    _post(client(), "authorization-uri", _failing("authorization-uri", "invalid_response"))
    text = log[0]["detail"]["message"]
    assert text.startswith("Acme: invalid_grant, HTTP 401, [redacted] [redacted] [redacted] [redacted]")


# --- metrics ---


def test_calls_are_counted_by_outcome(client: Client) -> None:
    host = client(metrics=True)
    _post(host, "user-info", _BODIES["user-info"])
    _post(host, "user-info", _failing("user-info", "crash"))
    _post(host, "user-info", {"data": {}})
    _post(host, "authorization-uri", _failing("authorization-uri", "general"))
    text = host.get("/metrics").text
    for call, outcome in (
        *(("user-info", it) for it in ("ok", "internal", "no_session")),
        ("authorization-uri", "general"),
    ):
        labels = f'call="{call}",connector="acme-social",outcome="{outcome}"'
        assert f"connector_kit_social_calls_total{{{labels}}} 1.0" in text
    assert 'connector_kit_social_call_seconds_count{connector="acme-social"} 4.0' in text
    assert "connector_kit_sends_total{" not in text
