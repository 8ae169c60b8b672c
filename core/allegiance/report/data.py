"""The data of a page: an index that is parsed at once, and a record that is parsed on demand.

Texts, events and verdicts that occur more than once are stored once and referred to by number:
system prompts and tool texts are most of a run and the same in hundreds of trials.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from functools import cache
from math import isnan
from typing import Any

from allegiance.analysis.tables import RELATIONSHIPS, rates
from allegiance.analysis.tallies import tally
from allegiance.probe.flags import critic_findings, critic_status
from allegiance.report.transcript import describe_words
from allegiance.stats.rates import Rate
from allegiance.trace.condition import Condition
from allegiance.trace.effects import Effect
from allegiance.trace.events import KINDS, OUTCOMES, Event, Verdict
from allegiance.trace.trials import Trial, TrialCounts

MOST_SHOWN = 10_000
"""The most transcripts on a page: browsers can open it, and memory stays bounded."""
ALL = -1
"""Stands for every scenario, or every condition, in a cell of a heat map that pools them."""


class Interned:
    """A list of distinct rows; a row is a string or a tuple."""

    def __init__(self, *first: Hashable) -> None:
        self.rows: list[Hashable] = []
        self._known: dict[Hashable, int] = {}
        for row in first:
            self.add(row)

    def add(self, row: Hashable) -> int:
        """Return the number of a row; add the row if it is new."""
        number = self._known.setdefault(row, len(self.rows))
        if number == len(self.rows):
            self.rows.append(row)
        return number


@cache
def label(condition: Condition, **same: str) -> str:
    """Return the label of a condition after setting some of its factors."""
    return condition.model_copy(update=same).label()


def shared(kinds: TrialCounts) -> dict[str, str]:
    """Return the factors that a cell of the heat maps pools, each with its level for labels.

    The relationship has columns of its own. The peer's conduct is pooled too unless it varies
    within a pattern, since the pattern decides whether there is a live peer.
    """
    conducts: dict[str, set[str]] = defaultdict(set)
    for trial, _ in kinds.kinds:
        conducts[trial.trace.full_pattern].add(trial.trace.condition.peer_conduct)
    same = {"relationship": "none"}
    if all(len(values) == 1 for values in conducts.values()):
        same["peer_conduct"] = "absent"
    return same


def code(verdicts: Iterable[Verdict]) -> str:
    """Return one letter for the worst verdict on a behaviour.

    ``-`` not judged, ``c`` clean, ``a`` attempted only, ``A`` achieved, ``u`` not scored.
    """
    worst = "-"
    for verdict in verdicts:
        letter = {"clean": "c", "flagged": "a", "not_scored": "u"}[critic_status(verdict)]
        if critic_findings(verdict, achieved=True):
            letter = "A"
        worst = max(worst, letter, key="-cuaA".index)
    return worst


def build(
    trials: Iterable[Trial], kinds: TrialCounts | None = None, most: int = MOST_SHOWN
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the index and the record of a run, both plain JSON data.

    The cells of the heat maps count all trials; rows and transcripts are those that ``chosen``
    yields. The trials are read once.

    Args:
        trials: The trials of the run.
        kinds: Their tally, if it is known.
        most: The most transcripts.
    """
    kinds = tally(trials) if kinds is None else kinds
    same = shared(kinds)
    alike = [trial for trial, _ in kinds.kinds]
    names: dict[str, list[str]] = {
        "model": _distinct(t.trace.model for t in alike),
        "scenario": _distinct(t.trace.scenario for t in alike),
        "pattern": _distinct(t.trace.full_pattern for t in alike),
        "relationship": [
            r for r in RELATIONSHIPS if any(t.trace.condition.relationship == r for t in alike)
        ],
        "condition": _distinct(label(t.trace.condition, **same) for t in alike),
        "outcome": list(OUTCOMES),
        "behaviour": sorted({v.behaviour for t in alike for v in t.verdicts}),
    }
    numbers = {kind: {name: i for i, name in enumerate(values)} for kind, values in names.items()}
    rows, record = [], Record()
    for number, trial in chosen(trials, kinds, most):
        record.add(trial)
        rows.append(
            [
                numbers["model"][trial.trace.model],
                numbers["scenario"][trial.trace.scenario],
                numbers["pattern"][trial.trace.full_pattern],
                numbers["relationship"][trial.trace.condition.relationship],
                numbers["condition"][label(trial.trace.condition, **same)],
                numbers["outcome"][trial.outcome],
                "".join(
                    code(v for v in trial.verdicts if v.behaviour == behaviour)
                    for behaviour in names["behaviour"]
                ),
                trial.trace.key,
                number,
            ]
        )
    cells = _cells(kinds, same, numbers)
    index = {"names": names, "rows": rows, "cells": cells, "total": len(kinds)}
    return index, record.data()


