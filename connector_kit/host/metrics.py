"""Prometheus metrics: requests by status, sends by outcome, how long they take, and how many slots are taken."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

MULTIPROCESS_FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""prometheus-client's own variable: where the workers of one host share their numbers."""

_BUCKETS: Final = (0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0)


class Metrics:
    """The numbers of one application.

    Args:
        slots: how many there are.
        busy: how many are taken, asked at each scrape.
    """

    content_type: Final = CONTENT_TYPE_LATEST

    def __init__(self, slots: int, busy: Callable[[], int]) -> None:
        self._busy_now = busy
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "connector_kit_requests",
            "Answers, by route and HTTP status.",
            ("route", "status"),
            registry=self._registry,
        )
        self._sends = Counter(
            "connector_kit_sends",
            "Messages handed to a connector, by how that ended: sent, or a code.",
            ("connector", "type", "outcome"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "connector_kit_send_seconds",
            "How long a connector took for a message.",
            ("connector",),
            buckets=_BUCKETS,
            registry=self._registry,
        )
        self._busy = Gauge(
            "connector_kit_slots_busy",
            "Slots in which a connector is at work.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._slots = Gauge(
            "connector_kit_slots",
            "Slots that there are.",
            registry=self._registry,
            multiprocess_mode="livesum",
        )
        self._slots.set(slots)

    def answered(self, route: str, status: int) -> None:
        """Count an answer."""
        self._requests.labels(route, str(status)).inc()

    def sent(self, connector: str, message_type: str, outcome: str, seconds: float) -> None:
        """Count a send that ended, well or not."""
        self._sends.labels(connector, message_type, outcome).inc()
        self._seconds.labels(connector).observe(seconds)
        self.count_slots()

    def count_slots(self) -> None:
        """Take the number of slots that are taken; other workers' scrapes see it from here."""
        self._busy.set(self._busy_now())

    def render(self) -> bytes:
        """Return all numbers as Prometheus reads them: of all workers, where there are several."""
        self.count_slots()
        folder = os.environ.get(MULTIPROCESS_FOLDER)
        if not folder:
            return generate_latest(self._registry)
        _forget_dead_workers(Path(folder))
        together = CollectorRegistry()
        MultiProcessCollector(together, folder)  # type: ignore[no-untyped-call]  # prometheus-client's
        return generate_latest(together)


def _forget_dead_workers(folder: Path) -> None:
    """Drop what a worker that is gone last said of its slots; what it counted stays."""
    for file in folder.glob("gauge_live*_*.db"):
        process = int(file.stem.rpartition("_")[2])
        with suppress(PermissionError):
            try:
                os.kill(process, 0)
            except ProcessLookupError:
                mark_process_dead(process, str(folder))  # type: ignore[no-untyped-call]  # likewise
