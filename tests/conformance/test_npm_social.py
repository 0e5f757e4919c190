"""Social connectors in Node.js: the arguments, the session and the results cross to Node.js and back."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from conformance import PROFILES, Spec, State, check_connector
from conformance.npm import NodeError, NodeSocialConnector, npm_connector
from conformance.npm.official import OFFICIAL_PACKAGES
from conformance.providers.http_messages import HttpRequest
from conformance.providers.oauth2 import OAuth2Provider
from connector_kit import (
    AuthorizationRequest,
    ConnectorSession,
    SocialConnector,
    SocialUserInfo,
    TokenResponse,
    TokenResponseAndUserInfo,
)

pytestmark = pytest.mark.skipif(
    not os.environ.get("CI") and not any((Path(it) / "node").exists() for it in os.get_exec_path()),
    reason="Node.js is not installed",
)

Make = Callable[..., Any]

_METADATA: Mapping[str, Any] = {
    "id": "acme",
    "target": "acme",
    "platform": "Universal",
    "name": {"en": "Acme"},
    "logo": "./logo.svg",
    "logoDark": None,
    "description": {"en": "Sign in with Acme."},
    "readme": "./README.md",
}
_KEYS = ("authorizationEndpoint", "tokenEndpoint", "userInfoEndpoint", "clientId", "clientSecret")
_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {key: {"type": "string"} for key in _KEYS},
    "required": [*_KEYS],
}
_START = f"""
const isText = (it) => typeof it === 'string';
const configGuard = {{
  safeParse(config) {{
    const isObject = typeof config === 'object' && config !== null && !Array.isArray(config);
    const issues = {json.dumps(_KEYS)}
      .filter((key) => !isObject || !isText(config[key]))
      .map((key) => ({{ path: isObject ? [key] : [], code: 'invalid_type', message: 'Expected a string' }}));
    return issues.length > 0 ? {{ success: false, error: {{ issues }} }} : {{ success: true, data: config }};
  }},
}};
class ConnectorError extends Error {{
  constructor(code, data) {{
    super(`ConnectorError: ${{code}}`);
    this.code = code;
    this.data = data;
  }}
}}
"""
_URI = "getAuthorizationUri: async () => 'https://acme.example/'"
_USER = "getUserInfo: async () => ({ id: 'u1' })"


def _write(folder: Path, *methods: str, start: str = "", **metadata: object) -> Path:
    """Write a package with these methods."""
    (folder / "lib").mkdir(parents=True)
    (folder / "package.json").write_text(json.dumps({"name": "acme", "version": "1.2.3", "type": "module"}))
    (folder / "logo.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')
    (folder / "README.md").write_text("# Acme\n")
    members = ",\n".join(
        ("type: 'Social'", f"metadata: {json.dumps({**_METADATA, **metadata})}", "configGuard", *methods)
    )
    (folder / "lib" / "index.js").write_text(
        f"{_START}\nexport default async ({{ getConfig }}) => {{\n{start}\nreturn {{ {members} }};\n}};\n"
    )
    return folder


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make the class of a package with these methods, and end its process afterwards."""
    made: list[type[Any]] = []

    def make_one(*methods: str, **more: Any) -> type[Any]:
        folder = _write(tmp_path / f"package-{len(made)}", *methods, **more)
        made.append(npm_connector(folder, schema=_SCHEMA, time_limit=20))
        return made[-1]

    yield make_one
    for connector in made:
        connector.driver.close()


def _request(**more: str) -> AuthorizationRequest:
    return AuthorizationRequest("s1", "https://logto.example/callback", "c1", "acme", "j1", **more)


def _new(connector: type[Any]) -> Any:
    return connector(get_config=lambda _: {})


def _no_session() -> ConnectorSession:
    raise AssertionError


# --- arguments and results ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "expected"),
    [({}, {"headers": {}}), ({"user_agent": "M", "scope": "a b"}, {"headers": {"userAgent": "M"}, "scope": "a b"})],
)
def test_authorization_request_has_the_form_of_logto(make: Make, more: Any, expected: Mapping[str, Any]) -> None:
    """The browser's name is in the headers, and what is unknown is left out."""
    connector = _new(make("getAuthorizationUri: async (request) => JSON.stringify(request)", _USER))
    found = json.loads(connector.get_authorization_uri(_request(**more), lambda _: None))
    rest = {"redirectUri": "https://logto.example/callback", "connectorId": "c1", "connectorFactoryId": "acme"}
    assert found == {"state": "s1", "jti": "j1", **rest, **expected}


def test_user_info_is_read_as_logto_stores_it(make: Make) -> None:
    """Members that are undefined are left out, and the callback's data arrives unchanged."""
    body = "({ id: 'u1', email: undefined, name: 'A', rawData: data })"
    connector = _new(make(_URI, f"getUserInfo: async (data) => {body}"))
    data = {"code": "c", "nested": [1, None, "\ud800"]}
    assert connector.get_user_info(data, _no_session) == SocialUserInfo("u1", name="A", raw_data=data)


