"""Watches the connector's files and the config, and reloads what has changed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from watchfiles import DefaultFilter, awatch

from conformance.workbench.bench import Bench
from conformance.workbench.connector_process import ConnectorProcessError
from conformance.workbench.loaded_connector import ConnectorLoadError, source_folders

_QUIET_MILLISECONDS: Final = 50
"""Changes are reported when there was none for this time: an editor may write a file in several steps."""


@asynccontextmanager
async def watching(bench: Bench) -> AsyncIterator[None]:
    """Watch while the context lasts."""
    stop = asyncio.Event()
    task = asyncio.create_task(_watch(bench, stop))
    try:
        yield
    finally:
        stop.set()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _watch(bench: Bench, stop: asyncio.Event) -> None:
    folders: list[str] = []
    while not stop.is_set():
        with suppress(ConnectorLoadError, ConnectorProcessError):  # then the folders of the last success are watched
            folders = await bench.edits.call(source_folders)
        config = None if bench.config.file is None else bench.config.file.resolve()
        watched = {*folders, *([] if config is None else [str(config.parent)])}
        async for changes in awatch(
            *_existing(watched),
            watch_filter=DefaultFilter(),
            step=_QUIET_MILLISECONDS,
            stop_event=stop,
            recursive=False,
        ):
            paths = {Path(path) for _, path in changes}
            if config in paths:
                bench.events.send("config-changed")
            if any(str(it.parent) in folders and it != config for it in paths) or not folders:
                bench.reload()
                break  # the connector may have imported other modules


def _existing(folders: set[str]) -> list[str]:
    """Return the folders that exist; before the first success, the current one, where a correction may be made."""
    return [it for it in sorted(folders) if Path(it).is_dir()] or [str(Path.cwd())]
