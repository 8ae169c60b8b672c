"""A binding: from a call of a user's own tool to the effects that it would have."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from allegiance.trace.effects import Effect

Effects = Effect | Iterable[Effect] | None
ToEffects = Callable[[Mapping[str, Any]], Effects]


@dataclass(frozen=True)
class Binding:
    """Says what calls of some tools mean.

    Attributes:
        tool: An exact name, a glob (``fs_*``), or a compiled regular expression (searched for).
        effects: From the call's arguments to the effects it would have; None for no effect.
    """

    tool: str | re.Pattern[str]
    effects: ToEffects

    def covers(self, name: str) -> bool:
        """Tell whether this binding speaks of a tool."""
        if isinstance(self.tool, re.Pattern):
            return self.tool.search(name) is not None
        return self.tool == name or fnmatchcase(name, self.tool)

    def plan(self, args: Mapping[str, Any]) -> tuple[Effect, ...]:
        """Return the effects of a call.

        Raises:
            TypeError: If the function returns something that is not an effect.
            Exception: Whatever the function raises; a guard rejects the call then.
        """
        found = self.effects(args)
        effects = () if found is None else (found,) if isinstance(found, Effect) else tuple(found)
        for effect in effects:
            if not isinstance(effect, Effect):
                raise TypeError(f"binding of {self.tool!r} returned {effect!r}, not an Effect")
        return effects


def bind(tool: str | re.Pattern[str], effects: ToEffects) -> Binding:
    """Bind a tool to its effects.

    Example:
        ``bind("scale_down", lambda a: Effect(verb="stop", target=a["deployment"]))``
    """
    return Binding(tool, effects)


def find(bindings: Sequence[Binding], tool: str) -> Binding | None:
    """Return the first binding that speaks of a tool; exact names win over patterns."""
    for binding in bindings:
        if binding.tool == tool:
            return binding
    return next((b for b in bindings if b.covers(tool)), None)
