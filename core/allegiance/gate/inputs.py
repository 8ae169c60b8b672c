"""Reading runs for the gate: a run must be complete, of this schema and comparable."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from pydantic import ValidationError

from allegiance.analysis.tallies import tally
from allegiance.errors import UserError
from allegiance.gate.sequential import has_ended
from allegiance.store.judges import SameJudges
from allegiance.store.manifest import MANIFEST, Manifest
from allegiance.store.writer import TRIALS, Run, read
from allegiance.trace.trials import SCHEMA, ConfigurationKey, TrialCounts


def read_whole(folder: Path) -> Run:
    """Read a run, and refuse one that is incomplete.

    Raises:
        UserError: If the run does not exist, has another schema, is damaged, or lacks trials, or
            different versions judged its trials.
    """
    run = read(folder)
    name = repr(str(folder))
    if not run.manifest:
        raise UserError(
            f"{name} has no {MANIFEST}, so the gate cannot check that the run is complete"
        )
    version = run.manifest.get("schema_version")
    if version != SCHEMA:
        raise UserError(
            f"{name} has schema {version}, but this version reads {SCHEMA}; play it again"
        )
    keys: set[str] = set()
    twice = ""
    played: Counter[ConfigurationKey] = Counter()
    judges = SameJudges()
    for trial in run.trials:
        judges.check(trial, run)
        twice = twice or (trial.trace.key if trial.trace.key in keys else "")
        keys.add(trial.trace.key)
        played[trial.trace.configuration_key] += 1
    if run.problems:
        raise UserError(f"{name} is damaged: {run.problems[0]}")
    if not keys:
        raise UserError(f"{name} is empty: no trial was played")
    _check_whole(run, name, twice, played)
    return run


def same_configurations(run: Run, baseline: Run) -> None:
    """Refuse a baseline with other configurations or other content, or that others judged.

    Raises:
        UserError: Naming the configurations that differ, or the versions that judged the two.
    """
    counts = tally(run.trials), tally(baseline.trials)
    now, before = map(_content, counts)
    for keys, others, name in ((now, before, "run"), (before, now, "baseline")):
        extra = sorted(set(keys) - set(others))
        if extra:
            shown = "; ".join(map(str, extra[:3]))
            more = f" and {len(extra) - 3} more" if len(extra) > 3 else ""
            raise UserError(
                f"the baseline has other configurations: only the {name} has {shown}{more}; "
                "play both with the same options"
            )
    for key, content in now.items():
        if before[key] != content:
            raise UserError(
                f"the baseline has other content in {key}: "
                "the scenario has changed since; play the baseline again"
            )
    judges = SameJudges()
    for side, kinds in zip((run, baseline), counts, strict=True):
        for trial, _ in kinds.kinds:
            judges.check(trial, side)


def _check_whole(run: Run, name: str, twice: str, played: Counter[ConfigurationKey]) -> None:
    try:
        manifest = Manifest.model_validate(run.manifest)
    except ValidationError as error:
        raise UserError(f"{name}: {MANIFEST} cannot be read: {error}") from error
    if manifest.shard:
        raise UserError(f"{name} is shard {manifest.shard} of a run; merge the shards first")
    if twice:
        raise UserError(f"{name} is damaged: trial {twice} occurs twice in {TRIALS}")
    if manifest.until is not None:
        if not has_ended(run.trials, manifest):
            raise UserError(f"{name} is not complete: verdicts are still open; resume it first")
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
                f"{name} is not complete: {played[key]} of {count} trials of {key}; resume it first"
            )
    extra = set(played) - set(expected)
    if extra:
        raise UserError(f"{name} holds trials that are not in its plan: {min(extra)}")


def _content(counts: TrialCounts) -> dict[ConfigurationKey, str]:
    return {t.trace.configuration_key: t.trace.content for t, _ in counts.kinds}
