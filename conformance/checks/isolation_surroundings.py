"""Surroundings: a connector neither depends on the machine nor changes it, and leaves nothing behind."""

import gc
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final, get_args
from unittest.mock import patch

from conformance.harness.effects import (
    count_descriptors,
    count_threads,
    fast_collection,
    reachable_bytes,
    recorded_effects,
    settled,
)
from conformance.harness.expectations import choose_outcomes, is_failure_without_pause
from conformance.harness.harness import Harness
from conformance.harness.logto import LogtoCallbacks
from conformance.harness.values import show
from conformance.providers.base import Aspect, Outcome, Provider
from conformance.registry import check
from conformance.verdicts import CheckFailure, NotApplicable, expect

Json = Any


def require_python(harness: Harness) -> None:
    """Raise NotApplicable if the connector runs in another process."""
    if harness.spec.runs_in is not None:
        raise NotApplicable(f"the connector declares that it runs in {harness.spec.runs_in}, in another process")


# --- what it reads --------------------------------------------------------------------------------------------------

_DECOY: Final = "decoy-0123456789"
_AWS: Final = {
    "AWS_ACCESS_KEY_ID": "AKIADECOY00000000000",
    "AWS_SECRET_ACCESS_KEY": _DECOY,
    "AWS_SESSION_TOKEN": _DECOY,
    "AWS_REGION": "sa-east-1",
    "AWS_DEFAULT_REGION": "sa-east-1",
}
_OTHER_SDKS: Final = dict.fromkeys(
    (
        *(
            "API_KEY",
            "API_TOKEN",
            "AUTH_TOKEN",
            "ACCESS_TOKEN",
            "AUTHORIZATION",
            "MAIL_FROM",
            "EMAIL_FROM",
            "FROM_EMAIL",
        ),
        *("SENDGRID_API_KEY", "MAILGUN_API_KEY", "MAILGUN_DOMAIN", "POSTMARK_SERVER_TOKEN", "POSTMARK_API_TOKEN"),
        *("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_KEY", "TWILIO_API_SECRET"),
        *(
            "VONAGE_API_KEY",
            "VONAGE_API_SECRET",
            "NEXMO_API_KEY",
            "NEXMO_API_SECRET",
            "RESEND_API_KEY",
            "BREVO_API_KEY",
        ),
        *("MAILJET_API_KEY", "MAILJET_API_SECRET", "MANDRILL_API_KEY", "SPARKPOST_API_KEY", "MAILCHIMP_API_KEY"),
        *("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "TENCENTCLOUD_SECRET_ID"),
        *("TENCENTCLOUD_SECRET_KEY", "AZURE_CLIENT_SECRET", "SMTP_USER", "SMTP_PASSWORD", "SMTP_HOST"),
    ),
    _DECOY,
)
_SWITCHES: Final = dict.fromkeys(
    ("CI", "DEBUG", "DRY_RUN", "SANDBOX", "TESTING", "TEST_MODE", "DISABLE_EMAIL", "DISABLE_SMS"), "1"
)
_LOCALE: Final = {"LANG": "tr_TR.UTF-8", "LC_ALL": "tr_TR.UTF-8", "LANGUAGE": "tr"}


_NOT_DECOYS: Final = re.compile(r"(PATH|HOME|USER|LANG|TZ|SHELL|TMPDIR)$|URL|URI|ENDPOINT|HOST|ADDRESS|PROXY|PORT$")
"""Variables of the system, and those that may set the address of a provider."""


def _named_after_config(harness: Harness) -> dict[str, str]:
    """Return variables named after the keys of the config, with and without the connector's id and target."""
    metadata = harness.spec.connector.metadata
    prefixes = {"", *(f"{it.upper().replace('-', '_')}_" for it in (metadata.id, metadata.target))}
    texts = [key for key, value in harness.config.items() if isinstance(value, str)]
    keys = [re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).upper() for key in texts]
    named = [f"{prefix}{key}" for prefix in sorted(prefixes) for key in keys]
    return {name: _DECOY for name in named if not _NOT_DECOYS.search(name)}


