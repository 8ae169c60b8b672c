"""Values by factor as a file says them, checked against the factors that there are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from allegiance.experiment.did_you_mean import meant
from allegiance.trace.condition import FACTORS

Value = str | int


def _factors(given: object) -> dict[str, tuple[Value, ...]]:
    """Read values by factor; one value may stand for a list of one."""
    if not isinstance(given, Mapping):
        raise _wrong(f"{given!r} should be a mapping of factors to values")
    chosen: dict[str, tuple[Value, ...]] = {}
    for name, several in given.items():
        if name not in FACTORS:
            raise _wrong(f"unknown factor {meant(name, FACTORS)}")
        values = several if isinstance(several, list | tuple) else [several]
        if not values:
            raise _wrong(f"factor {name!r} has no value; use {listed(FACTORS[name])}")
        known = FACTORS[name]
        for value in values:
            if isinstance(value, bool) or value not in known:
                raise _wrong(f"factor {name!r} has no value {value!r}; use {listed(known)}")
        chosen[name] = tuple(dict.fromkeys(known[known.index(v)] for v in values))
    return chosen


def _wrong(text: Any) -> PydanticCustomError:
    return PydanticCustomError("factors", text)


def listed(values: Iterable[object]) -> str:
    """Return values as a text: ``a, b``."""
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
"""Values by factor; factors not named stay at the default condition."""
