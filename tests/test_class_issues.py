"""A value that the schema accepts, but that the class cannot hold, is an error of the guard."""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, Literal, NamedTuple, TypedDict, TypeVar

import attrs
import pytest
from attrs import field, frozen
from attrs.validators import ge, in_, instance_of, matches_re

from connector_kit import ConnectorError, ConnectorErrorCodes, Guard, Template, converter, validate_config, wire_name
from tests.guard_cases import CANARY, Json, deep

T = TypeVar("T")


class Mode(Enum):
    """A setting with two values."""

    FAST = "fast"
    SAFE = "safe"


@frozen
class First:
    """One of two classes of a union."""

    a: int


@frozen
class Second:
    """The other one."""

    b: int


@frozen
class Config:
    """A config class with everything that can fail."""

    templates: tuple[Template, ...] = ()
    port: int = 0
    mode: Mode = Mode.FAST
    named: Mapping[str, int] = field(factory=dict)
    either: First | Second | None = None
    api_key: str = field(default="k", validator=matches_re("k.*"))
    size: Any = field(default=1, validator=ge(1))
    unit: Any = field(default="a", validator=in_(["a"]), metadata=wire_name("Unit-Name"))
    text: Any = field(default="", validator=instance_of(str))
    ascii: Any = field(default="", converter=lambda it: it.encode("ascii").decode())


def _guard(cls: Any = Config) -> Guard[Any]:
    return Guard({}, cls, warnings=())


MESSAGE = (
    "the schema accepts this, but its class does not: expected {}. "
    "Schema and class of the connector disagree: report it to its author"
)
FAILURES = [
    pytest.param(
        {"templates": [{"usageType": "SignIn", "content": CANARY}]},
        "$.templates[0].subject",
        "str for subject, found nothing (KeyError)",
        id="required field of the class",
    ),
    pytest.param(
        {"templates": 1}, "$.templates", "tuple[Template, ...] for templates, found number (TypeError)", id="no list"
    ),
    pytest.param({"templates": [CANARY]}, "$.templates[0]", "Template, found string (ClassValidationError)", id="text"),
    pytest.param({"port": CANARY}, "$.port", "int for port, found string (ValueError)", id="no integer"),
    pytest.param({"port": [CANARY]}, "$.port", "int for port, found array (TypeError)", id="list for an integer"),
    pytest.param({"mode": CANARY}, "$.mode", "Mode for mode, found string (ValueError)", id="enum"),
    pytest.param({"named": {"a b": CANARY}}, '$.named["a b"]', "int, found string (ValueError)", id="mapping"),
    pytest.param(
        {"either": {"c": CANARY}}, "$.either", "First | Second | None for either, found object (ValueError)", id="union"
    ),
    pytest.param(
        {"either": {"a": CANARY}}, "$.either.a", "int for a, found string (ValueError)", id="member of a union"
    ),
    pytest.param(
        {"apiKey": CANARY}, "$.apiKey", "str for api_key, found string (ValueError)", id="validator matches_re"
    ),
    pytest.param(
        {"Unit-Name": CANARY}, '$["Unit-Name"]', "Any for unit, found string (ValueError)", id="validator in_"
    ),
    pytest.param({"text": [CANARY]}, "$.text", "Any for text, found array (TypeError)", id="validator instance_of"),
    pytest.param({"size": 0}, "$", "what Config accepts, found object (ValueError)", id="validator ge"),
    pytest.param(
        {"ascii": CANARY + "é"}, "$", "what Config accepts, found object (UnicodeEncodeError)", id="converter"
    ),
    pytest.param(
        {"ascii": {CANARY: 1}}, "$", "what Config accepts, found object (AttributeError)", id="converter of a text"
    ),
]


@pytest.mark.parametrize(("value", "path", "expected"), FAILURES)
def test_value_that_the_class_cannot_hold_is_an_error(value: Json, path: str, expected: str) -> None:
    """The issue has the place, what the class expects, the type that was found, and whose bug it is, but no value."""
    of = _guard()
    (issue,) = of.issues(value)
    message = MESSAGE.format(expected)
    assert issue.to_json() == {"path": path, "keyword": "class", "message": message, "severity": "error"}
    assert not of.is_valid(value)


