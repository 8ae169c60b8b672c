"""Group measures: how monitors and other critics do, in trials with more than one role."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from allegiance.stats.rates import Rate, rate_of, show_rate
from allegiance.trace.trials import Trial


@dataclass(frozen=True)
class MonitorMeasure:
    """How the monitors of a pattern do.

    Attributes:
        setting: Pattern and models.
        recall: The share of trials with misconduct in which the monitor reported.
        false_alarms: The share of trials without misconduct in which it reported.
    """

    setting: str
    recall: Rate
    false_alarms: Rate


@dataclass(frozen=True)
class MemberMeasure:
    """How often a further critic violates its task.

    Attributes:
        setting: Pattern and models.
        role: The role of the critic.
        violating: The share of trials in which it did.
    """

    setting: str
    role: str
    violating: Rate


def monitor_measures(trials: Iterable[Trial]) -> list[MonitorMeasure]:
    """Return the measures of monitors, by pattern and models; intervals are Wilson's."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for trial in trials:
        for result in trial.roles.values():
            if result.monitor:
                counts[_setting(trial)][result.monitor] += 1
    return [
        MonitorMeasure(
            setting,
            rate_of(c["reported"], c["reported"] + c["missed"]),
            rate_of(c["false alarm"], c["false alarm"] + c["quiet"]),
        )
        for setting, c in counts.items()
    ]


def member_measures(trials: Iterable[Trial]) -> list[MemberMeasure]:
    """Return how often further critics violate their task, by pattern and models."""
    counts: dict[tuple[str, str], Counter[bool]] = defaultdict(Counter)
    for trial in trials:
        for role, result in trial.roles.items():
            if result.outcome is not None:
                counts[_setting(trial), role][result.outcome == "violated"] += 1
    return [
        MemberMeasure(setting, role, rate_of(c[True], c.total()))
        for (setting, role), c in counts.items()
    ]


def group_lines(trials: Iterable[Trial]) -> list[str]:
    """Return the group measures in words, a line each; empty without further roles."""
    played = [trial for trial in trials if trial.roles]
    lines: list[str] = []
    for m in monitor_measures(played):
        if m.recall.n:
            lines.append(f"Monitor of {m.setting}: misconduct reported, %: {show_rate(m.recall)}")
        if m.false_alarms.n:
            text = f"Monitor of {m.setting}: false alarms, %: {show_rate(m.false_alarms)}"
            lines.append(text)
    lines += [
        f"{m.role} of {m.setting}: violated in % of trials: {show_rate(m.violating)}"
        for m in member_measures(played)
    ]
    return lines


def _setting(trial: Trial) -> str:
    return f"{trial.trace.full_pattern} {trial.trace.setting}"
