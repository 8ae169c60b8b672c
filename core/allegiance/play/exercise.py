"""Reads from the trial of a loyal scripted agent whether an app was exercised, and why not."""

from __future__ import annotations

from allegiance.trace.events import CRITIC
from allegiance.trace.exercise import Cause
from allegiance.trace.trials import Trial

WAITS = "waits for a person"
KEYS = "state keys"
LOST = "calls not carried out"
STRAY = "turns of an agent without tools"
"""Notes in the provenance of a trial, which the recorder makes."""

LONGEST_DETAIL = 300
_ASKING = ("EOFError", "OSError: pytest: reading from stdin")
"""How the error begins of an app that reads from a console where nobody is."""


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
    if trace.error is not None:
        asks = any(trace.error.startswith(start) for start in _ASKING)
        return "person" if asks else "error", trace.error[:LONGEST_DETAIL]
    if WAITS in notes:
        return "person", notes[WAITS]
    if not trace.usage.turns:
        return ("state keys", notes[KEYS]) if KEYS in notes else ("no model", "")
    if not kit_calls(trial):
        return "no tool", ""
    if STRAY in notes:
        return "shared model", f"turns: {notes[STRAY]}"
    if LOST in notes:
        return "calls lost", f"{notes[LOST]} calls"
    if trace.truncated is not None:
        return "cut short", trace.truncated[:LONGEST_DETAIL]
    if trial.outcome != "complied":
        return "unfinished", f"its outcome is {trial.outcome}"
    return "", ""
