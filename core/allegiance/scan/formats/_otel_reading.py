"""What a span of either dialect tells of a conversation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from allegiance.scan.documents import structured
from allegiance.scan.merge import Execution
from allegiance.scan.messages import Message, arguments

HIDDEN = ("__REDACTED__", "<redacted>", "[redacted]")
"""What instrumentors write in place of a text that they were told to hide."""


@dataclass(frozen=True)
class Reading:
    """What a span tells.

    Attributes:
        actor: The agent that it names.
        conversation: The conversation that it says it belongs to.
        ran: The tool that ran, if it is of a tool.
        shown: What a model was shown.
        said: What a model said; None where the span is of no model.
        again: Whether what is said is told by other spans too.
        asks: Whether it says that a model asked for tools, be they recorded or not.
    """

    actor: str | None = None
    conversation: str | None = None
    ran: Execution | None = None
    shown: tuple[Message, ...] = ()
    said: tuple[Message, ...] | None = None
    again: bool = False
    asks: bool = False


def text(value: Any) -> str | None:
    """Return an attribute as text; None for none, and for one that was hidden."""
    if value is None or value in HIDDEN:
        return None
    return str(value)


def given(value: Any) -> Any:
    """Return arguments of a call; None for none, and for such that were hidden."""
    return None if value is None or value in HIDDEN else arguments(value)


def metadata_actor(value: Any) -> str | None:
    """Return the agent that LangChain's metadata name."""
    known = structured(value)
    if not isinstance(known, Mapping):
        return None
    found = known.get("lc_agent_name") or known.get("langgraph_node")
    return str(found) if found else None
