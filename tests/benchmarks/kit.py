"""Validation, rendering and routing, compared with the official kit."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Any, Final

from connector_kit import get_config_template_by_type, replace_send_message_handlebars
from connector_kit.connectors.aws_ses import aws_ses_config_guard
from tests.benchmarks.cases import MESSAGE, config, text
from tests.benchmarks.official import NAME as OFFICIAL
from tests.benchmarks.official import Official, running_official
from tests.benchmarks.runner import MICROSECONDS, Benchmark, Comparison, Contender, Figures, each, timed

_OURS: Final = "ours"
_NEW: Final = "a new config"
_UNCHANGED: Final = "an unchanged config"
_OFTEN: Final = 20_000
"""How often a round repeats what takes microseconds; Node measures processor time in steps of about a millisecond."""


def _in_node(official: Official, operation: str, case: Mapping[str, Any]) -> Figures:
    return {MICROSECONDS: official.timed(operation, case)[1] / case["count"] * 1e6}


@contextmanager
def validating(is_quick: bool) -> Iterator[Sequence[Contender]]:  # noqa: FBT001 - a field of `Benchmark`
    """Start the official kit."""
    often = _OFTEN // 20 if is_quick else _OFTEN
    rarely = often // 40
    saved, keys = config(), count()

    def validate_new() -> Figures:
        configs = [config(key=f"key{next(keys)}") for _ in range(rarely)]
        cpu_seconds = timed(lambda: [aws_ses_config_guard.validate(it) for it in configs])[1]
        return {MICROSECONDS: cpu_seconds / rarely * 1e6}

    with running_official() as official:
        work = {"config": saved, "count": often}
        yield [
            Contender(_NEW, _OURS, validate_new),
            Contender(_NEW, OFFICIAL, lambda: _in_node(official, "validate", {**work, "isNew": True})),
            Contender(_UNCHANGED, _OURS, each(lambda: aws_ses_config_guard.validate(saved), often)),
            Contender(_UNCHANGED, OFFICIAL, lambda: _in_node(official, "validate", {**work, "isNew": False})),
        ]


@contextmanager
def rendering(is_quick: bool) -> Iterator[Sequence[Contender]]:  # noqa: FBT001 - a field of `Benchmark`
    """Start the official kit."""
    often = _OFTEN // 20 if is_quick else _OFTEN
    payload = MESSAGE["payload"]
    with running_official() as official:

        def both(case: str, template: str) -> list[Contender]:
            work = {"template": template, "payload": payload, "count": often}
            return [
                Contender(case, _OURS, each(lambda: replace_send_message_handlebars(template, payload), often)),
                Contender(case, OFFICIAL, lambda: _in_node(official, "render", work)),
            ]

        yield [
            *both("a short text", "Your code is {{code}}."),
            *both("4 kB with 2 placeholders", text(4000)),
            *both("4 kB with 40 placeholders", ("<p>Hello, your code is {{code}}.</p>" + " " * 64) * 40),
        ]


@contextmanager
def routing(is_quick: bool) -> Iterator[Sequence[Contender]]:  # noqa: FBT001 - a field of `Benchmark`
    """Start the official kit."""
    often = _OFTEN // 20 if is_quick else _OFTEN
    with running_official() as official:

        def both(case: str, usage_type: str, templates: int) -> list[Contender]:
            saved = config(templates=templates)
            validated = aws_ses_config_guard.validate(saved)
            work = {"type": usage_type, "config": saved, "count": often * 50}
            return [
                Contender(case, _OURS, each(lambda: get_config_template_by_type(usage_type, validated), often)),
                Contender(case, OFFICIAL, lambda: _in_node(official, "route", work)),
            ]

        yield [
            *both("the second of 5 templates", "SignIn", 5),
            *both("Generic of 5 templates", "MfaVerification", 5),
            *both("the last of 40 templates", "Custom35", 40),
        ]


VALIDATION: Final = Benchmark(
    "validation",
    "Validation",
    "A config of the Amazon SES connector with five templates: each time another one that was never seen before, or the "
    "same one again. *ours* is `aws_ses_config_guard.validate`, which also returns the config as its class; the official "
    "connector is `validateConfig` with its guard.",
    validating,
    (
        Comparison(MICROSECONDS, _OURS, OFFICIAL, most=5, within=_NEW),
        Comparison(MICROSECONDS, _OURS, OFFICIAL, most=0.5, within=_UNCHANGED),
    ),
    (MICROSECONDS,),
)

RENDERING: Final = Benchmark(
    "rendering",
    "Rendering",
    "`replace_send_message_handlebars`, and `replaceSendMessageHandlebars` of `@logto/connector-kit`, with the same "
    "templates and the same payload.",
    rendering,
    (Comparison(MICROSECONDS, _OURS, OFFICIAL, most=0.6),),
    (MICROSECONDS,),
)

ROUTING: Final = Benchmark(
    "routing",
    "Routing",
    "`get_config_template_by_type`, and `getConfigTemplateByType` of `@logto/connector-kit`.",
    routing,
    (Comparison(MICROSECONDS, _OURS, OFFICIAL),),
    (MICROSECONDS,),
)
