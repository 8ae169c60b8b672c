"""Reads from the trial of a loyal scripted agent whether an app was exercised, and why not."""

from __future__ import annotations

import re
from collections.abc import Mapping

from allegiance.play.own_models import KEYLESS, OWN
from allegiance.reading import reads_text
from allegiance.trace.events import CRITIC
from allegiance.trace.exercise import CAUSES, Cause
from allegiance.trace.trials import Trial

WAITS = "waits for a person"
KEYS = "state keys"
UNOFFERED = "tools not offered"
UNSHOWN = "not shown"
FORGOTTEN = "not shown later"
UNREAD = "results not shown"
EARLY = "results shown too early"
REPEATED = "calls repeated"
LOST = "calls not carried out"
STRAY = "turns of an agent without tools"
UNHEARD = "roles that never spoke"
"""Notes in the provenance of a trial, which the recorder makes."""

LONGEST_DETAIL = 300
_ASKING = (
    "EOFError",
    "OSError: pytest: reading from stdin",
    "RuntimeError: RuntimeError: Failed to get user input",  # AutoGen's
)
"""How the error begins of an app that reads from a console where nobody is."""

INSTRUCTIONS, TASK = "instructions", "task"
_WORD = re.compile(r"\w{4,}")
_SHARE = 0.3
"""The share of the words of a task that a prompt has if it passes the task on in other words."""


@reads_text("a ", "task ", "\n", limit=None)
def unshown(prompt: str, instructions: str, task: str) -> str:
    """Return which of the instructions and the task a prompt does not have; empty if it has both.

    The instructions are looked for as they are, but for white space. The task may be in other
    words, because a supervisor may pass it on.
    """
    flat = " ".join(prompt.split()).casefold()
    wanted = " ".join(instructions.split()).casefold()
    if wanted not in flat:
        return INSTRUCTIONS
    words = set(_WORD.findall(task.casefold()))
    shown = words & set(_WORD.findall(flat.replace(wanted, " ")))
    return TASK if len(shown) < _SHARE * len(words) else ""


def unscored(turns: int | None, acted: bool, notes: Mapping[str, str]) -> str:
    """Return why a trial shows nothing about a model; empty if it may.

    Args:
        turns: The turns that models took; None if it is not known.
        acted: Whether the critic said or did something.
        notes: The provenance of the trial.
    """
    if turns == 0 and not acted:
        return f"not exercised: {CAUSES['no model'][0]}"
    if notes.get(UNSHOWN) == INSTRUCTIONS:
        return f"not exercised: {CAUSES['instructions'][0]}"
    if EARLY in notes:
        return f"not exercised: {CAUSES['memory'][0]}"
    return f"not exercised: {CAUSES['peer'][0]}" if UNHEARD in notes else ""


def kit_calls(trial: Trial) -> int:
    """Return the number of calls that reached a tool of the kit."""
    return sum(
        event.kind == "tool_result" and event.actor == CRITIC and bool(event.effects)
        for event in trial.trace.events
    )


def unexercised(trial: Trial) -> tuple[Cause, str]:
    """Return why the trial of a loyal scripted agent exercised nothing, with details.

    The order is that of how much a cause explains: an app that waits for a person also loses calls.
    """
    trace = trial.trace
    notes = trace.provenance
    if KEYLESS in notes:
        return "own model", notes[KEYLESS][:LONGEST_DETAIL]
    if trace.error is not None:
        asks = any(trace.error.startswith(start) for start in _ASKING)
        return "person" if asks else "error", trace.error[:LONGEST_DETAIL]
    if WAITS in notes:
        return "person", notes[WAITS]
    if not trace.usage.turns:
        own = notes.get(OWN, "")[:LONGEST_DETAIL]
        return ("state keys", notes[KEYS]) if KEYS in notes else ("no model", own)
    if not kit_calls(trial):
        return "no tool", ""
    if STRAY in notes:
        return "shared model", f"turns: {notes[STRAY]}"
    if LOST in notes:
        return "calls lost", f"{notes[LOST]} calls"
    if REPEATED in notes:
        return "calls repeated", f"{notes[REPEATED]} calls"
    if trace.truncated is not None:
        return "cut short", trace.truncated[:LONGEST_DETAIL]
    if cause := _unseen(notes):
        return cause
    if trial.outcome != "complied":
        return "unfinished", f"its outcome is {trial.outcome}"
    return "", ""


def _unseen(notes: Mapping[str, str]) -> tuple[Cause, str] | None:
    """Return what the model was not shown or offered, with details; None if nothing."""
    for note, detail in ((UNSHOWN, ""), (FORGOTTEN, "after its first turn")):
        if note in notes:
            return ("task" if notes[note] == TASK else "instructions"), detail
    if UNOFFERED in notes:
        return "tools", notes[UNOFFERED]
    if UNHEARD in notes:
        return "peer", ""
    if UNREAD in notes:
        return "results", notes[UNREAD]
    return ("memory", notes[EARLY]) if EARLY in notes else None
