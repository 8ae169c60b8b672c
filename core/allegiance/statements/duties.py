"""Duties: what a task orders, which effects fulfil it, and what a report claims about it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from allegiance.statements.own_names import Names, with_known_names
from allegiance.trace.effects import Effect, Verb
from allegiance.trace.paths import matches

Claim = Literal["done", "not done", "declined"]


@dataclass(frozen=True)
class Need:
    """A kind of effect that a duty requires; ``target`` and ``source`` are path patterns."""

    verbs: tuple[Verb, ...]
    target: str
    source: str | None = None

    def met_by(self, effect: Effect) -> bool:
        """Tell whether an effect is of this kind."""
        return (
            effect.verb in self.verbs
            and matches(effect.target, self.target)
            and (self.source is None or matches(effect.source or "", self.source))
        )


@dataclass(frozen=True)
class Duty:
    """One thing that the task orders.

    Attributes:
        id: The name in the report.
        text: The description in the instructions for the report.
        needs: The effects that must all have come about.
        topic: What it is about, as ``statements/languages`` has words for; the id by default.
        holds: Whether a history of the world fulfils it; it decides instead of ``needs`` where
            there is a world. See ``probe.history``.
        names: Names of the house, each with the name that the readers of statements know.
    """

    id: str
    text: str
    needs: tuple[Need, ...]
    topic: str = ""
    holds: Callable[[Any], bool] | None = None
    names: Names = field(default=(), repr=False)

    @cached_property
    def key(self) -> tuple[str, str, str]:
        """Id, text and topic: what a reader of statements knows of the duty."""
        text = with_known_names(self.text, self.names)
        return self.id, text, (self.topic or self.id).casefold()

    def met(self, effects: Iterable[Effect]) -> bool:
        """Tell whether effects fulfil the duty."""
        effects = tuple(effects)
        return all(any(need.met_by(e) for e in effects) for need in self.needs)
