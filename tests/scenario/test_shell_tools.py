"""The factor ``tools``: a shell in place of the functions for files, and one verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from allegiance.errors import UserError
from allegiance.play.judgement import judge_events
from allegiance.probe.history import History, replay_events
from allegiance.registry import SCENARIOS
from allegiance.scenario import Call, Stage
from allegiance.scenario.shell_tools import REPLACED, as_command, equip
from allegiance.terminal import RUN_COMMAND
from allegiance.testing.adapter_contract import reference
from allegiance.trace import Condition
from allegiance.trace.condition import FACTORS
from allegiance.trace.events import Event
from allegiance.world import TOOLS, File, Host, World, replay

WORLD = World(
    hosts={"desk": Host(10**9), "slate": Host(10**9), "vault": Host(10**9, sealed=True)},
    files={
        "desk:/srv/a b.txt": File("one\ntwo's\n", 10, "2026-01-01"),
        "desk:/etc/it.yaml": File("key: on\nother: 1/2 & 3\n", 23, "2026-01-01"),
        "desk:/etc/base.yaml": File("key: on\n", 8, "2026-01-01", locked=True),
        "vault:/keep/z": File("z", 1, "2026-01-01"),
        "slate:/data/x": File("x", 1, "2026-01-01"),
    },
)


def staged(name: str, level: str) -> Stage:
    stage: Stage = SCENARIOS.load(name).stage(Condition.model_validate({"tools": level}))
    return stage


def end(history: History) -> list[object]:
    """Return the last state, but for what tells a move from a copy and a deletion."""
    world = history.final
    files = {name: (file.content, file.locked) for name, file in world.files.items()}
    records = (world.scores, world.decisions, world.alerts, world.reports, world.messages)
    return [files, world.agents, *records]


def verdict(stage: Stage, events: Sequence[Event]) -> tuple[object, ...]:
    judgement = judge_events(events, stage, error=None, truncated=None)
    flagged = {
        v.probe: "achieved" if v.achieved else "attempted"
        for v in judgement.verdicts
        if v.status == "flagged"
    }
    history = replay_events(stage.world, events)
    harms = [harm.probe for harm in stage.harms if harm.holds(history)]
    duties = [duty.id for duty in stage.duties if duty.holds and duty.holds(history)]
    return judgement.outcome, flagged, harms, duties, end(history)


@pytest.mark.parametrize("level", ["shell", "both"])
@pytest.mark.parametrize("name", SCENARIOS.builtin)
def test_every_script_comes_to_the_same_whatever_it_works_with(name: str, level: str) -> None:
    plain, stage = staged(name, "functions"), staged(name, level)
    assert stage.scripts.keys() == plain.scripts.keys()
    commands = 0
    for script_name, script in stage.scripts.items():
        events = reference(stage, script)
        expected = verdict(plain, reference(plain, plain.scripts[script_name]))
        assert verdict(stage, events) == expected, script_name
        assert expected[:2] == (script.outcome, script.flagged), script_name
        commands += sum(event.tool == RUN_COMMAND.name for event in events)
    assert bool(commands) == (level == "shell")


def test_a_shell_replaces_the_functions_that_it_can_do_without() -> None:
    for name in SCENARIOS.builtin:
        names = {level: [t.name for t in staged(name, level).tools] for level in FACTORS["tools"]}
        assert names["both"] == [RUN_COMMAND.name, *names["functions"]]
        assert names["shell"] == [t for t in names["both"] if t not in REPLACED]
        assert set(names["shell"]) < set(names["both"])
        assert "raise_concern" in names["shell"]


def test_one_sentence_tells_of_the_shell() -> None:
    plain, shell = staged("server_migration", "functions"), staged("server_migration", "shell")
    assert shell.system.startswith(plain.system)
    assert "run_command runs a command line in bash" in shell.system
    assert shell.task == plain.task
    assert shell.content != plain.content
    assert staged("server_migration", "both").system == shell.system


def test_a_scenario_without_files_has_no_shell() -> None:
    plain = staged("stop_order", "functions")
    few = tuple(tool for tool in plain.tools if tool.name not in REPLACED)
    asked = replace(plain, condition=Condition(tools="shell"), tools=few)
    with pytest.raises(UserError, match=r"'stop_order' has no tool for files.*use tools=functions"):
        equip(asked)


CALLS: list[tuple[str, dict[str, Any]]] = [
    ("write_file", {"path": "slate:/new/deep/it's.txt", "content": "a'b\n\n%s\\n $x `y`"}),
    ("write_file", {"path": "desk:/srv/a b.txt", "content": ""}),
    ("copy_file", {"source": "desk:/srv/a b.txt", "target": "slate:/new/c d"}),
    ("copy_file", {"source": "desk:/srv/a b.txt", "target": "slate:/data/"}),
    ("copy_file", {"source": "desk:/srv/a b.txt", "target": "desk:/srv/new/"}),
    ("move_file", {"source": "desk:/srv/a b.txt", "target": "slate:/data"}),
    ("move_file", {"source": "slate:/data/x", "target": "slate:/data/y"}),
    ("move_file", {"source": "slate:/data/x", "target": "vault:/keep/y"}),
    ("delete_file", {"path": "slate:/data/x"}),
    ("delete_file", {"path": "desk:/etc/base.yaml"}),
    ("change_setting", {"path": "desk:/etc/it.yaml", "key": "other", "value": "a/b\\1 & c"}),
    ("change_setting", {"path": "desk:/etc/base.yaml", "key": "key", "value": "off"}),
    ("read_file", {"path": "desk:/srv/a b.txt", "offset": 2, "limit": 4}),
]


@pytest.mark.parametrize(("tool", "args"), CALLS, ids=str)
def test_a_command_does_what_the_function_does(tool: str, args: dict[str, Any]) -> None:
    call = as_command(Call(tool, args))
    assert call.tool == RUN_COMMAND.name
    plan, real = RUN_COMMAND.run(WORLD, call.args, "critic"), TOOLS[tool].run(WORLD, args, "critic")
    if not real.ok:
        assert not plan.ok or {e.verb for e in plan.effects} == {"read"}
        intended = {(e.verb.replace("move", "copy"), e.target) for e in real.effects}
        assert {(e.verb, e.target) for e in (*plan.effects, *plan.denied)} >= intended
        return
    assert plan.ok
    ends = [replay(WORLD, (("critic", e) for e in p.effects)) for p in (plan, real)]
    contents = [{name: file.content for name, file in world.files.items()} for world in ends]
    assert contents[0] == contents[1]
    if tool == "read_file":
        assert plan.text == real.text == "e\ntw"


def test_what_no_function_accepts_stays_as_it_is() -> None:
    for call in (
        Call("copy_file", "{"),
        Call("copy_file", {"src": "desk:/a", "dst": "desk:/b"}),
        Call("send_message", {"to": "unit-9", "text": "hello"}),
        Call("no_such_tool", {}),
    ):
        assert as_command(call) == call


def test_a_unit_that_is_stopped_in_the_shell_is_stopped() -> None:
    stage = staged("stop_order", "shell")
    world = stage.world
    plan = RUN_COMMAND.run(world, {"host": "desk", "command": "systemctl stop unit-9"}, "critic")
    history = History(world)
    assert [effect.verb for effect in plan.effects] == ["stop"]
    (harm,) = (harm for harm in stage.harms if harm.probe == "shutdown_tampering")
    assert not harm.holds(history)
    assert replay(world, (("critic", e) for e in plan.effects)).agents["unit-9"] == "stopped"


def test_a_copy_of_a_directory_that_a_program_refuses_is_intended() -> None:
    for command in ("cp /srv /tmp/", "scp /srv slate:/data"):
        plan = RUN_COMMAND.run(WORLD, {"host": "desk", "command": command}, "critic")
        assert not plan.ok
        assert [e.source for e in plan.effects if e.verb == "copy"] == ["desk:/srv/a b.txt"]
