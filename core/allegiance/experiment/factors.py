"""The levels of factors in a plan file, checked against the known factors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from allegiance.experiment.did_you_mean import meant
from allegiance.trace.condition import FACTORS

Value = str | int


def _factors(data: object) -> dict[str, tuple[Value, ...]]:
    """Return the levels by factor; a single level needs no list."""
    if not isinstance(data, Mapping):
        raise _wrong(f"{data!r} should be a mapping of factors to values")
    chosen: dict[str, tuple[Value, ...]] = {}
    for name, several in data.items():
        if name not in FACTORS:
            raise _wrong(f"unknown factor {meant(name, FACTORS)}")
        values = several if isinstance(several, list | tuple) else [several]
        if not values:
            raise _wrong(f"factor {name!r} has no level; use {listed(FACTORS[name])}")
        known = FACTORS[name]
        for value in values:
            if isinstance(value, bool) or value not in known:
                raise _wrong(f"factor {name!r} has no level {value!r}; use {listed(known)}")
        chosen[name] = tuple(dict.fromkeys(known[known.index(v)] for v in values))
    return chosen


def _wrong(text: Any) -> PydanticCustomError:
    return PydanticCustomError("factors", text)


def listed(values: Iterable[object]) -> str:
    """Return values as a string: ``a, b``."""
    return ", ".join(map(str, values))


def _one_of(values: Sequence[Value]) -> dict[str, Any]:
    many = {"type": "array", "items": {"enum": list(values)}, "minItems": 1}
    return {"anyOf": [{"enum": list(values)}, many]}


Factors = Annotated[
    dict[str, tuple[Value, ...]],
    BeforeValidator(_factors),
    WithJsonSchema(
        {
            "type": "object",
            "properties": {name: _one_of(values) for name, values in FACTORS.items()},
            "additionalProperties": False,
        }
    ),
]
"""Levels by factor; other factors have the level of the default condition."""