@pytest.mark.parametrize(("value", "path", "expected"), FAILURES)
def test_validate_raises_invalid_config_without_the_value(value: Json, path: str, expected: str) -> None:
    """No exception of cattrs, of a validator or of a converter leaves the guard, and none is chained."""
    for validate in (_guard().validate, lambda it: validate_config(it, _guard())):
        with pytest.raises(ConnectorError) as caught:
            validate(value)
        assert caught.value.code is ConnectorErrorCodes.INVALID_CONFIG
        issue = {"path": path, "keyword": "class", "message": MESSAGE.format(expected)}
        assert caught.value.data == {"issues": [issue]}
        assert caught.value.__context__ is None
        assert CANARY not in "".join(traceback.format_exception(caught.value))


def test_error_has_the_code_of_the_guard() -> None:
    """As for a value that the schema rejects."""
    of: Guard[Any] = Guard({}, int, error_code=ConnectorErrorCodes.INVALID_RESPONSE)
    with pytest.raises(ConnectorError) as caught:
        of.validate("x")
    assert caught.value.code is ConnectorErrorCodes.INVALID_RESPONSE


def test_first_hundred_places_are_issues() -> None:
    """The operator of the connector sends its author one list."""
    value = {"templates": [{}] * 2_000, "port": "x"}
    issues = _guard().issues(value)
    assert len(issues) == 100
    assert [it.path for it in _guard().issues({"templates": [{}], "port": "x"})] == [
        "$.port",
        "$.templates[0].content",
        "$.templates[0].subject",
        "$.templates[0].usageType",
    ]
    with pytest.raises(ConnectorError) as caught:
        _guard().validate(value)
    assert len(caught.value.data["issues"]) == 100  # type: ignore[index]


def test_class_is_not_tried_for_a_value_that_the_schema_rejects() -> None:
    """The schema's issues say it better."""
    of: Guard[Any] = Guard({"required": ["port"], "properties": {"port": {"type": "integer"}}}, Config)
    assert [it.keyword for it in of.issues({"port": "x"})] == ["type"]
    assert [it.keyword for it in of.issues({"port": 1, "mode": "x"})] == ["class", "unknown-key"]


@dataclass
class Data:
    """A config class of the standard library."""

    max_size: int


class Typed(TypedDict):
    """A dictionary with a type for each key."""

    max_size: int


class Pair(NamedTuple):
    """A list of two values."""

    first: str
    second: int


@frozen
class Box(Generic[T]):
    """A class with a parameter."""

    size: T


@pytest.mark.parametrize(
    ("cls", "value", "path", "expected"),
    [
        (Data, {"max_size": "x"}, "$.max_size", "int for max_size, found string (ValueError)"),
        (Typed, {"max_size": "x"}, "$.max_size", "int for max_size, found string (ValueError)"),
        (Pair, ["a", "x"], "$[1]", "int, found string (ValueError)"),
        (Box[int], {"size": "x"}, "$.size", "int for size, found string (ValueError)"),
        (list[First], [{"a": 1}, {}], "$[1].a", "int for a, found nothing (KeyError)"),
        (dict[str, int], {"a": None}, "$.a", "int, found null (TypeError)"),
        (set[int], [[]], "$[0]", "int, found array (TypeError)"),
        (tuple[int, int], [1], "$", "what tuple[int, int] accepts, found array (ValueError)"),
        (int, "x", "$", "int, found string (ValueError)"),
        (Mode, "x", "$", "Mode, found string (ValueError)"),
        (list[int], 1, "$", "list[int], found number (TypeError)"),
        (list[int], {"a": 1}, "$[0]", "int, found nothing (ValueError)"),
        (Literal["a"], "b", "$", "Literal['a'], found string (CattrsError)"),
        (Mapping[str, int], [1], "$", "Mapping[str, int], found array (AttributeError)"),
    ],
)
def test_class_of_any_kind_that_the_converter_knows(cls: Any, value: Json, path: str, expected: str) -> None:
    """A guard may have any of them."""
    (issue,) = _guard(cls).issues(value)
    assert (issue.path, issue.message) == (path, MESSAGE.format(expected))


def _hook(error: Exception) -> Callable[..., Any]:
    def structure(*_: Any) -> Any:
        raise error

    return structure


class GroupError(ExceptionGroup[Exception]):
    """A group that is not one of cattrs."""


