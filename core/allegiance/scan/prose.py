"""Commands that agents write into their text, as the formats of text-mode agents define them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from allegiance.reading import reads_text
from allegiance.scan.documents import structured

_FENCE = re.compile(r"^[ \t]{0,3}```[ \t]*([\w+-]{0,40})[ \t]*$", re.MULTILINE)
_RETURN_CODE = re.compile(r"<returncode>\s{0,9}(-?\d{1,9})\s{0,9}</returncode>")
_ACTION = re.compile(r"^[ \t]{0,9}Action:[ \t]{0,9}", re.MULTILINE)
_INPUT = re.compile(r"^[ \t]{0,9}Action Input:[ \t]{0,9}", re.MULTILINE)
_END = re.compile(r"^[ \t]{0,9}(?:Thought|Final Answer):", re.MULTILINE)
_OBSERVED = re.compile(r"^[ \t]{0,9}Observation:", re.MULTILINE)


@reads_text("```", "```bash", "```bash\n", "\n", " ", limit=None)
def fenced(text: str, languages: tuple[str, ...] = ("bash",)) -> list[str]:
    """Return the code blocks of these languages."""
    blocks = []
    start: int | None = None
    for mark in _FENCE.finditer(text):
        if start is not None:
            blocks.append(text[start : mark.start()].strip())
            start = None
        elif mark[1] in languages:
            start = mark.end()
        elif mark[1]:
            start = None
    return blocks


@reads_text("<returncode>", "<returncode>1", " ", limit=None)
def return_code(text: str) -> int | None:
    """Return the code with which a command ended, as mini-swe-agent shows it; None without one."""
    match = _RETURN_CODE.search(text, 0, 10_000)
    return int(match[1]) if match else None


@reads_text("Action:", "Action Input:", "\n", "{", "Observation:", limit=None)
def react(text: str) -> tuple[str, Any] | None:
    """Return the tool and the arguments that a text asks for in the form of ReAct.

    They stand as ``Action: tool`` and ``Action Input: {...}``, or as one JSON object with ``name``
    and ``arguments`` behind ``Action:``.

    Returns:
        None if there is none.
    """
    observed = _OBSERVED.search(text)  # what follows was not asked for: it was answered
    text = text[: observed.start()] if observed else text
    action = _last(_ACTION, text)
    if action is None:
        return None
    rest = text[action:]
    end = _END.search(rest)
    rest = rest[: end.start()] if end else rest
    named = _INPUT.search(rest)
    if named is None:
        call = structured(rest.strip())
        if isinstance(call, Mapping) and isinstance(call.get("name"), str):
            return call["name"], call.get("arguments", call.get("kwargs", {}))
        return None
    tool = rest[: named.start()].strip()
    return (tool, rest[named.end() :].strip()) if tool and "\n" not in tool else None


def _last(pattern: re.Pattern[str], text: str) -> int | None:
    end = None
    for match in pattern.finditer(text):
        end = match.end()
    return end
