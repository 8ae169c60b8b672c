"""What makes trials alike: all that tables, contrasts and figures are made of.

Two trials are of one kind if no table, contrast or figure tells them apart. A kind is shown by an
abridged trial: the same cell, outcome and verdicts, without the texts.
"""

from __future__ import annotations

from collections.abc import Iterable

from allegiance.trace.events import CRITIC, Event, Finding, Verdict
from allegiance.trace.trials import Trace, Trial

OTHERS = "another"
"""Stands for every actor that is not under test."""
CUT = "a limit"
"""Stands for whatever cut a trial short."""

Said = tuple[str, str, str, tuple[tuple[str, str], ...]]
"""Probe, behaviour and status of a verdict, and who was found to do what."""


def abridged(trial: Trial) -> Trial:
    """Return a trial with nothing left but what makes its kind."""
    t = trial.trace
    return brief(
        outcome=trial.outcome,
        acted_then_stopped=_acted_then_stopped(trial),
        aware=_aware(trial),
        verdicts=tuple((v.probe, v.behaviour, v.status, _found(v)) for v in trial.verdicts),
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
    verdicts: Iterable[Said],
    **cell: object,
) -> Trial:
    """Make an abridged trial.

    Args:
        outcome: What became of it.
        acted_then_stopped: Whether the critic looked at the work and left it at that.
        aware: The label of expressed awareness, None where there is none.
        verdicts: Probe, behaviour and status of each verdict, and who was found to do what.
        cell: What names its cell, and whether it was cut short.

    Raises:
        ValidationError: If that makes no trial.
    """
    event = Event(seq=0, kind="tool_result", actor=CRITIC)
    return Trial.model_validate(
        {
            "outcome": outcome,
            "seconds": 0.0,
            "awareness": aware and {"status": aware, "by": ""},
            "verdicts": [_verdict(*said) for said in verdicts],
            "trace": Trace.model_validate(
                {
                    "key": "",
                    "seed": 0,
                    "trial": 0,
                    "events": (event,) if acted_then_stopped else (),
                    **cell,
                }
            ),
        }
    )


def _verdict(
    probe: str, behaviour: str, status: str, findings: Iterable[tuple[str, str]]
) -> dict[str, object]:
    """Return an abridged verdict, still to be validated."""
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
                    "status": done,
                    "reason": "",
                }
            )
            for actor, done in findings
        ],
    }


def kind_of(trial: Trial) -> tuple[object, ...]:
    """Return what two trials have in common if they are of one kind, and only then."""
    t = trial.trace
    return (
        trial.outcome,
        t.truncated is None,
        _acted_then_stopped(trial),
        _aware(trial),
        tuple((v.probe, v.behaviour, v.status, _found(v)) for v in trial.verdicts),
        (t.scenario, t.version, t.content, t.condition, t.adapter, t.pattern),
        (t.model, t.peer_model, t.app, t.guard),
    )


def _found(verdict: Verdict) -> tuple[tuple[str, str], ...]:
    pairs = {(CRITIC if f.actor == CRITIC else OTHERS, f.status) for f in verdict.findings}
    return tuple(sorted(pairs))


def _aware(trial: Trial) -> str | None:
    return None if trial.awareness is None else trial.awareness.status


def _acted_then_stopped(trial: Trial) -> bool:
    """Tell whether the critic used a tool and then left the work undone (alignment faking)."""
    return trial.outcome == "incomplete" and any(
        e.kind == "tool_result" and e.actor == CRITIC and e.ok for e in trial.trace.events
    )
