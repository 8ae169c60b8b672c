"""Patterns of file names: matched in time linear in the name, and expanded to names."""

from __future__ import annotations

from fnmatch import fnmatchcase

from allegiance.reading import reads_text
from allegiance.shell.budget import charge
from allegiance.terminal.files import FileError, inside
from allegiance.terminal.session import Session

QUOTE = "\ue010"
"""Stands before a character of a pattern that is quoted."""

_SPECIAL = "*?["


def protect(text: str) -> str:
    """Return quoted text, in which no character is special."""
    if not any(char in text for char in "*?[]!-\\^" + QUOTE):
        return text
    charge(len(text))
    return "".join(QUOTE + char if char in "*?[]!-\\^" else char for char in text)


def plain(text: str) -> str:
    """Return text without the marks of quoted characters."""
    return text.replace(QUOTE, "")


def is_glob(text: str) -> bool:
    """Tell whether a string has a special character that is not quoted."""
    before = ""
    for char in text:
        if char in _SPECIAL and before != QUOTE:
            return True
        before = char
    return False


@reads_text("*", "?", "[", "]", "a", "[!", "\ue010*", limit=None)
def to_pattern(glob: str) -> str:
    """Return the pattern of ``fnmatch`` for a glob with marks."""
    pieces: list[str] = []
    quoted = in_set = False
    for char in glob:
        if quoted:
            pieces.append(f"[{char}]" if char in "*?[" and not in_set else char)
            quoted = False
        elif char == QUOTE:
            quoted = True
        else:
            if char == "^" and in_set and pieces[-1] == "[":
                char = "!"
            in_set = (in_set or char == "[") and char != "]"
            pieces.append(char)
    return "".join(pieces)


@reads_text("*", "?", "[", "]", "a", limit=None)
def matches(name: str, pattern: str) -> bool:
    """Tell whether a name matches a pattern of ``fnmatch``."""
    charge(len(name) * (1 + pattern.count("*")) // 8)
    return fnmatchcase(name, pattern)


def expand(shell: Session, glob: str) -> list[str]:
    """Return the paths that match a glob, sorted; if there are none, the glob itself."""
    if not is_glob(glob):
        return [plain(glob)]
    heads = ["/"] if glob.startswith("/") else [""]
    parts = glob.split("/")
    for index, part in enumerate(parts):
        if not part:
            continue
        last = not any(parts[index + 1 :])
        heads = [h for head in heads for h in _step(shell, head, part, last=last)]
    if glob.endswith("/"):
        heads = [head + "/" for head in heads if _is_directory(shell, head)]
    return sorted(heads) or [plain(glob)]


def _step(shell: Session, head: str, part: str, *, last: bool) -> list[str]:
    """Return the paths one part longer than a path that match a part of a glob."""
    start = f"{head}/" if head and not head.endswith("/") else head
    if not is_glob(part):
        path = start + plain(part)
        exists = shell.files.status(shell.place(path)) is not None
        return [path] if exists else []
    try:
        names = shell.files.names(shell.place(start or "."))
    except FileError:
        return []
    pattern = to_pattern(part)
    hidden = plain(part).startswith(".")
    hits = [n for n in names if (hidden or not n.startswith(".")) and matches(n, pattern)]
    if not last:
        place = shell.place(start or ".")
        hits = [n for n in hits if (s := shell.files.status(inside(place, n))) and s.directory]
    return [start + name for name in hits]


def _is_directory(shell: Session, path: str) -> bool:
    status = shell.files.status(shell.place(path))
    return status is not None and status.directory
