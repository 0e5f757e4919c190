"""Amazon SES v2, twice with one behaviour: in the process, and as a server on the loopback interface."""

from conformance.providers.aws_ses.in_process import AwsSesProvider
from conformance.providers.aws_ses.server import AwsSesServer

__all__ = ["AwsSesProvider", "AwsSesServer"]