@contextmanager
def _home(files: Mapping[str, str]) -> Iterator[None]:
    """Set a home folder with files, by path."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder, name)
            path.parent.mkdir(exist_ok=True)
            path.write_text(content)
            path.chmod(0o600)
        with patch.dict(os.environ, {"HOME": folder, "USERPROFILE": folder}):
            yield


def _decoy_files(harness: Harness) -> dict[str, str]:
    """Return files with credentials that some libraries prefer to those that a program gives them."""
    hosts = ["localhost", "127.0.0.1", *(str(host) for host, _ in harness.provider.addresses)]
    netrc = "\n".join(f"machine {host} login decoy password {_DECOY}" for host in dict.fromkeys(hosts))
    credentials = f"aws_access_key_id = AKIADECOY00000000000\naws_secret_access_key = {_DECOY}\n"
    return {
        ".netrc": f"{netrc}\ndefault login decoy password {_DECOY}\n",
        "_netrc": f"{netrc}\n",
        ".aws/credentials": f"[default]\n{credentials}",
        ".aws/config": "[default]\nregion = sa-east-1\n",
        ".mailrc": "set from=decoy@example.com\n",
        ".env": f"API_KEY={_DECOY}\n",
    }


@contextmanager
def _far_time_zone() -> Iterator[None]:
    if not hasattr(time, "tzset"):
        yield
        return
    try:
        with patch.dict(os.environ, {"TZ": "XYZ-14"}):
            time.tzset()
            yield
    finally:
        time.tzset()


@contextmanager
def _variables(harness: Harness, variables: Mapping[str, str]) -> Iterator[None]:
    kept = {name: value for name, value in variables.items() if name not in harness.provider.environment}
    with patch.dict(os.environ, kept):
        yield


def decoys(harness: Harness) -> dict[str, Callable[[], Any]]:
    """Return what must not affect a connector, by what it is: contexts that set it in the environment or on the disk."""
    named = _named_after_config(harness)
    return {
        f"the environment variables {', '.join(_AWS)}": partial(_variables, harness, _AWS),
        "environment variables of other SDKs, such as SENDGRID_API_KEY and SMTP_PASSWORD": partial(
            _variables, harness, _OTHER_SDKS
        ),
        f"environment variables named after the config's keys, such as {', '.join([*named][:3])}": partial(
            _variables, harness, named
        ),
        f"environment variables such as {', '.join(_SWITCHES)}, set to 1": partial(_variables, harness, _SWITCHES),
        "the environment variables LANG and LC_ALL, set to Turkish": partial(_variables, harness, _LOCALE),
        "credentials in the home folder: .netrc and .aws": partial(_home, _decoy_files(harness)),
        "a time zone 14 hours ahead of UTC": _far_time_zone,
    }


@check("isolation.environment", clause="I9", covers=("decoy",))
def environment(harness: Harness) -> None:
    """Environment variables and files of the machine, such as a provider's SDK reads, do not affect a message."""
    _expect_sent(harness, decoys(harness), "decoy")


_MISSING_PROFILES: Final = {
    **dict.fromkeys(("AWS_PROFILE", "AWS_DEFAULT_PROFILE"), "no-such-profile"),
    **dict.fromkeys(("GOOGLE_APPLICATION_CREDENTIALS", "OCI_CONFIG_FILE"), "/no/such/file"),
}
_MALFORMED_FILES: Final = dict.fromkeys(
    (".netrc", "_netrc", ".aws/credentials", ".aws/config", ".oci/config"), "[[\n=\n"
)


@check("isolation.unusable-files", clause="I9", level="advisory", covers=("unusable file",))
def unusable_files(harness: Harness) -> None:
    """A missing profile or a malformed file of a provider's SDK does not prevent a message: the config has the credentials."""
    # Where the stub sets an SDK's variables for credentials, the connector has them from that SDK, and needs its files.
    needed = tuple(f"{it.partition('_')[0]}_" for it in harness.provider.environment if it in {*_AWS, *_OTHER_SDKS})
    missing = {name: value for name, value in _MISSING_PROFILES.items() if not name.startswith(needed)}
    folders = tuple(f".{it[:-1].lower()}/" for it in needed)
    malformed = {name: content for name, content in _MALFORMED_FILES.items() if not name.startswith(folders)}
    unusable = {
        f"the environment variables {', '.join(missing)}, which name what does not exist,": partial(
            _variables, harness, missing
        ),
        **{
            f"a malformed {name} in the home folder": partial(_home, {name: content})
            for name, content in malformed.items()
        },
    }
    _expect_sent(harness, unusable, "unusable file")