@pytest.mark.parametrize(
    ("tokens", "expected"), [("{ access_token: 'a' }", TokenResponse(access_token="a")), ("undefined", None)]
)
def test_tokens_and_user_are_read(make: Make, tokens: str, expected: TokenResponse | None) -> None:
    """Logto accepts a user without tokens."""
    method = f"getTokenResponseAndUserInfo: async () => ({{ userInfo: {{ id: 'u1' }}, tokenResponse: {tokens} }})"
    connector = _new(make(_URI, _USER, method))
    found = connector.get_token_response_and_user_info({}, _no_session)
    assert found == TokenResponseAndUserInfo(SocialUserInfo("u1"), expected)


def test_refresh_token_reaches_the_package(make: Make) -> None:
    """Its result is a TokenResponse."""
    connector = _new(make(_URI, _USER, "getAccessTokenByRefreshToken: async (it) => ({ access_token: `new ${it}` })"))
    assert connector.get_access_token_by_refresh_token("r1") == TokenResponse(access_token="new r1")


def test_methods_that_the_package_lacks_are_not_implemented(make: Make) -> None:
    """The class has those of the base class."""
    connector = make(_URI, _USER)
    assert issubclass(connector, NodeSocialConnector)
    for name in ("get_token_response_and_user_info", "get_access_token_by_refresh_token", "validate_saml_assertion"):
        assert getattr(connector, name) is getattr(SocialConnector, name)


@pytest.mark.parametrize(
    ("method", "result", "words"),
    [
        ("getUserInfo", "({ id: 7 })", r"Logto cannot store the value of getUserInfo: \$\.id"),
        ("getUserInfo", "undefined", "cannot store the value of getUserInfo"),
        ("getUserInfo", "({ id: 'u1', rawData: { amount: 1n } })", "cannot store the value of getUserInfo"),
        ("getTokenResponseAndUserInfo", "[]", "cannot store the value of getTokenResponseAndUserInfo"),
        ("getTokenResponseAndUserInfo", "({ userInfo: { id: 'u' }, tokenResponse: 1 })", "cannot store"),
    ],
)
def test_result_that_logto_cannot_store_is_a_node_error(make: Make, method: str, result: str, words: str) -> None:
    """It names the method and the place."""
    others = [_URI, *([] if method == "getUserInfo" else [_USER])]
    connector = _new(make(*others, f"{method}: async () => {result}"))
    call = connector.get_user_info if method == "getUserInfo" else connector.get_token_response_and_user_info
    with pytest.raises(NodeError, match=words):
        call({}, _no_session)


# --- the session ----------------------------------------------------------------------------------------------------


def test_session_travels_to_python_and_back(make: Make) -> None:
    """What setSession stores is what getSession returns, with keys that Logto does not know."""
    connector = _new(
        make(
            "getAuthorizationUri: async ({ state }, setSession) => {"
            " await setSession({ nonce: 'n1', redirectUri: undefined, verifier: { of: state } }); return 'https://a.example'; }",
            "getUserInfo: async (data, getSession) => ({ id: 'u1', rawData: await getSession() })",
        )
    )
    stored: list[ConnectorSession] = []
    connector.get_authorization_uri(_request(), stored.append)
    assert stored == [ConnectorSession(nonce="n1", extra={"verifier": {"of": "s1"}})]
    found = connector.get_user_info({}, lambda: stored[-1])
    assert found.raw_data == {"nonce": "n1", "verifier": {"of": "s1"}}


def test_session_that_logto_cannot_store_is_a_node_error(make: Make) -> None:
    """The keys that Logto knows are strings."""
    connector = _new(
        make("getAuthorizationUri: async (_, setSession) => { await setSession({ nonce: 7 }); return ''; }", _USER)
    )
    with pytest.raises(NodeError, match=r"cannot store the value of setSession: \$\.nonce: expected string"):
        connector.get_authorization_uri(_request(), lambda _: None)


def test_saml_assertion_reads_and_changes_the_session(make: Make) -> None:
    """Its result is the address to which the user returns."""
    method = (
        "validateSamlAssertion: async ({ body }, getSession, setSession) => {"
        " const { state } = await getSession();"
        " await setSession({ state, user: body.name }); return `https://logto.example/?state=${state}`; }"
    )
    connector = _new(make(_URI, _USER, method))
    stored: list[ConnectorSession] = []
    found = connector.validate_saml_assertion(
        {"body": {"name": "u1"}}, lambda: ConnectorSession(state="s1"), stored.append
    )
    assert found == "https://logto.example/?state=s1"
    assert stored == [ConnectorSession(state="s1", extra={"user": "u1"})]


# --- the suite ------------------------------------------------------------------------------------------------------

