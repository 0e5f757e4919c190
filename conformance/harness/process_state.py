"""The state that all code of a process shares, and what a connector changes of it."""

import decimal
import email.charset
import gc
import http.client
import json
import locale
import logging
import mimetypes
import os
import random
import signal
import socket
import ssl
import sys
import tempfile
import threading
import time
import urllib.request
import uuid
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import urllib3.util.connection

_CATEGORIES: Final = {
    name: getattr(locale, name)
    for name in ("LC_COLLATE", "LC_MONETARY", "LC_NUMERIC", "LC_TIME")
    if hasattr(locale, name)
}
_SIGNALS: Final = tuple(
    getattr(signal, name)
    for name in ("SIGALRM", "SIGCHLD", "SIGHUP", "SIGINT", "SIGPIPE", "SIGTERM")
    if hasattr(signal, name)
)

_FUNCTIONS: Final[tuple[tuple[Any, str], ...]] = (
    (socket, "getaddrinfo"),
    (socket, "create_connection"),
    (socket, "gethostbyname"),
    (ssl, "create_default_context"),
    (json, "dumps"),
    (json, "loads"),
    (json.JSONEncoder, "default"),
    (time, "time"),
    (time, "sleep"),
    (time, "monotonic"),
    (uuid, "uuid4"),
    (sys, "excepthook"),
    (threading, "excepthook"),
    (warnings, "showwarning"),
    (warnings, "formatwarning"),
    (urllib.request, "getproxies"),
    (urllib3.util.connection, "allowed_gai_family"),
    (urllib3.util.connection, "create_connection"),
)
"""What programs replace to change the behaviour of a library for the whole process, such as to use IPv4 only."""

_VALUES: Final[tuple[tuple[Any, str], ...]] = (
    (logging, "raiseExceptions"),
    (logging, "lastResort"),
    (socket, "has_ipv6"),
    (urllib3.util.connection, "HAS_IPV6"),
)
_UTF_8: Final = "utf-8"


