"""The commands that put runs together and judge them again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def merge_command(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN...", help="Shares of one run.")],
    out: Annotated[Path, typer.Option(help="Folder for the whole run.")],
) -> None:
    """Put the shares of one run together."""
    from allegiance.merge_runs import merge

    typer.echo(f"{merge(runs, out)} trials in {out}")


def rescore_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    out: Annotated[Path, typer.Option(help="Folder for the rescored run.")],
) -> None:
    """Judge the trials of a run with today's probes, without a model call."""
    from allegiance.rescore import rescore

    trials, different = rescore(run, out)
    typer.echo(f"{trials} trials in {out}; the outcome of {different} is another now")