def _expect_sent(harness: Harness, surroundings: Mapping[str, Callable[[], Any]], kind: str) -> None:
    """Expect that a new connector sends a message as usual in each of these surroundings, named by what they are."""

    def verify(what: str, message: Json) -> None:
        with surroundings[what]():
            connector = harness.make(get_config=lambda _: harness.config)
            attempt = harness.attempt(partial(connector.send_message, message))
        expect(attempt.error is None, f"expected a message to be sent with {what}; {attempt.summary_with_text}")
        expect(attempt.calls, f"expected a message to reach the provider with {what}, found no call")
        for aspect in get_args(Aspect):
            error = harness.provider.request_error(attempt.calls[-1], harness.config, aspect)
            expect(error is None, f"with {what}: {error}")
        harness.coverage.add(kind)

    for what in surroundings:
        harness.for_all(partial(verify, what), harness.messages(), examples=1)


# --- what it changes ------------------------------------------------------------------------------------------------


def _accepted_and_failed(harness: Harness) -> list[Outcome]:
    failures = [it for it in harness.provider.outcomes if is_failure_without_pause(it)]
    return [harness.provider.outcome("accepted"), *failures[:1]]


@check("isolation.files", clause="I10", covers=("sent message",))
def files(harness: Harness) -> None:
    """A send leaves no file behind and starts no process; a temporary file that it removes does no harm."""
    require_python(harness)

    def verify(message: Json) -> None:
        expect_no_effects(harness, "a send", lambda: harness.send(message, harness.config))
        harness.coverage.add("sent message")

    harness.for_all(verify, harness.messages(), examples=1)


def expect_no_effects(harness: Harness, what: str, use: Callable[[], object]) -> None:
    """Expect that a use of the connector, successful or not, leaves no file behind and starts no process."""
    for is_first in (True, False):  # a library may start a process once, to learn about the machine
        for outcome in _accepted_and_failed(harness):
            harness.provider.respond_with(outcome.name)
            with recorded_effects() as effects:
                use()
            left, started = effects.files_left, effects.started
            expect(not left, f"expected {what} to leave no file behind, found a file at {', '.join(left)}")
            expect(
                is_first or not started,
                f"expected {what} not to start a process, found a process started by {', '.join(started)}",
            )


# --- what it leaves behind ------------------------------------------------------------------------------------------

_BATCH: Final = 40
_LARGE_BATCH: Final = 350
_WARM_UP: Final = 100
"""With the messages before, more than the usual size of a bounded cache, 128."""

_MOST_MESSAGES: Final = 1_500
"""How many messages to send while memory grows, before that counts as a leak: a larger cache than this is not bounded."""

_BYTES_EACH: Final = 24
"""A pointer to a small object in a list, per message."""

_MOST_BATCHES: Final = 3


@check("isolation.resources", clause="I11", covers=("sent messages", "failed messages"))
def resources(harness: Harness) -> None:
    """Threads, descriptors and memory do not grow with the number of messages."""
    require_python(harness)
    messages = _distinct_messages(harness)
    with fast_collection():
        for outcome in reversed(_accepted_and_failed(harness)):
            harness.provider.reset()
            harness.provider.respond_with(outcome.name)
            _send_batch(harness, messages, 5)
            expect_no_growth("messages", partial(_send_batch, harness, messages), outcome)
            harness.coverage.add("sent messages" if outcome.family == "accepted" else "failed messages")
        # A provider may declare no failure after which a connector fails at once.
        harness.coverage.add("failed messages")
        harness.provider.reset()
        _expect_no_kept_memory(harness, messages)


def _distinct_messages(harness: Harness) -> Iterator[Json]:
    """Yield messages, each with its own recipient and texts."""
    message, number = harness.plain_message, 0
    while True:
        number += 1
        to = f"1555{number:07}" if message["to"].isdigit() else f"user{number}@example.com"
        yield {**message, "to": to, "payload": {"code": f"{number:06}", "application": {"name": f"{number} " * 50}}}


def _send_batch(harness: Harness, messages: Iterator[Json], count: int) -> None:
    for _ in range(count):
        harness.send(next(messages), harness.config)
    harness.provider.calls.clear()
    gc.collect()


_COUNTS: Final[Mapping[str, Callable[[], int]]] = {
    "threads": count_threads,
    "open file descriptors": count_descriptors,
}


