"""The connector under test, as a check sees it: a way to send, to draw examples, and to watch what leaks."""

import contextvars
import copy
import json
import logging
import math
import re
import threading
import time
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from typing import Any, Final

from attrs import field, frozen
from hypothesis import HealthCheck, Phase, Verbosity, given, reproduce_failure, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import DidNotReproduce, Flaky, HypothesisException
from hypothesis.strategies import SearchStrategy
from jsonschema import Draft202012Validator

from conformance.canaries import Canaries
from conformance.ledger import Ledger
from conformance.profile import Profile
from conformance.provider import Call, Exchange, Outcome, running_provider
from conformance.registry import CheckFailure
from conformance.spec import Spec
from conformance.strategies import addresses, known_types, messages, phone_numbers, variations
from connector_kit import ConnectorError, ConnectorErrorCodes, ConnectorType, SocialConnector
from connector_kit.connector import MessageConnector

_LONGEST_EXAMPLE: Final = 4000
_LONGEST_TRANSCRIPT: Final = 8
_LAST_WAIT: Final = 5.0


@frozen
class Attempt:
    """What one send did.

    Args:
        result: what it returned.
        error: what it raised.
        calls: what reached the provider.
        seconds: how long it took.
        log: what was logged at INFO and above, tracebacks included.
    """

    result: object
    error: Exception | None
    calls: tuple[Call, ...]
    seconds: float
    log: str = field(repr=False)

    @property
    def code(self) -> ConnectorErrorCodes | None:
        """The code of the ConnectorError, if it raised one."""
        return self.error.code if isinstance(self.error, ConnectorError) else None

    @property
    def how(self) -> str:
        """Say what it did, without its data."""
        if self.error is None:
            return "it returned normally"
        if self.code is not None:
            return f"it raised ConnectorError {self.code}"
        return f"it raised {type(self.error).__name__}, which is no ConnectorError"

    @property
    def traceback(self) -> str:
        """The error as a log would show it, its causes included."""
        return "" if self.error is None else "".join(traceback.format_exception(self.error))


class _Records(logging.Handler):
    """Collects what is logged, as text."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record."""
        self.lines.append(self.format(record))


@frozen
class Replay:
    """One failure to run again.

    Args:
        claim: which of the check's claims, counted from 0.
        version: of Hypothesis, when it was found.
        blob: the example, as Hypothesis writes it.
    """

    claim: int
    version: str
    blob: bytes


