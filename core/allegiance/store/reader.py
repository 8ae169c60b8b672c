"""Reading a run back: its trials one at a time, however many there are."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any, BinaryIO, overload

from pydantic import ValidationError

from allegiance.errors import UserError
from allegiance.store.manifest import MANIFEST
from allegiance.trace.trials import SCHEMA, Trial

TRIALS = "trials.jsonl"
LONGEST = 64 << 20
"""Bytes of the longest line that is read; no transcript of an honest trial comes near it."""
MOST_PROBLEMS = 100
"""Lines that cannot be read and are named one by one; of more, only the number is said."""


class Trials(Sequence[Trial]):
    """The trials of a file, read anew line by line whenever they are iterated over; none is kept.

    What is appended to the file later on is not seen. A line that cannot be read is left out and
    named in ``problems``; an index is the number of a trial among those that can be read.

    Args:
        path: The file.

    Raises:
        OSError: If there is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self._count: int | None = None
        self._problems: tuple[str, ...] = ()

    def numbered(self) -> Iterator[tuple[int, Trial]]:
        """Yield every trial with the number of its line, from 1.

        Raises:
            UserError: If the file is gone, or was cut shorter.
        """
        problems: list[str] = []
        count = unread = key = 0
        try:
            with self.path.open("rb") as file:
                for number, (text, size) in enumerate(_lines(file), 1):
                    if key >= self.size:
                        break
                    key += size
                    if not text.strip():
                        continue
                    trial, why = _parse(text) if size <= LONGEST else (None, _too_long(size))
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
            raise UserError(f"{str(self.path)!r} was cut shorter while it was read")
        if unread > MOST_PROBLEMS:
            problems.append(f"{unread - MOST_PROBLEMS} more lines of {self.path.name} are not")
        self.note(count, problems)

    def note(self, count: int, problems: Iterable[str] = ()) -> None:
        """Keep what reading the whole file has shown."""
        self._count, self._problems = count, tuple(problems)

    @property
    def problems(self) -> tuple[str, ...]:
        """One text for each line that cannot be read, up to a limit, and how many more there are.

        They are those that were met by what last went through the whole file.
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
        at = index if index >= 0 else index + len(self)
        for trial in islice(self, max(at, 0), None) if at >= 0 else ():
            return trial
        raise IndexError(f"there is no trial {index}")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence):
            return NotImplemented
        return all(one == two for one, two in zip_longest(self, other))

    __hash__ = None  # type: ignore[assignment]


class Run:
    """A run that was read back.

    Args:
        folder: Where it is.
        manifest: What was asked for.
        trials: What can be read; a file is read anew whenever they are iterated over.
        problems: What cannot, where the trials do not know it themselves.
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
        """One text for each line that cannot be read; nothing is dropped silently.

        A file is read to its end for this, unless that was done before.
        """
        known = self.trials.problems if isinstance(self.trials, Trials) else ()
        return self._problems + known


def read(folder: Path) -> Run:
    """Open a run; its trials are read when they are asked for.

    Raises:
        UserError: If there is none, or nothing in it can be read, or it is of another schema.
    """
    path = folder / TRIALS if folder.is_dir() else folder
    manifest: dict[str, Any] = {}
    try:
        if (path.parent / MANIFEST).exists():
            manifest = json.loads((path.parent / MANIFEST).read_text(encoding="utf-8"))
        trials = Trials(path)
        path.open("rb").close()
    except FileNotFoundError:
        raise UserError(f"{str(folder)!r} is not a run: there is no {TRIALS} in it") from None
    except (OSError, ValueError) as error:
        raise UserError(f"{str(folder)!r} cannot be read: {error}") from error
    if not trials and trials.problems:
        raise UserError(f"{str(folder)!r}: nothing can be read; {trials.problems[0]}")
    return Run(folder, manifest, trials)


def _lines(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Yield each line with its size; of one that is too long, only the beginning."""
    while text := file.readline(LONGEST):
        size, end = len(text), text
        while not end.endswith(b"\n") and (end := file.readline(LONGEST)):
            size += len(end)
        yield text, size


def _too_long(size: int) -> str:
    return (
        f"it has {size / 1e6:,.0f} MB and is not read; a trial has {LONGEST / 1e6:,.0f} MB at most"
    )


def _parse(text: bytes) -> tuple[Trial | None, str]:
    """Return the trial of a line, or why there is none."""
    try:
        trial = Trial.model_validate_json(text)
    except ValidationError as error:
        return None, _why(text, error)
    if trial.trace.schema_version != SCHEMA:
        return None, _schema(trial.trace.schema_version)
    return trial, ""


def _why(text: bytes, error: ValidationError) -> str:
    try:
        found = json.loads(text)["trace"]["schema_version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return "it is cut off or damaged"
    if found != SCHEMA:
        return _schema(found)
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def _schema(found: object) -> str:
    return f"it has schema {found}, this version reads {SCHEMA}"
