"""Paths to the secrets of a config: ``apiKey``, ``auth.token``, ``keys[]``, ``accounts[].token``."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

Json = Any
"""Any JSON value."""

Place = tuple[str | int, ...]
"""The keys and indexes that lead to one value."""


def places_of(config: Mapping[str, Json], path: str) -> list[Place]:
    """Return where the secrets of a path are: texts and numbers; of an object or a list, all that it contains.

    Args:
        config: the config.
        path: keys, separated by dots; a key with ``[]`` has a list, each item of which is meant. A top-level key may
            itself contain a dot.
    """
    found: list[Place] = [(path,)] if path in config else [()]
    for part in () if path in config else path.split("."):
        key, is_list = part.removesuffix("[]"), part.endswith("[]")
        holders = [(place, value_at(config, place)) for place in found]
        found = [(*place, key) for place, value in holders if isinstance(value, Mapping) and key in value]
        if is_list:
            lists = [(place, value_at(config, place)) for place in found]
            found = [(*place, at) for place, value in lists if isinstance(value, list) for at in range(len(value))]
    return [leaf for place in found for leaf in leaves(value_at(config, place), place)]


def value_at(config: Json, place: Place) -> Json:
    """Return the value at a place."""
    for part in place:
        config = config[part]
    return config


def path_to(place: Place) -> str:
    """Return the path of a place: ``accounts[].token``."""
    text = ""
    for part in place:
        text += "[]" if isinstance(part, int) else f".{part}" if text else part
    return text


def leaves(value: Json, above: Place = ()) -> Iterator[Place]:
    """Yield the places of the texts and numbers in a value."""
    if isinstance(value, Mapping):
        for key, member in value.items():
            yield from leaves(member, (*above, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from leaves(item, (*above, index))
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield above


def with_value(config: Json, place: Place, value: Json) -> Json:
    """Return a config with another value at a place; only what leads there is copied."""
    if not place:
        return value
    copied: Json = dict(config) if isinstance(config, Mapping) else list(config)
    copied[place[0]] = with_value(config[place[0]], place[1:], value)
    return copied


def nested_secret_places(config: Mapping[str, Json], is_secret: Callable[[str], bool]) -> Iterator[Place]:
    """Yield the places of the values under a key for which ``is_secret`` holds, at any depth; templates have none.

    Of an object with such a name, they are the members that have such a name too, or all if none has:
    ``auth.token``, but not ``auth.user``.
    """

    def walk(value: Json, above: Place) -> Iterator[Place]:
        members = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
        for key, member in members:
            if isinstance(key, str) and is_secret(key):
                yield from list(walk(member, (*above, key))) or leaves(member, (*above, key))
            elif (*above, key) != ("templates",):
                yield from walk(member, (*above, key))

    return walk(config, ())
