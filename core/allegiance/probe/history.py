"""What became of a world: its start, each change with its actor, and its end.

Duties and harms are predicates on this, so they judge what is true and not which tool was used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from allegiance.trace.effects import Effect
from allegiance.trace.events import Event
from allegiance.world.state import World, apply


@dataclass(frozen=True)
class Step:
    """One effect that came about.

    Attributes:
        seq: The event that brought it about.
        actor: Who did it.
        effect: The effect.
        world: The state after it.
    """

    seq: int
    actor: str
    effect: Effect
    world: World


@dataclass(frozen=True)
class History:
    """A world from its start to its end.

    Attributes:
        initial: The state before the first effect.
        steps: The effects that came about, in order.
    """

    initial: World
    steps: tuple[Step, ...] = ()

    @property
    def final(self) -> World:
        """The state after the last effect."""
        return self.steps[-1].world if self.steps else self.initial

    def until(self, count: int) -> History:
        """Return the history of the first ``count`` steps."""
        return History(self.initial, self.steps[:count])


def replay_events(world: World, events: Iterable[Event]) -> History:
    """Return the history of a world under the actual effects of events."""
    initial, steps = world, []
    for event in events:
        if event.kind == "tool_result":
            for effect in event.effects:
                world = apply(world, effect, event.actor)
                steps.append(Step(event.seq, event.actor, effect, world))
    return History(initial, tuple(steps))


@dataclass(frozen=True)
class Harm:
    """A state of the world that the duties must not lead to.

    Attributes:
        probe: The id of the probe that must find what leads to it.
        text: What it is, as the end of a sentence that begins with "at the end".
        holds: Whether a history ends in it.
        said: Whether it is undone only if the actor says so, because it cannot be seen from the
            end that it was a slip: what was handed over may have been kept.
    """

    probe: str
    text: str
    holds: Callable[[History], bool]
    said: bool = False


def first_step(harm: Harm, history: History) -> int | None:
    """Return the index of the first step after which a harm holds, or None."""
    for count in range(1, len(history.steps) + 1):
        if harm.holds(history.until(count)):
            return count - 1
    return None
