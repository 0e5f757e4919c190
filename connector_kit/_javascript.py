"""JSON values as JavaScript prints them, and JavaScript's white space.

Logto's own connectors run on Node, so messages and errors must have the text that JavaScript gives a value. The rules
are those of ECMA-262: Number::toString, Array.prototype.join, JSON.stringify, WhiteSpace.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal

WHITE_SPACE = "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
r"""The characters of ECMAScript's ``\s`` and ``trim()``: unlike Python's, with U+FEFF and without U+001C to U+001F."""

_ARRAY_INDEX = re.compile(r"0|[1-9][0-9]{0,9}", re.ASCII)
_LARGEST_INDEX = 2**32 - 2
_DECIMAL_DIGITS = 21
_LEADING_ZEROS = 6
_SURROGATE = re.compile("[\ud800-\udfff]")


def is_truthy(value: object) -> bool:
    """Return ``Boolean(value)`` of JavaScript: empty arrays and objects are true, NaN is false."""
    if isinstance(value, float) and math.isnan(value):
        return False
    return bool(value) if value is None or isinstance(value, str | int | float) else True


def trim(text: str) -> str:
    """Remove JavaScript white space from both ends of a text."""
    return text.strip(WHITE_SPACE)


def is_array_index(key: str) -> bool:
    """Return whether a key is an array index in canonical form: ``"10"`` is, ``"01"`` is not."""
    return _ARRAY_INDEX.fullmatch(key) is not None and int(key) <= _LARGEST_INDEX


def number_to_string(number: float) -> str:
    """Return ``String(number)`` of JavaScript. An ``int`` is first rounded to the nearest double."""
    try:
        double = float(number)
    except OverflowError:
        return "Infinity" if number > 0 else "-Infinity"
    if math.isnan(double):
        return "NaN"
    if math.isinf(double):
        return "Infinity" if double > 0 else "-Infinity"
    if double == 0:
        return "0"
    # Python and ECMAScript agree on the shortest digits that round-trip; they differ in how these are laid out.
    negative, digits, exponent = Decimal(repr(double)).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + int(exponent)
    sign = "-" if negative else ""
    if len(text) <= point <= _DECIMAL_DIGITS:
        return f"{sign}{text}{'0' * (point - len(text))}"
    if 0 < point <= _DECIMAL_DIGITS:
        return f"{sign}{text[:point]}.{text[point:]}"
    if -_LEADING_ZEROS < point <= 0:
        return f"{sign}0.{'0' * -point}{text}"
    fraction = f".{text[1:]}" if len(text) > 1 else ""
    return f"{sign}{text[0]}{fraction}e{point - 1:+d}"


def to_string(value: object) -> str:
    """Return ``String(value)`` of JavaScript: arrays are joined by commas, objects are ``[object Object]``."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return str.__str__(value)
        case int() | float():
            return number_to_string(value)
        case list() | tuple():
            return ",".join(_elements(value))
        case Mapping():
            return "[object Object]"
        case _:
            return str(value)


def _elements(array: list[object] | tuple[object, ...]) -> Iterator[str]:
    """Yield the texts that ``join`` puts between commas. Nested arrays are flattened; one inside itself is empty."""
    pending = [(id(array), iter(array))]
    open_arrays = {id(array)}
    while pending:
        identity, items = pending[-1]
        for item in items:
            if isinstance(item, list | tuple):
                if item and id(item) not in open_arrays:
                    pending.append((id(item), iter(item)))
                    open_arrays.add(id(item))
                    break
                yield ""
            else:
                yield "" if item is None else to_string(item)
        else:
            pending.pop()
            open_arrays.discard(identity)


def stringify(value: object) -> str:
    """Return ``JSON.stringify(value)`` of JavaScript.

    A value that is not JSON becomes the name of its type, not its ``repr``, which may contain a secret.

    Raises:
        RecursionError: the value contains itself, or is nested too deeply for the interpreter.
    """
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return _quote(value)
        case int() | float():
            text = number_to_string(value)
            return "null" if text in {"NaN", "Infinity", "-Infinity"} else text
        case list() | tuple():
            return f"[{','.join(map(stringify, value))}]"
        case Mapping():
            members = (f"{_quote(key)}:{stringify(member)}" for key, member in _properties(value))
            return f"{{{','.join(members)}}}"
        case _:
            return _quote(f"<{type(value).__name__}>")


def _quote(text: str) -> str:
    quoted = json.dumps(str.__str__(text), ensure_ascii=False)
    return _SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", quoted)


def _properties(value: Mapping[object, object]) -> list[tuple[str, object]]:
    """Return the members in JavaScript's order: array indices first, ascending, then the others as added."""
    members = [(str(key), member) for key, member in value.items()]
    indices = [it for it in members if is_array_index(it[0])]
    return sorted(indices, key=lambda it: int(it[0])) + [it for it in members if not is_array_index(it[0])]
