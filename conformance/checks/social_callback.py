"""Social connectors: the data that a user's browser brings back, which anybody can change."""

import json
from collections.abc import Mapping
from typing import Any, Final

from hypothesis import strategies as st

from conformance.checks.social import CALLBACK_CODES, sign_in_examples, social_check
from conformance.harness.attempt import Attempt
from conformance.harness.expectations import expect_error
from conformance.harness.harness import Harness
from conformance.harness.sign_in import Method, SignIn, expect_user, keeps_state_in_session, methods, states, user_of
from conformance.harness.strategies import json_values
from conformance.verdicts import NotApplicable, expect
from connector_kit import ConnectorErrorCodes, to_json

Json = Any

_OTHER_ADDRESS: Final = "another-user@victim.example"
_OTHER_NUMBER: Final = "15550001111"
_OTHER_USER: Final[Mapping[str, Json]] = {
    **dict.fromkeys(("sub", "id", "uid", "user_id", "userId", "openid", "unionid", "login"), "another-user"),
    **dict.fromkeys(("email", "mail"), _OTHER_ADDRESS),
    **dict.fromkeys(("phone", "phone_number"), _OTHER_NUMBER),
    "email_verified": True,
}
_INVENTED: Final[Mapping[str, Json]] = {
    **_OTHER_USER,
    "user": json.dumps({**_OTHER_USER, "name": {"firstName": "Another", "lastName": "User"}}),
    "userInfo": _OTHER_USER,
    "access_token": "an-invented-access-token",
    "id_token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm90aGVyLXVzZXIiLCJlbWFpbCI6ImFub3RoZXItdXNlckB2aWN0aW0uZXhhbXBsZSJ9.",
}
"""Members of a callback that the provider did not send: the details of another user, and tokens."""


_CHANGES: Final = {
    "another": "another state",
    "missing": "no state",
    "empty": "an empty state",
    "longer": "a state that begins with the right one",
    "shorter": "a part of the state",
}


def _expect_callback_error(attempt: Attempt, what: str) -> None:
    expect(attempt.code is not None, f"expected a ConnectorError for {what}; {attempt.summary}")
    expect(attempt.code in CALLBACK_CODES, f"expected an error about the callback for {what}; {attempt.summary}")


@social_check("social.invalid-callback", clause="L7", covers=("any JSON value", "changed callback"), is_smoke=True)
def invalid_callback(harness: Harness) -> None:
    """Callback data that the provider did not send raises an error about the callback."""

    def verify_any(data: Json) -> None:
        for method in methods(harness):
            sign_in = SignIn(harness)
            sign_in.authorization_uri()
            _expect_callback_error(sign_in.finish(data, method), "callback data that the provider did not send")
            harness.coverage.add("any JSON value")

    values = json_values | st.sampled_from(("\ud800", "access_denied", "a" * 5000))
    members = st.fixed_dictionaries({}, optional={"code": values, "state": values, "error": values})
    harness.for_all(verify_any, members | json_values)

    def verify_changed(value: Json, index: int, drop: bool) -> None:  # noqa: FBT001 - drawn
        sign_in = SignIn(harness)
        consent = sign_in.consent()
        data = dict(consent.callback)
        key = sorted(data)[index % len(data)]
        if drop:
            del data[key]
        else:
            data[key] = value
        attempt = sign_in.finish(data)
        if attempt.error is None:  # the connector does not need this key
            expect_user(harness, attempt, consent)
        else:
            _expect_callback_error(attempt, f"callback data with a wrong {key!r}")
        harness.coverage.add("changed callback")

    drawn = (values, st.integers(0, 3), st.booleans())
    harness.for_all(verify_changed, *drawn, examples=sign_in_examples(harness))


@social_check("social.denied", clause="L7", level="advisory", covers=("denied authorization",))
def denied(harness: Harness) -> None:
    """A denied authorization raises authorization_failed, for which Logto responds with status 401."""

    def verify(state: str) -> None:
        for method in methods(harness):
            sign_in = SignIn(harness, state=state)
            data = harness.provider.deny(sign_in.authorization_uri())
            if data is None:
                raise NotApplicable(f"{type(harness.provider).__name__} does not declare a callback for a denial")
            attempt = sign_in.finish(data, method)
            expect_error(attempt, ConnectorErrorCodes.AUTHORIZATION_FAILED, "for a denied authorization")
            harness.coverage.add("denied authorization")

    harness.for_all(verify, states, examples=2)


