"""Packages that ``connector-kit package`` writes: the suite runs them with a host of its own."""

import json
import os
from pathlib import Path

import pytest

from conformance import PROFILES, SpecError, State, check_connector
from conformance.npm.hosted import hosted_spec
from conformance.npm.packages import find_package
from conformance.run.target import find_spec
from connector_kit.connectors.postmark_mail import PostmarkConnector
from connector_kit.connectors.resend_mail import ResendConnector
from connector_kit.logto_package.package import build_package
from connector_kit.logto_package.writing import write_package


@pytest.fixture(params=[PostmarkConnector, ResendConnector])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Write a package next to Logto's own packages."""
    try:
        installed = find_package("@logto/connector-postmark").parents[1]
    except SpecError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    (tmp_path / "node_modules").symlink_to(installed, target_is_directory=True)
    write_package(build_package(request.param), tmp_path / "connector-acme")
    return tmp_path / "connector-acme"


def test_package_in_a_folder_is_checked_through_a_host(folder: Path) -> None:
    """Node.js reaches the host, and the host's connector the stub; secrets of both are followed."""
    spec = find_spec(f"npm:{folder}")
    checks = ["delivery.message", "errors.throttle", "isolation.network", "secrets.failed-send"]
    report = check_connector(spec, profile=PROFILES["quick"], checks=checks)
    assert report.spec_errors == ()
    assert {(it.id, it.state, it.message) for it in report.results} == {(it, State.PASSED, "") for it in checks}
    assert spec.name.startswith("python-")
    assert "hostToken" in spec.secrets
    spec.connector.driver.close()  # type: ignore[attr-defined] # it runs in Node.js


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (None, "has no package.json that can be read: FileNotFoundError"),
        ("{", "has no package.json that can be read: JSONDecodeError"),
        (json.dumps({"name": "acme"}), "is not a package that `connector-kit package` wrote"),
        (json.dumps({"logtoConnectorKit": {"connector": "missing-mail"}}), "needs the connector 'missing-mail'"),
    ],
)
def test_other_folder_raises_spec_error(tmp_path: Path, manifest: str | None, words: str) -> None:
    """It names the folder and the reason."""
    if manifest is not None:
        (tmp_path / "package.json").write_text(manifest)
    with pytest.raises(SpecError, match=words) as raised:
        hosted_spec(tmp_path)
    assert str(tmp_path) in str(raised.value)
