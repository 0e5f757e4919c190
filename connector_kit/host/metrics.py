"""Prometheus metrics: requests by status; sends, and calls of social connectors, by outcome and duration; busy slots."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from connector_kit.host.running_processes import is_running

MULTIPROCESS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus-client's own variable: the folder where the workers of one host share their metrics."""

_BUCKETS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)


class Metrics:
    """The metrics of one application.

    Args:
        slots: the number of slots.
        busy: returns how many of them are busy.
    """

    content_type: Final = CONTENT_TYPE_LATEST

    def __init__(self, slots: int, busy: Callable[[], int]) -> None:
        self._count = slots
        self._busy_now = busy
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "connector_kit_requests",
            "Responses by route and HTTP status.",
            ("route", "status"),
            registry=self._registry,
        )
        self._sends = Counter(
            "connector_kit_sends",
            "Messages passed to a connector, by outcome: sent, or an error code.",
            ("connector", "type", "outcome"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "connector_kit_send_seconds",
            "Duration of a connector call that sends a message.",
            ("connector",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._social_calls = Counter(
            "connector_kit_social_calls",
            "Calls of social connectors, by outcome: ok, or an error code.",
            ("connector", "call", "outcome"),
            registry=self._registry,
        )
        self._social_seconds = Histogram(
            "connector_kit_social_call_seconds",
            "Duration of a call of a social connector.",
            ("connector",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._busy = Gauge(
            "connector_kit_slots_busy",
            "Slots with a running connector call.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._slots = Gauge(
            "connector_kit_slots",
            "All slots.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )

    def count_response(self, route: str, status: int) -> None:
        """Count a response."""
        self._requests.labels(route, str(status)).inc()

    def count_send(self, connector: str, message_type: str, outcome: str, seconds: float) -> None:
        """Count a send that has ended, and its duration."""
        self._sends.labels(connector, message_type, outcome).inc()
        self._seconds.labels(connector).observe(seconds)
        self.update_slots()

    def count_social_call(self, connector: str, call: str, outcome: str, seconds: float) -> None:
        """Count a call of a social connector that has ended, and its duration."""
        self._social_calls.labels(connector, call, outcome).inc()
        self._social_seconds.labels(connector).observe(seconds)
        self.update_slots()

    def update_slots(self) -> None:
        """Record this process's slots, and how many are busy, for scrapes that another worker serves.

        The constructor does not: a process that makes the application and then forks its workers serves no request.
        """
        self._slots.set(self._count)
        self._busy.set(self._busy_now())

    def render(self) -> bytes:
        """Return the metrics in Prometheus's text format; with several workers, those of all of them."""
        self.update_slots()
        folder = os.environ.get(MULTIPROCESS_FOLDER)
        if not folder:
            return generate_latest(self._registry)
        _remove_ended_workers(Path(folder))
        combined = CollectorRegistry()
        MultiProcessCollector(combined, folder)  # type: ignore[no-untyped-call]  # prometheus-client's
        return generate_latest(combined)


def _remove_ended_workers(folder: Path) -> None:
    """Remove the slots of workers that have ended; their counters stay."""
    for file in folder.glob("gauge_live*_*.db"):
        process = int(file.stem.rpartition("_")[2])
        if not is_running(process):
            mark_process_dead(process, str(folder))  # type: ignore[no-untyped-call]  # prometheus-client's
