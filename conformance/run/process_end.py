"""Ends the process when its work is done: a thread that a connector left behind may not keep it from ending."""

import faulthandler
import os
import sys
import threading
import time
from functools import cache
from typing import Final

from conformance.providers.threads import SuiteThread

_SECONDS: Final = 5.0


@cache
def end_with_the_main_thread() -> None:
    """End this process a few seconds after its main thread at the latest, with the exit status 1."""
    SuiteThread(_end, name="conformance-end").start()


def _end() -> None:  # pragma: no cover - it runs while the process ends, when coverage has been saved
    threading.main_thread().join()
    # This one does not need the interpreter, which may wait for a destructor by then.
    faulthandler.dump_traceback_later(2 * _SECONDS, exit=True, file=sys.__stderr__ or sys.stderr)
    time.sleep(_SECONDS)
    names = ", ".join(sorted(it.name for it in threading.enumerate() if not it.daemon and it.is_alive()))
    sys.stderr.write(f"A connector keeps this process from ending (threads: {names or 'none'}); it ends now.\n")
    sys.stderr.flush()
    os._exit(1)
