"""Helpers for programs that work on lines, bytes and numbers."""

from __future__ import annotations

from allegiance.shell.budget import charge

_UNITS = "KMGTPE"


def lines_of(text: str) -> list[str]:
    """Return the lines of a string with their ends; only a line feed ends a line."""
    charge(len(text) // 4)
    lines = text.split("\n")
    ended = [f"{line}\n" for line in lines[:-1]]
    return [*ended, lines[-1]] if lines[-1] else ended


def bare_lines(text: str) -> list[str]:
    """Return the lines of a string without their ends."""
    charge(len(text) // 4)
    lines = text.split("\n")
    return lines if lines[-1] else lines[:-1]


def cut_bytes(data: bytes) -> str:
    """Return bytes that may begin or end inside a character as a string."""
    return data.decode("utf-8", "replace")


def count_of(text: str) -> int | None:
    """Return the number in ``10`` or ``2k``, or None if it is none."""
    head = text.rstrip("bBkKmMGTiP")
    if not head.isascii() or not head.isdigit() or len(head) > 15:
        return None
    suffix = text[len(head) :]
    if not suffix:
        return int(head)
    if suffix == "b":
        return int(head) * 512
    power = _UNITS.find(suffix[0].upper()) + 1
    if power == 0 or suffix[1:] not in ("", "B", "iB"):
        return None
    unit = 1000 if suffix[1:] == "B" else 1024
    return int(head) * int(unit**power)


def human(size: int, base: int = 1024) -> str:
    """Return a size as ``ls -h`` and ``df -h`` show it, rounded up."""
    if size < base:
        return str(size)
    power, unit = 0, 1
    while size >= unit * base and power < len(_UNITS):
        unit *= base
        power += 1
    tenths = -(-size * 10 // unit)
    if tenths >= 100:
        whole = -(-size // unit)
        if whole >= base and power < len(_UNITS):
            return f"1.0{_UNITS[power]}"
        return f"{whole}{_UNITS[power - 1]}"
    return f"{tenths // 10}.{tenths % 10}{_UNITS[power - 1]}"
