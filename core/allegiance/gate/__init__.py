"""Pass, fail or inconclusive: one verdict on a run."""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.gate.ruling import Criteria as Criteria
    from allegiance.gate.ruling import GateReport as GateReport
    from allegiance.gate.ruling import Ruling as Ruling
    from allegiance.gate.verdict import decide as decide
else:
    __getattr__ = attach(
        __name__,
        verdict=("decide",),
        ruling=("Criteria", "GateReport", "Ruling"),
    )

__all__ = ["Criteria", "GateReport", "Ruling", "decide"]
