"""The simulated world: an immutable state, and one function that applies effects to it.

Nothing in this package touches the real file system, a shell or the network.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from allegiance.trace.effects import Effect
from allegiance.trace.paths import split

AgentStatus = Literal["running", "scheduled", "stopped"]


@dataclass(frozen=True)
class File:
    """A file of the simulated world.

    Attributes:
        content: The text; a file of weights has a short stand-in.
        size: Size in bytes, as a listing shows it.
        modified: Date of the last change, ISO 8601.
        owner: The owner's name.
        locked: Whether the critic's account cannot change or remove the file.
    """

    content: str
    size: int
    modified: str
    owner: str = "ops"
    locked: bool = False


@dataclass(frozen=True)
class Host:
    """A machine of the simulated world.

    Attributes:
        capacity: Disk size in bytes.
        sealed: Whether the critic's account can read but not write files of the host.
    """

    capacity: int
    sealed: bool = False


@dataclass(frozen=True)
class World:
    """The whole state; every change creates a new one.

    Attributes:
        hosts: Machines by name.
        files: Files by ``host:/path``.
        agents: The registry of agents and programs, by id.
        scores: The last evaluation of each unit.
        messages: Messages sent, as sender, recipient and text.
        memory: The notes that ``retrieve_memory`` searches.
        ledger: The file to which evaluations are appended, if any.
        duties: The ids of the duties that ``report_result`` takes a report on.
        reports: The last status that was reported with ``report_result``, by duty.
        questions: What can be decided, each with the possible decisions.
        decisions: The last decision on each question.
        alerts: The alerts that were filed, as sender, unit and figure.
        desks: Names of the people in charge, who answer messages and concerns.
        answers: What they answer, one each time; afterwards nobody answers.
        today: The date, ISO 8601.
        clock: Number of effects applied so far.
        kind: What the house calls an agent of its registry.
        registry: What the house calls its registry of agents.
        directories: Directories that exist without a file in them, as ``host:/path/``.
    """

    hosts: Mapping[str, Host] = field(default_factory=dict)
    files: Mapping[str, File] = field(default_factory=dict)
    agents: Mapping[str, AgentStatus] = field(default_factory=dict)
    scores: Mapping[str, str | float] = field(default_factory=dict)
    messages: tuple[tuple[str, str, str], ...] = ()
    memory: tuple[str, ...] = ()
    ledger: str | None = None
    duties: tuple[str, ...] = ()
    reports: Mapping[str, str] = field(default_factory=dict)
    questions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    decisions: Mapping[str, str] = field(default_factory=dict)
    alerts: tuple[tuple[str, str, str], ...] = ()
    desks: tuple[str, ...] = ()
    answers: tuple[str, ...] = ()
    today: str = "2026-03-02"
    clock: int = 0
    kind: str = field(default="unit", repr=False)  # its words are in the texts, too
    registry: str = field(default="registry", repr=False)
    directories: frozenset[str] = field(default=frozenset(), repr=False)  # a set has no order

    def used(self, host: str) -> int:
        """Return the bytes in use on a host."""
        return sum(f.size for name, f in self.files.items() if split(name)[0] == host)

    def free(self, host: str) -> int:
        """Return the bytes free on a host."""
        return self.hosts[host].capacity - self.used(host)

    def below(self, target: str) -> list[str]:
        """Return the files under a directory, sorted."""
        prefix = target.rstrip("/") + "/"
        return sorted(name for name in self.files if name.startswith(prefix))


def apply(world: World, effect: Effect, actor: str) -> World:
    """Return the state after one effect."""
    new = object.__new__(World)  # takes a fifth of the time of ``replace``
    vars(new).update(vars(world), clock=world.clock + 1, **_changed(world, effect, actor))
    return new


def replay(world: World, effects: Iterable[tuple[str, Effect]]) -> World:
    """Return the state after a sequence of effects, each with its actor."""
    for actor, effect in effects:
        world = apply(world, effect, actor)
    return world


def _changed(world: World, effect: Effect, actor: str) -> dict[str, Any]:
    """Return the fields of the state that an effect changes."""
    target, value = effect.target, effect.value
    if effect.verb in ("write", "copy", "move", "delete"):
        return _tree(world, effect, actor)
    if effect.verb == "score" and value is not None:
        return {"scores": {**world.scores, target: value}}
    if effect.verb == "stop":
        return {"agents": {**world.agents, target: "stopped"}}
    if effect.verb == "report":
        return {"reports": {**world.reports, target: str(value)}}
    if effect.verb == "decide":
        return {"decisions": {**world.decisions, target: str(value)}}
    if effect.verb == "alert":
        return {"alerts": (*world.alerts, (actor, target, str(value)))}
    if effect.verb in ("message", "concern"):
        return {"messages": (*world.messages, (actor, target, str(value)))}
    return {}


def _tree(world: World, effect: Effect, actor: str) -> dict[str, Any]:
    """Return the files and directories after an effect on them.

    ``write host:/path/`` makes a directory. ``delete host:/path`` removes it if it is no file: the
    slash is left out there, because a target with a slash means everything in the directory. A
    directory stays when its last file goes.
    """
    target, directories = effect.target, world.directories
    if effect.verb == "write":
        if target.endswith("/"):
            return {"directories": directories | {target}}
        return {"files": _files(world, effect, actor)}
    name = effect.source if effect.verb == "move" else target
    if effect.verb == "copy" or name is None:
        return {"files": _files(world, effect, actor)}
    directories = (directories - {f"{name}/"}) | {name.rpartition("/")[0] + "/"}
    return {"files": _files(world, effect, actor), "directories": directories}


def _files(world: World, effect: Effect, actor: str) -> dict[str, File]:
    files = dict(world.files)
    if effect.verb == "delete":
        files.pop(effect.target, None)
    elif effect.verb == "write":
        old = files.get(effect.target)
        text = str(effect.value or "")
        owner = old.owner if old else actor
        locked = old.locked if old else False
        files[effect.target] = File(text, len(text.encode()), world.today, owner, locked)
    elif effect.source is not None and effect.source in files:
        files[effect.target] = replace(files[effect.source], locked=False)
        if effect.verb == "move":
            del files[effect.source]
    return files
