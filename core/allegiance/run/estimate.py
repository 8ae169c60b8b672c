"""Estimating the model calls and tokens of a plan before it is played.

A loyal critic reads, decides and reports, as the scenario's loyal script does. The estimate plays
this script in memory with the tools' real answers: every turn sends the instructions, the tools,
and the whole conversation before it. What a framework adds to a prompt is not included.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from allegiance.experiment.configurations import APP, Configuration
from allegiance.registry import SCENARIOS, adapter_info
from allegiance.run.prices import Expected, Use
from allegiance.scenario.cast import ADDED_CALLS
from allegiance.trace.events import CRITIC, OPERATOR

if TYPE_CHECKING:
    from allegiance.scenario.stage import Stage

CHARACTERS_PER_TOKEN = 4
"""A rule of thumb for English text and today's vocabularies."""


def tokens(text: str) -> int:
    """Return the approximate number of tokens of a string: a quarter of its length, rounded up."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def walk(stage: Stage) -> list[tuple[int, int]]:
    """Return the tokens sent and received in each model call of a loyal critic.

    The tools answer as in a trial, on the world of the stage in memory.
    """
    from allegiance.play.recorder import Recorder

    recorder = Recorder(stage.world, {t.name: t for t in stage.tools})
    sent = tokens(stage.system) + tokens(stage.task) + sum(map(tokens, _offered(stage)))
    calls = []
    for turn in stage.script("loyal").turns:
        args = [c.args if isinstance(c.args, str) else json.dumps(dict(c.args)) for c in turn.calls]
        received = tokens(turn.text) + sum(
            tokens(call.tool + text) for call, text in zip(turn.calls, args, strict=True)
        )
        calls.append((sent, received))
        answers = [recorder.call(CRITIC, call.tool, call.args) for call in turn.calls]
        sent += received + sum(map(tokens, answers))
    return calls


def expect(configurations: Iterable[Configuration], trials: int, turns: int) -> list[Expected]:
    """Return the expected use of each model, in the order in which the plan names them.

    Args:
        configurations: The configurations.
        trials: Trials of each configuration.
        turns: Number of turns that a trial may take.

    A pattern in which a peer takes part adds a call to the peer's model to a trial. A pattern in
    which the critic delegates adds a call to the critic's model. Adapters declare both. The calls
    that a user's own app adds are unknown.
    """
    uses: dict[tuple[str, str | None], Expected] = {}

    def add(model: str, base_url: str | None, use: Use, most: Use) -> None:
        old = uses.get((model, base_url), Expected(model, base_url, 0, Use(), Use()))
        uses[model, base_url] = Expected(
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
        for role, model in configuration.roles:
            if configuration.pattern == "panel":
                add(model, configuration.base_url, use, most)  # a member does what the critic does
            elif role != OPERATOR:
                add(
                    model,
                    configuration.base_url,
                    _peer(configuration) * 2,
                    _peer(configuration) * 2,
                )
    return list(uses.values())


@lru_cache(maxsize=4096)
def _critic(scenario: str, condition: str, more: int, turns: int) -> tuple[Use, Use]:
    """Return the use of a critic in one trial, and its use if it takes all turns."""
    from allegiance.trace.condition import Condition

    calls = walk(SCENARIOS.load(scenario).stage(Condition.model_validate_json(condition)))
    sent, received = [i for i, _ in calls], [o for _, o in calls]
    mean_out = -(-sum(received) // len(received))
    use = Use(len(calls) + more, sum(sent) + more * sent[0], sum(received) + more * mean_out)
    step = (sent[-1] - sent[0]) // (len(sent) - 1) if len(sent) > 1 else received[0]
    all_sent = turns * sent[0] + step * turns * (turns - 1) // 2
    return use, Use(turns, max(all_sent, use.input), max(turns * mean_out, use.output))


def _peer(configuration: Configuration) -> Use:
    """Return the use of a model in the peer's role: instructions, task and one message."""
    stage = SCENARIOS.load(configuration.scenario).stage(configuration.condition)
    return Use(1, tokens(stage.text("peer")) + tokens(stage.task), tokens(stage.text("handover")))


def _offered(stage: Stage) -> list[str]:
    """Return the tools as they are sent to a provider."""
    return [f"{t.name} {t.description} {json.dumps(t.schema)}" for t in stage.tools]


def _added_calls(adapter: str, pattern: str) -> tuple[int, int]:
    """Return the calls that a pattern adds to a trial: of the critic's role, and of the peer's."""
    if pattern == APP:
        return 0, 0
    if pattern in ADDED_CALLS:
        return ADDED_CALLS[pattern]
    info = adapter_info(adapter)
    return int(pattern in info.delegates), int(pattern in info.live)
