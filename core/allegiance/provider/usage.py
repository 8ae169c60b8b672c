"""Checks the token counts that a provider reports."""

from __future__ import annotations

MOST = 10**12
"""The largest count that is accepted: a million times the largest context of a model."""


def token_count(value: object) -> int | None:
    """Return a reported count as an integer, or None if it cannot be a number of tokens.

    A count is whole, finite, not negative and at most ``MOST``; a bool or a string is no count.
    A provider that reports nothing reports 0.

    Args:
        value: Whatever stands where the count should be.
    """
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    # a comparison first: int() of nan or infinity raises
    return int(value) if 0 <= value <= MOST and value == int(value) else None


def describe(value: object) -> str:
    """Return a value as a short string; ``repr`` of an integer of 5,000 digits would raise."""
    if isinstance(value, (bool, float)):
        return repr(value)
    if isinstance(value, int):
        return "a negative number" if value < 0 else f"more than {MOST:,}"
    return f"a {type(value).__name__}"
