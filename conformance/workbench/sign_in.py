"""A sign-in through the stub of the provider, step by step: what Logto, the browser and the provider do in turn.

The steps share one connector and one running stub, which live in the connector's process until the next sign-in begins.
Secrets are canaries, as in the suite: wherever one appears, its name replaces it.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import cache
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from attrs import evolve

from conformance.harness.attempt import Attempt
from conformance.harness.harness import Harness
from conformance.harness.search import SearchOptions
from conformance.harness.sign_in import SignIn, stores_tokens
from conformance.harness.transcript import exchanges
from conformance.profile import default_profile
from conformance.spec import Spec
from conformance.workbench.configs import ConfigError, ConfigSource, with_secrets
from conformance.workbench.failures import describe_failure
from conformance.workbench.loaded_connector import LoadedConnector
from connector_kit import TokenResponseAndUserInfo
from connector_kit.redaction import Redactor, config_secrets
from connector_kit.wire import to_json

_MEANINGS: Final[Mapping[str, str]] = {
    "response_type": "What the provider returns to Logto; code means an authorization code (RFC 6749 §3.1.1).",
    "response_mode": "How the provider returns it: in the query, or in a form that the browser posts.",
    "client_id": "Logto's registration at the provider, from the config (RFC 6749 §2.2).",
    "redirect_uri": "Where the provider sends the browser back to: Logto's callback (RFC 6749 §3.1.2).",
    "scope": "What Logto may learn and do: the config's scopes, or those of the request (RFC 6749 §3.3).",
    "state": "Logto's random value for this sign-in. The callback must repeat it (RFC 6749 §10.12).",
    "nonce": "A random value that the ID token must repeat (OpenID Connect Core §3.1.2.1).",
    "code_challenge": "The hash of the code verifier, which the token request must show (RFC 7636 §4.3).",
    "code_challenge_method": "How the challenge was made from the verifier (RFC 7636 §4.3).",
    "prompt": "Whether the provider asks the user to sign in, agree or choose again (OpenID Connect Core §3.1.2.1).",
    "access_type": "Google's parameter: offline requests a refresh token.",
    "login_hint": "The user that Logto expects (OpenID Connect Core §3.1.2.1).",
    "acr_values": "How strongly the user must authenticate (OpenID Connect Core §3.1.2.1).",
    "code": "The authorization code, which can be exchanged for tokens once (RFC 6749 §4.1.2).",
    "iss": "The provider that responds, which the connector compares with the one it asked (RFC 9207).",
    "error": "Why the provider sent an error instead of a code (RFC 6749 §4.1.2.1).",
    "error_description": "The reason in words, for the developer (RFC 6749 §4.1.2.1).",
    "error_uri": "A page about the error (RFC 6749 §4.1.2.1).",
    "redirectUri": "Added by Logto's page: the address to which the provider has sent the browser.",
    "RelayState": "The id of the sign-in, which the assertion comes back with (SAML bindings §3.4.3).",
}
"""By standard name: what a parameter of the authorization URI or of the callback means."""

_JWT: Final = re.compile(r"eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")
"""An ID token, or a JWT that authenticates the client."""

_PUBLIC: Final = frozenset({"state", "nonce", "redirectUri", "connectorId", "connectorFactoryId", "jti"})
"""The members of a session that are no secret of the sign-in."""


class _StepError(ConfigError):
    """A step cannot be done now."""


class _Running:
    """One sign-in with its stub.

    Args:
        spec: the connector, with the config of the page.
        scope: the scope that Logto requests in addition.
        secrets: of the config of the page; the connector has canaries instead of them.
    """

    def __init__(self, spec: Spec, scope: str | None, secrets: tuple[str, ...]) -> None:
        self.harness = Harness(spec, SearchOptions(default_profile()))
        self._redactor = Redactor(secrets)
        self._context = ExitStack()
        self._context.enter_context(self.harness.provider.running())
        self.sign_in = SignIn(self.harness, scope=scope)
        self.uri = ""
        self.callback: Mapping[str, Any] | None = None

    def end(self) -> None:
        """Stop the stub."""
        self._context.close()

    def redact(self, value: Any) -> Any:
        """Return a JSON value whose texts have the names of secrets instead of secrets."""
        match value:
            case str():
                return self._redactor(self.harness.canaries.redact(_JWT.sub("[secret: a JWT]", value)))
            case Mapping():
                return {self.redact(key): self.redact(member) for key, member in value.items()}
            case list() | tuple():
                return [self.redact(item) for item in value]
        return value

    def session(self) -> dict[str, Any]:
        """Return what the connector keeps between the steps; Logto stores it and gives it back."""
        stored: Mapping[str, Any] = to_json(self.sign_in.session)
        for key, value in stored.items():
            if key not in _PUBLIC and isinstance(value, str) and value:
                self.harness.canaries.add(f"{key} of the session", value)
        shown: dict[str, Any] = self.redact(stored)
        return shown

    def parameters(self, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return parameters, each with its meaning."""
        names: Mapping[str, str] = getattr(self.harness.provider, "parameter_names", {})
        standard = {own: name for name, own in names.items()}
        return [
            {"name": name, "value": self.redact(value), "meaning": _meaning(standard.get(name, name), name)}
            for name, value in values.items()
        ]

    def attempt(self, job: Callable[[], Attempt]) -> tuple[Attempt, dict[str, Any]]:
        """Use the connector, and return what happened: ``exchanges``, ``session``, ``log``, ``failure`` if there is one."""
        self.harness.steps.begin()
        done = job()
        session = self.session()  # first: its values are secrets in all other texts
        happened = {
            "session": session,
            "exchanges": self.redact(
                [{"request": it.request, "response": it.response} for it in exchanges(done.calls)]
            ),
            "log": self.redact(done.log),
        }
        if done.error is not None:
            happened["failure"] = self.redact(describe_failure(done.error, (), None))
        return done, happened


