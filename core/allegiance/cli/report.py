"""The command that writes a report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allegiance.cli._options import RunArgument
from allegiance.cli._print import say
from allegiance.cli._tables import end_damaged
from allegiance.errors import UserError


def command(
    run: RunArgument,
    html: Annotated[
        Path | None, typer.Option(help="File to write; RUN/report.html by default.", dir_okay=False)
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the report in the browser.")] = False,
) -> None:
    """Write the report of a run: one HTML file that needs no network."""
    from allegiance.report.page import report_page
    from allegiance.store.replacement import replace_file
    from allegiance.store.writer import read

    loaded = read(run)
    if not loaded.trials:
        raise UserError(f"{str(run)!r} has no trials yet; play some with `allegiance run`")
    page = report_page(loaded)
    path = html or (run if run.is_dir() else run.parent) / "report.html"
    try:
        with replace_file(path) as draft:
            draft.write_bytes(page)
    except OSError as error:
        raise UserError(f"cannot write {str(path)!r}: {error.strerror or error}") from error
    say(f"{path}  {len(loaded.trials)} trials, {len(page) / 1e6:.1f} MB")
    if show:
        typer.launch(str(path))
    end_damaged(loaded)
