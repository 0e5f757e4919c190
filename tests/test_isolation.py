"""The tests cannot reach other machines or a real AWS account."""

import os
import socket
from pathlib import Path

import pytest
from botocore.session import get_session

LEFT = pytest.fail.Exception


@pytest.mark.parametrize("address", [("192.0.2.1", 443), ("2001:db8::1", 443, 0, 0)])
def test_connecting_to_another_machine_fails_the_test(address: tuple[str, int]) -> None:
    """``except Exception`` does not hide the failure."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    for attempt in ("connect", "connect_ex"):
        with socket.socket(family) as opened, pytest.raises(LEFT, match="tried to connect"):
            getattr(opened, attempt)(address)
    assert not issubclass(LEFT, Exception)


@pytest.mark.parametrize("host", ["example.com", b"example.com", "email.eu-west-1.amazonaws.com", "192.0.2.1"])
def test_resolving_another_host_fails_the_test(host: str | bytes) -> None:
    """No DNS request is made."""
    with pytest.raises(LEFT, match="tried to look up"):
        socket.getaddrinfo(host, 443)


def test_loopback_can_be_resolved() -> None:
    """Servers of the tests run there."""
    assert socket.getaddrinfo("127.0.0.1", 80)
    assert socket.getaddrinfo(None, 80)


def test_aws_has_fake_keys_and_no_files() -> None:
    """Nothing is read from the machine."""
    session = get_session()
    assert session.available_profiles == []
    credentials = session.get_credentials()
    assert credentials is not None
    assert "FAKE" in credentials.access_key
    assert os.environ["AWS_EC2_METADATA_DISABLED"] == "true"
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        assert not Path(os.environ[name]).exists()
