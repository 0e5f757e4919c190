"""``connector-kit package``: write the npm package of a hosted connector."""

import shlex
from pathlib import Path

import click

from connector_kit.discovery import ConnectorNotFoundError, find_connector, installed_connectors
from connector_kit.errors import ConnectorError
from connector_kit.logto_package.package import KIT_RANGE, LogtoPackage, PackagingError, build_package
from connector_kit.logto_package.writing import FolderInUseError, write_package


class _Unusable(click.ClickException):
    """What was named cannot be packaged, or not there."""

    exit_code = 2


@click.command("package", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("connector_id", metavar="ID")
@click.option(
    "--out",
    "folder",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="The folder to write; call it connector-… and Logto's own command line takes it as it is.",
)
@click.option(
    "--id",
    "packaged_id",
    metavar="ID",
    help="What Logto shall know it by [default: python- and its own id]. It stays with what Logto stores.",
)
@click.option("--name", metavar="NAME", help="Of the package [default: connector- and the id].")
@click.option("--package-version", metavar="VERSION", help="Of the package [default: that of the Python package].")
@click.option(
    "--kit-range",
    metavar="RANGE",
    default=KIT_RANGE,
    show_default=True,
    help="The editions of @logto/connector-kit that it says it fits; Logto skips it where its own is another.",
)
@click.option("--force", is_flag=True, help="Replace a package that was written there before.")
def package_command(
    *,
    connector_id: str,
    folder: Path,
    packaged_id: str | None,
    name: str | None,
    package_version: str | None,
    kit_range: str,
    force: bool,
) -> None:
    """Write an npm package that shows a hosted connector to Logto as one of its own.

    ID is an installed connector, or package.module:Class. `connector-kit serve` must host it where Logto can reach it.
    """
    try:
        package = build_package(
            find_connector(connector_id),
            connector_id=packaged_id,
            name=name,
            version=package_version or _version_of(connector_id),
            kit_range=kit_range,
        )
        write_package(package, folder, replace=force)
    except ConnectorNotFoundError as error:
        raise _Unusable(str(error)) from error
    except ConnectorError as error:
        raise _Unusable(f"{connector_id} is no connector that Logto would load: {error.code}.") from error
    except PackagingError as error:
        raise _Unusable(f"{connector_id} cannot be packaged: {error}.") from error
    except FolderInUseError as error:
        raise _Unusable(str(error)) from error
    except OSError as error:
        raise _Unusable(f"{folder} cannot be written: {error.strerror or type(error).__name__}.") from error
    click.echo(_report(package, folder))


def _version_of(connector_id: str) -> str:
    """Return the version of the Python package that brings an installed connector."""
    point = installed_connectors().get(connector_id)
    return point.dist.version if point is not None and point.dist is not None else "0.0.0"


def _as_npm_takes_it(folder: Path) -> str:
    """Write a path so that npm does not take it for a repository: ``a/b`` alone would be one of GitHub's."""
    return shlex.quote(str(folder) if folder.is_absolute() else f"./{folder.as_posix()}")


def _report(package: LogtoPackage, folder: Path) -> str:
    place = f"packages/core/connectors/{package.name.replace('/', '-')}"
    return f"""Wrote {package.name} {package.version} to {folder}: {len(package.files)} files.

Next:
  1. Put the folder into Logto, as {place}
     (in Logto's container: /etc/logto/{place}; mount or copy it there).
     Or make a tarball with `npm pack {_as_npm_takes_it(folder)}`, and in Logto's folder run
     `npx @logto/cli connector add /path/to/the.tgz -p .` with the tarball's full path.
     Nothing is built and nothing is installed: it uses what Logto has.
  2. Start Logto again.
  3. In Console, add the connector "{package.display_name}" (id {package.connector_id}), and
     give it the endpoint and the token of the host."""