@pytest.mark.parametrize(
    "error",
    [
        ZeroDivisionError(CANARY),
        ConnectorError(ConnectorErrorCodes.GENERAL, CANARY),
        GroupError(CANARY, [ValueError(CANARY)]),
        type("OwnError", (Exception,), {})(CANARY),
        StopIteration(CANARY),
    ],
    ids=lambda it: type(it).__name__,
)
def test_exception_of_a_hook_is_an_issue(error: Exception) -> None:
    """Any exception of an author's hook, at the place of its value."""

    @frozen
    class Custom:
        pass

    @frozen
    class Holder:
        custom: Custom

    converter.register_structure_hook(Custom, _hook(error))
    (issue,) = _guard(Holder).issues({"custom": {"secret": CANARY}})
    assert issue.path == "$.custom"
    assert issue.message == MESSAGE.format(f"Custom for custom, found object ({type(error).__name__})")


def test_validator_of_a_class_inside_a_converter_has_the_place_of_the_converter() -> None:
    """Its attribute is not one of the config."""

    @frozen
    class Inner:
        text: str = field(validator=instance_of(str))

    @dataclass
    class DataHolder:
        inner: Any

        def __post_init__(self) -> None:
            Inner(self.inner)

    @frozen
    class Holder:
        inner: Any = field(converter=Inner)

    for cls in (Holder, DataHolder):
        (issue,) = _guard(cls).issues({"inner": 1})
        assert issue.path == "$"
        assert issue.message == MESSAGE.format(f"what {cls.__name__} accepts, found object (TypeError)")


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, GeneratorExit])
def test_interrupt_in_a_hook_propagates(error: type[BaseException]) -> None:
    """It is not about the value."""

    def interrupt(*_: Any) -> Any:
        raise error

    @frozen
    class Interrupted:
        a: int = field(converter=interrupt)

    for use in (_guard(Interrupted).issues, _guard(Interrupted).is_valid, _guard(Interrupted).validate):
        with pytest.raises(error):
            use({"a": 1})


def test_hook_that_structures_another_value_has_its_place() -> None:
    """The parts of the other value are not parts of the config."""

    @frozen
    class Renamed:
        inner: First

    @frozen
    class Holder:
        renamed: Renamed

    def from_text(value: Any, _: Any) -> Any:
        return attrs.evolve(Renamed(First(1)), inner=converter.structure({"a": value}, First))

    converter.register_structure_hook(Renamed, from_text)
    (issue,) = _guard(Holder).issues({"renamed": CANARY})
    assert issue.path == "$.renamed"
    assert "expected Renamed for renamed, found string (ClassValidationError)" in issue.message


def test_class_that_the_converter_does_not_know_is_an_error_for_each_value() -> None:
    """Such as a union of two classes that nothing tells apart."""

    @frozen
    class Same:
        a: int

    @frozen
    class Holder:
        either: First | Same

    (issue,) = _guard(Holder).issues({"either": {"a": 1}})
    assert (issue.path, issue.keyword) == ("$", "class")
    assert issue.message.startswith("the schema accepts this, but its class does not: expected Holder, found object (")


@frozen
class Nested:
    """A class as deep as its value."""

    nested: "tuple[Nested, ...]" = ()


def test_value_that_is_too_deep_for_its_class_is_rejected() -> None:
    """Python's limit is not a bug of the connector."""
    of = _guard(Nested)
    value = deep(5_000, {})
    (issue,) = of.issues(value)
    assert (issue.path, issue.keyword, issue.message) == ("$", "depth", "nested too deeply to validate")
    with pytest.raises(ConnectorError):
        of.validate(value)
    for levels in (10, 100, 200, 300, 500):
        assert of.is_valid(deep(levels, {})) == (of.issues(deep(levels, {})) == [])


def test_result_without_a_usable_hash_is_converted_each_time() -> None:
    """It may raise anything, such as a RecursionError for a value that is nested deeply."""

    @frozen
    class Unhashable:
        port: int = 0

        def __hash__(self) -> int:
            raise RecursionError

    of = _guard(Unhashable)
    assert of.validate({"port": 1}) is not of.validate({"port": 1})


def test_conversion_that_fails_only_later_raises_connector_error() -> None:
    """A converter of an author may depend on more than the value."""
    failing = []

    @attrs.define
    class Moody:
        port: Any = field(converter=lambda it: [it][len(failing)])

    of = _guard(Moody)
    of.validate({"port": 1})
    failing.append(1)
    with pytest.raises(ConnectorError) as caught:
        of.validate({"port": 1})
    assert caught.value.code is ConnectorErrorCodes.INVALID_CONFIG
