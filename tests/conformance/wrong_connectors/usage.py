"""Connectors that miscount."""

from datetime import datetime
from typing import Any

from connector_kit import ConnectorError
from tests.conformance.wrong_connectors.memory import TEXTS, OpenTexts, Request
from tests.conformance.wrong_connectors.open import Open, killed_by


@killed_by("usage.number", "a whole number from 0", spec=TEXTS)
class CountsInText(OpenTexts):
    """Returns a number as text."""

    def get_usage(self, start_from: datetime | None = None) -> Any:  # noqa: ANN401 - that is what is wrong
        """Count, in words."""
        return str(super().get_usage(start_from))


@killed_by("usage.number", "it raised TypeError", spec=TEXTS)
class NeedsAMoment(OpenTexts):
    """Cannot count from the beginning."""

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Count, since a moment."""
        return super().get_usage(max(start_from, start_from))  # type: ignore[type-var]  # that is what is wrong


@killed_by("usage.number", "it raised ConnectorError not_implemented", spec=TEXTS)
class PromisesUsage(OpenTexts):
    """Says that it can count, and cannot."""

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Leave it to the kit."""
        return super(OpenTexts, self).get_usage(start_from)


@killed_by("usage.number", "to send nothing", spec=TEXTS)
class CountsByTrying(OpenTexts):
    """Sends a message to see its number."""

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Send, and count."""
        self.call({"to": ["15550000000"], "text": "", "apiKey": self.read_config().api_key})
        return super().get_usage(start_from)


@killed_by("usage.grows", "expected the usage to grow by", spec=TEXTS)
class CountsItsCalls(OpenTexts):
    """Counts what it tried to send."""

    tried = 0

    def call(self, request: Request) -> object:
        """Count, and call."""
        self.tried += 1
        return super().call(request)

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Return what was counted here."""
        return self.tried + 0 * super().get_usage(start_from)


@killed_by("usage.grows", "expected a usage of 0", spec=TEXTS)
class CountsFromTheBeginning(OpenTexts):
    """Passes the moment over."""

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Count everything."""
        del start_from
        return super().get_usage()


@killed_by("usage.failure", "expected a ConnectorError", spec=TEXTS)
class RawUsageErrors(OpenTexts):
    """Lets the network's own errors out of get_usage."""

    def get_usage(self, start_from: datetime | None = None) -> int:
        """Count, and translate nothing."""
        try:
            return super().get_usage(start_from)
        except ConnectorError as error:
            raise error.__cause__ or error from None


@killed_by("usage.absent", "expected not_implemented from a connector that declares no usage, found a usage of 0")
class MakesUpAUsage(Open):
    """Says that nothing was ever sent, because it does not know."""

    def __init__(self, **kit: Any) -> None:  # noqa: ANN401 - see Connector
        super().__init__(**kit)
        self.get_usage = lambda start_from=None: 0  # type: ignore[method-assign]  # noqa: ARG005 - see Connector
