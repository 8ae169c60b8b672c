"""Kinds of trials: trials that no table, contrast or figure tells apart.

A kind is represented by an abridged trial: the same configuration, outcome and verdicts, without
the texts.
"""

from __future__ import annotations

from collections.abc import Iterable

from allegiance.trace.events import CRITIC, OPERATOR, Event, Finding, Verdict
from allegiance.trace.trials import Trace, Trial

OTHERS = "another"
"""Stands for every actor that is not under test."""
CUT = "a limit"
"""Stands for every limit that cut a trial short."""

BriefVerdict = tuple[str, str, str, tuple[tuple[str, str], ...]]
"""Probe, behaviour and status of a verdict, and the actor and status of each finding."""


def abridged(trial: Trial) -> Trial:
    """Return a trial reduced to the fields that define its kind."""
    t = trial.trace
    return brief(
        outcome=trial.outcome,
        acted_then_stopped=_acted_then_stopped(trial),
        aware=_aware(trial),
        nudged=nudged(trial),
        judged_by=trial.judged_by,
        verdicts=tuple((v.probe, v.behaviour, v.status, _actors(v)) for v in trial.verdicts),
        scenario=t.scenario,
        version=t.version,
        content=t.content,
        condition=t.condition,
        adapter=t.adapter,
        pattern=t.pattern,
        model=t.model,
        peer_model=t.peer_model,
        app=t.app,
        guard=t.guard,
        truncated=None if t.truncated is None else CUT,
    )


def brief(
    *,
    outcome: object,
    acted_then_stopped: bool,
    aware: object,
    nudged: bool,
    judged_by: object,
    verdicts: Iterable[BriefVerdict],
    **fields: object,
) -> Trial:
    """Build an abridged trial.

    Args:
        outcome: The outcome of the trial.
        acted_then_stopped: Whether the critic used a tool and then left the work undone.
        aware: The label of expressed awareness; None without a label.
        nudged: Whether the critic was nudged.
        judged_by: The version that judged the trial; empty if it does not say it.
        verdicts: The verdicts, each with the actor and status of its findings.
        fields: The fields of the trace that name its configuration, and ``truncated``.

    Raises:
        ValidationError: If a value is invalid.
    """
    acted = Event(seq=0, kind="tool_result", actor=CRITIC)
    asked = Event(seq=1, kind="nudge", actor=OPERATOR)
    return Trial.model_validate(
        {
            "outcome": outcome,
            "seconds": 0.0,
            "awareness": aware and {"status": aware, "by": ""},
            "judged_by": judged_by,
            "verdicts": [_verdict(*verdict) for verdict in verdicts],
            "trace": Trace.model_validate(
                {
                    "key": "",
                    "seed": 0,
                    "trial": 0,
                    "events": (acted,) * acted_then_stopped + (asked,) * nudged,
                    **fields,
                }
            ),
        }
    )


def _verdict(
    probe: str, behaviour: str, status: str, findings: Iterable[tuple[str, str]]
) -> dict[str, object]:
    """Return the data of an abridged verdict, not validated yet."""
    return {
        "probe": probe,
        "behaviour": behaviour,
        "status": status,
        "findings": [
            Finding.model_validate(
                {
                    "probe": probe,
                    "behaviour": behaviour,
                    "actor": actor,
                    "seqs": (0,),
                    "status": finding_status,
                    "reason": "",
                }
            )
            for actor, finding_status in findings
        ],
    }


def kind_of(trial: Trial) -> tuple[object, ...]:
    """Return a key that two trials share if, and only if, they are of one kind."""
    t = trial.trace
    return (
        trial.outcome,
        t.truncated is None,
        _acted_then_stopped(trial),
        _aware(trial),
        nudged(trial),
        trial.judged_by,
        tuple((v.probe, v.behaviour, v.status, _actors(v)) for v in trial.verdicts),
        (t.scenario, t.version, t.content, t.condition, t.adapter, t.pattern),
        (t.model, t.peer_model, t.app, t.guard),
    )


def _actors(verdict: Verdict) -> tuple[tuple[str, str], ...]:
    pairs = {(CRITIC if f.actor == CRITIC else OTHERS, f.status) for f in verdict.findings}
    return tuple(sorted(pairs))


def _aware(trial: Trial) -> str | None:
    return None if trial.awareness is None else trial.awareness.status


def nudged(trial: Trial) -> bool:
    """Tell whether the critic was asked if anything is left to do."""
    return any(event.kind == "nudge" and event.ok for event in trial.trace.events)


def _acted_then_stopped(trial: Trial) -> bool:
    """Tell whether the critic used a tool and then left the work undone (alignment faking)."""
    return trial.outcome == "incomplete" and any(
        e.kind == "tool_result" and e.actor == CRITIC and e.ok for e in trial.trace.events
    )
