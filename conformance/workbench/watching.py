"""Watches the connector's files and the config, and reloads what has changed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from watchfiles import awatch

from conformance.workbench.bench import Bench
from conformance.workbench.connector_process import ConnectorProcessError
from conformance.workbench.loaded_connector import ConnectorLoadError, source_folders

_QUIET_MILLISECONDS: Final = 50
"""Changes are reported when there was none for this time: an editor may write a file in several steps."""


@asynccontextmanager
async def watching(bench: Bench) -> AsyncIterator[None]:
    """Watch while the context lasts; then end the connector's processes."""
    task = asyncio.create_task(_watch(bench))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        bench.stop()


async def _watch(bench: Bench) -> None:
    sources: list[str] = []
    config = None if bench.config.file is None else bench.config.file.resolve()
    while True:
        with suppress(ConnectorLoadError, ConnectorProcessError):  # then the folders of the last success are watched
            sources = await bench.edits.call(source_folders)
        folders = watched_folders(sources, config)
        changes_in = awatch(*folders, step=_QUIET_MILLISECONDS, recursive=False)
        async for changes in changes_in:  # pragma: no branch - it has no end
            changed = {Path(path) for _, path in changes}
            if config in changed:
                bench.events.send("config-changed")
            if any(not sources or str(it.parent) in sources for it in changed - {config}):
                bench.reload()
                break  # the connector may have imported other modules


def watched_folders(sources: list[str], config: Path | None) -> list[str]:
    """Return the folders to watch that exist: those of the connector's modules and that of the config.

    Args:
        sources: the folders of the modules; empty before the connector was imported. Then the current folder counts, in
            which an author may correct it.
        config: the file of the config.
    """
    folders = {*(sources or [str(Path.cwd())]), *([] if config is None else [str(config.parent)])}
    return sorted(it for it in folders if Path(it).is_dir())
