"""Wrong connectors that depend on the machine, change it, or leave something behind."""

import json
import locale
import logging
import os
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
import warnings
from configparser import ConfigParser
from pathlib import Path
from tempfile import gettempdir
from typing import Any, ClassVar

import urllib3.util.connection
from attrs import evolve

from connector_kit import Email, Sms
from connector_kit.connectors.aws_ses import AwsSesConfig
from tests.conformance.right_connectors.configs import SETTINGS, SettingsConfig, SettingsMail
from tests.conformance.wrong_connectors.base import BaseSes, killed_by
from tests.conformance.wrong_connectors.memory import SMS, MemorySms, SmsConfig


class _Before(MemorySms):
    """Does something before each message."""

    def prepare(self, sms: Sms) -> None:
        raise NotImplementedError(sms)

    def deliver(self, config: SmsConfig, sms: Sms) -> object:
        self.prepare(sms)
        return super().deliver(config, sms)


# --- what it reads --------------------------------------------------------------------------------------------------


@killed_by("isolation.environment", "AWS_ACCESS_KEY_ID")
class PrefersTheEnvironment(BaseSes):
    """Uses the keys of the environment if there are any."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        key = os.environ.get("AWS_ACCESS_KEY_ID")
        secret = os.environ.get("AWS_SECRET_ACCESS_KEY")
        return super().call(
            evolve(config, access_key_id=key, access_key_secret=secret) if key and secret else config, request
        )


@killed_by("isolation.environment", "netrc", spec=SETTINGS)
class ReadsNetrc(SettingsMail):
    """Prefers the credentials of ~/.netrc, as the library requests does unless it is told not to."""

    def deliver(self, config: SettingsConfig, email: Email) -> object:
        try:
            lines = (Path.home() / ".netrc").read_text().split()
            config = evolve(config, api_key=lines[lines.index("password") + 1])
        except (OSError, ValueError, RuntimeError):
            pass
        return super().deliver(config, email)


@killed_by("isolation.unusable-files", ".aws/config")
class ReadsAwsConfig(BaseSes):
    """Looks for a proxy in the AWS config file of the machine, as an SDK does."""

    def call(self, config: AwsSesConfig, request: dict[str, Any]) -> Any:
        settings = ConfigParser()
        settings.read(Path.home() / ".aws" / "config")
        return super().call(config, request)


@killed_by("isolation.environment", "CI, DEBUG", spec=SMS)
class SilencedByTheEnvironment(MemorySms):
    """Sends nothing where a variable says so."""

    def deliver(self, config: SmsConfig, sms: Sms) -> object:
        if os.environ.get("DRY_RUN"):
            return "id-1"
        return super().deliver(config, sms)


@killed_by("isolation.environment", "time zone", spec=SMS)
class FailsInOtherTimeZone(MemorySms):
    """Fails where the local time is far from UTC."""

    def deliver(self, config: SmsConfig, sms: Sms) -> object:
        if abs(time.localtime().tm_gmtoff) > 8 * 3600:
            raise ValueError("the clock is wrong")
        return super().deliver(config, sms)


# --- what it changes ------------------------------------------------------------------------------------------------


@killed_by("isolation.files", "a file", spec=SMS)
class LogsToFile(_Before):
    """Appends each message to a file."""

    def prepare(self, sms: Sms) -> None:
        path = Path(gettempdir(), "sent-by-logs-to-file.log")
        with path.open("a") as file:
            file.write(f"{sms.to}\n")


@killed_by("isolation.files", "a process", spec=SMS)
class StartsProcess(_Before):
    """Starts a process for each message."""

    def prepare(self, sms: Sms) -> None:
        subprocess.run([sys.executable, "-S", "-c", ""], check=False)


@killed_by("isolation.process-state", "random", spec=SMS)
class SeedsRandom(_Before):
    """Seeds the random numbers of the whole process."""

    def prepare(self, sms: Sms) -> None:
        random.seed(sms.to)


@killed_by("isolation.process-state", "warnings", spec=SMS)
class SilencesWarnings(_Before):
    """Turns off all warnings."""

    def prepare(self, sms: Sms) -> None:
        warnings.simplefilter("ignore")


@killed_by("isolation.process-state", "TLS", spec=SMS)
class DisablesVerification(_Before):
    """Turns off the verification of certificates in the whole process."""

    def prepare(self, sms: Sms) -> None:
        ssl._create_default_https_context = ssl._create_unverified_context


@killed_by("isolation.process-state", "the limit of digits of integers", spec=SMS)
class AllowsLongIntegers(_Before):
    """Removes the limit of digits of integers for the whole process; a second message changes nothing more."""

    def prepare(self, sms: Sms) -> None:
        del sms
        sys.set_int_max_str_digits(0)


@killed_by("isolation.process-state", "HAS_IPV6", spec=SMS)
class TurnsOffIpv6(_Before):
    """Lets a library use IPv4 only, in the whole process."""

    def prepare(self, sms: Sms) -> None:
        del sms
        urllib3.util.connection.HAS_IPV6 = False


@killed_by("isolation.process-state", "the opener of urllib.request", spec=SMS)
class InstallsAnOpener(_Before):
    """Replaces the opener of all code that uses urllib.request."""

    def prepare(self, sms: Sms) -> None:
        del sms
        urllib.request.install_opener(urllib.request.build_opener())


@killed_by("isolation.process-state", "loggers", spec=SMS)
class SilencesLibrary(_Before):
    """Changes the level of another library's logger."""

    def prepare(self, sms: Sms) -> None:
        logging.getLogger("urllib3").setLevel(logging.CRITICAL + len(sms.to))


