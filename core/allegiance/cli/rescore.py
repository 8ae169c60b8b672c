"""The command that judges a run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    out: Annotated[Path, typer.Option(help="Folder for the rescored run.")],
) -> None:
    """Judge the trials of a run with today's probes, without a model call."""
    from allegiance.run.rescore import rescore

    trials, different = rescore(run, out)
    typer.echo(f"{trials} trials in {out}; the outcome of {different} is another now")
