"""The ``connector-kit`` command: its own commands, those of plug-ins, and the exit status."""

import sys
from functools import partial
from importlib import import_module
from typing import Any, Final, NoReturn

import click
from attrs import define

from connector_kit.cli.connector_argument import make_folder_importable
from connector_kit.cli.errors import exit_status, hide_broken_pipe_from_click
from connector_kit.cli.output import prepare_streams
from connector_kit.cli.plugins import load_plugin, plugins

PROGRAM: Final = "connector-kit"

_COMMANDS: Final = ("list", "show", "schema", "validate", "render", "test")
"""Each is the function ``<name>_command`` of the module ``command_<name>``."""


@define
class _Settings:
    debug: bool = False


class Application(click.Group):
    """The group of all commands. A command is imported only when it is called or listed."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run a command and exit."""
        prepare_streams()
        settings = _Settings()
        extra |= {"obj": settings, "standalone_mode": False}
        sys.exit(exit_status(partial(super().main, *args, **extra), lambda: settings.debug))

    def invoke(self, ctx: click.Context) -> None:
        """Run a command. The return value of its function is ignored: it is not an exit status."""
        with hide_broken_pipe_from_click():
            super().invoke(ctx)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """Parse the options. ``--help`` and ``--version`` print here."""
        with hide_broken_pipe_from_click():
            return super().make_context(*args, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names of the commands in the order of use, then those of plug-ins."""
        return [*_COMMANDS, *(name for name in plugins() if name not in _COMMANDS)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click passes the context by position
        """Import a command: a built-in one, or a plug-in."""
        if cmd_name in _COMMANDS:
            command: click.Command = getattr(
                import_module(f"connector_kit.cli.command_{cmd_name}"), f"{cmd_name}_command"
            )
            return command
        point = plugins().get(cmd_name)
        return load_plugin(point) if point else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command to run. Plug-ins may import modules from the current directory."""
        name, command, rest = super().resolve_command(ctx, args)
        if name not in _COMMANDS:
            make_folder_importable()
        return name, command, rest


@click.group(cls=Application, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error. It may show secrets of a config.")
@click.version_option(package_name="logto-connector-kit")
@click.pass_obj
def application(settings: _Settings, *, debug: bool) -> None:
    """List and show Logto connectors, check their configs, render a message, send a test message."""
    settings.debug = debug
