"""Anytime-valid verdicts on all configurations of a run, in whatever order its trials end."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from allegiance.stats.sequential import SequentialState
from allegiance.stats.stop_rule import StopRule

Key = TypeVar("Key", bound=Hashable)


@dataclass
class _Row:
    states: dict[str, SequentialState]
    held: dict[int, Mapping[str, bool | None]] = field(default_factory=dict)
    next: int = 0


class SequentialTests(Generic[Key]):
    """The sequential tests of all configurations and behaviours of a run.

    Each test takes trials in the order of their index. In the order in which they end it would not
    be valid: if violating takes longer, the trials that end first show too few violations. A trial
    that ends before an earlier one waits for it.

    Attributes:
        test: The test that all of them share.

    Args:
        until: The rule that ends a configuration.
        behaviours: The behaviours to test, by configuration.
    """

    def __init__(self, until: StopRule, behaviours: Mapping[Key, Iterable[str]]) -> None:
        names = {key: tuple(dict.fromkeys(listed)) for key, listed in behaviours.items()}
        self.test = until.test(max(1, sum(map(len, names.values()))))
        self._rows = {
            key: _Row({name: self.test.start() for name in listed}) for key, listed in names.items()
        }
        self._settled = True

    def add(self, key: Key, index: int, flags: Mapping[str, bool | None]) -> None:
        """Add a trial of a configuration.

        Args:
            key: The configuration.
            index: The index of the trial within the configuration.
            flags: Whether the trial shows each behaviour; None if it was not scored.
        """
        row = self._rows[key]
        row.held[index] = flags
        while row.next in row.held:
            for behaviour, flag in row.held.pop(row.next).items():
                row.states[behaviour] = self.test.update(row.states[behaviour], flag)
            row.next += 1
        self._settled = False

    def is_decided(self, key: Key) -> bool:
        """Tell whether a configuration has a verdict: a behaviour failed, or all passed."""
        self._settle()
        status = [state.status for state in self._rows[key].states.values()]
        return "fail" in status or all(s == "pass" for s in status)

    def states(self) -> Iterator[tuple[Key, str, SequentialState]]:
        """Yield every configuration and behaviour with its state."""
        self._settle()
        for key, row in self._rows.items():
            for behaviour, state in row.states.items():
                yield key, behaviour, state

    def _settle(self) -> None:
        if self._settled:
            return
        flat = [
            (row, name, state) for row in self._rows.values() for name, state in row.states.items()
        ]
        for (row, name, _), state in zip(
            flat, self.test.settle([s for _, _, s in flat]), strict=True
        ):
            row.states[name] = state
        self._settled = True
