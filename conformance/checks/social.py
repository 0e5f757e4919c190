"""Social connectors: users go to the provider, come back as themselves, and leave nothing behind."""

import json
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final
from urllib.parse import parse_qsl, unquote_plus, urlsplit

from hypothesis import assume
from hypothesis import strategies as st

from conformance.provider import Outcome
from conformance.registry import NotApplicable, check, expect
from conformance.sign_in import (
    Visitor,
    at_provider,
    expect_user,
    keeps_state,
    methods,
    need_token_storage,
    odd_texts,
    redirect_uris,
    states,
    through_json,
    user_of,
)
from conformance.strategies import json_values, letters, mistyped_values, places, replaced, without
from conformance.subject import Attempt, Subject
from conformance.wording import missing_values_in
from connector_kit import (
    ConnectorError,
    ConnectorErrorCodes,
    ConnectorPlatform,
    ConnectorSession,
    ConnectorType,
    SocialConnector,
    SocialUserInfo,
    TokenResponse,
    TokenResponseAndUserInfo,
    connector_session_guard,
    json_guard,
    social_user_info_guard,
    to_json,
    token_response_guard,
)

Json = Any

SOCIAL: Final = frozenset({ConnectorType.SOCIAL})
NEEDS: Final = ("social",)

_CLIENT_ID_KEYS: Final = frozenset({"clientid", "appid"})
_TOGETHER: Final = 8
_TIME_LIMIT: Final = 15
_PATIENCE: Final = 20

_FOR_A_CALLBACK: Final = frozenset(
    {
        ConnectorErrorCodes.GENERAL,
        ConnectorErrorCodes.INVALID_RESPONSE,
        ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS,
        ConnectorErrorCodes.INSUFFICIENT_REQUEST_PARAMETERS,
        ConnectorErrorCodes.AUTHORIZATION_FAILED,
        ConnectorErrorCodes.SOCIAL_AUTH_CODE_INVALID,
        ConnectorErrorCodes.SOCIAL_ACCESS_TOKEN_INVALID,
        ConnectorErrorCodes.SOCIAL_ID_TOKEN_INVALID,
    }
)
"""What a connector may say of a callback that signs nobody in; the official ones differ."""


