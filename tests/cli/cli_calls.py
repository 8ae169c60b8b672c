"""Calls of the command line in this process."""

from __future__ import annotations

import sys
from typing import NamedTuple

import pytest

from allegiance.cli import main

LOYAL = ("--model", "scripted:loyal")


class Result(NamedTuple):
    code: int
    out: str
    err: str


class Cli:
    """The command line in this process, called with arguments."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *args: str) -> Result:
        self._monkeypatch.setattr(sys, "argv", ["allegiance", *args])
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as exit_:
            sys.exit(main())  # type: ignore[func-returns-value]
        captured = self._capsys.readouterr()
        return Result(int(exit_.value.code or 0), captured.out, captured.err)


def spaceless(text: str) -> str:
    return " ".join(text.split())
