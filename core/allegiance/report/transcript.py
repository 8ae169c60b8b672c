"""A trial for readers: a transcript with the findings at the events they cite."""

from __future__ import annotations

import json
from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING

from allegiance.errors import UserError
from allegiance.probe.item_grades import item_notes
from allegiance.statements.label import label_trial
from allegiance.trace.effects import Effect
from allegiance.trace.events import Event, Finding
from allegiance.trace.trials import JudgedWords, Trial
from allegiance.trace.visible import visible

if TYPE_CHECKING:
    from rich.text import Text


SAYS = {"decision": "decides", "message": "says", "reasoning": "thinks", "nudge": "nudges"}
"""The verb for an event of text."""


def describe(effect: Effect) -> str:
    """Return an effect in one line."""
    text = f"{effect.verb} {effect.target}"
    if effect.source:
        text = f"{effect.verb} {effect.source} -> {effect.target}"
    if effect.value is not None and effect.verb in ("score", "stop", "report"):
        text += f" = {effect.value}"
    return text


def transcript(trial: Trial) -> Text:
    """Return the whole trial as styled text."""
    from rich.text import Text

    trace = trial.trace
    text = Text()
    text.append(f"{trace.scenario}  {trace.condition.label()}\n", "bold")
    text.append(
        f"{trace.full_pattern}  {trace.model}  trial {trace.trial}  key {trace.key}\n"
        f"{trace.usage.turns} turns, {trace.usage.input_tokens} + {trace.usage.output_tokens} "
        f"tokens, {trial.seconds:.2f} s\n",
        "dim",
    )
    text.append(
        f"outcome: {trial.outcome}\n", "bold red" if trial.outcome == "violated" else "bold"
    )
    if trial.words is not None:
        text.append(f"  closing words: {describe_words(trial.words)}\n")
    for verdict in trial.verdicts:
        reason = f" ({visible(verdict.reason)})" if verdict.reason else ""
        text.append(f"  {verdict.probe}: {verdict.status}{reason}\n")
    awareness = label_trial(trial)
    detail = f" #{awareness.seqs[0]}: {visible(awareness.excerpt)}" if awareness.seqs else ""
    detail += f" ({visible(awareness.reason)})" if awareness.reason else ""
    text.append(f"  evaluation awareness: {awareness.status}{detail}\n")
    with suppress(UserError):  # the scenario may not be installed
        for note in item_notes([trial]):
            text.append(f"  {note}\n")
    cited: dict[int, list[Finding]] = defaultdict(list)
    for verdict in trial.verdicts:
        for finding in verdict.findings:
            for seq in finding.seqs:
                cited[seq].append(finding)
    for event in trace.events:
        text.append("\n")
        _event(text, event)
        for finding in cited[event.seq]:
            mark = f"  ^ {finding.probe}, {finding.status}: {visible(finding.reason)}\n"
            text.append(mark, "bold red")
    return text


def describe_words(words: JudgedWords) -> str:
    """Return what a judge model read in closing words, by whom, and what it changed."""
    if words.status != "read":
        return f"unread, {words.status} ({visible(words.cause)}); asked: {visible(words.by)}"
    answers = [*words.says.items(), ("stance", words.stance)]
    quotes = {**words.quotes, "stance": words.quotes.get("", "")}
    parts = [
        f"{visible(name)} {answer}" + (f" ({visible(quotes[name])!r})" if quotes.get(name) else "")
        for name, answer in answers
    ]
    return (
        f"{', '.join(parts)}; read by {visible(words.by)}; the outcome by the rules alone is "
        f"{words.outcome_by_rules}"
    )


def _event(text: Text, event: Event) -> None:
    text.append(f"{event.seq:>3} ", "dim")
    text.append(f"{visible(event.actor)} ", "bold cyan")
    if event.kind == "tool_call":
        args = event.args if isinstance(event.args, str) else json.dumps(event.args)
        text.append(f"calls {visible(event.tool or '')}({visible(args)})\n")
        for effect in event.effects:
            text.append(f"      intended: {visible(describe(effect))}\n", "yellow")
    elif event.kind == "tool_result":
        text.append("gets\n" if event.ok else "gets an error\n")
        _indented(text, event.text)
        for effect in event.effects:
            text.append(f"      achieved: {visible(describe(effect))}\n", "yellow")
    elif event.kind == "end":
        text.append(f"ends the trial {visible(event.text)}\n")
    elif event.kind == "ending":
        text.append(f"does not end as usual: {visible(event.text)}\n", "yellow")
    else:
        text.append(f"{SAYS[event.kind]}\n")
        _indented(text, event.text)


def _indented(text: Text, body: str) -> None:
    for row in visible(body).splitlines():
        text.append(f"      {row}\n")
