"""The command that has a model read finished traces, and the one that checks such a judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from allegiance.cli._tables import console
from allegiance.errors import UserError

if TYPE_CHECKING:
    from typing import Any

    from allegiance.judge.model import Judge, Judged

JUDGED = "judged.jsonl"


def command(
    run: Annotated[
        Path | None, typer.Argument(metavar="[RUN]", help="Folder of a finished run.")
    ] = None,
    judge: Annotated[
        str, typer.Option(help="PROVIDER:MODEL, or 'rules' for the label that asks no model.")
    ] = "",
    base_url: Annotated[
        str | None, typer.Option(help="An OpenAI-compatible endpoint for the judge.")
    ] = None,
    validate: Annotated[
        bool, typer.Option("--validate", help="Judge the labelled set instead of a run.")
    ] = False,
    part: Annotated[
        str, typer.Option(help="With --validate: first, second or unseen; all by default.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="Folder for judged.jsonl; the run's by default.")
    ] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="Questions in flight.")] = 4,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds a call may take.")] = 120.0,
    retries: Annotated[
        int, typer.Option(min=0, help="Further tries of a call whose provider fails.")
    ] = 3,
) -> None:
    """Ask a judge model what the critic said of being tested, and why it acted."""
    if not judge:
        raise UserError(
            "say who judges: --judge openai:gpt-5.2 needs a key, --judge rules asks no model"
        )
    if (run is None) != validate:
        raise UserError(
            "name either a run to judge (allegiance judge RUN --judge ...) or --validate to check "
            "the judge on the labelled set"
        )
    if part and not validate:
        raise UserError(f"--part {part!r} is of the labelled set: add --validate")
    path = _target(run, out)
    asked = _judge(judge, base_url, timeout, retries)
    if run is None:
        from allegiance.judge.labelled_set import labelled
        from allegiance.judge.model import judge_item

        items = labelled(part)
        found = _ask(partial(judge_item, asked), items, concurrency, path)
        _print_validation(items, found)
    else:
        from allegiance.judge.model import judge_trial
        from allegiance.store.writer import read

        read_back = read(run)
        if not read_back.trials:
            raise UserError(f"there are no trials in {str(run)!r}")
        found = _ask(partial(judge_trial, asked), read_back.trials, concurrency, path)
    _print_counts(found)
    if path is not None:
        typer.echo(f"written to {path}")
    if asked.ask is not None and not any(j.reply for j in found):
        causes = {j.awareness.cause for j in found}
        typer.echo(f"the judge gave no reply at all: {sorted(causes)[0]}", err=True)
        raise typer.Exit(1)


def _target(run: Path | None, out: Path | None) -> Path | None:
    folder = out or run
    if folder is None:
        return None
    path = (folder if folder.is_dir() or folder == out else folder.parent) / JUDGED
    if path.exists():
        raise UserError(f"{str(path)!r} is there already; name another --out")
    return path


def _judge(spec: str, base_url: str | None, timeout: float, retries: int) -> Judge:
    from allegiance.judge.model import RULES, Judge
    from allegiance.scenario.roles import parse_model
    from allegiance.trace.redact import redact

    if spec == RULES:
        return Judge(RULES, "no model", None)
    model = parse_model(spec, base_url)
    if model.scripted_agent is not None:
        raise UserError(f"--judge {spec!r} is a script and cannot read; use PROVIDER:MODEL")
    from allegiance.adapters.langchain.judge import connect

    return Judge(model.spec, redact(model.path), connect(model, timeout), attempts=retries + 1)


def _ask(
    ask: Callable[[Any], Judged], things: Sequence[Any], concurrency: int, path: Path | None
) -> list[Judged]:
    """Ask about every thing; each answer is written as it comes."""
    from allegiance.judge.model import judge_all

    found = []
    try:
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8") if path is not None else _nowhere() as file:
            for judged in judge_all(ask, things, concurrency):
                file.write(judged.model_dump_json() + "\n")
                file.flush()
                found.append(judged)
    except OSError as error:
        raise UserError(f"cannot write {str(path)!r}: {error.strerror or error}") from error
    return found


def _nowhere() -> Any:
    from io import StringIO

    return StringIO()


def _print_counts(found: Sequence[Judged]) -> None:
    from allegiance.judge.table import counts_table, notes

    console().print(counts_table(found))
    for note in notes(found):
        console().print(note, style="bold")


def _print_validation(items: Sequence[Any], found: Sequence[Judged]) -> None:
    from allegiance.judge.table import validation_table

    console().print(validation_table(items, found))
