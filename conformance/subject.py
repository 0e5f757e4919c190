"""The connector under test, as a check sees it: a way to send, to draw examples, and to watch what leaks."""

import copy
import json
import logging
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final

from attrs import field, frozen
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import HypothesisException
from hypothesis.strategies import SearchStrategy
from jsonschema import Draft202012Validator

from conformance.canaries import Canaries
from conformance.ledger import Ledger
from conformance.profile import Profile
from conformance.provider import Call
from conformance.registry import CheckFailure
from conformance.spec import Spec
from conformance.strategies import addresses, known_types, messages, phone_numbers, variations
from connector_kit import Connector, ConnectorError, ConnectorErrorCodes, ConnectorType
from connector_kit.connector import MessageConnector

_LONGEST_EXAMPLE: Final = 4000


@frozen
class Attempt:
    """What one send did.

    Args:
        result: what it returned.
        error: what it raised.
        calls: what reached the provider.
        log: what was logged at INFO and above, tracebacks included.
    """

    result: object
    error: Exception | None
    calls: tuple[Call, ...]
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


class Subject:
    """The connector under test, with a provider of its own; made anew for each check.

    Args:
        spec: what the author says of it.
        profile: how hard to try.
        run_seed: for the examples; ``None`` leaves it to Hypothesis and the profile.
    """

    def __init__(self, spec: Spec, profile: Profile, run_seed: int | None = None) -> None:
        self.spec = spec
        self.profile = profile
        self.ledger = Ledger()
        self.canaries = Canaries()
        self.provider = spec.provider()
        self.asked_for_config: list[str] = []
        self.asked_for_template: list[tuple[str, object]] = []
        self._saved: object = None
        self._managed: Callable[[], object] | None = None
        self._seed = run_seed

    # --- the connector ----------------------------------------------------------------------------------------------

    @cached_property
    def connector(self) -> MessageConnector[Any, Any]:
        """The connector, which is told by `send` what its saved config and managed template are."""
        made: Connector[Any] = self.spec.connector(
            get_config=self._get_config,
            get_i18n_email_template=self._get_template if "i18n-templates" in self.spec.capabilities else None,
        )
        if not isinstance(made, MessageConnector):
            raise CheckFailure(f"expected an e-mail or SMS connector, found {type(made).__name__}")
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
        """Draw valid configs like the author's."""
        return variations(self.config, self.schema)

    @property
    def recipients(self) -> SearchStrategy[str]:
        """Draw recipients of the connector's kind: addresses, or phone numbers."""
        return phone_numbers if self.spec.connector.type is ConnectorType.SMS else addresses

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
        latest: tuple[Any, ...] = ()

        @settings(
            max_examples=examples or self.profile.examples,
            derandomize=self.profile.derandomized and self._seed is None,
            database=None,
            deadline=None,
            phases=[Phase.explicit, Phase.generate, Phase.shrink],
            print_blob=False,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        @given(st.tuples(*strategies))
        def run(arguments: tuple[Any, ...]) -> None:
            nonlocal latest
            latest = arguments
            self.provider.reset()
            claim(*arguments)

        try:
            (run if self._seed is None else seed(self._seed)(run))()
        except CheckFailure as failure:
            raise CheckFailure(self.canaries.redact(failure.message), self._show(latest)) from None
        except HypothesisException as error:
            raise CheckFailure(f"no example could be made: {type(error).__name__}: {error}") from None

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
        shown = "\n".join(json.dumps(argument, ensure_ascii=False, default=str) for argument in arguments)
        shown = self.canaries.redact(shown)
        return shown if len(shown) <= _LONGEST_EXAMPLE else f"{shown[:_LONGEST_EXAMPLE]}…"

    # --- sending ----------------------------------------------------------------------------------------------------

    def send(
        self,
        message: Mapping[str, Any],
        config: object = None,
        *,
        saved: object = None,
        managed: Callable[[], object] | None = None,
    ) -> Attempt:
        """Send a message and say what happened; nothing that the connector raises comes through.

        Args:
            message: its JSON.
            config: the unsaved config to send with.
            saved: what ``get_config`` returns.
            managed: makes what ``get_i18n_email_template`` returns, or raises.
        """
        self._saved, self._managed = saved, managed
        before = len(self.provider.calls)
        result: object = None
        error: Exception | None = None
        with _collected_logs() as records:
            try:
                result = self.connector.send_message(message, config)
            except CheckFailure:
                raise
            except Exception as raised:  # noqa: BLE001 - a wrong connector may raise anything
                error = raised
        return Attempt(result, error, tuple(self.provider.calls[before:]), "\n".join(records.lines))

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
