"""Memory: the verdict on a config depends on that config alone, not on those that were judged before."""

import copy
from collections.abc import Iterator
from functools import partial
from typing import Any, Final

from conformance.checks.config import rejected_similar_values
from conformance.harness.attempt import Attempt
from conformance.harness.expectations import expect_no_call
from conformance.harness.harness import Harness
from conformance.harness.settings import ConfigVariants, set_at
from conformance.harness.strategies import replaced, without
from conformance.registry import check
from conformance.verdicts import expect
from connector_kit import ConnectorErrorCodes
from connector_kit.issues import Location, format_path

Json = Any

_REUSES: Final = 6
"""How often an object is thrown away, so that the next one may have its identity."""


def _expect_verdict(harness: Harness, attempt: Attempt, config: Json, when: str) -> None:
    """Expect the verdict of the schema, whatever the connector judged before."""
    is_rejected = attempt.code is ConnectorErrorCodes.INVALID_CONFIG
    if harness.accepts(config):
        expect(not is_rejected, f"expected a valid config to be accepted {when}; {attempt.summary}")
    else:
        expect(is_rejected, f"expected invalid_config {when}; {attempt.summary}")
        expect_no_call(attempt, f"a send {when}")


@check("config.same-verdict", clause="C18", covers=("equal value", "changed config", "repaired config"))
def same_verdict(harness: Harness) -> None:
    """A config is judged as it is now, also if one that is equal, or the same object, was judged before."""
    wrong = rejected_similar_values(harness)
    harness.for_all(partial(_equal_values, harness), harness.messages(), examples=1)
    for place, values in wrong.items():
        harness.for_all(partial(_changed_config, harness, place, values[0]), harness.messages(), examples=1)
    harness.for_all(partial(_other_object, harness, next(iter(wrong))), harness.messages(), examples=1)
    harness.for_all(partial(_repaired_config, harness, wrong), harness.messages(), examples=1)


def _equal_values(harness: Harness, message: Json) -> None:
    """Try true, 1 and 1.0 in turn, at each place where one of them is valid."""
    for right, wrong in _equal_configs(harness):
        first = harness.send(message, copy.deepcopy(right))
        _expect_verdict(harness, first, right, "the first time")
        if first.error is not None:
            continue  # such as a time limit of 1 ms, with which a late request would count as the next message's
        for config in (right, wrong, right):
            _expect_verdict(
                harness, harness.send(message, copy.deepcopy(config)), config, "after one that is equal was accepted"
            )
            saved = copy.deepcopy(config)
            attempt = harness.send(message, saved=saved)
            _expect_verdict(harness, attempt, config, "after one that is equal was accepted, in the saved config")
        harness.coverage.add("equal value")
    harness.coverage.add("equal value")  # no place of the config has a value with an equal one of another type


def _equal_configs(harness: Harness) -> Iterator[tuple[Json, Json]]:
    """Yield pairs of equal configs, the first valid, the second not; one pair for each setting that allows it."""
    variants = ConfigVariants(harness.schema, harness.config)
    for setting in variants.settings:
        found = next(_equal_pairs(harness, variants, setting), None)
        if found is not None:
            yield found


def _equal_pairs(harness: Harness, variants: ConfigVariants, setting: Any) -> Iterator[tuple[Json, Json]]:
    for value in (True, False, 1, 0, 2.0):
        right = variants.with_value(harness.config, setting, value) if variants.may_accept(setting, value) else None
        if right is None:
            continue
        for other in (bool(value), int(value), float(value)):
            changed = set_at(right, setting.path, other)
            if changed == right and not harness.accepts(changed):
                yield right, changed


def _changed_config(harness: Harness, place: Location, wrong: Json, message: Json) -> None:
    """Change a config in place after it was used, unsaved and saved, and change it back."""
    config = copy.deepcopy(harness.config)
    holder: Any = config
    for part in place[:-1]:
        holder = holder[part]
    right, last = holder[place[-1]], place[-1]
    at = f"after the same object was changed at {format_path(place)}"
    for value in (right, wrong, right):
        holder[last] = value
        _expect_verdict(harness, harness.send(message, config), config, at)
        _expect_verdict(harness, harness.send(message, saved=config), config, f"{at}, in the saved config")
    harness.coverage.add("changed config")


def _other_object(harness: Harness, place: Location, message: Json) -> None:
    """Use configs that are thrown away, so that a later one may have the identity of an earlier one."""
    for _ in range(_REUSES):
        right = copy.deepcopy(harness.config)
        _expect_verdict(harness, harness.send(message, right), right, "although it is valid")
        del right
        wrong = without(harness.config, place)
        _expect_verdict(harness, harness.send(message, wrong), wrong, "after others were accepted")
        del wrong


def _repaired_config(harness: Harness, wrong: dict[Location, list[Json]], message: Json) -> None:
    """Reject a saved config several times, then repair it."""
    for place, values in list(wrong.items())[:3]:
        broken = replaced(harness.config, place, values[0])
        for config in (broken, broken, harness.config):
            when = "although an earlier one was rejected" if config is harness.config else "each time"
            attempt = harness.send(message, saved=config)
            _expect_verdict(harness, attempt, config, when)
        expect(attempt.error is None, f"expected a message with a repaired config to be sent; {attempt.summary}")
    harness.coverage.add("repaired config")
