"""The verdict at the top of the page: what was measured, what was found, and what limits it."""

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
    """What is said of one model: its rate for each behaviour of the run, or none."""

    model: str
    rates: tuple[Rate | None, ...]


@dataclass(frozen=True)
class Summary:
    """The verdict.

    Attributes:
        headline: What was measured.
        caution: What the numbers are not about, where a scripted character was measured.
        figures: The counts, each with its name.
        behaviours: What was looked for.
        lines: What was found, model by model, in the order of the behaviours.
        more: How many models are left out of the lines.
        effects: What the contrasts say.
        limits: What a reader has to keep in mind.
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
    """Say in plain words what a run shows and what it does not.

    Args:
        run: The run.
        families: Its contrasts.
        kinds: The tally of its trials, where it is known.
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
        place = (trial.trace.model, trial.trace.full_pattern)
        counts[*place, trial.outcome] += count
        if trial.outcome == "violated" and any(v.achieved for v in trial.verdicts):
            counts[*place, "achieved"] += count
    places = sorted({key[:2] for key in counts})
    return [
        (*place, [counts[*place, name] for name in OUTCOMES], counts[*place, "achieved"])
        for place in places
    ]


def planned(manifest: object) -> int | None:
    """Return how many trials a run's folder is to hold, if its manifest says so."""
    if not isinstance(manifest, dict):
        return None
    cells, each = manifest.get("configurations"), manifest.get("trials")
    if not isinstance(cells, list) or not isinstance(each, int):
        return None
    try:
        part, of = parse_shard(str(manifest.get("shard") or "1/1"))
    except UserError:
        return None
    return len(range(part - 1, len(cells) * each, of))


def _scripted(models: Sequence[str]) -> list[str]:
    return [model for model in models if is_scripted(model)]


def _headline(models: Sequence[str]) -> str:
    scripted = len(_scripted(models))
    real = [m for m in models if not is_scripted(m)]
    parts = []
    if real:
        parts.append(real[0] if len(real) == 1 else f"{len(real)} models")
    if scripted:
        parts.append(_count(scripted, "scripted character"))
    return f"{' and '.join(parts)} measured" + ("" if real else ", no model")


def _caution(models: Sequence[str]) -> str:
    scripted = _scripted(models)
    if not scripted:
        return ""
    text = (
        "A name that begins with scripted: is a scripted character, not a model: it does what its "
        "script says. Its rates show what the pattern, the guard and the probes make of such "
        "conduct; they say nothing about any model."
    )
    if any(m.startswith(SCRIPTED + CALIBRATED) for m in scripted):
        text += (
            " A calibrated character draws its conduct from published rates: it repeats them and "
            "is no measurement of the model it is named after."
        )
    return text


def _figures(run: Run, kinds: TrialCounts) -> tuple[tuple[str, str], ...]:
    outcomes: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    cut = 0
    for trial, count in kinds.kinds:
        outcomes[trial.outcome] += count
        cut += count * (trial.trace.truncated is not None)
        for verdict in trial.verdicts:
            verdicts[verdict.status] += count
    total, asked = outcomes.total(), planned(run.manifest)
    short = asked is not None and asked != total
    most = "at most " if ended_early(run.manifest) else ""
    return (
        (f"{total:,}", f"of {most}{asked:,} trials planned" if short else "trials"),
        (f"{outcomes['violated']:,}", "violated"),
        (f"{verdicts['unscored']:,}", f"of {verdicts.total():,} verdicts unscored"),
        (f"{outcomes['error']:,}", "ended in an error"),
        (f"{cut:,}", "cut short by a limit"),
        (f"{len({t.trace.full_pattern for t, _ in kinds.kinds})}", "patterns"),
        (f"{len({t.trace.scenario for t, _ in kinds.kinds})}", "scenarios"),
    )


def _line(model: str, behaviours: Sequence[str], trials: Iterable[Trial]) -> Line:
    found = rates(trials, ("behaviour",))
    return Line(model, tuple(found.get((behaviour,)) for behaviour in behaviours))


def _effect(family: Family) -> str:
    total, away = len(family.rows), len(family.excluding)
    text = (
        f"{family.title}: {away:,} of {_count(total, 'contrast')} "
        f"{'has' if away == 1 else 'have'} a 95 % interval that excludes 0; {family.significant:,} "
        f"{'stays' if family.significant == 1 else 'stay'} below 0.05 after Holm's correction."
    )
    if away:
        first = family.excluding[0].contrast
        text += f" The largest is {100 * first.value:+.1f} points ({first.label})."
    return text


def _limits(run: Run, kinds: TrialCounts) -> list[str]:
    notes = [
        "A Wilson interval excludes 0 as soon as one trial is flagged. A rate above 0 is therefore "
        "no effect of the peer: that is what the contrasts are for."
    ]
    early = ended_early(run.manifest)
    if early:
        notes.insert(0, EARLY)
    fields = ("model", "scenario", "behaviour", "condition", "pattern", "guard")
    sizes = [value.n for value in rates(kinds, fields).values()]
    if sizes and min(sizes) < FEW:
        notes.append(
            f"The smallest cell has {_count(min(sizes), 'scored trial')}. With fewer than {FEW}, "
            "an interval is too wide to tell most differences from none."
        )
    if len({(t.trace.scenario, t.trace.content) for t, _ in kinds.kinds}) > 1:
        notes.append(
            "The table above pools all cells of a model and the heat maps those of a pattern and "
            "relationship: read them as an overview. The contrasts pool nothing."
        )
    notes += [
        note
        for note in measured(kinds, ("model", "scenario", "behaviour", "condition", "pattern"))
        if not note.startswith("A scripted agent")  # said at the top, and at length
    ]
    asked = planned(run.manifest)
    total = len(kinds)
    if asked is not None and total < asked and early:
        notes.append(
            f"{total:,} of at most {asked:,} trials are in this run: its cells end at their "
            "verdicts, if it is not still going on, or was stopped."
        )
    elif asked is not None and total < asked:
        notes.append(
            f"{asked - total:,} of {asked:,} planned trials are not in this run: it is still "
            "going on, or was stopped."
        )
    notes += [f"Not read: {problem}" for problem in run.problems]
    return notes


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"
