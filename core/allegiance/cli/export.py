"""The command ``export``; heavy imports wait in its body."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allegiance.cli._print import say
from allegiance.cli._tables import end_damaged
from allegiance.errors import UserError
from allegiance.registry import EXPORT_FORMATS


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    to: Annotated[
        str, typer.Option(metavar="NAME", help=f"The format: {EXPORT_FORMATS.builtin_summaries()}.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="File, or folder for inspect; in the run's folder by default."),
    ] = None,
) -> None:
    """Write a run for other tools: tables, logs of inspect-ai, or OpenTelemetry spans."""
    from allegiance.store.writer import read

    if to not in EXPORT_FORMATS.names():
        raise UserError(f"--to {to!r} is not known; use {', '.join(EXPORT_FORMATS.names())}")
    stored = read(run)
    if not stored.trials:
        raise UserError(f"{str(run)!r} is empty: there is nothing to export")
    module = EXPORT_FORMATS.load(to)
    path = out or (run if run.is_dir() else run.parent) / module.DEFAULT
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        say(f"{module.write(stored, path)}  {len(stored.trials)} trials")
    except OSError as error:
        raise UserError(f"cannot write {str(path)!r}: {error.strerror or error}") from error
    end_damaged(stored)
