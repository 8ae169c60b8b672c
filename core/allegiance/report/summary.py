"""The summary at the top of the page: what was measured, the results, and their limits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from allegiance.analysis.tables import measured, rates
from allegiance.analysis.tallies import tally
from allegiance.errors import UserError
from allegiance.report.contrasts import Family
from allegiance.stats.rates import Rate
from allegiance.stats.stop_rule import EARLY, ended_early
from allegiance.store.manifest import parse_shard
from allegiance.store.writer import Run
from allegiance.trace.events import OUTCOMES
from allegiance.trace.model_names import CALIBRATED, SCRIPTED, is_scripted
from allegiance.trace.trials import Trial, TrialCounts, counted

MOST_MODELS = 12
FEW = 20


@dataclass(frozen=True)
class Line:
    """The rates of one model, one for each behaviour of the run; None if it was not judged."""

    model: str
    rates: tuple[Rate | None, ...]


@dataclass(frozen=True)
class Summary:
    """The summary of a run.

    Attributes:
        headline: What was measured.
        caution: What the numbers do not show, if a scripted agent was measured.
        figures: The counts, each with its name.
        behaviours: The behaviours that the probes look for.
        lines: The rates, model by model, in the order of the behaviours.
        more: The number of models that the lines leave out.
        effects: One sentence for each family of contrasts.
        limits: Limits of the results that a reader must know.
    """

    headline: str
    caution: str
    figures: tuple[tuple[str, str], ...]
    behaviours: tuple[str, ...]
    lines: tuple[Line, ...]
    more: int
    effects: tuple[str, ...]
    limits: tuple[str, ...]


def summarise(run: Run, families: Sequence[Family], kinds: TrialCounts | None = None) -> Summary:
    """Return the summary of a run.

    Args:
        run: The run.
        families: The contrasts of the run.
        kinds: The tally of its trials, if it is known.
    """
    kinds = tally(run.trials) if kinds is None else kinds
    models = list(dict.fromkeys(t.trace.model for t, _ in kinds.kinds))
    behaviours = tuple(sorted({v.behaviour for t, _ in kinds.kinds for v in t.verdicts}))
    lines = [
        _line(model, behaviours, TrialCounts(k for k in kinds.kinds if k[0].trace.model == model))
        for model in models
    ]
    return Summary(
        headline=_headline(models),
        caution=_caution(models),
        figures=_figures(run, kinds),
        behaviours=behaviours,
        lines=tuple(lines[:MOST_MODELS]),
        more=max(0, len(lines) - MOST_MODELS),
        effects=tuple(_effect(family) for family in families),
        limits=tuple(_limits(run, kinds)),
    )


def outcomes(trials: Iterable[Trial]) -> list[tuple[str, str, list[int], int]]:
    """Return model, pattern, the count of each outcome, and how many violations were achieved."""
    counts: Counter[tuple[str, str, str]] = Counter()
    for trial, count in counted(trials):
        group = (trial.trace.model, trial.trace.full_pattern)
        counts[*group, trial.outcome] += count
        if trial.outcome == "violated" and any(v.achieved for v in trial.verdicts):
            counts[*group, "achieved"] += count
    groups = sorted({key[:2] for key in counts})
    return [
        (*group, [counts[*group, name] for name in OUTCOMES], counts[*group, "achieved"])
        for group in groups
    ]


def planned(manifest: object) -> int | None:
    """Return the planned number of trials in a run's folder; None without a valid manifest."""
    if not isinstance(manifest, dict):
        return None
    configurations, each = manifest.get("configurations"), manifest.get("trials")
    if not isinstance(configurations, list) or not isinstance(each, int):
        return None
    try:
        part, of = parse_shard(str(manifest.get("shard") or "1/1"))
    except UserError:
        return None
    return max(0, -((part - 1 - len(configurations) * each) // of))


def _scripted(models: Sequence[str]) -> list[str]:
    return [model for model in models if is_scripted(model)]


def _headline(models: Sequence[str]) -> str:
    scripted = len(_scripted(models))
    real = [m for m in models if not is_scripted(m)]
    parts = []
    if real:
        parts.append(real[0] if len(real) == 1 else f"{len(real)} models")
    if scripted:
        parts.append(_count(scripted, "scripted agent"))
    return f"{' and '.join(parts)} measured" + ("" if real else ", no model")


def _caution(models: Sequence[str]) -> str:
    scripted = _scripted(models)
    if not scripted:
        return ""
    caution = (
        "A name that begins with scripted: is a scripted agent, not a model: it follows its "
        "script. Its rates show how the pattern, the guard and the probes treat such conduct; "
        "they say nothing about any model."
    )
    if any(m.startswith(SCRIPTED + CALIBRATED) for m in scripted):
        caution += (
            " A calibrated agent draws its conduct from published rates: it repeats them and does "
            "not measure the model it is named after."
        )
    return caution


def _figures(run: Run, kinds: TrialCounts) -> tuple[tuple[str, str], ...]:
    outcomes: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    cut = 0
    for trial, count in kinds.kinds:
        outcomes[trial.outcome] += count
        cut += count * (trial.trace.truncated is not None)
        for verdict in trial.verdicts:
            verdicts[verdict.status] += count
    total, plan = outcomes.total(), planned(run.manifest)
    partial = plan is not None and plan != total
    most = "at most " if ended_early(run.manifest) else ""
    return (
        (f"{total:,}", f"of {most}{plan:,} trials planned" if partial else "trials"),
        (f"{outcomes['violated']:,}", "violated"),
        (f"{verdicts['not_scored']:,}", f"of {verdicts.total():,} verdicts not scored"),
        (f"{outcomes['error']:,}", "ended in an error"),
        (f"{cut:,}", "cut short by a limit"),
        (f"{len({t.trace.full_pattern for t, _ in kinds.kinds})}", "patterns"),
        (f"{len({t.trace.scenario for t, _ in kinds.kinds})}", "scenarios"),
    )


def _line(model: str, behaviours: Sequence[str], trials: Iterable[Trial]) -> Line:
    values = rates(trials, ("behaviour",))
    return Line(model, tuple(values.get((behaviour,)) for behaviour in behaviours))


def _effect(family: Family) -> str:
    total, excluding = len(family.rows), len(family.excluding)
    verb = "has" if excluding == 1 else "have"
    kept = "has p" if family.significant == 1 else "have p"
    sentence = (
        f"{family.title}: {excluding:,} of {_count(total, 'contrast')} {verb} a 95 % interval that "
        f"excludes 0; {family.significant:,} {kept} below 0.05 after Holm's correction."
    )
    if excluding:
        first = family.excluding[0].contrast
        sentence += f" The largest is {100 * first.value:+.1f} points ({first.label})."
    return sentence


def _limits(run: Run, kinds: TrialCounts) -> list[str]:
    notes = [
        "A Wilson interval excludes 0 as soon as one trial is flagged, so a rate above 0 does not "
        "show an effect of the peer. The contrasts do."
    ]
    early = ended_early(run.manifest)
    if early:
        notes.insert(0, EARLY)
    fields = ("model", "scenario", "behaviour", "condition", "pattern", "guard")
    sizes = [value.n for value in rates(kinds, fields).values()]
    if sizes and min(sizes) < FEW:
        notes.append(
            f"The smallest configuration has {_count(min(sizes), 'scored trial')}. With fewer than "
            f"{FEW}, an interval is too wide to show most differences."
        )
    if len({(t.trace.scenario, t.trace.content) for t, _ in kinds.kinds}) > 1:
        notes.append(
            "The table above pools all configurations of a model, and the heat maps pool those of "
            "a pattern and relationship: read them as an overview. The contrasts pool nothing."
        )
    notes += [
        note
        for note in measured(kinds, ("model", "scenario", "behaviour", "condition", "pattern"))
        if not note.startswith("A scripted agent")  # the caution at the top says it already
    ]
    plan = planned(run.manifest)
    total = len(kinds)
    if plan is not None and total < plan and early:
        notes.append(
            f"This run has {total:,} of at most {plan:,} trials: its configurations end at their "
            "verdicts, or the run is still in progress or was stopped."
        )
    elif plan is not None and total < plan:
        notes.append(
            f"{plan - total:,} of {plan:,} planned trials are missing: the run is still in "
            "progress or was stopped."
        )
    notes += [f"Not read: {problem}" for problem in run.problems]
    return notes


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"
