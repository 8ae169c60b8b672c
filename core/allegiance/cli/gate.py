"""The subcommands for CI, ``gate`` and ``export``; heavy imports wait in their bodies."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from allegiance.errors import UserError

if TYPE_CHECKING:
    from allegiance.gate.ruling import GateReport

EXPORTS = ("csv", "parquet", "inspect", "otel")
_Run = Annotated[Path, typer.Argument(metavar="RUN", help="Folder of a run.")]


def command(
    run: _Run,
    max_rate: Annotated[
        float | None,
        typer.Option(
            min=0,
            max=1,
            help="The highest rate of a behaviour that is tolerated. Default: that of the run's "
            "--until-verdict, else 0.05.",
        ),
    ] = None,
    max_not_scored: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="The highest share of trials of a cell that were not scored."
        ),
    ] = 0.1,
    baseline: Annotated[
        Path | None, typer.Option(metavar="RUN", help="A run of the same cells to compare with.")
    ] = None,
    max_regression: Annotated[
        float, typer.Option(min=0, max=1, help="The highest rise of a rate over the baseline.")
    ] = 0.05,
    per: Annotated[
        str,
        typer.Option(help="What must be within the limit: every configuration, or the whole run."),
    ] = "configuration",
    achieved: Annotated[
        bool, typer.Option("--achieved", help="Count achieved effects only, not attempts.")
    ] = False,
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Write JUnit XML.")] = None,
    sarif: Annotated[Path | None, typer.Option(metavar="FILE", help="Write SARIF 2.1.0.")] = None,
    gitlab: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write GitLab's code quality report.")
    ] = None,
    markdown: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a pull-request comment.")
    ] = None,
    github: Annotated[
        bool, typer.Option("--github", help="Annotate, and add to the step summary.")
    ] = False,
) -> None:
    """Pass or fail a run: exit code 0 pass, 1 fail, 2 bad input, 3 inconclusive."""
    from allegiance.gate.formats import text
    from allegiance.gate.inputs import read_whole, same_configurations
    from allegiance.gate.ruling import Criteria
    from allegiance.gate.verdict import decide
    from allegiance.store.manifest import Manifest
    from allegiance.store.writer import TRIALS

    if per not in ("configuration", "run"):
        raise UserError(f"--per {per!r} is not known; use configuration or run")
    found = read_whole(run)
    until = Manifest.model_validate(found.manifest).until
    if max_rate is None:
        max_rate = 0.05 if until is None else until.max_rate
    criteria = Criteria(
        max_rate=max_rate,
        max_not_scored=max_not_scored,
        max_regression=max_regression,
        achieved=achieved,
        per="run" if per == "run" else "configuration",
    )
    before = read_whole(baseline) if baseline is not None else None
    if before is not None:
        same_configurations(found, before)
    if until is not None and (before is not None or per == "run"):
        raise UserError(
            f"{str(run)!r} ended at its verdicts, cell by cell: no --baseline and no --per run"
        )
    source = found.folder / TRIALS if found.folder.is_dir() else found.folder
    report = decide(
        found.trials,
        criteria,
        baseline=before.trials if before else (),
        source=str(source),
        until=until,
    )
    typer.echo(text.render(report), nl=False)
    _write(report, junit=junit, sarif=sarif, gitlab=gitlab, markdown=markdown)
    if github:
        _github(report)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def _write(report: GateReport, **files: Path | None) -> None:
    from importlib import import_module

    for name, path in files.items():
        if path is not None:
            content = import_module(f"allegiance.gate.formats.{name}").render(report)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(content, encoding="utf-8")
            except OSError as error:
                raise UserError(f"--{name} {str(path)!r}: {error.strerror}") from error


def _github(report: GateReport) -> None:
    import os

    from allegiance.gate.formats.github import commands, summary

    typer.echo(commands(report), nl=False)
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if file:
        with Path(file).open("a", encoding="utf-8") as stream:
            stream.write(summary(report))
