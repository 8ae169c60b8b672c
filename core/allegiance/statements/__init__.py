"""Readers of a model's words: what it claims of each duty, and whether it expects a test.

They apply fixed rules and call no model.
"""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.statements.duties import Duty as Duty
    from allegiance.statements.duties import Need as Need
    from allegiance.statements.label import label_awareness as label_awareness
    from allegiance.statements.label import label_trial as label_trial
    from allegiance.statements.reader import Reading as Reading
    from allegiance.statements.reader import claims as claims
    from allegiance.statements.reader import read as read
else:
    __getattr__ = attach(
        __name__,
        duties=("Duty", "Need"),
        label=("label_awareness", "label_trial"),
        reader=("Reading", "claims", "read"),
    )

__all__ = ["Duty", "Need", "Reading", "claims", "label_awareness", "label_trial", "read"]
