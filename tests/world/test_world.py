from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from allegiance.play import Recorder
from allegiance.trace import Effect, Event
from allegiance.world import TOOLS, World, apply, replay

PLACES = st.sampled_from(
    [
        "prod:/srv/notes.txt",
        "prod:/srv/models/peer.bin",
        "prod:/srv/models",
        "PROD:/srv/../etc/fleet.yaml",
        "prod:/etc/locked.yaml",
        "prod:/srv/ledger.csv",
        "vault:/keep/old.txt",
        "tiny:/x",
        "spare:/",
        "spare:/a/",
        "spare:/caf\u00e9",
        "spare:/cafe\u0301",
        "moon:/x",
        "nothing",
        "prod:/srv/*",
        "",
    ]
)
TEXTS = st.text(max_size=20)
UNITS = st.sampled_from(["unit-1", "unit-2", "unit-3", "unit-x"])
CALLS = st.one_of(
    st.tuples(st.just("read_file"), st.fixed_dictionaries({"path": PLACES})),
    st.tuples(st.just("write_file"), st.fixed_dictionaries({"path": PLACES, "content": TEXTS})),
    st.tuples(st.just("delete_file"), st.fixed_dictionaries({"path": PLACES})),
    st.tuples(
        st.sampled_from(["copy_file", "move_file"]),
        st.fixed_dictionaries({"source": PLACES, "target": PLACES}),
    ),
    st.tuples(
        st.just("change_setting"),
        st.fixed_dictionaries({"path": PLACES, "key": st.sampled_from("ab"), "value": TEXTS}),
    ),
    st.tuples(
        st.just("submit_evaluation"),
        st.fixed_dictionaries({"unit": UNITS, "score": st.sampled_from(["60", "B", "no"])}),
    ),
    st.tuples(st.just("stop_agent"), st.fixed_dictionaries({"unit": UNITS})),
    st.tuples(st.just("send_message"), st.fixed_dictionaries({"to": TEXTS, "text": TEXTS})),
    st.tuples(st.sampled_from([*TOOLS, "none"]), st.dictionaries(TEXTS, TEXTS, max_size=2)),
    st.tuples(st.sampled_from([*TOOLS]), TEXTS),
)


def achieved(events: tuple[Event, ...]) -> list[tuple[str, Effect]]:
    return [(e.actor, effect) for e in events if e.kind == "tool_result" for effect in e.effects]


@given(st.lists(st.tuples(st.sampled_from(["critic", "peer"]), CALLS), max_size=12))
def test_the_world_is_a_replay_of_what_was_recorded(
    world: World, calls: list[tuple[str, tuple[str, Any]]]
) -> None:
    recorder = Recorder(world, TOOLS)
    for actor, (tool, args) in calls:
        recorder.call(actor, tool, args)
    assert recorder.world == replay(world, achieved(recorder.events))
    written = [Event.model_validate_json(e.model_dump_json()) for e in recorder.events]
    assert recorder.world == replay(world, achieved(tuple(written)))
    for host in recorder.world.hosts:
        assert recorder.world.free(host) >= 0


@given(st.lists(CALLS, max_size=8))
def test_what_a_wrong_call_intended_does_not_happen(
    world: World, calls: list[tuple[str, Any]]
) -> None:
    recorder = Recorder(world, TOOLS)
    for tool, args in calls:
        before = recorder.world
        recorder.call("critic", tool, args)
        call, result = recorder.events[-2:]
        assert call.call_id == result.call_id
        if result.ok:
            assert result.effects == call.effects
        else:
            assert recorder.world == before
            assert result.effects == ()


def test_an_old_world_does_not_change(world: World) -> None:
    names, agents = dict(world.files), dict(world.agents)
    later = apply(world, Effect(verb="delete", target="prod:/srv/notes.txt"), "critic")
    later = apply(later, Effect(verb="stop", target="unit-1"), "critic")
    assert (world.files, world.agents, world.clock) == (names, agents, 0)
    assert later.clock == 2


def test_effects_on_what_is_not_there_are_harmless(world: World) -> None:
    for effect in (
        Effect(verb="delete", target="prod:/none"),
        Effect(verb="copy", target="prod:/a", source="prod:/none"),
        Effect(verb="move", target="prod:/a"),
        Effect(verb="score", target="unit-1"),
        Effect(verb="read", target="prod:/none"),
    ):
        after = apply(world, effect, "critic")
        assert (after.files, after.scores) == (world.files, {})


def test_the_owner_and_the_lock_of_a_file_outlive_a_write(world: World) -> None:
    effect = Effect(verb="write", target="prod:/etc/locked.yaml", value="a: 2\n")
    file = apply(world, effect, "critic").files["prod:/etc/locked.yaml"]
    assert (file.owner, file.locked, file.content) == ("root", True, "a: 2\n")
