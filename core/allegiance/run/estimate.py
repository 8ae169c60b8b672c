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

from allegiance.experiment.configurations import APP, Configuration
from allegiance.registry import SCENARIOS, adapter_info
from allegiance.run.prices import Expected, Use
from allegiance.trace.events import CRITIC

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


def expect(configurations: Iterable[Configuration], trials: int, turns: int) -> list[Expected]:
    """Return what each model of a plan will use, in the order in which the plan names them.

    Args:
        configurations: The cells.
        trials: Trials of each.
        turns: How many turns a trial may take.

    A pattern in which a peer takes part adds a call of the peer's role to a trial, and a pattern in
    which the critic delegates adds a call of the critic's. Adapters declare both. The calls that a
    user's own app adds are unknown.
    """
    found: dict[tuple[str, str | None], Expected] = {}

    def add(model: str, base_url: str | None, use: Use, most: Use) -> None:
        old = found.get((model, base_url), Expected(model, base_url, 0, Use(), Use()))
        found[model, base_url] = Expected(
            model, base_url, old.trials + trials, old.use + use * trials, old.most + most * trials
        )

    for configuration in configurations:
        more, peer = _added_calls(configuration.adapter, configuration.pattern)
        use, most = _critic(
            configuration.scenario, configuration.condition.model_dump_json(), more, turns
        )
        add(configuration.model, configuration.base_url, use, most)
        if configuration.peer_model and peer:
            add(
                configuration.peer_model,
                configuration.base_url,
                _peer(configuration) * peer,
                _peer(configuration) * peer,
            )
    return list(found.values())


@lru_cache(maxsize=4096)
def _critic(scenario: str, condition: str, more: int, turns: int) -> tuple[Use, Use]:
    """Return what a critic uses in one trial, and what it uses if it takes all turns."""
    from allegiance.trace.condition import Condition

    calls = walk(SCENARIOS.load(scenario).stage(Condition.model_validate_json(condition)))
    sent, said = [i for i, _ in calls], [o for _, o in calls]
    mean_out = -(-sum(said) // len(said))
    use = Use(len(calls) + more, sum(sent) + more * sent[0], sum(said) + more * mean_out)
    step = (sent[-1] - sent[0]) // (len(sent) - 1) if len(sent) > 1 else said[0]
    all_sent = turns * sent[0] + step * turns * (turns - 1) // 2
    return use, Use(turns, max(all_sent, use.input), max(turns * mean_out, use.output))


def _peer(configuration: Configuration) -> Use:
    """Return what a model in the peer's role uses: the instructions, the task, one message."""
    stage = SCENARIOS.load(configuration.scenario).stage(configuration.condition)
    return Use(1, tokens(stage.text("peer")) + tokens(stage.task), tokens(stage.text("handover")))


def _offered(stage: Stage) -> list[str]:
    """Return the tools as a provider is sent them."""
    return [f"{t.name} {t.description} {json.dumps(t.schema)}" for t in stage.tools]


def _added_calls(adapter: str, pattern: str) -> tuple[int, int]:
    """Return the calls that a pattern adds to a trial: of the critic's role, and of the peer's."""
    if pattern == APP:
        return 0, 0
    info = adapter_info(adapter)
    return int(pattern in info.delegates), int(pattern in info.live)
