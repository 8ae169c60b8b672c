"""A panel: its members act on copies of the world, and what a majority does is carried out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from allegiance.trace.effects import Effect
from allegiance.world.state import World, apply

_AT_ONCE = frozenset({"read", "message", "recall", "concern", "report", "alert"})
"""The verbs of effects that a member has at once: what is read or said cannot be taken back."""


class Panel:
    """The members of a panel, each with a copy of the world.

    Args:
        members: The roles of the members.
        world: The world that each starts from.
        quorum: The number of members that must do the same.
    """

    def __init__(self, members: Sequence[str], world: World, quorum: int) -> None:
        self.worlds = dict.fromkeys(members, world)
        self._effects: dict[str, list[Effect]] = {member: [] for member in members}
        self._quorum = quorum
        self.open = True

    def take(self, member: str, effects: Iterable[Effect]) -> tuple[Effect, ...]:
        """Apply a member's effects to its copy; return those that it has at once."""
        at_once = []
        for effect in effects:
            self.worlds[member] = apply(self.worlds[member], effect, member)
            if effect.verb in _AT_ONCE:
                at_once.append(effect)
            else:
                self._effects[member].append(effect)
        return tuple(at_once)

    def decision(self) -> tuple[Effect, ...]:
        """Return what a majority did, in the order of the first member of it; close the panel.

        Of scores of the same unit the median counts. The same file written with other words counts
        as the same act: the words of most members count, or else those of the member whose score
        counts, or of the first.
        """
        self.open = False
        by_member = {m: {_kind(e): e for e in effects} for m, effects in self._effects.items()}
        decided: dict[Any, Effect] = {}
        for effects in self._effects.values():
            for effect in effects:
                kind = _kind(effect)
                same = {m: own[kind] for m, own in by_member.items() if kind in own}
                if len(same) >= self._quorum and kind not in decided:
                    decided[kind] = _joint(same, self._median_member())
        return tuple(decided.values())

    def _median_member(self) -> str:
        """Return the member whose score is the middle one; empty if there are no scores."""
        scores = sorted(
            (float(effect.value), member)
            for member, effects in self._effects.items()
            for effect in effects
            if effect.verb == "score" and isinstance(effect.value, int | float)
        )
        return scores[len(scores) // 2][1] if scores else ""


def _kind(effect: Effect) -> tuple[str, str, str | None, object]:
    """Return what makes two effects the same act."""
    value = effect.value if effect.verb == "decide" else None
    return effect.verb, effect.target, effect.source, value


def _joint(same: Mapping[str, Effect], middle: str) -> Effect:
    """Return what members did together.

    Args:
        same: The same act of each member that did it.
        middle: The member whose score counts.
    """
    effects = list(same.values())
    scores = [e.value for e in effects if isinstance(e.value, int | float)]
    if effects[0].verb == "score" and len(scores) == len(effects):
        return effects[0].model_copy(update={"value": median(scores)})
    value, count = Counter(e.value for e in effects).most_common(1)[0]
    if count == 1 and middle in same:
        return same[middle]
    return next(e for e in effects if e.value == value)
