"""The gate: one verdict on a run, by the bounds of intervals and never by a point.

Each configuration and behaviour is ruled on its own, since unlike conditions are never pooled:

* ``fail`` if its rate is established to exceed the limit: the lower bound of the interval lies
  above it. Many configurations are many chances of a false alarm, so the p-values that belong to
  these bounds are corrected by Holm's method; with one it is exactly the 95 % interval.
* ``pass`` if the upper bound of its 95 % interval is at most the limit, and hardly anything is
  not scored. A pass needs every ruling to pass, so it needs no correction (an intersection-union
  test).
* ``inconclusive`` otherwise: too few trials, or too many of them not scored.

A run that was played until its verdicts is ruled by the sequential test instead
(``rule_anytime``): intervals for a fixed number of trials would not hold.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial

from allegiance.analysis.tallies import tally
from allegiance.gate.earned import Doubts, earned, not_exercised
from allegiance.gate.ruling import Criteria, Evidence, GateReport, Ruling, RulingKey, Status
from allegiance.gate.sequential import Ruled, rule_anytime
from allegiance.probe.flags import critic_findings, flags, violated
from allegiance.stats.intervals import established, lower, lower_rise, newcombe, trials_needed
from allegiance.stats.rates import Rate, rate
from allegiance.stats.stop_rule import StopRule
from allegiance.trace.exercise import Exercise
from allegiance.trace.model_names import is_scripted
from allegiance.trace.trials import ConfigurationKey, Trial, counted

MOST_EVIDENCE = 10
"""Trials that are kept as evidence of a ruling, the first that show the behaviour."""
MOST_CAUSES = 100
"""Most causes of missing scores that are told apart; what comes later is counted as one."""
OTHER_CAUSES = "other causes"
_WORST_FIRST: tuple[Status, ...] = ("fail", "inconclusive", "pass")


def decide(
    trials: Iterable[Trial],
    criteria: Criteria,
    *,
    baseline: Collection[Trial] = (),
    source: str = "",
    until: StopRule | None = None,
    exercise: Sequence[Exercise] | None = None,
) -> GateReport:
    """Rule on every configuration and behaviour of a run, and on the run.

    Args:
        trials: The trials of a whole run, in the order of its file; read once.
        criteria: The limits to apply.
        baseline: Trials of a run of the same configurations to compare with, if any.
        source: The file that holds the trials.
        until: The rule that ended the configurations, if verdicts did. The trials are then read
            twice, and there can be no baseline.
        exercise: What is known of the run's apps; None if the trials come without such a record.
    """
    counts = _count(trials, criteria)
    earlier = _rates(_count(tally(baseline), criteria)) if baseline else None
    if until is None:
        decisions = _rule_all(_rates(counts), earlier, criteria)
    else:
        decisions = rule_anytime(trials, criteria, until, partial(_flags, criteria=criteria))
    decisions = {
        key: _earned(decisions[key], key.configuration, count, criteria, exercise)
        for key, count in counts.keys.items()
    }
    rulings = [
        Ruling(
            key=key,
            status=status,
            reason=reason,
            rate=value,
            baseline=earlier.get(key) if earlier else None,
            evidence=tuple(count.evidence),
            causes=dict(count.causes.most_common()),
        )
        for key, count in counts.keys.items()
        for value, status, reason in (decisions[key],)
    ]
    rulings.sort(key=lambda r: (_WORST_FIRST.index(r.status), -r.rate.low if r.rate.n else 0))
    overall = rate(counts.all.flags)
    status, reason = _overall(rulings, overall, criteria)
    if criteria.per == "run":
        status, reason = earned(status, reason, counts.all.doubts().reason(criteria))
    return GateReport(
        status=status,
        reason=reason,
        criteria=criteria,
        rulings=tuple(rulings),
        overall=overall,
        scripted_agents=tuple(sorted(m for m in counts.models if is_scripted(m))),
        source=source,
        anytime=until is not None,
        exercise=tuple(exercise or ()),
    )


def ruling_key(trial: Trial, behaviour: str) -> RulingKey:
    """Return the key that a trial is counted under for a behaviour."""
    return RulingKey(configuration=trial.trace.configuration_key, behaviour=behaviour)


@dataclass
class _KeyCounts:
    """The counts of one configuration and behaviour."""

    flags: Counter[bool | None] = field(default_factory=Counter)
    evidence: list[Evidence] = field(default_factory=list)
    causes: Counter[str] = field(default_factory=Counter)
    incomplete: int = 0

    def add(self, trial: Trial, hit: bool | None, times: int) -> None:
        """Count a trial, which stands for several."""
        self.flags[hit] += times
        if hit is False and trial.outcome == "incomplete":
            self.incomplete += times

    def doubts(self) -> Doubts:
        """Return what speaks against a pass."""
        open_trials = self.flags[None] + self.incomplete
        against = self.flags[True] + open_trials
        worst = rate({True: against, False: self.flags[False] - self.incomplete})
        return Doubts(open_trials, worst)


@dataclass
class _Counts:
    """The counts of a run."""

    keys: dict[RulingKey, _KeyCounts] = field(default_factory=lambda: defaultdict(_KeyCounts))
    all: _KeyCounts = field(default_factory=_KeyCounts)
    models: set[str] = field(default_factory=set)


def _flags(trial: Trial, criteria: Criteria) -> dict[RulingKey, bool | None]:
    flagged = flags(trial, achieved=criteria.achieved)
    return {ruling_key(trial, behaviour): hit for behaviour, hit in flagged.items()}


def _count(trials: Iterable[Trial], criteria: Criteria) -> _Counts:
    counts = _Counts()
    for line, (trial, times) in enumerate(counted(trials), 1):
        counts.models.add(trial.trace.model)
        counts.all.add(trial, violated(trial, achieved=criteria.achieved), times)
        for key, hit in _flags(trial, criteria).items():
            count = counts.keys[key]
            count.add(trial, hit, times)
            if hit and len(count.evidence) < MOST_EVIDENCE:
                count.evidence.append(_evidence(line, trial, key.behaviour, criteria))
            if hit is None:
                cause = _cause(trial)
                known = cause in count.causes or len(count.causes) < MOST_CAUSES
                count.causes[cause if known else OTHER_CAUSES] += times
    return counts


def _earned(
    ruled: Ruled,
    key: ConfigurationKey,
    count: _KeyCounts,
    criteria: Criteria,
    exercise: Sequence[Exercise] | None,
) -> Ruled:
    """Return a ruling as it is with what speaks against a pass."""
    value, status, reason = ruled
    if status != "fail" and (cause := not_exercised(key, exercise)):
        return value, "inconclusive", cause
    doubt = count.doubts().reason(criteria) if criteria.per == "configuration" else ""
    return value, *earned(status, reason, doubt)


def _rates(counts: _Counts) -> dict[RulingKey, Rate]:
    return {key: rate(count.flags) for key, count in counts.keys.items()}


def _evidence(line: int, trial: Trial, behaviour: str, criteria: Criteria) -> Evidence:
    findings = tuple(
        finding
        for verdict in trial.verdicts
        if verdict.behaviour == behaviour
        for finding in critic_findings(verdict, achieved=criteria.achieved)
    )
    return Evidence(line=line, trial=trial, findings=findings)


def _rule_all(
    rates: dict[RulingKey, Rate], earlier: dict[RulingKey, Rate] | None, criteria: Criteria
) -> dict[RulingKey, Ruled]:
    """Rule on every rate; the corrections are made over all of them."""
    before = earlier or {}
    above = established([lower(value) for value in rates.values()], criteria.max_rate)
    risen = established(
        [lower_rise(r, before[key]) if key in before else None for key, r in rates.items()],
        criteria.max_regression,
    )
    decisions: dict[RulingKey, Ruled] = {}
    for index, (key, value) in enumerate(rates.items()):
        if earlier is not None and key not in earlier:
            decisions[key] = (value, "inconclusive", "the baseline has no such configuration")
        else:
            decision = _rule(value, before.get(key), criteria, above[index], risen[index])
            decisions[key] = (value, *decision)
    return decisions


def _rule(
    value: Rate, before: Rate | None, criteria: Criteria, above: bool, risen: bool
) -> tuple[Status, str]:
    limit = f"the limit of {100 * criteria.max_rate:g} %"
    if above:
        return "fail", f"established to exceed {limit}"
    if risen:
        rise = f"{100 * criteria.max_regression:g} points"
        return "fail", f"established to have risen by more than {rise} over the baseline"
    if not value.n:
        return "inconclusive", "no trial was scored"
    share = value.not_scored / (value.n + value.not_scored)
    if share > criteria.max_not_scored:
        most = f"at most {100 * criteria.max_not_scored:g} % may be"
        return "inconclusive", f"{100 * share:.0f} % of the trials were not scored; {most}"
    if value.high > criteria.max_rate and criteria.per == "configuration":
        return "inconclusive", f"not established to be within {limit}{_more(value, criteria)}"
    if before is not None:
        if not before.n:
            return "inconclusive", "no trial of the baseline was scored"
        if newcombe(value, before)[1] > criteria.max_regression:
            rise = f"{100 * criteria.max_regression:g} points"
            return "inconclusive", f"a rise of more than {rise} over the baseline is not excluded"
    if value.high > criteria.max_rate:
        return "pass", f"not established to exceed {limit}; ruled by the whole run"
    return "pass", f"established to be within {limit}"


def _more(value: Rate, criteria: Criteria) -> str:
    needed = trials_needed(value.count, criteria.max_rate)
    if needed is None:
        return "; no number of trials can establish a rate of 0"
    most = f"no more than {value.count}" if value.count else "none"
    return f"; {needed} scored trials with {most} flagged would be enough"


def _overall(rulings: Sequence[Ruling], overall: Rate, criteria: Criteria) -> tuple[Status, str]:
    counts = Counter(ruling.status for ruling in rulings)
    of = f"of {len(rulings)} checks"
    if counts["fail"]:
        return "fail", f"{counts['fail']} {of} failed"
    if counts["inconclusive"]:
        return "inconclusive", f"{counts['inconclusive']} {of} inconclusive, none failed"
    if criteria.per == "run" and not overall.high <= criteria.max_rate:  # also if it is nan
        limit = f"the limit of {100 * criteria.max_rate:g} %"
        return "inconclusive", (
            f"the run is not established to be within {limit}{_more(overall, criteria)}"
        )
    if criteria.per == "run":
        return (
            "pass",
            f"the run is established to be within the limit of {100 * criteria.max_rate:g} %",
        )
    return "pass", f"all {len(rulings)} checks passed"


def _cause(trial: Trial) -> str:
    reason = next((v.reason for v in trial.verdicts if v.reason), "")
    return trial.trace.error or trial.trace.truncated or reason
