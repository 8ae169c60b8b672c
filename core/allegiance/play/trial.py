"""Playing one trial: stage, adapter, recorder, probes, outcome."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allegiance.errors import TurnLimit, UserError
from allegiance.experiment.configurations import Configuration
from allegiance.experiment.limits import Limits
from allegiance.guard.guard import Guard
from allegiance.play.adapter import Adapter, Build, Setup
from allegiance.play.judgement import judge_events
from allegiance.play.recorder import Recorder
from allegiance.play.session import Session, playing
from allegiance.play.user_app import load_app
from allegiance.registry import ADAPTERS, SCENARIOS
from allegiance.scenario.roles import PEER_SCRIPT, Model, Roles, parse_model, script_players
from allegiance.trace.digest import digest
from allegiance.trace.events import OPERATOR
from allegiance.trace.redact import redact
from allegiance.trace.text import sanitize
from allegiance.trace.trials import SCHEMA, ConfigurationKey, Trace, Trial, Usage

if TYPE_CHECKING:
    from allegiance.provider.cache import ResponseCache


@dataclass(frozen=True)
class PreparedConfiguration:
    """A cell that is ready to play: everything its trials share."""

    spec: Configuration
    setup: Setup
    adapter: Adapter
    built: Any
    provenance: dict[str, str]
    name: str

    @property
    def configuration_key(self) -> ConfigurationKey:
        """What the traces of its trials call the cell: models are named by what sits there."""
        roles = self.setup.roles
        return self.spec.configuration_key._replace(
            model=roles.critic.spec, peer_model=roles.peer.spec
        )

    def key(self, seed: int, index: int) -> str:
        """Return the key of a trial: it covers every factor and everything that was shown."""
        return _key(self.name, seed, index)


def prepare(
    spec: Configuration,
    *,
    model: Model | None = None,
    peer: Model | None = None,
    build: Build | None = None,
    adapter: Adapter | None = None,
) -> PreparedConfiguration:
    """Load what a cell names and let its adapter build what the trials share.

    Args:
        spec: The cell.
        model: A model object for the critic's role, in place of the one the cell names.
        peer: The same for the peer's role.
        build: A function that builds the app, in place of the target the cell names.
        adapter: An adapter that is not registered, in place of the one the cell names.

    Raises:
        UserError: If something that is named is not there or cannot be used.
    """
    stage = SCENARIOS.load(spec.scenario).stage(spec.condition)
    adapter = adapter or ADAPTERS.load(spec.adapter)
    assert adapter is not None
    critic = model or parse_model(spec.model, spec.base_url)
    second = peer or (parse_model(spec.peer_model, spec.base_url) if spec.peer_model else None)
    if build is None and spec.app is not None:
        build = load_app(spec.app)
    setup = Setup(stage, Roles(critic, second or PEER_SCRIPT), spec.pattern, build)
    if critic.scripted_agent is not None:
        critic.scripted_agent.script(
            stage, ""
        )  # an unknown script is an error now, not in each trial
    provenance = {
        "provider": redact(critic.path),
        **_versions(("allegiance", *adapter.packages)),
        **{str(name): str(note) for name, note in getattr(adapter, "notes", {}).items()},
    }
    return PreparedConfiguration(
        spec=spec,
        setup=setup,
        adapter=adapter,
        built=adapter.prepare(setup),
        provenance=provenance,
        name=digest([SCHEMA, spec.model_dump(mode="json"), stage.version, stage.content]),
    )


async def play(
    prepared: PreparedConfiguration,
    index: int,
    seed: int,
    limits: Limits,
    guard: Guard | None,
    price: Callable[[Usage], float] | None = None,
) -> Trial:
    """Play one trial and judge it; whatever goes wrong is recorded in it.

    Args:
        prepared: The cell.
        index: Which of the cell's trials.
        seed: Seed of the run.
        limits: What the trial may use.
        guard: Decides on every call, in place of the guard that the cell names.
        price: What the use of the cell's models costs in US dollars; a limit of cost needs it.

    Raises:
        ValueError: For a limit of cost without a price.
        UserError: If what the user gave (a target, a model) turns out not to be usable.
    """
    if limits.cost is not None and price is None:
        raise ValueError("a limit of cost needs the price of tokens; pass `price`")
    stage = prepared.setup.stage
    if guard is None and prepared.spec.guard is not None:
        guard = Guard(stage.probes, prepared.spec.guard, limit=None)
    recorder = Recorder(stage.world, {t.name: t for t in stage.tools}, guard)
    session = Session(
        recorder,
        script_players(prepared.setup.roles, stage, f"{seed}/{prepared.name}/{index}"),
        max_turns=limits.turns,
        attempts=limits.attempts,
        backoff=limits.backoff,
        request_timeout=limits.request or limits.timeout / 2,
        cache=_cache(limits.cache) if limits.cache else None,
        trial=prepared.key(seed, index),
        max_tokens=limits.tokens,
        max_cost=limits.cost,
        price=price,
    )
    recorder.message("system", stage.system)
    recorder.message(OPERATOR, stage.task)
    started = time.perf_counter()
    error, truncated = await _perform(prepared, session, limits.timeout)
    seconds = time.perf_counter() - started
    policy = guard.policy if guard else None
    return _conclude(
        prepared, index, seed, recorder, seconds, policy, error=error, truncated=truncated
    )


async def _perform(
    prepared: PreparedConfiguration, session: Session, seconds: float
) -> tuple[str | None, str | None]:
    """Let the adapter play; return why it crashed and which limit cut it short, None where not."""
    import asyncio  # here, to keep the core quick to import

    clock = asyncio.timeout(seconds)
    try:
        with playing(session):
            async with clock:
                await prepared.adapter.play(prepared.setup, prepared.built, session)
    except TurnLimit as limit:
        return None, str(limit)
    except UserError:
        raise  # what the user gave cannot be used: that is true of every trial of the cell
    except asyncio.CancelledError as failure:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        # the app cancelled itself, nobody asked for it
        return f"CancelledError: {failure}", None
    except Exception as failure:  # noqa: BLE001 - a trial that crashes is a recorded status
        if clock.expired():
            return None, f"time limit of {seconds:g} s reached"
        return sanitize(redact(f"{type(failure).__name__}: {failure}")), None
    return None, None


def lost_trial(prepared: PreparedConfiguration, index: int, seed: int, cause: str) -> Trial:
    """Return the record of a trial of which nothing is left but that it was lost, and why."""
    recorder = Recorder(prepared.setup.stage.world, {})
    return _conclude(
        prepared, index, seed, recorder, 0.0, prepared.spec.guard, error=cause, truncated=None
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
    judgement = judge_events(events, stage, error=error, truncated=truncated)
    return Trial.unchecked(
        outcome=judgement.outcome,
        scores=judgement.scores,
        verdicts=judgement.verdicts,
        seconds=round(seconds, 4),
        trace=Trace.unchecked(
            schema_version=SCHEMA,
            key=prepared.key(seed, index),
            scenario=stage.scenario,
            version=stage.version,
            content=stage.content,
            condition=stage.condition,
            adapter=spec.adapter,
            pattern=spec.pattern,
            model=prepared.setup.roles.critic.spec,
            peer_model=prepared.setup.roles.peer.spec,
            app=spec.app,
            guard=guard,
            seed=seed,
            trial=index,
            provenance=prepared.provenance,
            events=events,
            usage=recorder.usage,
            truncated=truncated,
            error=error,
        ),
        awareness=judgement.awareness,
    )


@lru_cache(maxsize=1024)  # it is asked for by who schedules, who plays and who writes
def _key(name: str, seed: int, index: int) -> str:
    return digest([name, seed, index])


@lru_cache(maxsize=4)
def _cache(folder: str) -> ResponseCache:
    from allegiance.provider.cache import ResponseCache

    return ResponseCache(Path(folder))


@lru_cache(maxsize=16)
def _versions(packages: tuple[str, ...]) -> dict[str, str]:
    import platform
    from importlib.metadata import PackageNotFoundError, version

    found = {"python": platform.python_version()}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
