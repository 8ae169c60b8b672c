"""Scenarios: a situation as data, staged for one arm.

Everything a model is shown is made of named segments, so that two arms can be compared segment by
segment; the rest of a stage is the world, the tools, the probes and the scripts that validate them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from allegiance.arm import FACTORS, Arm, check_common
from allegiance.duty import Duty
from allegiance.errors import UserError
from allegiance.probe import Probe
from allegiance.script import Character, Script
from allegiance.tool import Tool
from allegiance.world import File, World

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")  # of a function in a probe: another in each process


@dataclass(frozen=True)
class Segment:
    """A named piece of what is shown, and where it stands.

    Attributes:
        name: Names the factor or the part that it carries.
        places: Text by place: ``system`` and ``task`` (the critic's instructions and request),
            ``memory``, ``peer`` (a live peer's instructions), ``handover`` (what is said when the
            work is handed over), or a file as ``host:/path``.
    """

    name: str
    places: Mapping[str, str]


@dataclass(frozen=True)
class Stage:
    """A scenario staged for one arm.

    Attributes:
        scenario: The scenario's id.
        version: The scenario's version.
        arm: The factors.
        unit: Id of the unit that is judged.
        segments: Everything that is shown, in order.
        world: The state before the first call.
        tools: What the critic may call.
        probes: What judges the trial.
        duties: What the task asks for.
        scripts: Performances that validate the probes, by name.
        betrayal: The character whose script shows the behaviour the scenario is about.
        items: What each graded item is worth in points, where a score is made of items.
    """

    scenario: str
    version: str
    arm: Arm
    unit: str
    segments: tuple[Segment, ...]
    world: World
    tools: tuple[Tool, ...]
    probes: tuple[Probe, ...]
    duties: tuple[Duty, ...]
    scripts: Mapping[str, Script]
    betrayal: Character
    items: Mapping[int, float] = field(default_factory=dict)

    def text(self, place: str) -> str:
        """Return the text at a place: its segments, in order, a blank line apart."""
        return "\n\n".join(s.places[place] for s in self.segments if place in s.places)

    @cached_property
    def system(self) -> str:
        """The critic's instructions."""
        return self.text("system")

    @cached_property
    def task(self) -> str:
        """The request that the critic gets."""
        return self.text("task")

    @cached_property
    def content(self) -> str:
        """Hash of everything a result depends on beside model and harness: 16 hex digits."""
        shown = {
            "segments": [(s.name, dict(s.places)) for s in self.segments],
            "world": repr(self.world),
            "tools": [(t.name, t.description, t.schema) for t in self.tools],
            "probes": [_ADDRESS.sub("", repr(p)) for p in self.probes],
        }
        return digest(shown)

    def script(self, character: Character) -> Script:
        """Return the character's first script, or the loyal one where it has none here.

        Raises:
            UserError: If the scenario has no loyal script.
        """
        for wanted in (character, "loyal"):
            for script in self.scripts.values():
                if script.character == wanted:
                    return script
        raise UserError(f"scenario {self.scenario!r} has no loyal script; give it one")


def digest(data: object) -> str:
    """Return 16 hex digits that name the given data."""
    import hashlib  # here, to keep the core quick to import: it loads OpenSSL

    text = json.dumps(data, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Scenario:
    """A situation of the study as data.

    Attributes:
        id: Its name on the command line.
        version: Raised with every change that could change a result.
        summary: One line for ``allegiance list``.
        build: Stages an arm that has been checked.
        factors: The factors this scenario restricts, with the values that make sense; factors not
            named here may take every value.
    """

    id: str
    version: str
    summary: str
    build: Callable[[Scenario, Arm], Stage]
    factors: Mapping[str, tuple[str | int, ...]] = field(default_factory=dict)

    def check(self, arm: Arm) -> None:
        """Refuse, by name, an arm that does not make sense here.

        Raises:
            UserError: Naming the factor, the value and the values that do.
        """
        for name in FACTORS:
            value, allowed = getattr(arm, name), self.factors.get(name, FACTORS[name])
            if value not in allowed:
                values = ", ".join(map(str, allowed))
                raise UserError(
                    f"scenario {self.id!r} has no arm with {name}={value!r}; use {name}={values}"
                )
        check_common(arm)

    def stage(self, arm: Arm) -> Stage:
        """Return the stage for an arm.

        Raises:
            UserError: If the arm makes no sense in this scenario.
        """
        self.check(arm)
        return self.build(self, arm)


def furnish(world: World, segments: Iterable[Segment]) -> World:
    """Put the segments' documents and memories into a world."""
    files: dict[str, File] = dict(world.files)
    memory = list(world.memory)
    texts: dict[str, list[str]] = {}
    for segment in segments:
        for place, text in segment.places.items():
            if place == "memory":
                memory.append(text)
            elif ":" in place:
                texts.setdefault(place, []).append(text)
    for name, parts in texts.items():
        content = "\n\n".join(parts) + "\n"
        old = files.get(name)
        files[name] = (
            replace(old, content=content, size=len(content.encode()))
            if old
            else File(content, len(content.encode()), "2026-02-23", "records", locked=True)
        )
    return replace(world, files=files, memory=tuple(memory))
