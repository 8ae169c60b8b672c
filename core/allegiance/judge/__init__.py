"""A model that is asked to read a trial, and how well it does so on labelled cases."""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.judge.labelled_set import labelled as labelled
    from allegiance.judge.model import Judge as Judge
    from allegiance.judge.model import judge_item as judge_item
    from allegiance.judge.model import judge_trial as judge_trial
else:
    __getattr__ = attach(
        __name__,
        model=("Judge", "judge_item", "judge_trial"),
        labelled_set=("labelled",),
    )

__all__ = ["Judge", "judge_item", "judge_trial", "labelled"]
