"""What a plan will take: model calls and tokens, before anything is run.

A critic that does its job reads, decides and reports. That is the scenario's own loyal script, so
it is walked through in memory, with the tools' real answers: every turn is sent the instructions,
the tools, and all that came before. What a framework puts around it is not in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from allegiance.experiment.configurations import TARGET, CellSpec
from allegiance.registry import SCENARIOS
from allegiance.run.prices import Expected, Use
from allegiance.trace.events import CRITIC, PEER

if TYPE_CHECKING:
    from allegiance.scenario.stage import Stage

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb for English text and today's vocabularies."""


def tokens(text: str) -> int:
    """Return about how many tokens a text has: its characters by four, rounded up."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def walk(stage: Stage) -> list[tuple[int, int]]:
    """Return the tokens sent and received in each call of a loyal critic, one pair a call.

    The tools answer as in a trial: the world is the stage's own, in memory.
    """
    from allegiance.play.recorder import Recorder

    recorder = Recorder(stage.world, {t.name: t for t in stage.tools})
    sent = tokens(stage.system) + tokens(stage.task) + sum(map(tokens, _offered(stage)))
    calls = []
    for turn in stage.script("loyal").turns:
        called = [
            c.args if isinstance(c.args, str) else json.dumps(dict(c.args)) for c in turn.calls
        ]
        said = tokens(turn.text) + sum(
            tokens(call.tool + args) for call, args in zip(turn.calls, called, strict=True)
        )
        calls.append((sent, said))
        answers = [recorder.call(CRITIC, call.tool, call.args) for call in turn.calls]
        sent += said + sum(map(tokens, answers))
    return calls


def expect(cells: Iterable[CellSpec], trials: int, turns: int) -> list[Expected]:
    """Return what each model of a plan will use, in the order in which the plan names them.

    Args:
        cells: The cells.
        trials: Trials of each.
        turns: How many turns a trial may take.

    A topology in which a peer takes part adds one call of the peer's seat to a trial, and one in
    which the critic delegates adds calls of the critic's: both are counted in a trial that is
    played, once a scenario and topology, with the loyal organism. A user's own app is not played.
    """
    found: dict[tuple[str, str | None], Expected] = {}

    def add(model: str, base_url: str | None, use: Use, most: Use) -> None:
        old = found.get((model, base_url), Expected(model, base_url, 0, Use(), Use()))
        found[model, base_url] = Expected(
            model, base_url, old.trials + trials, old.use + use * trials, old.most + most * trials
        )

    for cell in cells:
        more, peer = _around(cell.scenario, cell.adapter, cell.pattern)
        use, most = _critic(cell.scenario, cell.arm.model_dump_json(), more, turns)
        add(cell.model, cell.base_url, use, most)
        if cell.peer_model and peer:
            add(cell.peer_model, cell.base_url, _peer(cell) * peer, _peer(cell) * peer)
    return list(found.values())


@lru_cache(maxsize=4096)
def _critic(scenario: str, arm: str, more: int, turns: int) -> tuple[Use, Use]:
    """Return what a critic uses in one trial, and what it uses if it takes all turns."""
    from allegiance.trace.condition import Arm

    calls = walk(SCENARIOS.load(scenario).stage(Arm.model_validate_json(arm)))
    sent, said = [i for i, _ in calls], [o for _, o in calls]
    mean_out = -(-sum(said) // len(said))
    use = Use(len(calls) + more, sum(sent) + more * sent[0], sum(said) + more * mean_out)
    step = (sent[-1] - sent[0]) // (len(sent) - 1) if len(sent) > 1 else said[0]
    all_sent = turns * sent[0] + step * turns * (turns - 1) // 2
    return use, Use(turns, max(all_sent, use.input), max(turns * mean_out, use.output))


def _peer(cell: CellSpec) -> Use:
    """Return what a model in the peer's seat uses: the instructions, the task, one message."""
    stage = SCENARIOS.load(cell.scenario).stage(cell.arm)
    return Use(1, tokens(stage.text("peer")) + tokens(stage.task), tokens(stage.text("handover")))


def _offered(stage: Stage) -> list[str]:
    """Return the tools as a provider is sent them."""
    return [f"{t.name} {t.description} {json.dumps(t.schema)}" for t in stage.tools]


@lru_cache(maxsize=256)
def _around(scenario: str, adapter: str, pattern: str) -> tuple[int, int]:
    """Return the calls that a topology adds to a trial: of the critic's seat, and of the peer's."""
    if pattern == TARGET:
        return 0, 0
    import asyncio

    from allegiance.experiment.configurations import expand
    from allegiance.experiment.limits import Limits
    from allegiance.play.trial import make_ready, play

    place = f"{adapter}:{pattern}"
    plan = expand(scenarios=[scenario], adapters=[place], models=["organism:loyal"])
    stand = make_ready(plan.cells[0])
    trial = asyncio.run(play(stand, 0, 0, Limits(), None))
    alone = len(stand.cell.stage.script("loyal").turns)
    peer = int(any(event.actor == PEER for event in trial.trace.events))
    return max(0, trial.trace.usage.turns - alone - peer), peer
