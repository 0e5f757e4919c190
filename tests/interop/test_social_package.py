"""Social connectors in Logto: packages that its own loader has loaded, a running host, and providers."""

import json
import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import parse_qs, urlsplit

import pytest
from attrs import evolve, field, frozen

from conformance import PROFILES, Spec, State, check_connector
from conformance.npm import npm_connector
from connector_kit import ConnectorErrorCodes
from connector_kit.connectors.oidc import OpenIdConnector
from connector_kit.connectors.oidc.config import OpenIdConfig
from connector_kit.connectors.oidc.stub import OpenIdProvider
from connector_kit.host.responses import HOST_CODES
from connector_kit.settings import example_config
from tests.host.connectors.acme_hosted import ACCESS_TOKEN, ID_TOKEN, NONCE, REFRESHED, USER, VERIFIER
from tests.interop.logto.acme_social import AcmeSocial
from tests.interop.logto.instance import SOURCES, new_instance, write_packages
from tests.interop.logto.running_host import RunningHost, running_host
from tests.interop.official import Driver, UnavailableError, running_driver
from tests.interop.test_openid_provider import RunningProvider, openid_connector, provider, sign_in_as
from tests.loopback import HttpResponse, Loopback

pytestmark = pytest.mark.xdist_group("logto-social")  # all workers share one loader and one host

__all__ = ["provider"]  # a fixture

_OPENID: Final = "python-openid-connect"
_ACME: Final = "python-acme-social"
_PLAIN: Final = "python-acme-plain"
_TOKEN: Final = "host-token-a71c9e03d2"
_CLIENT_SECRET: Final = "client-secret-canary-4e"
_HOST_TOML: Final = """
[server]
token_env = ["HOST_TOKEN"]

[connectors.openid-connect]

[connectors.acme-social]
class = "tests.interop.logto.acme_social:AcmeSocial"

[connectors.acme-plain]
class = "tests.interop.logto.acme_social:AcmePlainSocial"
"""
_REDIRECT_URI: Final = "https://logto.example/callback/social"
_PAYLOAD: Final = {
    "state": "state-canary-0d7b",
    "redirectUri": _REDIRECT_URI,
    "connectorId": "c1",
    "connectorFactoryId": _ACME,
    "jti": "jti-canary-93",
    "headers": {"userAgent": "Mozilla/5.0"},
}
_SESSION: Final = {"redirectUri": _REDIRECT_URI, "state": "state-canary-0d7b", "verifier": "verifier-canary-5"}
_CALLBACK: Final = {"code": "code-canary-b8", "state": "state-canary-0d7b"}
_SECRETS: Final = {
    *(_TOKEN, _CLIENT_SECRET, "state-canary", "jti-canary", "verifier-canary", "code-canary", "refresh-canary"),
    *("saml-canary", ACCESS_TOKEN, ID_TOKEN, NONCE, VERIFIER, REFRESHED.access_token, REFRESHED.refresh_token),
    *(USER.name, USER.email),
}


