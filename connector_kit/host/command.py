"""``connector-kit serve``: a host from a file, or for one connector from options."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from connector_kit.discovery import ConnectorNotFoundError, find_connector
from connector_kit.errors import ConnectorError
from connector_kit.host.configuration import HostFile, load_settings, read_host_file
from connector_kit.host.reading import HostConfigError
from connector_kit.host.runner import run

_UNUSABLE = 2
_COMMAND_LINE = "command line"


class _Unusable(click.ClickException):
    """The host cannot start."""

    exit_code = _UNUSABLE


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--hosts", metavar="FILE", help="A host.toml: what to host, and how. Other options override it.")
@click.option("--connector", "target", metavar="ID", help="Host one connector, instead of a file.")
@click.option("--config", "config_file", metavar="FILE", help="The config of that connector, a JSON file.")
@click.option("--host", metavar="ADDR", help="Listen there [default: 127.0.0.1].")
@click.option("--port", type=int, help="Listen there [default: 8085]; 0 takes a free port.")
@click.option("--workers", type=int, help="How many processes [default: 1].")
@click.option("--token-env", multiple=True, metavar="NAME", help="Environment variable with a token; repeatable.")
@click.option("--token-file", multiple=True, metavar="FILE", help="File with a token; repeatable.")
@click.option(
    "--insecure-without-token", is_flag=True, default=None, help="Serve without a token; loopback addresses only."
)
@click.option("--allow-ip", "allow_ips", multiple=True, metavar="NET", help="Who may call; repeatable.")
@click.option(
    "--trusted-proxy", "trusted_proxies", multiple=True, metavar="NET", help="Whose X-Forwarded-For to believe."
)
@click.option("--deadline", "deadline_seconds", type=float, help="Answer every request within so many seconds.")
@click.option("--slots", type=int, help="How many connector calls run at a time [default: 64].")
@click.option("--max-body", "max_body_bytes", type=int, metavar="BYTES", help="The largest body.")
@click.option(
    "--deduplicate",
    "deduplicate_seconds",
    type=float,
    metavar="SECONDS",
    help="Do not send the same again within this.",
)
@click.option("--metrics", is_flag=True, default=None, help="Serve Prometheus metrics at /metrics.")
@click.option("--log-format", type=click.Choice(["json", "text"]), help="Of the log, on standard error.")
@click.option("--check", "check_only", is_flag=True, help="Check everything, serve nothing.")
def serve(
    hosts: str | None,
    target: str | None,
    config_file: str | None,
    *,
    check_only: bool,
    **options: Any,  # noqa: ANN401
) -> None:
    """Serve connectors to Logto over HTTP.

    Either --hosts FILE or --connector ID. Every config is checked first; a bad one is said with its place, and nothing
    starts. Stops on SIGTERM or from the keyboard, when what is in flight is finished.

    Exits with 0 when stopped, 2 when it cannot start.
    """
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}
    given = {name: value for name, value in given.items() if value not in (None, [])}
    try:
        if hosts is not None and target is None and config_file is None:
            document = read_host_file(hosts)
            source, folder = hosts, Path(hosts).parent
        elif hosts is None and target is not None:
            document = _one_connector(target, config_file)
            source, folder = _COMMAND_LINE, Path()
        else:
            raise click.UsageError("Give --hosts FILE, or --connector ID and --config FILE.")
        found = load_settings(_overridden(document, given), source=source, folder=folder)
    except HostConfigError as error:
        raise _Unusable("the host cannot start.\n" + "\n".join(f"  {problem}" for problem in error.problems)) from error
    if check_only:
        _report(found)
        return
    try:
        run(found)
    except OSError as error:
        raise _Unusable(f"{found.listening.host}:{found.listening.port}: {error.strerror or error}.") from error


def _one_connector(target: str, config_file: str | None) -> Mapping[str, Any]:
    table = {} if config_file is None else {"config_file": config_file}
    if ":" not in target:
        return {"connectors": {target: table}}
    try:
        found = find_connector(target)
    except (ConnectorNotFoundError, ConnectorError) as error:
        raise _Unusable(str(error)) from error
    return {"connectors": {found.metadata.id: {"class": target, **table}}}


def _overridden(document: Mapping[str, Any], given: Mapping[str, Any]) -> Mapping[str, Any]:
    server = document.get("server", {})
    return {**document, "server": {**server, **given}} if isinstance(server, dict) else document


def _report(found: HostFile) -> None:
    for warning in found.warnings:
        click.echo(f"warning: {warning}", err=True)
    settings = found.settings
    click.echo(f"The host can start: {', '.join(it.id for it in settings.connectors)}.")
    for name, connector_id in (("/email", settings.email), ("/sms", settings.sms)):
        click.echo(f"  {name:6} {connector_id or '-'}")
