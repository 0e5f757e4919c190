"""Connectors with a wrong get_usage."""

from datetime import UTC, datetime
from typing import Any

from connector_kit import ConnectorError
from tests.conformance.right_connectors.resources import PAGED_USAGE, PagedConfig, PagedUsageSms
from tests.conformance.wrong_connectors.base import BaseSes, killed_by
from tests.conformance.wrong_connectors.memory import SMS, MemorySms, Request


@killed_by("usage.count", "found '0'", spec=SMS)
class UsageAsText(MemorySms):
    """Returns the usage as a string."""

    def get_usage(self, start_from: datetime | None = None) -> Any:
        return str(super().get_usage(start_from))


@killed_by("usage.count", "it raised TypeError", spec=SMS)
class UsageNeedsStartTime(MemorySms):
    """Raises a TypeError without a start time."""

    def get_usage(self, start_from: datetime | None = None) -> int:
        return super().get_usage(max(start_from, start_from))  # type: ignore[type-var]  # that is what is wrong


@killed_by("usage.count", "it raised ConnectorError not_implemented", spec=SMS)
class UsageNotImplemented(MemorySms):
    """Declares the capability usage, but does not implement get_usage."""

    def get_usage(self, start_from: datetime | None = None) -> int:
        return super(MemorySms, self).get_usage(start_from)


@killed_by("usage.count", "to send no message", spec=SMS)
class UsageSendsMessage(MemorySms):
    """Sends a message to find out the usage."""

    def get_usage(self, start_from: datetime | None = None) -> int:
        self.call({"to": ["15550000000"], "text": "", "apiKey": self.read_config().api_key})
        return super().get_usage(start_from)


@killed_by("usage.increases", "expected the usage to increase by", spec=SMS)
class CountsOwnCalls(MemorySms):
    """Counts the calls of its own instance instead of asking the provider."""

    tried = 0

    def call(self, request: Request) -> object:
        self.tried += 1
        return super().call(request)

    def get_usage(self, start_from: datetime | None = None) -> int:
        return self.tried + 0 * super().get_usage(start_from)


@killed_by("usage.increases", "from the day after tomorrow on to be 0, found", spec=SMS)
class IgnoresStartTime(MemorySms):
    """Ignores the start time."""

    def get_usage(self, start_from: datetime | None = None) -> int:
        del start_from
        return super().get_usage()


@killed_by("usage.error", "expected a ConnectorError", spec=SMS)
class RawUsageErrors(MemorySms):
    """Raises network errors from get_usage without translating them."""

    def get_usage(self, start_from: datetime | None = None) -> int:
        try:
            return super().get_usage(start_from)
        except ConnectorError as error:
            raise error.__cause__ or error from None


@killed_by(
    "usage.not-implemented",
    "expected not_implemented, as the Spec does not declare the capability usage; it returned 0",
)
class UsageOfZero(BaseSes):
    """Returns 0 because it does not know the usage."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self.get_usage = lambda start_from=None: 0  # type: ignore[method-assign]  # noqa: ARG005 - see Connector


@killed_by("usage.increases", "expected the usage to increase by", spec=PAGED_USAGE)
class FirstPageOnly(PagedUsageSms):
    """Counts the first page only."""

    def page(self, config: PagedConfig, query: dict[str, str]) -> Any:
        return super().page(config, query) | {"next": None}


@killed_by("usage.increases", "expected the usage to increase by", spec=PAGED_USAGE)
class CountsFailedMessages(PagedUsageSms):
    """Counts messages that failed."""

    def page(self, config: PagedConfig, query: dict[str, str]) -> Any:
        found = super().page(config, query)
        return found | {"status": ["delivered" for _ in found["status"]]}


@killed_by("usage.start-time", "time zone", spec=PAGED_USAGE)
class DropsTheTimeZone(PagedUsageSms):
    """Reads the start time as if it were in UTC."""

    def since(self, start_from: datetime | None) -> str | None:
        return super().since(start_from and start_from.replace(tzinfo=UTC))


@killed_by("usage.increases", "expected the usage to increase by", spec=PAGED_USAGE)
class CachesUsage(PagedUsageSms):
    """Returns the usage of the first call for the same start time."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self.known: dict[object, int] = {}

    def get_usage(self, start_from: datetime | None = None) -> int:
        if start_from not in self.known:
            self.known[start_from] = super().get_usage(start_from)
        return self.known[start_from]
