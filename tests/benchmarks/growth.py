"""Growth: how the processor time of each step depends on the number of templates, and on the length of a text."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from typing import Final

from connector_kit import SendMessageData, get_config_template_by_type, replace_send_message_handlebars
from connector_kit.connectors.aws_ses import AwsSesConnector, aws_ses_config_guard
from tests.benchmarks.cases import MESSAGE, config, dense_text
from tests.benchmarks.environment import environment
from tests.benchmarks.runner import MICROSECONDS, Benchmark, Contender, each
from tests.benchmarks.send import RecordingClient
from tests.benchmarks.ses_server import running_server

TEMPLATES: Final = (4, 40, 400, 4000)
BYTES: Final = (1_000, 16_000, 256_000, 4_000_000)
_STEEPEST: Final = 1.1


def _step(case: str, size: int, action: Callable[[], object], times: int) -> Contender:
    return Contender(case, "ours", each(action, max(1, times)), size)


def _message(usage_type: str) -> SendMessageData:
    return SendMessageData.from_json({**MESSAGE, "type": usage_type})


@contextmanager
def by_templates(is_quick: bool) -> Iterator[Sequence[Contender]]:  # noqa: FBT001 - a field of `Benchmark`
    """Start the server."""
    often = 1_000 if is_quick else 10_000
    with running_server() as server, environment(AWS_ENDPOINT_URL_SESV2=server.url):
        keys = count()

        def steps(templates: int) -> list[Contender]:
            saved, usage_type = config(templates=templates), "NoSuchType"  # Generic is found after all others
            validated = aws_ses_config_guard.validate(saved)
            connector, message = AwsSesConnector(get_config=lambda _: saved), _message(usage_type)
            return [
                _step(
                    "validating a new config",
                    templates,
                    lambda: aws_ses_config_guard.validate({**saved, "accessKeyId": f"key{next(keys)}"}),
                    often // 10 // templates,
                ),
                _step(
                    "validating an unchanged config",
                    templates,
                    lambda: aws_ses_config_guard.validate(saved),
                    often // templates,
                ),
                _step(
                    "routing",
                    templates,
                    lambda: get_config_template_by_type(usage_type, validated),
                    often * 10 // templates,
                ),
                _step("a whole send", templates, lambda: connector.send_message(message), often // 10 // templates),
            ]

        yield [it for templates in TEMPLATES for it in steps(templates)]


@contextmanager
def by_bytes(is_quick: bool) -> Iterator[Sequence[Contender]]:  # noqa: FBT001 - a field of `Benchmark`
    """Start the server."""
    amount = BYTES[-1] if is_quick else BYTES[-1] * 4
    with running_server() as server, environment(AWS_ENDPOINT_URL_SESV2=server.url):

        def steps(size: int) -> list[Contender]:
            template, times = dense_text(size), min(5_000, amount // size)
            saved = config(content=template)
            validated = aws_ses_config_guard.validate(saved)
            connector = AwsSesConnector(get_config=lambda _: saved)
            building = AwsSesConnector(client_factory=lambda _: RecordingClient(), get_config=lambda _: saved)
            email = building.compose(validated, _message("SignIn"))
            return [
                _step(
                    "rendering",
                    size,
                    lambda: replace_send_message_handlebars(template, MESSAGE["payload"]),
                    times,
                ),
                _step("building the request", size, lambda: building.deliver(validated, email), times),
                _step("a whole send", size, lambda: connector.send_message(MESSAGE), times // 5),
            ]

        yield [it for size in BYTES for it in steps(size)]


GROWTH_BY_TEMPLATES: Final = Benchmark(
    "growth-templates",
    "Growth with the number of templates",
    "A config with 4 to 4,000 templates, and a message for which only Generic is left. The exponent is the slope of the "
    "straight line with the least squares through the logarithms of all medians: 1 means that ten times the templates take ten "
    "times as long. Constant costs lower it, so that the exponent of the last step is given, too.",
    by_templates,
    charts=(MICROSECONDS,),
    steepest=_STEEPEST,
)

GROWTH_BY_BYTES: Final = Benchmark(
    "growth-texts",
    "Growth with the length of a text",
    "A template of 1 kB to 4 MB of UTF-8 with a placeholder every 100 characters. Its characters have two bytes, because one "
    "text may have 2,097,152 characters ([R13](../contract.md#r13-a-rendered-text-has-at-most-2097152-characters)). "
    "*Building the request* is `AwsSesConnector.deliver` with a client that sends nothing.",
    by_bytes,
    charts=(MICROSECONDS,),
    steepest=_STEEPEST,
)
