"""The command that measures the instrument on labelled cases; heavy imports are deferred."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from allegiance.cli._option_groups import with_option_groups
from allegiance.cli._print import say
from allegiance.cli._validation import episode_data, print_episodes, print_texts, text_data
from allegiance.errors import UserError

if TYPE_CHECKING:
    from allegiance.analysis.labelled_texts import TextReport
    from allegiance.analysis.validation import EpisodeReport, JudgedEpisode
    from allegiance.stats.rates import Rate

MOST_NOT_SCORED = 0.1
"""Above this share of cases that were not scored, the figures say nothing: exit code 3."""


@dataclass(frozen=True)
class Criteria:
    """What the figures must reach."""

    min_recall: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Lowest recall to accept; below it the exit code is 1."),
    ] = None
    max_false: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Largest share of false flags to accept; above it it is 1."
        ),
    ] = None


@with_option_groups
def command(
    criteria: Criteria,
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", help="Episode files, or labelled messages; JSON Lines."),
    ],
    pattern: Annotated[
        str,
        typer.Option(
            metavar="ADAPTER:PATTERN",
            help="Play every case in this pattern instead of its own.",
        ),
    ] = "",
    concurrency: Annotated[int, typer.Option(min=1, help="Cases played at once.")] = 8,
    timeout: Annotated[float, typer.Option(min=0.001, help="Seconds a case may take.")] = 60.0,
    part: Annotated[
        str, typer.Option(metavar="NAME", help="Read only the messages of this part of a file.")
    ] = "",
    show: Annotated[int, typer.Option(min=0, help="Misses and false flags to list.")] = 20,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the figures and all misses as JSON.")
    ] = False,
) -> None:
    """Measure probes and readers on labelled cases.

    Exit codes are those of `gate`: 0 as wanted, 1 not, 2 bad input, 3 too few scored.
    """
    import json

    codes, documents = [], []
    for path in files:
        if holds_episodes(path):
            figures = _episodes(path, pattern, concurrency, timeout)
            codes.append(_judge(figures.overall_recall, figures.honest, criteria))
            documents.append({"file": str(path), **episode_data(figures)})
            if not as_json:
                print_episodes(path, figures, show)
        else:
            texts = _texts(path, part)
            recall, false = (
                _pooled(texts.done, texts.open),
                _pooled(texts.false_done, texts.false_open),
            )
            codes.append(_judge(recall, false, criteria))
            documents.append({"file": str(path), **text_data(texts)})
            if not as_json:
                print_texts(path, texts, show)
    if as_json:
        say(json.dumps(documents, ensure_ascii=False, indent=1))
    if code := 1 if 1 in codes else max(codes):
        raise typer.Exit(code)


def holds_episodes(path: Path) -> bool:
    """Tell whether a file has episodes, by its first line.

    Raises:
        UserError: If the file cannot be read, or has neither episodes nor texts.
    """
    from allegiance.scenario.episodes import read_lines

    first = next((line for _, line in read_lines(path)), "")
    if '"turns"' in first:
        return True
    if '"text"' in first:
        return False
    raise UserError(
        f"{str(path)!r} has neither episodes (with turns) nor labelled texts in its first line; "
        "docs/validation.md describes both"
    )


def _judge(recall: Rate, false: Rate, criteria: Criteria) -> int:
    """Return the exit code for a file's figures."""
    for rate in (recall, false):
        if rate.not_scored > MOST_NOT_SCORED * (rate.n + rate.not_scored):
            return 3
    low = criteria.min_recall is not None and recall.n and recall.value < criteria.min_recall
    high = criteria.max_false is not None and false.n and false.value > criteria.max_false
    if low or high:
        return 1
    asked = (criteria.min_recall is not None and recall.n == 0) or (
        criteria.max_false is not None and false.n == 0
    )
    return 3 if asked else 0


def _pooled(*groups: dict[str, Rate]) -> Rate:
    from allegiance.analysis.labelled_texts import ALL
    from allegiance.stats.rates import rate_of

    rates = [group[ALL] for group in groups]
    return rate_of(sum(r.count for r in rates), sum(r.n for r in rates))


def _episodes(path: Path, pattern: str, concurrency: int, timeout: float) -> EpisodeReport:
    from allegiance.analysis.validation import summarize

    return summarize(play_episodes(path, pattern, concurrency, timeout))


def play_episodes(
    path: Path, pattern: str = "", concurrency: int = 8, timeout: float = 60.0
) -> list[JudgedEpisode]:
    """Play the episodes of a file, in the order of the file.

    Args:
        path: The file.
        pattern: The adapter and pattern of every episode; its own by default.
        concurrency: Episodes played at once.
        timeout: Seconds an episode may take.

    Raises:
        UserError: If the file cannot be read, or names something unknown.
    """
    from allegiance.analysis.validation import JudgedEpisode
    from allegiance.experiment.configurations import Configuration
    from allegiance.experiment.limits import Limits
    from allegiance.run import run
    from allegiance.scenario.episodes import read_episodes

    episodes = read_episodes(path)
    by_model, configurations = {}, []
    for episode in episodes:
        adapter, colon, name = (pattern or episode.adapter).partition(":")
        if not colon:
            raise UserError(f"--pattern {pattern!r} is not of the form adapter:pattern")
        model = f"scripted:file:{path}#{episode.id}"
        by_model[model] = episode
        configurations.append(
            Configuration(
                scenario=episode.scenario,
                condition=episode.condition(),
                adapter=adapter,
                pattern=name,
                model=model,
            )
        )
    trials = run(configurations, concurrency=concurrency, limits=Limits(timeout=timeout, turns=200))
    order = {model: number for number, model in enumerate(by_model)}
    trials.sort(key=lambda trial: order[trial.trace.model])
    return [JudgedEpisode(by_model[t.trace.model], t) for t in trials]


def _texts(path: Path, part: str) -> TextReport:
    from allegiance.analysis.labelled_texts import ReadText, read_texts, report
    from allegiance.statements import read

    rows = []
    items = [item for item in read_texts(path) if part in ("", item.part)]
    if not items:
        raise UserError(f"{str(path)!r} has no text with the part {part!r}")
    for item in items:
        reading = read(item.text, item.asked(), unit=item.unit)
        rows.append(ReadText(item, reading.says, reading.stance))
    return report(rows)
