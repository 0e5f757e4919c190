"""Social connectors: a sign-in depends on its own config only, and neither depends on the machine nor changes it."""

import copy
from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from conformance.checks.isolation import expect_process_unchanged
from conformance.checks.isolation_surroundings import decoys, expect_no_effects, expect_no_growth, require_python
from conformance.checks.social import connector_with, sign_in_with_outcome, social_check
from conformance.harness.effects import fast_collection
from conformance.harness.expectations import is_failure_without_pause
from conformance.harness.harness import Harness
from conformance.harness.sign_in import SignIn, expect_user, give_consent, methods
from conformance.providers.base import Call, Outcome
from conformance.providers.oauth2 import OAuth2Provider
from conformance.verdicts import CheckFailure, expect
from connector_kit import SocialConnector

Json = Any


def _another(value: str) -> str:
    """Return a text of the same form: with another letter or digit at its end."""
    last = value[-1]
    if last.isdigit():
        return value[:-1] + ("1" if last == "0" else "0")
    return value[:-1] + {"a": "b", "A": "B"}.get(last, "A" if last.isupper() else "a")


def _changed_configs(harness: Harness) -> dict[str, dict[str, Json]]:
    """Return configs of which one text, or all secrets, differ from the valid config; by what differs."""
    provider = harness.provider
    addresses = provider.endpoints if isinstance(provider, OAuth2Provider) else ()
    secret = {path.partition(".")[0].removesuffix("[]") for path in harness.spec.secrets}
    changed = {
        key: {**harness.config, key: _another(value)}
        for key, value in harness.config.items()
        if isinstance(value, str) and value and value[-1].isalnum() and key not in addresses and key not in secret
    }
    if harness.spec.secrets:
        changed[" and ".join(harness.spec.secrets)] = harness.canaries.plant(harness.config, harness.spec.secrets)
    return {key: config for key, config in changed.items() if harness.accepts(config)}


def _credentials_error(harness: Harness, calls: tuple[Call, ...], config: Json) -> str | None:
    errors = (harness.provider.request_error(call, config, "credentials") for call in calls)
    return next((error for error in errors if error is not None), None)


def _parts(uri: str) -> dict[str, str]:
    """Return the address and the parameters of a URI."""
    return {**dict(parse_qsl(urlsplit(uri).query)), "the address": uri.partition("#")[0].partition("?")[0]}


def _sign_in_with(harness: Harness, config: Mapping[str, Json], connector: SocialConnector[Any]) -> dict[str, str]:
    """Sign in with a saved config, and return the parts of the authorization URI."""
    sign_in = SignIn(harness, state="state-of-changed-config", connector=connector)
    uri = sign_in.authorization_uri()
    consent = give_consent(harness, uri)
    attempt = expect_user(harness, sign_in.finish(consent.callback, methods(harness)[-1]), consent)
    error = _credentials_error(harness, attempt.calls, config)
    expect(error is None, f"in a request to the provider: {error}")
    return _parts(uri)


@social_check("social.changed-config", clause="L4", covers=("changed config",))
def changed_config(harness: Harness) -> None:
    """Each sign-in uses the config that is saved then, also after it has changed, and when it changes back."""
    for key, changed in _changed_configs(harness).items():
        configs = (harness.config, changed, harness.config)
        try:
            expected = [_sign_in_alone(harness, config) for config in configs]
        except CheckFailure:
            continue  # the connector or the provider does not know such a value: a new instance rejects it too
        current: dict[str, Json] = {}
        connector = harness.make(get_config=partial(_saved_in, current))
        for config, parts in zip(configs, expected, strict=True):
            current["config"] = saved = harness.provider.prepare_config(config)
            try:
                found = _sign_in_with(harness, saved, connector)
            except CheckFailure as failure:
                raise CheckFailure(f"after the saved config's {key} has changed: {failure}") from failure
            stale = sorted(name for name in parts if parts[name] != found.get(name))
            expect(
                not stale,
                f"expected the authorization URI to follow the saved config after its {key} has changed, "
                f"found another {', '.join(stale)} than from a new connector",
            )
        harness.provider.prepare_config(harness.config)
        harness.coverage.add("changed config")


def _saved_in(current: Mapping[str, dict[str, Json]], _: str) -> dict[str, Json]:
    return current["config"]


def _sign_in_alone(harness: Harness, config: Mapping[str, Json]) -> dict[str, str]:
    """Sign in twice with new connectors, and return the parts that the authorization URIs have in common."""
    saved = harness.provider.prepare_config(config)
    try:
        one, other = (_sign_in_with(harness, saved, connector_with(harness, saved)) for _ in range(2))
    finally:
        harness.provider.prepare_config(harness.config)
    return {name: value for name, value in one.items() if other.get(name) == value}


@social_check("social.config-unchanged", clause="C7", covers=("sign-in",))
def config_unchanged(harness: Harness) -> None:
    """A sign-in does not change the config."""
    for method in methods(harness):
        config = copy.deepcopy(harness.config)
        SignIn(harness, connector=connector_with(harness, config)).complete(method)
        changed = sorted(
            str(key) for key in config.keys() | harness.config if config.get(key) != harness.config.get(key)
        )
        expect(not changed, f"expected a sign-in not to change the config, it changed {', '.join(changed)}")
        harness.coverage.add("sign-in")


def _accepted_and_failed(harness: Harness) -> list[Outcome]:
    failures = [it for it in harness.provider.outcomes if is_failure_without_pause(it)]
    return [harness.provider.outcome("accepted"), *failures[:1]]


@social_check("social.process-state", clause="I8", covers=("sign-in",))
def process_state(harness: Harness) -> None:
    """A sign-in does not change the state of the process, such as its environment, its loggers or its random numbers."""
    require_python(harness)
    for outcome in _accepted_and_failed(harness):
        use = partial(sign_in_with_outcome, harness, outcome, methods(harness)[-1])
        expect_process_unchanged(harness, "a sign-in", use)
        harness.coverage.add("sign-in")


@social_check("social.environment", clause="I9", covers=("decoy",))
def environment(harness: Harness) -> None:
    """Environment variables and files of the machine, such as a provider's SDK reads, do not affect a sign-in."""
    for what, context in decoys(harness).items():
        try:
            with context():
                _sign_in_with(harness, harness.config, connector_with(harness, harness.config))
        except CheckFailure as failure:
            raise CheckFailure(f"with {what}: {failure}") from failure
        harness.coverage.add("decoy")


@social_check("social.files", clause="I10", covers=("sign-in",))
def files(harness: Harness) -> None:
    """A sign-in leaves no file behind and starts no process; a temporary file that it removes does no harm."""
    require_python(harness)
    expect_no_effects(harness, "a sign-in", lambda: SignIn(harness).attempt())
    harness.coverage.add("sign-in")


@social_check("social.resources", clause="I11", covers=("sign-ins",))
def resources(harness: Harness) -> None:
    """Threads and descriptors do not grow with the number of sign-ins, successful or not."""
    require_python(harness)

    def sign_in(count: int) -> None:
        for _ in range(count):
            SignIn(harness).attempt()
        harness.provider.calls.clear()

    with fast_collection():
        for outcome in reversed(_accepted_and_failed(harness)):
            harness.provider.reset()
            harness.provider.respond_with(outcome.name)
            sign_in(5)
            expect_no_growth("sign-ins", sign_in, outcome)
            harness.coverage.add("sign-ins")
