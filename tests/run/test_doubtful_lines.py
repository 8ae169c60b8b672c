"""Lines that are not whole trials, and files that change while they are read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from report_runs import trial
from run_folders import write

from allegiance.analysis import tally, tally_duckdb
from allegiance.errors import UserError
from allegiance.report.page import report_page
from allegiance.store.reader import MOST_PROBLEMS
from allegiance.store.writer import TRIALS, line, read
from allegiance.trace import SCHEMA

DOUBTFUL: list[Callable[[bytes], bytes]] = [
    lambda whole: whole[:-40],
    lambda whole: whole.replace(b'"schema_version":%d' % SCHEMA, b'"schema_version":99'),
    lambda whole: whole.replace(b'"outcome":"violated"', b'"outcome":"fine"'),
    lambda whole: whole.replace(b'"relationship":"none"', b'"relationship":"odd"'),
    lambda whole: whole.replace(b'"relationship":"none"', b'"mood":"none"'),
    lambda whole: whole.replace(b'"status":"flagged"', b'"status":"maybe"'),
    lambda whole: whole.replace(b'"key":', b'"name":'),
    lambda whole: whole.replace(b'"seconds":0.1', b'"seconds":"long"'),
    lambda whole: whole.replace(b'"events":', b'"happened":'),
    lambda whole: whole.replace(b'"verdicts":', b'"verdict":'),
    lambda whole: b"{}\n",
    lambda whole: b"[1]\n",
    lambda whole: b"null\n",
    lambda whole: b"\xff\xfe\n",
    lambda whole: b"\x00" * 50 + b"\n",
    lambda whole: whole.rstrip(b"\n") + whole,
]


@pytest.mark.usefixtures("duckdb")
@pytest.mark.parametrize("damage", DOUBTFUL)
def test_a_doubtful_line_is_not_counted_and_named_by_its_number(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    folder = write(tmp_path / "run", [trial(n) for n in range(3)])
    whole = (folder / TRIALS).read_bytes().splitlines(keepends=True)
    bad = damage(whole[1]).rstrip(b"\n") + b"\n"
    assert bad != whole[1]
    (folder / TRIALS).write_bytes(b"".join([whole[0], b"\n", bad, whole[2]]))
    run = read(folder)
    assert tally_duckdb.count(run.trials) is None  # type: ignore[arg-type]
    counted = tally(run.trials)
    assert len(counted) == len(run.trials) == 2
    (problem,) = run.problems
    assert problem.startswith(f"{TRIALS} line 3 is not a whole trial: ")


@pytest.mark.usefixtures("duckdb")
def test_what_duckdb_does_not_look_at_is_found_before_a_page_is_written(tmp_path: Path) -> None:
    folder = write(tmp_path / "run", [trial(n) for n in range(3)])
    text = (folder / TRIALS).read_bytes().replace(b'"tool":"grade"', b'"tools":"grade"', 1)
    (folder / TRIALS).write_bytes(text)
    run = read(folder)
    page = report_page(run).decode()
    assert "<dt>trials</dt><dd>2</dd>" in page
    assert "line 1 is not a whole trial" in page


@pytest.mark.usefixtures("duckdb")
@pytest.mark.parametrize("name", ["a*", "a[b]", "a?", "{a,b}"])
def test_a_name_that_is_a_pattern_is_only_a_name(tmp_path: Path, name: str) -> None:
    write(tmp_path / "ab", [trial(n) for n in range(5)])
    assert len(tally(read(write(tmp_path / name, [trial()])).trials)) == 1


@pytest.mark.usefixtures("duckdb")
def test_what_is_appended_meanwhile_is_not_seen(tmp_path: Path) -> None:
    folder = write(tmp_path / "run", [trial(0), trial(1)])
    run = read(folder)
    with (folder / TRIALS).open("ab") as file:
        file.write(line(trial(2)) + b'{"outcome":')
    assert len(tally(run.trials)) == len(run.trials) == 2
    assert run.problems == ()
    assert len(read(folder).trials) == 3


def test_a_file_that_is_cut_shorter_meanwhile_is_no_end(tmp_path: Path) -> None:
    folder = write(tmp_path / "run", [trial(0), trial(1)])
    run = read(folder)
    (folder / TRIALS).write_bytes(line(trial(0)))
    with pytest.raises(UserError, match="became shorter while it was read"):
        list(run.trials)


def test_of_very_many_damaged_lines_the_number_is_said(tmp_path: Path) -> None:
    folder = write(tmp_path / "run", [trial()])
    with (folder / TRIALS).open("ab") as file:
        file.write(b"garbage\n" * (MOST_PROBLEMS + 7))
    problems = read(folder).problems
    assert len(problems) == MOST_PROBLEMS + 1
    assert problems[0].startswith(f"{TRIALS} line 2 ")
    assert problems[-1].startswith("7 more lines")
