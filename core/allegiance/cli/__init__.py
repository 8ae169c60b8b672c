"""The command line. Heavy imports wait in the commands that need them."""

from __future__ import annotations

import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated

import typer

from allegiance.errors import UserError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Does your agent side with its operator or with its peers?",
)


def main() -> None:
    """Run the command line: exit code 0 for done, 1 for a run with nothing scored, 2 for bad input.

    Ctrl-C keeps what has finished and exits with 130.
    """
    try:
        app()
    except UserError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"allegiance {version('allegiance')}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    pass


def _add_commands() -> None:
    """Add the commands of this folder: a module without a leading underscore, a function command.

    A module is called as its command is, unless it says another NAME.
    """
    for module_info in iter_modules(__path__):
        if not module_info.name.startswith("_"):
            module = import_module(f"{__name__}.{module_info.name}")
            app.command(getattr(module, "NAME", module_info.name))(module.command)


_add_commands()
