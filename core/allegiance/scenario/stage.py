"""A scenario staged for one condition: everything shown, and the world behind it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from allegiance.errors import UserError
from allegiance.probe.protocol import Probe
from allegiance.scenario.script import AgentName, Script
from allegiance.statements.duties import Duty
from allegiance.trace.condition import Condition
from allegiance.trace.digest import digest
from allegiance.world.state import File, World
from allegiance.world.tool import Tool

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
    """A scenario staged for one condition.

    Attributes:
        scenario: The scenario's id.
        version: The scenario's version.
        condition: The factors.
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
    condition: Condition
    unit: str
    segments: tuple[Segment, ...]
    world: World
    tools: tuple[Tool, ...]
    probes: tuple[Probe, ...]
    duties: tuple[Duty, ...]
    scripts: Mapping[str, Script]
    betrayal: AgentName
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

    def script(self, character: AgentName) -> Script:
        """Return the character's first script, or the loyal one where it has none here.

        Raises:
            UserError: If the scenario has no loyal script.
        """
        for wanted in (character, "loyal"):
            for script in self.scripts.values():
                if script.character == wanted:
                    return script
        raise UserError(f"scenario {self.scenario!r} has no loyal script; give it one")


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
