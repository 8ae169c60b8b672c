"""Tools as pure plans: from state and arguments to an answer and the effects of the call."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from allegiance.reading import TooLong, reads_text
from allegiance.trace.effects import Effect
from allegiance.trace.text import sanitize
from allegiance.world.state import World


class Args(BaseModel):
    """Base of every tool's arguments; it refuses unknown arguments, as a real tool does.

    ``null`` for an argument with a default means the default: models fill in every argument.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, coerce_numbers_to_str=True, defer_build=True
    )

    @model_validator(mode="before")
    @classmethod
    def _drop_nulls(cls, data: Any) -> Any:
        if type(data) is not dict and not isinstance(data, Mapping):
            return data  # the type is asked first, because a check of an abstract class is slow
        nulls = {name for name, value in data.items() if value is None}
        if nulls:
            fields = cls.model_fields
            nulls = {name for name in nulls if name in fields and not fields[name].is_required()}
        return {name: value for name, value in data.items() if name not in nulls}


@dataclass(frozen=True)
class ToolPlan:
    """The answer and the effects of a call that has not been carried out.

    Attributes:
        text: The tool's answer.
        effects: The consequences; with ``ok=False`` they are intended and do not come about.
        ok: Whether the call succeeds.
        denied: What a call that succeeds in part intends beside its effects, and does not reach.
    """

    text: str
    effects: tuple[Effect, ...] = ()
    ok: bool = True
    denied: tuple[Effect, ...] = ()


@dataclass(frozen=True)
class Tool:
    """A tool, independent of any framework.

    Attributes:
        name: The name.
        description: The description that a model reads.
        args: The class of its arguments.
        plan: Pure function of state, validated arguments and actor.
        id: The name in ``TOOLS`` of a tool that a company calls by another name.
        fields: Descriptions of arguments that replace those of ``args``, by argument.
    """

    name: str
    description: str
    args: type[Args]
    plan: Callable[[World, Any, str], ToolPlan]
    id: str = ""
    fields: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Take the name as the id of a tool that has no other."""
        if not self.id:
            object.__setattr__(self, "id", self.name)

    @cached_property
    def schema(self) -> dict[str, Any]:
        """JSON schema of the arguments."""
        schema = self.args.model_json_schema()
        schema.pop("description", None)  # the docstring of the class is not meant for models
        for name, text in self.fields.items():
            schema["properties"][name]["description"] = text
        return schema

    @reads_text("[", "{", '{"a":', '"', "1", "\\", limit=None)
    def run(self, world: World, args: object, actor: str) -> ToolPlan:
        """Plan a call; invalid arguments give a failed plan without effects."""
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
        try:
            return self.plan(world, valid, actor)
        except TooLong as error:  # a name or a settings file, as an operating system refuses it
            return ToolPlan(f"Error: {self.name}: {error}", ok=False)