@frozen
class Logto:
    """Logto's loader with our packages in its connectors folder.

    Args:
        driver: the Node.js process that runs it.
        loaded: the metadata and type of each loaded connector, by id.
        connectors: the connectors folder.
        secrets: what no log and no error may show.
    """

    driver: Driver = field(repr=False)
    loaded: Mapping[str, Mapping[str, Any]] = field(repr=False)
    connectors: Path
    secrets: set[str] = field(repr=False)

    def call(
        self, connector_id: str, method: str, value: object, config: object, session: object = None, **more: object
    ) -> Any:
        """Call a method; the result has what it returned and the sessions that it stored."""
        case = {"method": method, "value": json.dumps(value), "saved": json.dumps(config), **more}
        case |= {} if session is None else {"session": json.dumps(session)}
        return self.driver.ask("social", [case], {"id": connector_id})[0]

    def sign_in(self, config: Mapping[str, Any], browse: Any) -> Any:
        """Sign a user in with the connector for OpenID Connect, with token storage.

        Args:
            config: the connector's config.
            browse: opens the authorization URI, and returns the data of the callback.
        """
        payload = {**_PAYLOAD, "connectorFactoryId": _OPENID, "scope": "openid profile email"}
        started = self.call(_OPENID, "getAuthorizationUri", payload, config)
        (session,) = started["stored"]
        callback = browse(started["result"])
        self.secrets.update(
            value for key, value in session.items() if key not in {"redirectUri", "connectorId", "connectorFactoryId"}
        )
        self.secrets.add(callback["code"])
        found = self.call(_OPENID, "getTokenResponseAndUserInfo", callback, config, session)
        assert "result" in found, found
        self.secrets.update(found["result"]["tokenResponse"][name] for name in ("access_token", "id_token"))
        return found["result"]

    def assert_error(self, result: Any, code: str) -> Any:
        """Check that Logto gets a ConnectorError with the code and without secrets; return its data."""
        assert result.get("$throws") == "ConnectorError", result
        assert result["code"] == code, result
        assert result["data"].keys() >= {"message", "requestId", "errorDescription"}
        shown = json.dumps(result, ensure_ascii=False)
        assert [secret for secret in self.secrets if secret in shown] == []
        return result["data"]


@pytest.fixture(scope="module")
def logto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Logto]:
    """Install Logto's loader, package our connectors, and load them. In CI, an unavailable npm fails the tests."""
    written = tmp_path_factory.mktemp("written")
    try:
        instance = new_instance(tmp_path_factory.mktemp("logto"))
    except UnavailableError as error:
        if os.environ.get("CI"):
            pytest.fail(f"Logto's packages are required in CI: {error}")
        pytest.skip(str(error))
    module = AcmeSocial.__module__
    write_packages(
        written,
        ("openid-connect", "openid-connect"),
        (f"{module}:AcmeSocial", "acme-social"),
        (f"{module}:AcmePlainSocial", "acme-plain"),
    )
    for name in ("openid-connect", "acme-social", "acme-plain"):
        instance.copy(written / name, f"connector-{name}")
    with running_driver(SOURCES) as driver:
        (result,) = driver.ask("load", [{"directory": str(instance.connectors)}], {})
        yield Logto(
            driver, {it["metadata"]["id"]: it for it in result["factories"]}, instance.connectors, set(_SECRETS)
        )


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory, logto: Logto) -> Iterator[RunningHost]:
    """Run a host with all three connectors. At the end, its log must not contain a secret."""
    with running_host(tmp_path_factory.mktemp("host"), _HOST_TOML, {"HOST_TOKEN": _TOKEN}) as running:
        yield running
    log = "".join(running.log)
    assert '"event": "request"' in log
    assert [secret for secret in logto.secrets if secret in log] == []


def _at(host: RunningHost | Loopback, config: Mapping[str, Any] | None = None) -> dict[str, Any]:
    return {**(config or {"clientSecret": _CLIENT_SECRET}), "hostEndpoint": host.url, "hostToken": _TOKEN}


# --- loading ---


def test_loader_loads_social_packages_with_the_methods_of_their_connectors(logto: Logto) -> None:
    """Logto reads id, target, platform and what the connector supports from the metadata."""
    assert {it["type"] for it in logto.loaded.values()} == {"Social"}
    metadata = logto.loaded[_ACME]["metadata"]
    assert (metadata["target"], metadata["platform"], metadata["name"]) == ("acme", "Web", {"en": "Acme"})
    assert (metadata["isStandard"], metadata["isTokenStorageSupported"]) == (True, True)
    required = {"type", "metadata", "configGuard", "getAuthorizationUri", "getUserInfo"}
    optional = {"getTokenResponseAndUserInfo", "getAccessTokenByRefreshToken", "validateSamlAssertion"}
    methods = {it: set(logto.driver.ask("methods", [{}], {"id": it})[0]) for it in (_PLAIN, _ACME)}
    assert methods == {_PLAIN: required, _ACME: required | optional}
    for connector_id in logto.loaded:
        assert logto.driver.ask("metadata", [{}], {"id": connector_id}) == [True]


# --- a browser signs in ---


