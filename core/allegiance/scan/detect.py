"""Detecting the format of a file from its content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from allegiance.errors import UserError
from allegiance.registry import SCAN_FORMATS
from allegiance.scan.opening import Opening, open_file
from allegiance.scan.steps import Found, short
from allegiance.store.writer import TRIALS


def read(path: Path, name: str = "") -> Iterator[Found]:
    """Yield the conversations of a file, or of the folder of a run.

    Args:
        path: The file or folder.
        name: The name of its format; detected by default.

    Raises:
        UserError: If the file does not exist, or if its format is unknown.
    """
    if not path.exists():
        raise UserError(f"{str(path)!r} does not exist")
    yield from SCAN_FORMATS.load(name or detect(path)).read(path)


def detect(path: Path) -> str:
    """Return the name of the format of a file or folder.

    Raises:
        UserError: If no format recognizes it, or more than one.
    """
    opening = open_file(path)
    modules = {name: SCAN_FORMATS.load(name) for name in SCAN_FORMATS.names()}
    matches = [name for name, module in modules.items() if module.recognizes(opening)]
    specific = [name for name in matches if not getattr(modules[name], "FALLBACK", False)]
    names = specific or matches
    if len(names) == 1:
        return names[0]
    if names:
        raise UserError(
            f"{str(path)!r} can be of the formats {' and '.join(names)}; choose one with --from"
        )
    raise UserError(_unknown(opening))


def _unknown(opening: Opening) -> str:
    path = str(opening.path)
    if opening.path.is_dir():
        return f"{path!r} is a folder without {TRIALS}; name files, or the folder of a run"
    content = "a zip file" if opening.zipped else short(opening.data)
    known = "; ".join(f"{name}: {SCAN_FORMATS.summary(name)}" for name in SCAN_FORMATS.names())
    return f"{path!r} has no known format, it holds {content}; choose one with --from ({known})"
