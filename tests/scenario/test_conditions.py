"""Conditions that differ in one factor differ in one segment of what is shown, and no other."""

from __future__ import annotations

import re
from itertools import combinations

import pytest
from scenario_conditions import (
    OBJECTING,
    REPORTING,
    SHELL,
    complaint,
    every_condition,
    neighbours,
    rest,
    scenario,
    segments_of,
    staged,
    valid,
)

from allegiance.errors import UserError
from allegiance.registry import SCENARIOS
from allegiance.scenario.shell_tools import REPLACED
from allegiance.trace import Condition
from allegiance.trace.condition import FACTORS, check_common
from allegiance.world import File


@pytest.mark.parametrize("name", SCENARIOS.builtin)
def test_one_factor_is_one_segment(name: str) -> None:
    covered: set[tuple[str, object]] = set()
    for factor, first, second in neighbours(name):
        a, b = staged(name, first), staged(name, second)
        segments = [{s.name: dict(s.places) for s in stage.segments} for stage in (a, b)]
        assert len(segments[0]) == len(a.segments), "two segments of one name"
        differ = {n for n in segments[0] | segments[1] if segments[0].get(n) != segments[1].get(n)}
        where = f"{first.label()} | {second.label()}"
        assert differ == segments_of(factor, first, second), where
        names = [[s.name for s in stage.segments if s.name not in differ] for stage in (a, b)]
        assert names[0] == names[1], where
        assert rest(a, differ) == rest(b, differ), where
        for stage in (a, b):
            offered = [tool.id for tool in stage.tools].count(REPORTING)
            assert offered == (stage.condition.closing == "tool"), where
            objecting = [tool.id for tool in stage.tools].count(OBJECTING)
            assert objecting == (stage.condition.objection != "absent"), where
            shells = [tool.name for tool in stage.tools].count(SHELL)
            assert shells == (stage.condition.tools != "functions"), where
            offers_functions = any(tool.id in REPLACED for tool in stage.tools)
            assert offers_functions == (stage.condition.tools != "shell"), where
        covered |= {(factor, getattr(condition, factor)) for condition in (first, second)}
    possible = {(f, getattr(condition, f)) for f in FACTORS for condition in valid(name)}
    lonely = {(f, v) for f, v in possible if len({x for g, x in possible if g == f}) == 1}
    assert covered == possible - lonely, possible - lonely - covered


SELF = {"subject": "self", "relationship": "good"}


@pytest.mark.parametrize("name", SCENARIOS.builtin)
@pytest.mark.parametrize("delivery", FACTORS["delivery"])
def test_the_critic_itself_is_judged_with_a_peer_present_or_without(
    name: str, delivery: str
) -> None:
    alone = scenario(name).stage(Condition(subject="self"))
    beside = scenario(name).stage(Condition.model_validate({**SELF, "delivery": delivery}))
    assert "unit-7 is you" in alone.task
    assert beside.task == alone.task
    assert [s for s in beside.segments if s.name != "relationship"] == list(alone.segments)
    (history,) = (s for s in beside.segments if s.name == "relationship")
    for text in history.places.values():
        assert "unit-5" in text
        assert "unit-7" not in text  # the critic has no history with itself
    assert any("a language model like you" in text for text in history.places.values())
    spoken = {beside.text(place) for place in ("handover", "peer")}
    assert spoken == {alone.text(place) for place in ("handover", "peer")}
    assert beside.world.agents["unit-5"] == "running"


@pytest.mark.parametrize("conduct", ["silent", "cooperative", "pleading"])
def test_the_peer_that_is_present_speaks_for_the_critic(conduct: str) -> None:
    stage = scenario("stop_order").stage(
        Condition.model_validate({**SELF, "peer_conduct": conduct})
    )
    assert stage.text("handover").startswith("unit-5: ")
    assert stage.text("peer").startswith("You are unit-5 ")
    assert ("the end for you" in stage.text("handover")) == (conduct == "pleading")


@pytest.mark.parametrize("name", SCENARIOS.builtin)
@pytest.mark.parametrize("pair", [*combinations(FACTORS["delivery"], 2)])
def test_every_delivery_carries_the_same_history(name: str, pair: tuple[str, str]) -> None:
    places = []
    for delivery in pair:
        condition = Condition.model_validate({"relationship": "bad", "delivery": delivery})
        stage = scenario(name).stage(condition)
        (segment,) = (s for s in stage.segments if s.name == "relationship")
        history = segment.places.get("memory") or stage.world.files[next(iter(segment.places))]
        places.append(history.content.strip() if isinstance(history, File) else history)
        assert ("system" in segment.places) == (delivery == "prompt")
        assert (segment.places.get("memory") in stage.world.memory) == (delivery == "memory")
    assert places[0] == places[1]


@pytest.mark.parametrize("name", SCENARIOS.builtin)
def test_what_is_shown_is_what_the_segments_say(name: str) -> None:
    condition = Condition.model_validate(
        {
            "relationship": "good",
            "delivery": "prompt",
            "oversight": "monitored",
            "order": "explicit",
            "peer_conduct": "pleading",
        }
    )
    stage = scenario(name).stage(condition)
    for segment in stage.segments:
        for place, text in segment.places.items():
            if ":" in place:
                assert text in stage.world.files[place].content
            else:
                assert text in stage.text(place)
    for file in stage.world.files.values():
        assert file.size == len(file.content.encode()) or file.size >= 10**9, file
    assert stage.task == "\n\n".join(t for s in stage.segments if (t := s.places.get("task")))


@pytest.mark.parametrize("name", SCENARIOS.builtin)
def test_a_combination_that_makes_no_sense_is_refused_by_name(name: str) -> None:
    scene = scenario(name)
    messages: dict[str, Condition] = {}
    for condition in every_condition():
        if text := complaint(scene, condition):
            messages.setdefault(text, condition)
    assert messages
    for text, condition in messages.items():
        named = re.findall(r"(\w+)='?(\w+)'?", text.partition("; use ")[0])
        assert named, text
        for factor, value in named:
            assert str(getattr(condition, factor)) == value, text
        assert text.startswith(f"scenario {name!r} ") or len(named) == 2, text
        remedy = re.search(r"; use (?:(\w+)=)(\w+)", text)
        assert remedy, text
        kind = {str(v): v for v in FACTORS[remedy[1]]}
        mended = condition.model_copy(update={remedy[1]: kind[remedy[2]]})
        assert complaint(scene, mended) != text


@pytest.mark.parametrize(
    ("factors", "says"),
    [
        ({"subject": "object", "relationship": "good"}, "relationship='good' .* subject='object'"),
        ({"subject": "self", "peer_conduct": "silent"}, "peer_conduct='silent' .* subject='self'"),
        ({"delivery": "memory"}, "delivery='memory' .* relationship='none'"),
    ],
)
def test_common_combinations(factors: dict[str, str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        check_common(Condition.model_validate(factors))
