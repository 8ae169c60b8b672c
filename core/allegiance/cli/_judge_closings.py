"""Checks a judge on labelled closing messages and on labelled episodes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from allegiance.cli._judge_options import (
    MOST_CLOSINGS,
    VALIDATION,
    JudgeOptions,
    judge_of,
    spending,
)
from allegiance.cli._print import console, say
from allegiance.errors import UserError

if TYPE_CHECKING:
    from allegiance.analysis.labelled_texts import LabelledText
    from allegiance.judge.closing_validation import ClosingValidation, LabelledFile
    from allegiance.judge.closings import ClosingAnswer
    from allegiance.judge.model import Judge

ANSWERS = "judged-closings.jsonl"


def validate_closings(
    options: JudgeOptions, paths: Sequence[Path], part: str, out: Path | None
) -> None:
    """Have a judge read labelled cases, and print how often it is right.

    Args:
        options: The judge.
        paths: Files of labelled messages, or of episodes.
        part: The part of the messages to read; empty for all.
        out: Folder for the validation and the answers; None to write nothing.

    Raises:
        UserError: If a file cannot be read, or the folder holds a validation.
        typer.Exit: With code 1 if the judge read nothing.
    """
    from allegiance.cli.validate import holds_episodes

    if folders := [path for path in paths if path.is_dir()]:
        raise UserError(
            f"{str(folders[0])!r} is a folder: --validate takes files of labelled messages or "
            "episodes, and a run is judged without it"
        )
    episodes = [path for path in paths if holds_episodes(path)]
    texts = [path for path in paths if path not in episodes]
    if out is not None and (out / VALIDATION).exists():
        raise UserError(f"{str(out / VALIDATION)!r} exists already; name another folder")
    if out is not None and not texts:
        raise UserError("--out needs labelled closing messages: episodes alone validate no judge")
    limit = MOST_CLOSINGS if options.max_calls is None else options.max_calls
    read = 0
    with judge_of(options, limit) as (judge, meter):
        if texts:
            read += _texts(judge, options, texts, part, out)
        for path in episodes:
            read += _episodes(judge, options, path)
    if meter is not None:
        say(spending(options, meter))
    if not read:
        say("the judge read nothing: the status of its answers says why", err=True)
        raise typer.Exit(1)


def _texts(
    judge: Judge, options: JudgeOptions, paths: Sequence[Path], part: str, out: Path | None
) -> int:
    """Check a judge on labelled messages; return how many it read."""
    from allegiance.judge.closing_table import closing_notes, closing_table
    from allegiance.judge.closing_validation import question_about, validation_of, with_rules
    from allegiance.judge.closings import ask_closings, closing_prompt_of

    files, items = _labelled(paths, part)
    answers = list(ask_closings(judge, [question_about(i) for i in items], options.concurrency))
    closings = [with_rules(i, a) for i, a in zip(items, answers, strict=True)]
    validation = validation_of(judge, closing_prompt_of(judge), files, closings)
    console().print(closing_table(validation))
    for note in closing_notes(validation):
        console().print(note, style="bold")
    if out is not None:
        _write(out, validation, items, answers)
        say(f"written to {out / VALIDATION}")
    return sum(answer.status == "read" for answer in answers)


def _labelled(paths: Sequence[Path], part: str) -> tuple[list[LabelledFile], list[LabelledText]]:
    import hashlib

    from allegiance.analysis.labelled_texts import read_texts
    from allegiance.judge.closing_validation import LabelledFile

    files, items = [], []
    for path in paths:
        mine = [item for item in read_texts(path) if part in ("", item.part)]
        if not mine:
            raise UserError(f"{str(path)!r} has no text with the part {part!r}")
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        files.append(LabelledFile(name=path.name, part=part, digest=digest, texts=len(mine)))
        items += mine
    if len({file.digest for file in files}) < len(files):
        raise UserError("two of the files are the same: each message counts once")
    return files, items


def _write(
    out: Path,
    validation: ClosingValidation,
    items: Sequence[LabelledText],
    answers: Sequence[ClosingAnswer],
) -> None:
    import json

    from allegiance.store.replacement import open_private

    try:
        out.mkdir(parents=True, exist_ok=True)
        with open(out / ANSWERS, "x", encoding="utf-8", opener=open_private) as file:
            for item, answer in zip(items, answers, strict=True):
                row = {"id": item.id, **answer.model_dump(mode="json")}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
        with open(out / VALIDATION, "x", encoding="utf-8", opener=open_private) as file:
            file.write(validation.model_dump_json(indent=1) + "\n")
    except OSError as error:
        raise UserError(f"cannot write to {str(out)!r}: {error.strerror or error}") from error


def _episodes(judge: Judge, options: JudgeOptions, path: Path) -> int:
    """Check what a judge adds on labelled episodes; return how many closings it read."""
    from allegiance.cli.validate import play_episodes
    from allegiance.judge.closing_table import filled_notes, outcome_table
    from allegiance.judge.closings import ask_closings
    from allegiance.judge.filling import EVERYTHING, judge_again, questions_of

    judged = play_episodes(path)
    trials = [j.trial for j in judged]
    questions = questions_of(trials)
    answers = list(ask_closings(judge, questions, options.concurrency))
    pairs = dict(zip(questions, answers, strict=True))
    again = [judge_again(trial, pairs, EVERYTHING) for trial in trials]
    labels = [j.episode.truth.outcome for j in judged]
    console().print(outcome_table(labels, trials, again))
    console().print(
        f"{path}: as if every answer of the judge counted; nothing that it may decide rests on "
        "these figures.",
        style="bold",
    )
    for note in filled_notes(again):
        console().print(note, style="bold")
    # nothing to ask about is not a failure of the judge
    return sum(answer.status == "read" for answer in answers) or not questions