_FETCH = """
  const call = async (url, options) => {
    try {
      const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(1500), ...options });
      const body = response.status === 200 ? await response.json() : {};
      return typeof body === 'object' && body !== null ? body : {};
    } catch {
      throw new ConnectorError('general', { message: 'The provider did not respond.' });
    }
  };
  const read = async () => {
    const config = await getConfig('acme');
    const { success, error } = configGuard.safeParse(config);
    if (!success) {
      throw new ConnectorError('invalid_config', { issues: error.issues });
    }
    return config;
  };
"""
_SIGN_IN = (
    """getAuthorizationUri: async ({ state, redirectUri }, setSession) => {
      const { authorizationEndpoint, clientId } = await read();
      await setSession({ redirectUri });
      const query = { client_id: clientId, redirect_uri: redirectUri, response_type: 'code', state };
      return `${authorizationEndpoint}?${new URLSearchParams(query)}`;
    }""",
    """getUserInfo: async (data, getSession) => {
      const { clientId, clientSecret, tokenEndpoint, userInfoEndpoint } = await read();
      if (data?.error === 'access_denied') {
        throw new ConnectorError('authorization_failed', { message: 'The user declined.' });
      }
      if (!isText(data?.code)) {
        throw new ConnectorError('general', { message: 'The callback has no code.' });
      }
      const { redirectUri = '' } = await getSession();
      const fields = { grant_type: 'authorization_code', code: data.code, redirect_uri: redirectUri };
      const body = new URLSearchParams({ ...fields, client_id: clientId, client_secret: clientSecret });
      const { access_token: token } = await call(tokenEndpoint, { method: 'POST', body });
      if (!isText(token)) {
        throw new ConnectorError('social_auth_code_invalid', { message: 'The provider issued no token.' });
      }
      const user = await call(userInfoEndpoint, { headers: { authorization: `Bearer ${token}` } });
      if (!isText(user.sub)) {
        throw new ConnectorError('invalid_response', { message: 'The user has no id.' });
      }
      return { id: user.sub, name: user.name, rawData: user };
    }""",
)


class _Acme(OAuth2Provider):
    """A provider that says nothing about a second token."""

    has_refresh_tokens = False


def _spec(connector: type[Any]) -> Spec:
    config = {key: f"https://acme.example/{key}" for key in _KEYS if key.endswith("Endpoint")}
    return Spec(
        connector,
        {**config, "clientId": "client", "clientSecret": "secret-0123456789abcdef"},
        _Acme,
        capabilities={"social"},
        secrets=("clientSecret",),
    )


def test_right_social_connector_in_node_passes_the_suite(make: Make) -> None:
    """Checks about Python alone do not apply."""
    report = check_connector(_spec(make(*_SIGN_IN, start=_FETCH)), profile=evolve(PROFILES["ci"], examples=3))
    assert [(it.id, it.message) for it in report.errors] == []
    assert report.spec_errors == ()
    states = {it.id: it.state for it in report.results}
    assert states["social.user-info"] is State.PASSED
    assert states["social.not-implemented"] is State.NOT_APPLICABLE
    assert states["social.files"] is State.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("change", "check", "words"),
    [
        (("await getSession()", "(await getSession()).extra ?? {}"), "social.user-info", "issued no token"),
        (("rawData: user }", "rawData: { user, token } }"), "social.user-info-without-tokens", "the access token"),
        (("redirect: 'manual'", "redirect: 'follow'"), "social.redirects", "expected no request after the outcome"),
        (("${authorizationEndpoint}?", "https://other.example/?"), "social.authorization-address", "other.example"),
    ],
)
def test_wrong_social_connector_in_node_fails_the_check(
    make: Make, change: tuple[str, str], check: str, words: str
) -> None:
    """With the same words as in Python."""
    methods, start = [it.replace(*change) for it in _SIGN_IN], _FETCH.replace(*change)
    assert ([*_SIGN_IN], _FETCH) != (methods, start)
    report = check_connector(_spec(make(*methods, start=start)), profile=PROFILES["quick"], checks=[check])
    found = " ".join((*report.spec_errors, *(it.message for it in report.results if it.state is State.FAILED)))
    assert words in found


# --- the stubs of Logto's own packages ------------------------------------------------------------------------------


def test_stub_of_github_rejects_other_paths() -> None:
    """With the status of its errors."""
    stub: Any = OFFICIAL_PACKAGES["@logto/connector-github"].provider()
    with pytest.raises(Exception, match="expected the path of an endpoint"):
        stub.resource(HttpRequest("GET", "https://api.github.com/teams", {}, b""), "1")


def test_stub_of_an_openid_provider_leaves_a_config_of_another_type() -> None:
    """A check has replaced the object with the addresses."""
    stub: Any = OFFICIAL_PACKAGES["@logto/connector-oidc"].provider()
    with stub.running():
        assert stub.prepare_config({"idTokenVerificationConfig": 7})["idTokenVerificationConfig"] == 7
        own = stub.prepare_config({"idTokenVerificationConfig": {"typ": "JWT"}})["idTokenVerificationConfig"]
        assert own == {"typ": "JWT", "jwksUri": f"{stub.url}/keys", "issuer": f"{stub.url}/issuer"}
