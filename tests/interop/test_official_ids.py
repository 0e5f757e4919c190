"""The list of ids of Logto's own connectors, compared with the packages that these tests install."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from conformance import SpecError
from conformance.npm.official import OFFICIAL_PACKAGES
from conformance.npm.packages import find_node, find_package
from connector_kit.logto_package.official_ids import OFFICIAL_IDS
from tests.interop.logto.instance import SOURCES
from tests.interop.official import UnavailableError, install

_NOT_CONNECTORS: Final = ("connector-kit",)
_TIME_LIMIT: Final = 60
_PROGRAM: Final = """
const ids = {};
for (const folder of process.argv.slice(1)) {
  const { main } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8'));
  const { default: createConnector } = await import(`${folder}/${main}`);
  ids[folder.split('/').pop()] = (await createConnector({ getConfig: async () => ({}) })).metadata.id;
}
console.log(JSON.stringify(ids));
"""


@pytest.fixture(scope="module")
def installed() -> Mapping[str, str]:
    """Return the id in the metadata of each official connector that is installed. In CI, there must be some."""
    try:
        scopes = {install() / "node_modules" / "@logto", install(SOURCES) / "node_modules" / "@logto"}
        scopes |= {find_package(name).parent for name in OFFICIAL_PACKAGES}
        node = find_node()
    except (UnavailableError, SpecError) as error:
        if os.environ.get("CI"):
            pytest.fail(f"Logto's packages are required in CI: {error}")
        pytest.skip(str(error))
    folders = {
        it.name: str(it) for scope in scopes for it in scope.glob("connector-*") if it.name not in _NOT_CONNECTORS
    }
    command = [node, "--input-type=module", "--eval", f"import {{ readFileSync }} from 'node:fs';{_PROGRAM}"]
    done = subprocess.run(
        [*command, *folders.values()],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        timeout=_TIME_LIMIT,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ids: dict[str, str] = json.loads(done.stdout)
    assert len(ids) == len(folders)
    return ids


def test_each_installed_official_connector_is_in_the_list(installed: Mapping[str, str]) -> None:
    """If one is missing, bring the list and its date up to date from Logto's repository."""
    assert {f"@logto/{name}" for name in installed} >= OFFICIAL_PACKAGES.keys()
    assert {name: it for name, it in installed.items() if it not in OFFICIAL_IDS} == {}
