"""Serves connectors to Logto over HTTP, as an ASGI application. Extra: ``serve``.

`create_app` makes the application from `HostSettings`; ``connector-kit serve`` runs it with uvicorn, and
`connector_kit.host.aws_lambda` on AWS Lambda.
"""

from connector_kit.host.application import create_app
from connector_kit.host.host_file import HostConfigError, load_settings, read_host_file
from connector_kit.host.reloading import app_from_environment
from connector_kit.host.settings import HostedSettings, HostSettings

__all__ = [
    "HostConfigError",
    "HostSettings",
    "HostedSettings",
    "app_from_environment",
    "create_app",
    "load_settings",
    "read_host_file",
]