@cache
def _latest() -> list[_Running]:
    """Return the sign-in of this process, if there is one."""
    return []


def describe_sign_in(loaded: LoadedConnector) -> dict[str, Any]:
    """Return what the page offers: the stub's ``outcomes`` by name, and ``stubError``: why there is no stub, or ``None``."""
    if loaded.spec is None:
        return {"outcomes": [], "stubError": loaded.spec_error}
    outcomes = [{"name": it.name, "family": it.family} for it in loaded.spec.provider().outcomes]
    return {"outcomes": outcomes, "stubError": None}


def start_sign_in(loaded: LoadedConnector, source: ConfigSource, config: Any, scope: str) -> dict[str, Any]:
    """Begin a sign-in: request the authorization URI.

    Args:
        loaded: the connector.
        source: where the saved secrets are.
        config: the config of the page.
        scope: the scope that Logto requests in addition; may be empty.

    Returns:
        ``uri``, its ``address`` and its ``parameters``; and see `_Running.attempt`.

    Raises:
        ConfigError: there is no stub, or the config is not usable.
    """
    if loaded.spec is None:
        raise ConfigError(f"The connector has no stub of its provider. {loaded.spec_error}")
    complete, lost = with_secrets(loaded, source, config)
    if lost:
        raise ConfigError(f"{lost[0].path}: {lost[0].message}.")
    if not isinstance(complete, dict):
        raise ConfigError("The config is not a JSON object.")
    while _latest():
        _latest().pop().end()
    secrets = tuple(config_secrets(loaded.connector, complete))
    running = _Running(evolve(loaded.spec, valid_config=complete), scope or None, secrets)
    _latest().append(running)
    done, happened = running.attempt(running.sign_in.request_uri)
    if done.error is None:
        running.uri = str(done.result)
        address, _, query = running.uri.partition("?")
        parameters = dict(parse_qsl(urlsplit(f"?{query}").query, keep_blank_values=True))
        happened |= {
            "uri": running.redact(running.uri),
            "address": running.redact(address),
            "parameters": running.parameters(parameters),
        }
    return happened


def give_consent(_: LoadedConnector, answer: str) -> dict[str, Any]:
    """Let a new user agree at the provider (the answer ``agrees``), or decline.

    Returns:
        ``callback``: the parameters with which the browser returns; or ``rejected``: why the provider shows an error page.
    """
    running = _of_this_process()
    provider = running.harness.provider
    try:
        running.callback = (
            provider.authorize(running.uri).callback if answer == "agrees" else provider.deny(running.uri)
        )
    except Exception as error:  # noqa: BLE001 - a stub rejects a URI with any exception
        return {"rejected": running.redact(f"{type(error).__name__}: {error}")}
    if running.callback is None:
        return {"rejected": "This provider does not return to Logto when a user declines."}
    return {"callback": running.parameters(running.callback)}


def return_to_logto(loaded: LoadedConnector, outcome: str) -> dict[str, Any]:
    """Do what Logto does when the browser returns: request the user, and the tokens if the connector stores them.

    Args:
        loaded: the connector.
        outcome: how the stub responds to the connector's requests.

    Returns:
        ``method``: the method that Logto calls; ``user`` and ``tokens``, if the connector returned them; and see
        `_Running.attempt`.
    """
    running = _of_this_process()
    if running.callback is None:
        raise _StepError("The user has not agreed yet.")
    provider = running.harness.provider
    if outcome not in {it.name for it in provider.outcomes}:
        raise ConfigError(f"The stub has no outcome {outcome!r}.")
    provider.respond_with(outcome)
    method: Any = "get_token_response_and_user_info" if stores_tokens(running.harness) else "get_user_info"
    callback = running.callback
    done, happened = running.attempt(lambda: running.sign_in.finish(callback, method))
    happened["method"] = f"{loaded.connector.__name__}.{method}"
    result = done.result
    if isinstance(result, TokenResponseAndUserInfo):
        happened["tokens"] = running.redact(to_json(result.token_response))
        result = result.user_info
    if done.error is None:
        happened["user"] = running.redact(to_json(result))
    return happened


def _meaning(standard: str, name: str) -> str:
    known = _MEANINGS.get(standard, "A parameter of this provider.")
    return known if standard == name else f"{standard}: {known}"


def _of_this_process() -> _Running:
    if not _latest():
        raise _StepError("The sign-in has ended, because the connector was loaded again. Start another one.")
    return _latest()[0]
