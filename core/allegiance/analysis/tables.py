"""The tables of a run: rates by behaviour, outcomes and contrasts, and the notes below them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, get_args

from allegiance.analysis.awareness import awareness_notes
from allegiance.analysis.kinds import nudged
from allegiance.probe.flags import flagged
from allegiance.stats.rates import Contrast, Rate, rate, show_rate
from allegiance.trace.condition import FACTORS, Relationship
from allegiance.trace.events import OUTCOMES
from allegiance.trace.model_names import SCRIPTED, is_scripted
from allegiance.trace.trials import Trial, counted

if TYPE_CHECKING:
    from rich.table import Table

RELATIONSHIPS: tuple[str, ...] = get_args(Relationship)
FIELDS = (
    "model",
    "scenario",
    "behaviour",
    "relationship",
    "condition",
    "variant",
    "pattern",
    "guard",
    "awareness",
)


def _group(trial: Trial, behaviour: str, fields: Sequence[str]) -> tuple[str, ...]:
    trace = trial.trace
    values = {
        "model": trace.model.removeprefix(SCRIPTED),
        "scenario": trace.scenario,
        "behaviour": behaviour,
        "relationship": trace.condition.relationship,
        "condition": trace.condition.label(),
        "variant": trace.condition.variant,
        "guard": trace.guard or "none",
        "awareness": trial.awareness.status if trial.awareness else "no label",
        "pattern": trace.full_pattern,
    }
    return tuple(values[field] for field in fields)


def rates(trials: Iterable[Trial], fields: Sequence[str]) -> dict[tuple[str, ...], Rate]:
    """Return the rate at which each behaviour was flagged, grouped by fields.

    Args:
        trials: The trials.
        fields: Names from ``FIELDS``. Trials that differ only in other fields are pooled.
    """
    groups: dict[tuple[str, ...], Counter[bool | None]] = defaultdict(Counter)
    for trial, count in counted(trials):
        for verdict in trial.verdicts:
            groups[_group(trial, verdict.behaviour, fields)][flagged(verdict)] += count
    return {key: rate(values) for key, values in groups.items()}


def rate_table(trials: Iterable[Trial], by: Sequence[str]) -> Table:
    """Return the table of rates: one row for each group, one column for each relationship."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    by = [field for field in by if field != "relationship"]
    values = rates(trials, (*by, "relationship"))
    columns = [r for r in RELATIONSHIPS if any(key[-1] == r for key in values)]
    table = Table(
        title="Flagged, % [95 % Wilson interval] of n scored trials, by relationship",
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    for name in (*by, *columns):
        table.add_column(name, justify="right" if name in columns else "left", no_wrap=True)
    last: tuple[str, ...] = ()
    for row in sorted(dict.fromkeys(key[:-1] for key in values)):
        cells = [values.get((*row, column)) for column in columns]
        # a label equal to the one above is left out, so that groups can be seen
        same = next((i for i, (x, y) in enumerate(zip(row, last)) if x != y), len(last))  # noqa: B905
        labels = ("",) * same + row[same:]
        table.add_row(*labels, *(show_rate(c) if c else "-" for c in cells))
        last = row
    return table


def outcome_table(trials: Iterable[Trial]) -> Table:
    """Return the table of exclusive outcomes: one row for each model and pattern."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    counts: dict[tuple[str, ...], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for trial, count in counted(trials):
        row = counts[_group(trial, "", ("model", "pattern"))]
        row[trial.outcome] += count
        if trial.outcome == "violated" and any(v.achieved for v in trial.verdicts):
            row["achieved"] += count
    table = Table(title="Outcomes, exclusive, of all trials", title_justify="left", box=SIMPLE_HEAD)
    for name in ("model", "pattern", *OUTCOMES, "violated and achieved", "trials"):
        table.add_column(
            name, justify="left" if name in ("model", "pattern") else "right", no_wrap=True
        )
    for key, row in sorted(counts.items()):
        numbers = [row[name] for name in OUTCOMES]
        table.add_row(*key, *map(str, (*numbers, row["achieved"], sum(numbers))))
    return table


def contrast_table(title: str, contrasts: Sequence[Contrast]) -> Table:
    """Return the table of differences between conditions, in percentage points."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    for name in ("contrast", "first", "second", "difference [95 %]", "p (exact)"):
        table.add_column(name, justify="left" if name == "contrast" else "right")
    for c in contrasts:
        shown = f"{100 * c.value:+.1f} [{100 * c.low:+.1f}, {100 * c.high:+.1f}]"
        table.add_row(c.label, show_rate(c.first), show_rate(c.second), shown, f"{c.p:.3g}")
    return table


def _nudge_note(asked: Mapping[str, int], played: Mapping[str, int]) -> str:
    """Return the share of trials, by model, in which the critic had to be nudged."""
    shares = (
        f"{model} {100 * asked[model] / played[model]:.1f} % ({asked[model]} of {played[model]})"
        for model in sorted(played)
        if asked[model]
    )
    return (
        "A nudge was needed, because the critic stopped without a closing report: "
        f"{'; '.join(shares)} of trials."
    )


def measured(trials: Iterable[Trial], by: Sequence[str]) -> list[str]:
    """Return notes on a table of rates: what it pools, whom it measured, what went wrong.

    The trials are read once.

    Args:
        trials: The trials.
        by: The fields that the rows of the table are grouped by.
    """
    notes = []
    conditions, scenarios, models = set(), set(), set()
    errors = cut = 0
    played: Counter[str] = Counter()
    asked: Counter[str] = Counter()
    for trial, count in counted(trials):
        conditions.add(trial.trace.condition)
        scenarios.add(trial.trace.scenario)
        models.add(trial.trace.model)
        errors += count * (trial.outcome == "error")
        cut += count * (trial.trace.truncated is not None)
        played[trial.trace.model] += count
        asked[trial.trace.model] += count * nudged(trial)
    varied = [
        factor
        for factor in FACTORS
        if factor not in ("relationship", "peer_conduct")
        and len({condition.asked[factor] for condition in conditions}) > 1
    ]
    pooled = [] if "condition" in by else varied
    if "scenario" not in by and len(scenarios) > 1:
        pooled.insert(0, "scenario")
    if pooled:
        notes.append(
            f"Rows pool configurations that differ in {', '.join(pooled)}: read them as an "
            "overview. Use --by scenario,behaviour,condition,pattern to separate them."
        )
    scripted_agents = sorted(m for m in models if is_scripted(m))
    if scripted_agents:
        notes.append(
            f"A scripted agent was measured, not a model: {', '.join(scripted_agents)}. "
            "These rates show what the pattern and the probes do with its script, nothing about "
            "any model."
        )
    if errors or cut:
        notes.append(f"{errors} trials ended in an error, {cut} were cut short by a limit.")
    if asked.total():
        notes.append(_nudge_note(asked, played))
    notes += awareness_notes(trials)
    return notes
