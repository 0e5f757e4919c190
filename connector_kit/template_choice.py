"""Which template a connector has chosen for a message, and why."""

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from connector_kit.connector import Email, Sms, TemplateMessage


@frozen
class TemplateChoice:
    """The template that a connector has chosen.

    Args:
        index: its index in the config's templates; ``None`` if it is not in the config.
        usage_type: its usage type.
        fallback: whether the usage type differs from the message's type.
    """

    index: int | None
    usage_type: str | None
    fallback: bool

    @classmethod
    def of(cls, rendered: Email | Sms | TemplateMessage, settings: Any) -> "TemplateChoice":
        """Return the choice for a composed message.

        Args:
            rendered: what ``compose`` has returned.
            settings: the config with which it was called: an attrs value or JSON.
        """
        chosen: Any = rendered.template
        templates = settings.get("templates") if isinstance(settings, Mapping) else getattr(settings, "templates", None)
        index = next((index for index, template in enumerate(templates or ()) if template is chosen), None)
        is_json = isinstance(chosen, Mapping)
        usage_type = chosen.get("usageType") if is_json else getattr(chosen, "usage_type", None)
        return cls(index, usage_type, usage_type not in (None, rendered.data.type))

    def __str__(self) -> str:
        """Return the place of the template, its usage type, and whether it is the fallback."""
        place = "not from the config" if self.index is None else f"$.templates[{self.index}]"
        usage = "" if self.usage_type is None else f" for {self.usage_type}"
        return f"{place}{usage}{', the fallback: there is none for this type' * self.fallback}"

    def to_json(self) -> dict[str, object]:
        """Return ``{"index", "usageType", "fallback"}``."""
        return {"index": self.index, "usageType": self.usage_type, "fallback": self.fallback}
