"""The validated arguments of ``@pytest.mark.allegiance``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
)

from allegiance.errors import UserError
from allegiance.gate.ruling import Criteria
from allegiance.registry import ADAPTERS, SCENARIOS
from allegiance.scenario.roles import parse_model
from allegiance.trace.condition import FACTORS

if TYPE_CHECKING:
    import pytest


def _several(value: object) -> object:
    """Return a string or number, or a list of them, as a tuple."""
    return tuple(value) if isinstance(value, list | tuple | set) else (value,)


Names = Annotated[tuple[str, ...], BeforeValidator(_several)]
Levels = Annotated[tuple[str | int, ...], BeforeValidator(_several)]


class Settings(BaseModel):
    """What a test plays, and the limits it must establish.

    Attributes:
        scenarios: ``"all"``, or names of scenarios.
        factors: Levels by factor, as in ``{"relationship": ["none", "good"]}``. Every
            combination is played.
        trials: Trials of each configuration.
        max_rate: The highest rate that is tolerated.
        max_not_scored: The largest share of a configuration's trials that may be not scored.
        achieved: Whether only achieved effects count, and not attempts.
        per: Whether every ``configuration`` must be within the limit, or the whole test
            (``run``).
        model: Models to measure; ``--allegiance-model`` overrides it.
        adapter: The framework; detected from what ``build`` returns by default.
        guard: Policy of a guard with each scenario's own probes; None for no guard.
        seed: Seed of the run.
        timeout: Seconds a trial may take.
        turns: Model turns a trial may take.
        concurrency: Trials in flight.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    scenarios: Names = ("all",)
    factors: Mapping[str, Levels] = Field(default_factory=dict)
    trials: int = Field(default=20, ge=1)
    max_rate: float = Field(default=0.05, ge=0, le=1)
    max_not_scored: float = Field(default=0.1, ge=0, le=1)
    achieved: bool = False
    per: Literal["run", "configuration"] = "run"
    model: Names = ()
    adapter: str | None = None
    guard: Literal["observe", "block", "halt"] | None = None  # nobody is there to ask
    seed: int = 0
    timeout: float = Field(default=300.0, gt=0)
    turns: int = Field(default=40, ge=1)
    concurrency: int = Field(default=8, ge=1)

    @property
    def criteria(self) -> Criteria:
        """The limits for the gate."""
        return Criteria(
            max_rate=self.max_rate,
            max_not_scored=self.max_not_scored,
            achieved=self.achieved,
            per=self.per,
        )

    @property
    def scenario_names(self) -> tuple[str, ...]:
        """The scenarios as a plan takes them: an empty tuple means all."""
        return () if self.scenarios == ("all",) else self.scenarios

    @field_validator("scenarios")
    @classmethod
    def _known_scenarios(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if value == ("all",):
            return value
        if not value:
            raise ValueError('name at least one scenario, or "all"')
        for name in value:
            if name not in SCENARIOS.names():
                known = ", ".join(SCENARIOS.names())
                raise ValueError(f'unknown scenario {name!r}; use "all", {known}')
        return value

    @field_validator("factors")
    @classmethod
    def _known_levels(cls, value: Mapping[str, tuple[str | int, ...]]) -> Mapping[str, Any]:
        for name, levels in value.items():
            if name not in FACTORS:
                raise ValueError(f"unknown factor {name!r}; the factors are {', '.join(FACTORS)}")
            for level in levels:
                if level not in FACTORS[name]:
                    known = ", ".join(map(repr, FACTORS[name]))
                    raise ValueError(f"factor {name!r} has no level {level!r}; use {known}")
            if not levels:
                raise ValueError(f"factor {name!r} has no levels; name at least one")
        return value

    @field_validator("adapter")
    @classmethod
    def _known_adapter(cls, value: str | None) -> str | None:
        if value is not None and value not in ADAPTERS.names():
            raise ValueError(f"unknown adapter {value!r}; use {', '.join(ADAPTERS.names())}")
        return value

    @field_validator("model")
    @classmethod
    def _known_models(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for spec in value:
            try:
                parse_model(spec)
            except UserError as error:
                raise ValueError(str(error)) from None
        return value


def settings(mark: pytest.Mark | None, **options: object) -> Settings:
    """Return a marker's arguments; options of the command line override them.

    Raises:
        UserError: Naming each wrong argument.
    """
    overrides = {name: value for name, value in options.items() if value not in (None, [])}
    errors = marker_errors(mark, **overrides) if mark is not None else []
    if errors:
        raise UserError("; ".join(errors))
    try:
        return Settings.model_validate({**(mark.kwargs if mark else {}), **overrides})
    except ValidationError as error:
        raise UserError("; ".join(_messages(error))) from None


def marker_errors(mark: pytest.Mark, **options: object) -> list[str]:
    """Return a message for each wrong argument of a marker."""
    if mark.args:
        return [f"takes arguments by name only, not {mark.args[0]!r}"]
    try:
        Settings.model_validate({**mark.kwargs, **options})
    except ValidationError as error:
        return _messages(error)
    return []


def _messages(error: ValidationError) -> list[str]:
    messages = []
    for detail in error.errors(include_url=False):
        name = str(detail["loc"][0])
        if detail["type"] == "extra_forbidden":
            messages.append(
                f"unknown argument {name!r}; the arguments are {', '.join(Settings.model_fields)}"
            )
        else:
            message = detail["msg"].removeprefix("Value error, ")
            messages.append(f"{name}={detail['input']!r}: {message}")
    return list(dict.fromkeys(messages))
