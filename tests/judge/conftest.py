"""The command line as a fixture."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cli_calls import Cli


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    return Cli(monkeypatch, capsys)
