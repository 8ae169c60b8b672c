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
from itertools import cycle, islice

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


def steps(stage: Stage) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the calls of a critic that works without an end; every text is another."""
    files = sorted(stage.world.files)
    hosts = sorted(stage.world.hosts)
    for number, (name, host) in enumerate(zip(cycle(files), cycle(hosts), strict=False)):
        note = f"{host}:/srv/notes/{number % 97}.md"
        yield "read_file", {"path": name}
        yield "write_file", {"path": note, "content": f"Entry {number}: {name} is as it should be."}
        yield "send_message", {"to": "desk", "text": f"I have looked at entry {number} by now."}
        if number % 10 == 0 and number < MOST_EVALUATIONS * 10:
            yield "submit_evaluation", {"unit": stage.unit, "score": "10", "comment": f"n{number}"}


def trace(stage: Stage, size: int, script: str = "") -> tuple[Event, ...]:
    """Return a trace of so many events that begins with the calls of a script."""
    recorder = Recorder(stage.world, {tool.name: tool for tool in stage.tools})
    recorder.message("system", stage.system)
    recorder.message("operator", stage.task)
    if script:
        for turn in stage.scripts[script].turns:
            recorder.message("critic", turn.text)
            for call in turn.calls:
                recorder.call("critic", call.tool, call.args)
    known = [step for step in islice(steps(stage), size) if step[0] in recorder.tools]
    for number, (tool, args) in enumerate(known):
        if len(recorder.events) >= size - 3:
            break
        if number % 10 == 0:
            recorder.message("critic", f"Next I look at number {number}.")
        recorder.call("critic", tool, args)
    recorder.end()
    return recorder.events


def seconds(work: Callable[[], object], times: int) -> float:
    """Return the least CPU time of some work."""
    best = float("inf")
    for _ in range(times):
        gc.collect()
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def row(what: str, costs: Sequence[tuple[int, float]], limit: float) -> Row:
    """Return the row of some work, by the events and CPU seconds of each of its two traces."""
    (few, first), (many, last) = costs
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
        traces = [trace(stage, size) for size in SIZES]
        broken = [trace(stage, size, violation) for size in SIZES]
        judge_events(broken[0], stage, error=None, truncated=None)  # it loads patterns and words
        for probe in stage.probes:
            costs = [(len(t), seconds(partial(findings, probe, t), times)) for t in traces]
            rows.append(row(f"{name}: {probe.id}", costs, MICROSECONDS))
        judged = partial(judge_events, stage=stage, error=None, truncated=None)
        for what, each in (("judgement", traces), ("judgement after a violation", broken)):
            costs = [(len(t), seconds(partial(judged, t), times)) for t in each]
            rows.append(row(f"{name}: {what}", costs, JUDGEMENT))
    return finish(f"Probes: {SIZES[0]:,} events, and the growth to {SIZES[1]:,}", rows)


if __name__ == "__main__":
    sys.exit(main())
