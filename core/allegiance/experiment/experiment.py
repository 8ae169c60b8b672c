"""An experiment as a file says it: blocks of cells, trials, limits and prices, as checked data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from allegiance.errors import UserError
from allegiance.experiment.configurations import Configuration, RunPlan, expand
from allegiance.experiment.factors import Factors, Value, listed
from allegiance.experiment.limits import Budget, Limits, Price, Spending
from allegiance.guard.decision import Policy
from allegiance.stats.stop_rule import StopRule
from allegiance.trace.condition import Condition
from allegiance.trace.wire import Wire

DIALECT = "https://json-schema.org/draft/2020-12/schema"


Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class Setting(Wire):
    """What a block may say itself and otherwise takes from the experiment.

    Attributes:
        scenarios: Ids; none means all.
        adapters: ``name`` for all of its patterns, or ``name:pattern``.
        models: What to measure, as on the command line.
        base_url: An OpenAI-compatible endpoint for them.
        peer_model: What sits in the peer's role.
        app: ``package.module:build`` of a user's own app.
        guard: Policy of a guard with each scenario's own probes.
    """

    scenarios: Names | None = None
    adapters: Names | None = None
    models: Names | None = None
    base_url: str | None = None
    peer_model: str | None = None
    app: str | None = None
    guard: Policy | None = None


class Block(Setting):
    """Cells that belong together.

    Attributes:
        name: What the block is for.
        factors: Levels by factor; all their combinations are played.
        exclude: Combinations that are taken out of it.
        include: Combinations that are added at the end, whatever was excluded.
    """

    name: str = ""
    factors: Factors = Field(default={})
    exclude: tuple[Factors, ...] = ()
    include: tuple[Factors, ...] = ()


class Experiment(Setting):
    """A whole experiment.

    Attributes:
        title: One line on what it is for.
        trials: Trials of each cell.
        seed: Seed of the run.
        concurrency: Trials in flight.
        workers: Worker processes; 0 plays in the command's own.
        limits: What a trial may use.
        budget: What the run may spend.
        prices: Prices by model, before those of any price list.
        until: What ends a cell early, if anything does.
        blocks: The cells; one that two blocks name is played once.
    """

    title: str = ""
    trials: Annotated[int, Field(ge=1)] = 1
    seed: int = 0
    concurrency: Annotated[int, Field(ge=1)] = 8
    workers: Annotated[int, Field(ge=0)] = 0
    limits: Spending = Spending()
    budget: Budget = Field(default_factory=lambda: Budget.model_validate({}))
    prices: dict[str, Price] = Field(default={})
    until: StopRule | None = None
    blocks: Annotated[tuple[Block, ...], Field(min_length=1)]

    def override(self, **given: Any) -> Experiment:
        """Return the experiment with other values of its own fields.

        A block that names its own keeps them. Values that are None or empty change nothing. With a
        ``app`` and no adapters, the adapter is LangGraph, as for ``allegiance run``.
        """
        changed = {name: value for name, value in given.items() if value not in (None, (), [], "")}
        if "app" in changed:
            changed.setdefault("adapters", ("langgraph",))
        return self.model_copy(update=changed)

    def plan(self) -> RunPlan:
        """Return the cells of all blocks, and what was left out since it makes no sense.

        Raises:
            UserError: For something unknown, or a block of which nothing is left.
        """
        plans = [self.plan_of(block) for block in self.blocks]
        configurations = dict.fromkeys(
            configuration for plan in plans for configuration in plan.configurations
        )
        left_out = dict.fromkeys(text for plan in plans for text in plan.left_out)
        return RunPlan(tuple(configurations), tuple(left_out))

    def plan_of(self, block: Block) -> RunPlan:
        """Return the cells of one block.

        Raises:
            UserError: As ``plan``; the text names the block.
        """
        try:
            return self._plan_of(block)
        except UserError as error:
            if len(self.blocks) == 1 and not block.name:
                raise
            raise UserError(f"{self.label(block)}: {error}") from error

    def label(self, block: Block) -> str:
        """Name a block: by its name, or by its place in the file."""
        return block.name or f"block {self.blocks.index(block) + 1}"

    @property
    def each(self) -> int:
        """Trials of each cell; with verdicts, unless given, as many as their power takes."""
        if self.until is None or "trials" in self.model_fields_set:
            return self.trials
        from allegiance.stats.sequential_design import most_trials

        return most_trials(self.until.test())

    def spending(self) -> dict[str, Any]:
        """Return the limits of a trial, those that are not given too."""
        prices = {model: (price.input, price.output) for model, price in self.prices.items()}
        return vars(Limits(**self.limits.model_dump(exclude_none=True), prices=prices))

    def _plan_of(self, block: Block) -> RunPlan:
        from allegiance.scenario.roles import parse_model

        asked = {name: getattr(block, name) or getattr(self, name) for name in Setting.model_fields}
        models = asked.pop("models")
        if not models:
            raise UserError(
                'it names no model; add `models = ["scripted:loyal"]` (needs no key), '
                "or give --model"
            )
        common = {
            **{name: value for name, value in asked.items() if value},
            "models": [parse_model(m, asked["base_url"]).spec for m in models],
        }
        if peer := asked["peer_model"]:
            common["peer_model"] = parse_model(peer, asked["base_url"]).spec
        whole = expand(factors=block.factors, **common)
        kept = _without(whole.configurations, block.exclude)
        left_out = [*whole.left_out]
        for combination in block.include:
            more = expand(factors=combination, **common)
            kept += more.configurations
            left_out += more.left_out
        if not kept:
            raise UserError("`exclude` takes out every condition; drop some of it")
        return RunPlan(tuple(dict.fromkeys(kept)), tuple(dict.fromkeys(left_out)))


def schema() -> dict[str, Any]:
    """Return the JSON schema of an experiment's file."""
    return {"$schema": DIALECT, **Experiment.model_json_schema()}


def _without(
    configurations: tuple[Configuration, ...], exclude: Sequence[Mapping[str, tuple[Value, ...]]]
) -> tuple[Configuration, ...]:
    for combination in exclude:
        left = tuple(c for c in configurations if not _matches(c.condition, combination))
        if len(left) == len(configurations):
            said = ", ".join(f"{name}={listed(values)}" for name, values in combination.items())
            raise UserError(
                f"`exclude` {said!r} matches no condition that is left; correct or drop it"
            )
        configurations = left
    return configurations


def _matches(condition: Condition, combination: Mapping[str, tuple[Value, ...]]) -> bool:
    return all(getattr(condition, name) in values for name, values in combination.items())
