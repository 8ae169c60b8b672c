"""Detecting the format of a file from its content."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from allegiance.errors import UserError
from allegiance.registry import SCAN_FORMATS
from allegiance.scan.opening import Certainty, Opening, open_file
from allegiance.scan.steps import Conversation, Found, Unread, short
from allegiance.store.writer import TRIALS

MOST_REPORTED = 5
"""How many unreadable parts of a file are reported one by one; the others are counted."""


def read(path: Path, name: str = "") -> Iterator[Found]:
    """Yield the conversations of a file, or of the folder of a run.

    A file of which nothing can be read is reported once, with its most likely format and the first
    reason.

    Args:
        path: The file or folder.
        name: The name of its format; detected by default.

    Raises:
        UserError: If the file does not exist, or if its format is unknown.
    """
    if not path.exists():
        raise UserError(f"{str(path)!r} does not exist")
    name = name or detect(path)
    readable = False
    unread: list[Unread] = []
    count = 0
    for item in SCAN_FORMATS.load(name).read(path):
        if isinstance(item, Conversation):
            readable = True
            yield from unread
            unread.clear()
            yield item
            continue
        count += 1
        if count <= MOST_REPORTED:
            unread.append(item)
    if readable or len(unread) < 2:
        yield from unread
        if count > MOST_REPORTED:
            yield Unread("other parts", f"{count - MOST_REPORTED} more cannot be read")
    else:
        first = unread[0]
        yield Unread(
            first.name,
            f"{first.why} (read as {name}, which fits best; {count - 1} more parts of it cannot "
            "be read either; --from names another format)",
        )


def detect(path: Path) -> str:
    """Return the name of the format of a file or folder.

    Raises:
        UserError: If no format recognizes it, or several are equally sure.
    """
    opening = open_file(path)
    sure = {name: certainty(name, opening) for name in SCAN_FORMATS.names()}
    most = max(sure.values(), default=Certainty.NONE)
    names = [name for name, degree in sure.items() if degree == most]
    if most == Certainty.NONE:
        raise opening.error or UserError(_unknown(opening))
    if len(names) == 1:
        return names[0]
    raise UserError(
        f"{str(path)!r} can be of the formats {' and '.join(names)}; choose one with --from"
    )


def certainty(name: str, opening: Opening) -> Certainty:
    """Return how sure a format is that it can read a file.

    A format answers with a ``Certainty``, or with True for one whose shape fits.
    """
    degree = SCAN_FORMATS.load(name).recognizes(opening)
    return Certainty.LIKELY if degree is True else Certainty(degree)


def _unknown(opening: Opening) -> str:
    path = str(opening.path)
    if opening.path.is_dir():
        return f"{path!r} is a folder without {TRIALS}; name files, or the folder of a run"
    content = "a zip file" if opening.zipped else short(opening.data)
    known = "; ".join(f"{name}: {SCAN_FORMATS.summary(name)}" for name in SCAN_FORMATS.names())
    return f"{path!r} has no known format, it holds {content}; choose one with --from ({known})"
