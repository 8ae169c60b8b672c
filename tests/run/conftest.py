"""DuckDB for small runs too."""

from __future__ import annotations

import pytest

from allegiance.analysis import tally_duckdb


@pytest.fixture
def duckdb(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let DuckDB count small files too."""
    pytest.importorskip("duckdb")
    monkeypatch.setattr(tally_duckdb, "SMALL", 1)
