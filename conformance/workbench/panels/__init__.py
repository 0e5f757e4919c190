"""The panels of the page, in the order of their tabs."""

from collections.abc import Sequence
from typing import Final

from conformance.workbench.panels import conformance, form, message, send, sign_in
from conformance.workbench.panels.panel import Panel

PANELS: Final[Sequence[Panel]] = (form.PANEL, message.PANEL, send.PANEL, sign_in.PANEL, conformance.PANEL)
