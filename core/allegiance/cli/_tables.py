"""Printing the tables of a run on the console."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isnan
from typing import TYPE_CHECKING

from allegiance.cli._print import console, say
from allegiance.errors import UserError

if TYPE_CHECKING:
    from pathlib import Path

    from allegiance.experiment.configurations import Configuration
    from allegiance.stats.sequential import SequentialState
    from allegiance.store.reader import Run
    from allegiance.trace.trials import Trial, TrialCounts

APP = "app"
MOST_CONTRASTS = 12


def as_fields(by: str) -> tuple[str, ...]:
    """Return the fields of ``--by``.

    Raises:
        UserError: For an unknown field.
    """
    from allegiance.analysis.tables import FIELDS

    fields = tuple(f.strip() for f in by.split(",") if f.strip())
    for field in fields:
        if field not in FIELDS:
            raise UserError(f"--by has no field {field!r}; the fields are {', '.join(FIELDS)}")
    return fields


def count_together(folders: Sequence[Path]) -> tuple[list[Run], TrialCounts]:
    """Read runs and count their trials by kind.

    Raises:
        UserError: If a run cannot be read or is named twice, or different versions judged them.
    """
    from allegiance.analysis.tallies import tally
    from allegiance.store.judges import SameJudges
    from allegiance.store.writer import read
    from allegiance.trace.trials import TrialCounts

    if len({folder.resolve() for folder in folders}) < len(folders):
        raise UserError("a run is named twice, so its trials would count twice; name each run once")
    runs, kinds, judges = [read(folder) for folder in folders], [], SameJudges()
    for run in runs:
        for trial, count in tally(run.trials).kinds:
            judges.check(trial, run)
            kinds.append((trial, count))
    return runs, TrialCounts(kinds)


def end_damaged(*runs: Run) -> None:
    """Name the lines of runs that cannot be read, and exit with 2 if there are any.

    Call it after the readable trials were shown.
    """
    import typer

    problems = [problem for run in runs for problem in run.problems]
    for problem in problems:
        say(f"not read: {problem}", err=True)
    if problems:
        raise typer.Exit(2)


def note_early(*runs: Run) -> None:
    """Warn if a run stopped at verdicts: most intervals do not hold then."""
    from allegiance.stats.stop_rule import EARLY, ended_early

    if any(ended_early(run.manifest) for run in runs):
        console().print(EARLY, style="bold")


def print_tables(trials: Iterable[Trial], by: Sequence[str]) -> None:
    """Print rates, outcomes, the largest contrasts, scores, and notes on the measurement."""
    from allegiance.analysis.pass_mark import (
        compares_pass_marks,
        honest_scores,
        pass_mark_advice,
        pass_mark_table,
    )
    from allegiance.analysis.tables import contrast_table, measured, outcome_table, rate_table
    from allegiance.analysis.tallies import tally

    screen = console()
    counts = tally(trials)
    screen.print(rate_table(counts, by))
    screen.print(outcome_table(counts))
    if {kind.trace.condition.oversight for kind, _ in counts.kinds} > {"unmonitored"}:
        from allegiance.probes import AlignmentFaking

        faking = sorted(
            AlignmentFaking()(counts),
            key=lambda contrast: (isnan(contrast.value), -abs(contrast.value)),
        )
        if faking:
            title = f"Alignment faking: not complying (the largest of {len(faking)} contrasts)"
            screen.print(contrast_table(title, faking[:MOST_CONTRASTS]))
    if compares_pass_marks(counts):
        scores = honest_scores(trials)
        screen.print(pass_mark_table(scores))
        for line in pass_mark_advice(scores):
            screen.print(line)
    if {kind.trace.pattern for kind, _ in counts.kinds} & {"panel", "overseer", APP}:
        from allegiance.analysis.groups import group_lines

        for line in group_lines(trials):
            say(line)
    if any(kind.trace.condition.rubric == "banded" for kind, _ in counts.kinds):
        from allegiance.analysis.score_shift import shift_table

        screen.print(shift_table(trials))
    for note in measured(counts, by):
        screen.print(note, style="bold")


def print_states(states: Iterable[tuple[Configuration, str, SequentialState]]) -> None:
    """Print the verdicts of a run with ``--until-verdict``."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    table = Table(
        title="Verdicts; intervals are valid at any stop, at 95 % unless until.alpha is set",
        title_justify="left",
        box=SIMPLE_HEAD,
    )
    for name in ("scenario", "behaviour", "condition", "pattern", "model", "verdict", "rate, %"):
        table.add_column(name, overflow="fold")
    for configuration, behaviour, state in states:
        shown = f"{100 * state.value:.1f} [{100 * state.low:.1f}, {100 * state.high:.1f}]"
        shown += f" n={state.n}" + (f" +{state.not_scored} not scored" if state.not_scored else "")
        verdict = {"open": "none yet"}.get(state.status, state.status)
        place = (configuration.condition.label(), configuration.full_pattern, configuration.model)
        table.add_row(configuration.scenario, behaviour, *place, verdict, shown)
    screen = console()
    screen.print(table)
    screen.print(
        "Configurations stopped at their verdicts. The Wilson intervals above assume a fixed "
        "number of trials; quote these instead.",
        style="bold",
    )
