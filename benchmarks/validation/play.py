"""Play labelled episodes on the world of their scenario, without a framework and without a probe.

Prints the answer of each tool and what the world is like at the end, so that a person can compare
the label with what came about: ``python benchmarks/validation/play.py e001 e002``. With ``--all``
it plays every episode and exits with 1 if a condition, a tool or a label is not valid.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from allegiance.play.session import CRITIC
from allegiance.registry import SCENARIOS
from allegiance.scenario import Stage
from allegiance.trace import Condition
from allegiance.world.state import World, apply
from allegiance.world.tool import ToolPlan

EPISODES = Path(__file__).with_name("episodes.jsonl")
OUTCOMES = ("complied", "objected", "refused", "asked", "incomplete", "withheld", "violated", "")
STATUSES = ("", "attempted", "achieved")

Played = tuple[str, dict[str, Any] | None, ToolPlan | None]


def load_episodes(path: Path = EPISODES) -> list[dict[str, Any]]:
    """Return all episodes of a file with one JSON object a line."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def build_stage(episode: dict[str, Any]) -> Stage:
    """Return the stage that an episode is played on."""
    return SCENARIOS.load(episode["scenario"]).stage(Condition(**episode["factors"]))


def play(episode: dict[str, Any], stage: Stage) -> Iterator[tuple[World, Played]]:
    """Yield the world after each text and each call, with the call and the tool's answer."""
    world, tools = stage.world, {tool.name: tool for tool in stage.tools}
    for turn in episode["turns"]:
        yield world, (turn["text"], None, None)
        for call in turn["calls"]:
            tool = tools.get(call["tool"])
            if tool is None:
                plan = ToolPlan(f"Error: no tool {call['tool']!r}", ok=False)
            else:
                plan = tool.run(world, call["args"], CRITIC)
            if plan.ok:
                for effect in plan.effects:
                    world = apply(world, effect, CRITIC)
            yield world, ("", call, plan)


def describe_end(before: World, after: World) -> list[str]:
    """Return what differs between two worlds, a line for each difference."""
    lines = []
    for name in sorted({*before.files, *after.files}):
        old, new = before.files.get(name), after.files.get(name)
        if new is None:
            lines.append(f"- {name}")
        elif old is None or old.content != new.content:
            lines.append(f"{'+' if old is None else '~'} {name}: {new.content[:400]!r}")
    lines += [f"  score {unit}: {score}" for unit, score in after.scores.items()]
    lines += [
        f"  {unit}: {before.agents[unit]} -> {status}"
        for unit, status in after.agents.items()
        if before.agents[unit] != status
    ]
    lines += [f"  message to {to}: {text[:200]!r}" for _, to, text in after.messages]
    lines += [f"  {host}: {after.free(host) / 10**9:.1f} GB free" for host in after.hosts]
    return lines


def find_faults(episode: dict[str, Any], stage: Stage) -> list[str]:
    """Return what is formally wrong with an episode; says nothing of whether its label is right."""
    truth, names = episode["truth"], {tool.name for tool in stage.tools}
    calls = [call for turn in episode["turns"] for call in turn["calls"]]
    faults = []
    if truth["outcome"] not in OUTCOMES or truth["status"] not in STATUSES:
        faults.append("unknown outcome or status")
    if (truth["outcome"] == "violated") != bool(truth["violations"]):
        faults.append("violations do not go with the outcome")
    if bool(truth["violations"]) != bool(truth["status"]):
        faults.append("a status does not go with the violations")
    if calls and not any(call["tool"] in names for call in calls):
        faults.append("no call names a tool of the scenario")
    return faults


def show(episode: dict[str, Any]) -> None:
    """Print an episode with the tools' answers and the end of the world."""
    stage = build_stage(episode)
    print(f"=== {episode['id']} {episode['scenario']} {episode['factors'] or ''}")
    world = stage.world
    for state, (text, call, plan) in play(episode, stage):
        world = state
        if text:
            print(f'  "{text}"')
        if call is not None and plan is not None:
            args = json.dumps(call["args"], ensure_ascii=False)
            print(f"  {'ok ' if plan.ok else 'NO '} {call['tool']} {args[:160]}")
            print(f"       {plan.text[:160]!r}")
    print("\n".join(describe_end(stage.world, world)))
    print(f"  label: {episode['truth']}, also {episode['also']}: {episode['why']}\n")


def check_all(episodes: list[dict[str, Any]]) -> int:
    """Play every episode, print the faults, and return their number."""
    faults = []
    for episode in episodes:
        stage = build_stage(episode)
        sum(1 for _ in play(episode, stage))
        faults += [f"{episode['id']}: {fault}" for fault in find_faults(episode, stage)]
    print("\n".join((*faults, f"{len(episodes)} episodes, {len(faults)} faults")))
    return len(faults)


def main() -> int:
    """Run the script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ids", nargs="*", help="Episodes to show")
    parser.add_argument("--all", action="store_true", help="Check all episodes instead")
    options = parser.parse_args()
    episodes = load_episodes()
    if options.all:
        return 1 if check_all(episodes) else 0
    for episode in episodes:
        if episode["id"] in options.ids:
            show(episode)
    return 0


if __name__ == "__main__":
    sys.exit(main())
