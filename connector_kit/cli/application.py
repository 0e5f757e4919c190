"""The ``connector-kit`` command itself: its own commands and those of plug-ins, and how they end."""

import sys
from functools import partial
from typing import Any, Final, NoReturn

import click
from attrs import define

from connector_kit.cli.command_list import list_command
from connector_kit.cli.command_render import render_command
from connector_kit.cli.command_schema import schema_command
from connector_kit.cli.command_show import show_command
from connector_kit.cli.command_test import test_command
from connector_kit.cli.command_validate import validate_command
from connector_kit.cli.connector_target import make_folder_importable
from connector_kit.cli.failures import exit_status, past_click
from connector_kit.cli.plugins import load_plugin, plugins
from connector_kit.cli.printing import prepare_streams

PROGRAM: Final = "connector-kit"


@define
class _Settings:
    debug: bool = False


class Application(click.Group):
    """The group of all commands; a plug-in is imported when it is called or listed, not before."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:  # noqa: ANN401 - click's signature
        """Run a command and exit, whatever happens on the way."""
        prepare_streams()
        settings = _Settings()
        extra |= {"obj": settings, "standalone_mode": False}
        sys.exit(exit_status(partial(super().main, *args, **extra), lambda: settings.debug))

    def invoke(self, ctx: click.Context) -> None:
        """Run a command; what its function returns is no exit status."""
        with past_click():
            super().invoke(ctx)

    def make_context(self, *args: Any, **extra: Any) -> click.Context:  # noqa: ANN401 - click's signature
        """Read the options; ``--help`` and ``--version`` print here."""
        with past_click():
            return super().make_context(*args, **extra)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the commands in the order in which a newcomer meets them, then the plug-ins."""
        return [*self.commands, *(name for name in plugins() if name not in self.commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command of our own, or else import a plug-in's."""
        own = super().get_command(ctx, cmd_name)
        if own is not None:
            return own
        point = plugins().get(cmd_name)
        return load_plugin(point) if point else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is called; a plug-in may go on to import what the user names."""
        name, command, rest = super().resolve_command(ctx, args)
        if name not in self.commands:
            make_folder_importable()
        return name, command, rest


@click.group(cls=Application, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--debug", is_flag=True, help="Show the traceback of an error. It may hold parts of a config.")
@click.version_option(package_name="logto-connector-kit")
@click.pass_obj
def application(settings: _Settings, *, debug: bool) -> None:
    """Look at Logto connectors, check their configs, render a message, send a test."""
    settings.debug = debug


for _command in (list_command, show_command, schema_command, validate_command, render_command, test_command):
    application.add_command(_command)
