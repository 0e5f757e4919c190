"""The host on AWS Lambda, behind a function URL, API Gateway or a load balancer. Extra: ``lambda``.

The function's handler is ``connector_kit.host.aws_lambda.handler``. Its environment variable ``CONNECTOR_KIT_HOSTS``
has the path of the host.toml in the deployment package. An instance of a function handles one request at a time, so the
number of slots does not matter.
"""

from functools import cache
from typing import Any

from mangum import Mangum

from connector_kit.host.reloading import app_from_environment


@cache
def _adapter() -> Mangum:
    return Mangum(app_from_environment(), lifespan="off")


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Handle one Lambda event.

    Raises:
        HostConfigError: the host cannot start. It is raised for the first event, and Lambda logs it.
    """
    return _adapter()(event, context)
