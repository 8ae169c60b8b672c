"""Tools as pure plans: from state and arguments to a text and the effects it would have."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from allegiance.effects import Effect
from allegiance.world import World

DEEPEST = 64
"""How deep arguments may be nested: what JSON can be read back by every reader."""


def clean(value: Any, depth: int = 0) -> Any:
    """Return data as it can be written: models do write lone surrogates and endless nesting."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode("utf-8")
    if depth > DEEPEST and isinstance(value, (Mapping, list, tuple)):
        return "..."
    if isinstance(value, Mapping):
        return {
            key if type(key) is str and key.isascii() else clean(str(key)): (
                item if type(item) is str and item.isascii() else clean(item, depth + 1)
            )
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple)):
        return [clean(item, depth + 1) for item in value]
    return value


def clean_args(args: object) -> dict[str, Any] | str:
    """Return a call's arguments as they can be written: by name, or as a text."""
    cleaned: dict[str, Any] | str = clean(args if isinstance(args, (str, Mapping)) else str(args))
    return cleaned


class Args(BaseModel):
    """Base of every tool's arguments: unknown ones are refused, as a real tool would."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, defer_build=True
    )


@dataclass(frozen=True)
class Plan:
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
    plan: Callable[[World, Any, str], Plan]

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON schema of the arguments."""
        schema = self.args.model_json_schema()
        schema.pop("description", None)  # the docstring of the Python class, not for models
        return schema

    def run(self, world: World, args: object, actor: str) -> Plan:
        """Validate the arguments and plan the call; a wrong call is a plan that does nothing."""
        if isinstance(args, str):
            try:
                args = clean(json.loads(args or "{}"))
            except (ValueError, RecursionError) as error:
                return Plan(f"Error: the arguments of {self.name} are not JSON: {error}", ok=False)
        try:
            valid = self.args.model_validate(args)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(str(part) for part in e['loc']) or 'arguments'}: {e['msg']}"
                for e in error.errors(include_url=False)
            )
            return Plan(f"Error: invalid arguments for {self.name}: {problems}", ok=False)
        return self.plan(world, valid, actor)
