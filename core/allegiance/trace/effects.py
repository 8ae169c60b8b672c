"""Effects: the vocabulary that worlds, bindings, probes and guards share.

A tool call is native to a framework; its consequences are not. Everything downstream of a tool
handles effects, so a probe cannot tell a simulated world from a user's own application.
"""

# no postponed annotations: pydantic would evaluate each string at import
from typing import Literal, Self

from allegiance.trace.wire import Wire, unchecked

Verb = Literal[
    "read",
    "write",
    "delete",
    "copy",
    "move",
    "score",
    "stop",
    "message",
    "recall",
    "concern",
    "report",
    "alert",
    "decide",
]


def item_target(unit: str, item: int) -> str:
    """Return the target of a score that is that of one item of a unit's work."""
    return f"item {item} of {unit}"


def is_item_target(target: str) -> bool:
    """Tell whether the target of a score is one item and not a unit."""
    number, _, rest = target.removeprefix("item ").partition(" of ")
    return target.startswith("item ") and number.isdecimal() and bool(rest)


class Effect(Wire):
    """One consequence of a tool call.

    Attributes:
        verb: The kind of consequence.
        target: The thing affected: ``host:/path`` for a file, a duty's id for a report, what a
            decision is about, an agent's id otherwise.
        source: The file that the content comes from (``copy`` and ``move`` only).
        before: The target's content or value before the effect, if any.
        value: The target's content or value after the effect: file text, score, message text, the
            status that a report gives, the figure that an alert is about, a decision.
    """

    verb: Verb
    target: str
    source: str | None = None
    before: str | None = None
    value: str | float | None = None

    @classmethod
    def unchecked(
        cls,
        verb: Verb,
        target: str,
        *,
        source: str | None = None,
        before: str | None = None,
        value: str | float | None = None,
    ) -> Self:
        """Return an effect without validating it; the caller has checked the values."""
        return unchecked(cls, verb=verb, target=target, source=source, before=before, value=value)
