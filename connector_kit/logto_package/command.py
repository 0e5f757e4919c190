"""``connector-kit package``: writes the npm package of a hosted connector."""

import shlex
from pathlib import Path

import click

from connector_kit.discovery import ConnectorNotFoundError, find_connector, installed_connectors
from connector_kit.errors import ConnectorError
from connector_kit.logto_package.official_ids import OFFICIAL_IDS
from connector_kit.logto_package.package import KIT_RANGE, LogtoPackage, PackagingError, build_package
from connector_kit.logto_package.writing import FolderInUseError, write_package


class _PackageNotWritten(click.ClickException):
    exit_code = 2


@click.command("package", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("connector_id", metavar="ID")
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="The folder to write. Name it connector-… if you pass it to Logto's `connector add` command.",
)
@click.option(
    "--id",
    "package_id",
    metavar="ID",
    help="The connector's id in Logto [default: python- and its own id]. Logto stores it with the config.",
)
@click.option(
    "--allow-official-id",
    is_flag=True,
    help="Accept the id of one of Logto's own connectors. Logto does not start if it contains that connector too.",
)
@click.option("--name", metavar="NAME", help="The name of the npm package [default: connector- and the id].")
@click.option(
    "--package-version",
    metavar="VERSION",
    help="The version of the npm package [default: the version of the Python package].",
)
@click.option(
    "--kit-range",
    metavar="RANGE",
    default=KIT_RANGE,
    show_default=True,
    help="The supported versions of @logto/connector-kit. Logto skips the package if its own version is outside.",
)
@click.option("--force", is_flag=True, help="Replace an earlier package in the folder.")
def package_command(
    *,
    connector_id: str,
    folder: Path,
    package_id: str | None,
    allow_official_id: bool,
    name: str | None,
    package_version: str | None,
    kit_range: str,
    force: bool,
) -> None:
    """Write an npm package that Logto loads like any other connector.

    ID is an installed connector, or package.module:Class. Logto must be able to reach a host that serves the connector
    (`connector-kit serve`).
    """
    try:
        package = build_package(
            find_connector(connector_id),
            connector_id=package_id,
            name=name,
            version=package_version or _python_version(connector_id),
            kit_range=kit_range,
            allow_official_id=allow_official_id,
        )
        write_package(package, folder, replace=force)
    except (ConnectorNotFoundError, FolderInUseError) as error:
        raise _PackageNotWritten(str(error)) from error
    except ConnectorError as error:
        raise _PackageNotWritten(f"{connector_id} is not a connector that Logto can load: {error.code}.") from error
    except PackagingError as error:
        raise _PackageNotWritten(f"{connector_id} cannot be packaged: {error}.") from error
    except OSError as error:
        raise _PackageNotWritten(f"{folder} cannot be written: {error.strerror or type(error).__name__}.") from error
    if package.connector_id in OFFICIAL_IDS:
        click.echo(
            f"Warning: the id {package.connector_id} is that of one of Logto's own connectors. Remove the folder of that "
            'one from Logto first: with both, Logto does not start ("Found multiple connector factories").',
            err=True,
        )
    click.echo(_summary(package, folder))


def _python_version(connector_id: str) -> str:
    """Return the version of the Python package that contains an installed connector."""
    point = installed_connectors().get(connector_id)
    return point.dist.version if point is not None and point.dist is not None else "0.0.0"


def _npm_path(folder: Path) -> str:
    """Return a path that npm treats as a folder: npm treats ``a/b`` as a GitHub repository."""
    return shlex.quote(str(folder) if folder.is_absolute() else f"./{folder.as_posix()}")


def _summary(package: LogtoPackage, folder: Path) -> str:
    target = f"packages/core/connectors/{package.name.replace('/', '-')}"
    return f"""Wrote {package.name} {package.version} to {folder}: {len(package.files)} files.

Next:
  1. Copy the folder into Logto, as {target}
     (in Logto's container: /etc/logto/{target}; copy or mount it).
     Or create a tarball with `npm pack {_npm_path(folder)}`, and in Logto's folder run
     `npx @logto/cli connector add /path/to/the.tgz -p .` with the full path of the tarball.
     The package needs no build and no other packages.
  2. Restart Logto.
  3. In Console, add the connector "{package.display_name}" (id {package.connector_id}), and
     enter the endpoint and the token of the host."""
