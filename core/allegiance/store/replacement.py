"""Files and folders that appear whole or not at all, however a command ends.

Each is written beside its place under a name of its own and renamed at the end. What a killed
command leaves is named ``.NAME.HEX.part`` and may be deleted.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

PART = ".part"
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
"""What a run, a cache or a judge's answers hold is for the user who made them."""


@contextmanager
def replace_file(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Yield a path to write to, which becomes the file at the end of the ``with`` statement.

    A file that exists keeps its mode. A device or a pipe is written directly.

    Args:
        path: The file.
        private: Whether a new file is for its owner only; the umask decides otherwise.

    Raises:
        OSError: If it cannot be written; the file is then what it was before.
    """
    target = Path(os.path.realpath(path))  # a link stays a link
    if target.exists() and not target.is_file():
        yield path
        return
    draft = _draft(target)
    mode = PRIVATE_FILE if private else 0o666
    try:
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        yield draft
        with suppress(FileNotFoundError):
            draft.chmod(target.stat().st_mode & 0o777)
        _sync(draft)
        draft.replace(target)
    finally:
        draft.unlink(missing_ok=True)


@contextmanager
def replace_folder(path: Path, *, private: bool = False, last: str = "") -> Iterator[Path]:
    """Yield a new folder to write files into, which becomes the folder at the end of the ``with``.

    A folder that exists stays, and each file replaces the one of its name in it.

    Args:
        path: The folder.
        private: Whether a new folder is for its owner only; the umask decides otherwise.
        last: The file without which the folder is not whole; it comes last.

    Raises:
        OSError: If it cannot be written.
    """
    target = Path(os.path.realpath(path))
    exists = target.exists()
    draft = _draft(target / target.name if exists else target)
    try:
        draft.mkdir(mode=PRIVATE_FOLDER if private else 0o777)
        yield draft
        files = sorted(draft.iterdir(), key=lambda file: file.name == last)
        for file in files:
            _sync(file)
        if exists:
            for file in files:
                file.replace(target / file.name)
        else:
            draft.rename(target)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def open_private(path: str | Path, flags: int) -> int:
    """Open a file, which is for its owner only if this creates it; an ``opener`` for ``open``."""
    return os.open(path, flags, PRIVATE_FILE)


def is_draft(path: Path) -> bool:
    """Return whether a path is what a killed command left."""
    return path.name.startswith(".") and path.name.endswith(PART)


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}{PART}")


def _sync(path: Path) -> None:
    """Wait until a file is on the disk, so that no crash leaves its name without its content."""
    if path.is_file():
        with path.open("rb") as file:
            os.fsync(file.fileno())
