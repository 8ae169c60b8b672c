"""Writing a run: its plan in ``run.json``, and one line for each trial in ``trials.jsonl``."""

from __future__ import annotations

import json
import os
from functools import lru_cache
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout
from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from allegiance.errors import UserError
from allegiance.store.manifest import MANIFEST, Manifest
from allegiance.store.reader import TRIALS, Run, Trials, read
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

    Raises:
        UserError: If another process writes to the folder, the folder of a new run is not empty,
            or it cannot be written.
    """

    def __init__(self, folder: Path, manifest: Manifest | None) -> None:
        self.folder = folder
        try:
            if manifest is not None:
                folder.mkdir(parents=True, exist_ok=True)
                self._refuse_full()
            self._lock = FileLock(folder / LOCK)
            self._lock.acquire(timeout=0)
        except Timeout:
            raise UserError(f"another run is writing to {str(folder)!r}") from None
        except OSError as error:
            raise self._unwritable(error) from error
        try:
            if manifest is not None:
                self._refuse_full()  # another run may have come first
                data = redact_all(manifest.model_dump(mode="json"))
                (folder / MANIFEST).write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
            else:
                _set_torn_line_aside(folder / TRIALS)
            self._file = (folder / TRIALS).open("ab")
        except OSError as error:
            self._lock.release()
            raise self._unwritable(error) from error
        except UserError:
            self._lock.release()
            raise

    def _refuse_full(self) -> None:
        if any(path.name != LOCK for path in self.folder.iterdir()):
            raise UserError(
                f"{str(self.folder)!r} is not empty; name another folder with --out, or continue "
                "with --resume"
            )

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
        fresh = path.with_suffix(".fresh")
        try:
            whole = {number for number, _ in Trials(path).numbered()}
            torn = path.with_suffix(".torn")
            with path.open("rb") as old, fresh.open("wb") as new, torn.open("ab") as aside:
                for number, text in enumerate(old, 1):
                    (new if number in whole else aside).write(text)
                new.flush()
                os.fsync(new.fileno())
            self._file.close()
            fresh.replace(path)
            self._file = path.open("ab")
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> UserError:
        return UserError(f"cannot write to {str(self.folder)!r}: {error.strerror or error}")

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
            with path.with_suffix(".torn").open("ab") as torn:
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
        data = trial.model_dump(mode="python")
        return json.dumps(data, default=str, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
