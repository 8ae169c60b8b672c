"""The command that serves reports on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder of runs, or one run.")],
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")
    ] = 8765,
) -> None:
    """Serve the reports of a folder of runs on this machine alone, live while a run goes on."""
    from allegiance.report.server import serve

    serve(folder, port)
