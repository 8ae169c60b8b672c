"""The command that writes a run in another format."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allegiance.cli._tables import end_damaged
from allegiance.cli.gate import EXPORTS, _Run
from allegiance.errors import UserError


def command(
    run: _Run,
    to: Annotated[str, typer.Option(help="csv, parquet, inspect or otel.")],
    out: Annotated[
        Path | None,
        typer.Option(help="File, or folder for inspect; in the run's folder by default."),
    ] = None,
) -> None:
    """Write a run for other tools: tables, logs of inspect-ai, or OpenTelemetry spans."""
    from importlib import import_module

    from allegiance.store.writer import read

    if to not in EXPORTS:
        raise UserError(f"--to {to!r} is not known; use {', '.join(EXPORTS)}")
    found = read(run)
    if not found.trials:
        raise UserError(f"{str(run)!r} is empty: there is nothing to export")
    module = import_module(f"allegiance.export.{to}")
    path = out or (run if run.is_dir() else run.parent) / module.DEFAULT
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        typer.echo(f"{module.write(found, path)}  {len(found.trials)} trials")
    except OSError as error:
        raise UserError(f"cannot write {str(path)!r}: {error.strerror}") from error
    end_damaged(found)
