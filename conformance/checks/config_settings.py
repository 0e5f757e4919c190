"""Settings of the config: each one that the schema names is set, in turn and together, and must have an effect."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, get_args

from attrs import define, field

from conformance.harness.attempt import Attempt
from conformance.harness.harness import Harness
from conformance.harness.request_parts import Parts, SentTwice, request_parts
from conformance.harness.settings import MISSING, ConfigVariants, Setting, set_at, value_at
from conformance.harness.strategies import KNOWN_TYPES
from conformance.harness.values import show_type
from conformance.providers.base import Aspect, Call
from conformance.registry import check
from conformance.verdicts import CheckFailure, NotApplicable, NotExercised, expect
from connector_kit import ConnectorError

Json = Any

_VALUES: Final = 3
"""How many values of a setting to send, besides the choices that the schema lists."""

_CHOICES: Final = 8
_SAME_AS_ANOTHER: Final = frozenset({"auto", "automatic", "default", "inherit"})
"""Choices that leave the choice to the connector or the provider."""


@define
class _Trial:
    """One setting under test: valid configs with and without it.

    Args:
        setting: the setting.
        configs: valid configs, each with another value of it.
        base: a valid config without it, or ``None`` if the schema accepts no such config.
        error: why a value could not be sent.
    """

    setting: Setting
    configs: list[Json]
    base: Json | None
    error: str = ""
    sent: list[Json] = field(factory=list)

    def is_default(self, config: Json) -> bool:
        """Return whether a config has the setting's default, which a request may leave out: both mean the same."""
        value = value_at(config, self.setting.path)
        return any(repr(value) == repr(it) for it in self.setting.defaults)

    @property
    def first(self) -> Json:
        """The first config that could be sent, if possible one whose value is not the default."""
        return min(self.sent, key=self.is_default)


def _show_value(harness: Harness, setting: Setting, value: Json) -> str:
    is_known = any(value == it for it in (*setting.choices, *setting.defaults)) or isinstance(value, bool | int | float)
    return repr(value) if is_known and setting.path[0] not in harness.spec.secrets else show_type(value)


def _variants(harness: Harness) -> ConfigVariants:
    variants = ConfigVariants(harness.schema, harness.config)
    variants.settings = [it for it in variants.settings if it.path != ("templates",)]
    return variants


def _set_by_provider(harness: Harness) -> list[str]:
    """Return the keys that the stub and the canaries change: without its address, no message would reach the stub."""
    return [key for key, value in harness.config.items() if harness.spec.valid_config.get(key) != value]


def _optional(harness: Harness, variants: ConfigVariants) -> list[Setting]:
    """Return the settings to try: optional ones without optional members of their own, which are tried instead.

    An optional address is not among them: the messages that reach the stub show its effect.
    """
    chosen = [it for it in variants.settings if not (it.required or it.is_deprecated or harness.is_address(it.path))]
    if not chosen:
        raise NotApplicable("the config's schema declares no optional key")
    return [it for it in chosen if not _has_members(variants, it)]


def _has_members(variants: ConfigVariants, setting: Setting) -> bool:
    depth = len(setting.path)
    return any(it.path[:depth] == setting.path and len(it.path) > depth for it in variants.settings)


def _trial(harness: Harness, variants: ConfigVariants, setting: Setting, base: Json) -> _Trial:
    """Make configs with a setting, starting from a valid config."""
    authors = value_at(harness.config, setting.path)
    values = [it for it in variants.candidates(setting) if repr(it) != repr(authors)]
    if authors is not MISSING:
        values = [authors, *values]
    is_string_only = not setting.choices and all(isinstance(it, str) for it in values)
    limit = max(_VALUES - is_string_only, min(_CHOICES, len(setting.choices)))
    configs: list[Json] = []
    for value in values:
        config = variants.with_value(base, setting, value)
        if config is not None:
            configs.append(config)
        if len(configs) >= limit:
            break
    without = variants.without(configs[0] if configs else base, setting)
    return _Trial(setting, configs, without)


def _message(harness: Harness, kind: str) -> Json:
    return {**harness.plain_message, "type": kind}


def _errors(harness: Harness, call: Call, config: Json) -> Iterator[str]:
    for aspect in get_args(Aspect):
        error = harness.provider.request_error(call, config, aspect)
        if error is not None:
            yield error


def _judge(harness: Harness, attempt: Attempt, config: Json, setting: Setting, what: str) -> Call | None:
    """Return the call of a message with a setting, which must follow the config; ``None`` if it was refused."""
    if isinstance(attempt.error, ConnectorError):
        return None
    shown = f"{setting.name} set to {_show_value(harness, setting, value_at(config, setting.path))}"
    expect(attempt.error is None, f"expected a message with {shown}{what} to be sent; {attempt.summary_with_text}")
    expect(attempt.calls, f"expected a message with {shown}{what} to reach the provider, found no call")
    call = attempt.calls[-1]
    for error in _errors(harness, call, config):
        raise CheckFailure(f"with {shown}{what}: {error}{_hint(harness, setting, config)}")
    return call