class Subject:
    """The connector under test, with a provider of its own; made anew for each check.

    Args:
        spec: what the author says of it.
        profile: how hard to try.
        run_seed: for the examples; ``None`` leaves it to Hypothesis and the profile.
        replay: the one failure to run again, and nothing else.
        until: when, by `time.monotonic`, to begin no further example.
    """

    def __init__(
        self,
        spec: Spec,
        profile: Profile,
        run_seed: int | None = None,
        *,
        replay: Replay | None = None,
        until: float = math.inf,
    ) -> None:
        self.spec = spec
        self.profile = profile
        self.ledger = Ledger()
        self.canaries = Canaries()
        self.provider = spec.provider()
        self.provider.issue = self.canaries.make
        self.asked_for_config: list[str] = []
        self.asked_for_template: list[tuple[str, object]] = []
        self.failed_claim: Replay | None = None
        self._saved: object = None
        self._managed: Callable[[], object] | None = None
        self._seed = run_seed
        self._replay = replay
        self._until = until
        self._claims = 0
        self._overdue: list[threading.Thread] = []

    # --- the connector ----------------------------------------------------------------------------------------------

    def make(
        self,
        *,
        get_config: Callable[[str], object] | None = None,
        get_i18n_email_template: Callable[[str, object], Any] | None = None,
    ) -> Any:  # noqa: ANN401 - a connector of any type
        """Make another connector, whose saved config and managed template are told by `send` unless given here."""
        managed = get_i18n_email_template or self._get_template
        return self.spec.connector(
            get_config=get_config or self._get_config,
            get_i18n_email_template=managed if self.spec.connector.type is ConnectorType.EMAIL else None,
            **self.provider.connector_options(),
        )

    @cached_property
    def connector(self) -> MessageConnector[Any, Any]:
        """The connector, which is told by `send` what its saved config and managed template are."""
        made = self.make()
        if not isinstance(made, MessageConnector):
            raise CheckFailure(f"expected an e-mail or SMS connector, found {type(made).__name__}")
        return made

    @cached_property
    def social(self) -> SocialConnector[Any]:
        """The connector, if it is a social one; its saved config is `config`."""

        def get_config(connector_id: str) -> object:
            self.asked_for_config.append(connector_id)
            return self.config

        made = self.make(get_config=get_config)
        if not isinstance(made, SocialConnector):
            raise CheckFailure(f"expected a social connector, found {type(made).__name__}")
        return made

    def _get_config(self, connector_id: str) -> object:
        self.asked_for_config.append(connector_id)
        return self._saved

    def _get_template(self, kind: str, locale: object) -> Any:  # noqa: ANN401 - JSON or None
        self.asked_for_template.append((kind, locale))
        return None if self._managed is None else self._managed()

    @cached_property
    def schema(self) -> dict[str, Any]:
        """The config's published schema."""
        return self.spec.connector.config_guard.schema

    @cached_property
    def _validator(self) -> Draft202012Validator:
        return Draft202012Validator(self.schema)

    def accepts(self, config: object) -> bool:
        """Tell whether the published schema accepts a config: any validator's verdict, not the connector's."""
        return self._validator.is_valid(config)

    # --- examples ---------------------------------------------------------------------------------------------------

    @cached_property
    def config(self) -> dict[str, Any]:
        """The author's valid config, leading to the stub, with a canary for each secret."""
        return self.canaries.plant(
            self.provider.prepare_config(copy.deepcopy(dict(self.spec.valid_config))), self.spec.secrets
        )

    def configs(self) -> SearchStrategy[dict[str, Any]]:
        """Draw valid configs like the author's: keys may be optional and still belong together."""
        return variations(self.config, self.schema).filter(self.accepts)

    @property
    def recipients(self) -> SearchStrategy[str]:
        """Draw recipients of the connector's kind: addresses, or phone numbers."""
        return phone_numbers if self.spec.connector.type is ConnectorType.SMS else addresses

    @property
    def plain_message(self) -> dict[str, Any]:
        """The JSON of a message that any connector can send, for where nothing is drawn."""
        to = "15550000000" if self.spec.connector.type is ConnectorType.SMS else "someone@example.com"
        return {"to": to, "type": "Generic", "payload": {"code": "000000"}}

    def messages(self, types: SearchStrategy[str] = known_types) -> SearchStrategy[dict[str, Any]]:
        """Draw the JSON of messages, of Logto's own types where no others are given."""
        return messages(self.recipients, types)

    def for_all(
        self,
        claim: Callable[..., None],
        *strategies: SearchStrategy[Any],
        examples: int | None = None,
    ) -> None:
        """Try to find examples for which a claim does not hold; fail with the smallest one.

        Args:
            claim: raises CheckFailure when it does not hold.
            strategies: one for each of its arguments.
            examples: how many to try; the profile says where it is left out.
        """
        claim_number, self._claims = self._claims, self._claims + 1
        if self._replay is not None and self._replay.claim not in {claim_number, -1}:
            return
        latest: tuple[Any, ...] = ()
        failed: CheckFailure | None = None
        kept = self._lasting_secrets()

        @settings(
            max_examples=examples or self.profile.examples,
            derandomize=False,  # a seed does that, and costs less
            database=None,
            deadline=None,
            phases=[Phase.explicit, Phase.generate, Phase.shrink],
            print_blob=True,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        @given(st.tuples(*strategies))
        def run(arguments: tuple[Any, ...]) -> None:
            nonlocal latest, failed
            if self.time_is_up and failed is None:
                return  # what was not tried is not counted either
            latest = arguments
            self.provider.reset()
            self.canaries.keep(kept)
            try:
                claim(*arguments)
            except CheckFailure as failure:
                failed = failure
                raise

        fixed = claim_number if self._seed is None and self.profile.derandomized else self._seed
        prepared = run if fixed is None else seed(fixed)(run)
        if self._replay is not None and self._replay.blob:
            prepared = reproduce_failure(self._replay.version, self._replay.blob)(prepared)
        try:
            prepared()
        except CheckFailure as failure:
            again = self._replay if self._replay is not None and self._replay.blob else None
            self.failed_claim = again or _how_to_replay(claim_number, failure)
            failure.message, failure.example = self.canaries.redact(failure.message), self._show(latest)
            raise
        except DidNotReproduce:
            return
        except Flaky:
            message = "" if failed is None else self.canaries.redact(failed.message)
            raise CheckFailure(f"it fails only sometimes for the same input: {message}", self._show(latest)) from None
        except HypothesisException as error:
            raise CheckFailure(f"no example could be made: {type(error).__name__}: {error}") from None

    def _lasting_secrets(self) -> int:
        """Return how many secrets there are: the config's are made now, so that they are looked for in every example."""
        if running_provider() is self.provider:
            self.config  # noqa: B018 - making it is what counts
        return self.canaries.count

    def never_saw(self, kinds: Iterable[str]) -> bool:
        """Tell whether a check that tried everything had no example of some kind: then there is none for this connector."""
        return bool(self.ledger.missing(kinds)) and not (self.time_is_up or self.is_replay)

    @property
    def is_replay(self) -> bool:
        """Whether one failure is run again."""
        return self._replay is not None

    @property
    def time_is_up(self) -> bool:
        """Whether the time given for the run is over."""
        return time.monotonic() > self._until

    @property
    def transcript(self) -> tuple[Exchange, ...]:
        """What the provider received and answered since the last example began, secrets replaced."""
        shown = (_exchange(call) for call in self.provider.calls[:_LONGEST_TRANSCRIPT])
        return tuple(Exchange(self._cut(it.request), self._cut(it.answer)) for it in shown)

    def _cut(self, text: str) -> str:
        shown = self.canaries.redact(text)
        return shown if len(shown) <= _LONGEST_EXAMPLE else f"{shown[:_LONGEST_EXAMPLE]}…"

    def for_each(
        self,
        claim: Callable[..., None],
        values: Iterable[Any],
        *strategies: SearchStrategy[Any],
    ) -> None:
        """Try a claim on each of some values, so that none is left to chance, with drawn examples for the rest.

        Args:
            claim: raises CheckFailure when it does not hold; takes the value first.
            values: what every run has to cover.
            strategies: one for each of its other arguments.
        """
        listed = list(values)
        share = max(2, self.profile.examples // max(1, len(listed)))
        for value in listed:
            self.for_all(claim, st.just(value), *strategies, examples=share)

    def _show(self, arguments: tuple[Any, ...]) -> str:
        return self._cut("\n".join(json.dumps(argument, ensure_ascii=False, default=str) for argument in arguments))

    def quick_failures(self) -> list[Outcome]:
        """Return the ways in which the provider fails that cost no time: for checks to which any failure will do.

        Connectors pause before they try a throttle, a fault or a refused connection again: there is no throttle among
        them, and one of the others.
        """
        quick = [
            it
            for it in self.provider.outcomes
            if it.family not in {"accepted", "throttle"} and not (it.echoes or it.hangs)
        ]
        repeated = [it for it in quick if it.family == "fault" or (it.family == "network" and not it.ambiguous)]
        return [it for it in quick if it not in repeated[1:]]

    # --- sending ----------------------------------------------------------------------------------------------------

    def send(
        self,
        message: Mapping[str, Any],
        config: object = None,
        *,
        saved: object = None,
        managed: Callable[[], object] | None = None,
        within: float | None = None,
    ) -> Attempt:
        """Send a message and say what happened; nothing that the connector raises comes through.

        Args:
            message: its JSON.
            config: the unsaved config to send with.
            saved: what ``get_config`` returns.
            managed: makes what ``get_i18n_email_template`` returns, or raises.
            within: seconds after which it is not waited for any longer: it is an `OverdueError` then.
        """
        self._saved, self._managed = saved, managed
        return self.attempt(partial(self.connector.send_message, message, config), within=within)

    def attempt(self, job: Callable[[], object], *, within: float | None = None) -> Attempt:
        """Do something with a connector and say what came of it; nothing that the connector raises comes through.

        Args:
            job: what to do.
            within: seconds after which it is not waited for any longer: it is an `OverdueError` then.
        """
        before = len(self.provider.calls)
        started = time.monotonic()
        with _collected_logs() as records:
            ended = _ended(job) if within is None else self._in_threads([job], within)[0]
        if isinstance(ended.error, CheckFailure):
            raise ended.error
        seconds = time.monotonic() - started
        return Attempt(
            ended.result, ended.error, tuple(self.provider.calls[before:]), seconds, "\n".join(records.lines)
        )

    def send_together(
        self, sends: Iterable[tuple[Mapping[str, Any], object]], *, within: float
    ) -> list[Exception | None]:
        """Send messages at once, each in a thread of its own and with a config of its own.

        Args:
            sends: the message's JSON and the unsaved config, for each.
            within: seconds after which no thread is waited for any longer.

        Returns:
            What each of them raised, in the order of the messages.
        """
        jobs = [partial(self.connector.send_message, message, config) for message, config in sends]
        return self.together(jobs, within=within)

    def together(self, jobs: Sequence[Callable[[], object]], *, within: float) -> list[Exception | None]:
        """Do several things at once, each in a thread of its own, and return what each of them raised, in order."""
        return [ended.error for ended in self._in_threads(jobs, within)]

    def finish(self) -> None:
        """Wait a little for the sends that took too long: what they still do should be done to the stub."""
        self.provider.answer_with("accepted")
        last = time.monotonic() + _LAST_WAIT
        for thread in self._overdue:
            thread.join(max(0.0, last - time.monotonic()))

    def _in_threads(self, jobs: Sequence[Callable[[], object]], within: float) -> list["_Ended"]:
        """Run jobs at once, and leave those behind that do not end in time."""
        endings = [_Ended(error=OverdueError(f"it did not come back within {within:g} s"))] * len(jobs)
        together = threading.Barrier(len(jobs))

        def run(index: int, job: Callable[[], object]) -> None:
            together.wait(within)
            endings[index] = _ended(job)

        threads = [
            threading.Thread(target=contextvars.copy_context().run, args=(run, index, job), daemon=True)
            for index, job in enumerate(jobs)
        ]
        last = time.monotonic() + within
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(max(0.0, last - time.monotonic()))
        self._overdue += [thread for thread in threads if thread.is_alive()]
        return list(endings)

    def deliver(self, message: Mapping[str, Any], config: object = None, **how: Any) -> Call:  # noqa: ANN401 - see `send`
        """Send a message that must arrive, and return the one call that delivered it.

        Raises:
            CheckFailure: it did not arrive, or more than once.
        """
        attempt = self.send(message, config, **how)
        if attempt.error is not None:
            detail = f": {attempt.error}" if attempt.code else ""
            raise CheckFailure(f"expected the message to be sent; {attempt.how}{detail}")
        if len(attempt.calls) != 1:
            raise CheckFailure(f"expected one call to the provider, found {len(attempt.calls)}")
        return attempt.calls[0]


@contextmanager
def _collected_logs() -> Iterator[_Records]:
    root, records = logging.getLogger(), _Records()
    level = root.level
    root.addHandler(records)
    root.setLevel(min(level, logging.INFO))
    try:
        yield records
    finally:
        root.setLevel(level)
        root.removeHandler(records)


class OverdueError(Exception):
    """A send that did not come back in the time it had."""


@frozen
class _Ended:
    result: object = None
    error: Exception | None = None


def _ended(job: Callable[[], object]) -> _Ended:
    """Run a job and say how it ended; nothing that a connector raises comes through."""
    try:
        return _Ended(job())
    except Exception as raised:  # noqa: BLE001 - a wrong connector may raise anything
        return _Ended(error=raised)


def _exchange(call: Call) -> Exchange:
    """Return a call as text, where its provider does not tell it so itself."""
    if call.exchange is not None:
        return call.exchange
    said = {"to": call.to, "sender": call.sender, "subject": call.subject, "html": call.html, "text": call.text}
    request = "\n".join(f"{name}: {value}" for name, value in said.items() if value is not None)
    return Exchange(request, call.outcome.name)


_REPRODUCTION: Final = re.compile(r"@reproduce_failure\('([^']+)', b'([^']+)'\)")


def _how_to_replay(claim: int, failure: CheckFailure) -> Replay | None:
    """Read from Hypothesis's note how to make the example again."""
    found = _REPRODUCTION.search("\n".join(getattr(failure, "__notes__", ())))
    return found and Replay(claim, found[1], found[2].encode())
