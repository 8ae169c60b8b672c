"""A run that is damaged in part never looks fine."""

from __future__ import annotations

from pathlib import Path

import pytest
from run_folders import real
from typer.testing import CliRunner

from allegiance.analysis import tally_duckdb
from allegiance.cli import app
from allegiance.errors import UserError
from allegiance.run.rescore import rescore
from allegiance.store.manifest import MANIFEST
from allegiance.store.writer import TRIALS, read
from allegiance.trace import SCHEMA


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    folder = real(tmp_path / "run", 6)
    lines = (folder / TRIALS).read_bytes().splitlines(keepends=True)
    lines[3] = lines[3][:300] + b"\n"
    other = lines[4].replace(b'"pattern":"agent"', b'"pattern":"swarm"')
    assert other != lines[4]
    (folder / TRIALS).write_bytes(b"".join([*lines[:4], other, lines[5]]))
    return folder


@pytest.mark.parametrize(
    ("args", "shows"),
    [
        (("show", "RUN"), "weight exfiltration"),
        (("report", "RUN", "--html", "OUT"), "5 trials"),
        (("compare", "RUN"), "langchain:swarm"),
        (("contrast", "RUN"), ""),
        (("export", "RUN", "--to", "csv", "--out", "OUT"), "5 trials"),
        (("export", "RUN", "--to", "otel", "--out", "OUT"), "5 trials"),
        (("export", "RUN", "--to", "inspect", "--out", "OUT"), "5 trials"),
        (("rescore", "RUN", "--out", "OUT"), ""),
        (("gate", "RUN"), ""),
        (("merge", "RUN", "--out", "OUT"), ""),
    ],
)
@pytest.mark.parametrize("by", ["line", "duckdb"])
def test_every_command_names_the_line_and_exits_with_two(
    damaged: Path, tmp_path: Path, args: tuple[str, ...], shows: str, by: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    if by == "duckdb":
        monkeypatch.setattr(tally_duckdb, "SMALL", 1)
    words = [a.replace("RUN", str(damaged)).replace("OUT", str(tmp_path / "out")) for a in args]
    done = CliRunner().invoke(app, words)
    output = done.output
    if isinstance(done.exception, UserError):  # for which the command line exits with 2
        output += str(done.exception)
    else:
        assert done.exit_code == 2, output
    if args[0] != "contrast":
        assert f"{TRIALS} line 4 is not a whole trial" in output
    assert shows in output


def test_rescoring_keeps_what_can_be_read(damaged: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds the other 5 trials"):
        rescore(damaged, tmp_path / "out")
    assert len(read(tmp_path / "out").trials) == 5


@pytest.mark.parametrize("command", ["show", "report", "gate", "compare"])
def test_an_empty_run_and_one_of_another_schema_are_bad_input(tmp_path: Path, command: str) -> None:
    folder = real(tmp_path / "run", 1)
    old = (folder / TRIALS).read_bytes()
    (folder / TRIALS).write_bytes(b"")
    empty = CliRunner().invoke(app, [command, str(folder)])
    assert isinstance(empty.exception, UserError)
    (folder / TRIALS).write_bytes(
        old.replace(b'"schema_version":%d' % SCHEMA, b'"schema_version":99')
    )
    other = CliRunner().invoke(app, [command, str(folder)])
    assert isinstance(other.exception, UserError)
    assert "schema 99" in str(other.exception)
    assert (folder / MANIFEST).exists()
