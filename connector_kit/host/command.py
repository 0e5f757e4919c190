"""``connector-kit serve``: runs a host from a host.toml, or for one connector from options."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from connector_kit.connector import SocialConnector
from connector_kit.discovery import ConnectorNotFoundError, find_connector
from connector_kit.errors import ConnectorError
from connector_kit.host.host_file import HostConfigError, HostFile, HostSource
from connector_kit.host.server import run

_CANNOT_START = 2
_COMMAND_LINE = "command line"


class _CannotStartError(click.ClickException):
    """The host cannot start."""

    exit_code = _CANNOT_START


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--hosts", metavar="FILE", help="The host.toml. Other options override its [server] table.")
@click.option("--connector", "target", metavar="ID", help="Host one connector, without a host.toml.")
@click.option("--config", "config_file", metavar="FILE", help="The config of that connector, a JSON file.")
@click.option("--host", metavar="ADDR", help="Address to listen on [default: 127.0.0.1].")
@click.option("--port", type=int, help="Port to listen on [default: 8085]; 0 picks a free one.")
@click.option("--workers", type=int, help="Number of processes [default: 1].")
@click.option("--token-env", multiple=True, metavar="NAME", help="Environment variable with a token; repeatable.")
@click.option("--token-file", multiple=True, metavar="FILE", help="File with a token; repeatable.")
@click.option(
    "--insecure-without-token",
    is_flag=True,
    default=None,
    help="Serve requests without a token; loopback addresses only.",
)
@click.option(
    "--allow-ip", "allow_ips", multiple=True, metavar="NET", help="Address or network that may call; repeatable."
)
@click.option(
    "--trusted-proxy",
    "trusted_proxies",
    multiple=True,
    metavar="NET",
    help="Proxy whose X-Forwarded-For header is trusted; repeatable.",
)
@click.option(
    "--deadline",
    "deadline_seconds",
    type=float,
    metavar="SECONDS",
    help="Respond to every request within this time [default: 14.5].",
)
@click.option("--slots", type=int, help="How many connector calls run at the same time [default: 64].")
@click.option("--max-body", "max_body_bytes", type=int, metavar="BYTES", help="The largest accepted body.")
@click.option("--metrics", is_flag=True, default=None, help="Serve Prometheus metrics at /metrics.")
@click.option("--log-format", type=click.Choice(["json", "text"]), help="Format of the log on standard error.")
@click.option("--check", "check_only", is_flag=True, help="Check the host.toml and all configs, then exit.")
def serve(hosts: str | None, target: str | None, config_file: str | None, *, check_only: bool, **options: Any) -> None:
    """Serve connectors to Logto over HTTP.

    Give either --hosts FILE or --connector ID. All configs are checked first; if one has an error, the host does not
    start. SIGTERM or Ctrl-C stops it after all open requests have their response. When a file changes, or on SIGHUP, it
    reads connectors, configs and tokens again.

    Exits with 0 when stopped, and with 2 if the host cannot start.
    """
    overrides = {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}
    overrides = {name: value for name, value in overrides.items() if value not in (None, [])}
    if hosts is not None and target is None and config_file is None:
        source = HostSource.of_file(hosts, server=overrides)
    elif hosts is None and target is not None:
        source = HostSource(_COMMAND_LINE, Path(), _one_connector(target, config_file), overrides)
    else:
        raise click.UsageError("Give either --hosts FILE, or --connector ID with or without --config FILE.")
    try:
        host = source.load()
        if check_only:
            _report(host)
        else:
            run(host)
    except HostConfigError as error:
        raise _CannotStartError("the host cannot start.\n" + "\n".join(f"  {it}" for it in error.issues)) from error
    except OSError as error:
        listening = host.listening
        raise _CannotStartError(f"{listening.host}:{listening.port}: {error.strerror or error}.") from error


def _one_connector(target: str, config_file: str | None) -> Mapping[str, Any]:
    table = {} if config_file is None else {"config_file": config_file}
    if ":" not in target:
        return {"connectors": {target: table}}
    try:
        connector = find_connector(target)
    except (ConnectorNotFoundError, ConnectorError) as error:
        raise _CannotStartError(str(error)) from error
    return {"connectors": {connector.metadata.id: {"class": target, **table}}}


def _report(host: HostFile) -> None:
    for warning in host.warnings:
        click.echo(f"warning: {warning}", err=True)
    settings = host.settings
    click.echo(f"The host can start: {', '.join(it.id for it in settings.connectors)}.")
    for name, connector_id in (("/email", settings.email), ("/sms", settings.sms)):
        click.echo(f"  {name:6} {connector_id or '-'}")
    social = [it.id for it in settings.connectors if issubclass(it.connector, SocialConnector)]
    if social:
        click.echo(f"  Users sign in with: {', '.join(social)}")
