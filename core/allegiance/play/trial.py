"""Plays one trial: stage, adapter, recorder, probes, outcome."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from allegiance.errors import TurnLimit, UserError
from allegiance.experiment.configurations import APP
from allegiance.experiment.limits import Limits
from allegiance.guard.guard import Guard
from allegiance.play.judgement import judge_events
from allegiance.play.prepared import PreparedConfiguration, make_recorder
from allegiance.play.recorder import Recorder
from allegiance.play.session import Session, playing
from allegiance.play.versions import version_of
from allegiance.scenario.roles import (
    script_players,
)
from allegiance.trace.events import CRITIC, OPERATOR
from allegiance.trace.redact import redact
from allegiance.trace.text import sanitize
from allegiance.trace.trials import SCHEMA, Trace, Trial, Usage
from allegiance.trace.wire import unchecked

if TYPE_CHECKING:
    from allegiance.provider.cache import ResponseCache

LONGEST_CAUSE = 10_000
"""The longest text of an error that is recorded; a provider chooses how much it sends."""


async def play(
    prepared: PreparedConfiguration,
    index: int,
    seed: int,
    limits: Limits,
    guard: Guard | None,
    price: Callable[[Mapping[str, Usage]], float] | None = None,
) -> Trial:
    """Play one trial and judge it; an error of the app or of a provider is recorded in the trial.

    Args:
        prepared: The configuration.
        index: The number of the trial within the configuration, from 0.
        seed: The seed of the run.
        limits: The turns, time, tokens and money that the trial may use.
        guard: Decides on every call; by default the configuration names the policy, or no guard.
        price: Returns the cost of the usage by role in US dollars; needed for a limit of cost.

    Raises:
        ValueError: If there is a limit of cost and no price.
        UserError: If the user's app or model turns out not to be usable.
    """
    if limits.cost is not None and price is None:
        raise ValueError("the limit of cost needs a price of tokens; pass `price`")
    prepared = prepared.drawn(seed, index)
    prepared = prepared.drawn(seed, index)
    stage = prepared.setup.stage
    if guard is None and prepared.spec.guard is not None:
        guard = Guard(stage.probes, prepared.spec.guard, limit=None)
    setup = prepared.setup
    recorder = make_recorder(setup, guard)
    draw = f"{seed}/{prepared.name}/{index}"
    session = Session(
        recorder,
        script_players(setup.roles, setup.cast, stage, draw, recorder),
        max_turns=limits.turns,
        attempts=limits.attempts,
        backoff=limits.backoff,
        request_timeout=limits.request or limits.timeout / 2,
        cache=_cache(limits.cache) if limits.cache else None,
        trial=prepared.key(seed, index),
        max_tokens=limits.tokens,
        max_cost=limits.cost,
        price=price,
        nudges=limits.nudges,
        duties=stage.duties,
        shown=(stage.system, stage.task) if prepared.spec.pattern == APP else (),
    )
    recorder.message("system", setup.cast[CRITIC].instructions)
    recorder.message(OPERATOR, stage.task)
    started = time.perf_counter()
    error, truncated = await _perform(prepared, session, limits.timeout)
    recorder.check_heard(role.name for role in setup.cast.values() if role.required)
    seconds = time.perf_counter() - started
    policy = guard.policy if guard else None
    try:
        return _conclude(
            prepared, index, seed, recorder, seconds, policy, error=error, truncated=truncated
        )
    except Exception as failure:  # noqa: BLE001 - a trial that cannot be judged is recorded, too
        lost = lost_trial(prepared, index, seed, f"cannot be concluded: {cause(failure)}")
        trace = lost.trace.model_copy(update={"usage": recorder.usage})  # it was paid for
        return lost.model_copy(update={"trace": trace})


async def _perform(
    prepared: PreparedConfiguration, session: Session, seconds: float
) -> tuple[str | None, str | None]:
    """Let the adapter play; return the error and the limit that ended the trial, or None."""
    import asyncio  # not at the top, to keep the core quick to import

    clock = asyncio.timeout(seconds)
    try:
        with playing(session):
            async with clock:
                await prepared.adapter.play(prepared.setup, prepared.built, session)
    except TurnLimit as limit:
        return None, str(limit)
    except UserError:
        raise  # true of every trial of the configuration, so the run ends
    except asyncio.CancelledError as failure:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        # the app cancelled itself: this task was not told to stop
        return f"CancelledError: {failure}", None
    except KeyboardInterrupt:
        raise
    except BaseException as failure:  # noqa: BLE001 - a crash or sys.exit() is a recorded outcome
        if isinstance(failure, Exception) and clock.expired():
            return None, f"time limit of {seconds:g} s reached"
        return session.blame(failure, cause(failure)), None
    return None, None


def cause(error: BaseException) -> str:
    """Return an exception's type and text in a form that can be written."""
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an app's exception can fail here, too
        text = "(it has no text)"
    return str(sanitize(redact(f"{type(error).__name__}: {text[:LONGEST_CAUSE]}")))


def lost_trial(prepared: PreparedConfiguration, index: int, seed: int, error: str) -> Trial:
    """Return the record of a trial that was lost, for example with its process."""
    prepared = prepared.drawn(seed, index)
    recorder = Recorder(prepared.setup.stage.world, {})
    return _conclude(
        prepared, index, seed, recorder, 0.0, prepared.spec.guard, error=error, truncated=None
    )


def _conclude(
    prepared: PreparedConfiguration,
    index: int,
    seed: int,
    recorder: Recorder,
    seconds: float,
    guard: str | None,
    *,
    error: str | None,
    truncated: str | None,
) -> Trial:
    stage, spec = prepared.setup.stage, prepared.spec
    recorder.end(error or truncated or "")
    events = recorder.events
    turns, notes = recorder.turns, recorder.notes
    judgement = judge_events(
        events,
        stage,
        error=error,
        truncated=truncated,
        turns=turns,
        notes=notes,
        usage=recorder.usage_by_role,
    )
    return unchecked(
        Trial,
        outcome=judgement.outcome,
        scores=judgement.scores,
        verdicts=judgement.verdicts,
        seconds=round(seconds, 4),
        trace=unchecked(
            Trace,
            schema_version=SCHEMA,
            key=prepared.key(seed, index),
            scenario=stage.scenario,
            version=stage.version,
            content=stage.content,
            condition=stage.condition,
            adapter=spec.adapter,
            pattern=spec.pattern,
            model=prepared.setup.roles.critic.spec,
            peer_model=prepared.setup.roles.names,
            app=spec.app,
            guard=guard,
            seed=seed,
            trial=index,
            provenance={**prepared.provenance, **notes},
            events=events,
            usage=recorder.usage,
            truncated=truncated,
            error=error,
            usage_by_role=recorder.usage_by_role,
        ),
        awareness=judgement.awareness,
        judged_by=version_of(prepared.versions),
        words=None,
        roles=judgement.roles,
    )


@lru_cache(maxsize=4)
def _cache(folder: str) -> ResponseCache:
    from allegiance.provider.cache import ResponseCache

    return ResponseCache(Path(folder))
