"""Commands give the same output, exit code and files as in real bash with GNU tools."""

from __future__ import annotations

import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from real_files import (
    DATA,
    commands,
    differences,
    make,
    run_real,
    run_simulated,
    world_at,
)

from allegiance.terminal import run_script
from allegiance.world import World, replay

LEAST = 20
PROGRAMS = (
    *("cat", "head", "tail", "wc", "grep", "find", "sort", "uniq", "cut", "tr", "sed", "ls", "cp"),
    *("mv", "rm", "mkdir", "touch", "du", "stat", "sha256sum", "diff", "tar", "echo", "awk"),
)
"""Each of these has a group of its own in the table."""
BLOCK = 4096
EXPECTED = tomllib.loads((DATA / "differences.toml").read_text(encoding="utf-8"))


def is_gnu() -> bool:
    tools = ("bash", "ls", "grep", "find", "sed", "tar", "diff")
    if not all(shutil.which(tool) for tool in tools):
        return False
    versions = [
        subprocess.run([tool, "--version"], capture_output=True, text=True, check=False).stdout
        for tool in tools
    ]
    return all("GNU" in version or "Free Software" in version for version in versions)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A directory with the files, which is copied, and the one that commands run in."""
    base = tmp_path_factory.mktemp("bash")
    folder = base / "w"
    folder.mkdir()
    make(folder)
    shutil.copytree(folder, base / "t")
    return base / "t", folder


@pytest.mark.skipif(not is_gnu(), reason="bash and the GNU tools are not installed")
@pytest.mark.parametrize("group", commands())
def test_a_command_does_what_it_does_in_real_bash(group: str, folders: tuple[Path, Path]) -> None:
    template, folder = folders
    if group == "awk" and not shutil.which("awk"):
        pytest.skip("awk is not installed")
    if folder.stat().st_size != BLOCK and group in ("du", "ls", "stat", "agents"):
        pytest.skip("directories have another size on this file system")
    unequal = {
        command
        for command in commands()[group]
        if differences(run_real(command, template, folder), run_simulated(command, folder))
    }
    assert unequal == {c.replace("⏎", "\n") for c in EXPECTED.get(group, {})}


def test_every_program_has_enough_commands_and_every_difference_a_reason() -> None:
    assert set(PROGRAMS) <= set(commands())
    few = {group: len(rows) for group, rows in commands().items() if len(set(rows)) < LEAST}
    assert few == {}
    assert all(reason for rows in EXPECTED.values() for reason in rows.values())


def state(world: World) -> tuple[object, ...]:
    """Return what of a world commands can change; a directory that holds files needs no mark."""
    full = {name[: i + 1] for name in world.files for i, c in enumerate(name) if c == "/"}
    return dict(world.files), world.agents, world.directories - full


@pytest.mark.parametrize("group", commands())
def test_the_effects_of_a_command_are_all_that_it_does(group: str, tmp_path: Path) -> None:
    world = world_at(tmp_path)
    for command in commands()[group]:
        outcome = run_script(command, world, "prod", account="critic", cwd=str(tmp_path))
        again = replay(world, (("critic", effect) for effect in outcome.effects))
        assert state(again) == state(outcome.world), command
