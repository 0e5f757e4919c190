"""The extra ``aws``: everything except the SES connector works without botocore."""

import subprocess
import sys
from collections.abc import Sequence

import pytest

INSTALL = 'The Amazon SES connector needs botocore. Install it: pip install "logto-connector-kit[aws]"'


def run(code: str, missing: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run Python code in a new process in which the given packages cannot be imported."""
    block = f"import sys; sys.modules.update(dict.fromkeys({list(missing)!r})); "
    return subprocess.run([sys.executable, "-c", block + code], capture_output=True, text=True, check=False)


EXTRAS = ("botocore", "click", "rich", "hypothesis", "pytest", "jinja2", "starlette", "uvicorn", "prometheus_client")


def test_base_package_imports_without_any_extra() -> None:
    """``import connector_kit`` needs none of the extras."""
    result = run("import connector_kit; print(connector_kit.EmailConnector.__name__)", EXTRAS)
    assert (result.returncode, result.stdout, result.stderr) == (0, "EmailConnector\n", "")


def test_importing_the_kit_does_not_import_botocore() -> None:
    """An installed botocore is imported only with the SES connector."""
    result = run("import connector_kit, conformance; print('botocore' in sys.modules)", ())
    assert (result.returncode, result.stdout) == (0, "False\n")


def test_suite_imports_without_botocore() -> None:
    """Only the SES provider needs botocore; it is imported when its entry point is loaded."""
    result = run("import conformance; print(len(conformance.all_checks()) > 0)", ["botocore"])
    assert (result.returncode, result.stdout, result.stderr) == (0, "True\n", "")


def test_importing_the_connector_names_the_extra() -> None:
    """The error names what to install."""
    result = run("import connector_kit.connectors.aws_ses", ["botocore"])
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == f"ModuleNotFoundError: {INSTALL}"


def test_using_aws_api_names_the_extra() -> None:
    """The error of the lazily imported name, for authors."""
    result = run("from connector_kit import AwsApi", ["botocore"])
    assert result.returncode == 1
    assert result.stderr.splitlines()[-1] == (
        'ModuleNotFoundError: connector_kit.AwsApi needs botocore. Install it: pip install "logto-connector-kit[aws]"'
    )


def test_list_works_without_botocore() -> None:
    """``connector-kit list`` shows the SES connector with the reason, and succeeds."""
    result = run("from connector_kit.cli import main; main(['list'])", ["botocore"])
    assert (result.returncode, result.stderr) == (0, "")
    (line,) = (line for line in result.stdout.splitlines() if "aws-ses-mail" in line)
    assert line.startswith("Not usable: ")
    assert INSTALL in line


@pytest.mark.parametrize("command", ["show", "schema", "conformance"])
def test_command_without_botocore_names_the_extra(command: str) -> None:
    """The error is one line; the exit status is 2."""
    result = run(f"from connector_kit.cli import main; main([{command!r}, 'aws-ses-mail'])", ["botocore"])
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("Error: ")
    assert INSTALL in result.stderr
    assert result.stderr.count("\n") == 1


def test_schema_of_the_config_is_printed_without_botocore() -> None:
    """The schema is a file of the base package."""
    result = run("from connector_kit.cli import main; main(['schema', 'aws-ses-config'])", ["botocore"])
    assert (result.returncode, result.stdout[:1]) == (0, "{")
