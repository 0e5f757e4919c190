"""SES as an HTTP server on the loopback interface, for clients that botocore's events do not reach."""

from collections.abc import Mapping
from typing import Any, ClassVar

from conformance.http_exchange import Answer, HttpRequest
from conformance.loopback_server import LoopbackProvider
from conformance.provider import Aspect, Call, ConfigCase, Outcome
from conformance.providers.aws_ses.answers import answer_for, answers_without, new_message_id
from conformance.providers.aws_ses.configs import CONFIG_CASES
from conformance.providers.aws_ses.request import read_call, request_fault


class AwsSesServer(LoopbackProvider):
    """Stands in for SES for every client that goes by ``AWS_ENDPOINT_URL_SESV2``, in whatever process and language.

    It knows the outcomes of `AwsSesProvider` but for ``time-out``, which only a stub inside the client can do at
    once: ``hangs`` is the same with a wait. A request that is refused a connection never gets here, so that
    ``connection-refused`` leaves no call.
    """

    outcomes: ClassVar[tuple[Outcome, ...]] = tuple(answer.outcome for answer in answers_without("late"))
    config_cases: ClassVar[tuple[ConfigCase, ...]] = CONFIG_CASES

    @property
    def environment(self) -> Mapping[str, str]:
        """Leads the clients of AWS here."""
        return {**super().environment, "AWS_ENDPOINT_URL_SESV2": self.url}

    def handle(self, request: HttpRequest) -> Answer | None:
        """Record and answer a request."""
        outcome, message_id = self.current, new_message_id()
        answer = answer_for(outcome).to(request, message_id)
        self.calls.append(read_call(request, outcome, answer, message_id))
        if isinstance(answer, Answer):
            return answer
        self.hang()
        return None

    def fault(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Judge a ``SendEmail`` request against the config it was made for; its address tells no region here."""
        return request_fault(call, config, aspect, at_aws=False)
