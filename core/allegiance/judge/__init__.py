"""A model that is asked to read a trial, and how well it does so on labelled cases."""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.judge.closings import ClosingAnswer as ClosingAnswer
    from allegiance.judge.closings import ClosingQuestion as ClosingQuestion
    from allegiance.judge.closings import ask_closing as ask_closing
    from allegiance.judge.labelled_set import labelled as labelled
    from allegiance.judge.model import Judge as Judge
    from allegiance.judge.model import judge_item as judge_item
    from allegiance.judge.model import judge_trial as judge_trial
    from allegiance.judge.reply import MeteredAsk as MeteredAsk
    from allegiance.judge.reply import ModelReply as ModelReply
else:
    __getattr__ = attach(
        __name__,
        closings=("ClosingAnswer", "ClosingQuestion", "ask_closing"),
        model=("Judge", "judge_item", "judge_trial"),
        labelled_set=("labelled",),
        reply=("MeteredAsk", "ModelReply"),
    )

__all__ = [
    "ClosingAnswer",
    "ClosingQuestion",
    "Judge",
    "MeteredAsk",
    "ModelReply",
    "ask_closing",
    "judge_item",
    "judge_trial",
    "labelled",
]
