"""SES as an HTTP server on the loopback interface, for clients that do not use botocore, or run in another process."""

from collections.abc import Mapping
from typing import Any, ClassVar

from conformance.providers.aws_ses.configs import CONFIG_CASES
from conformance.providers.aws_ses.request import read_call, request_error
from conformance.providers.aws_ses.responses import new_message_id, response_for, responses_without
from conformance.providers.base import Aspect, Call, ConfigCase, Outcome
from conformance.providers.http_messages import HttpRequest, HttpResponse
from conformance.providers.loopback import LoopbackProvider


class AwsSesServer(LoopbackProvider):
    """Replaces SES for every client that respects ``AWS_ENDPOINT_URL_SESV2``, in any process and language.

    It has the outcomes of `AwsSesProvider` except ``time-out``: only a stub inside the client can produce a timeout at
    once. ``hangs`` is the same with a wait. ``connection-refused`` records no call, because the request never arrives.
    """

    outcomes: ClassVar[tuple[Outcome, ...]] = tuple(response.outcome for response in responses_without("timed-out"))
    config_cases: ClassVar[tuple[ConfigCase, ...]] = CONFIG_CASES

    @property
    def environment(self) -> Mapping[str, str]:
        """Direct AWS clients to this server."""
        return {**super().environment, "AWS_ENDPOINT_URL_SESV2": self.url}

    def handle(self, request: HttpRequest) -> HttpResponse | None:
        """Record a request and respond to it."""
        outcome, message_id = self.current, new_message_id()
        response = response_for(outcome).to(request, message_id)
        self.calls.append(read_call(request, outcome, response, message_id))
        if isinstance(response, HttpResponse):
            return response
        self.hang()
        return None

    def request_error(self, call: Call, config: Mapping[str, Any], aspect: Aspect) -> str | None:
        """Compare a ``SendEmail`` request with the config it was made for; the loopback address contains no region."""
        return request_error(call, config, aspect, at_aws=False)
