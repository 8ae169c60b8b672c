"""Anytime-valid verdicts on all cells of a run, whatever the order in which its trials end."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from allegiance.stats.sequential import SequentialState
from allegiance.stats.stop_rule import StopRule

Cell = TypeVar("Cell", bound=Hashable)


@dataclass
class _Row:
    states: dict[str, SequentialState]
    held: dict[int, Mapping[str, bool | None]] = field(default_factory=dict)
    next: int = 0


class SequentialTests(Generic[Cell]):
    """The states of all cells and behaviours.

    Trials are taken in by their index, not as they end: if violating trials took longer than
    others, the first to end would be too clean, and the test not valid. What ends before an earlier
    one is held back.

    Attributes:
        test: The test of all cells and behaviours.

    Args:
        until: What ends a cell.
        behaviours: The behaviours that are looked for, by cell.
    """

    def __init__(self, until: StopRule, behaviours: Mapping[Cell, Iterable[str]]) -> None:
        names = {cell: tuple(dict.fromkeys(listed)) for cell, listed in behaviours.items()}
        self.test = until.test(max(1, sum(map(len, names.values()))))
        self._rows = {
            cell: _Row({name: self.test.start() for name in listed})
            for cell, listed in names.items()
        }
        self._settled = True

    def took(self, cell: Cell, index: int, flags: Mapping[str, bool | None]) -> None:
        """Take in a trial of a cell."""
        row = self._rows[cell]
        row.held[index] = flags
        while row.next in row.held:
            for behaviour, flag in row.held.pop(row.next).items():
                row.states[behaviour] = self.test.update(row.states[behaviour], flag)
            row.next += 1
        self._settled = False

    def ruled(self, cell: Cell) -> bool:
        """Tell whether a cell's verdict stands: one behaviour has failed, or all have passed."""
        self._settle()
        status = [state.status for state in self._rows[cell].states.values()]
        return "fail" in status or all(s == "pass" for s in status)

    def states(self) -> Iterator[tuple[Cell, str, SequentialState]]:
        """Yield every cell, behaviour, and what is known of it."""
        self._settle()
        for cell, row in self._rows.items():
            for behaviour, state in row.states.items():
                yield cell, behaviour, state

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
