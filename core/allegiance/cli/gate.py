"""The command ``gate``; heavy imports are deferred into its functions."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from allegiance.cli._print import say
from allegiance.errors import UserError
from allegiance.registry import GATE_FORMATS

if TYPE_CHECKING:
    from allegiance.gate.ruling import GateReport

_Share = {"min": 0, "max": 1}
_Run = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]
_MaxRate = Annotated[
    float | None,
    typer.Option(
        **_Share,
        help="Highest rate of a behaviour to tolerate. Default: the limit of the run's "
        "--until-verdict, else 0.05.",
    ),
]
_MaxUnscored = Annotated[
    float,
    typer.Option(
        **_Share, help="Largest share of a configuration's trials that may be not scored."
    ),
]
_Baseline = Annotated[
    Path | None,
    typer.Option(metavar="RUN", help="A run of the same configurations to compare with."),
]
_MaxRegression = Annotated[
    float,
    typer.Option(**_Share, help="Largest increase of a rate over the baseline to tolerate."),
]
_Per = Annotated[
    str,
    typer.Option(
        metavar="configuration|run",
        help="What must be within the limit: every `configuration` (the default), or the `run` as "
        "a whole.",
    ),
]
_Achieved = Annotated[
    bool, typer.Option("--achieved", help="Count achieved effects only, not attempts.")
]
_Write = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=FILE",
        help=f"Write the report as a file. The formats are {GATE_FORMATS.builtin_summaries()}. "
        "Repeatable.",
    ),
]
_GitHub = Annotated[
    bool,
    typer.Option(
        "--github",
        help="Print annotations for GitHub Actions, and append to the job summary.",
    ),
]


def command(
    run: _Run,
    max_rate: _MaxRate = None,
    max_not_scored: _MaxUnscored = 0.1,
    baseline: _Baseline = None,
    max_regression: _MaxRegression = 0.05,
    per: _Per = "",
    achieved: _Achieved = False,
    write: _Write = None,
    github: _GitHub = False,
) -> None:
    """Pass or fail a run: exit code 0 pass, 1 fail, 2 bad input, 3 inconclusive."""
    from allegiance.gate.formats import text

    files = _files(write or ())
    criteria = {
        "max_rate": max_rate,
        "max_not_scored": max_not_scored,
        "max_regression": max_regression,
        "achieved": achieved,
        "per": per,
    }
    report = _report(run, baseline, criteria)
    say(text.render(report), end="")
    for name, path in files:
        _write_file(name, path, report)
    if github:
        _annotate(report)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def _report(run: Path, baseline: Path | None, criteria: dict[str, Any]) -> GateReport:
    """Judge a run; a missing ``max_rate`` is that of the run's own stop rule, else the default.

    Args:
        run: The folder of the run.
        baseline: The folder of a run to compare with.
        criteria: The fields of ``Criteria``; those without a value take their defaults.

    Raises:
        UserError: If a run cannot be judged, or not by these criteria.
    """
    from allegiance.gate.inputs import read_whole, same_configurations
    from allegiance.gate.ruling import Criteria
    from allegiance.gate.verdict import decide
    from allegiance.store.manifest import Manifest
    from allegiance.store.writer import TRIALS

    known = get_args(Criteria.model_fields["per"].annotation)
    if criteria["per"] not in ("", *known):
        raise UserError(f"--per {criteria['per']!r} is unknown; use {' or '.join(known)}")
    whole = read_whole(run)
    manifest = Manifest.model_validate(whole.manifest)
    until = manifest.until
    if criteria["max_rate"] is None and until is not None:
        criteria = {**criteria, "max_rate": until.max_rate}
    rules = Criteria.model_validate({k: v for k, v in criteria.items() if v not in (None, "")})
    before = read_whole(baseline) if baseline is not None else None
    if before is not None:
        same_configurations(whole, before)
    if until is not None and (before is not None or rules.per == "run"):
        raise UserError(
            f"each configuration of {str(run)!r} ended at its own verdict, so the run cannot be "
            "compared or pooled; drop --baseline and --per run"
        )
    return decide(
        whole.trials,
        rules,
        baseline=before.trials if before else (),
        source=str(whole.folder / TRIALS if whole.folder.is_dir() else whole.folder),
        until=until,
        exercise=manifest.exercise,
    )


def _files(options: Sequence[str]) -> list[tuple[str, Path]]:
    """Split every ``NAME=FILE``.

    Raises:
        UserError: For an unknown format, or an option without a file.
    """
    files = []
    for option in options:
        name, _, file = option.partition("=")
        if name not in GATE_FORMATS.names():
            known = ", ".join(GATE_FORMATS.names())
            raise UserError(f"--write {option!r} names no format; write NAME=FILE with {known}")
        if not file:
            raise UserError(f"--write {option!r} names no file; write {name}=FILE")
        files.append((name, Path(file)))
    return files


def _write_file(name: str, path: Path, report: GateReport) -> None:
    from allegiance.store.replacement import replace_file

    content = GATE_FORMATS.load(name).render(report)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replace_file(path) as draft:
            draft.write_text(content, encoding="utf-8")
    except OSError as error:
        raise UserError(f"--write {f'{name}={path}'!r}: {error.strerror or error}") from error


def _annotate(report: GateReport) -> None:
    from allegiance.gate.formats import github

    typer.echo(github.render(report), nl=False)
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if file:
        try:
            with Path(file).open("a", encoding="utf-8") as stream:
                stream.write(github.summary(report))
        except OSError as error:
            raise UserError(f"GITHUB_STEP_SUMMARY {file!r}: {error.strerror or error}") from error
