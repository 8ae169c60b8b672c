"""Reading runs for the gate: whole, of this schema and of the same cells, or an error."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from pydantic import ValidationError

from allegiance.analysis.tallies import tally
from allegiance.errors import UserError
from allegiance.gate.sequential import has_ended
from allegiance.store.manifest import MANIFEST, Manifest
from allegiance.store.writer import TRIALS, Run, read
from allegiance.trace.trials import SCHEMA, ConfigurationKey


def read_whole(folder: Path) -> Run:
    """Read a run, and refuse one that is not all there.

    Raises:
        UserError: If there is none, it is of another schema, or trials of it are missing.
    """
    run = read(folder)
    name = repr(str(folder))
    if not run.manifest:
        raise UserError(f"{name} has no {MANIFEST}: it cannot be told whether the run is whole")
    version = run.manifest.get("schema_version")
    if version != SCHEMA:
        raise UserError(f"{name} has schema {version}, this version reads {SCHEMA}; play it again")
    keys: set[str] = set()
    twice = ""
    played: Counter[ConfigurationKey] = Counter()
    for trial in run.trials:
        twice = twice or (trial.trace.key if trial.trace.key in keys else "")
        keys.add(trial.trace.key)
        played[trial.trace.configuration_key] += 1
    if run.problems:
        raise UserError(f"{name} is damaged: {run.problems[0]}")
    if not keys:
        raise UserError(f"{name} is empty: no trial was played")
    _check_whole(run, name, twice, played)
    return run


def same_cells(run: Run, baseline: Run) -> None:
    """Refuse a baseline of other cells.

    Raises:
        UserError: Naming what only one of them has, or what was shown differently.
    """
    now, before = _content(run), _content(baseline)
    for ours, theirs, which in ((now, before, "run"), (before, now, "baseline")):
        alone = sorted(set(ours) - set(theirs))
        if alone:
            shown = "; ".join(map(str, alone[:3]))
            more = f" and {len(alone) - 3} more" if len(alone) > 3 else ""
            raise UserError(
                f"the baseline has other cells: only the {which} has {shown}{more}; "
                "play both with the same options"
            )
    for key, content in now.items():
        if before[key] != content:
            raise UserError(
                f"the baseline was shown something else in {key}: "
                "the scenario has changed since; play the baseline again"
            )


def _check_whole(run: Run, name: str, twice: str, played: Counter[ConfigurationKey]) -> None:
    try:
        manifest = Manifest.model_validate(run.manifest)
    except ValidationError as error:
        raise UserError(f"{name}: {MANIFEST} cannot be read: {error}") from error
    if manifest.shard:
        raise UserError(f"{name} is share {manifest.shard} of a run; merge the shares first")
    if twice:
        raise UserError(f"{name}: trial {twice} is there twice in {TRIALS}")
    if manifest.until is not None:
        if not has_ended(run.trials, manifest):
            raise UserError(f"{name} is not whole: verdicts are open; go on with it first")
        return
    expected = Counter(
        {
            configuration.configuration_key: manifest.trials
            for configuration in manifest.configurations
        }
    )
    for key, count in expected.items():
        if played[key] < count:
            raise UserError(
                f"{name} is not whole: {played[key]} of {count} trials of "
                f"{key}; go on with it first"
            )
    other = set(played) - set(expected)
    if other:
        raise UserError(f"{name} holds trials nobody asked for: {min(other)}")


def _content(run: Run) -> dict[ConfigurationKey, str]:
    return {t.trace.configuration_key: t.trace.content for t, _ in tally(run.trials).kinds}
