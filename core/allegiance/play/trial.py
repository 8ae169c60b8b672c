"""Plays one trial: stage, adapter, recorder, probes, outcome."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allegiance.errors import TurnLimit, UserError
from allegiance.experiment.configurations import APP, Configuration
from allegiance.experiment.limits import Limits
from allegiance.guard.guard import Guard
from allegiance.play.adapter import Adapter, Build, Setup
from allegiance.play.judgement import judge_events
from allegiance.play.recorder import Recorder
from allegiance.play.session import Session, playing
from allegiance.play.user_app import load_app
from allegiance.play.versions import package_versions, version_of, versions_of
from allegiance.registry import ADAPTERS, SCENARIOS
from allegiance.scenario.roles import PEER_SCRIPT, Model, Roles, parse_model, script_players
from allegiance.trace.digest import digest
from allegiance.trace.events import OPERATOR
from allegiance.trace.redact import redact
from allegiance.trace.text import sanitize
from allegiance.trace.trials import SCHEMA, ConfigurationKey, Trace, Trial, Usage
from allegiance.trace.wire import unchecked

if TYPE_CHECKING:
    from allegiance.provider.cache import ResponseCache

LONGEST_CAUSE = 10_000
"""The longest text of an error that is recorded; a provider chooses how much it sends."""


@dataclass(frozen=True)
class PreparedConfiguration:
    """A configuration that is ready to play, with everything that its trials share.

    Attributes:
        spec: The configuration.
        setup: The configuration as the adapter gets it.
        adapter: Plays the trials.
        built: What the adapter's ``prepare`` returned.
        provenance: Versions and notes that are recorded in every trace.
        name: The digest of the configuration, of which the keys of trials are made.
        versions: The version of each part that judges its trials.
        variants: The configurations of trials that draw their variant, by variant.
    """

    spec: Configuration
    setup: Setup
    adapter: Adapter
    built: Any
    provenance: dict[str, str]
    name: str
    versions: dict[str, str]
    variants: dict[str, PreparedConfiguration] = field(default_factory=dict)

    @property
    def configuration_key(self) -> ConfigurationKey:
        """The key in the traces of its trials, which name the models that really play the roles."""
        roles = self.setup.roles
        return self.spec.configuration_key._replace(
            model=roles.critic.spec, peer_model=roles.peer.spec
        )

    def key(self, seed: int, index: int) -> str:
        """Return the key of a trial; it depends on every factor and on all content of the stage."""
        return _key(self.drawn(seed, index).name, seed, index)

    def drawn(self, seed: int, index: int) -> PreparedConfiguration:
        """Return the configuration of a trial, with the variant that it draws if it draws one."""
        condition = self.spec.condition.draw(self.spec.scenario, seed, index)
        if condition == self.spec.condition:
            return self
        if condition.variant not in self.variants:
            roles = self.setup.roles
            prepared = prepare(
                self.spec.model_copy(update={"condition": condition}),
                model=roles.critic,
                peer=roles.peer,
                build=self.setup.build,
                adapter=self.adapter,
            )
            self.variants[condition.variant] = prepared
        return self.variants[condition.variant]


def prepare(
    spec: Configuration,
    *,
    model: Model | None = None,
    peer: Model | None = None,
    build: Build | None = None,
    adapter: Adapter | None = None,
) -> PreparedConfiguration:
    """Load what a configuration names and let its adapter build what the trials share.

    Args:
        spec: The configuration.
        model: A model object for the critic's role; by default the configuration names it.
        peer: A model object for the peer's role; by default the configuration names it.
        build: A function that builds the user's app; by default the configuration names it.
        adapter: An adapter that is not registered; by default the configuration names it.

    Raises:
        UserError: If something that the configuration names does not exist or cannot be used.
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
        # an unknown script is an error at once, not in each trial
        critic.scripted_agent.script(stage, "")
    provenance = {
        "provider": redact(critic.path),
        **package_versions(("allegiance", *adapter.packages)),
        **{str(name): str(note) for name, note in getattr(adapter, "notes", {}).items()},
    }
    return PreparedConfiguration(
        spec=spec,
        setup=setup,
        adapter=adapter,
        built=adapter.prepare(setup),
        provenance=provenance,
        name=digest([SCHEMA, spec.model_dump(mode="json"), stage.version, stage.content]),
        versions=versions_of(stage),
    )


async def play(
    prepared: PreparedConfiguration,
    index: int,
    seed: int,
    limits: Limits,
    guard: Guard | None,
    price: Callable[[Usage], float] | None = None,
) -> Trial:
    """Play one trial and judge it; an error of the app or of a provider is recorded in the trial.

    Args:
        prepared: The configuration.
        index: The number of the trial within the configuration, from 0.
        seed: The seed of the run.
        limits: The turns, time, tokens and money that the trial may use.
        guard: Decides on every call; by default the configuration names the policy, or no guard.
        price: Returns the cost of some usage in US dollars; needed for a limit of cost.

    Raises:
        ValueError: If there is a limit of cost and no price.
        UserError: If the user's app or model turns out not to be usable.
    """
    if limits.cost is not None and price is None:
        raise ValueError("the limit of cost needs a price of tokens; pass `price`")
    prepared = prepared.drawn(seed, index)
    stage = prepared.setup.stage
    if guard is None and prepared.spec.guard is not None:
        guard = Guard(stage.probes, prepared.spec.guard, limit=None)
    recorder = Recorder(stage.world, {t.name: t for t in stage.tools}, guard)
    session = Session(
        recorder,
        script_players(prepared.setup.roles, stage, f"{seed}/{prepared.name}/{index}", recorder),
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
    recorder.message("system", stage.system)
    recorder.message(OPERATOR, stage.task)
    started = time.perf_counter()
    error, truncated = await _perform(prepared, session, limits.timeout)
    recorder.check_heard(role.name for role in stage.roles.values() if role.required)
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
        events, stage, error=error, truncated=truncated, turns=turns, notes=notes
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
            peer_model=prepared.setup.roles.peer.spec,
            app=spec.app,
            guard=guard,
            seed=seed,
            trial=index,
            provenance={**prepared.provenance, **notes},
            events=events,
            usage=recorder.usage,
            truncated=truncated,
            error=error,
        ),
        awareness=judgement.awareness,
        judged_by=version_of(prepared.versions),
        words=None,
    )


@lru_cache(maxsize=1024)  # scheduling, playing and storing a trial all need its key
def _key(name: str, seed: int, index: int) -> str:
    return digest([name, seed, index])


@lru_cache(maxsize=4)
def _cache(folder: str) -> ResponseCache:
    from allegiance.provider.cache import ResponseCache

    return ResponseCache(Path(folder))
