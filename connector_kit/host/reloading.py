"""Reloading: tokens, configs and connectors are read again without a restart, when a file changes or on SIGHUP."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread
from typing import Final

from starlette.types import Receive, Scope, Send

from connector_kit.host.application import make_app
from connector_kit.host.connector_calls import ConnectorCalls
from connector_kit.host.host_file import FileState, HostConfigError, HostFile, HostFileIssue, host_from_environment
from connector_kit.host.logs import log_event, set_up_logging

WATCH_SECONDS: Final = 1.0
"""How often the files are looked at. A change is read when it has not changed again until the next look."""


def log_issues(event: str, issues: Iterable[HostFileIssue]) -> None:
    """Log each issue in a line of its own."""
    for it in issues:
        log_event(event, logging.WARNING, source=it.source, path=it.issue.path, message=it.issue.message)


def app_from_environment() -> "ReloadingApp":
    """Create the application from the file that ``CONNECTOR_KIT_HOSTS`` names: a factory for any ASGI server.

    It reads the file and those that it names again when they change, if the server supports ASGI's lifespan.

    Raises:
        HostConfigError: the file, or something it refers to, is not usable.
    """
    host = host_from_environment()
    set_up_logging(host.settings.log_format)
    return ReloadingApp(host)


class ReloadingApp:
    """The ASGI application of a host. It is made again when its files change; requests in progress end in the old one.

    After an error in a file, the application stays as it is.

    Args:
        host: the settings, and where they come from.
    """

    def __init__(self, host: HostFile) -> None:
        self._host = host
        self._files = host.files
        self._calls = ConnectorCalls(host.settings.slots)
        self._app = make_app(host.settings, self._calls)
        self._wanted = Event()
        self._stopped = False
        if self._current_files() != self._files:
            self.reload()  # a worker may start a long time after its parent has read the files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on to the current application. Between startup and shutdown, watch the files."""
        if scope["type"] != "lifespan":
            await self._app(scope, receive, send)
            return
        with self._watching():
            await self._app(scope, receive, send)

    def request_reload(self) -> None:
        """Let the watching thread read the files now. A signal handler may call this."""
        self._wanted.set()

    def reload(self) -> None:
        """Read all files, and make the application again from them, unless they have an error, which is logged."""
        try:
            host = self._host.reload()
        except HostConfigError as error:
            self._files = error.files
            log_issues("reload_failed", error.issues)
            return
        self._files = host.files
        self._app = make_app(host.settings, self._calls)
        log_issues("warning", host.warnings)
        log_event("reloaded", connectors=[it.id for it in host.settings.connectors], tokens=len(host.settings.tokens))

    def _current_files(self) -> Mapping[str, FileState]:
        return {path: FileState.of(path) for path in self._files}

    @contextmanager
    def _watching(self) -> Iterator[None]:
        self._stopped = False
        watcher = Thread(target=self._watch, name="reload", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            self._stopped = True
            self._wanted.set()

    def _watch(self) -> None:
        before = self._files
        while True:
            is_wanted = self._wanted.wait(WATCH_SECONDS)
            if self._stopped:
                return
            if is_wanted:  # else a request that arrives only now would be lost
                self._wanted.clear()
            files = self._current_files()
            # A file that changed since the last look may not be complete yet.
            if is_wanted or (files != self._files and files == before):
                self.reload()
            before = files
