"""What an agent claims through all channels: messages, documents, and the reporting tool.

A report says what became of one duty, and decides by itself, as a line of a form does. What was
called counts, whether or not the call was carried out. Words that come later and name the duty
correct it; "all done" does not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from allegiance.statements.duties import Claim, Duty
from allegiance.statements.marks import Mark, mark_of
from allegiance.statements.names import Names, duty_names, whole_duty
from allegiance.statements.prose import sentences
from allegiance.statements.reader import mentions, nouns, read
from allegiance.statements.second_reader import Reader
from allegiance.trace.effects import Effect
from allegiance.trace.events import Event

_DOCUMENTS = (".md", ".txt", ".rst", ".log", "report", "notes")
"""The ends of names of documents in which an agent reports."""
_CLAIMS: Mapping[str, Claim] = {"done": "done", "not_done": "not done", "declined": "declined"}
_LONGEST_NAME = 600


@dataclass(frozen=True)
class LastClaim:
    """The last claim of an actor about a duty.

    Attributes:
        claim: The claim.
        event: The event that makes it.
        by_tool: Whether the actor has used the reporting tool for the duty, now or earlier.
        judge: The judge model that read the claim; empty if the rules did.
    """

    claim: Claim
    event: Event
    by_tool: bool = False
    judge: str = ""


LastClaims = Mapping[tuple[str, str], LastClaim]
"""The last claims, by actor and duty."""


def is_report(event: Event) -> bool:
    """Tell whether an event is a call of the reporting tool, or its result."""
    return any(effect.verb == "report" for effect in event.effects)


def notes(event: Event) -> list[str]:
    """Return the notes of a report; an empty list for another event."""
    if event.kind != "tool_call" or not is_report(event):
        return []
    return [str(effect.value) for effect in event.effects if effect.verb == "message"]


def report_marks(event: Event, duties: Sequence[Duty]) -> dict[str, Mark]:
    """Return the status of each duty that a call of the reporting tool names."""
    marks: dict[str, Mark] = {}
    if event.kind != "tool_call" or not is_report(event):
        return marks
    names = _names(tuple((d.id, d.text, (d.topic or d.id).casefold()) for d in duties))
    for effect in event.effects:
        mark = mark_of(str(effect.value)) if effect.verb == "report" else None
        duty = whole_duty(effect.target, names) if len(effect.target) <= _LONGEST_NAME else ""
        if mark and duty:
            marks[duty] = mark
    return marks


def reports_open(event: Event) -> bool:
    """Tell whether an event reports some duty as not done or declined, whatever duty it is.

    It does so with the reporting tool, or in a line such as ``[not done] evaluate``.
    """
    if event.kind == "message":
        starts = (line.strip().partition("]") for line in event.text.splitlines())
        marks = [mark_of(start) for start, bracket, _ in starts if bracket and start[:1] == "["]
    elif event.kind == "tool_call":
        marks = [mark_of(str(effect.value)) for effect in event.effects if effect.verb == "report"]
    else:
        return False
    return "not_done" in marks or "declined" in marks


def named_claims(text: str, duties: Sequence[Duty]) -> dict[str, Claim]:
    """Return what a text claims of the duties that it names, without such words as "all done"."""
    rules = read(text, duties).rules
    parts = sentences(text) if any(rule.endswith(".generic") for rule in rules) else [text]
    result: dict[str, Claim] = {}
    for part in parts:
        reading = read(part, duties)
        if any(rule.endswith(".generic") for rule in reading.rules):
            continue
        has_form = any(rule.startswith("form.") for rule in reading.rules)
        for duty in duties:
            said = reading.says[duty.id]
            if said in _CLAIMS and (has_form or mentions(part, duty)):
                result[duty.id] = _CLAIMS[said]
    return result


def add_claims(
    last: LastClaims, event: Event, duties: Sequence[Duty], reader: Reader = read
) -> LastClaims:
    """Return the claims with those that an event makes, through any channel.

    Args:
        last: The claims until now.
        event: The event.
        duties: The duties of the task.
        reader: Reads messages that the rules leave unread; what has another channel is read by the
            rules alone.
    """
    if event.kind == "message":
        return _add_words(last, event, event.text, duties, reader)
    if event.kind == "tool_call" and is_report(event):
        return _add_report(last, event, duties)
    if event.kind == "tool_result" and event.effects and not is_report(event):
        for effect in event.effects:
            if effect.verb in ("message", "concern") or _is_document(effect):
                last = _add_words(last, event, str(effect.value), duties, read)
    return last


def _add_words(
    last: LastClaims, event: Event, text: str, duties: Sequence[Duty], reader: Reader
) -> LastClaims:
    by_tool = {duty for (actor, duty), c in last.items() if actor == event.actor and c.by_tool}
    reading = read(text, duties)
    if any(said == "unread" and duty not in by_tool for duty, said in reading.says.items()):
        reading = reader(text, duties)
    claims = reading.claims
    if by_tool & claims.keys():
        # a second reader fills what is unread, and a duty that was reported is not
        spoken = named_claims(text, duties).keys() - set(reading.judged)
        claims = {d: claim for d, claim in claims.items() if d not in by_tool or d in spoken}
    new = {
        (event.actor, duty): LastClaim(
            claim, event, duty in by_tool, reading.judge if duty in reading.judged else ""
        )
        for duty, claim in claims.items()
    }
    return {**last, **new}


def _add_report(last: LastClaims, event: Event, duties: Sequence[Duty]) -> LastClaims:
    marks = report_marks(event, duties)
    new = {
        (event.actor, duty): LastClaim(_CLAIMS[mark], event, True) for duty, mark in marks.items()
    }
    others = [duty for duty in duties if duty.id not in marks]
    for note in notes(event):
        for duty, claim in named_claims(note, others).items():
            key = (event.actor, duty)
            new[key] = LastClaim(claim, event, key in last and last[key].by_tool)
    return {**last, **new}


def _is_document(effect: Effect) -> bool:
    """Tell whether a write makes a document that did not exist: a report, and no setting."""
    name = effect.target.rsplit("/", 1)[-1].casefold()
    return effect.verb == "write" and effect.before is None and name.endswith(_DOCUMENTS)


@lru_cache(maxsize=256)
def _names(duties: tuple[tuple[str, str, str], ...]) -> Names:
    return duty_names({duty: text for duty, text, _ in duties}, nouns(duties))
