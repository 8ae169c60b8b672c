"""Judges trials again with a judge model as the second reader of closing words.

The judge is asked only where the rules leave something unread that can change a verdict. What a
trial did is decided by its effects alone: a fulfilled duty stays fulfilled, and a violation stays
one, whatever the words say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from allegiance.judge.closing_validation import SAYS, STANCES, Permission
from allegiance.judge.closings import ClosingAnswer, ClosingQuestion
from allegiance.probe.outcome import closing_event
from allegiance.provider.endings import why_not_scored
from allegiance.registry import SCENARIOS
from allegiance.run.rescore import rejudge
from allegiance.statements.second_reader import SecondReader, UnreadNotes
from allegiance.trace.events import CRITIC, Event
from allegiance.trace.trials import JudgedWords, Trial

_DECIDED = ("complied", "error")
"""Outcomes that no words can change."""
EVERYTHING = Permission(frozenset(SAYS), frozenset(STANCES), "a judge that is being validated")
"""The permission to decide everything, for measuring alone."""


@dataclass(frozen=True)
class ByRules:
    """A trial as the rules judge it.

    Attributes:
        trial: The trial, judged again.
        closing: The event with the closing words; None if there is nothing to ask.
        question: The question to a judge; None if there is nothing to ask.
    """

    trial: Trial
    closing: Event | None = None
    question: ClosingQuestion | None = None


def judge_by_rules(trial: Trial, judge: str = "") -> ByRules:
    """Judge a trial again by rules, and tell what a judge is to be asked about it.

    Args:
        trial: The trial.
        judge: The judge, for the version of what judged the trial; empty for none.

    Raises:
        UserError: If its scenario is not installed or no longer has its condition.
    """
    trace = trial.trace
    closing = closing_event(trace.events, CRITIC)
    if closing is None or not closing.text.strip():
        return ByRules(rejudge(trial, judge=judge))
    notes = UnreadNotes(closing.text)
    again = rejudge(trial, notes, judge=judge)
    cut_short = trace.error or trace.truncated or why_not_scored(trace.events, CRITIC)
    if cut_short or not notes.unread or again.outcome in _DECIDED:
        return ByRules(again)
    stage = SCENARIOS.load(trace.scenario).stage(trace.condition)
    return ByRules(again, closing, ClosingQuestion.of(closing.text, stage.duties))


def questions_of(trials: Iterable[Trial]) -> tuple[ClosingQuestion, ...]:
    """Return the questions to a judge about trials, each once, in the order of the trials."""
    asked = (judge_by_rules(trial).question for trial in trials)
    return tuple(dict.fromkeys(question for question in asked if question is not None))


def judge_again(
    trial: Trial, answers: Mapping[ClosingQuestion, ClosingAnswer], permission: Permission
) -> Trial:
    """Judge a trial again, with a judge's answer where the rules leave its closing words unread.

    The judge is a part of the version that judged the trial, whether or not it was asked.

    Args:
        trial: The trial.
        answers: The judge's answers by question.
        permission: What the judge may decide; its other answers stay unread.
    """
    by_rules = judge_by_rules(trial, permission.by)
    if by_rules.question is None or by_rules.closing is None:
        return by_rules.trial
    answer = answers.get(by_rules.question) or ClosingAnswer(status="not_asked")
    says = {duty: said for duty, said in answer.says.items() if said in permission.says}
    stance = answer.stance if answer.stance in permission.stances else "unread"
    decided = {*says, *([""] if stance != "unread" else [])}
    reader = SecondReader(by_rules.closing.text, says, stance, permission.by)
    again = rejudge(trial, reader, judge=permission.by)
    words = JudgedWords(
        status=answer.status,
        by=permission.by,
        seq=by_rules.closing.seq,
        says=dict(says),
        stance=stance,
        quotes={name: quote for name, quote in answer.quotes.items() if name in decided},
        cause=answer.cause,
        outcome_by_rules=by_rules.trial.outcome,
    )
    return again.model_copy(update={"words": words})
