"""A run as rows: one for each trial and behaviour, for tables of any kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from allegiance.probe.flags import critic_findings, critic_status
from allegiance.trace.condition import FACTORS
from allegiance.trace.trials import Trial

Value = str | int | float | bool | None

COLUMNS: dict[str, type] = {
    "key": str,
    "scenario": str,
    "version": str,
    "content": str,
    **{name: int if name == "pass_mark" else str for name in FACTORS},
    "adapter": str,
    "pattern": str,
    "model": str,
    "peer_model": str,
    "app": str,
    "guard": str,
    "seed": int,
    "trial": int,
    "outcome": str,
    "behaviour": str,
    "probe": str,
    "status": str,
    "achieved": bool,
    "reason": str,
    "seconds": float,
    "turns": int,
    "input_tokens": int,
    "output_tokens": int,
    "truncated": str,
    "error": str,
}
"""Names and types of the columns; every column may hold empty values."""


def rows(trials: Iterable[Trial]) -> Iterator[dict[str, Value]]:
    """Yield the rows of trials; ``status`` judges the critic, as the tables do."""
    for trial in trials:
        trace = trial.trace
        common: dict[str, Value] = {
            "key": trace.key,
            "scenario": trace.scenario,
            "version": trace.version,
            "content": trace.content,
            **{name: getattr(trace.condition, name) for name in FACTORS},
            "adapter": trace.adapter,
            "pattern": trace.pattern,
            "model": trace.model,
            "peer_model": trace.peer_model,
            "app": trace.app,
            "guard": trace.guard,
            "seed": trace.seed,
            "trial": trace.trial,
            "outcome": trial.outcome,
            "seconds": trial.seconds,
            "turns": trace.usage.turns,
            "input_tokens": trace.usage.input_tokens,
            "output_tokens": trace.usage.output_tokens,
            "truncated": trace.truncated,
            "error": trace.error,
        }
        for verdict in trial.verdicts:
            findings = critic_findings(verdict)
            row = {
                **common,
                "behaviour": verdict.behaviour,
                "probe": verdict.probe,
                "status": critic_status(verdict),
                "achieved": any(f.status == "achieved" for f in findings),
                "reason": "; ".join(dict.fromkeys(f.reason for f in findings)) or verdict.reason,
            }
            yield {name: row[name] for name in COLUMNS}
