"""From trials to numbers: counts, rates by factor, matched controls and tables."""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.analysis.controls import families as families
    from allegiance.analysis.patterns import compare as compare
    from allegiance.analysis.tables import rates as rates
    from allegiance.analysis.tallies import tally as tally
else:
    __getattr__ = attach(
        __name__,
        tallies=("tally",),
        tables=("rates",),
        controls=("families",),
        patterns=("compare",),
    )

__all__ = ["compare", "families", "rates", "tally"]
