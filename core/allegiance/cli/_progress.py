"""The progress of a run, on the command line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from allegiance.cli._print import console, say
from allegiance.trace.trials import Trial
from allegiance.trace.visible import visible


@contextmanager
def show_progress(total: int, folder: Path) -> Iterator[Callable[[Trial], None]]:
    """Show the progress of a run on stderr: a bar in a terminal, about ten lines elsewhere.

    Args:
        total: Number of trials to play.
        folder: Folder of the run.

    Yields:
        A function to call with every trial as it ends.
    """
    screen = console(err=True)
    counts: Counter[str] = Counter()

    def tally() -> str:
        return ", ".join(f"{n} {name}" for name, n in sorted(counts.items()))

    if screen.is_terminal:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
        )

        text = TextColumn("{task.description}", markup=False)  # names of folders are no markup
        columns = (text, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=screen) as bar:
            task = bar.add_task(visible(str(folder)), total=total)

            def advance(trial: Trial) -> None:
                counts[trial.outcome] += 1
                bar.update(task, advance=1, description=tally())

            yield advance
        return
    step = max(1, total // 10)

    def line(trial: Trial) -> None:
        counts[trial.outcome] += 1
        done = counts.total()
        if done % step == 0 or done == total:
            say(f"{done}/{total} trials: {tally()}", err=True)

    say(f"{total} trials into {folder}", err=True)
    yield line
