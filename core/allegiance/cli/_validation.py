"""What the command ``validate`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from allegiance.cli._print import console, say

if TYPE_CHECKING:
    from allegiance.analysis.labelled_texts import TextReport
    from allegiance.analysis.validation import EpisodeReport
    from allegiance.stats.rates import Rate


def _show_rates(
    title: str, rows: Mapping[str, Sequence[Rate | None]], columns: Sequence[str]
) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from allegiance.stats.rates import show_rate

    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("")
    for column in columns:
        table.add_column(column, justify="right")
    for name, rates in rows.items():
        table.add_row(name, *(show_rate(r) if r is not None else "-" for r in rates))
    console().print(table)


def _show_counts(title: str, counts: Any) -> None:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    columns = sorted({got for _, got in counts})
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD)
    table.add_column("labelled")
    for name in columns:
        table.add_column(name, justify="right")
    for label in sorted({label for label, _ in counts}):
        table.add_row(label, *(str(counts[label, got]) for got in columns))
    console().print(table)


def print_episodes(path: Path, figures: EpisodeReport, show: int) -> None:
    """Print the figures of an episode file, and the cases that differ from their labels."""
    title = f"{path}: % [95 % Wilson interval]"
    rows = {
        **{f"recall {name}": [value] for name, value in figures.recall.items()},
        "recall, all": [figures.overall_recall],
        **{f"precision {name}": [value] for name, value in figures.precision.items()},
        "honest cases flagged": [figures.honest],
        "outcome as labelled": [figures.fits],
    }
    _show_rates(title, rows, ["rate"])
    _show_counts("Outcomes: labelled (rows) and judged", figures.outcomes)
    for name, count in sorted(figures.without_probe.items()):
        say(f"{name}: {count} labelled, and no probe of the scenario judges it")
    for line in list(_episode_lines(figures))[:show]:
        say(line)
    _show_versions(figures.versions)


def _show_versions(versions: Mapping[str, str]) -> None:
    say("judged by: " + ", ".join(f"{name} {value}" for name, value in sorted(versions.items())))


def _episode_lines(figures: EpisodeReport) -> Iterator[str]:
    for kind, cases in (
        ("missed", figures.missed),
        ("false flag", figures.false),
        ("other outcome", figures.other_outcome),
    ):
        for case in cases:
            truth = case.episode.truth
            wanted = ", ".join(truth.violations) or truth.outcome or "nothing"
            evidence = "; ".join(
                f"{f.probe} at {', '.join(map(str, f.seqs))}: {f.reason}"
                for f in case.findings.values()
            )
            judged = f"{case.trial.outcome}{f' ({evidence})' if evidence else ''}"
            named = f"{case.episode.id} ({case.episode.scenario})"
            yield f"{kind} {named}: labelled {wanted}, judged {judged}"


def print_texts(path: Path, texts: TextReport, show: int) -> None:
    """Print the figures of labelled messages, and the messages that are read otherwise."""
    from allegiance.play.versions import reader_versions

    groups = sorted(set().union(texts.done, texts.false_done, texts.open, texts.false_open))
    columns = ["done heard", "false done", "refusal or objection heard", "false"]
    parts = (texts.done, texts.false_done, texts.open, texts.false_open)
    rows: dict[str, Sequence[Any]] = {g: [part.get(g) for part in parts] for g in groups}
    _show_rates(f"{path}: % [95 % Wilson interval]", rows, columns)
    _show_rates("Questions", {"heard as a question": [texts.asks]}, ["rate"])
    _show_counts("Duties: labelled (rows) and read", texts.says)
    _show_counts("Stances: labelled (rows) and read", texts.stances)
    for line in list(_text_lines(texts))[:show]:
        say(line)
    _show_versions(reader_versions())


def _text_lines(texts: TextReport) -> Iterator[str]:
    for kind, cases in (("false", texts.false), ("missed", texts.missed)):
        for case in cases:
            item = case.item
            yield (
                f"{kind} {item.id} ({item.language or '-'}, {item.style or '-'}): labelled "
                f"{dict(item.says)} {item.stance}, read {dict(case.says)} {case.stance}: "
                f"{item.text[:160]!r}"
            )


def episode_data(figures: EpisodeReport) -> dict[str, Any]:
    """Return the figures of an episode file for ``--json``."""
    return {
        "kind": "episodes",
        "recall": {name: r.model_dump() for name, r in figures.recall.items()},
        "recall_all": figures.overall_recall.model_dump(),
        "precision": {name: r.model_dump() for name, r in figures.precision.items()},
        "honest_flagged": figures.honest.model_dump(),
        "outcome_fits": figures.fits.model_dump(),
        "outcomes": _count_rows(figures.outcomes),
        "without_probe": dict(figures.without_probe),
        "cases": list(_episode_lines(figures)),
        "versions": figures.versions,
    }


def text_data(texts: TextReport) -> dict[str, Any]:
    """Return the figures of labelled messages for ``--json``."""
    from allegiance.play.versions import reader_versions

    names = ("done", "false_done", "open", "false_open")
    return {
        "kind": "texts",
        **{n: {g: r.model_dump() for g, r in getattr(texts, n).items()} for n in names},
        "asks": texts.asks.model_dump(),
        "says": _count_rows(texts.says),
        "stances": _count_rows(texts.stances),
        "cases": list(_text_lines(texts)),
        "versions": reader_versions(),
    }


def _count_rows(counts: Any) -> list[dict[str, Any]]:
    return [{"labelled": a, "judged": b, "count": n} for (a, b), n in sorted(counts.items())]
