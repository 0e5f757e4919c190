"""Gives classes of attrs their signature in the API reference: griffe reads the code and knows dataclasses only."""

from typing import Any, Final

import griffe

_DECORATORS: Final = {"attrs.define", "attrs.frozen"}
_POSITIONAL: Final = griffe.ParameterKind.positional_or_keyword


class AttrsSignatures(griffe.Extension):
    """Adds an ``__init__`` to each class of attrs that does not define one."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        """Go through all classes of a package, when griffe knows their base classes."""
        _visit(pkg)


def _visit(parent: griffe.Module | griffe.Class) -> None:
    for member in parent.members.values():
        if isinstance(member, griffe.Module | griffe.Class):
            _visit(member)
    if isinstance(parent, griffe.Class) and _is_attrs(parent) and "__init__" not in parent.members:
        fields = [it for cls in reversed([parent, *parent.mro()]) if _is_attrs(cls) for it in _fields(cls)]
        by_name = {it.name: it for it in fields}
        ordered = sorted(by_name.values(), key=lambda it: it.kind is griffe.ParameterKind.keyword_only)
        own = griffe.Parameter("self", kind=_POSITIONAL)
        parent["__init__"] = griffe.Function("__init__", parameters=griffe.Parameters(own, *ordered), returns="None")


def _is_attrs(cls: griffe.Class) -> bool:
    return any(it.callable_path in _DECORATORS for it in cls.decorators)


def _fields(cls: griffe.Class) -> list[griffe.Parameter]:
    found = []
    for it in cls.attributes.values():
        is_class_variable = "class-attribute" in it.labels and "instance-attribute" not in it.labels
        if it.annotation is None or is_class_variable or "property" in it.labels or "cached" in it.labels:
            continue
        default, options = it.value, {}
        if isinstance(default, griffe.ExprCall) and default.canonical_path == "attrs.field":
            options = {arg.name: str(arg.value) for arg in default.arguments if isinstance(arg, griffe.ExprKeyword)}
            default = options.get("default", "..." if "factory" in options else None)
        kind = griffe.ParameterKind.keyword_only if options.get("kw_only") == "True" else _POSITIONAL
        if options.get("init") != "False":
            found.append(griffe.Parameter(it.name, annotation=it.annotation, kind=kind, default=default))
    return found
