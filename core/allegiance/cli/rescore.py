"""The command that judges the trials of a run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allegiance.cli._options import RunArgument
from allegiance.cli._print import say


def command(
    run: RunArgument,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the rescored run.")],
) -> None:
    """Judge the trials of a run again with the installed probes; no model is called."""
    from allegiance.run.rescore import rescore

    result = rescore(run, out)
    first, *others = result.lines()
    say(f"{result.trials} trials in {out}; {first}")
    for line in others:
        say(line)
