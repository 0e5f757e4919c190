"""Logto's side of a connector: the callbacks that it passes to the constructor, and what the connector requested."""

from collections.abc import Callable
from typing import Any

from attrs import define, field


@define
class LogtoCallbacks:
    """Returns the saved config and managed templates to a connector, and records its requests.

    Args:
        saved_config: makes what ``get_config`` returns.
        managed_template: makes what ``get_i18n_email_template`` returns, or raises; ``None`` if Logto has no template.
        config_requests: the connector ids of all requests for a config.
        default_template: makes the managed template if `managed_template` is ``None``.
        template_requests: the usage types and locales of all requests for a template.
    """

    saved_config: Callable[[], object] = lambda: None
    managed_template: Callable[[], object] | None = None
    default_template: Callable[[], object] = lambda: None
    config_requests: list[str] = field(factory=list)
    template_requests: list[tuple[str, object]] = field(factory=list)

    def get_config(self, connector_id: str) -> object:
        """Return the saved config."""
        self.config_requests.append(connector_id)
        return self.saved_config()

    def get_i18n_email_template(self, usage_type: str, locale: object) -> Any:
        """Return the managed template."""
        self.template_requests.append((usage_type, locale))
        return (self.managed_template or self.default_template)()
