"""Running a host under uvicorn, in one process or in several."""

import math
import os
import signal
import socket
from tempfile import TemporaryDirectory

import uvicorn
from attrs import field, frozen
from starlette.types import ASGIApp
from uvicorn.supervisors import Multiprocess

from connector_kit.host.application import create_app
from connector_kit.host.configuration import HostFile
from connector_kit.host.logs import log_event, set_up_logging
from connector_kit.host.metrics import MULTIPROCESS_FOLDER
from connector_kit.host.protocol import LAST_CALL_SECONDS, HostConfig
from connector_kit.host.settings import HostSettings

_BACKLOG = 2048


@frozen
class AppFactory:
    """Makes the application in a worker process.

    Args:
        settings: what came from the command line, already checked.
    """

    settings: HostSettings = field(repr=False)

    def __call__(self) -> ASGIApp:
        """Set the worker's log up and make its application."""
        set_up_logging(self.settings.log_format)
        return create_app(self.settings)


def run(host: HostFile) -> None:
    """Serve until a signal says to stop, and finish what is in flight then.

    Raises:
        OSError: the address cannot be listened on.
    """
    settings, listening = host.settings, host.listening
    set_up_logging(settings.log_format)
    listener = listen(listening.host, listening.port)
    name = f"[{listening.host}]" if ":" in listening.host else listening.host
    for warning in host.warnings:
        log_event("warning", source=warning.source, path=warning.path, message=warning.message)
    log_event(
        "serving",
        url=f"http://{name}:{listener.getsockname()[1]}",
        connectors=[it.id for it in settings.connectors],
        email=settings.email,
        sms=settings.sms,
        workers=listening.workers,
        token=bool(settings.tokens),
    )
    more = {
        "backlog": _BACKLOG,
        "timeout_graceful_shutdown": math.ceil(settings.deadline_seconds + LAST_CALL_SECONDS),
    }
    if listening.workers > 1:
        with _shared_metrics(enabled=settings.metrics):
            config = HostConfig(
                AppFactory(settings), settings.body_seconds, factory=True, workers=listening.workers, **more
            )
            Multiprocess(config, sockets=[listener]).run()
    else:
        # uvicorn raises the signal once more when it has finished; being asked to stop is no failure.
        for stop in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop, lambda *_: None)
        config = HostConfig(create_app(settings), settings.body_seconds, **more)
        uvicorn.Server(config).run(sockets=[listener])
    log_event("stopped")


def listen(host: str, port: int) -> socket.socket:
    """Listen on an address.

    Raises:
        OSError: that is not possible.
    """
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return socket.create_server(address[:2], family=family, backlog=_BACKLOG)


class _shared_metrics:  # noqa: N801 - reads as a statement
    """A folder where the workers share their numbers, for as long as they run."""

    def __init__(self, *, enabled: bool) -> None:
        self._folder = TemporaryDirectory(prefix="connector-kit-metrics-") if enabled else None

    def __enter__(self) -> None:
        if self._folder is not None:
            os.environ[MULTIPROCESS_FOLDER] = self._folder.name

    def __exit__(self, *_: object) -> None:
        if self._folder is not None:
            del os.environ[MULTIPROCESS_FOLDER]
            self._folder.cleanup()
