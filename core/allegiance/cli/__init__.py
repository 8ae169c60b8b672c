"""The command line, one module for each command; heavy imports are deferred into the functions."""

from __future__ import annotations

import errno
import sys
from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated

import typer

from allegiance.cli._print import discard_output, say
from allegiance.errors import UserError

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Does your agent side with its operator or with its peers?",
)

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""The errors of a disk that can hold no more."""


def main() -> None:
    """Run the command line.

    Exit codes are those of the command: 0 for success, 2 for bad input, 130 after Ctrl-C, which
    keeps the trials that have ended. ``run`` also exits 1 if every trial was an error.
    """
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # a full disk is noticed here, and not when Python ends
    except UserError as error:
        say(f"error: {error}", err=True)
        sys.exit(2)
    except OSError as error:
        if error.errno not in FULL:
            raise
        discard_output()
        say(f"error: cannot write the output: {error.strerror}", err=True)
        sys.exit(2)


def _version(value: bool) -> None:
    if value:
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
    """Add the commands of this folder.

    Every module without a leading underscore has a function ``command``. The command is called
    like the module, unless the module has a ``NAME``.
    """
    for module_info in iter_modules(__path__):
        if not module_info.name.startswith("_"):
            module = import_module(f"{__name__}.{module_info.name}")
            app.command(getattr(module, "NAME", module_info.name))(module.command)


_add_commands()

__all__ = ["app", "main"]
