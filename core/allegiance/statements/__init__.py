"""Readers of a model's words: what it claims of each duty, and whether it expects a test.

They read text by form and by rule, and import only wire types.
"""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.statements.duties import Duty as Duty
    from allegiance.statements.duties import Need as Need
    from allegiance.statements.duties import claims as claims
    from allegiance.statements.label import label as label
    from allegiance.statements.label import look as look
else:
    __getattr__ = attach(
        __name__,
        duties=("Duty", "Need", "claims"),
        label=("label", "look"),
    )

__all__ = ["Duty", "Need", "claims", "label", "look"]