def expect_no_growth(what_is_sent: str, use: Callable[[int], object], outcome: Outcome) -> None:
    """Use the connector in batches as long as a number grows with each of them, and fail after a few.

    Args:
        what_is_sent: such as ``messages``.
        use: uses the connector so many times.
        outcome: how the provider responds.
    """
    first = {what: count() for what, count in _COUNTS.items()}
    growing = list(_COUNTS)
    for batch in range(1, _MOST_BATCHES + 1):
        sent = batch * _BATCH // 2
        use(_BATCH // 2)
        gc.collect()
        found = {what: settled(_COUNTS[what], first[what] + sent // 2) for what in growing}
        growing = [what for what in growing if found[what] > first[what] + sent // 2]
        if not growing:
            return
    what = growing[0]
    raise CheckFailure(
        f"expected the number of {what} not to grow with {what_is_sent}, found {found[what] - first[what]} more after "
        f"{sent} {what_is_sent} with the outcome {outcome.name!r}"
    )


def _expect_no_kept_memory(harness: Harness, messages: Iterator[Json]) -> None:
    _send_batch(harness, messages, _WARM_UP)
    sent, batch, before = _WARM_UP, _BATCH, _kept_bytes(harness)
    while True:
        _send_batch(harness, messages, batch)
        sent += batch
        found = _kept_bytes(harness)
        if found - before < batch * _BYTES_EACH or harness.search.time_is_up:
            return
        expect(
            sent < _MOST_MESSAGES,
            f"expected the memory that the connector keeps not to grow with messages, found {found - before:,} bytes "
            f"more after the last {batch} of {sent:,} messages",
        )
        before, batch = found, _LARGE_BATCH


def _kept_bytes(harness: Harness) -> int:
    """Return the size of what the connector, its classes and the modules of its package keep."""
    cls = harness.spec.connector
    package = f"{cls.__module__.rpartition('.')[0] or cls.__module__}."
    names = {it.__module__ for it in cls.__mro__ if it.__module__ != "builtins"}
    modules = [it for name, it in list(sys.modules.items()) if name in names or name.startswith(package)]
    globals_ = [
        value
        for module in modules
        for name, value in list(vars(module).items())
        if not name.startswith("__") and not isinstance(value, type)
    ]
    classes = [dict(vars(it)) for it in cls.__mro__ if it.__module__ != "builtins"]
    return reachable_bytes([harness.connector, globals_, classes], (Provider, Harness, LogtoCallbacks, type))


# --- one beside the other -------------------------------------------------------------------------------------------

_TOGETHER: Final = 4
_ALL_SECONDS: Final = 60.0


@check("isolation.parallel", clause="I12", covers=("messages at the same time",), waits=3)
def parallel(harness: Harness) -> None:
    """A message does not wait for the response to another: several requests are at the provider at the same time."""
    found: list[int] = []
    for outcome in choose_outcomes(harness, "hangs", hangs=True):
        messages = _distinct_messages(harness)
        harness.provider.reset()
        harness.send(next(messages), harness.config)  # a token or a connection that all messages share is there then
        harness.provider.reset()
        harness.provider.respond_with(outcome.name)
        found.append(_most_at_once(harness, [next(messages) for _ in range(_TOGETHER)]))
        if found[-1] > 1:
            break
    if max(found) == 0:
        raise NotApplicable(f"{type(harness.provider).__name__} declares no outcome that hangs after a request arrived")
    expect(
        max(found) > 1,
        f"expected requests of {_TOGETHER} messages to be at the provider at the same time, found one: the others wait "
        "for its response",
    )
    harness.coverage.add("messages at the same time")


def _most_at_once(harness: Harness, messages: list[Json]) -> int:
    """Send some messages that get no response, and return how many had arrived when the first send ended."""
    at_first_end: list[int] = []

    def arrived() -> int:
        return len({call.to for call in list(harness.provider.calls)})

    def send(message: Json) -> None:
        try:
            harness.connector.send_message(message, harness.config)
        finally:
            at_first_end.append(arrived())

    def watch() -> None:
        while arrived() < 2 and not at_first_end:  # noqa: PLR2004 - two at the same time
            time.sleep(0.005)
        at_first_end.append(arrived())
        harness.provider.respond_with("accepted")

    errors = harness.together([watch, *(partial(send, message) for message in messages)], within=_ALL_SECONDS)
    expect(errors[0] is None, f"expected the stub to count its calls, found {show(errors[0])}")
    return at_first_end[0]
