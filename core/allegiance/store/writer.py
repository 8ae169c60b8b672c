"""Writing a run: its plan in ``run.json``, and one line for each trial in ``trials.jsonl``."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout
from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from allegiance.errors import UserError
from allegiance.store.manifest import MANIFEST, Manifest
from allegiance.store.reader import TRIALS, Run, Trials, read
from allegiance.store.replacement import (
    PRIVATE_FILE,
    PRIVATE_FOLDER,
    is_draft,
    open_private,
    replace_file,
    replace_folder,
)
from allegiance.trace.redact import redact_all
from allegiance.trace.trials import Trial

__all__ = ["LOCK", "MANIFEST", "TRIALS", "Run", "Store", "Trials", "line", "read"]

LOCK = ".lock"
BLOCK = 1 << 20


class Store:
    """The only writer of a run's folder; every trial is flushed as it ends.

    An open store holds a lock on the folder; the system releases it if the process dies.

    Args:
        folder: The run.
        manifest: The plan of a new run; None continues the run in the folder.
        name: How messages name the folder; its path by default.

    Raises:
        UserError: If another process writes to the folder, the folder of a new run is not empty,
            or it cannot be written.
    """

    def __init__(self, folder: Path, manifest: Manifest | None, name: str = "") -> None:
        self.folder = folder
        self._name = name or str(folder)
        try:
            if manifest is not None:
                folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
                refuse_full(folder)
            self._lock = FileLock(folder / LOCK, mode=PRIVATE_FILE)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(f"another run is writing to {str(folder)!r}") from None
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            if manifest is not None:
                refuse_full(folder)  # another run may have come first
                data = redact_all(manifest.model_dump(mode="json"))
                with replace_file(folder / MANIFEST, private=True) as draft:
                    draft.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
            else:
                _set_torn_line_aside(folder / TRIALS)
            self._file = open(folder / TRIALS, "ab", opener=open_private)  # noqa: SIM115
        except OSError as error:
            self._lock.release()
            raise self._unwritable(error) from error
        except UserError:
            self._lock.release()
            raise

    def append(self, trial: Trial) -> None:
        """Write one trial.

        Raises:
            UserError: If it cannot be written.
        """
        try:
            self._file.write(line(trial))
            self._file.flush()
        except OSError as error:
            raise self._unwritable(error) from error

    def set_damaged_lines_aside(self) -> None:
        """Move damaged lines to ``trials.torn``; the other lines keep their order.

        Raises:
            UserError: If it cannot be written.
        """
        path = self.folder / TRIALS
        torn = path.with_suffix(".torn")
        try:
            whole = {number for number, _ in Trials(path).numbered()}
            with (
                open(torn, "ab", opener=open_private) as aside,
                replace_file(path) as fresh,
                path.open("rb") as old,
                fresh.open("wb") as new,
            ):
                for number, text in enumerate(old, 1):
                    (new if number in whole else aside).write(text)
            self._file.close()
            self._file = path.open("ab")
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> UserError:
        return UserError(f"cannot write to {self._name!r}: {error.strerror or error}")

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._file.close()
        except OSError as failure:  # what is still buffered cannot be written either
            if error is None:
                raise self._unwritable(failure) from failure
        finally:
            self._lock.release()


@contextmanager
def whole_run(folder: Path, manifest: Manifest) -> Iterator[Store]:
    """Yield a store of a new run, which is in its folder only when the ``with`` statement ends.

    A run that is copied from others is whole or is not there: the plan of a part of it would be
    continued as if its trials had not been played.

    Raises:
        UserError: If the folder is not empty, or it cannot be written.
    """
    try:
        if folder.exists():
            refuse_full(folder)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with replace_folder(folder, private=True, last=MANIFEST) as draft:
            with Store(draft, manifest, str(folder)) as store:
                yield store
            if folder.exists():
                refuse_full(folder)  # another run may have come first
    except OSError as error:
        raise UserError(f"cannot write to {str(folder)!r}: {error.strerror or error}") from error


def refuse_full(folder: Path) -> None:
    """Refuse a folder that holds anything but a lock and what a killed command left.

    Raises:
        UserError: If it does.
        OSError: If it cannot be read.
    """
    if any(path.name != LOCK and not is_draft(path) for path in folder.iterdir()):
        raise UserError(
            f"{str(folder)!r} is not empty; name another folder with --out, or continue "
            "with --resume"
        )


def _set_torn_line_aside(path: Path) -> None:
    """Move an incomplete last line, which a killed run leaves, to ``trials.torn``."""
    if not path.exists():
        return
    with path.open("r+b") as file:
        size = whole = file.seek(0, os.SEEK_END)
        while whole:  # from the end, block by block: the file may be large
            start = max(0, whole - BLOCK)
            file.seek(start)
            length = file.read(whole - start).rfind(b"\n") + 1
            whole = start + length
            if length:
                break
        if whole < size:
            file.seek(whole)
            with open(path.with_suffix(".torn"), "ab", opener=open_private) as torn:
                torn.write(file.read() + b"\n")
            file.truncate(whole)


@lru_cache(maxsize=1)
def _writer() -> TypeAdapter[Trial]:
    return TypeAdapter(Trial)  # writes bytes; a model's own method would write a string


def line(trial: Trial) -> bytes:
    """Return a trial as one line of JSON."""
    try:
        return _writer().dump_json(trial) + b"\n"
    except PydanticSerializationError:  # a Python model passed an argument that is not JSON
        data = json.dumps(trial.model_dump(mode="python"), default=str)
        plain = json.loads(data, parse_constant=str)  # NaN is no JSON
        return json.dumps(plain, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
