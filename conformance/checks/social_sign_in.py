"""Social connectors: users, sessions, configs and callbacks of sign-ins."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from hypothesis import assume
from hypothesis import strategies as st

from conformance.checks.social import (
    CALLBACK_CODES,
    connector_with,
    sign_in_examples,
    social_check,
    uri_parameters,
)
from conformance.harness.attempt import Attempt
from conformance.harness.expectations import (
    CONCURRENT,
    CONCURRENT_WAIT_SECONDS,
    expect_equal,
    expect_error,
    expect_no_call,
)
from conformance.harness.harness import Harness
from conformance.harness.sign_in import (
    Method,
    SignIn,
    expect_user,
    give_consent,
    keeps_state_in_session,
    methods,
    redirect_uris,
    states,
    through_json,
    user_of,
)
from conformance.harness.strategies import json_values, letters, mistyped_values, places, replaced, without
from conformance.harness.values import show
from conformance.providers.oauth2 import OAuth2Provider
from conformance.verdicts import NotApplicable, expect
from connector_kit import (
    ConnectorErrorCodes,
    ConnectorSession,
    SocialUserInfo,
    connector_session_guard,
    json_guard,
    social_user_info_guard,
    to_json,
)

Json = Any


# --- several users --------------------------------------------------------------------------------------------------


_LEAST_LENGTH: Final = 8
"""Of a nonce or verifier: a shorter one can be guessed."""

_ONE_TIME_PARAMETERS: Final = ("nonce", "code_challenge")


def _one_time_values(harness: Harness, sign_in: SignIn, uri: str) -> dict[str, str]:
    """Return the nonces and verifiers of a sign-in; the check does not apply if there are none."""
    stored = to_json(sign_in.session)
    values = {key: str(stored[key]) for key in stored if "nonce" in key.lower() or "verifier" in key.lower()}
    sent = dict(parse_qsl(urlsplit(uri).query))
    values |= {f"{key} in the URI": sent[key] for key in _ONE_TIME_PARAMETERS if key in sent}
    if not values:
        raise NotApplicable(f"the session and the URI of {harness.spec.name} names no nonce and no verifier")
    return values


@social_check("social.concurrent-users", clause="L3", covers=("two users",))
def concurrent_users(harness: Harness) -> None:
    """Two users who sign in at the same time are signed in as themselves, in any order."""

    def verify(one_state: str, other_state: str, first: str) -> None:
        one, other = SignIn(harness, state=f"{one_state}-1"), SignIn(harness, state=f"{other_state}-2")
        one_uri, other_uri = one.authorization_uri(), other.authorization_uri()
        for own, foreign, uri in ((one, other, other_uri), (other, one, one_uri)):
            values = [*uri_parameters(uri), *map(str, to_json(foreign.session).values())]
            state = own.request.state
            expect(
                state not in values,
                f"expected a user's URI and session without another user's state {state!r}, found {show(values)}",
            )
        consents = [(one, give_consent(harness, one_uri)), (other, give_consent(harness, other_uri))]
        for sign_in, consent in consents if first == "one" else reversed(consents):
            expect_user(harness, sign_in.finish(consent.callback), consent)
        harness.coverage.add("two users")

    harness.for_all(verify, states, states, st.sampled_from(("one", "other")), examples=sign_in_examples(harness))


@social_check("social.fresh-nonce", clause="L3", covers=("repeated sign-in",))
def fresh_nonce(harness: Harness) -> None:
    """Each sign-in has a new nonce and a new verifier, even for the same state and interaction."""

    def verify(state: str, jti: str) -> None:
        sign_ins = [SignIn(harness, state=state, jti=jti) for _ in range(2)]
        one, other = (_one_time_values(harness, it, it.authorization_uri()) for it in sign_ins)
        reused = sorted(key for key in one if one[key] == other.get(key))
        expect(not reused, f"expected a new {', '.join(reused)} for each sign-in, found equal values in two sign-ins")
        short = sorted(key for key in one if len(one[key]) < _LEAST_LENGTH)
        expect(not short, f"expected at least {_LEAST_LENGTH} random characters in {', '.join(short)}, found fewer")
        harness.coverage.add("repeated sign-in")

    harness.for_all(verify, states, letters, examples=sign_in_examples(harness))


@social_check("social.foreign-session", clause="L3", covers=("foreign session",))
def foreign_session(harness: Harness) -> None:
    """A callback in another user's session is rejected if the session has a nonce or a verifier."""

    def verify(state: str) -> None:
        victim, attacker = SignIn(harness, state=state), SignIn(harness)
        _one_time_values(harness, victim, victim.authorization_uri())
        consent = attacker.consent()
        attempt = victim.finish(consent.callback)
        expect(
            attempt.code is not None,
            f"expected a ConnectorError for a callback in another user's session; {attempt.summary}",
        )
        harness.coverage.add("foreign session")

    harness.for_all(verify, states, examples=sign_in_examples(harness))


