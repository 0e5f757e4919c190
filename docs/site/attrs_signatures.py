"""Gives classes of attrs their signature in the API reference: griffe reads the code and knows dataclasses only."""

from typing import Any, Final

import griffe

_DECORATORS: Final = {"attrs.define", "attrs.frozen"}
_FIELDS: Final = {"attrs.field", "attrs.Factory"}


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
        own = griffe.Parameter("self", kind=griffe.ParameterKind.positional_or_keyword)
        parent["__init__"] = griffe.Function(
            "__init__", parameters=griffe.Parameters(own, *by_name.values()), returns="None"
        )


def _is_attrs(cls: griffe.Class) -> bool:
    return any(it.callable_path in _DECORATORS for it in cls.decorators)


def _fields(cls: griffe.Class) -> list[griffe.Parameter]:
    found = []
    for it in cls.attributes.values():
        if it.annotation is None or ("class-attribute" in it.labels and "instance-attribute" not in it.labels):
            continue
        default, shown = it.value, True
        if isinstance(default, griffe.ExprCall) and default.canonical_path in _FIELDS:
            options = {arg.name: arg.value for arg in default.arguments if isinstance(arg, griffe.ExprKeyword)}
            default = options.get("default", "..." if "factory" in options else None)
            shown = options.get("init") != "False"
        if shown:
            found.append(
                griffe.Parameter(
                    it.name, annotation=it.annotation, kind=griffe.ParameterKind.positional_or_keyword, default=default
                )
            )
    return found