def test_user_signs_in_at_a_certified_openid_provider(
    logto: Logto, host: RunningHost, provider: RunningProvider
) -> None:
    """Authorization, callback, user info and refresh; the same after the provider has replaced its keys."""
    config = _at(host, openid_connector(provider).get_config(""))  # type: ignore[arg-type]  # a mapping
    logto.secrets.add(config["clientSecret"])
    for user in ("alice", "bob"):
        found = logto.sign_in(config, lambda uri, user=user: dict(sign_in_as(user, uri)))
        assert found["userInfo"]["id"] == user
        assert found["userInfo"]["email"] == f"{user}@user.example"
        refresh_token = found["tokenResponse"]["refresh_token"]
        logto.secrets.add(refresh_token)
        renewed = logto.call(_OPENID, "getAccessTokenByRefreshToken", refresh_token, config)["result"]
        assert renewed["access_token"] not in {None, found["tokenResponse"]["access_token"]}
        logto.secrets.add(renewed["access_token"])
        provider.request("/test/rotate")


def test_user_signs_in_at_a_stub(logto: Logto, host: RunningHost) -> None:
    """Also without token storage; a code in another session is an error without the code."""
    stub = OpenIdProvider()
    with stub.running():
        config = _at(host, stub.prepare_config(example_config(OpenIdConfig)))
        logto.secrets.add(config["clientSecret"])
        assert logto.sign_in(config, lambda uri: stub.authorize(uri).callback)["userInfo"]["id"]
        payload = {**_PAYLOAD, "connectorFactoryId": _OPENID}
        first, second = (logto.call(_OPENID, "getAuthorizationUri", payload, config) for _ in range(2))
        consent = stub.authorize(first["result"])
        logto.secrets.add(consent.callback["code"])
        stolen = logto.call(_OPENID, "getUserInfo", consent.callback, config, second["stored"][0])
        assert stolen["$throws"] == "ConnectorError"
        logto.assert_error(stolen, stolen["code"])
        consent = stub.authorize(second["result"])
        found = logto.call(_OPENID, "getUserInfo", consent.callback, config, second["stored"][0])
        assert found["result"]["id"] == consent.user_id
        logto.secrets.add(consent.callback["code"])