def _hint(harness: Harness, setting: Setting, config: Json) -> str:
    """Return what an author can do if the connector is right all the same."""
    if value_at(config, setting.path) in (False, 0):
        return "; if the provider reads a missing value in the same way, declare it as the default in the schema"
    if config != harness.config:
        return "; if the key requires another one, declare that in the schema (dependentRequired)"
    return ""


def _is_declared(harness: Harness, base: Call | None, call: Call, trial: _Trial, config: Json) -> bool:
    """Return whether the stub distinguishes requests with and without the setting."""
    with_setting = base is not None and any(_errors(harness, base, config))
    return with_setting or (trial.base is not None and any(_errors(harness, call, trial.base)))


def _rounds(harness: Harness, configs: Sequence[Json], message: Json, managed: Json = None) -> list[SentTwice | None]:
    """Send a message with each config, twice, in turns; ``None`` where it was refused."""
    found: list[list[Parts]] = [[] for _ in configs]
    for _ in range(2):
        for parts, config in zip(found, configs, strict=True):
            attempt = harness.send(message, config, managed=lambda: managed)
            if attempt.error is None and attempt.calls:
                parts.append(request_parts(attempt.calls))
    return [SentTwice.of(*it) if len(it) == 2 else None for it in found]  # noqa: PLR2004 - both rounds


_MANAGED: Final = {"subject": "{{code}}", "content": "{{code}}", "contentType": "text/plain"}


def _situations(harness: Harness) -> Iterator[tuple[Json, Json]]:
    """Yield messages and managed templates: a setting may apply to one usage type, to a locale, or to long texts."""
    for kind in ("Generic", *(it for it in KNOWN_TYPES if it != "Generic")):
        yield _message(harness, kind), None
    for payload in (
        {"code": "000000", "locale": "pt-BR"},
        {"code": "000000", "link": "https://example.com/verify?token=0"},
        {"code": "\u20ac\u4e2d\U0001f600"},
        {"code": "0" * 300},
    ):
        yield {**harness.plain_message, "payload": payload}, None
    if "i18n-templates" in harness.spec.capabilities:
        yield _message(harness, "Generic"), _MANAGED


def _shows_in_requests(harness: Harness, trial: _Trial) -> bool:
    """Return whether requests with and without a setting, or with two values of it, differ."""
    configs = [*trial.sent, *([trial.base] if trial.base is not None else [])]
    if len(configs) < 2:  # noqa: PLR2004 - two to compare
        return False
    for message, managed in _situations(harness):
        sent = [it for it in _rounds(harness, configs, message, managed) if it is not None]
        if any(one.differs_from(other) for index, one in enumerate(sent) for other in sent[:index]):
            return True
    return False


def _try_values(harness: Harness, trial: _Trial) -> bool:
    """Send a message with each value, and return whether the stub distinguishes the setting."""
    is_declared = False
    without = None if trial.base is None else harness.send(_message(harness, "Generic"), trial.base)
    base_call = without.calls[-1] if without is not None and without.error is None and without.calls else None
    for config in trial.configs:
        attempt = harness.send(_message(harness, "Generic"), config)
        call = _judge_value(harness, trial, attempt, config)
        if call is None:
            trial.error = trial.error or attempt.summary_with_text
            continue
        trial.sent.append(config)
        is_declared |= _is_declared(harness, base_call, call, trial, config)
    return is_declared


def _judge_value(harness: Harness, trial: _Trial, attempt: Attempt, config: Json, what: str = "") -> Call | None:
    """Judge a request; a value that is the schema's default may be left out."""
    is_sent = attempt.error is None and attempt.calls and trial.base is not None
    if is_sent and trial.is_default(config) and not any(_errors(harness, attempt.calls[-1], trial.base)):
        return attempt.calls[-1]
    return _judge(harness, attempt, config, trial.setting, what)


def _try_types_and_saved(harness: Harness, trial: _Trial) -> None:
    """Send a message of each usage type, unsaved and saved: a setting applies to all of them."""
    config = trial.first
    sent = [(f" in a message of type {kind}", harness.send(_message(harness, kind), config)) for kind in KNOWN_TYPES]
    sent.append((" in the saved config", harness.send(_message(harness, "Generic"), saved=config)))
    for what, attempt in sent:
        _judge_value(harness, trial, attempt, config, what)


@check("config.optional-settings", clause="C17", covers=("optional key",))
def optional_settings(harness: Harness) -> None:
    """Each optional key that the schema names has an effect on the request, alone and together with the others."""
    variants = _variants(harness)
    doubtful: list[str] = []
    together = alone = variants.minimal(_set_by_provider(harness))
    tried: list[Setting] = []
    for setting in _optional(harness, variants):
        if harness.search.time_is_up:
            break
        usable = _try_setting(harness, variants, setting, alone, doubtful)
        for value in usable[:1]:
            with_it = set_at(together, setting.path, value)
            together = with_it if harness.accepts(with_it) else together
        tried.append(setting)
        harness.coverage.add("optional key")
    _try_together(harness, together, tried)
    if doubtful:
        raise NotExercised("; ".join(doubtful))


