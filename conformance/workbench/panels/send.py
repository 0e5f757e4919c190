"""The panel Send."""

from collections.abc import Sequence
from typing import Final

from starlette.routing import Route

from conformance.workbench.bench import Bench
from conformance.workbench.panels.panel import EVERY_TYPE, Panel


def _routes(_: Bench) -> Sequence[Route]:
    return ()


PANEL: Final = Panel("send", "Send", EVERY_TYPE, _routes)
