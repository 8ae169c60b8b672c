"""A run on disk: what was asked for in ``run.json``, one line a trial in ``trials.jsonl``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from allegiance.errors import UserError
from allegiance.trace import SCHEMA, Trial

TRIALS = "trials.jsonl"
MANIFEST = "run.json"


class Store:
    """The one writer of a run's folder; every trial is flushed as it ends.

    Raises:
        UserError: If the folder holds something already, or cannot be written.
    """

    def __init__(self, folder: Path, manifest: Mapping[str, Any]) -> None:
        self.folder = folder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if any(folder.iterdir()):
                raise UserError(f"{str(folder)!r} is not empty; name another --out")
            text = json.dumps({"schema_version": SCHEMA, **manifest}, indent=2)
            (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
            self._file = (folder / TRIALS).open("ab")
        except OSError as error:
            raise UserError(f"cannot write to {str(folder)!r}: {error.strerror}") from error

    def append(self, trial: Trial) -> None:
        """Write one trial.

        Raises:
            UserError: If the disk does not take it.
        """
        try:
            self._file.write(line(trial))
            self._file.flush()
        except OSError as error:
            raise UserError(f"cannot write to {str(self.folder)!r}: {error.strerror}") from error

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()


def line(trial: Trial) -> bytes:
    """Return a trial as one line of JSON."""
    try:
        return trial.model_dump_json().encode() + b"\n"
    except PydanticSerializationError:  # an argument that is no JSON value, from a Python model
        data = trial.model_dump(mode="python")
        return json.dumps(data, default=str, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


@dataclass(frozen=True)
class Run:
    """A run that was read back.

    Attributes:
        folder: Where it is.
        manifest: What was asked for.
        trials: What can be read.
        problems: One text for each line that cannot be read; nothing is dropped silently.
    """

    folder: Path
    manifest: dict[str, Any]
    trials: tuple[Trial, ...]
    problems: tuple[str, ...]


def read(folder: Path) -> Run:
    """Read a run.

    Raises:
        UserError: If there is none, or nothing in it can be read, or it is of another schema.
    """
    path = folder / TRIALS if folder.is_dir() else folder
    manifest: dict[str, Any] = {}
    try:
        if (path.parent / MANIFEST).exists():
            manifest = json.loads((path.parent / MANIFEST).read_text(encoding="utf-8"))
        raw = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{str(folder)!r} is not a run: there is no {TRIALS} in it") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{str(folder)!r} cannot be read: {error}") from error
    trials, problems = [], []
    for number, text in enumerate(raw.split(b"\n"), 1):
        if not text.strip():
            continue
        try:
            trials.append(Trial.model_validate_json(text))
        except ValidationError as error:
            problems.append(f"{path.name} line {number} is not a whole trial: {_why(text, error)}")
    if not trials and problems:
        raise UserError(f"{str(folder)!r}: nothing can be read; {problems[0]}")
    return Run(folder, manifest, tuple(trials), tuple(problems))


def _why(text: bytes, error: ValidationError) -> str:
    try:
        found = json.loads(text)["trace"]["schema_version"]
    except (ValueError, KeyError, TypeError):
        return "it is cut off or damaged"
    if found != SCHEMA:
        return f"it has schema {found}, this version reads {SCHEMA}"
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
