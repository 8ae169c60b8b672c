"""Which versions judged the trials of runs, and the refusal to mix them.

A difference between trials that two versions judged may be one of the instrument. A trial that
names no version is older than this record, so nobody knows what judged it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from allegiance.errors import UserError

if TYPE_CHECKING:
    from allegiance.store.reader import Run
    from allegiance.trace.trials import Trial

OLDER = "an older version that did not record itself"


class SameJudges:
    """Refuses trials of a scenario that another version judged than the ones before.

    It keeps one trial's version for each scenario, so it can follow a run of any size.
    """

    def __init__(self) -> None:
        self._first: dict[str, tuple[str, Run]] = {}

    def check(self, trial: Trial, run: Run) -> None:
        """Compare a trial with the first one of its scenario.

        Args:
            trial: A trial of a run.
            run: The run.

        Raises:
            UserError: If different versions judged the two, or they are of two runs and one of them
                does not say which version judged it.
        """
        scenario, version = trial.trace.scenario, trial.judged_by
        before, first = self._first.setdefault(scenario, (version, run))
        if version == before and (version or run is first):
            return
        if run is first:
            raise UserError(
                f"{str(run.folder)!r} mixes trials of {scenario!r} that were judged by "
                f"{shown(before)} and by {shown(version)}; {advice(run)}"
            )
        differ = difference(first.manifest, run.manifest) if before and version else ""
        raise UserError(
            f"{str(first.folder)!r} and {str(run.folder)!r} cannot be used together: their trials "
            f"of {scenario!r} were judged by {shown(before)} and by {shown(version)}{differ}; "
            "judge each again with `allegiance rescore RUN --out FOLDER` and use the new runs"
        )


def shown(version: str) -> str:
    """Return a version as messages name it."""
    return f"version {version}" if version else OLDER


def changed_parts(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the parts whose versions differ between two plans that both name them."""
    parts, others = before.get("judged_by"), now.get("judged_by")
    if not (isinstance(parts, Mapping) and isinstance(others, Mapping)):
        return ()
    return tuple(sorted(n for n in parts.keys() & others.keys() if parts[n] != others[n]))


def difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Return in brackets what ``changed_parts`` returns; empty for nothing."""
    names = changed_parts(before, now)
    return f" (they differ in {', '.join(names)})" if names else ""


def advice(run: Run) -> str:
    """Return what to do with a run that another version judged."""
    name = str(run.folder)
    return f"judge it again with `allegiance rescore {name} --out FOLDER` and use the new run"
