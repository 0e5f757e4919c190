"""What the tests of connectors with an official counterpart share: configs for both guards, and messages for both.

The official package runs in Node.js (`conformance.npm`), with the version that `conformance/npm/pinned` pins. Both
connectors send to the same stub.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import pytest
from attrs import frozen

from conformance import Provider, Spec, SpecError
from conformance.npm import npm_spec
from conformance.providers.base import Call
from connector_kit import Guard, MessageConnector, SendMessageData, TemplateType
from tests.interop.cases.guards import mutate
from tests.interop.cases.values import LONE_SURROGATES, STRINGS, text, to_text
from tests.interop.dice import Dice

Json = Any
"""Any JSON value."""

CONFIGS: Final = 2_500
"""How many different configs both guards judge."""

_USAGE_TYPES: Final = (*map(str, TemplateType), "Test", "generic", "Generic ", "Custom", "")
_CODES: Final = ("123456", "000123", "A1B2C3", "7KQ-99Z", "é&<b>")
_NAMES: Final = (
    "Zoë O'Brien",
    "Shop & Co <b>",
    "株式会社 100%",
    'a "quoted" + name; {{code}}',
    "two\nlines",
    "tab\there",
    "\U0001f600",
    "",
)


def official_spec(package: str) -> Spec:
    """Return the Spec of an official package. Without npm the test is skipped, but fails where ``CI`` is set."""
    try:
        return npm_spec(package)
    except SpecError as error:
        if os.environ.get("CI"):
            pytest.fail(f"Logto's packages are required in CI: {error}")
        pytest.skip(str(error))


# --- configs ----------------------------------------------------------------------------------------------------------


def configs(valid: Sequence[Mapping[str, Json]], *, near: Sequence[str] = (), count: int = CONFIGS) -> list[Json]:
    """Return different configs, always the same ones: a quarter are variations of valid ones, the others have mistakes.

    Mistakes are missing and additional keys, ``null``, values of other types, empty and odd strings, keys in another
    case, templates that are lists, and other values instead of an object; see `mutate`.

    Args:
        valid: at least one valid config; several, if there are alternatives. Each has all optional keys of its kind.
        near: strings that are nearly right somewhere in a config.
        count: how many.
    """
    dice = Dice("configs of official connectors")
    found: dict[str, Json] = {to_text(it): it for it in valid}
    while len(found) < count:
        root = [_variation(dice, dice.pick(valid))]
        for _ in range(dice.below(4)):
            mutate(dice, root, near)
        found.setdefault(to_text(root[0]), root[0])
    return list(found.values())


def _variation(dice: Dice, valid: Mapping[str, Json]) -> Json:
    """Return a config without some keys at any depth, with other texts, more templates, and keys in another order."""
    changed = _other_texts(dice, json.loads(to_text(valid)))
    templates = changed.get("templates")
    if isinstance(templates, list):
        more = [{**dice.pick(templates), "usageType": dice.pick(_USAGE_TYPES)} for _ in range(dice.below(4))]
        changed["templates"] = dice.shuffled([*templates, *more])
    if dice.chance(0.3):
        del changed[dice.pick([*changed])]
    return dict(dice.shuffled([*changed.items()]))


def _other_texts(dice: Dice, value: Json, key: str = "") -> Json:
    if isinstance(value, dict):
        return {name: _other_texts(dice, member, name) for name, member in value.items()}
    if isinstance(value, list):
        return [_other_texts(dice, member, key) for member in value]
    return text(dice) if isinstance(value, str) and key != "usageType" and dice.chance(0.2) else value


@frozen
class Verdicts:
    """How many configs both guards accept and reject, and the configs about which they differ."""

    accepted: int
    rejected: int
    differences: tuple[Json, ...]


def verdicts(ours: Guard[Any], official: Guard[Any], found: Iterable[Json]) -> Verdicts:
    """Ask both guards about each config."""
    pairs = [(it, ours.is_valid(it), official.is_valid(it)) for it in found]
    differences = tuple(it for it, is_ours, is_official in pairs if is_ours is not is_official)
    accepted = sum(is_official for _, _, is_official in pairs)
    return Verdicts(accepted, len(pairs) - accepted, differences)


# --- messages ---------------------------------------------------------------------------------------------------------


def messages(recipients: Sequence[str], *, count: int = 60) -> Iterator[SendMessageData]:
    """Yield messages of every type, with payloads as Logto sends them and with odd text.

    Args:
        recipients: of the messages, in turn.
        count: how many.
    """
    dice = Dice("messages of official connectors")
    kinds = [*TemplateType, "Custom"]
    odd = [it for it in STRINGS if it not in LONE_SURROGATES]
    for index in range(count):
        payload: dict[str, Json] = {"code": dice.pick(_CODES), "locale": dice.pick(("en", "pt-BR"))}
        if dice.chance(0.4):
            payload["link"] = "https://logto.example/a?one_time_token=0aB&email=foo%2Bbar#top"
        if dice.chance(0.6):
            payload["application"] = {"name": dice.pick(_NAMES), "branding": {"logoUrl": None}}
        if dice.chance(0.6):
            payload["user"] = {"name": dice.pick(_NAMES), "profile": {"age": dice.pick((0, 1.5, True))}}
        if dice.chance(0.6):
            payload["custom"] = [dice.pick(odd), {"nested": dice.pick(odd)}]
        kind = kinds[index % len(kinds)]
        yield SendMessageData(to=recipients[index % len(recipients)], type=kind, payload=payload)


def send_both(
    ours: type[MessageConnector[Any, Any]],
    official: type[MessageConnector[Any, Any]],
    provider: Provider,
    config: Mapping[str, Json],
    found: Iterable[SendMessageData],
) -> Iterator[tuple[Call, Call]]:
    """Send each message with both connectors to one stub, which runs meanwhile, and yield what arrived from each.

    Args:
        ours: the connector of the kit.
        official: its counterpart.
        provider: a stub that both can reach.
        config: for both.
        found: the messages.
    """
    with provider.running():
        prepared = provider.prepare_config(config)
        pair = [it(get_config=lambda _: prepared) for it in (ours, official)]
        for message in found:
            start = len(provider.calls)
            for connector in pair:
                connector.send_message(message)
            mine, other = provider.calls[start:]
            yield mine, other
