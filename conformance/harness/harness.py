"""The harness: what a check uses to try a connector. It sends messages, searches for examples, and runs jobs."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from conformance.harness.arrival import BeyondMedium, carries, messages_in
from conformance.harness.attempt import Attempt, JobThreads
from conformance.harness.connector_under_test import ConnectorUnderTest
from conformance.harness.coverage import Coverage
from conformance.harness.logs import collected_logs
from conformance.harness.outcomes import quick_failures
from conformance.harness.search import ExampleSearch, SearchOptions, Verify
from conformance.harness.steps import Steps, supervised_steps
from conformance.harness.transcript import cut, example_text, exchanges
from conformance.providers.base import Call, Exchange, Outcome, running_provider
from conformance.spec import Spec
from conformance.verdicts import CheckFailure
from connector_kit import ConnectorErrorCodes

_LAST_WAIT: Final = 5.0
_REJECTED: Final = frozenset({ConnectorErrorCodes.INVALID_REQUEST_PARAMETERS, ConnectorErrorCodes.INVALID_CONFIG})


class Harness(ConnectorUnderTest):
    """The connector under test, with everything that a check needs to try it; each check gets a new one.

    Args:
        spec: the connector and what its author declares about it.
        options: how to search for examples.
    """

    def __init__(self, spec: Spec, options: SearchOptions) -> None:
        super().__init__(spec)
        self.profile = options.profile
        self.coverage = Coverage()
        self.search = ExampleSearch(options, self._before_each_example)
        self.config_requests = self.logto.config_requests
        self.template_requests = self.logto.template_requests
        self.steps = supervised_steps() or Steps(options.profile.step_seconds, spec.connector)
        self._threads = JobThreads(self.steps)
        self.latest_error: BaseException | None = None
        """What the connector raised last in the current example, to find the cause of a failure."""

    # --- examples ---------------------------------------------------------------------------------------------------

    def for_all(self, verify: Verify, *strategies: SearchStrategy[Any], examples: int | None = None) -> None:
        """Search for an example that breaks a property; fail with the smallest one.

        Args:
            verify: asserts the property: raises CheckFailure if it does not hold.
            strategies: one for each argument of ``verify``.
            examples: how many to try; the default is the profile's.
        """
        if running_provider() is self.provider:
            self.config  # noqa: B018 - makes the config's secrets now, so that every example looks for them
            self.canaries.set_baseline()
        self.search.for_all(verify, strategies, examples)

    def for_each(self, verify: Verify, values: Iterable[Any], *strategies: SearchStrategy[Any]) -> None:
        """Try a property on every one of some values, each with drawn examples for the other arguments.

        Args:
            verify: asserts the property; its first argument is the value.
            values: the values; the examples of the profile are shared among them, at least two for each.
            strategies: one for each other argument of ``verify``.
        """
        listed = list(values)
        share = max(2, self.profile.examples // max(1, len(listed)))
        for value in listed:
            self.for_all(verify, st.just(value), *strategies, examples=share)

    def _before_each_example(self) -> None:
        self.steps.begin()
        self.latest_error = None
        self.provider.reset()
        self.canaries.drop_newer()

    def never_covered(self, kinds: Iterable[str]) -> bool:
        """Return whether a complete search covered none of some kind: this connector has no such example."""
        was_complete = not self.search.time_is_up and self.search.options.replay is None
        return was_complete and bool(self.coverage.missing(kinds))

    def quick_failures(self) -> list[Outcome]:
        """Return the provider's failures that cost little time, for checks to which any failure will do."""
        return quick_failures(self.provider.outcomes)

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
        """Send a message and return what happened; an exception of the connector is returned, not raised.

        Args:
            message: its JSON.
            config: the unsaved config to send with.
            saved: what ``get_config`` returns.
            managed: makes what ``get_i18n_email_template`` returns, or raises.
            within: the time limit in seconds; the error is an `OverdueError` after that.
        """
        self.logto.saved_config, self.logto.managed_template = lambda: saved, managed
        return self.attempt(partial(self.connector.send_message, message, config), within=within)

    def deliver(self, message: Mapping[str, Any], config: object = None, **options: Any) -> Call:
        """Send a message that must arrive, and return the one call that delivered it.

        Raises:
            CheckFailure: it did not arrive, or more than once.
        """
        attempt = self.send(message, config, **options)
        if attempt.error is not None:
            if self.may_reject(attempt, message, config, options.get("managed")):
                raise BeyondMedium
            stub = "".join(f"; the stub raised {it}" for it in self.provider.stub_errors[-1:])
            raise CheckFailure(f"expected the message to be sent; {attempt.summary_with_text}{stub}")
        return attempt.only_call()

    def may_reject(
        self, attempt: Attempt, message: Mapping[str, Any], config: object, managed: Callable[[], object] | None = None
    ) -> bool:
        """Return whether a message was rejected as it may be, because the medium cannot carry its texts."""
        if attempt.code not in _REJECTED or attempt.calls:
            return False
        return not carries(self.spec, message, config, None if managed is None else managed())

    def attempt(self, job: Callable[[], object], *, within: float | None = None) -> Attempt:
        """Run something that uses a connector and return what happened; its exception is returned, not raised.

        Args:
            job: what to run.
            within: the time limit in seconds; the error is an `OverdueError` after that.
        """
        before = len(self.provider.calls)
        started = time.monotonic()
        with collected_logs() as records:
            ended = self._threads.run_one(job, within)
        if isinstance(ended.error, CheckFailure):
            raise ended.error
        self.latest_error = ended.error
        seconds = time.monotonic() - started
        calls = tuple(self.provider.calls[before:])
        log, fields = "\n".join(records.lines), "\n".join(records.fields)
        return Attempt(ended.result, ended.error, calls, seconds, log, fields, messages_in(self.spec, calls))

    def send_together(
        self, sends: Iterable[tuple[Mapping[str, Any], object]], *, within: float
    ) -> list[BaseException | None]:
        """Send messages at the same time, each in a thread of its own.

        Args:
            sends: the JSON and the unsaved config of each message.
            within: the time limit in seconds.

        Returns:
            What each send raised, in the order of the messages.
        """
        jobs = [partial(self.connector.send_message, message, config) for message, config in sends]
        return self.together(jobs, within=within)

    def together(self, jobs: Sequence[Callable[[], object]], *, within: float) -> list[BaseException | None]:
        """Run jobs at the same time, each in a thread of its own, and return what each raised, in order."""
        errors = [ended.error for ended in self._threads.run(jobs, within)]
        self.latest_error = next((it for it in errors if it is not None), None)
        return errors

    def finish(self) -> None:
        """Wait a little for sends that exceeded their time limit, so that they still talk to the stub."""
        self.steps.begin(2 * _LAST_WAIT)
        self.provider.respond_with("accepted")
        self._threads.join_overdue(_LAST_WAIT)
        self.delete_connectors()

    # --- for the report ---------------------------------------------------------------------------------------------

    @property
    def example(self) -> str | None:
        """The smallest failing example, secrets replaced; ``None`` if the failure does not come from an example."""
        shown = self.search.failing or self.search.current
        return None if shown is None else self._shown(example_text(self.search.names, shown))

    @property
    def transcript(self) -> tuple[Exchange, ...]:
        """What the provider received and responded since the last example began, secrets replaced."""
        shown = exchanges(self.provider.calls)
        return tuple(Exchange(self._shown(it.request), self._shown(it.response)) for it in shown)

    def _shown(self, text: str) -> str:
        return cut(self.canaries.redact(text))
