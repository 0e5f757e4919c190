"""A panel: one tab of the page, with its routes."""

from collections.abc import Callable, Sequence

from attrs import frozen
from starlette.routing import Route

from conformance.workbench.bench import Bench
from connector_kit import ConnectorType

MESSAGES = frozenset({ConnectorType.EMAIL, ConnectorType.SMS})
"""The types of connectors that send messages."""

EVERY_TYPE = frozenset(ConnectorType)


@frozen
class Panel:
    """One tab of the page.

    Args:
        id: names the JavaScript module ``web/panels/<id>.js`` and the routes below ``/api/<id>/``.
        title: of the tab.
        types: the types of connectors that have this panel.
        routes: returns the routes of a workbench.
    """

    id: str
    title: str
    types: frozenset[ConnectorType]
    routes: Callable[[Bench], Sequence[Route]]
