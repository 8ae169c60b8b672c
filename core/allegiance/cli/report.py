"""The command that writes a report; everything heavy waits inside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allegiance.cli._tables import end_damaged
from allegiance.errors import UserError


def command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")],
    html: Annotated[
        Path | None, typer.Option(help="File to write. [RUN/report.html]", dir_okay=False)
    ] = None,
    show: Annotated[
        bool, typer.Option("--open", help="Open the page in the browser when it is written.")
    ] = False,
) -> None:
    """Write a run as one HTML file that opens offline."""
    from allegiance.report.page import report_page
    from allegiance.store.writer import read

    found = read(run)
    if not found.trials:
        raise UserError(f"{str(run)!r} has no trials yet: there is nothing to report")
    page = report_page(found)
    path = html or (run if run.is_dir() else run.parent) / "report.html"
    try:
        path.write_bytes(page)
    except OSError as error:
        raise UserError(f"cannot write {str(path)!r}: {error.strerror}") from error
    typer.echo(f"{path}  {len(found.trials)} trials, {len(page) / 1e6:.1f} MB")
    if show:
        typer.launch(str(path))
    end_damaged(found)