class _HostedProvider(OpenIdProvider):
    """A stub for a connector that runs in the host: the package may open sockets to the host too."""

    host: ClassVar[RunningHost]

    @property
    def addresses(self) -> Collection[tuple[str, int]]:
        """The stub's addresses, and that of the host."""
        return [*super().addresses, ("127.0.0.1", int(self.host.url.rpartition(":")[2]))]

    def prepare_config(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """Return the config with the addresses of the stub and of the host."""
        return _at(self.host, super().prepare_config(config))


def test_package_passes_every_check_of_the_conformance_suite(logto: Logto, host: RunningHost) -> None:
    """The same checks as for the Python connector, with its stub: each call passes through the package and the host."""
    declared, schema = OpenIdConnector.declaration, OpenIdConnector.config_guard.schema
    assert declared is not None
    own = {"hostEndpoint": {"const": host.url}, "hostToken": {"const": _TOKEN}}
    spec = Spec(
        connector=npm_connector(
            logto.connectors / "connector-openid-connect",
            schema={**schema, "properties": {**schema["properties"], **own}},
        ),
        provider=type("HostedProvider", (_HostedProvider,), {"host": host}),
        valid_config=_at(host, example_config(OpenIdConfig)),
        capabilities=declared.capabilities,
        secrets=(*declared.secrets, "hostToken"),
    )
    report = check_connector(spec, profile=evolve(PROFILES["ci"], examples=3, failure_examples=1))
    assert [(it.id, it.message) for it in report.results if it.is_error or it.state is State.FAILED] == []
    assert report.conforms


# --- sessions ---


def test_sessions_are_stored_in_their_order(logto: Logto, host: RunningHost) -> None:
    """As the connector stored them; the ids of the factory are those of the connector, not of the package."""
    found = logto.call(_ACME, "getAuthorizationUri", _PAYLOAD, _at(host))
    assert urlsplit(found["result"]).netloc == "acme.example"
    assert parse_qs(urlsplit(found["result"]).query) == {"state": [_PAYLOAD["state"]]}
    assert found["stored"] == [
        {"nonce": NONCE, "verifier": VERIFIER, "list": [1, None]},
        {"redirectUri": _REDIRECT_URI, "state": _PAYLOAD["state"]},
    ]


def test_errors_of_setting_a_session_reach_logto(logto: Logto, host: RunningHost) -> None:
    """For example those of the Management API, which has no session."""
    found = logto.call(_ACME, "getAuthorizationUri", _PAYLOAD, _at(host), setSessionFails=True)
    assert (found["$throws"], found["code"]) == ("Error", "session.connector_validation_session_not_found")
    plain = logto.call(_PLAIN, "getAuthorizationUri", _PAYLOAD, _at(host), setSessionFails=True)
    assert plain == {"result": "https://acme.example/authorize", "stored": []}


def test_missing_session_is_logtos_error_only_if_the_connector_reads_it(logto: Logto, host: RunningHost) -> None:
    """Logto shows its own error then."""
    for method in ("getUserInfo", "getTokenResponseAndUserInfo"):
        found = logto.call(_ACME, method, _CALLBACK, _at(host))
        assert (found["$throws"], found["code"]) == ("Error", "session.connector_validation_session_not_found")
    assert logto.call(_ACME, "getUserInfo", {**_CALLBACK, "sessionless": True}, _at(host))["result"]["id"] == USER.id
    assert logto.call(_PLAIN, "getUserInfo", None, _at(host))["result"]["id"] == USER.id


def test_saml_assertion_returns_the_address_and_stores_the_profile(logto: Logto, host: RunningHost) -> None:
    assertion = {"body": {"SAMLResponse": "saml-canary-1", "RelayState": "jti-canary-93"}}
    found = logto.call(_ACME, "validateSamlAssertion", assertion, _at(host), _SESSION)
    assert found["result"] == f"{_REDIRECT_URI}?keys=redirectUri-state-verifier-profile"
    assert found["stored"] == [{"profile": assertion["body"]}]


def test_user_and_tokens_arrive_unchanged(logto: Logto, host: RunningHost) -> None:
    found = logto.call(_ACME, "getTokenResponseAndUserInfo", _CALLBACK, _at(host), _SESSION)["result"]
    user = {"id": USER.id, "email": USER.email, "name": USER.name, "rawData": USER.raw_data}
    assert found == {"userInfo": user, "tokenResponse": {"access_token": ACCESS_TOKEN, "id_token": ID_TOKEN}}
    data = {**_CALLBACK, "outcome": "no-tokens"}
    assert logto.call(_ACME, "getTokenResponseAndUserInfo", data, _at(host), _SESSION)["result"] == {"userInfo": user}


# --- errors ---

_METHODS: Final = {
    "getAuthorizationUri": lambda outcome: {**_PAYLOAD, "scope": outcome},
    "getUserInfo": lambda outcome: {**_CALLBACK, "outcome": outcome},
    "getTokenResponseAndUserInfo": lambda outcome: {**_CALLBACK, "outcome": outcome},
    "getAccessTokenByRefreshToken": lambda outcome: f"{outcome}:refresh-canary-7",
}


@pytest.mark.parametrize("method", _METHODS)
def test_each_error_code_reaches_logto_without_secrets(logto: Logto, host: RunningHost, method: str) -> None:
    """The connector puts all it knows into its error; users read a fixed sentence."""
    for code in ConnectorErrorCodes:
        found = logto.call(_ACME, method, _METHODS[method](code), _at(host), _SESSION)
        assert logto.assert_error(found, code)["message"] == code.sign_in_message
    for outcome in ("crash", "listed", "bare"):
        logto.assert_error(logto.call(_ACME, method, _METHODS[method](outcome), _at(host), _SESSION), "general")


def test_invalid_config_is_not_sent(logto: Logto, host: RunningHost) -> None:
    config = {**_at(host), "clientSecret": [_CLIENT_SECRET]}
    found = logto.call(_ACME, "getUserInfo", _CALLBACK, config, _SESSION)
    assert found["code"] == "invalid_config"
    assert _CLIENT_SECRET not in json.dumps(found)


@pytest.mark.parametrize("code", HOST_CODES)
def test_each_error_code_of_the_host_becomes_a_connector_error(logto: Logto, loopback: Loopback, code: str) -> None:
    """No text is about messages."""
    status, _ = HOST_CODES[code]
    loopback.answers = [HttpResponse(status, json.dumps({"code": code, "message": "m", "requestId": "r"}).encode())]
    found = logto.call(_ACME, "getUserInfo", _CALLBACK, _at(loopback), _SESSION)
    expected = {"busy": "rate_limit_exceeded", "too_large": "invalid_request_parameters"}.get(code, "general")
    assert "message" not in logto.assert_error(found, expected)["message"]


def test_lost_connection_and_unreachable_host_are_errors_about_the_sign_in(logto: Logto, loopback: Loopback) -> None:
    loopback.answers = [HttpResponse(instead="reset")]
    found = logto.call(_ACME, "getUserInfo", _CALLBACK, _at(loopback), _SESSION)
    assert "start the sign-in again" in logto.assert_error(found, "general")["message"]
    with Loopback() as stopped:
        config = _at(stopped)
    found = logto.call(_ACME, "getUserInfo", _CALLBACK, config, _SESSION)
    assert "try again later" in logto.assert_error(found, "general")["message"]


_UNEXPECTED: Final = (
    ("getUserInfo", {}),
    ("getUserInfo", {"userInfo": {"id": 7}}),
    ("getTokenResponseAndUserInfo", {"userInfo": {"id": "a"}, "tokenResponse": None}),
    ("getAccessTokenByRefreshToken", {"tokenResponse": []}),
    ("getAuthorizationUri", {"redirectTo": "https://a.example"}),
    ("getAuthorizationUri", {"redirectTo": 1, "sessions": []}),
    ("validateSamlAssertion", {"redirectTo": "https://a.example", "sessions": ["a"]}),
)


@pytest.mark.parametrize(("method", "body"), _UNEXPECTED)
def test_response_without_the_result_is_an_invalid_response(
    logto: Logto, loopback: Loopback, method: str, body: object
) -> None:
    """The server may not be a host."""
    loopback.answers = [HttpResponse(200, json.dumps(body).encode())]
    found = logto.call(_ACME, method, {}, _at(loopback), _SESSION)
    assert (found["$throws"], found["code"]) == ("ConnectorError", "invalid_response")


def test_user_may_have_more_data_than_a_message(logto: Logto, loopback: Loopback) -> None:
    """Up to a megabyte, for example with the groups of the user."""
    user = {"id": "a", "rawData": {"groups": ["x" * 1000] * 200}}
    loopback.answers = [HttpResponse(200, json.dumps({"userInfo": user, "requestId": "r"}).encode())]
    assert logto.call(_ACME, "getUserInfo", _CALLBACK, _at(loopback), _SESSION)["result"] == user
    loopback.answers = [HttpResponse(200, json.dumps({"userInfo": {"id": "a", "rawData": "x" * 1_048_576}}).encode())]
    found = logto.call(_ACME, "getUserInfo", _CALLBACK, _at(loopback), _SESSION)
    logto.assert_error(found, "general")


def test_request_has_only_what_the_host_needs(logto: Logto, loopback: Loopback) -> None:
    """The keys for the host stay in Logto; the id of the factory is the connector's own."""
    loopback.answers = [HttpResponse(200, b'{"redirectTo": "https://a.example", "sessions": []}')]
    logto.call(_ACME, "getAuthorizationUri", {**_PAYLOAD, "more": 1}, _at(loopback))
    (request,) = loopback.requests
    assert request.path == "/connectors/acme-social/authorization-uri"
    own = {key: it for key, it in _PAYLOAD.items() if key != "headers"}
    expected = {**own, "connectorFactoryId": "acme-social", "userAgent": "Mozilla/5.0"}
    assert json.loads(request.body) == {"request": expected, "config": {"clientSecret": _CLIENT_SECRET}}
