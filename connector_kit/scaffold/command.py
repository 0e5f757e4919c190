"""``connector-kit new``: writes the package of a new connector."""

import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import click

from connector_kit.folder_writing import write_folder
from connector_kit.scaffold.project import (
    APIS,
    APIS_WITH_URL,
    Project,
    check_api,
    check_base_url,
    check_name,
    check_provider,
    default_base_url,
    default_provider,
)

_ALL_APIS: Final = tuple(dict.fromkeys(api for apis in APIS.values() for api in apis))
Check = Callable[[str], str]
"""Returns a valid value, or raises ValueError with the reason."""


class _ProjectNotWritten(click.ClickException):
    exit_code = 2


@click.command("new", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("name")
@click.option(
    "--type", "connector_type", type=click.Choice(list(APIS)), help="What the connector sends, or social for sign-in."
)
@click.option(
    "--api",
    type=click.Choice(_ALL_APIS),
    help="How the provider is called. json, form: one HTTP request with such a body; aws: one operation of AWS; smtp: a mail "
    "server; templates: JSON with the name of a template that the provider stores; none: a client of your own. Text messages "
    "have no smtp; social has only json.",
)
@click.option("--provider", metavar="TEXT", help="The provider's name, for people [default: from NAME].")
@click.option(
    "--base-url", metavar="URL", help="The address of the provider's API [default: an address under .example]."
)
def new_command(
    *, name: str, connector_type: str | None, api: str | None, provider: str | None, base_url: str | None
) -> None:
    """Write the package of a new connector to the folder NAME.

    NAME is the connector's id and the name of the package, such as acme-mail. The package installs, conforms, and has no
    errors in mypy and ruff; then you replace what differs for your provider. On a terminal, the command asks for what you
    leave out.

    The exit status is 2 if nothing was written: the folder exists, or NAME or an option is not valid.
    """
    _checked("NAME", check_name, name)
    folder = Path(name)
    if folder.is_symlink() or (folder.exists() and not (folder.is_dir() and not any(folder.iterdir()))):
        raise _ProjectNotWritten(f"{name} exists already in this folder. Choose another name, or remove it first.")
    connector_type = connector_type or _choose("--type", "What does it send (social: signs users in)", [*APIS])
    apis = APIS[connector_type]
    api = api or (apis[0] if len(apis) == 1 else _choose("--api", "How is the provider called", apis))
    _checked("--api", partial(check_api, connector_type), api)
    provider = _text("--provider", "The provider's name", check_provider, provider, default_provider(name))
    if api in APIS_WITH_URL:
        base_url = _text("--base-url", "The address of its API", check_base_url, base_url, default_base_url(name))
    elif base_url is not None:
        raise click.BadParameter(f"it has no effect with --api {api}; leave it out.", param_hint="--base-url")
    files = Project(name, connector_type, api, provider, base_url or "").files()
    try:
        write_folder(files, folder)
    except OSError as error:
        raise _ProjectNotWritten(f"{name} cannot be written: {error.strerror or type(error).__name__}.") from error
    click.echo(_summary(name, len(files)))


def _is_on_terminal() -> bool:
    """Return whether somebody sees a question, and can answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def _choose(option: str, question: str, choices: Sequence[str]) -> str:
    """Return the answer to a question; in a pipe, there is nobody to answer."""
    if not _is_on_terminal():
        raise click.UsageError(f"Missing option {option}. Choose one of: {', '.join(choices)}.")
    answer: str = click.prompt(question, type=click.Choice(choices), err=True)
    return answer


def _text(option: str, question: str, check: Check, value: str | None, default: str) -> str:
    """Return the value of an option, or else the answer to a question; in a pipe, the default."""
    if value is not None or not _is_on_terminal():
        return _checked(option, check, default if value is None else value)
    answer: str = click.prompt(question, default=default, value_proc=partial(_checked, option, check), err=True)
    return answer


def _checked(what: str, check: Check, value: str) -> str:
    """Return a valid value; or raise click's error, after which a prompt asks again."""
    try:
        return check(value)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", param_hint=what) from error


def _summary(name: str, count: int) -> str:
    return f"""Wrote {name}: {count} files.

Next, in a virtual environment:
  cd {name}
  python -m pip install -e ".[dev]"
  connector-kit conformance {name}"""
