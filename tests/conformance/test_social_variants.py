"""Correct social connectors that reach the rare branches of checks: what they leave out, reject or ignore is right."""

from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from attrs import evolve

from conformance import PROFILES, Spec, State, check_connector
from connector_kit import ConnectorError, ConnectorErrorCodes, ConnectorSession, Guard, SocialUserInfo
from tests.conformance.right_connectors.social import HUB, Hub, LoginConfig
from tests.conformance.right_connectors.social_world import (
    GATE,
    GUILD,
    LINE,
    SEARCH,
    Gate,
    Guild,
    LineProvider,
    Search,
    Settings,
    access_token,
)

Json = Any
DEV = PROFILES["dev"]


class RejectsUnknownMembers(Guild):
    """Rejects a callback with members that it does not know."""

    def read_code(self, config: Settings, data: object, session: ConnectorSession) -> str:
        """Return the code."""
        if isinstance(data, Mapping) and data.keys() - {"code", "state", "redirectUri"}:
            raise ConnectorError(ConnectorErrorCodes.GENERAL, "The callback has unknown members.")
        return super().read_code(config, data, session)


class RejectsUnverified(Guild):
    """Signs in nobody without a verified address."""

    def email(self, details: Mapping[str, Json]) -> str | None:
        """Return the address."""
        found = super().email(details)
        if found is None:
            raise ConnectorError(ConnectorErrorCodes.AUTHORIZATION_FAILED, "The address is not verified.")
        return found


class LeavesTheStateToLogto(Gate):
    """Keeps the state in its session, and leaves the comparison to Logto."""

    def is_own_state(self, data: object, session: ConnectorSession) -> bool:
        """Accept any state."""
        return bool(data) and bool(session)


class PrefersTheIdToken(Search):
    """Uses the claims of the ID token where the user info is another user's."""

    def user(
        self, config: Settings, tokens: Mapping[str, Json], session: ConnectorSession, data: object
    ) -> SocialUserInfo:
        """Return the user."""
        del data
        claims = self.verified_claims(config, tokens, session)
        details = self.get_json(str(self.document(config)["userinfo_endpoint"]), access_token(tokens))
        return self.info(details if details.get("sub") == claims["sub"] else claims)


class UnusedUserInfo(LineProvider):
    """Has a user info endpoint, which `Line` does not use."""

    user_path = "/userinfo"


class Formats(Hub):
    """Has a schema with formats of the address and of the scope."""

    config_guard: ClassVar[Guard[Any]] = Guard(
        {
            **Hub.config_guard.schema,
            "properties": {
                **Hub.config_guard.schema["properties"],
                "authorizationEndpoint": {"type": "string", "pattern": "^http://127[.]"},
                "scope": {"enum": ["user", "user:email"]},
            },
        },
        LoginConfig,
    )


@pytest.mark.parametrize(
    ("spec", "check", "state"),
    [
        (evolve(GUILD, connector=RejectsUnknownMembers), "social.untrusted-callback", State.PASSED),
        (evolve(GUILD, connector=RejectsUnverified), "social.unverified-email", State.PASSED),
        (evolve(GATE, connector=LeavesTheStateToLogto), "social.callback-state", State.NOT_APPLICABLE),
        (evolve(SEARCH, connector=PrefersTheIdToken), "social.id-token-subject", State.PASSED),
        (evolve(LINE, provider=UnusedUserInfo), "social.redirects", State.PASSED),
        (evolve(LINE, provider=UnusedUserInfo), "social.id-token-subject", State.PASSED),
        (evolve(HUB, connector=Formats), "social.authorization-address", State.PASSED),
        (evolve(HUB, connector=Formats), "social.configured-scope", State.NOT_APPLICABLE),
        (SEARCH, "social.refresh", State.PASSED),
    ],
    ids=lambda it: it if isinstance(it, str) else None,
)
def test_correct_variant_does_not_fail(spec: Spec, check: str, state: State) -> None:
    """The contract leaves these choices free."""
    (result,) = check_connector(spec, checks=[check], profile=DEV).results
    assert (result.state, result.is_error) == (state, False), result.message


def test_changed_config_that_the_connector_rejects_is_not_compared() -> None:
    """The provider may know only one client."""

    class OneClient(Guild):
        def address(self, config: Settings) -> str:
            if config.client_id != GUILD.valid_config["clientId"]:
                raise ConnectorError(ConnectorErrorCodes.GENERAL, "The provider does not know this client.")
            return super().address(config)

    (result,) = check_connector(evolve(GUILD, connector=OneClient), checks=["social.changed-config"]).results
    assert result.state is State.PASSED, result.message
