"""Counts the turns and tokens of a trial, by role."""

from __future__ import annotations

from dataclasses import dataclass, fields

from allegiance.provider.usage import describe, token_count
from allegiance.trace.trials import Usage


@dataclass
class _Counts:
    turns: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached: int = 0
    cached_input_tokens: int = 0
    cached_output_tokens: int = 0


_NAMES = tuple(field.name for field in fields(_Counts))


class UsageByRole:
    """The turns and tokens of each role so far; hold a lock to change it.

    Attributes:
        throttled: How often a provider said that it was busy.
    """

    def __init__(self) -> None:
        self.throttled = 0
        self._counts: dict[str, _Counts] = {}
        self._bad_counts = 0
        self._bad_count = ""

    def add(self, role: str, reported: tuple[object, object], *, cached: bool) -> None:
        """Count a turn.

        Args:
            role: The role whose turn it was.
            reported: The tokens it read and wrote, as the provider reports them.
            cached: Whether the answer came from the cache, and cost nothing.
        """
        read = wrote = 0
        if reported != (None, None):
            read, wrote = (self.check_tokens(count) for count in reported)
        counts = self._counts.setdefault(role, _Counts())
        counts.turns += 1
        counts.input_tokens += read
        counts.output_tokens += wrote
        if cached:
            counts.cached += 1
            counts.cached_input_tokens += read
            counts.cached_output_tokens += wrote

    def check_tokens(self, reported: object) -> int:
        """Return a reported count of tokens; 0 and a note for what cannot be one."""
        tokens = token_count(reported)
        if tokens is None:
            self._bad_count = self._bad_count or describe(reported)
            self._bad_counts += 1
        return tokens or 0

    @property
    def note(self) -> str:
        """What was wrong with reported counts; empty if nothing was."""
        if not self._bad_counts:
            return ""
        return f"{self._bad_counts} recorded as 0, the first was {self._bad_count}"

    @property
    def turns(self) -> int:
        """The turns of all roles so far."""
        return sum(counts.turns for counts in self._counts.values())

    @property
    def total(self) -> Usage:
        """The usage of all roles so far."""
        counts = self._counts.values()
        sums = {name: sum(getattr(c, name) for c in counts) for name in _NAMES}
        return Usage(**sums, throttled=self.throttled)

    @property
    def by_role(self) -> dict[str, Usage]:
        """The usage of each role that took a turn."""
        return {role: Usage(**vars(counts)) for role, counts in self._counts.items()}
