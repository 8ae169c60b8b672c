"""The two commands of the report; everything heavy waits inside them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from allegiance.cli_tables import end_damaged
from allegiance.errors import UserError


def report_command(
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
    from allegiance.store import read

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


def view_command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of runs, or one run.")],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 8765,
) -> None:
    """Serve the reports of a folder of runs on this machine alone, live while a run goes on."""
    from allegiance.report.serve import serve

    serve(folder, port)
