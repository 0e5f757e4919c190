"""Forks: the processes share no connection, and wait for no lock of a thread that only the parent has."""

import os
import subprocess
import sys
from collections import defaultdict

import pytest

from tests.connectors.aws_ses.keep_alive_stub import KeepAliveStub

MESSAGES = 200

SCRIPT = """
import os, sys, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 warns of every fork of a process with threads
from connector_kit.aws_api import endpoint
from connector_kit.connectors.aws_ses import AwsSesConnector
from connector_kit.connectors.aws_ses.client import SesClientFactory
from tests.connectors.aws_ses.ses_cases import ses_config

factory, making, forked = SesClientFactory(), threading.Event(), threading.Event()
make = endpoint._Endpoints._make

def slow_make(endpoints, region):
    if region == "slow":
        making.set()
        forked.wait()
    return make(endpoints, region)

endpoint._Endpoints._make = slow_make
connector = AwsSesConnector(client_factory=factory, get_config=lambda _: ses_config())

def send(code, **config):
    message = {"to": "a@example.com", "type": "SignIn", "payload": {"code": code}}
    found = connector.send_message(message, ses_config(**config) if config else None)
    assert found == f"SignIn {code}", (code, found)

def send_all(process):
    for number in range(MESSAGES):
        send(f"{process}-{number}")
    send(f"{process}-new", region="us-east-1")

send("parent-first")
threading.Thread(target=lambda: send("parent-slow", region="slow"), daemon=True).start()
making.wait()
children = []
for name in ("child", "sibling"):
    children.append(os.fork())
    if children[-1] == 0:
        send(f"{name}-first")
        grandchild = os.fork() if name == "child" else None
        send_all("grandchild" if grandchild == 0 else name)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(grandchild, 0)[1]) if grandchild else 0)
forked.set()
send_all("parent")
sys.exit(sum(os.waitstatus_to_exitcode(os.waitpid(it, 0)[1]) != 0 for it in children))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")
def test_forked_processes_have_connections_and_locks_of_their_own(stub: KeepAliveStub) -> None:
    """A parent, its children and a grandchild send at the same time, while a thread of the parent makes an endpoint."""
    finished = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("MESSAGES", str(MESSAGES))],
        env={**os.environ, "AWS_ENDPOINT_URL_SESV2": stub.url},
        check=False,
        capture_output=True,
        timeout=60,
        text=True,
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    processes = ("parent", "child", "grandchild", "sibling")
    expected = [f"SignIn {process}-{number}" for process in processes for number in [*range(MESSAGES), "new"]]
    expected += [f"SignIn {name}" for name in ("parent-first", "parent-slow", "child-first", "sibling-first")]
    assert sorted(subject for _, subject in stub.received) == sorted(expected)
    users = defaultdict(set)
    for connection, subject in stub.received:
        users[connection].add(subject.removeprefix("SignIn ").partition("-")[0])
    assert [names for names in users.values() if len(names) > 1] == []
