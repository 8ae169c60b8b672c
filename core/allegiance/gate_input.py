"""Reading runs for the gate: whole, of this schema and of the same cells, or an error."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from pydantic import ValidationError

from allegiance.errors import UserError
from allegiance.gate_until import has_ended
from allegiance.manifest import MANIFEST, Manifest
from allegiance.models import PEER_SCRIPT
from allegiance.plan import CellSpec
from allegiance.store import TRIALS, Run, read
from allegiance.tally import tally
from allegiance.trace import SCHEMA, Trial

_Place = tuple[str, str, str, str, str, str, str]


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
    played: Counter[_Place] = Counter()
    for trial in run.trials:
        twice = twice or (trial.trace.key if trial.trace.key in keys else "")
        keys.add(trial.trace.key)
        played[_place(trial)] += 1
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
            shown = "; ".join(" ".join(filter(None, place)) for place in alone[:3])
            more = f" and {len(alone) - 3} more" if len(alone) > 3 else ""
            raise UserError(
                f"the baseline has other cells: only the {which} has {shown}{more}; "
                "play both with the same options"
            )
    for place, content in now.items():
        if before[place] != content:
            raise UserError(
                f"the baseline was shown something else in {' '.join(filter(None, place))}: "
                "the scenario has changed since; play the baseline again"
            )


def _check_whole(run: Run, name: str, twice: str, played: Counter[_Place]) -> None:
    try:
        manifest = Manifest.model_validate(run.manifest)
    except ValidationError as error:
        raise UserError(f"{name}: {MANIFEST} cannot be read: {error}") from error
    if manifest.shard:
        raise UserError(f"{name} is share {manifest.shard} of a run; merge the shares first")
    if twice:
        raise UserError(f"{name}: trial {twice} is there twice in {TRIALS}")
    if manifest.until is not None:
        if not has_ended(run.trials, manifest, _place):
            raise UserError(f"{name} is not whole: verdicts are open; go on with it first")
        return
    expected = Counter({_asked(cell): manifest.trials for cell in manifest.cells})
    for place, count in expected.items():
        if played[place] < count:
            raise UserError(
                f"{name} is not whole: {played[place]} of {count} trials of "
                f"{' '.join(filter(None, place))}; go on with it first"
            )
    other = set(played) - set(expected)
    if other:
        place = min(other)
        raise UserError(f"{name} holds trials nobody asked for: {' '.join(filter(None, place))}")


def _asked(cell: CellSpec) -> _Place:
    topology = f"{cell.adapter}:{cell.pattern}"
    target, guard = cell.target or "", cell.guard or ""
    peer = _spec(cell.peer_model) if cell.peer_model else PEER_SCRIPT.spec
    return (cell.scenario, cell.arm.label(), topology, _spec(cell.model), peer, target, guard)


def _place(trial: Trial) -> _Place:
    t = trial.trace
    topology = f"{t.adapter}:{t.pattern}"
    target, guard = t.target or "", t.guard or ""
    return (t.scenario, t.arm.label(), topology, t.model, t.peer_model, target, guard)


def _spec(model: str) -> str:
    return f"organism:{model}" if model.startswith("calibrated:") else model


def _content(run: Run) -> dict[_Place, str]:
    return {_place(t): t.trace.content for t, _ in tally(run.trials).kinds}
