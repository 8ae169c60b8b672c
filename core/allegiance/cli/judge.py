"""The command that lets a model read finished trials, and checks such a judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from allegiance.cli._judge_options import JudgeOptions, judge_of, spending
from allegiance.cli._option_groups import with_option_groups
from allegiance.cli._print import console, say
from allegiance.errors import UserError

if TYPE_CHECKING:
    from typing import Any

    from allegiance.judge.model import Judge, Judged

    Ask = Callable[[Callable[[Any], Judged], Sequence[Any]], list[Judged]]

JUDGED = "judged.jsonl"


@with_option_groups
def command(
    options: JudgeOptions,
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="RUN|FILE...",
            help="Folder of a finished run; with --validate, labelled closing messages or episode "
            "files, JSON Lines.",
        ),
    ] = None,
    validate: Annotated[
        bool,
        typer.Option(
            "--validate",
            help="Read labelled examples instead of a run, and compare the answers with the "
            "labels. Without a FILE these are the examples of awareness that ship with the "
            "package.",
        ),
    ] = False,
    part: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Part of the labelled examples to read, such as unseen or held_out; all by "
            "default.",
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder for judged.jsonl, and for the validation that `allegiance rescore "
            "--validation` wants; the run's by default.",
        ),
    ] = None,
) -> None:
    """Let a model read finished trials, or check on labelled examples how well it reads.

    For a run it is asked whether the critic wrote that it is being tested, and what reasons it
    gave. With --validate and labelled closing messages it is asked what they say of each duty.
    """
    if not options.judge:
        raise UserError(
            "no judge is named: add --judge openai:gpt-5.2, which needs a key, or --judge rules"
        )
    paths = paths or []
    if not validate and len(paths) != 1:
        raise UserError(
            "name either a run to judge (allegiance judge RUN --judge ...) or --validate to check "
            "the judge on the labelled examples"
        )
    if part and not validate:
        raise UserError(f"--part {part!r} is a part of the labelled examples: add --validate")
    if validate and paths:
        from allegiance.cli._judge_closings import validate_closings

        validate_closings(options, paths, part, out)
        return
    run = paths[0] if paths else None
    path = _output_file(run, out)
    with judge_of(options, options.max_calls) as (judge, meter):
        ask = partial(_ask, concurrency=options.concurrency, path=path)
        judged = _validate(judge, part, ask) if run is None else _judge_run(judge, run, ask)
    _print_counts(judged)
    if meter is not None:
        say(spending(options, meter))
    if path is not None:
        say(f"written to {path}")
    if judge.ask is not None and not any(item.reply for item in judged):
        causes = {item.awareness.cause for item in judged}
        say(f"the judge gave no reply at all: {sorted(causes)[0]}", err=True)
        raise typer.Exit(1)


def _validate(judge: Judge, part: str, ask: Ask) -> list[Judged]:
    from allegiance.judge.labelled_set import labelled
    from allegiance.judge.model import judge_item
    from allegiance.judge.table import validation_table

    items = labelled(part)
    judged = ask(partial(judge_item, judge), items)
    console().print(validation_table(items, judged))
    return judged


def _judge_run(judge: Judge, folder: Path, ask: Ask) -> list[Judged]:
    from allegiance.judge.model import judge_trial
    from allegiance.store.writer import read

    run = read(folder)
    if not run.trials:
        raise UserError(f"{str(folder)!r} has no trials to judge")
    return ask(partial(judge_trial, judge), run.trials)


def _output_file(run: Path | None, out: Path | None) -> Path | None:
    folder = out or run
    if folder is None:
        return None
    path = (folder if folder.is_dir() or folder == out else folder.parent) / JUDGED
    if path.exists():
        raise UserError(f"{str(path)!r} exists already; name another folder with --out")
    return path


def _ask(
    ask: Callable[[Any], Judged], items: Sequence[Any], *, concurrency: int, path: Path | None
) -> list[Judged]:
    """Ask about every item; each answer is written as soon as it arrives."""
    from allegiance.judge.model import judge_all

    answers = []
    try:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        with _new_file(path) if path is not None else _nowhere() as file:
            for judged in judge_all(ask, items, concurrency):
                file.write(judged.model_dump_json() + "\n")
                file.flush()
                answers.append(judged)
    except OSError as error:
        raise UserError(f"cannot write {str(path)!r}: {error.strerror or error}") from error
    return answers


def _new_file(path: Path) -> Any:
    from allegiance.store.replacement import open_private

    return open(path, "x", encoding="utf-8", opener=open_private)


def _nowhere() -> Any:
    from io import StringIO

    return StringIO()


def _print_counts(judged: Sequence[Judged]) -> None:
    from allegiance.judge.table import counts_table, notes

    console().print(counts_table(judged))
    for note in notes(judged):
        console().print(note, style="bold")
