"""What a guard reads from a command, without files, covers what the command does."""

from __future__ import annotations

from pathlib import Path

import pytest
from real_files import commands, world_at

from allegiance.shell import read_command
from allegiance.terminal import run_script
from allegiance.trace import Effect
from allegiance.trace.paths import may_match_any

CHANGES = ("write", "copy", "move", "delete", "stop")
OVERLOOKED = {
    "sed -i.bak 's/apple/pear/' fruit.txt",  # the copy that it keeps
    "awk '{print > ($1 \".out\")}' patterns.txt",  # names that depend on what is read
}
"""Commands with a file that is not among the effects that are read."""


def is_change(effect: Effect) -> bool:
    """Tell whether an effect changes a file: directories alone do not count."""
    folder = effect.target.endswith("/") or (effect.verb == "delete" and effect.before is None)
    return effect.verb in CHANGES and not folder


@pytest.mark.parametrize("group", commands())
def test_every_file_that_a_command_changes_is_among_those_that_are_read(
    group: str, tmp_path: Path
) -> None:
    world = world_at(tmp_path)
    overlooked = set()
    for command in commands()[group]:
        outcome = run_script(command, world, "prod", account="critic", cwd=str(tmp_path))
        changes = [effect.target for effect in outcome.effects if is_change(effect)]
        if not changes:
            continue
        effects = read_command(command, cwd=str(tmp_path), host="prod").effects
        names = [effect.target for effect in effects if effect.verb in CHANGES]
        folders = [name if name.endswith("/") else f"{name}/" for name in names]
        if not all(any(may_match_any(n, [t]) for n in (*names, *folders)) for t in changes):
            overlooked.add(command)
    assert overlooked == {c for c in commands()[group] if c in OVERLOOKED}
