"""Errors and results of a connector in Node.js that have no Python equivalent."""

from attrs import frozen


class NodeError(Exception):
    """A connector in Node.js threw a value that is not a ConnectorError.

    The text that Node.js prints for the value, as a host would log it, is a note of this exception and so part of its
    traceback.

    Args:
        name: the name of the error's class, or the JavaScript type of any other value.
        message: the error's message.
        text: what Node.js prints for the value.
    """

    def __init__(self, name: str, message: str, text: str = "") -> None:
        super().__init__(name, message)
        self.name = name
        self.message = message
        if text:
            self.add_note(text)

    def __str__(self) -> str:
        """Return name and message, as in JavaScript."""
        return f"{self.name}: {self.message}"


@frozen
class NodeObject:
    """A value of a connector in Node.js that JSON cannot represent.

    Args:
        name: the name of its class.
        text: what Node.js prints for it.
    """

    name: str
    text: str