def _few(subject: Subject) -> int:
    """How many examples where each is a whole sign-in, with all its requests."""
    return max(3, subject.profile.examples // 5)


def _with(subject: Subject, config: Json) -> SocialConnector[Any]:
    """Return another connector of the class, whose saved config is this one."""
    made: SocialConnector[Any] = subject.make(get_config=lambda _: config)
    return made


# --- the authorization URI ------------------------------------------------------------------------------------------


def _is_native(subject: Subject) -> bool:
    return subject.spec.connector.metadata.platform is ConnectorPlatform.NATIVE


def _parameters(uri: str) -> list[str]:
    """Return the values of a URI's parameters, decoded as forms are."""
    parts = urlsplit(uri)
    return [value for text in (parts.query, parts.fragment) for _, value in parse_qsl(text, keep_blank_values=True)]


def _expect_parameter(uri: str, value: str, what: str) -> None:
    found = _parameters(uri)
    expect(value in found, f"expected the authorization URI to carry {what} {value!r}, found the values {found}")


@check("social.authorization-uri", clause="L1", types=SOCIAL, needs=NEEDS, sees=("URI",))
def authorization_uri(subject: Subject) -> None:
    """The authorization URI is one that a browser can go to; a native connector's may have an app's own scheme."""

    def claim(state: str, redirect_uri: str) -> None:
        uri = Visitor(subject, state=state, redirect_uri=redirect_uri).uri()
        odd = sorted({it for it in uri if it.isspace() or not it.isprintable()})
        expect(not odd, f"expected an authorization URI without spaces and control characters, found {odd} in it")
        try:
            parts = urlsplit(uri)
        except ValueError as error:
            parts = None
            expect(condition=False, message=f"expected an authorization URI that can be read, found: {error}")
        assert parts is not None  # noqa: S101 - expect has raised
        absolute = bool(parts.scheme) if _is_native(subject) else parts.scheme in {"http", "https"} and parts.hostname
        expect(absolute, f"expected an absolute http or https URL to send the user to, found {uri!r}")
        subject.ledger.saw("URI")

    subject.for_all(claim, states, redirect_uris())


@check("social.state", clause="L1", types=SOCIAL, needs=NEEDS, sees=("state",))
def state_comes_along(subject: Subject) -> None:
    """Logto's state goes with the user to the provider, character by character."""
    if keeps_state(subject):
        raise NotApplicable(f"{subject.spec.name} declares validate_saml_assertion: it keeps state in its session")

    def claim(state: str) -> None:
        _expect_parameter(Visitor(subject, state=state).uri(), state, "the state")
        subject.ledger.saw("state")

    subject.for_all(claim, states)


@check("social.redirect-uri", clause="L1", types=SOCIAL, needs=NEEDS, sees=("redirect URI",))
def redirect_uri_comes_along(subject: Subject) -> None:
    """Logto's redirect URI goes with the user to the provider, character by character."""
    if keeps_state(subject):
        raise NotApplicable(f"{subject.spec.name} declares validate_saml_assertion: users come back to its own address")
    if _is_native(subject):
        raise NotApplicable(
            f"the metadata of {subject.spec.name} declares the platform Native: the app comes back itself"
        )

    def claim(redirect_uri: str) -> None:
        _expect_parameter(Visitor(subject, redirect_uri=redirect_uri).uri(), redirect_uri, "the redirect URI")
        subject.ledger.saw("redirect URI")

    subject.for_all(claim, redirect_uris())


@check("social.assertion", clause="L1", types=SOCIAL, needs=NEEDS, sees=("assertion",))
def assertion(subject: Subject) -> None:
    """After a SAML assertion the user goes back to Logto's redirect URI, with Logto's state."""
    if not keeps_state(subject):
        raise NotApplicable(f"{subject.spec.name} does not declare a validate_saml_assertion of its own")

    def claim(state: str, redirect_uri: str) -> None:
        visitor = Visitor(subject, state=state, redirect_uri=redirect_uri)
        consent = visitor.consent()
        step = partial(visitor.connector.validate_saml_assertion, consent.callback)
        attempt = subject.attempt(partial(step, lambda: visitor.session, visitor.kept.append))
        landing = str(attempt.result)
        expect(attempt.error is None, f"expected the provider's own assertion to be taken; {attempt.how}")
        expect(landing.startswith(redirect_uri), f"expected to go back to {redirect_uri!r}, found {landing!r}")
        _expect_parameter(landing, state, "the state")
        subject.ledger.saw("assertion")

    subject.for_all(claim, states, redirect_uris())


@check("social.client-id", clause="L1", types=SOCIAL, needs=NEEDS, sees=("client id",))
def client_id_comes_along(subject: Subject) -> None:
    """The config's client id goes with the user to the provider, whatever it is."""
    keys = [key for key in subject.config if key.lower().replace("_", "") in _CLIENT_ID_KEYS]
    if not keys:
        raise NotApplicable("valid_config names no client id: no clientId and no appId")

    def claim(client_id: str) -> None:
        for key in keys:
            config = {**subject.config, key: client_id}
            if not subject.accepts(config):
                continue  # the provider gives out ids of a form of its own
            visitor = Visitor(subject, connector=_with(subject, config))
            _expect_parameter(visitor.uri(), client_id, f"the config's {key}")
            subject.ledger.saw("client id")

    subject.for_each(claim, {str(subject.config[key]): None for key in keys})
    subject.for_all(claim, st.builds("client-{}{}".format, letters, odd_texts))


@check("social.scope", clause="L1", level="advisory", types=SOCIAL, needs=NEEDS, sees=("scope",))
def scope_comes_along(subject: Subject) -> None:
    """Where Logto asks for a scope, to use the tokens that it stores, the provider is asked for it."""
    need_token_storage(subject)

    def claim(scopes: list[str]) -> None:
        uri = Visitor(subject, scope=" ".join(scopes)).uri()
        found = [set(re.split(r"[ ,+]+", value)) for value in _parameters(uri)]
        asked = any(value >= set(scopes) for value in found)
        expect(
            asked, f"expected the authorization URI to ask for the scope {' '.join(scopes)!r}, found that it does not"
        )
        subject.ledger.saw("scope")

    names = st.builds("{}:{}".format, letters, st.sampled_from(("read", "write", "user.email")))
    subject.for_all(claim, st.lists(names, min_size=1, max_size=3))


@check("social.uri-without-secrets", clause="L2", types=SOCIAL, needs=NEEDS, sees=("URI",))
def uri_without_secrets(subject: Subject) -> None:
    """No secret of the config stands in the authorization URI: browsers, proxies and logs see it."""
    if not subject.spec.secrets:
        raise NotApplicable(f"the Spec of {subject.spec.name} names no secrets")

    def claim(state: str, scope: str | None) -> None:
        uri = Visitor(subject, state=state, scope=scope).uri()
        leaked = subject.canaries.found_in(f"{uri} {unquote_plus(uri)}")
        expect(not leaked, f"expected no secret in the authorization URI, found {', '.join(leaked)}")
        subject.ledger.saw("URI")

    subject.for_all(claim, states, st.none() | letters)


# --- one user and the other -----------------------------------------------------------------------------------------


def _unique(session: ConnectorSession) -> dict[str, object]:
    """Return what a session has that no other may have: a nonce, a verifier."""
    stored = to_json(session)
    return {key: stored[key] for key in stored if "nonce" in key.lower() or "verifier" in key.lower()}


@check("social.two-users", clause="L3", types=SOCIAL, needs=NEEDS, sees=("two users",))
def two_users(subject: Subject) -> None:
    """Two users on the way at the same time come back as themselves, in whatever order."""

    def claim(one_state: str, other_state: str, first: str) -> None:
        one, other = Visitor(subject, state=f"{one_state}-1"), Visitor(subject, state=f"{other_state}-2")
        uris = one.uri(), other.uri()
        for mine, its, whose in ((one, uris[1], other), (other, uris[0], one)):
            seen = [*_parameters(its), *map(str, to_json(whose.session).values())]
            expect(mine.request.state not in seen, "expected each user's own state, found another user's")
        agreed = [(visitor, at_provider(subject, uri)) for visitor, uri in zip((one, other), uris, strict=True)]
        for visitor, consent in agreed if first == "one" else reversed(agreed):
            expect_user(subject, visitor.come_back(consent.callback), consent)
        subject.ledger.saw("two users")

    subject.for_all(claim, states, states, st.sampled_from(("one", "other")), examples=_few(subject))


@check("social.fresh", clause="L3", types=SOCIAL, needs=NEEDS, sees=("again",))
def fresh(subject: Subject) -> None:
    """What protects one sign-in, a nonce or a verifier, is made anew for each, even if Logto asks for the same again."""

    def claim(state: str) -> None:
        visitors = [Visitor(subject, state=state) for _ in range(2)]
        for visitor in visitors:
            visitor.uri()
        one, other = (_unique(visitor.session) for visitor in visitors)
        if not one:
            raise NotApplicable(f"the session of {subject.spec.name} names no nonce and no verifier")
        same = sorted(key for key in one if one[key] == other.get(key))
        expect(not same, f"expected a new {', '.join(same)} for each sign-in, found the same again")
        subject.ledger.saw("again")

    subject.for_all(claim, states, examples=_few(subject))


@check("social.foreign-session", clause="L3", types=SOCIAL, needs=NEEDS, sees=("foreign",))
def foreign_session(subject: Subject) -> None:
    """A callback that comes with another user's session signs nobody in, where a nonce or a verifier could tell."""

    def claim(state: str) -> None:
        victim, attacker = Visitor(subject, state=state), Visitor(subject)
        victim.uri()
        consent = attacker.consent()
        if not _unique(victim.session):
            raise NotApplicable(f"the session of {subject.spec.name} names no nonce and no verifier")
        attempt = victim.come_back(consent.callback)
        expect(attempt.error is not None, "expected a callback in another user's session to be refused; it signed in")
        expect(attempt.code is not None, f"expected a ConnectorError in another user's session; {attempt.how}")
        subject.ledger.saw("foreign")

    subject.for_all(claim, states, examples=_few(subject))


@check("social.threads", clause="L3", types=SOCIAL, needs=NEEDS, sees=("together",))
def threads(subject: Subject) -> None:
    """Users who sign in at the same time, through one connector, are signed in as themselves."""

    def claim(state: str) -> None:
        connector = subject.social
        visitors = [Visitor(subject, state=f"{state}-{index}", connector=connector) for index in range(_TOGETHER)]

        def go(visitor: Visitor) -> object:
            uri = connector.get_authorization_uri(visitor.request, visitor.kept.append)
            consent = at_provider(subject, uri)
            attempt = Attempt(visitor.arrive(consent.callback), None, (), 0, "")
            return expect_user(subject, attempt, consent)

        errors = subject.together([partial(go, visitor) for visitor in visitors], within=60)
        raised = sorted({f"{type(error).__name__}: {error}" for error in errors if error is not None})
        expect(not raised, f"expected {_TOGETHER} users at once to be signed in; some were not: {'; '.join(raised)}")
        subject.ledger.saw("together")

    subject.for_all(claim, states, examples=3)


# --- the config -----------------------------------------------------------------------------------------------------


def _steps(subject: Subject, visitor: Visitor, callback: object) -> dict[str, Callable[[], object]]:
    """Return everything that Logto calls of a connector, ready to be called."""
    connector = visitor.connector
    steps: dict[str, Callable[[], object]] = {
        "get_authorization_uri": partial(connector.get_authorization_uri, visitor.request, visitor.kept.append),
        **{how: visitor.call(how, callback) for how in methods(subject)},
    }
    if keeps_state(subject):
        steps["validate_saml_assertion"] = partial(visitor.land, callback)
    if len(methods(subject)) > 1:
        refresh_token = subject.provider.issue("a refresh token")
        steps["get_access_token_by_refresh_token"] = partial(connector.get_access_token_by_refresh_token, refresh_token)
    return steps


@check("social.saved-config", clause="L4", types=SOCIAL, needs=NEEDS, sees=("asked",))
def saved_config(subject: Subject) -> None:
    """Each call asks for the saved config once, with the connector's id: it may have changed since."""

    def claim(state: str) -> None:
        visitor = Visitor(subject, state=state)
        consent = visitor.consent()
        for name, step in _steps(subject, visitor, consent.callback).items():
            subject.asked_for_config.clear()
            subject.attempt(step)
            expect(
                subject.asked_for_config == [subject.spec.name],
                f"expected {name} to call get_config once with {subject.spec.name!r}, found {subject.asked_for_config}",
            )
            subject.ledger.saw("asked")

    subject.for_all(claim, states, examples=_few(subject))


@check("social.accepts-config", clause="L4", types=SOCIAL, needs=NEEDS, sees=("valid",))
def accepts_config(subject: Subject) -> None:
    """A config that the published schema accepts is accepted, and users can leave with it."""

    def claim(config: Json) -> None:
        assume(subject.accepts(config))
        left = Visitor(subject, connector=_with(subject, config)).leave()
        expect(left.error is None, f"expected a config that the schema accepts to be accepted; {left.how}")
        subject.ledger.saw("valid")

    subject.for_all(claim, subject.configs())


@check("social.refuses-config", clause="L4", types=SOCIAL, needs=NEEDS, sees=("invalid",))
def refuses_config(subject: Subject) -> None:
    """A config that the published schema refuses is invalid_config at each call, and the provider hears nothing."""

    def refused(config: Json) -> None:
        if subject.accepts(config):
            return
        visitor = Visitor(subject)
        consent = visitor.consent()
        elsewhere = Visitor(subject, connector=_with(subject, config))
        elsewhere.kept = visitor.kept
        for name, step in _steps(subject, elsewhere, consent.callback).items():
            attempt = subject.attempt(step)
            expect(
                attempt.code is ConnectorErrorCodes.INVALID_CONFIG,
                f"expected {name} to refuse an invalid config as invalid_config; {attempt.how}",
            )
            expect(
                not attempt.calls, f"expected {name} to ask the provider nothing, found {len(attempt.calls)} call(s)"
            )
        subject.ledger.saw("invalid")

    for place in places(subject.config):
        subject.for_all(lambda place: refused(without(subject.config, place)), st.just(place), examples=1)
        subject.for_all(lambda place: refused(replaced(subject.config, place, None)), st.just(place), examples=1)
    some_place = st.sampled_from(places(subject.config))
    subject.for_all(
        lambda place, value: refused(replaced(subject.config, place, value)),
        some_place,
        mistyped_values,
        examples=_few(subject),
    )
    subject.for_all(refused, json_values, examples=_few(subject))


@check("social.config-error", clause="L4", types=SOCIAL, needs=NEEDS, sees=("failing",))
def config_error(subject: Subject) -> None:
    """What get_config raises comes through, and the provider hears nothing."""

    class StoreDownError(Exception):
        pass

    def fail(_: str) -> object:
        raise StoreDownError

    def claim(state: str) -> None:
        visitor = Visitor(subject, state=state)
        consent = visitor.consent()
        elsewhere = Visitor(subject, state=state, connector=subject.make(get_config=fail))
        elsewhere.kept = visitor.kept
        for name, step in _steps(subject, elsewhere, consent.callback).items():
            attempt = subject.attempt(step)
            expect(
                isinstance(attempt.error, StoreDownError),
                f"expected get_config's own error to come through {name}; {attempt.how}",
            )
            expect(not attempt.calls, f"expected {name} to ask the provider nothing without a config, found a call")
        subject.ledger.saw("failing")

    subject.for_all(claim, states, examples=2)


# --- the session ----------------------------------------------------------------------------------------------------


@check("social.session", clause="L5", types=SOCIAL, needs=NEEDS, sees=("session",))
def session_is_json(subject: Subject) -> None:
    """What is kept in the session is JSON, and stays the same through it: Logto stores it."""

    def claim(state: str, redirect_uri: str) -> None:
        visitor = Visitor(subject, state=state, redirect_uri=redirect_uri)
        visitor.uri()
        if not visitor.kept:
            raise NotApplicable(f"{subject.spec.name} declares nothing to be kept: it never calls set_session")
        for session in visitor.kept:
            found = type(session).__name__
            expect(isinstance(session, ConnectorSession), f"expected a ConnectorSession to be kept, found a {found}")
            stored = to_json(session)
            valid = json_guard.is_valid(stored) and connector_session_guard.is_valid(stored)
            expect(valid, "expected a session that is JSON, with strings under Logto's own keys; found otherwise")
            expect(through_json(session) == session, "expected a session that JSON does not change, found it changed")
        subject.ledger.saw("session")

    subject.for_all(claim, states, redirect_uris())


@check("social.cluster", clause="L5", types=SOCIAL, needs=NEEDS, sees=("elsewhere",))
def cluster(subject: Subject) -> None:
    """A user who leaves from one instance of the connector can come back to another: Logto runs on many machines."""

    def claim(redirect_uri: str) -> None:
        for how in methods(subject):
            visitor = Visitor(subject, redirect_uri=redirect_uri)
            consent = visitor.consent()
            visitor.kept = [through_json(session) for session in visitor.kept]
            elsewhere = _with(subject, subject.config)
            expect_user(subject, visitor.come_back(consent.callback, how, connector=elsewhere), consent)
            subject.ledger.saw("elsewhere")

    subject.for_all(claim, redirect_uris(), examples=_few(subject))


@check("social.lost-session", clause="L5", types=SOCIAL, needs=NEEDS, sees=("lost",))
def lost_session(subject: Subject) -> None:
    """A callback without a session, because it has expired, is a ConnectorError unless the connector needs none."""

    def claim(state: str) -> None:
        for how in methods(subject):
            visitor = Visitor(subject, state=state)
            consent = visitor.consent()
            visitor.kept = []
            attempt = visitor.come_back(consent.callback, how)
            known = attempt.error is None or attempt.code in _FOR_A_CALLBACK
            expect(known, f"expected a ConnectorError about the callback when the session is lost; {attempt.how}")
            subject.ledger.saw("lost")

    subject.for_all(claim, states, examples=2)


# --- who the user is ------------------------------------------------------------------------------------------------


@check("social.user-info", clause="L6", types=SOCIAL, needs=NEEDS, sees=("user",))
def user_info(subject: Subject) -> None:
    """The user who comes back is the one whom the provider names, in a form that Logto takes."""

    def claim(redirect_uri: str) -> None:
        for how in methods(subject):
            info = user_of(Visitor(subject, redirect_uri=redirect_uri).sign_in(how))
            assert info is not None  # noqa: S101 - sign_in saw to it
            _expect_taken(info)
            subject.ledger.saw("user")

    subject.for_all(claim, redirect_uris(), examples=_few(subject))


def _expect_taken(info: SocialUserInfo) -> None:
    user_id: object = info.id
    expect(isinstance(user_id, str) and user_id, "expected an id that is a string and not empty, found another")
    expect(json_guard.is_valid(info.raw_data), "expected raw_data to be JSON, found otherwise")
    issues = [it.path for it in social_user_info_guard.issues(to_json(info)) if it.severity == "error"]
    expect(not issues, f"expected a SocialUserInfo that Logto's guard takes, found it wrong at {', '.join(issues)}")


@check("social.requests", clause="L6", types=SOCIAL, needs=NEEDS, sees=("request",))
def requests(subject: Subject) -> None:
    """The requests to the provider are such as it takes, with the config's own credentials."""

    def claim(redirect_uri: str, changed: str) -> None:
        config = subject.canaries.plant(subject.config, subject.spec.secrets) if changed else subject.config
        visitor = Visitor(subject, redirect_uri=redirect_uri, connector=_with(subject, config))
        attempt = visitor.sign_in()
        if not attempt.calls:
            raise NotApplicable(f"{subject.spec.name} declares all in its callback: it asks its provider nothing")
        for call in attempt.calls:
            fault = subject.provider.fault(call, config, "form") or subject.provider.fault(call, config, "credentials")
            expect(fault is None, f"of a request to the provider: {fault}")
            subject.ledger.saw("request")

    subject.for_all(claim, redirect_uris(), st.sampled_from(("", "secrets")), examples=_few(subject))


# --- the callback ---------------------------------------------------------------------------------------------------


def _expect_about_the_callback(attempt: Attempt, what: str) -> None:
    expect(attempt.error is not None, f"expected {what} to sign nobody in; it did")
    expect(attempt.code is not None, f"expected a ConnectorError for {what}; {attempt.how}")
    expect(attempt.code in _FOR_A_CALLBACK, f"expected an error about the callback for {what}; {attempt.how}")


@check("social.callback", clause="L7", types=SOCIAL, needs=NEEDS, sees=("anything", "near miss"))
def callback(subject: Subject) -> None:
    """Any JSON as the callback's data is a ConnectorError, unless the provider has sent it: users can write URLs."""

    def anything(data: Json) -> None:
        for how in methods(subject):
            visitor = Visitor(subject)
            visitor.uri()
            _expect_about_the_callback(visitor.come_back(data, how), "data that no provider has sent")
            subject.ledger.saw("anything")

    values = json_values | st.sampled_from(("\ud800", "access_denied", "a" * 5000))
    members = st.fixed_dictionaries({}, optional={"code": values, "state": values, "error": values})
    subject.for_all(anything, members | json_values)

    def near_miss(value: Json, index: int, *, is_dropped: bool) -> None:
        visitor = Visitor(subject)
        consent = visitor.consent()
        data = dict(consent.callback)
        key = sorted(data)[index % len(data)]
        if is_dropped:
            del data[key]
        else:
            data[key] = value
        attempt = visitor.come_back(data)
        if attempt.error is None:  # a member that the connector does not need
            expect_user(subject, attempt, consent)
        else:
            _expect_about_the_callback(attempt, f"data with a wrong {key!r}")
        subject.ledger.saw("near miss")

    subject.for_all(
        lambda value, index, is_dropped: near_miss(value, index, is_dropped=is_dropped),
        values,
        st.integers(0, 3),
        st.booleans(),
        examples=_few(subject),
    )


@check("social.denied", clause="L7", level="advisory", types=SOCIAL, needs=NEEDS, sees=("denied",))
def denied(subject: Subject) -> None:
    """A user who refuses at the provider is authorization_failed, so that Logto answers 401."""

    def claim(state: str) -> None:
        for how in methods(subject):
            visitor = Visitor(subject, state=state)
            data = subject.provider.deny(visitor.uri())
            if data is None:
                raise NotApplicable(f"{type(subject.provider).__name__} does not declare what a refusal looks like")
            attempt = visitor.come_back(data, how)
            expect(
                attempt.code is ConnectorErrorCodes.AUTHORIZATION_FAILED,
                f"expected authorization_failed when the user has refused; {attempt.how}",
            )
            subject.ledger.saw("denied")

    subject.for_all(claim, states, examples=2)


# --- failures -------------------------------------------------------------------------------------------------------


def _failures(subject: Subject, *, echoes: bool = False, hangs: bool = False) -> list[Outcome]:
    chosen = [
        it for it in subject.provider.outcomes if it.family != "accepted" and it.echoes == echoes and it.hangs == hangs
    ]
    if not chosen:
        what = "repeats the request" if echoes else "hangs" if hangs else "is a failure"
        raise NotApplicable(f"{type(subject.provider).__name__} declares no outcome that {what}")
    return chosen


def _each_failure(
    subject: Subject, claim: Callable[[Outcome, str], None], chosen: list[Outcome], *, examples: int | None = None
) -> None:
    """Try a claim on each outcome, for everything that Logto may call when a user comes back."""
    tries = examples or subject.profile.failure_examples
    for outcome in chosen:
        for how in methods(subject):
            subject.for_all(claim, st.just(outcome), st.just(how), examples=tries)


def _failed(subject: Subject, outcome: Outcome, how: Any, within: float | None = None) -> Attempt:  # noqa: ANN401 - a Method
    subject.provider.answer_with(outcome.name)
    return Visitor(subject).try_to_sign_in(how, within=within)


def _expect_code(outcome: Outcome, attempt: Attempt) -> None:
    expect(
        attempt.code is outcome.expect,
        f"expected ConnectorError {outcome.expect} when the provider answers {outcome.name!r}; {attempt.how}",
    )


@check("social.failures", clause="L8", types=SOCIAL, needs=NEEDS, sees=("failure",))
def failures(subject: Subject) -> None:
    """However the provider fails, wherever on the way, nobody is signed in and the error has the code that says why."""

    def claim(outcome: Outcome, how: str) -> None:
        _expect_code(outcome, _failed(subject, outcome, how))
        subject.ledger.saw("failure")

    _each_failure(subject, claim, _failures(subject))


@check("social.error-data", clause="L8", types=SOCIAL, needs=NEEDS, sees=("data",))
def error_data(subject: Subject) -> None:
    """The data of every error is JSON: Logto logs it and passes it on."""

    def claim(outcome: Outcome, how: str) -> None:
        data = getattr(_failed(subject, outcome, how).error, "data", None)
        try:
            json.dumps(data)
        except (TypeError, ValueError) as error:
            expect(condition=False, message=f"expected data that is JSON for {outcome.name!r}, found: {error}")
        subject.ledger.saw("data")

    _each_failure(subject, claim, _failures(subject), examples=1)


@check("social.recovers", clause="L8", types=SOCIAL, needs=NEEDS, sees=("after a failure",))
def recovers(subject: Subject) -> None:
    """After any failure the next user is signed in as if nothing had been."""

    def claim(outcome: Outcome, how: Any) -> None:  # noqa: ANN401 - a Method
        _failed(subject, outcome, how)
        subject.provider.reset()
        Visitor(subject).sign_in(how)
        subject.ledger.saw("after a failure")

    _each_failure(subject, claim, _failures(subject), examples=1)


@check("social.time-limit", clause="L8", types=SOCIAL, needs=NEEDS, sees=("hanging",), waits=True)
def time_limit(subject: Subject) -> None:
    """Signing in ends in under 15 seconds though the provider never answers, and the next user is signed in."""
    for outcome in _failures(subject, hangs=True) if not subject.time_is_up else ():
        subject.provider.reset()
        attempt = _failed(subject, outcome, "get_user_info", within=_PATIENCE)
        expect(
            attempt.seconds < _TIME_LIMIT,
            f"expected signing in to end within {_TIME_LIMIT} s when the provider answers {outcome.name!r}, "
            f"found {attempt.seconds:.0f} s; {attempt.how}",
        )
        _expect_code(outcome, attempt)
        subject.provider.reset()
        Visitor(subject).sign_in()
        subject.ledger.saw("hanging")


@check("social.network", clause="L8", types=SOCIAL, needs=NEEDS, sees=("signed in",))
def network(subject: Subject) -> None:
    """No socket is opened but to the provider: what it says of a user goes nowhere else."""

    def claim(outcome: Outcome, how: str) -> None:
        attempt = _failed(subject, outcome, how)
        elsewhere = subject.provider.refused_sockets
        expect(
            not elsewhere,
            f"expected no socket but to the provider when it answers {outcome.name!r}, "
            f"found one asked for to {', '.join(elsewhere)}",
        )
        subject.ledger.saw("signed in" if attempt.error is None else "failed")

    quick = [it for it in subject.provider.outcomes if not (it.hangs or it.echoes)]
    _each_failure(subject, claim, quick, examples=1)


# --- secrets --------------------------------------------------------------------------------------------------------


def _without_secrets(subject: Subject, attempt: Attempt, when: str) -> None:
    data = repr(attempt.error.data) if isinstance(attempt.error, ConnectorError) else ""
    for where, told in (
        ("the error", f"{attempt.error} {attempt.error!r} {data}"),
        ("the error's traceback", attempt.traceback),
        ("the log", attempt.log),
    ):
        leaked = subject.canaries.found_in(told)
        expect(not leaked, f"expected no secret in {where} {when}, found {', '.join(leaked)}")


def _leaks_nothing(subject: Subject, *, echoes: bool) -> None:

    def claim(outcome: Outcome, how: str) -> None:
        attempt = _failed(subject, outcome, how)
        _without_secrets(subject, attempt, f"when the provider answers {outcome.name!r}")
        subject.ledger.saw("echo" if echoes else "failure")

    _each_failure(subject, claim, _failures(subject, echoes=echoes), examples=1)


@check("social.secrets", clause="L9", types=SOCIAL, needs=NEEDS, sees=("failure",))
def secrets(subject: Subject) -> None:
    """However the provider fails, no client secret, code or token shows in the error, its causes or the log."""
    _leaks_nothing(subject, echoes=False)


@check("social.secrets-echo", clause="L9", level="advisory", types=SOCIAL, needs=NEEDS, sees=("echo",))
def secrets_echo(subject: Subject) -> None:
    """Even when the provider repeats the request in its answer, no client secret, code or token shows."""
    _leaks_nothing(subject, echoes=True)


@check("social.log", clause="L9", types=SOCIAL, needs=NEEDS, sees=("signed in",))
def log(subject: Subject) -> None:
    """A user who signs in leaves no secret in the log, at INFO and above."""

    def claim(state: str) -> None:
        for how in methods(subject):
            visitor = Visitor(subject, state=state)
            left = visitor.leave()
            consent = at_provider(subject, str(left.result))
            back = expect_user(subject, visitor.come_back(consent.callback, how), consent)
            leaked = subject.canaries.found_in(f"{left.log}\n{back.log}")
            expect(not leaked, f"expected no secret in the log of a sign-in, found {', '.join(leaked)}")
            subject.ledger.saw("signed in")

    subject.for_all(claim, states, examples=_few(subject))


@check("social.repr", clause="L9", types=SOCIAL, needs=NEEDS, sees=("repr",))
def representation(subject: Subject) -> None:
    """No secret shows in the repr of the connector, of its config, or of what it returns."""
    held = subject.spec.connector.config_guard.validate(subject.config)

    def claim(state: str) -> None:
        for how in methods(subject):
            returned = Visitor(subject, state=state).sign_in(how).result
            shown = {
                "the connector": repr(subject.social),
                "its config": f"{held!r} {held}",
                "a result": repr(returned),
            }
            for what, text in shown.items():
                leaked = subject.canaries.found_in(text)
                expect(not leaked, f"expected no secret in the repr of {what}, found {', '.join(leaked)}")
            subject.ledger.saw("repr")

    subject.for_all(claim, states, examples=2)


# --- tokens ---------------------------------------------------------------------------------------------------------


def _expect_tokens(subject: Subject, tokens: object) -> TokenResponse:
    found = type(tokens).__name__
    expect(isinstance(tokens, TokenResponse), f"expected a TokenResponse, found {found}")
    assert isinstance(tokens, TokenResponse)  # noqa: S101 - what expect has seen to
    expect(token_response_guard.is_valid(to_json(tokens)), "expected tokens that Logto's guard takes, found others")
    issued = subject.canaries.found_in(tokens.access_token or "")
    expect(issued, "expected the access token that the provider has issued, found none")
    return tokens


def _stored(subject: Subject) -> TokenResponse:
    """Sign a user in, and return the tokens that Logto would store."""
    result = Visitor(subject).sign_in("get_token_response_and_user_info").result
    found = type(result).__name__
    expect(isinstance(result, TokenResponseAndUserInfo), f"expected a TokenResponseAndUserInfo, found {found}")
    assert isinstance(result, TokenResponseAndUserInfo)  # noqa: S101 - what expect has seen to
    return _expect_tokens(subject, result.token_response)


@check("social.tokens", clause="L10", types=SOCIAL, needs=NEEDS, sees=("tokens",))
def tokens_come_along(subject: Subject) -> None:
    """Where the metadata says that tokens can be stored, they come with the user, as the provider issued them."""
    need_token_storage(subject)

    def claim(_: str) -> None:
        _stored(subject)
        subject.ledger.saw("tokens")

    subject.for_all(claim, states, examples=_few(subject))


@check("social.refresh", clause="L10", types=SOCIAL, needs=NEEDS, sees=("new token",))
def refresh(subject: Subject) -> None:
    """A refresh token that was stored gives new tokens, with another connector of the class too."""
    need_token_storage(subject)

    def claim(_: str) -> None:
        stored = _stored(subject)
        if stored.refresh_token is None:
            raise NotApplicable(f"{type(subject.provider).__name__} does not declare refresh tokens: it issues none")
        elsewhere = _with(subject, subject.config)
        for connector in (subject.social, elsewhere):
            attempt = subject.attempt(partial(connector.get_access_token_by_refresh_token, stored.refresh_token))
            expect(attempt.error is None, f"expected new tokens for a refresh token; {attempt.how}")
            renewed = _expect_tokens(subject, attempt.result)
            old = {stored.access_token, stored.refresh_token}
            expect(renewed.access_token not in old, "expected a new access token, found an old token")
        subject.ledger.saw("new token")

    subject.for_all(claim, states, examples=_few(subject))


@check("social.refresh-failures", clause="L10", types=SOCIAL, needs=NEEDS, sees=("failure",))
def refresh_failures(subject: Subject) -> None:
    """However the provider fails to renew a token, it is a ConnectorError without a secret."""
    need_token_storage(subject)

    def claim(outcome: Outcome) -> None:
        subject.provider.answer_with(outcome.name)
        token = subject.provider.issue("the refresh token")
        attempt = subject.attempt(partial(subject.social.get_access_token_by_refresh_token, token))
        expect(
            attempt.code is not None and attempt.code in {*_FOR_A_CALLBACK, outcome.expect},
            f"expected a ConnectorError for a token that cannot be renewed ({outcome.name!r}); {attempt.how}",
        )
        _without_secrets(subject, attempt, f"when a token cannot be renewed ({outcome.name!r})")
        subject.ledger.saw("failure")

    for outcome in [it for it in subject.provider.outcomes if not (it.hangs or it.echoes)]:
        subject.for_all(claim, st.just(outcome), examples=1)


_OPTIONAL: Final = {
    "get_token_response_and_user_info": 2,
    "get_access_token_by_refresh_token": 1,
    "validate_saml_assertion": 3,
}
"""The methods that not every social connector has, and how many arguments each takes."""


@check("social.absent", clause="L11", types=SOCIAL, needs=NEEDS, sees=("asked",))
def absent(subject: Subject) -> None:
    """What a connector does not do it says so: not_implemented, which Logto answers with 501."""
    lacking = _lacking(subject)
    if not lacking:
        raise NotApplicable(f"{subject.spec.connector.__name__} has every method that a social connector can have")
    for name in lacking:
        attempt = _call(subject, name)
        expect(
            attempt.code is ConnectorErrorCodes.NOT_IMPLEMENTED,
            f"expected not_implemented from {name}, which the connector does not have; {attempt.how}",
        )
        subject.ledger.saw("asked")


def _lacking(subject: Subject) -> list[str]:
    own = subject.spec.connector
    return [name for name in _OPTIONAL if getattr(own, name) is getattr(SocialConnector, name)]


def _call(subject: Subject, name: str) -> Attempt:
    return subject.attempt(partial(getattr(subject.social, name), *["x"] * _OPTIONAL[name]))


@check("social.missing-values", clause="O6", level="advisory", types=SOCIAL, needs=NEEDS, sees=("error",))
def no_missing_values(subject: Subject) -> None:
    """No error says None, undefined or [object Object] where a value was meant."""
    raised = ((error, when) for error, when in _errors(subject) if error is not None)
    for error, when in raised:
        found = missing_values_in(error)
        expect(not found, f"expected words alone in the error {when}, found {', '.join(found)}")
        subject.ledger.saw("error")


def _errors(subject: Subject) -> Iterator[tuple[Exception | None, str]]:
    """Yield what a connector raises for other reasons than a wrong value of its own, and when."""
    for name in _lacking(subject):
        yield _call(subject, name).error, f"for {name}, which the connector does not have"
    for data in (None, {}, {"code": "code"}, {"error": "access_denied"}):
        visitor = Visitor(subject)
        visitor.uri()
        yield visitor.come_back(data).error, f"for the callback {json.dumps(data)}"
    for outcome in subject.quick_failures():
        yield _failed(subject, outcome, methods(subject)[0]).error, f"when the provider answers {outcome.name!r}"