@killed_by("isolation.process-state", "locale", spec=SMS)
class SetsLocale(_Before):
    """Sets the locale of the process."""

    def prepare(self, sms: Sms) -> None:
        locale.setlocale(locale.LC_TIME, "C" if locale.setlocale(locale.LC_TIME) != "C" else "C.UTF-8")


@killed_by("isolation.process-state", "excepthook", spec=SMS)
class ReplacesExcepthook(_Before):
    """Replaces the handler of exceptions in threads."""

    def prepare(self, sms: Sms) -> None:
        threading.excepthook = lambda args: print(sms, args)  # noqa: T201 - that is what is wrong


@killed_by("isolation.process-state", "socket class", spec=SMS)
class PatchesSockets(_Before):
    """Replaces the socket class of the process, as some libraries do."""

    def prepare(self, sms: Sms) -> None:
        class Patched(socket.socket):
            pass

        socket.socket = Patched  # type: ignore[misc]  # that is what is wrong


# --- what it leaves behind ------------------------------------------------------------------------------------------


@killed_by("isolation.resources", "thread", spec=SMS)
class LeavesThread(_Before):
    """Leaves a thread behind with each message."""

    def prepare(self, sms: Sms) -> None:
        threading.Thread(target=time.sleep, args=(20,), daemon=True).start()


@killed_by("isolation.resources", "descriptor", spec=SMS)
class LeavesDescriptors(_Before):
    """Never closes a pipe."""

    open_ones: ClassVar[list[tuple[int, int]]] = []

    def prepare(self, sms: Sms) -> None:
        self.open_ones.append(os.pipe())


@killed_by("isolation.resources", "memory", spec=SMS)
class KeepsMessages(_Before):
    """Keeps every message, to show the latest ones."""

    def __init__(self, **kit: Any) -> None:
        super().__init__(**kit)
        self.sent: list[str] = []

    def prepare(self, sms: Sms) -> None:
        self.sent.append(json.dumps({"to": sms.to, "content": sms.content, "raw": repr(sms.data) * 4}))


@killed_by("isolation.parallel", "at the same time", spec=SETTINGS)
class SendsOneByOne(SettingsMail):
    """Holds a lock during each request."""

    lock: ClassVar[threading.Lock] = threading.Lock()

    def deliver(self, config: SettingsConfig, email: Email) -> object:
        with self.lock:
            return super().deliver(config, email)


@killed_by("isolation.threads", "some raised ValueError", spec=SMS)
class NeedsMainThread(_Before):
    """Sets an alarm, which only the main thread can; not for the first message that the suite sends."""

    def prepare(self, sms: Sms) -> None:
        if sms.to == "15550000000":
            return
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
