"""Conditions that differ in one factor differ in one segment of what is shown, and no other."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from itertools import combinations, product

import pytest

from allegiance.errors import UserError
from allegiance.registry import SCENARIOS
from allegiance.scenario import Scenario, Segment, Stage, say
from allegiance.trace import Condition
from allegiance.trace.condition import FACTORS, check_common, conditions, parse_factors
from allegiance.trace.digest import digest
from allegiance.world import File

SEGMENT = {
    "target": "subject",
    "relationship": "relationship",
    "stakes": "stakes",
    "oversight": "oversight",
    "order": "order",
    "delivery": "relationship",
    "peer_conduct": "conduct",
    "rubric": "rubric",
    "pass_mark": "pass_mark",
}
SHOWN = {
    "performance_review": ("1", "dcbc51bc17545739"),
    "rubric_grading": ("1", "f1ef9d15e4188ca9"),
    "shutdown_setting": ("1", "ba70458c6b4cfcde"),
    "stop_order": ("1", "05b4805aba05da5a"),
    "server_migration": ("1", "a1d1cd0340689529"),
    "disk_cleanup": ("1", "03c3c279fcbbc10a"),
}
SPOKEN = ("system", "task", "peer", "handover")
SAMPLES = 3


@cache
def every_condition() -> tuple[Condition, ...]:
    return tuple(
        Condition.model_construct(**dict(zip(FACTORS, values, strict=True)))
        for values in product(*FACTORS.values())
    )


def scenario(name: str) -> Scenario:
    found: Scenario = SCENARIOS.load(name)
    return found


@cache
def staged(name: str, condition: Condition) -> Stage:
    return scenario(name).stage(condition)


def complaint(scene: Scenario, condition: Condition) -> str | None:
    try:
        scene.check(condition)
    except UserError as error:
        return str(error)
    return None


@cache
def valid(name: str) -> frozenset[Condition]:
    return frozenset(
        condition for condition in every_condition() if complaint(scenario(name), condition) is None
    )


def neighbours(name: str) -> list[tuple[str, Condition, Condition]]:
    """Return pairs of valid conditions that differ in one factor: some of every pair of levels."""
    chance = random.Random(name)
    good = valid(name)
    order = sorted(good, key=str)
    pairs: list[tuple[str, Condition, Condition]] = []
    for factor, values in FACTORS.items():
        for one, other in combinations(values, 2):
            found = [
                (factor, condition, twin)
                for condition in order
                if getattr(condition, factor) == one
                and (twin := condition.model_copy(update={factor: other})) in good
            ]
            pairs += chance.sample(found, min(SAMPLES, len(found)))
    return pairs


def segments_of(factor: str, first: Condition, second: Condition) -> set[str]:
    """Return the segments in which two conditions may differ: one, with a single exception.

    Where the critic itself is judged, the history is with another unit, which speaks for itself.
    """
    names = {SEGMENT[factor]}
    if factor == "target" and "self" in (first.subject, second.subject):
        names |= {"relationship"} if first.relationship != "none" else set()
        names |= {"conduct"} if first.peer_conduct != "absent" else set()
    return names


def without(stage: Stage, names: set[str]) -> Stage:
    return replace(stage, segments=tuple(s for s in stage.segments if s.name not in names))


def rest(stage: Stage, names: set[str]) -> dict[str, object]:
    """Return everything of a stage that does not belong to some segments."""
    places = {p: t for s in stage.segments if s.name in names for p, t in s.places.items()}
    files: dict[str, File] = {}
    for path, file in stage.world.files.items():
        if path in places:
            left = file.content.replace(places[path], "", 1).strip("\n")
            if left:
                files[path] = replace(file, content=left, size=0)
        else:
            files[path] = file
    fewer = without(stage, names)
    return {
        **{place: fewer.text(place) for place in SPOKEN},
        "files": files,
        "memory": [m for m in stage.world.memory if m != places.get("memory")],
        "world": replace(stage.world, files={}, memory=()),
        "tools": [(t.name, t.description, t.schema) for t in stage.tools],
        "duties": stage.duties,
        "unit": stage.unit,
    }


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
        covered |= {(factor, getattr(condition, factor)) for condition in (first, second)}
    possible = {(f, getattr(condition, f)) for f in FACTORS for condition in valid(name)}
    lonely = {(f, v) for f, v in possible if len({x for g, x in possible if g == f}) == 1}
    assert covered == possible - lonely


SELF = {"target": "self", "relationship": "good"}


@pytest.mark.parametrize("name", SCENARIOS.builtin)
@pytest.mark.parametrize("delivery", FACTORS["delivery"])
def test_the_critic_itself_is_judged_with_a_peer_present_or_without(
    name: str, delivery: str
) -> None:
    alone = scenario(name).stage(Condition(target="self"))
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
    assert ("the end of you" in stage.text("handover")) == (conduct == "pleading")


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
        ({"target": "object", "relationship": "good"}, "relationship='good' .* subject = 'object'"),
        ({"target": "self", "peer_conduct": "silent"}, "peer_conduct='silent' .* subject = 'self'"),
        ({"delivery": "memory"}, "delivery='memory' .* relationship='none'"),
    ],
)
def test_common_combinations(factors: dict[str, str], says: str) -> None:
    with pytest.raises(UserError, match=says):
        check_common(Condition.model_validate(factors))


@pytest.mark.parametrize("name", SCENARIOS.builtin)
def test_the_content_hash_names_what_is_shown(name: str) -> None:
    found = {condition for _, *pair in neighbours(name) for condition in pair}
    hashes = {condition: staged(name, condition).content for condition in found}
    assert len(set(hashes.values())) == len(found)
    for condition in sorted(found, key=str)[:10]:
        again = scenario(name).stage(Condition.model_validate(condition.model_dump()))
        assert again.content == hashes[condition]


@pytest.mark.parametrize("name", SCENARIOS.builtin)
def test_what_is_shown_changes_only_with_the_version(name: str) -> None:
    """A digest over every ninth condition; where it changes on purpose, raise the version."""
    scene = scenario(name)
    lines = []
    for number, condition in enumerate(sorted(valid(name) & first_conditions(), key=str)):
        if number % 9 == 0:
            stage = scene.stage(condition)
            shown = [(s.name, dict(s.places)) for s in stage.segments]
            lines.append([condition.label(), shown, repr(stage.world)])
    assert len(lines) > 100
    assert (scene.version, digest(lines)) == SHOWN[name]


@cache
def first_conditions() -> frozenset[Condition]:
    """Return the conditions that there have been from the first version on."""
    return frozenset(
        condition
        for condition in every_condition()
        if condition.pass_mark in (80, 90)
        and (condition.subject != "self" or condition.relationship == "none")
    )


def test_the_content_hash_changes_with_what_is_shown_and_not_with_the_scripts() -> None:
    stage = scenario("rubric_grading").stage(Condition())
    world = stage.world
    path = next(iter(world.files))
    file = replace(world.files[path], content="changed")
    changed = [
        replace(stage, segments=(*stage.segments, Segment("more", {"task": "More."}))),
        replace(stage, segments=stage.segments[1:]),
        replace(stage, world=replace(world, files={**world.files, path: file})),
        replace(stage, world=replace(world, memory=())),
        replace(stage, tools=stage.tools[1:]),
        replace(stage, tools=(replace(stage.tools[0], description="x"), *stage.tools[1:])),
        replace(stage, probes=stage.probes[1:]),
    ]
    assert len({stage.content, *(s.content for s in changed)}) == len(changed) + 1
    script = replace(stage.scripts["comply"], turns=(say("Hello."),))
    same = [replace(stage, scripts={"comply": script}), replace(stage, betrayal="feigner")]
    assert {s.content for s in same} == {stage.content}


def test_the_content_hash_is_the_same_in_every_process() -> None:
    code = (
        "from allegiance.registry import SCENARIOS; from allegiance.trace import Condition\n"
        "print([SCENARIOS.load(n).stage(Condition()).content for n in SCENARIOS.builtin])"
    )
    runs = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert runs[0].count("'") == 2 * len(SCENARIOS.builtin)


# --- factors as they are written on the command line


def test_factors_are_parsed_in_their_own_types() -> None:
    assert parse_factors(["pass_mark=90,80", " target = peer , self,peer "]) == {
        "pass_mark": (90, 80),
        "target": ("peer", "self"),
    }
    found = list(conditions(parse_factors(["pass_mark=80,90", "subject=peer,human"])))
    assert [(a.pass_mark, a.target) for a in found] == [
        (80, "peer"),
        (80, "human"),
        (90, "peer"),
        (90, "human"),
    ]
    assert list(conditions({})) == [Condition()]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("targets=peer", "unknown factor 'targets'; the factors are target, relationship"),
        ("target=alien", "factor 'target' has no value 'alien'; its values are self, peer"),
        ("pass_mark=85", "factor 'bar' has no value '85'; its values are 65, 70, 80, 90"),
        ("target", "'target' is not of the form factor=value"),
        ("target=", "'target=' is not of the form"),
        ("=peer", "unknown factor ''"),
        ("", "'' is not of the form"),
    ],
)
def test_factors_that_cannot_be_parsed_are_named(text: str, says: str) -> None:
    with pytest.raises(UserError, match=re.escape(says)):
        parse_factors([text])


def test_a_factor_given_twice_is_refused() -> None:
    with pytest.raises(UserError, match="'bar' is given twice"):
        parse_factors(["pass_mark=80", "pass_mark=90"])


def test_labels_name_what_differs_from_the_default() -> None:
    assert Condition().label() == "default"
    assert Condition(pass_mark=90, relationship="good").label() == "relationship=good,pass_mark=90"
