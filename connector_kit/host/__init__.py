"""Serves connectors to Logto over HTTP: an ASGI application, and how it runs. Extra: ``serve``.

`create_app` makes the application from `HostSettings`; ``connector-kit serve`` runs it under uvicorn, and
`connector_kit.host.aws_lambda` on AWS Lambda.
"""

from connector_kit.host.application import app_from_environment, create_app
from connector_kit.host.configuration import load_settings, read_host_file
from connector_kit.host.reading import HostConfigError
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
