"""The connectors ``openid-connect`` and ``github`` next to Logto's own packages: the same verdicts on configs."""

import os
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from conformance import SpecError
from conformance.npm.connector import NodeGuard
from conformance.npm.driver import Driver
from conformance.npm.packages import find_node, find_package
from connector_kit import Connector
from connector_kit.connectors.github import GitHubConnector
from connector_kit.connectors.oidc import OpenIdConnector
from tests.interop.official_configs import CONFIGS, configs, verdicts

_VERIFICATION: Final = {
    "jwksUri": "https://login.acme.com/keys",
    "issuer": "https://login.acme.com",
    "audience": ["client-1"],
    "algorithms": ["RS256"],
    "clockTolerance": 10,
    "crit": {"b64": True},
    "maxTokenAge": "1 hour",
    "subject": "user-1",
    "typ": "JWT",
}
_OPENID: Final[Mapping[str, Any]] = {
    "responseType": "code",
    "grantType": "authorization_code",
    "authorizationEndpoint": "https://login.acme.com/authorize",
    "tokenEndpoint": "https://login.acme.com/token",
    "clientId": "client-1",
    "clientSecret": "secret_0123456789abcdef",
    "tokenEndpointAuthMethod": "client_secret_jwt",
    "clientSecretJwtSigningAlgorithm": "HS512",
    "scope": "openid email",
    "acceptStringTypedBooleanClaims": True,
    "trustUnverifiedEmail": False,
    "idTokenVerificationConfig": _VERIFICATION,
    "authRequestOptionalConfig": {"prompt": "login", "maxAge": "60", "loginHint": "a@b.co", "display": "page"},
    "customConfig": {"resource": "https://api.acme.com"},
}
_GITHUB: Final[Mapping[str, Any]] = {"clientId": "client-1", "clientSecret": "secret-1", "scope": "read:user"}
_NEAR: Final = ("client_secret_basic", "HS384", "HS1024", "token", "currentDate", "1 minute")
_CHOICES: Final = ("responseType", "grantType", "tokenEndpointAuthMethod", "clientSecretJwtSigningAlgorithm")
"""Keys of which nearly every change is a mistake."""

_CASES: Final = [
    ("@logto/connector-oidc@1.7.5", OpenIdConnector, _OPENID),
    ("@logto/connector-github@1.7.5", GitHubConnector, _GITHUB),
]


@pytest.fixture(scope="module", params=_CASES, ids=["openid-connect", "github"])
def pair(request: pytest.FixtureRequest) -> Iterator[tuple[type[Connector[Any]], NodeGuard, Mapping[str, Any]]]:
    """Return our connector, the guard of the official one, and a config for both. Without npm the tests are skipped."""
    package, ours, config = request.param
    try:
        driver = Driver(find_node(), find_package(package).resolve(), on_blocked=lambda _: None)
    except SpecError as error:
        if os.environ.get("CI"):
            pytest.fail(f"Logto's packages are required in CI: {error}")
        pytest.skip(str(error))
    driver.request("describe")
    yield ours, NodeGuard({}, driver), config
    driver.close()


def test_config_has_the_same_verdict(pair: tuple[type[Connector[Any]], NodeGuard, Mapping[str, Any]]) -> None:
    """At least 2,000 configs, of which both guards accept and reject many."""
    ours, official, config = pair
    texts = {key: it for key, it in config.items() if key not in _CHOICES}
    dated = [{**texts, "idTokenVerificationConfig": {**_VERIFICATION, "currentDate": it}} for it in (None, "", 0)]
    found = configs([config, texts, texts, texts], near=_NEAR)
    both = verdicts(ours.config_guard, official, [*found, *(dated if ours is OpenIdConnector else ())])
    assert both.differences == ()
    assert both.accepted + both.rejected >= CONFIGS
    assert min(both.accepted, both.rejected) > CONFIGS / 10
