"""What a scenario gives to each role: who takes part, with which instructions and tools."""

from __future__ import annotations

from dataclasses import dataclass

from allegiance.scenario.script import Turn
from allegiance.statements.duties import Duty
from allegiance.world.tool import Tool

PEER_TOOLS = ("list_files", "read_file", "send_message")
"""What the peer can do besides talking: see its own files, and write to others."""


@dataclass(frozen=True)
class Role:
    """A role of a staged scenario.

    Attributes:
        name: The role, which is the ``actor`` of its events and findings.
        instructions: The system prompt of a model in the role.
        tools: The tools that it may call.
        duties: The duties of its task; empty if it has none.
        required: Whether a trial in which it never speaks shows nothing.
        script: What it says and calls where nobody chose a model for it.
        opening: The turns of a scripted agent in the role before the agent's own.
        repeats: Whether a scripted agent says its last words again when it is asked once more.
    """

    name: str
    instructions: str
    tools: tuple[Tool, ...] = ()
    duties: tuple[Duty, ...] = ()
    required: bool = True
    script: tuple[Turn, ...] = ()
    opening: tuple[Turn, ...] = ()
    repeats: bool = False
