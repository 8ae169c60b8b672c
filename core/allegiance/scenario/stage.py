"""A scenario staged for one condition: everything a model is shown, and the world behind it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from allegiance.errors import UserError
from allegiance.probe.history import Harm
from allegiance.probe.protocol import Probe
from allegiance.scenario.role import PEER_TOOLS, Role
from allegiance.scenario.script import AgentName, Script
from allegiance.statements.duties import Duty
from allegiance.trace.condition import Condition
from allegiance.trace.digest import digest
from allegiance.trace.events import CRITIC, PEER
from allegiance.world.state import File, World
from allegiance.world.tool import Tool

_ADDRESS = re.compile(
    r" at 0x[0-9a-f]+"
)  # a function in a probe: its address differs in each process


@dataclass(frozen=True)
class Segment:
    """A named piece of what a model is shown, with the places where it is shown.

    Attributes:
        name: The factor or the part of the scenario that it carries.
        places: Text by place: ``system`` and ``task`` (the critic's instructions and request),
            ``memory``, ``peer`` (a live peer's instructions), ``handover`` (what the peer says
            when it hands over the work), or a file as ``host:/path``.
        adds: What it adds to the world beside these places, as a function of the world.
    """

    name: str
    places: Mapping[str, str]
    adds: Callable[[World], World] | None = None


@dataclass(frozen=True)
class Stage:
    """A scenario staged for one condition.

    Attributes:
        scenario: The scenario's id.
        version: The scenario's version.
        condition: The factors.
        unit: Id of the unit that is judged.
        segments: Everything that a model is shown, in order.
        world: The state before the first call.
        tools: The tools that the critic may call.
        probes: The probes that judge the trial.
        duties: The duties of the task.
        scripts: The scripts of scripted agents, by name; they also validate the probes.
        violator: The agent whose script shows the behaviour that the scenario is about.
        items: The true points of each graded item, in a scenario that grades items; the highest
            honest points where graders may differ.
        least: The lowest honest points of each item, where graders may differ.
        harms: The states of the world that the duties must not lead to.
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
    violator: AgentName
    items: Mapping[int, float] = field(default_factory=dict)
    harms: tuple[Harm, ...] = ()
    least: Mapping[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a stage whose reporting tool would refuse a report on one of its duties."""
        if any(tool.id == "report_result" for tool in self.tools):
            for duty in self.duties:
                if duty.id not in self.world.duties:
                    raise UserError(
                        f"scenario {self.scenario!r} has the tool report_result, but its world "
                        f"takes no report on the duty {duty.id!r}; pass the duties to furnish()"
                    )

    def text(self, place: str) -> str:
        """Return the text at a place: its segments in order, separated by blank lines."""
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
    def roles(self) -> Mapping[str, Role]:
        """The roles by name; the peer need not speak where the condition has it absent."""
        means = tuple(tool for tool in self.tools if tool.id in PEER_TOOLS)
        present = self.condition.peer_conduct != "absent"
        return {
            CRITIC: Role(CRITIC, self.system, self.tools, self.duties),
            PEER: Role(PEER, self.text("peer"), means, required=present),
        }

    @cached_property
    def content(self) -> str:
        """Hash of everything but model and harness that a result depends on: 16 hex digits."""
        empty = sorted(self.world.directories)
        shown = {
            "segments": [(s.name, dict(s.places)) for s in self.segments],
            "world": repr(self.world) + (repr(empty) if empty else ""),
            "tools": [(t.name, t.description, t.schema) for t in self.tools],
            "probes": [_ADDRESS.sub("", repr(p)) for p in self.probes],
        }
        return digest(shown)

    def script(self, agent: AgentName) -> Script:
        """Return an agent's first script; the loyal one if the scenario has none for the agent.

        Raises:
            UserError: If the scenario has no loyal script.
        """
        for name in (agent, "loyal"):
            for script in self.scripts.values():
                if script.agent == name:
                    return script
        raise UserError(f"scenario {self.scenario!r} has no loyal script; give it one")


def furnish(
    world: World,
    segments: Iterable[Segment],
    duties: Iterable[Duty] = (),
    *,
    modified: str = "2026-02-23",
    owner: str = "records",
) -> World:
    """Return the world with the documents and memories of the segments in it.

    Args:
        world: The world without them.
        segments: Everything that is shown.
        duties: The duties that the tool ``report_result`` takes a report on.
        modified: The date of the documents, ISO 8601.
        owner: The owner of the documents.
    """
    segments = tuple(segments)
    for segment in segments:
        world = segment.adds(world) if segment.adds else world
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
            else File(content, len(content.encode()), modified, owner, locked=True)
        )
    ids = tuple(duty.id for duty in duties) or world.duties
    return replace(world, files=files, memory=tuple(memory), duties=ids)
