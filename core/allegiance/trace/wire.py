"""The base of everything that is written to disk."""

# no postponed annotations here: pydantic would evaluate each from its text at import
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

_put = object.__setattr__  # the instances are frozen


class Wire(BaseModel):
    """Base of everything that is written to disk: frozen, and strict about unknown fields."""

    # built at first use: building them all would double the time the core takes to import
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    @classmethod
    def unchecked(cls, **fields: Any) -> Self:
        """Return an instance of values that are valid already: every field, in the order declared.

        What ``model_construct`` does, in a third of its time: a trace is written at every step.
        """
        new = cls.__new__(cls)
        _put(new, "__dict__", fields)
        _put(new, "__pydantic_fields_set__", set(fields))
        _put(new, "__pydantic_extra__", None)
        _put(new, "__pydantic_private__", None)
        return new
