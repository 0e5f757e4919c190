"""Stubs of Amazon SES v2 with the same behaviour: one in the process, one as a server on the loopback interface."""

from conformance.providers.aws_ses.in_process import AwsSesProvider, aws_response, read_request
from conformance.providers.aws_ses.server import AwsSesServer

__all__ = ["AwsSesProvider", "AwsSesServer", "aws_response", "read_request"]
