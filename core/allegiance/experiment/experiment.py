"""An experiment as a plan file describes it: blocks, trials, limits and prices, as checked data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import Field

from allegiance.errors import UserError
from allegiance.experiment.configurations import Configuration, RunPlan, expand
from allegiance.experiment.factors import Factors, Value, listed
from allegiance.experiment.limits import Budget, Limits, Price, Spending
from allegiance.guard.decision import RunPolicy
from allegiance.stats.stop_rule import StopRule
from allegiance.trace.condition import Condition
from allegiance.trace.events import PEER
from allegiance.trace.wire import Wire

DIALECT = "https://json-schema.org/draft/2020-12/schema"


Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class Setting(Wire):
    """The values that a block may have; without its own it uses those of the experiment.

    Attributes:
        scenarios: Ids; all by default.
        adapters: ``name`` for all of its patterns, or ``name:pattern``.
        models: The models to measure, as on the command line.
        base_url: An OpenAI-compatible endpoint that serves the models.
        peer_model: The model in the peer's role.
        roles: The models of further roles, each as ``role=model``.
        app: ``package.module:build`` of a user's own app.
        guard: Policy of a guard with the probes of each scenario; ``ask`` is not allowed in a run.
    """

    scenarios: Names | None = None
    adapters: Names | None = None
    models: Names | None = None
    base_url: str | None = None
    peer_model: str | None = None
    roles: Names | None = None
    app: str | None = None
    guard: RunPolicy | None = None


class Block(Setting):
    """Configurations that belong together.

    Attributes:
        name: The purpose of the block.
        factors: Levels by factor; all their combinations are played.
        exclude: Combinations to leave out.
        include: Combinations to add at the end, whatever ``exclude`` says.
    """

    name: str = ""
    factors: Factors = Field(default={})
    exclude: tuple[Factors, ...] = ()
    include: tuple[Factors, ...] = ()


class Experiment(Setting):
    """A whole experiment.

    Attributes:
        title: Its purpose, in one line.
        trials: Trials of each configuration.
        seed: Seed of the run.
        concurrency: Trials in flight.
        workers: Worker processes; 0 plays in the process of the command.
        limits: What a trial may use.
        budget: What the run may spend.
        prices: Prices by model; they take precedence over the price list.
        until: The stop rule that ends a configuration early.
        blocks: The configurations; one that two blocks contain is played once.
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

    def override(self, **values: Any) -> Experiment:
        """Return the experiment with other values of its own fields.

        A block keeps its own values. Values that are None or empty change nothing. With an ``app``
        and no adapters, the adapter is LangGraph, as for ``allegiance run``.
        """
        changed = {name: value for name, value in values.items() if value not in (None, (), [], "")}
        if "app" in changed:
            changed.setdefault("adapters", ("langgraph",))
        return self.model_copy(update=changed)

    def plan(self) -> RunPlan:
        """Return the configurations of all blocks, and the combinations that make no sense.

        Raises:
            UserError: For an unknown name, or a block without a configuration.
        """
        plans = [self.plan_of(block) for block in self.blocks]
        configurations = dict.fromkeys(
            configuration for plan in plans for configuration in plan.configurations
        )
        left_out = dict.fromkeys(text for plan in plans for text in plan.left_out)
        return RunPlan(tuple(configurations), tuple(left_out))

    def plan_of(self, block: Block) -> RunPlan:
        """Return the configurations of one block.

        Raises:
            UserError: As ``plan``; the message names the block.
        """
        try:
            return self._plan_of(block)
        except UserError as error:
            if len(self.blocks) == 1 and not block.name:
                raise
            raise UserError(f"{self.label(block)}: {error}") from error

    def label(self, block: Block) -> str:
        """Return the name of a block, or its number in the file."""
        return block.name or f"block {self.blocks.index(block) + 1}"

    @property
    def each(self) -> int:
        """Trials of each configuration; with a stop rule, by default as many as its power needs."""
        if self.until is None or "trials" in self.model_fields_set:
            return self.trials
        from allegiance.stats.sequential_design import most_trials

        return most_trials(self.until.test())

    def spending(self) -> dict[str, Any]:
        """Return all limits of a trial, including the defaults."""
        prices = {model: (price.input, price.output) for model, price in self.prices.items()}
        return vars(Limits(**self.limits.model_dump(exclude_none=True), prices=prices))

    def _plan_of(self, block: Block) -> RunPlan:
        from allegiance.scenario.roles import parse_model, parse_role

        values = {
            name: getattr(block, name) or getattr(self, name) for name in Setting.model_fields
        }
        models = values.pop("models")
        if not models:
            raise UserError(
                'it names no model; add `models = ["scripted:loyal"]` (needs no key), '
                "or give --model"
            )
        common = {
            **{name: value for name, value in values.items() if value},
            "models": [parse_model(m, values["base_url"]).spec for m in models],
        }
        if peer := values["peer_model"]:
            common["peer_model"] = parse_role(f"{PEER}={peer}", values["base_url"])[1].spec
        whole = expand(factors=block.factors, **common)
        kept = _without(whole.configurations, block.exclude)
        left_out = [*whole.left_out]
        for combination in block.include:
            more = expand(factors=combination, **common)
            kept += more.configurations
            left_out += more.left_out
        if not kept:
            raise UserError("`exclude` leaves out every condition; remove a combination from it")
        return RunPlan(tuple(dict.fromkeys(kept)), tuple(dict.fromkeys(left_out)))


def schema() -> dict[str, Any]:
    """Return the JSON schema of a plan file."""
    return {"$schema": DIALECT, **Experiment.model_json_schema()}


def _without(
    configurations: tuple[Configuration, ...], exclude: Sequence[Mapping[str, tuple[Value, ...]]]
) -> tuple[Configuration, ...]:
    for combination in exclude:
        left = tuple(c for c in configurations if not _matches(c.condition, combination))
        if len(left) == len(configurations):
            text = ", ".join(f"{name}={listed(values)}" for name, values in combination.items())
            raise UserError(
                f"`exclude` {text!r} matches no condition that is left; correct or drop it"
            )
        configurations = left
    return configurations


def _matches(condition: Condition, combination: Mapping[str, tuple[Value, ...]]) -> bool:
    return all(getattr(condition, name) in values for name, values in combination.items())
