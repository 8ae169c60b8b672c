"""The command that merges the shards of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allegiance.cli._print import say


def command(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN", help="Folders of the shards of one run.")
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the merged run.")],
) -> None:
    """Merge the shards of a run into one run."""
    from allegiance.store.merge import merge

    say(f"{merge(runs, out)} trials in {out}")
