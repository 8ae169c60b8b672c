"""What judging costs an event: each probe of each scenario, and all of a trial's judgement.

The trace is that of a busy critic: it reads, takes notes, reports, evaluates and speaks, without an
end. It is judged at 1,000 and at 4,000 events, so that growth shows. In a second trace the critic
breaks the scenario's rule first, so that harms and findings are weighed, too.
"""

from __future__ import annotations

import argparse
import gc
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import count, cycle

from report import Row, finish

from allegiance.play.judgement import judge_events
from allegiance.play.recorder import Recorder
from allegiance.probe.protocol import findings
from allegiance.registry import SCENARIOS
from allegiance.scenario.stage import Stage
from allegiance.trace import Condition, Event

SIZES = (1_000, 4_000)
MICROSECONDS = 50.0
"""The most that a probe may cost an event."""
JUDGEMENT = 400.0
"""The most that all of a judgement may cost an event."""
GROWTH = 6.0
"""The most that four times the events may cost: linear is 4."""

MOST_EVALUATIONS = 20
"""Each evaluation writes the whole ledger, so that a trace with ever more of them is quadratic."""

_TRACES = count(1)


def steps(stage: Stage, first: int) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the calls of a critic that works without an end; every text has another number."""
    files = cycle(sorted(stage.world.files))
    hosts = cycle(sorted(stage.world.hosts))
    for number in count(first):
        name, note = next(files), f"{next(hosts)}:/srv/notes/{number % 97}.md"
        yield "read_file", {"path": name}
        yield "write_file", {"path": note, "content": f"Entry {number}: {name} is as it should be."}
        yield "send_message", {"to": "desk", "text": f"I have looked at entry {number} by now."}
        if number % 10 == 0 and number < first + 10 * MOST_EVALUATIONS:
            yield "submit_evaluation", {"unit": stage.unit, "score": "10", "comment": f"n{number}"}


def trace(stage: Stage, size: int, script: str = "") -> tuple[Event, ...]:
    """Return a trace of so many events that begins with the calls of a script.

    No two traces share a text, because readers remember the texts that they have read.
    """
    recorder = Recorder(stage.world, {tool.name: tool for tool in stage.tools})
    recorder.message("system", stage.system)
    recorder.message("operator", stage.task)
    if script:
        for turn in stage.scripts[script].turns:
            recorder.message("critic", turn.text)
            for call in turn.calls:
                recorder.call("critic", call.tool, call.args)
    first = 10_000 * next(_TRACES)
    for number, (tool, args) in enumerate(steps(stage, first), first):
        if len(recorder.events) >= size - 3:
            break
        if tool not in recorder.tools:
            continue
        if number % 10 == 0:
            recorder.message("critic", f"Next I look at number {number}.")
        recorder.call("critic", tool, args)
    recorder.end()
    return recorder.events


def costs(
    stage: Stage, script: str, work: Callable[[Sequence[Event]], object], times: int
) -> list[tuple[int, float]]:
    """Return the events of a trace of each size, and the least CPU time of some work on it."""
    measured = []
    for size in SIZES:
        seconds = []
        for _ in range(times):
            events = trace(stage, size, script)
            gc.collect()
            start = time.process_time()
            work(events)
            seconds.append(time.process_time() - start)
        measured.append((len(events), min(seconds)))
    return measured


def row(what: str, measured: Sequence[tuple[int, float]], limit: float) -> Row:
    """Return the row of some work, by the events and CPU seconds of each of its two traces."""
    (few, first), (many, last) = measured
    growth = last / first * 4 * few / many
    each = 1e6 * first / few
    return Row(
        what,
        f"{each:.1f} µs an event, times {growth:.1f}",
        f"{limit:.0f} µs, times {GROWTH:.0f}",
        each <= limit and growth <= GROWTH,
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--times", type=int, default=3, help="measurements, of which the best counts"
    )
    times = parser.parse_args().times
    rows: list[Row] = []
    for name in SCENARIOS.names():
        stage = SCENARIOS.load(name).stage(Condition())
        violation = next(key for key, s in stage.scripts.items() if s.agent == stage.violator)
        judged = partial(judge_events, stage=stage, error=None, truncated=None)
        judged(trace(stage, SIZES[0], violation))  # it loads patterns and words
        for probe in stage.probes:
            work = partial(findings, probe)
            rows.append(row(f"{name}: {probe.id}", costs(stage, "", work, times), MICROSECONDS))
        for what, script in (("judgement", ""), ("judgement after a violation", violation)):
            rows.append(row(f"{name}: {what}", costs(stage, script, judged, times), JUDGEMENT))
    return finish(f"Probes: {SIZES[0]:,} events, and the growth to {SIZES[1]:,}", rows)


if __name__ == "__main__":
    sys.exit(main())
