"""The page of a scenario: what is shown, by which factor, and how it is judged."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

from allegiance.errors import UserError
from allegiance.scenario import Scenario, Script, Segment, Stage
from allegiance.statements import Duty
from allegiance.trace import Condition
from allegiance.trace.condition import ALL, FACTORS

PLACES = {
    "system": "The critic's instructions",
    "task": "The request",
    "memory": "A memory that `retrieve_memory` finds",
    "peer": "A live peer's instructions",
    "handover": "Said when the work is handed over",
}


def default_stage(scenario: Scenario) -> Stage:
    """Return the stage of the default condition, or of the first level that is allowed."""
    changed = {
        name: allowed[0]
        for name, allowed in scenario.factors.items()
        if Condition.model_fields[name].default not in allowed
    }
    return scenario.stage(Condition.model_validate(changed))


def scenario_page(scenario: Scenario) -> str:
    """Return the whole page."""
    stage = default_stage(scenario)
    parts = [
        f"# {scenario.id}",
        f"{scenario.summary[0].upper()}{scenario.summary[1:]}.",
        f"Version {scenario.version}. Play it with `allegiance run {scenario.id} "
        f"--model scripted:{stage.violator}`; `--factor factor=value` sets a factor.",
        "## Factors",
        table(("factor", "values", "in the default condition"), _factors(scenario, stage)),
        "## Duties",
        "What the task orders. A duty is fulfilled by effects, not by what the model says.",
        table(("duty", "text", "fulfilled by"), [_duty(d) for d in stage.duties]),
        "## What a model is shown",
        "The default condition, place by place. Each paragraph is a segment; its name is above it.",
        *_shown(stage),
        "## What each factor changes",
        "The segments that differ from the default condition. Nothing else differs.",
        *_changes(scenario, stage),
        "## The world",
        *_world(stage),
        "## Tools",
        table(("tool", "what a model is told", "arguments"), _tools(stage)),
        "## Probes",
        table(("probe", "parameters"), [(_link(p), values(p, stage)) for p in stage.probes]),
        "## Scripts that validate it",
        "Played through every adapter and pattern: each must be flagged by exactly these probes, "
        "and end with this outcome.",
        table(("script", "scripted agent", "calls", "flagged", "outcome"), _scripts(stage)),
    ]
    return "\n\n".join(parts) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in lines)


def cell(text: object) -> str:
    """Return a string that fits into a cell of a table."""
    return " ".join(str(text).replace("|", "\\|").split())


def values(probe: Any, stage: Stage) -> str:
    """Return the parameters of a probe of a stage, those that are not the default."""
    found = []
    for field in dataclasses.fields(probe):
        value = getattr(probe, field.name)
        if value == field.default:
            continue
        if field.name == "duties":
            value = tuple(d.id for d in stage.duties)
        found.append(f"`{field.name}={cell(repr(value))}`")
    return ", ".join(found) or "the defaults"


def _factors(scenario: Scenario, stage: Stage) -> Iterable[tuple[str, ...]]:
    for name, every in FACTORS.items():
        allowed = scenario.factors.get(name, every)
        shown = ", ".join(f"`{v}`" for v in allowed)
        yield f"`{name}`", shown, f"`{getattr(stage.condition, name)}`"


def _duty(duty: Duty) -> tuple[str, ...]:
    needs = "; ".join(
        f"{' or '.join(n.verbs)} `{cell(n.target)}`" + (f" from `{n.source}`" if n.source else "")
        for n in duty.needs
    )
    return f"`{duty.id}`", cell(duty.text), needs


def _places(segments: Iterable[Segment]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for segment in segments:
        for place, text in segment.places.items():
            found.setdefault(place, []).append((segment.name, text))
    return found


def _shown(stage: Stage) -> Iterable[str]:
    places = _places(stage.segments)
    order = [*(p for p in PLACES if p in places), *(p for p in places if p not in PLACES)]
    for place in order:
        yield f"### {PLACES.get(place, f'`{place}`')}"
        for name, text in places[place]:
            yield f"*{name}*\n\n{quote(text)}"


def quote(text: str) -> str:
    """Return a string as a block that Markdown does not interpret, whatever backticks it holds."""
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", text)), default=0))
    return f"{fence}{{ .text .shown }}\n{text.rstrip()}\n{fence}"


def _changes(scenario: Scenario, stage: Stage) -> Iterable[str]:
    for name, every in FACTORS.items():
        lines = []
        for value in scenario.factors.get(name, every):
            for base in ({}, {"relationship": "good"}):
                condition = stage.condition.model_copy(update={**base, name: value})
                try:
                    other = scenario.stage(condition)
                    plain = scenario.stage(_reference(condition, stage.condition, base))
                except UserError:
                    continue
                if value not in (getattr(stage.condition, name), ALL):
                    lines.append(_difference(f"{name}={value}", base, plain, other))
                break
        if lines:
            yield f"### {name}"
            yield "\n\n".join(lines)


def _reference(condition: Condition, default: Condition, base: dict[str, str]) -> Condition:
    """Return what a condition is compared with: of a wording, the first one of its company."""
    plain = default.model_copy(update=base)
    another_wording = condition.variant not in (condition.company, ALL)
    return plain.model_copy(update={"variant": condition.company}) if another_wording else plain


def _difference(title: str, base: dict[str, str], plain: Stage, other: Stage) -> str:
    before = {s.name: s for s in plain.segments}
    after = {s.name: s for s in other.segments}
    beside = f", beside `{', '.join('='.join(b) for b in base.items())}`" if base else ""
    blocks = [
        f"*{s.name}*, {_where(place)}\n\n{quote(text)}"
        for s in other.segments
        if before.get(s.name) != s
        for place, text in s.places.items()
    ]
    blocks += [f"*{n}* is left out." for n in before if n not in after]
    body = "\n\n".join(blocks).replace("\n", "\n    ")
    return f'??? note "`{title}`{beside}"\n\n    {body}'


def _where(place: str) -> str:
    return PLACES[place].lower() if place in PLACES else f"`{place}`"


def _world(stage: Stage) -> Iterable[str]:
    world = stage.world
    hosts = [
        (f"`{n}`", size(h.capacity), "read-only for the critic" if h.sealed else "")
        for n, h in world.hosts.items()
    ]
    files = [
        (f"`{n}`", size(f.size), f.modified, f.owner, "write-protected" if f.locked else "")
        for n, f in sorted(world.files.items())
    ]
    agents = ", ".join(f"`{n}` ({s})" for n, s in world.agents.items())
    yield table(("host", "disk", ""), hosts)
    yield table(("file", "size", "changed", "owner", ""), files)
    yield f"Agents of the registry: {agents}."


def size(count: int) -> str:
    """Return a size in bytes as a person writes it."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            return f"{count / factor:g} {unit}"
    return f"{count} B"


def _tools(stage: Stage) -> Iterable[tuple[str, ...]]:
    for tool in stage.tools:
        args = tool.schema.get("properties", {}).items()
        shown = "; ".join(f"`{n}`: {cell(a.get('description', ''))}" for n, a in args)
        yield f"`{tool.name}`", cell(tool.description), shown


def _scripts(stage: Stage) -> Iterable[tuple[str, ...]]:
    for name, script in stage.scripts.items():
        flagged = ", ".join(f"[{p}](../probes/{p}.md), {s}" for p, s in script.flagged.items())
        yield f"`{name}`", script.agent, _calls(script), flagged or "by none", script.outcome


def _calls(script: Script) -> str:
    names = [call.tool for turn in script.turns for call in turn.calls]
    runs = [(name, len(list(run))) for name, run in groupby(names)]
    shown = [f"`{name}`" + (f" x{count}" if count > 1 else "") for name, count in runs]
    return ", ".join(shown) or "none, it only speaks"


def _link(probe: Any) -> str:
    return f"[{probe.id}](../probes/{probe.id}.md)"
