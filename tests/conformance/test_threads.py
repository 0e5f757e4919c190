"""The threads of the suite start one after the other."""

import subprocess
import sys
import threading

from conformance.providers import threads
from conformance.providers.threads import SuiteThread

_TRACED = """
import sys, threading, time
from conformance.providers.threads import SuiteThread

sys.addaudithook(lambda event, _: time.sleep(0.02) if event == "sys.settrace" else None)
threading.settrace(lambda *_: None)
ran = []
started = [SuiteThread(ran.append, (number,)) for number in range(8)]
for thread in started:
    thread.start()
for thread in started:
    thread.join()
print(sorted(ran))
"""


def test_threads_start_under_a_trace_function() -> None:
    """In Python 3.11, each needs the trace function to be installed before the next one starts."""
    done = subprocess.run([sys.executable, "-c", _TRACED], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stderr, done.stdout.strip()) == ("", "[0, 1, 2, 3, 4, 5, 6, 7]")


def test_thread_starts_although_the_one_before_it_never_runs() -> None:
    """The thread that was to run may be one of the parent of a forked process."""
    ran = threading.Event()
    with threads._starting:
        SuiteThread(ran.set).start()
    assert ran.wait(10)
