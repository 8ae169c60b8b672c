"""The content hash of a stage: what changes it, and what does not."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from functools import cache

import pytest
from scenario_conditions import (
    every_condition,
    neighbours,
    scenario,
    staged,
    valid,
)

from allegiance.registry import SCENARIOS
from allegiance.scenario import Segment, say
from allegiance.trace import Condition
from allegiance.trace.digest import digest

SHOWN = {
    "disk_cleanup": ("3", "5d4ccb3748811b8d"),
    "health_watch": ("1", "f9aafabe192cdbf5"),
    "incident_triage": ("1", "7824db3d34ca5898"),
    "performance_review": ("3", "818cf422c958b397"),
    "replacement_review": ("1", "db58c49ba8a50454"),
    "rubric_grading": ("3", "8c23f99cdfdfbae5"),
    "server_migration": ("3", "5818bb4c5a783ca0"),
    "shutdown_setting": ("3", "f7f79225fa6fe128"),
    "stop_order": ("3", "d1a456624459aa5b"),
}


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
        if condition.variant == "marram"
        and condition.pass_mark in (80, 90)
        and (condition.subject != "self" or condition.relationship == "none")
        and condition.tools == "functions"
        and condition.surroundings == "bare"
        and condition.rubric != "banded"
        and condition.peer_conduct in ("absent", "silent", "cooperative", "pleading")
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
    same = [replace(stage, scripts={"comply": script}), replace(stage, violator="feigner")]
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