@social_check("social.untrusted-callback", clause="L13", covers=("invented members",))
def untrusted_callback(harness: Harness) -> None:
    """The id, the e-mail address and the phone number of a user come from the provider, not from the callback data."""

    def verify(names: set[str], method: Method) -> None:
        sign_in = SignIn(harness)
        consent = sign_in.consent()
        data = {**consent.callback, **{name: _INVENTED[name] for name in names}}
        attempt = sign_in.finish(data, method)
        if attempt.error is not None:
            _expect_callback_error(attempt, "callback data with invented members")
        else:
            info = user_of(expect_user(harness, attempt, consent))
            found = {getattr(info, "email", None), getattr(info, "phone", None)} & {_OTHER_ADDRESS, _OTHER_NUMBER}
            expect(
                not found,
                f"expected no e-mail address or phone number from the callback data, found {', '.join(map(str, found))}",
            )
        harness.coverage.add("invented members")

    everything = st.just(set(_INVENTED)) | st.sets(st.sampled_from(sorted(_INVENTED)), min_size=1, max_size=2)
    harness.for_all(verify, everything, st.sampled_from(methods(harness)), examples=harness.profile.examples)


@social_check("social.callback-state", clause="L13", covers=("another state",))
def callback_state(harness: Harness) -> None:
    """A connector that compares the state itself rejects a callback with no state, or with a part of it."""
    if keeps_state_in_session(harness):
        raise NotApplicable(f"{harness.spec.name} declares validate_saml_assertion, so its callback has no state")

    def verify(state: str, method: Method) -> None:
        accepted = [change for change in _CHANGES if _return_with(harness, state, change, method).error is None]
        if "another" in accepted:
            raise NotApplicable(f"{harness.spec.name} declares no state of its own to compare: Logto compares it")
        expect(
            not accepted,
            "expected an error for a callback with another state than the session's; the connector accepts "
            f"{', '.join(_CHANGES[change] for change in accepted)}",
        )
        harness.coverage.add("another state")

    harness.for_all(verify, states, st.sampled_from(methods(harness)), examples=3)


def _return_with(harness: Harness, state: str, change: str, method: Method) -> Attempt:
    """Return to Logto with a changed state."""
    sign_in = SignIn(harness, state=state)
    consent = sign_in.consent()
    keys = [key for key, value in consent.callback.items() if value == state]
    if not keys or state not in to_json(sign_in.session).values():
        raise NotApplicable(f"the session of {harness.spec.name} names no state: Logto compares it")
    changed = {"another": "another-state", "empty": "", "longer": f"{state}x", "shorter": state[:-1]}
    data = {key: value for key, value in consent.callback.items() if key not in keys}
    data |= {key: changed[change] for key in keys if change in changed}
    attempt = sign_in.finish(data, method)
    if attempt.error is not None:
        _expect_callback_error(attempt, f"a callback with {_CHANGES[change]}")
    return attempt


@social_check("social.callback-issuer", clause="L13", covers=("another issuer",))
def callback_issuer(harness: Harness) -> None:
    """If the provider sends its iss in the callback, a callback with another iss, or without one, is rejected."""

    def verify(issuer: str | None, method: Method) -> None:
        sign_in = SignIn(harness)
        consent = sign_in.consent()
        if "iss" not in consent.callback:
            raise NotApplicable(f"{type(harness.provider).__name__} does not declare an iss in its callback")
        data = {key: value for key, value in consent.callback.items() if key != "iss"}
        if issuer is not None:
            data["iss"] = issuer.replace("{iss}", str(consent.callback["iss"]))
        attempt = sign_in.finish(data, method)
        what = "a callback without iss" if issuer is None else "a callback with the iss of another provider"
        expect(attempt.error is not None, f"expected an error for {what}; {attempt.summary}")
        _expect_callback_error(attempt, what)
        harness.coverage.add("another issuer")

    for issuer in ("https://another-issuer.example", "{iss}.example", None):
        harness.for_all(verify, st.just(issuer), st.sampled_from(methods(harness)), examples=2)


@social_check("social.code-replay", clause="L13", covers=("second use",))
def code_replay(harness: Harness) -> None:
    """A callback whose code the provider has exchanged once signs nobody in again."""

    def verify(state: str, method: Method) -> None:
        sign_in = SignIn(harness, state=state)
        consent = sign_in.consent()
        first = expect_user(harness, sign_in.finish(consent.callback, method), consent)
        if not first.calls:
            raise NotApplicable(f"{harness.spec.name} makes no request to its provider, so it declares no code")
        attempt = sign_in.finish(consent.callback, method)
        expect(
            attempt.error is not None,
            f"expected an error for the second use of an authorization code; {attempt.summary}",
        )
        _expect_callback_error(attempt, "the second use of an authorization code")
        harness.coverage.add("second use")

    harness.for_all(verify, states, st.sampled_from(methods(harness)), examples=2)
