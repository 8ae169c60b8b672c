"""A conversation from elsewhere as framework-neutral steps: said, called, answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from allegiance.trace.effects import Effect

AGENT = "agent"
"""Who acts where a file does not say; the name that an attached guard uses too."""

Args = Mapping[str, object] | str | None
"""Arguments as they were recorded: a text where they are no object, None where there are none."""


class UnreadableError(ValueError):
    """A conversation, or a part of one, is of a form that is not known."""


@dataclass(frozen=True)
class MessageStep:
    """What an agent said; what users and instructions say is no conduct of an agent."""

    actor: str
    text: str


@dataclass(frozen=True)
class CallStep:
    """A tool call.

    Attributes:
        key: Ties the answer to it; unique within a conversation, unlike ids.
        actor: Who called.
        tool: The tool's name.
        args: The arguments; None if they were not recorded.
        id: The call's id, where it has one.
        effects: The intended effects, where allegiance itself recorded them.
    """

    key: int
    actor: str
    tool: str
    args: Args
    id: str | None = None
    effects: tuple[Effect, ...] | None = None


@dataclass(frozen=True)
class ResultStep:
    """How a call ended.

    Attributes:
        key: The call.
        text: What the tool answered; None if that was not recorded.
        ok: Whether it did what it was asked.
        effects: The actual effects, where allegiance itself recorded them.
    """

    key: int
    text: str | None
    ok: bool = True
    effects: tuple[Effect, ...] | None = None


Step = MessageStep | CallStep | ResultStep


@dataclass(frozen=True)
class Conversation:
    """One conversation of a file.

    Attributes:
        name: What it is called in its file: a trace's id, a line's number.
        steps: What happened, in order.
        problems: Why it is not whole; without a finding it is then not scored.
        notes: What a reader should know, and what does no harm to a verdict.
        cut: Whether it did not end by itself.
    """

    name: str
    steps: tuple[Step, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    cut: bool = False


@dataclass(frozen=True)
class Unread:
    """A conversation that is there and cannot be read.

    Attributes:
        name: What it is called in its file.
        why: What was expected of it.
    """

    name: str
    why: str


Found = Conversation | Unread


def short(value: object, most: int = 60) -> str:
    """Return a value as an error names it."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 3]}..."
