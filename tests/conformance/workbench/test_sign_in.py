"""The steps of a sign-in in the workbench."""

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from attrs import evolve

from conformance import Spec
from conformance.workbench import sign_in
from conformance.workbench.configs import ConfigError, ConfigSource
from conformance.workbench.loaded_connector import LoadedConnector
from conformance.workbench.sign_in import describe_sign_in, give_consent, return_to_logto, start_sign_in
from tests.conformance.right_connectors.social import BADGE, BEACON, HUB, Hub, HubProvider
from tests.conformance.right_connectors.social_world import SOCIAL_WORLD

_SOURCE: Final = ConfigSource(None, b"key")
_NO_SPEC: Final = LoadedConnector(Hub, None, "Hub has no declaration.")


@pytest.fixture(autouse=True)
def ended() -> Iterator[None]:
    """Stop the stub of the last sign-in."""
    yield
    while sign_in._latest():
        sign_in._latest().pop().end()


def _loaded(spec: Spec) -> LoadedConnector:
    return LoadedConnector(spec.connector, spec)


def _start(spec: Spec, scope: str = "", **changes: Any) -> dict[str, Any]:
    return start_sign_in(_loaded(spec), _SOURCE, {**spec.valid_config, **changes}, scope)


def _by_name(parameters: list[dict[str, Any]]) -> dict[str, Any]:
    return {it["name"]: it["value"] for it in parameters}


@pytest.mark.parametrize("spec", [HUB, BEACON, BADGE], ids=lambda it: it.name)
def test_sign_in_returns_the_user(spec: Spec) -> None:
    assert "failure" not in _start(spec)
    assert give_consent(_loaded(spec), "agrees")["callback"]
    returned = return_to_logto(_loaded(spec), "accepted")
    assert "failure" not in returned
    assert returned["user"]["id"]


def test_parameters_have_meanings_by_their_standard_names() -> None:
    """WeChat calls the client id ``appid``."""
    spec = next(it for it in SOCIAL_WORLD if "client_id" in getattr(it.provider, "parameter_names", {}))
    own = spec.provider.parameter_names["client_id"]  # type: ignore[attr-defined] # found above
    [found] = [it for it in _start(spec)["parameters"] if it["name"] == own]
    assert found["meaning"].startswith("client_id: Logto's registration at the provider")


def test_scope_of_the_request_is_used() -> None:
    assert _by_name(_start(HUB, "repo:read")["parameters"])["scope"] == "repo:read"


def test_no_secret_is_shown() -> None:
    """Neither the page's client secret nor the stub's code and tokens; the session's code verifier has its name."""
    shown = [_start(BEACON, clientSecret="page-secret-55d1"), give_consent(_loaded(BEACON), "agrees")]
    codes = [*sign_in._latest()[0].harness.provider._grants]  # type: ignore[attr-defined] # of OAuth2Provider
    shown.append(return_to_logto(_loaded(BEACON), "accepted"))
    text = json.dumps(shown)
    assert codes
    assert not any(secret in text for secret in ("page-secret-55d1", *codes, "eyJ"))
    assert shown[0]["session"]["codeVerifier"].endswith("[secret: codeVerifier of the session]")
    assert shown[2]["tokens"]["access_token"] == "[secret: the access token]"


def test_failure_is_described_for_each_reader() -> None:
    _start(HUB)
    give_consent(_loaded(HUB), "agrees")
    assert set(return_to_logto(_loaded(HUB), "token-rejected")["failure"]) == {"endUser", "operator", "developer"}


def test_invalid_config_fails_in_the_first_step() -> None:
    assert _start(HUB, clientId=5)["failure"]["operator"]["code"] == "invalid_config"


def test_user_who_declines_returns_with_an_error() -> None:
    _start(HUB)
    assert _by_name(give_consent(_loaded(HUB), "declines")["callback"])["error"] == "access_denied"


class _StrictProvider(HubProvider):
    def authorize(self, uri: str) -> Any:
        raise ValueError(f"unknown client in {len(uri)} characters")


def test_provider_that_rejects_the_uri_or_returns_nothing_is_described() -> None:
    spec = evolve(HUB, provider=_StrictProvider)
    _start(spec)
    assert give_consent(_loaded(spec), "agrees")["rejected"].startswith("ValueError: unknown client")
    _start(BADGE)
    assert "does not return" in give_consent(_loaded(BADGE), "declines")["rejected"]


def test_step_out_of_order_is_an_error() -> None:
    with pytest.raises(ConfigError, match="Start another one"):
        give_consent(_loaded(HUB), "agrees")
    _start(HUB)
    with pytest.raises(ConfigError, match="has not agreed"):
        return_to_logto(_loaded(HUB), "accepted")
    give_consent(_loaded(HUB), "agrees")
    with pytest.raises(ConfigError, match="no outcome 'snow'"):
        return_to_logto(_loaded(HUB), "snow")


def test_unusable_config_or_stub_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"The connector has no stub of its provider\. Hub has no declaration"):
        start_sign_in(_NO_SPEC, _SOURCE, {}, "")
    with pytest.raises(ConfigError, match="not a JSON object"):
        start_sign_in(_loaded(HUB), _SOURCE, [], "")
    with pytest.raises(ConfigError, match="clientSecret: this saved secret is not in the file"):
        _start(HUB, clientSecret="[saved secret 0123456789abcdef]")
    assert describe_sign_in(_NO_SPEC)["stubError"] == "Hub has no declaration."
    assert {"name": "accepted", "family": "accepted"} in describe_sign_in(_loaded(HUB))["outcomes"]
