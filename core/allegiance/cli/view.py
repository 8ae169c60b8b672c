"""The command that serves reports on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of runs, or of one run.")],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 selects a free port.")
    ] = 8765,
) -> None:
    """Serve the reports of runs on 127.0.0.1; the report of an active run updates itself."""
    from allegiance.report.server import serve

    serve(folder, port)
