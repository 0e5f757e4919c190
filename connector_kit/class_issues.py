"""Issues for a value that a schema accepts, but that cannot be converted to its class: the two disagree."""

import re
from collections.abc import Iterator
from typing import Any, Final, get_origin

import attrs
from attrs import frozen
from cattrs.errors import AttributeValidationNote, BaseValidationError, ClassValidationError, IterableValidationNote

from connector_kit.issues import TOO_DEEP, Issue, Location, json_type
from connector_kit.wire import json_key

_MISSING: Final = object()
_MODULES: Final = re.compile(r"\b(?:\w+\.)+(?=\w)")


def class_issues(error: Exception, value: object, cls: Any) -> list[Issue]:
    """Return an issue for each place at which the conversion of a value to a class failed.

    Texts of exceptions are not shown: they often contain the value, which may be a secret.

    Args:
        error: what the converter raised: anything that a validator, a converter or a hook of an author can raise.
        value: the JSON value.
        cls: its class.
    """
    issues = []
    pending = [_Failure(error, (), value, _type_name(cls))]
    while pending:
        failure = pending.pop()
        if isinstance(failure.error, RecursionError):
            return [TOO_DEEP]
        inner = list(failure.inner())
        pending += reversed(inner)
        if not inner:
            issues.append(failure.to_issue())
    return issues


@frozen
class _Failure:
    """An exception, with the place of the value that caused it.

    Args:
        error: the exception.
        location: of the value.
        value: what was found there, or ``_MISSING``.
        expected: the type, or the attribute with its type.
    """

    error: Exception
    location: Location
    value: object
    expected: str

    def inner(self) -> Iterator["_Failure"]:
        """Yield the failures in a group of cattrs, which notes the attribute or the index of each.

        A class that was made of anything but an object has no members to look at.
        """
        group = self.error
        if not isinstance(group, BaseValidationError):
            return
        if isinstance(group, ClassValidationError) and not isinstance(self.value, dict):
            return
        for error in group.exceptions:
            match next(filter(_is_note, getattr(error, "__notes__", ())), None):
                case AttributeValidationNote(name=name, type=expected):
                    yield self._at_attribute(error, json_key(group.cl, name), f"{_type_name(expected)} for {name}")
                case IterableValidationNote(index=index, type=expected):
                    yield _Failure(error, (*self.location, index), _member(self.value, index), _type_name(expected))
                case _:
                    yield self._in_constructor(error, group.cl)

    def _at_attribute(self, error: Exception, key: str, expected: str) -> "_Failure":
        return _Failure(error, (*self.location, key), _member(self.value, key), expected)

    def _in_constructor(self, error: Exception, cls: Any) -> "_Failure":
        """Return a failure of a validator or converter. Some validators of attrs name their attribute."""
        fields = attrs.fields(cls) if attrs.has(cls) else ()
        field = next((it for it in error.args if isinstance(it, attrs.Attribute) and it in fields), None)
        if field is None:
            return _Failure(error, self.location, self.value, f"what {_type_name(cls)} accepts")
        return self._at_attribute(error, json_key(cls, field.name), f"{_type_name(field.type)} for {field.name}")

    def to_issue(self) -> Issue:
        """Return the issue, without the value and without the text of the exception."""
        found = "nothing" if self.value is _MISSING else json_type(self.value)
        message = (
            f"the schema accepts this, but its class does not: expected {self.expected}, found {found} "
            f"({type(self.error).__name__}). Schema and class of the connector disagree: report it to its author"
        )
        return Issue(self.location, "class", message)


def _is_note(note: object) -> bool:
    return isinstance(note, AttributeValidationNote | IterableValidationNote)


def _member(value: Any, part: str | int) -> object:
    """Return a member of a JSON value, or ``_MISSING``: it is absent, or a hook of an author structured another value."""
    try:
        return value[part]
    except (LookupError, TypeError):
        return _MISSING


def _type_name(cls: object) -> str:
    """Return a type as in the source: ``str``, ``tuple[Template, ...]``, without the modules."""
    return cls.__name__ if isinstance(cls, type) and get_origin(cls) is None else _MODULES.sub("", str(cls))
