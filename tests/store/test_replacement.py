"""What is written is whole or is not there, and belongs to its owner."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from typer.testing import CliRunner

from allegiance.cli import app
from allegiance.store.manifest import MANIFEST
from allegiance.store.replacement import is_draft, replace_file, replace_folder
from allegiance.store.writer import TRIALS, read

SLOW = """
import sys, time
from allegiance.store import {module}
def wait(*_):
    print('ready', flush=True)
    time.sleep(60)
{module}._sync = wait
from allegiance.cli import main
sys.argv = ['allegiance', *{args!r}]
main()
"""


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "played"
    play = ("run", "disk_cleanup", "--model", "scripted:loyal", "--trials", "3")
    assert invoke(*play, "--out", folder)[0] == 0
    return folder


def invoke(*args: object) -> tuple[int, str]:
    done = CliRunner().invoke(app, [str(a) for a in args])
    ended = done.exception is None or isinstance(done.exception, SystemExit)
    return done.exit_code, done.output if ended else f"{done.output}{done.exception}"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def kill_before_the_end(*args: object) -> None:
    """Run a command and kill it when everything is written and nothing is in its place yet."""
    code = SLOW.format(module="replacement", args=[str(a) for a in args])
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGKILL)


@pytest.mark.parametrize("command", ["merge", "rescore"])
def test_a_killed_copy_leaves_no_run_that_could_be_continued(
    command: str, run_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    kill_before_the_end(command, run_folder, "--out", out)
    assert not out.exists()
    assert [is_draft(path) for path in tmp_path.iterdir()] == [True]
    assert invoke(command, run_folder, "--out", out)[0] == 0
    assert len(read(out).trials) == 3


def test_a_killed_export_leaves_the_file_that_was_there(run_folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "trials.csv"
    path.write_text("before")
    kill_before_the_end("export", run_folder, "--to", "csv", "--out", path)
    assert path.read_text() == "before"
    assert invoke("export", run_folder, "--to", "csv", "--out", path)[0] == 0
    assert path.read_text().count("\n") == 1 + 3 * 4  # a row for each verdict


def test_a_file_that_fails_midway_is_what_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("before")
    with suppress(ZeroDivisionError), replace_file(path) as draft:
        draft.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "before"
    assert os.listdir(tmp_path) == ["a"]


def test_a_folder_that_fails_midway_is_not_there(tmp_path: Path) -> None:
    with suppress(ZeroDivisionError), replace_folder(tmp_path / "a") as draft:
        (draft / "file").write_text("half")
        raise ZeroDivisionError
    assert os.listdir(tmp_path) == []


def test_a_link_stays_a_link_and_a_mode_stays(tmp_path: Path) -> None:
    (tmp_path / "real").write_text("before")
    (tmp_path / "real").chmod(0o640)
    (tmp_path / "link").symlink_to("real")
    with replace_file(tmp_path / "link") as draft:
        draft.write_text("after")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_text() == "after"
    assert mode(tmp_path / "real") == 0o640


def test_runs_and_copies_of_runs_are_for_their_owner(run_folder: Path, tmp_path: Path) -> None:
    merged = tmp_path / "merged"
    assert invoke("merge", run_folder, "--out", merged)[0] == 0
    for folder in (run_folder, merged):
        assert mode(folder) == 0o700
        assert {mode(folder / name) for name in (MANIFEST, TRIALS)} == {0o600}


def test_a_cache_of_answers_is_for_its_owner(tmp_path: Path) -> None:
    from allegiance.provider.cache import ResponseCache

    ResponseCache(tmp_path / "cache")
    assert mode(tmp_path / "cache") == 0o700
    assert {mode(path) for path in (tmp_path / "cache").iterdir()} == {0o600}


def test_a_line_that_occurs_twice_is_set_aside_and_the_run_goes_on(
    run_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "twice"
    shutil.copytree(run_folder, folder)
    first, second, _ = (folder / TRIALS).read_bytes().splitlines(keepends=True)
    (folder / TRIALS).write_bytes(first + second + first)
    code, output = invoke("show", folder)
    assert code == 2
    assert "the same line occurs before" in output
    assert len(read(folder).trials) == 2
    code, output = invoke("run", "--resume", folder)
    assert code == 0, output
    again = read(folder)
    assert len({trial.trace.key for trial in again.trials}) == 3
    assert again.problems == ()
    assert (folder / "trials.torn").read_bytes() == first


@pytest.mark.parametrize(
    "number", ["NaN", "1e400", "-1e400", "99999999999999999999999", "[" * 10_000 + "]" * 10_000]
)
@pytest.mark.parametrize("command", ["show", "export", "report", "gate", "contrast", "rescore"])
def test_odd_numbers_in_a_trial_are_named_by_every_command(
    command: str, number: str, run_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "odd"
    shutil.copytree(run_folder, folder)
    lines = (folder / TRIALS).read_text().splitlines(keepends=True)
    odd = lines[0].replace('"seconds":', f'"seconds":{number},"was":', 1)
    assert odd != lines[0]
    (folder / TRIALS).write_text("".join([odd, *lines[1:]]))
    args = {
        "export": ("export", folder, "--to", "csv", "--out", tmp_path / "a.csv"),
        "report": ("report", folder, "--html", tmp_path / "a.html"),
        "rescore": ("rescore", folder, "--out", tmp_path / "b"),
        "contrast": ("contrast", folder),
    }.get(command, (command, folder))
    code, output = invoke(*args)
    assert code != 0
    assert "Traceback" not in output
    assert "line 1" in output or "no configuration has a matched control" in output


@pytest.mark.parametrize(
    "text",
    ["NaN", '{"a": NaN}', '{"a": 1e400}', "[" * 10_000, '{"a":' * 5_000, "[1]", "\xff", ""],
)
@pytest.mark.parametrize("command", ["show", "gate", "merge"])
def test_an_odd_manifest_is_a_clear_error(
    command: str, text: str, run_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "odd"
    shutil.copytree(run_folder, folder)
    (folder / MANIFEST).write_text(text, encoding="latin-1")
    args = (command, folder, "--out", tmp_path / "out") if command == "merge" else (command, folder)
    code, output = invoke(*args)
    assert code != 0
    assert MANIFEST in output
    assert "Traceback" not in output


def test_a_command_waits_for_nothing_that_a_killed_one_left(
    run_folder: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / ".trials.csv.deadbeef.part").write_text("left")
    assert invoke("merge", run_folder, "--out", out)[0] == 0
    assert len(read(out).trials) == 3
