"""A run whose every name attacks the terminal or the CI runner that prints it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from run_folders import real

from allegiance.store.manifest import MANIFEST, Manifest
from allegiance.store.writer import TRIALS
from allegiance.trace import Trial

HOSTILE = (
    "m\x1b]0;pwned\x07\x1b[2J\x9b31m\r\n::error::pwned\n  ::warning::pwned\n##vso[task.x]pwned"
    "\n##[error]pwned\u2028::notice::pwned[/nope][link=https://evil.example]z[/link]\u202egnp.exe"
    "\x1b]8;;https://evil.example\x1b\\w\x1b]8;;\x1b\\ " + "long" * 60 + " ::error::pwned"
)
Path_ = tuple[str | int, ...]


def hostile_run(folder: Path, keep: frozenset[str] = frozenset()) -> Path:
    """Write a run of six trials with the hostile string wherever a string may be.

    Args:
        folder: The run.
        keep: Names of fields that keep their values.
    """
    real(folder, 6)
    plan = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(poisoned(plan, Manifest, keep | {"shard"})))
    lines = []
    for number, text in enumerate((folder / TRIALS).read_text().splitlines()):
        trial = poisoned(json.loads(text), Trial, keep)
        trial["trace"]["key"] = f"{number}{HOSTILE}"
        trial["scores"] = {HOSTILE: HOSTILE}
        trial["outcome"] = "violated" if number % 2 else "incomplete"
        for verdict in trial["verdicts"]:
            if not number % 2:
                verdict.update(status="not_scored", reason=HOSTILE, findings=[])
        lines.append(json.dumps(trial))
    (folder / TRIALS).write_text("".join(f"{line}\n" for line in lines))
    return folder


def poisoned(data: Any, model: type[BaseModel], keep: frozenset[str]) -> Any:
    """Return data with the hostile string in every field that accepts it."""
    for path in list(strings(data)):
        if keep & {str(part) for part in path}:
            continue
        before = replace(data, path, HOSTILE)
        try:
            model.model_validate_json(json.dumps(data))
        except ValidationError:  # a level of a factor, a kind, a status
            replace(data, path, before)
    return data


def strings(data: Any, path: Path_ = ()) -> Iterator[Path_]:
    if isinstance(data, str):
        yield path
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from strings(value, (*path, key))
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from strings(value, (*path, index))


def replace(data: Any, path: Path_, value: str) -> Any:
    for part in path[:-1]:
        data = data[part]
    data[path[-1]], before = value, data[path[-1]]
    return before