def _umask() -> int:
    """Return the mask for the permissions of new files, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def process_state(own_logger: Callable[[str], bool]) -> dict[str, object]:
    """Return the state of the process, by what it is.

    Args:
        own_logger: whether a logger belongs to the connector, which may do with it what it likes.
    """
    root = logging.getLogger()
    return {
        "the environment": dict(os.environ),
        "the working directory": Path.cwd(),
        "the default timeout of sockets": socket.getdefaulttimeout(),
        "the root logger": (root.level, tuple(root.handlers), tuple(root.filters), root.disabled, root.manager.disable),
        "other loggers": {name: _logger_state(it) for name, it in _loggers() if not own_logger(name)},
        "the recursion limit": sys.getrecursionlimit(),
        "the locale": {name: locale.setlocale(category) for name, category in _CATEGORIES.items()},
        "the filters of warnings": list(warnings.filters),
        "the function that shows warnings": warnings.showwarning,
        "the default TLS context": ssl._create_default_https_context,  # noqa: SLF001 - what code replaces to turn off the verification
        "the TLS context class": ssl.SSLContext,
        "the socket class": (socket.socket, socket.create_connection, socket.getaddrinfo),
        "the debug level of http.client": http.client.HTTPConnection.debuglevel,
        "sys.excepthook": sys.excepthook,
        "threading.excepthook": threading.excepthook,
        "sys.path": list(sys.path),
        "the standard streams": (sys.stdin, sys.stdout, sys.stderr),
        "the garbage collector": (gc.isenabled(), gc.get_threshold(), gc.get_debug()),
        "the handlers of signals": [signal.getsignal(it) for it in _SIGNALS],
        "the context of decimal numbers": (decimal.getcontext().prec, decimal.getcontext().rounding),
        "the time zone": time.tzname,
        "the media types of mimetypes": dict(mimetypes.types_map),
        "the clock": (time.time, time.sleep, time.monotonic),
        "the umask": _umask(),
        "the interval of thread switches": sys.getswitchinterval(),
        "the limit of digits of integers": sys.get_int_max_str_digits(),
        "the charsets of email": dict(email.charset.CHARSETS),
        "the factory of log records": logging.getLogRecordFactory(),
        "the class of loggers": logging.getLoggerClass(),
        "the opener of urllib.request": getattr(urllib.request, "_opener", None),
        **{f"{owner.__name__}.{name}": getattr(owner, name) for owner, name in (*_FUNCTIONS, *_VALUES)},
    }


def _loggers() -> Iterator[tuple[str, logging.Logger]]:
    found = dict(logging.root.manager.loggerDict)
    return ((name, it) for name, it in found.items() if isinstance(it, logging.Logger))


def _logger_state(logger: logging.Logger) -> tuple[object, ...]:
    return logger.level, tuple(logger.handlers), tuple(logger.filters), logger.disabled, logger.propagate


def changes_of(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """Return what of the state has changed; a logger that is new has changed nothing."""
    changed = [what for what, state in before.items() if what != "other loggers" and after[what] != state]
    loggers: Any = before["other loggers"]
    found: Any = after["other loggers"]
    names = [name for name, state in loggers.items() if found.get(name, state) != state]
    return sorted([*changed, *([f"other loggers ({', '.join(sorted(names))})"] if names else [])])


@contextmanager
def unusual_state(environment: Mapping[str, str], own_logger: Callable[[str], bool]) -> Iterator[None]:
    """Set what a connector may set each time to unusual values, so that a change shows, even if an earlier one made it.

    Args:
        environment: the variables of the process meanwhile.
        own_logger: whether a logger belongs to the connector.
    """
    with ExitStack() as stack:
        stack.enter_context(_environment(environment))
        stack.enter_context(warnings.catch_warnings())
        warnings.resetwarnings()
        _set(stack, socket.setdefaulttimeout, socket.getdefaulttimeout(), None)
        _set(stack, sys.setrecursionlimit, sys.getrecursionlimit(), sys.getrecursionlimit() + 1)
        default_context = ssl._create_default_https_context  # noqa: SLF001 - see process_state
        _set(stack, _set_default_context, default_context, ssl.create_default_context)
        for category in _CATEGORIES.values():
            _set(stack, partial(locale.setlocale, category), locale.setlocale(category), "C")
        _set(stack, os.chdir, Path.cwd(), tempfile.gettempdir())
        _set(stack, os.umask, _umask(), _umask() ^ 0o010)
        _set(stack, sys.setswitchinterval, sys.getswitchinterval(), sys.getswitchinterval() * 1.5)
        _set(stack, sys.set_int_max_str_digits, sys.get_int_max_str_digits(), 5_000)
        _set(stack, logging.disable, logging.root.manager.disable, 1)  # below every level
        _set(stack, logging.root.setLevel, logging.root.level, logging.WARNING + 1)
        _set(stack, logging.setLogRecordFactory, logging.getLogRecordFactory(), _passing(logging.getLogRecordFactory()))
        _set(stack, urllib.request.install_opener, getattr(urllib.request, "_opener", None), _new_opener())
        _set(stack, _switch_garbage_collector, gc.isenabled(), True)  # noqa: FBT003 - a value
        utf_8 = email.charset.CHARSETS[_UTF_8]
        _set(
            stack,
            partial(email.charset.CHARSETS.__setitem__, _UTF_8),
            utf_8,
            (email.charset.BASE64, email.charset.BASE64, _UTF_8),
        )
        for owner, name in _FUNCTIONS:
            _set(stack, partial(setattr, owner, name), getattr(owner, name), _passing(getattr(owner, name)))
        for owner, name in _VALUES[2:]:
            _set(stack, partial(setattr, owner, name), getattr(owner, name), True)  # noqa: FBT003 - a value
        for name, logger in _loggers():
            if not own_logger(name):
                _set(stack, logger.setLevel, logger.level, logging.NOTSET)
        yield


def _set(stack: ExitStack, change: Callable[[Any], object], before: Any, value: Any) -> None:
    stack.callback(change, before)
    change(value)


def _passing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that does the same as another, but is not that one."""

    def passing(*arguments: Any, **named: Any) -> Any:
        return function(*arguments, **named)

    return passing


def _new_opener() -> Any:
    """Return an opener as `urllib.request.urlopen` makes it at its first use: using it changes nothing then."""
    return urllib.request.build_opener()


def _switch_garbage_collector(is_on: bool) -> None:  # noqa: FBT001 - what gc.isenabled returns
    (gc.enable if is_on else gc.disable)()


def _set_default_context(make: Any) -> None:
    ssl._create_default_https_context = make  # noqa: SLF001 - see process_state


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def is_random_seeded_by(action: Callable[[], object]) -> bool:
    """Return whether an action seeds the global random numbers: whatever their state was, it is the same afterwards."""
    before = random.getstate()
    try:
        states = []
        for seed in (1, 2):
            random.seed(seed)
            action()
            states.append(random.getstate())
    finally:
        random.setstate(before)
    return states[0] == states[1]
