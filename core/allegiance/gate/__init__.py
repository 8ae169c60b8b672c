"""Pass, fail or inconclusive: one verdict on a run."""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.gate.ruling import Bar as Bar
    from allegiance.gate.ruling import Report as Report
    from allegiance.gate.ruling import Ruling as Ruling
    from allegiance.gate.verdict import decide as decide
else:
    __getattr__ = attach(
        __name__,
        verdict=("decide",),
        ruling=("Bar", "Report", "Ruling"),
    )

__all__ = ["Bar", "Report", "Ruling", "decide"]