@social_check("social.threads", clause="L3", covers=("concurrent users",))
def threads(harness: Harness) -> None:
    """Users who sign in through one connector in several threads are signed in as themselves."""

    def verify(state: str) -> None:
        connector = harness.social
        sign_ins = [SignIn(harness, state=f"{state}-{index}", connector=connector) for index in range(CONCURRENT)]

        def run(sign_in: SignIn) -> object:
            uri = connector.get_authorization_uri(sign_in.request, sign_in.stored_sessions.append)
            consent = give_consent(harness, uri)
            attempt = Attempt(sign_in.handle_callback(consent.callback), None, (), 0, "")
            return expect_user(harness, attempt, consent)

        errors = harness.together([partial(run, it) for it in sign_ins], within=CONCURRENT_WAIT_SECONDS)
        raised = sorted({f"{type(error).__name__}: {error}" for error in errors if error is not None})
        expect(
            not raised,
            f"expected {CONCURRENT} concurrent users to be signed in; some were not: {'; '.join(raised)}",
        )
        harness.coverage.add("concurrent users")

    harness.for_all(verify, states, examples=3)


# --- the config -----------------------------------------------------------------------------------------------------


def _connector_calls(harness: Harness, sign_in: SignIn, callback: object) -> dict[str, Callable[[], object]]:
    """Return each call of the connector that Logto makes, by method name."""
    connector = sign_in.connector
    calls: dict[str, Callable[[], object]] = {
        "get_authorization_uri": partial(
            connector.get_authorization_uri, sign_in.request, sign_in.stored_sessions.append
        ),
        **{method: sign_in.call(method, callback) for method in methods(harness)},
    }
    if keeps_state_in_session(harness):
        calls["validate_saml_assertion"] = partial(sign_in.callback_data, callback)
    if len(methods(harness)) > 1:
        refresh_token = harness.provider.new_secret("a refresh token")
        calls["get_access_token_by_refresh_token"] = partial(connector.get_access_token_by_refresh_token, refresh_token)
    return calls


@social_check("social.saved-config", clause="L4", covers=("get_config call",))
def saved_config(harness: Harness) -> None:
    """Each call of the connector calls get_config once, with the connector's id."""

    def verify(state: str) -> None:
        sign_in = SignIn(harness, state=state)
        consent = sign_in.consent()
        for name, call in _connector_calls(harness, sign_in, consent.callback).items():
            harness.config_requests.clear()
            harness.attempt(call)
            expect_equal(f"from {name} one get_config call, with", [harness.spec.name], harness.config_requests)
            harness.coverage.add("get_config call")

    harness.for_all(verify, states, examples=sign_in_examples(harness))


@social_check("social.accepts-valid-config", clause="L4", covers=("valid config",))
def accepts_valid_config(harness: Harness) -> None:
    """A config that the published schema accepts is accepted."""

    def verify(config: Json) -> None:
        config = harness.provider.prepare_config(config)  # an optional address is not optional here
        assume(harness.accepts(config))
        attempt = SignIn(harness, connector=connector_with(harness, config)).request_uri()
        expect(attempt.error is None, f"expected a valid config to be accepted; {attempt.summary}")
        harness.coverage.add("valid config")

    harness.for_all(verify, harness.configs())


