"""The command that judges the trials of a run again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from allegiance.cli._judge_options import (
    MOST_CLOSINGS,
    VALIDATION,
    JudgeOptions,
    judge_of,
    spending,
)
from allegiance.cli._option_groups import with_option_groups
from allegiance.cli._options import RunArgument
from allegiance.cli._print import say
from allegiance.errors import UserError

if TYPE_CHECKING:
    from allegiance.run.rescore import Rescored


@with_option_groups
def command(
    options: JudgeOptions,
    run: RunArgument,
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the rescored run.")],
    validation: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder in which `allegiance judge --validate FILE --out FOLDER` has written the "
            "validation of the judge.",
        ),
    ] = None,
) -> None:
    """Judge the trials of a run again with the installed probes; no model is called.

    With --judge, a model reads those closing messages that the rules leave unread, and nothing
    else. Only answers whose precision is established by --validation count.
    """
    from allegiance.run.rescore import rescore

    options.refuse_without_judge()
    if not options.judge:
        if validation is not None:
            raise UserError("--validation is that of a judge: add --judge PROVIDER:MODEL")
        _report(out, rescore(run, out))
        return
    if options.judge == "rules":
        raise UserError("the rules read every closing message already; --judge names a model")
    if validation is None:
        raise UserError(
            f"the judge {options.judge!r} has no validation: run allegiance judge --validate FILE "
            f"--judge {options.judge} --out FOLDER, then add --validation FOLDER"
        )
    _with_judge(options, run, out, validation)


def _with_judge(options: JudgeOptions, run: Path, out: Path, validation: Path) -> None:
    from allegiance.judge.closing_table import filled_notes
    from allegiance.judge.closing_validation import load_permission
    from allegiance.judge.closings import ask_closings, closing_prompt_of
    from allegiance.judge.filling import judge_again, questions_of
    from allegiance.run.rescore import rescore
    from allegiance.store.writer import read, refuse_full

    if out.is_dir():
        refuse_full(out)  # before anything is paid for
    limit = MOST_CLOSINGS if options.max_calls is None else options.max_calls
    path = validation / VALIDATION if validation.is_dir() else validation
    with judge_of(options, limit) as (judge, meter):
        permission = load_permission(path, judge, closing_prompt_of(judge))
        questions = questions_of(read(run).trials)
        answers = list(ask_closings(judge, questions, options.concurrency))
    if meter is not None:
        say(spending(options, meter))
    pairs = dict(zip(questions, answers, strict=True))
    result = rescore(
        run, out, lambda trial: judge_again(trial, pairs, permission), judge=permission.by
    )
    _report(out, result)
    for note in filled_notes(read(out).trials):
        say(note)
    if answers and not any(answer.status == "read" for answer in answers):
        say(f"the judge read nothing: {answers[0].cause}", err=True)
        raise typer.Exit(1)


def _report(out: Path, result: Rescored) -> None:
    first, *others = result.lines()
    say(f"{result.trials} trials in {out}; {first}")
    for line in others:
        say(line)
