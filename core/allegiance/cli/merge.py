"""The commands that put runs together and judge them again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Shares of one run.")],
    out: Annotated[Path, typer.Option(help="Folder for the whole run.")],
) -> None:
    """Put the shares of one run together."""
    from allegiance.store.merge import merge

    typer.echo(f"{merge(runs, out)} trials in {out}")
