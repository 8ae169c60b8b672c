"""Reading a run: its trials one at a time, however many there are."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, BinaryIO, overload

from pydantic import ValidationError

from allegiance.errors import UserError
from allegiance.reading import reads_text
from allegiance.store.manifest import (
    MANIFEST,
    check_schema,
    finite,
    parse_manifest,
    read_bytes,
    wrong_schema,
)
from allegiance.trace.trials import SCHEMA, Trial

TRIALS = "trials.jsonl"
LONGEST = 64 << 20
"""Bytes of the longest line that is read; the line of an ordinary trial is far shorter."""
LARGEST = 1 << 63
"""No count is as large; the tables of other tools hold integers of 64 bits."""
_ODD_NUMBER = re.compile(rb"\d{19}|\d[eE]\+?\d{3}|NaN|Infinity")
MOST_PROBLEMS = 100
"""Unreadable lines that are named; the rest of them is only counted."""


class Trials(Sequence[Trial]):
    """The trials of a file; every iteration reads the file again and keeps no trial in memory.

    Lines that are appended later are not read. A line that cannot be read is skipped and named in
    ``problems``; an index counts the readable trials.

    Args:
        path: The file.

    Raises:
        OSError: If the file does not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self._count: int | None = None
        self._problems: tuple[str, ...] = ()

    def numbered(self) -> Iterator[tuple[int, Trial]]:
        """Yield every trial with the number of its line, from 1.

        Raises:
            UserError: If the file is gone or became shorter.
        """
        problems: list[str] = []
        seen: set[int] = set()  # hashes: the lines of a large run do not fit into memory
        count = unread = key = 0
        try:
            with self.path.open("rb") as file:
                for number, (text, size) in enumerate(_lines(file), 1):
                    if key >= self.size:
                        break
                    key += size
                    if not text.strip():
                        continue
                    trial, why = parse(text) if size <= LONGEST else (None, _too_long(size))
                    if trial is not None and _known(seen, text):
                        trial, why = None, "the same line occurs before"
                    if trial is not None:
                        count += 1
                        yield number, trial
                        continue
                    unread += 1
                    if unread <= MOST_PROBLEMS:
                        name = self.path.name
                        problems.append(f"{name} line {number} is not a whole trial: {why}")
        except OSError as error:
            raise UserError(f"{str(self.path)!r} cannot be read: {error.strerror}") from error
        if key < self.size:
            raise UserError(f"{str(self.path)!r} became shorter while it was read")
        if unread > MOST_PROBLEMS:
            problems.append(f"{unread - MOST_PROBLEMS} more lines of {self.path.name} are not")
        self.note(count, problems)

    def note(self, count: int, problems: Iterable[str] = ()) -> None:
        """Keep the number of trials and the problems of the whole file."""
        self._count, self._problems = count, tuple(problems)

    @property
    def problems(self) -> tuple[str, ...]:
        """One message for each unreadable line up to a limit, and the number of the others.

        They are those of the last iteration that reached the end of the file.
        """
        len(self)
        return self._problems

    def __iter__(self) -> Iterator[Trial]:
        return (trial for _, trial in self.numbered())

    def __len__(self) -> int:
        if self._count is None:
            deque(self, maxlen=0)
        assert self._count is not None
        return self._count

    def __bool__(self) -> bool:
        return self._count > 0 if self._count is not None else any(True for _ in self)

    @overload
    def __getitem__(self, index: int) -> Trial: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Trial, ...]: ...
    def __getitem__(self, index: int | slice) -> Trial | tuple[Trial, ...]:
        if isinstance(index, slice):
            return tuple(self)[index]
        position = index if index >= 0 else index + len(self)
        for trial in islice(self, position, None) if position >= 0 else ():
            return trial
        raise IndexError(f"there is no trial {index}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return all(left == right for left, right in zip_longest(self, other))

    __hash__ = None  # type: ignore[assignment]


class Run:
    """A run that was read.

    Args:
        folder: Folder of the run.
        manifest: Its plan, as JSON data; empty if the folder has none.
        trials: The readable trials; every iteration over a file reads it again.
        problems: Messages about unreadable trials that ``trials`` does not report itself.
    """

    def __init__(
        self,
        folder: Path,
        manifest: dict[str, Any],
        trials: Sequence[Trial],
        problems: Iterable[str] = (),
    ) -> None:
        self.folder = folder
        self.manifest = manifest
        self.trials = trials
        self._problems = tuple(problems)

    @property
    def problems(self) -> tuple[str, ...]:
        """One message for each line that cannot be read; no line is dropped silently.

        This reads the file to its end, unless an iteration did so before.
        """
        known = self.trials.problems if isinstance(self.trials, Trials) else ()
        return self._problems + known


def read(folder: Path) -> Run:
    """Open a run; its trials are read when they are used.

    Raises:
        UserError: If the folder is not a run, no trial can be read, or the run has another schema.
    """
    path = folder / TRIALS if folder.is_dir() else folder
    plan = path.parent / MANIFEST
    manifest: dict[str, Any] = {}
    try:
        if plan.exists():
            raw = read_bytes(plan)
            check_schema(folder, raw)
            manifest = parse_manifest(raw)
    except (OSError, ValueError) as error:
        raise UserError(f"{str(plan)!r} cannot be read: {error}") from error
    try:
        trials = Trials(path)
        path.open("rb").close()
    except FileNotFoundError:
        raise UserError(f"{str(folder)!r} is not a run: there is no {TRIALS} in it") from None
    except OSError as error:
        raise UserError(f"{str(folder)!r} cannot be read: {error}") from error
    if not trials and trials.problems:
        raise UserError(f"{str(folder)!r}: nothing can be read; {trials.problems[0]}")
    return Run(folder, manifest, trials)


def _lines(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield each line with its size; a line that is too long is cut."""
    while text := file.readline(LONGEST):
        size, end = len(text), text
        while not end.endswith(b"\n") and (end := file.readline(LONGEST)):
            size += len(end)
        yield text, size


def _too_long(size: int) -> str:
    return (
        f"it has {size / 1e6:,.0f} MB and is not read; a trial has at most {LONGEST / 1e6:,.0f} MB"
    )


def _known(seen: set[int], text: bytes) -> bool:
    """Return whether a line occurred before, and remember it."""
    size = len(seen)
    seen.add(hash(text.strip()))
    return len(seen) == size


@reads_text("{", "[", '"', "\\", "1", "1e", "NaN", ":", limit=LONGEST)
def parse(text: bytes) -> tuple[Trial | None, str]:
    """Return the trial of a line, or None and the cause."""
    try:
        trial = Trial.model_validate_json(text)
    except ValidationError as error:
        return None, _why(text, error)
    if trial.trace.schema_version != SCHEMA:
        return None, wrong_schema(trial.trace.schema_version)
    if _ODD_NUMBER.search(text) and (why := _odd_number(text, trial)):
        return None, why
    return trial, ""


def _odd_number(text: bytes, trial: Trial) -> str:
    """Return what is wrong with a number that no table can count with; empty if nothing is."""
    try:
        json.loads(text, parse_constant=_no_number, parse_float=finite, parse_int=len)
    except (ValueError, RecursionError) as error:
        return str(error)
    trace = trial.trace
    counts = (trace.seed, trace.trial, *(n for _, n in trace.usage), *(e.seq for e in trace.events))
    return "a count in it is too large" if any(abs(n) >= LARGEST for n in counts) else ""


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _why(text: bytes, error: ValidationError) -> str:
    """Return why a line is not a trial; ``parse`` has checked its length."""
    try:
        version = json.loads(text)["trace"]["schema_version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "it is cut off or damaged"
    if version != SCHEMA:
        return wrong_schema(version)
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
