"""The host on AWS Lambda, behind a function URL, API Gateway or a load balancer. Extra: ``lambda``.

The function's handler is ``connector_kit.host.aws_lambda.handler``; its variable ``CONNECTOR_KIT_HOSTS`` names the
host's file in the package. Lambda gives an environment one request at a time, so slots do not matter there.
"""

from functools import cache
from typing import Any

from mangum import Mangum

from connector_kit.host.application import app_from_environment


@cache
def _adapter() -> Mangum:
    return Mangum(app_from_environment(), lifespan="off")


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ANN401 - Lambda's own
    """Answer one event of Lambda.

    Raises:
        HostConfigError: the host cannot start, at the first event; Lambda's log has the reason.
    """
    return _adapter()(event, context)