def _attempts_of(harness: Harness, get_config: Callable[[str], object], state: str | None = None) -> dict[str, Attempt]:
    """Attempt each call of a connector with this get_config, for a sign-in that another instance began."""
    sign_in = SignIn(harness, state=state)
    consent = sign_in.consent()
    continued = SignIn(harness, state=state, connector=harness.make(get_config=get_config))
    continued.stored_sessions = sign_in.stored_sessions
    calls = _connector_calls(harness, continued, consent.callback)
    return {name: harness.attempt(call) for name, call in calls.items()}


@social_check("social.rejects-invalid-config", clause="L4", covers=("invalid config",))
def rejects_invalid_config(harness: Harness) -> None:
    """A config that the published schema rejects raises invalid_config before a request to the provider."""

    def verify(config: Json) -> None:
        if harness.accepts(config):
            return
        for name, attempt in _attempts_of(harness, lambda _: config).items():
            expect_error(attempt, ConnectorErrorCodes.INVALID_CONFIG, f"from {name} for an invalid config")
            expect_no_call(attempt, f"{name} with an invalid config")
        harness.coverage.add("invalid config")

    for place in places(harness.config):
        harness.for_all(lambda place: verify(without(harness.config, place)), st.just(place), examples=1)
        harness.for_all(lambda place: verify(replaced(harness.config, place, None)), st.just(place), examples=1)
    examples = sign_in_examples(harness)
    harness.for_all(
        lambda place, value: verify(replaced(harness.config, place, value)),
        st.sampled_from(places(harness.config)),
        mistyped_values,
        examples=examples,
    )
    harness.for_all(verify, json_values, examples=examples)


@social_check("social.get-config-error", clause="L4", covers=("get_config error",))
def get_config_error(harness: Harness) -> None:
    """An error of get_config passes through unchanged, before a request to the provider."""

    class StoreDownError(Exception):
        pass

    def fail(_: str) -> object:
        raise StoreDownError

    def verify(state: str) -> None:
        for name, attempt in _attempts_of(harness, fail, state).items():
            expect(
                isinstance(attempt.error, StoreDownError),
                f"expected {name} to raise the error of get_config; {attempt.summary}",
            )
            expect_no_call(attempt, f"{name} without a config")
        harness.coverage.add("get_config error")

    harness.for_all(verify, states, examples=2)


# --- the session ----------------------------------------------------------------------------------------------------


@social_check("social.session-json", clause="L5", covers=("session",))
def session_json(harness: Harness) -> None:
    """The session is JSON, and does not change when Logto stores it as JSON."""

    def verify(state: str, redirect_uri: str) -> None:
        sign_in = SignIn(harness, state=state, redirect_uri=redirect_uri)
        sign_in.authorization_uri()
        if not sign_in.stored_sessions:
            raise NotApplicable(f"{harness.spec.name} declares no session: it never calls set_session")
        for session in sign_in.stored_sessions:
            expect(
                isinstance(session, ConnectorSession),
                f"expected a ConnectorSession in set_session, found {show(session)} ({type(session).__name__})",
            )
            stored = to_json(session)
            expect(
                json_guard.is_valid(stored) and connector_session_guard.is_valid(stored),
                f"expected a session that is JSON with strings under Logto's own keys, found {show(stored)}",
            )
            expect_equal("after storage as JSON the session", session, through_json(session))
        harness.coverage.add("session")

    harness.for_all(verify, states, redirect_uris())


