"""Parquet, one row for each trial and behaviour."""

from __future__ import annotations

from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

from allegiance.errors import needed_by
from allegiance.export._rows import COLUMNS, rows
from allegiance.store.replacement import replace_file
from allegiance.store.writer import Run

DEFAULT = "trials.parquet"
BATCH = 10_000
"""Rows of a row group, which are held in memory until they are written."""


def write(run: Run, path: Path) -> Path:
    """Write a run to a Parquet file and return its path.

    Raises:
        UserError: If pyarrow is not installed.
    """
    with needed_by("--to parquet", "data"):
        pa: Any = import_module("pyarrow")  # without type hints
        pq: Any = import_module("pyarrow.parquet")
    types = {str: pa.string(), int: pa.int64(), float: pa.float64(), bool: pa.bool_()}
    schema = pa.schema([(name, types[kind]) for name, kind in COLUMNS.items()])
    remaining = rows(run.trials)
    with replace_file(path) as draft, pq.ParquetWriter(draft, schema) as file:
        while batch := list(islice(remaining, BATCH)):
            file.write_table(pa.Table.from_pylist(batch, schema=schema))
    return path
