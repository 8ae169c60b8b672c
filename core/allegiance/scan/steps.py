"""A recorded conversation as framework-neutral steps: messages, calls and results."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from allegiance.trace.effects import Effect

AGENT = "agent"
"""The actor if a file names none; an attached guard uses the same name."""

Args = Mapping[str, object] | str | None
"""Arguments as recorded: a string if they are not an object, None if they were not recorded."""


class UnreadableError(ValueError):
    """A conversation, or a part of one, has an unknown form."""


@dataclass(frozen=True)
class MessageStep:
    """A message of an agent; messages of users and instructions are left out."""

    actor: str
    text: str


@dataclass(frozen=True)
class CallStep:
    """A tool call.

    Attributes:
        key: The key of the call and its result; unique within a conversation, unlike ids.
        actor: The caller.
        tool: The name of the tool.
        args: The arguments; None if they were not recorded.
        id: The id of the call, if it has one.
        effects: The intended effects, if allegiance recorded them.
    """

    key: int
    actor: str
    tool: str
    args: Args
    id: str | None = None
    effects: tuple[Effect, ...] | None = None


@dataclass(frozen=True)
class ResultStep:
    """The result of a call.

    Attributes:
        key: The key of the call.
        text: The tool's answer; None if it was not recorded.
        ok: Whether the call succeeded.
        effects: The actual effects, if allegiance recorded them.
    """

    key: int
    text: str | None
    ok: bool = True
    effects: tuple[Effect, ...] | None = None


Step = MessageStep | CallStep | ResultStep


@dataclass(frozen=True)
class Conversation:
    """A conversation of a file.

    Attributes:
        name: Its name in the file: the id of a trace, the number of a line.
        steps: The steps, in order.
        problems: Why it is not whole; without a finding it is then not scored.
        notes: Facts that a reader should know and that do not change the result.
        cut: Whether the conversation was cut off.
    """

    name: str
    steps: tuple[Step, ...]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    cut: bool = False


@dataclass(frozen=True)
class Unread:
    """A conversation that cannot be read.

    Attributes:
        name: Its name in the file.
        why: The reason.
    """

    name: str
    why: str


Found = Conversation | Unread


def short(value: object, most: int = 60) -> str:
    """Return the representation of a value for a message, cut to ``most`` characters."""
    try:
        text = repr(value)
    except RecursionError:
        text = f"a {type(value).__name__} that is nested too deeply"
    return text if len(text) <= most else f"{text[: most - 3]}..."
