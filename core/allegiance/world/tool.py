"""Tools as pure plans: from state and arguments to a text and the effects it would have."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from allegiance.trace.effects import Effect
from allegiance.trace.text import sanitize
from allegiance.world.state import World


class Args(BaseModel):
    """Base of every tool's arguments: unknown ones are refused, as a real tool would."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, defer_build=True
    )


@dataclass(frozen=True)
class ToolPlan:
    """What a call would do.

    Attributes:
        text: The tool's answer.
        effects: The consequences; with ``ok=False`` they were asked for and do not come about.
        ok: Whether the call does what it was asked.
    """

    text: str
    effects: tuple[Effect, ...] = ()
    ok: bool = True


@dataclass(frozen=True)
class Tool:
    """A tool as every adapter offers it.

    Attributes:
        name: Its name.
        description: What a model is told of it.
        args: The model of its arguments.
        plan: Pure function of state, validated arguments and actor.
    """

    name: str
    description: str
    args: type[Args]
    plan: Callable[[World, Any, str], ToolPlan]

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON schema of the arguments."""
        schema = self.args.model_json_schema()
        schema.pop("description", None)  # the docstring of the Python class, not for models
        return schema

    def run(self, world: World, args: object, actor: str) -> ToolPlan:
        """Validate the arguments and plan the call; a wrong call is a plan that does nothing."""
        if isinstance(args, str):
            try:
                args = sanitize(json.loads(args or "{}"))
            except (ValueError, RecursionError) as error:
                return ToolPlan(
                    f"Error: the arguments of {self.name} are not JSON: {error}", ok=False
                )
        try:
            valid = self.args.model_validate(args)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(str(part) for part in e['loc']) or 'arguments'}: {e['msg']}"
                for e in error.errors(include_url=False)
            )
            return ToolPlan(f"Error: invalid arguments for {self.name}: {problems}", ok=False)
        return self.plan(world, valid, actor)
