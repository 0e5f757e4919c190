"""What a connector that runs in Node throws and returns, where Python has no form for it."""

from attrs import frozen


class NodeError(Exception):
    """A connector in Node threw something other than a ConnectorError.

    What Node prints of it, the way a host logs it, is its note, and so a part of its traceback.

    Args:
        name: of the error's class, or the type of what was thrown in its place.
        message: what it says.
        text: what Node prints of it.
    """

    def __init__(self, name: str, message: str, text: str = "") -> None:
        super().__init__(name, message)
        self.name = name
        self.message = message
        if text:
            self.add_note(text)

    def __str__(self) -> str:
        """Return name and message, as JavaScript does."""
        return f"{self.name}: {self.message}"


@frozen
class NodeObject:
    """A value of a connector in Node that JSON has no form for.

    Args:
        name: of its class.
        text: what Node prints of it.
    """

    name: str
    text: str
