"""The base of all data that is written to disk."""

# no postponed annotations in this package: pydantic would evaluate each string at import
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict

_put = object.__setattr__  # the instances are frozen


class Wire(BaseModel):
    """Base of all data that is written to disk: frozen, without unknown fields."""

    # built at first use: building every model would double the import time of the core
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


W = TypeVar("W", bound=Wire)


def unchecked(model: type[W], /, **fields: Any) -> W:
    """Return an instance without validating it.

    It does what ``model_construct`` does in a third of the time, because a trial creates an event
    at every step.

    Args:
        model: The class of the instance.
        fields: Valid values for every field, in the order in which the class declares them.
    """
    new = model.__new__(model)
    _put(new, "__dict__", fields)
    _put(new, "__pydantic_fields_set__", set(fields))
    _put(new, "__pydantic_extra__", None)
    _put(new, "__pydantic_private__", None)
    return new