def _try_setting(
    harness: Harness, variants: ConfigVariants, setting: Setting, alone: Json, doubtful: list[str]
) -> list[Json]:
    """Try one setting; add a doubt if nothing shows its effect. Return the values with which messages were sent."""
    harness.provider.reset()
    trials = [_trial(harness, variants, setting, base) for base in (harness.config, alone)]
    is_declared = [_try_values(harness, trial) for trial in trials]
    usable = [trial for trial in trials if trial.sent]
    if not usable:
        error = next(
            (trial.error for trial in trials if trial.error), "the suite found no value that the schema accepts"
        )
        doubtful.append(
            f"{setting.name}: no value could be tried ({error}); add one to valid_config, or to the schema as an example"
        )
        return []
    if any(is_declared):
        for trial in usable:
            _try_types_and_saved(harness, trial)
    elif setting.name not in harness.spec.local_settings and not any(
        _shows_in_requests(harness, trial) for trial in usable
    ):
        doubtful.append(
            f"{setting.name}: nothing shows that it has an effect: the provider declares none (settings, options_error), "
            f"and requests with and without it do not differ; if it changes no request, add it to local_settings of the "
            f"Spec with the reason"
        )
    else:
        _expect_saved_like_unsaved(harness, usable[0])
    return [value_at(config, setting.path) for config in usable[0].sent if not usable[0].is_default(config)]


def _expect_saved_like_unsaved(harness: Harness, trial: _Trial) -> None:
    """Expect a setting that shows in requests to show with the saved config too."""
    if trial.base is None:
        return
    message = _message(harness, "Generic")
    config = trial.first
    sent = _rounds(harness, [trial.base, config], message)
    if sent[0] is None or sent[1] is None:
        return
    expected = sent[1].own(sent[0])
    if expected:
        attempt = harness.send(message, saved=config)
        expect(
            attempt.error is None and expected & request_parts(attempt.calls),
            f"expected {trial.setting.name} in the saved config to have the effect that it has in an unsaved one; "
            f"{attempt.summary}",
        )


def _try_together(harness: Harness, config: Json, tried: list[Setting]) -> None:
    harness.provider.reset()
    for kind in KNOWN_TYPES:
        attempt = harness.send(_message(harness, kind), config)
        if isinstance(attempt.error, ConnectorError):
            return  # settings may exclude each other in ways that a schema does not state
        names = ", ".join(it.name for it in tried)
        expect(attempt.error is None, f"expected a message with {names} to be sent; {attempt.summary_with_text}")
        expect(attempt.calls, f"expected a message with {names} to reach the provider, found no call")
        for error in _errors(harness, attempt.calls[-1], config):
            raise CheckFailure(f"with the optional keys {names} together: {error}")


@check("config.choices", clause="C17", covers=("choice",))
def choices(harness: Harness) -> None:
    """Each of the values that the schema lists for a key gives a request of its own."""
    variants = _variants(harness)
    listed = [it for it in variants.settings if len(_distinct(it.choices)) > 1 and not it.is_deprecated]
    if not listed:
        raise NotApplicable("the config's schema declares no list of values for any key")
    doubtful: list[str] = []
    for setting in listed:
        if harness.search.time_is_up:
            break
        harness.provider.reset()
        same = _same_requests(harness, variants, setting)
        doubtful += [
            f"{setting.name}: {one!r} and {other!r} give the same request; if they mean the same, or change no request, "
            "add the key to local_settings of the Spec with the reason"
            for one, other in same[:1]
        ]
        harness.coverage.add("choice")
    if doubtful:
        raise NotExercised("; ".join(doubtful))


def _same_requests(harness: Harness, variants: ConfigVariants, setting: Setting) -> list[tuple[Json, Json]]:
    """Return the pairs of choices with which every message gives the same request."""
    if setting.name in harness.spec.local_settings:
        return []
    own = [it for it in _distinct(setting.choices)[:_CHOICES] if it not in setting.defaults]
    own = [it for it in own if str(it).lower() not in _SAME_AS_ANOTHER]
    made = [(it, variants.with_value(harness.config, setting, it)) for it in own]
    configs = [(it, config) for it, config in made if config is not None]
    for _, config in configs:
        attempt = harness.send(_message(harness, "Generic"), config)
        _judge(harness, attempt, config, setting, "")
    same = [(index, other) for index in range(len(configs)) for other in range(index + 1, len(configs))]
    for message, managed in _situations(harness):
        sent = _rounds(harness, [config for _, config in configs], message, managed)
        same = [(one, other) for one, other in same if _are_same(sent[one], sent[other])]
        if not same:
            break
    return [(configs[one][0], configs[other][0]) for one, other in same]


def _distinct(choices: Sequence[Json]) -> list[Json]:
    """Return the choices without those that differ from an earlier one in case only: ``login`` and ``LOGIN``."""
    lower = [it.casefold() if isinstance(it, str) else index for index, it in enumerate(choices)]
    return [it for index, it in enumerate(choices) if lower[index] not in lower[:index]]


def _are_same(one: SentTwice | None, other: SentTwice | None) -> bool:
    """Return whether two requests are the same; one that was refused proves nothing."""
    return one is not None and other is not None and not one.differs_from(other)
