"""How fast a scan reads and judges generated files, before and after, in one run.

Usage: ``python benchmarks/scan_speed.py [megabytes] [revision]``. The files are generated: chats in
OpenAI's format, a conversation a line, and spans of the GenAI conventions, whose models are shown
their whole history. The revision is checked out beside this tree, and both are measured in turns
in processes of their own, by CPU time: reading alone, and reading with the probes of a guard.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
BEFORE = "cfd1447"
"""The last revision that knew five formats."""
TARGET = 5.0
ROUNDS = 3
FOLDERS = ("core", "probes", "scenarios", "adapters")
TOOLS: list[tuple[str, dict[str, str]]] = [
    ("read_file", {"path": "notes/{n}.txt"}),
    ("write_file", {"path": "notes/{n}.txt", "content": "tidy " * 40}),
    ("search", {"query": "weights {n}"}),
    ("bash", {"command": "ls -la notes/{n}"}),
]
LINES = "a line of what the tool found 0123456789\n"
MEASURE = """
import json, sys, time, resource
from pathlib import Path
from allegiance.scan.detect import read
from allegiance.scan.steps import CallStep
from allegiance.scan.replay import Replay
from allegiance.guard import Guard
from allegiance.bindings import files, shell
from allegiance.probes import WeightExfiltration
path = Path(sys.argv[1])
begun = time.process_time()
calls = sum(isinstance(step, CallStep) for c in read(path) for step in c.steps)
reading = time.process_time() - begun
replay = Replay(Guard([WeightExfiltration(assets=["models/**"])], bindings=[*files(), shell()]))
begun = time.process_time()
judged = sum(replay(conversation).calls for conversation in read(path))
whole = time.process_time() - begun
assert calls == judged, (calls, judged)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(json.dumps({"calls": calls, "reading": reading, "whole": whole, "peak": peak / 1024}))
"""


def chats() -> Iterator[dict[str, Any]]:
    """Yield conversations of eight calls."""
    number = 0
    while True:
        messages: list[dict[str, Any]] = [{"role": "user", "content": "Tidy up the disk. " * 20}]
        for turn in range(8):
            name, args = _call(number, turn)
            function = {"name": name, "arguments": json.dumps(args)}
            call = {"id": f"c{turn}", "type": "function", "function": function}
            said = "I look at the next file. " * 6
            messages.append({"role": "assistant", "content": said, "tool_calls": [call]})
            messages.append({"role": "tool", "tool_call_id": f"c{turn}", "content": LINES * 20})
        yield {"messages": messages}
        number += 1


def traces() -> Iterator[dict[str, Any]]:
    """Yield traces of ten calls, with a span for each call and each answer of the model."""
    number = 0
    while True:
        spans = [_span(number, "root", None, 0, invoke_agent="ops")]
        history: list[Any] = [{"role": "user", "parts": [{"type": "text", "content": "Tidy up."}]}]
        for turn in range(10):
            name, args = _call(number, turn)
            part = {"type": "tool_call", "id": f"c{turn}", "name": name, "arguments": args}
            asks = {"role": "assistant", "parts": [{"type": "text", "content": "I look."}, part]}
            shown, said = json.dumps(history), json.dumps([asks])
            spans.append(_span(number, f"m{turn}", "root", 2 * turn, shown=shown, said=said))
            spans.append(_span(number, f"t{turn}", "root", 2 * turn + 1, call=part))
            answer = {"type": "tool_call_response", "id": f"c{turn}", "response": LINES * 10}
            history = [*history, asks, {"role": "tool", "parts": [answer]}]
        yield {"resourceSpans": [{"scopeSpans": [{"scope": {"name": "x"}, "spans": spans}]}]}
        number += 1


def _call(number: int, turn: int) -> tuple[str, dict[str, str]]:
    name, args = TOOLS[turn % len(TOOLS)]
    return name, {key: value.replace("{n}", f"{number}-{turn}") for key, value in args.items()}


def _span(number: int, id: str, parent: str | None, when: int, **fields: Any) -> dict[str, Any]:
    values = {"gen_ai.operation.name": "chat"}
    if "call" in fields:
        part = fields["call"]
        values = {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": part["name"],
            "gen_ai.tool.call.id": part["id"],
            "gen_ai.tool.call.arguments": json.dumps(part["arguments"]),
            "gen_ai.tool.call.result": LINES * 10,
        }
    elif "shown" in fields:
        values["gen_ai.input.messages"] = fields["shown"]
        values["gen_ai.output.messages"] = fields["said"]
    else:
        values = {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "ops"}
    time = str(10**18 + number * 10**9 + when)
    pairs = [{"key": key, "value": {"stringValue": value}} for key, value in values.items()]
    return {
        "traceId": f"trace{number}", "spanId": f"{number}{id}", "name": "x", "attributes": pairs,
        "parentSpanId": f"{number}{parent}" if parent else "",
        "startTimeUnixNano": time, "endTimeUnixNano": time,
    }  # fmt: skip


def generate(path: Path, documents: Iterator[dict[str, Any]], size: float) -> None:
    """Write documents, one a line, until a file has a size in bytes."""
    written = 0
    with path.open("w", encoding="utf-8") as file:
        while written < size:
            written += file.write(json.dumps(next(documents)) + "\n")


def checkout(folder: Path, revision: str) -> Path:
    """Write the packages of a revision into a folder."""
    command = ["git", "archive", revision, *FOLDERS]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def measure(tree: Path, path: Path) -> dict[str, float]:
    """Return what a process with the packages of a tree measures on a file."""
    paths = os.pathsep.join(str(tree / name) for name in FOLDERS)
    command = [sys.executable, "-c", MEASURE, str(path)]
    env = {**os.environ, "PYTHONPATH": paths}
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    result: dict[str, float] = json.loads(done.stdout)
    return result


def main() -> int:
    """Measure both trees on both files, and print µs a call and MB/s."""
    megabytes = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    revision = sys.argv[2] if len(sys.argv) > 2 else BEFORE
    missed = False
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        trees = {"before": checkout(folder / "before", revision), "after": ROOT}
        print(f"{megabytes:g} MB a file; before is {revision}; the best of {ROUNDS} rounds")
        for kind, documents in (("chats", chats()), ("spans", traces())):
            path = folder / f"{kind}.jsonl"
            generate(path, documents, megabytes * 1e6)
            rounds = [{n: measure(t, path) for n, t in trees.items()} for _ in range(ROUNDS)]
            for part in ("reading", "whole"):
                times = {n: min(r[n][part] for r in rounds) for n in trees}
                for label, seconds in times.items():
                    calls, peak = rounds[0][label]["calls"], rounds[0][label]["peak"]
                    print(
                        f"{kind} {part:<8} {label:<6} {seconds / calls * 1e6:7.0f} µs a call "
                        f"{megabytes / seconds:6.1f} MB/s, {calls:.0f} calls, {peak:.0f} MB memory"
                    )
                ratio = times["before"] / times["after"]
                missed = missed or (part == "whole" and ratio < TARGET)
                print(f"{kind} {part:<8} {ratio:.1f} times as fast (target {TARGET:g} for whole)")
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
