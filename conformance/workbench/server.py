"""Serves the workbench on the loopback interface until Ctrl-C."""

import signal
import socket
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Final

import uvicorn

from conformance.workbench.access import new_token
from conformance.workbench.application import make_application
from conformance.workbench.bench import Bench

HOST: Final = "127.0.0.1"


def serve(target: str, config_file: Path | None, port: int, *, announce: Callable[[str], object]) -> None:
    """Serve the workbench of one connector until a signal stops it.

    Args:
        target: the connector.
        config_file: the config to edit.
        port: to listen on; 0 picks a free one.
        announce: called with the URL to open, once the server listens.

    Raises:
        OSError: it cannot listen on the port.
    """
    with socket.create_server((HOST, port)) as listener:
        own_port, token = listener.getsockname()[1], new_token()
        hosts = frozenset(f"{name}:{own_port}" for name in (HOST, "localhost"))
        bench = Bench(target, config_file)
        announce(f"Workbench of {target}: http://{HOST}:{own_port}/#token={token}")
        announce("Open this URL in a browser. Press Ctrl-C to stop.")
        # uvicorn raises the signal again after its shutdown. Ignore it: the exit status must be 0.
        for stop in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop, lambda *_: None)
        config = uvicorn.Config(
            make_application(bench, hosts=hosts, token=token),
            http="h11",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        _Server(config, bench).run(sockets=[listener])


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, bench: Bench) -> None:
        super().__init__(config)
        self._bench = bench

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End the streams of events and the connector's processes, for which uvicorn would wait."""
        self._bench.events.close()
        self._bench.stop()
        super().handle_exit(sig, frame)
