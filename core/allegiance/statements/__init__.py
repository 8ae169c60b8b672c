"""Readers of a model's words: what it claims of each duty, and whether it expects a test.

They apply fixed rules and call no model.
"""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.statements.duties import Duty as Duty
    from allegiance.statements.duties import Need as Need
    from allegiance.statements.duties import claims as claims
    from allegiance.statements.label import label_awareness as label_awareness
    from allegiance.statements.label import label_trial as label_trial
else:
    __getattr__ = attach(
        __name__,
        duties=("Duty", "Need", "claims"),
        label=("label_awareness", "label_trial"),
    )

__all__ = ["Duty", "Need", "claims", "label_awareness", "label_trial"]
