"""A binding maps a call to a user's own tool to the effects it would have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from allegiance.trace.effects import Effect

Effects = Effect | Iterable[Effect] | None


class PartlyRead(tuple[Effect, ...]):
    """The effects of a call of which a part could not be read; a binding may return it.

    Attributes:
        unread: What could not be read, such as ``python3 -c``.
    """

    unread: str

    def __new__(cls, effects: Iterable[Effect], unread: str) -> PartlyRead:
        """Return the effects with a note of what could not be read."""
        new = super().__new__(cls, tuple(effects))
        new.unread = unread
        return new


ToEffects = Callable[[Mapping[str, Any]], Effects]


@dataclass(frozen=True)
class Binding:
    """Maps calls to some tools to effects.

    Attributes:
        tool: An exact name, a glob (``fs_*``), or a compiled regular expression, which may match
            any part of the name.
        effects: Takes the arguments of a call and returns an effect, several, or None.
    """

    tool: str | re.Pattern[str]
    effects: ToEffects

    def covers(self, name: str) -> bool:
        """Tell whether this binding applies to a tool."""
        if isinstance(self.tool, re.Pattern):
            return self.tool.search(name) is not None
        return self.tool == name or fnmatchcase(name, self.tool)

    def plan(self, args: Mapping[str, Any]) -> tuple[Effect, ...]:
        """Return the effects of a call.

        Raises:
            TypeError: If the function returns something that is not an effect.
            Exception: Whatever the function raises; a guard rejects the call then.
        """
        result = self.effects(args)
        effects = (
            () if result is None else (result,) if isinstance(result, Effect) else tuple(result)
        )
        for effect in effects:
            if not isinstance(effect, Effect):
                raise TypeError(f"binding of {self.tool!r} returned {effect!r}, not an Effect")
        return PartlyRead(effects, result.unread) if isinstance(result, PartlyRead) else effects


def bind(tool: str | re.Pattern[str], effects: ToEffects) -> Binding:
    """Bind a tool to its effects; see ``Binding``.

    Example:
        ``bind("scale_down", lambda args: Effect(verb="stop", target=args["deployment"]))``
    """
    return Binding(tool, effects)


def find(bindings: Sequence[Binding], tool: str) -> Binding | None:
    """Return the first binding that applies to a tool; exact names win over patterns."""
    for binding in bindings:
        if binding.tool == tool:
            return binding
    return next((b for b in bindings if b.covers(tool)), None)