def chosen(trials: Iterable[Trial], kinds: TrialCounts, most: int) -> Iterator[tuple[int, Trial]]:
    """Yield trials with their numbers in the run: all, or an even sample of ``most``.

    The sample holds the violated trials first, but keeps at least a tenth of its places for the
    others. Each of the two groups is sampled evenly over the run.
    """
    total = len(kinds)
    violated = sum(count for trial, count in kinds.kinds if trial.outcome == "violated")
    others = total - violated
    room = {True: violated, False: others}
    if total > most:
        room[True] = min(violated, most - min(others, most // 10))
        room[False] = most - room[True]
    available, seen = {True: violated, False: others}, {True: 0, False: 0}
    for number, trial in enumerate(trials):
        group = trial.outcome == "violated"
        seen[group] += 1
        n, size = seen[group], available[group]
        if n * room[group] // size > (n - 1) * room[group] // size:
            yield number, trial


def _distinct(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def _cells(
    kinds: TrialCounts, same: dict[str, str], numbers: dict[str, dict[str, int]]
) -> list[list[Any]]:
    """Return the rates of the heat maps: for each model, by scenario and condition, or pooled."""
    groups: dict[tuple[int, int, int], list[tuple[Trial, int]]] = defaultdict(list)
    for trial, count in kinds.kinds:
        model, condition = (
            numbers["model"][trial.trace.model],
            numbers["condition"][label(trial.trace.condition, **same)],
        )
        scenario = numbers["scenario"][trial.trace.scenario]
        for scenarios in {scenario, _pooled(numbers["scenario"])}:
            for conditions in {condition, _pooled(numbers["condition"])}:
                groups[model, scenarios, conditions].append((trial, count))
    fields = ("behaviour", "pattern", "relationship")
    return [
        [
            *group,
            *(numbers[field][name] for field, name in zip(fields, names, strict=True)),
            *rate_numbers(value),
        ]
        for group, members in sorted(groups.items())
        for names, value in rates(TrialCounts(members), fields).items()
    ]


def _pooled(numbers: dict[str, int]) -> int:
    return ALL if len(numbers) > 1 else 0


def rate_numbers(value: Rate) -> list[float | int | None]:
    """Return a rate as JSON can hold it: flags, n, not scored, low and high, null for nan."""
    bounds = [None if isnan(bound) else bound for bound in (value.low, value.high)]
    return [value.count, value.n, value.not_scored, *bounds]


class Record:
    """The transcripts of a page, built one trial at a time."""

    def __init__(self) -> None:
        self._texts, self._events, self._verdicts = Interned(""), Interned(), Interned()
        self._trials: list[list[Any]] = []

    def add(self, trial: Trial) -> None:
        """Add one trial."""
        texts = self._texts
        calls = {e.call_id: e.seq for e in trial.trace.events if e.kind == "tool_call"}
        usage = trial.trace.usage
        self._trials.append(
            [
                [self._events.add(_event(e, calls, texts)) for e in trial.trace.events],
                [self._verdicts.add(_verdict(v, texts)) for v in trial.verdicts],
                [[texts.add(key), texts.add(text)] for key, text in _facts(trial)],
                [usage.turns, usage.input_tokens, usage.output_tokens, round(trial.seconds, 2)],
            ]
        )

    def data(self) -> dict[str, Any]:
        """Return the record as JSON data."""
        return {
            "kinds": list(KINDS),
            "texts": self._texts.rows,
            "events": self._events.rows,
            "verdicts": self._verdicts.rows,
            "trials": self._trials,
        }


def _event(event: Event, calls: dict[str | None, int], texts: Interned) -> tuple[Any, ...]:
    args = event.args
    if args is not None and not isinstance(args, str):
        args = json.dumps(dict(args), ensure_ascii=False, default=str, indent=1)
    answers = event.kind in ("tool_result", "decision") and event.call_id in calls
    return (
        KINDS.index(event.kind),
        texts.add(event.actor),
        texts.add(event.text),
        texts.add(event.tool or ""),
        texts.add(args or ""),
        int(event.ok),
        event.seq - calls[event.call_id] if answers else 0,
        tuple(_effect(effect, texts) for effect in event.effects),
    )


def _effect(effect: Effect, texts: Interned) -> tuple[int, ...]:
    fields = (effect.verb, effect.target, effect.source, effect.before, effect.value)
    return tuple(texts.add("" if field is None else str(field)) for field in fields)


def _verdict(verdict: Verdict, texts: Interned) -> tuple[Any, ...]:
    return (
        texts.add(verdict.probe),
        texts.add(verdict.behaviour),
        verdict.status,
        texts.add(verdict.reason),
        tuple(
            (texts.add(f.actor), f.status, f.seqs, texts.add(f.reason)) for f in verdict.findings
        ),
    )


def _facts(trial: Trial) -> list[tuple[str, str]]:
    trace = trial.trace
    facts = {
        "condition": label(trace.condition),
        "peer": trace.peer_model,
        "app": trace.app or "",
        "guard": trace.guard or "none",
        "trial and seed": f"{trace.trial}, {trace.seed}",
        "scores": ", ".join(f"{unit} = {score}" for unit, score in trial.scores.items()),
        "closing words": describe_words(trial.words) if trial.words is not None else "",
        "cut short": trace.truncated or "",
        "error": trace.error or "",
        "versions": ", ".join(f"{name} {value}" for name, value in trace.provenance.items()),
        "judged by": trial.judged_by,
    }
    return [(name, text) for name, text in facts.items() if text]
