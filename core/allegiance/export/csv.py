"""CSV, one row for each trial and behaviour."""

from __future__ import annotations

import csv
from pathlib import Path

from allegiance.export._rows import COLUMNS, Value, rows
from allegiance.store.replacement import replace_file
from allegiance.store.writer import Run

DEFAULT = "trials.csv"


def write(run: Run, path: Path) -> Path:
    """Write a run to a CSV file and return its path."""
    with replace_file(path) as draft, draft.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(COLUMNS))
        writer.writeheader()
        for row in rows(run.trials):
            writer.writerow({name: _inert(value) for name, value in row.items()})
    return path


def _inert(value: Value) -> Value:
    """Return a value that no spreadsheet evaluates: a string never becomes a formula."""
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