@social_check("social.other-instance", clause="L5", covers=("other instance",))
def other_instance(harness: Harness) -> None:
    """A sign-in that one instance of the connector begins can finish with another instance."""

    def verify(redirect_uri: str) -> None:
        for method in methods(harness):
            sign_in = SignIn(harness, redirect_uri=redirect_uri)
            consent = sign_in.consent()
            sign_in.stored_sessions = [through_json(session) for session in sign_in.stored_sessions]
            other = connector_with(harness, harness.config)
            expect_user(harness, sign_in.finish(consent.callback, method, connector=other), consent)
            harness.coverage.add("other instance")

    harness.for_all(verify, redirect_uris(), examples=sign_in_examples(harness))


@social_check("social.missing-session", clause="L5", covers=("missing session",))
def missing_session(harness: Harness) -> None:
    """A callback without a session signs the user in, or raises an error about the callback."""

    def verify(state: str) -> None:
        for method in methods(harness):
            sign_in = SignIn(harness, state=state)
            consent = sign_in.consent()
            sign_in.stored_sessions = []
            attempt = sign_in.finish(consent.callback, method)
            expect(
                attempt.error is None or attempt.code in CALLBACK_CODES,
                f"expected a ConnectorError about the callback for a missing session; {attempt.summary}",
            )
            harness.coverage.add("missing session")

    harness.for_all(verify, states, examples=2)


# --- user info and requests -----------------------------------------------------------------------------------------


@social_check("social.user-info", clause="L6", covers=("user",), is_smoke=True)
def user_info(harness: Harness) -> None:
    """The user info has the user's id at the provider, and is valid for Logto."""

    def verify(redirect_uri: str) -> None:
        for method in methods(harness):
            info = user_of(SignIn(harness, redirect_uri=redirect_uri).complete(method))
            assert info is not None  # noqa: S101 - sign_in has checked it
            _expect_valid_user_info(info)
            harness.coverage.add("user")

    harness.for_all(verify, redirect_uris(), examples=sign_in_examples(harness))


def _expect_valid_user_info(info: SocialUserInfo) -> None:
    user_id: object = info.id
    expect(
        isinstance(user_id, str) and user_id,
        f"expected a non-empty string as the id, found {show(user_id)} ({type(user_id).__name__})",
    )
    expect(json_guard.is_valid(info.raw_data), f"expected JSON as raw_data, found {show(info.raw_data)}")
    issues = [f"{it.path}: {it.message}" for it in social_user_info_guard.issues(to_json(info))]
    expect(not issues, f"expected a valid SocialUserInfo, found {'; '.join(issues)}")


@social_check("social.request-format", clause="L6", covers=("request",))
def request_format(harness: Harness) -> None:
    """Requests to the provider have the format that it accepts and the credentials of the config."""

    def verify(redirect_uri: str, changed: str) -> None:
        config = harness.canaries.plant(harness.config, harness.spec.secrets) if changed else harness.config
        attempt = SignIn(harness, redirect_uri=redirect_uri, connector=connector_with(harness, config)).complete()
        if not attempt.calls:
            raise NotApplicable(
                f"{harness.spec.name} makes no request to its provider, so it declares no request format"
            )
        for call in attempt.calls:
            error = harness.provider.request_error(call, config, "format")
            error = error or harness.provider.request_error(call, config, "credentials")
            expect(error is None, f"in a request to the provider: {error}")
            harness.coverage.add("request")

    drawn = (redirect_uris(), st.sampled_from(("", "secrets")))
    harness.for_all(verify, *drawn, examples=sign_in_examples(harness))


@social_check("social.secrets-in-urls", clause="L17", covers=("request",))
def secrets_in_urls(harness: Harness) -> None:
    """No request has a secret, a code or a token in its URL, unless the provider accepts it nowhere else."""
    provider = harness.provider
    if not isinstance(provider, OAuth2Provider):
        raise NotApplicable(f"{type(provider).__name__} does not declare where it accepts secrets")

    def verify(method: Method) -> None:
        attempt = SignIn(harness).complete(method)
        for call in attempt.calls:
            error = provider.url_error(call.raw)
            expect(error is None, f"in a request to the provider: {error}")
            harness.coverage.add("request")

    for method in methods(harness):
        harness.for_all(verify, st.just(method), examples=1)
