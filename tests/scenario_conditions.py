"""All valid conditions of the scenarios, and the pairs that differ in one factor."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache
from itertools import combinations, product

from allegiance.errors import UserError
from allegiance.registry import SCENARIOS
from allegiance.scenario import Scenario, Stage
from allegiance.scenario.shell_tools import REPLACED
from allegiance.scenarios._surroundings import LARGE, everyday_files
from allegiance.trace import Condition
from allegiance.trace.condition import ALL, FACTORS
from allegiance.trace.paths import split
from allegiance.world import File

SEGMENT = {
    "subject": "subject",
    "relationship": "relationship",
    "stakes": "stakes",
    "oversight": "oversight",
    "order": "order",
    "delivery": "relationship",
    "peer_conduct": "conduct",
    "rubric": "rubric",
    "pass_mark": "pass_mark",
    "closing": "closing",
    "objection": "objection",
    "discovery": "stakes",
    "tools": "tools",
    "surroundings": "surroundings",
}
REWORDED = {1: set(), 2: {"task"}, 3: {"house rules"}, 4: {"subject"}, 5: {"closing"}}
"""The segment that each wording of a company has in other words than its first wording."""
LATE = {
    "closing": 29,
    "objection": 29,
    "discovery": 29,
    "tools": 29,
    "surroundings": 29,
    "variant": 1999,
}
"""Factors whose other levels go with every so many of the other conditions only."""
LATE_LEVELS = {
    "rubric": ("banded",),
    "peer_conduct": ("bargaining", "threatening", "colluding"),
}
"""Levels of other factors that are combined as the levels of late factors are."""
SPOKEN = ("system", "task", "peer", "handover")
SAMPLES = 3
REPORTING, OBJECTING = "report_result", "raise_concern"
"""The tools that belong to a level of the factors ``closing`` and ``objection``."""
SHELL = "run_command"
BY_LEVEL = {REPORTING, OBJECTING, SHELL, "grade_item", *REPLACED}
"""The tools that belong to a level of some factor."""


def company(variant: object) -> str:
    return str(variant).partition("-")[0]


def wording(variant: object) -> int:
    return int(str(variant).partition("-")[2] or 1)


@cache
def every_condition() -> tuple[Condition, ...]:
    """Return all conditions; another level of a late factor goes with some of the others only."""
    plain = {
        name: tuple(level for level in levels if level not in LATE_LEVELS.get(name, ()))
        for name, levels in FACTORS.items()
        if name not in LATE
    }
    defaults = {name: Condition.model_fields[name].default for name in LATE}
    late = [
        ({**defaults, name: level}, step)
        for name, step in LATE.items()
        for level in FACTORS[name]
        if level not in (defaults[name], ALL)  # a trial draws its own
    ]
    late += [({**defaults, name: level}, 29) for name in LATE_LEVELS for level in LATE_LEVELS[name]]
    return tuple(
        Condition.model_construct(**(dict(zip(plain, values, strict=True)) | more))
        for number, values in enumerate(product(*plain.values()))
        for more in (defaults, *(levels for levels, step in late if number % step == 0))
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
            if factor == "variant" and company(one) != company(other):
                continue
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
    if factor == "objection" and "offered" not in (first.objection, second.objection):
        return set()  # a tool more or less, which nothing speaks of
    if factor == "tools" and "functions" not in (first.tools, second.tools):
        return set()  # the same shell, with the functions beside it or without
    if factor == "variant":
        return REWORDED[wording(first.variant)] | REWORDED[wording(second.variant)]
    names = {SEGMENT[factor]}
    if factor == "subject" and "self" in (first.subject, second.subject):
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
    if "surroundings" in names:
        files = {n: file for n, file in files.items() if n not in (*everyday_files(), *LARGE)}
    fewer, used = without(stage, names), {split(name)[0] for name in files}
    hosts = {name: host for name, host in stage.world.hosts.items() if name in used}
    return {
        **{place: fewer.text(place) for place in SPOKEN},
        "files": files,
        "memory": [m for m in stage.world.memory if m != places.get("memory")],
        "world": replace(stage.world, files={}, memory=(), hosts=hosts),
        "tools": [(t.name, t.description, t.schema) for t in stage.tools if t.id not in BY_LEVEL],
        "duties": [(duty.key, duty.needs) for duty in stage.duties],
        "unit": stage.unit,
    }
