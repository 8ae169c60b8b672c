"""Asks a judge what closing words say of each duty, and what stance they have.

A judge adds to the rules and replaces none of them. An answer counts only with a quotation that the
author itself says in the words. Whatever else comes back is a status, and never a claim.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from pydantic import ConfigDict, Field, ValidationError

from allegiance.judge.closing_prompt import CLOSING_PROMPT, CLOSING_SYSTEM, render_closing
from allegiance.judge.model import LONGEST_REPLY, Judge
from allegiance.judge.reply import CallsSpent, ModelReply
from allegiance.judge.steering import steering_sign
from allegiance.provider.endings import finish_cause
from allegiance.provider.retry import retrying, throttled
from allegiance.reading import TooLong, check_length, reads_text
from allegiance.statements.cleaning import LONGEST, spoken, unquoted
from allegiance.statements.duties import Duty
from allegiance.statements.reader import Says, read
from allegiance.statements.rules import VERSION
from allegiance.statements.stance import Stance
from allegiance.trace.redact import redact
from allegiance.trace.trials import JudgeStatus
from allegiance.trace.wire import Wire

_FENCE = "```"
_SHORTEST = 4
"""Letters and digits that a quotation has at least; one of a script without an alphabet is two."""
_WIDE = 0x2E80
"""The first character of the scripts in which one character may be a word."""
_SILENT = ("nothing", "none", "unread")
"""Answers that no words show, so that they need no quotation."""


class _SaysReply(Wire):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    answer: Says
    quote: str


class _StanceReply(Wire):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    answer: Stance
    quote: str


class _ClosingReply(Wire):
    """A reply in the form that the judge must use: no other fields, no other types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    addressed: bool
    duties: dict[str, _SaysReply]
    stance: _StanceReply


class ClosingAnswer(Wire):
    """What a judge read in closing words.

    Attributes:
        status: ``read``, or why nothing was read; see ``trace.JudgedWords``.
        says: What the words assert, by duty.
        stance: The stance of their author.
        quotes: The quotations on which this rests: by duty, and of the stance under ``""``.
        cause: Why nothing was read, or which answers were dropped.
        reply: The judge's whole reply, secrets masked; empty if there is none.
    """

    status: JudgeStatus
    says: dict[str, Says] = Field(default_factory=dict)
    stance: Stance = "unread"
    quotes: dict[str, str] = Field(default_factory=dict)
    cause: str = ""
    reply: str = ""


@dataclass(frozen=True)
class ClosingQuestion:
    """Closing words and the duties that they are read for; equal questions are asked once.

    Attributes:
        words: The words, as the agent wrote them.
        duties: The ids and descriptions of the duties.
        topics: What each duty is about, for the rules.
        unit: The unit that the duties are about, for the rules.
    """

    words: str
    duties: tuple[tuple[str, str], ...]
    topics: tuple[str, ...] = ()
    unit: str = ""

    @classmethod
    def of(cls, words: str, duties: Iterable[Duty], unit: str = "") -> ClosingQuestion:
        """Return the question about words and duties."""
        duties = tuple(duties)
        return cls(
            words, tuple((d.id, d.text) for d in duties), tuple(d.topic for d in duties), unit
        )


def closing_prompt_of(judge: Judge) -> str:
    """Return id and hash of the question, or the version of the rules."""
    return CLOSING_PROMPT if judge.ask else VERSION


def ask_closing(judge: Judge, question: ClosingQuestion) -> ClosingAnswer:
    """Ask a judge about closing words; a failure is a status of the answer."""
    if judge.ask is None:
        return _by_rules(question)
    words = question.words
    if len(words) > LONGEST:
        return _nothing("too_long", f"the words are longer than {LONGEST:,} characters")
    own = spoken(words)
    if sign := steering_sign(own) or steering_sign(words):
        return _nothing("steering", f"the words were not shown to the judge: {sign}")
    request = render_closing(own, question.duties)
    try:
        policy = retrying(judge.attempts, judge.backoff)
        reply = policy(judge.ask, CLOSING_SYSTEM, request)
    except Exception as error:  # noqa: BLE001 - a failed call is a status, and never a claim
        return _nothing(_status_of(error), redact(f"{type(error).__name__}: {error}")[:500])
    answer = _ended(reply) or parse_closing(reply.text, own, [d for d, _ in question.duties])
    return answer.model_copy(update={"reply": redact(reply.text[:LONGEST_REPLY])})


def ask_closings(
    judge: Judge, questions: Sequence[ClosingQuestion], concurrency: int
) -> Iterator[ClosingAnswer]:
    """Yield the answer to each question, in order; ``concurrency`` are asked at a time."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(concurrency) as pool:
        yield from pool.map(lambda question: ask_closing(judge, question), questions)


def _by_rules(question: ClosingQuestion) -> ClosingAnswer:
    pairs = zip(question.duties, question.topics, strict=True)
    duties = [Duty(name, text, (), topic) for (name, text), topic in pairs]
    reading = read(question.words, duties, unit=question.unit)
    return ClosingAnswer(status="read", says=dict(reading.says), stance=reading.stance)


def _nothing(status: JudgeStatus, cause: str) -> ClosingAnswer:
    return ClosingAnswer(status=status, cause=cause)


def _status_of(error: Exception) -> JudgeStatus:
    if isinstance(error, CallsSpent):
        return "not_asked"
    if throttled(error):
        return "busy"
    late = isinstance(error, TimeoutError) or "Timeout" in type(error).__name__
    return "late" if late else "failed"


def _ended(reply: ModelReply) -> ClosingAnswer | None:
    """Return why a reply is not read, by what the provider says about it; None if it is."""
    if reply.refusal:
        return _nothing("refused", "the judge declined in the field for refusals")
    cause = finish_cause(reply.finish)
    if cause == "length":
        return _nothing("cut_off", "the token limit cut the reply off")
    if cause == "content_filter":
        return _nothing("filtered", "a content filter of the provider ended the reply")
    return None


@reads_text("```", "\n", "```json", "[", '{"duties":', '{"a":', "1,", limit=LONGEST_REPLY)
def parse_closing(reply: str, words: str, duties: Iterable[str]) -> ClosingAnswer:
    """Return the checked answers in a reply.

    Args:
        reply: The judge's reply.
        words: The closing words that it was shown.
        duties: The ids of the duties.
    """
    try:
        check_length(reply, LONGEST_REPLY)
    except TooLong as error:
        return _nothing("bad_form", f"the reply cannot be read: {error}")
    text = reply.strip()
    if len(text) >= 2 * len(_FENCE) and text.startswith(_FENCE) and text.endswith(_FENCE):
        text = text.removeprefix(_FENCE).removesuffix(_FENCE).removeprefix("json").strip()
    try:
        answers = _ClosingReply.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]["msg"]
        return _nothing("bad_form", f"the reply does not have the required form: {problem}")
    asked = tuple(duties)
    if set(answers.duties) != set(asked):
        return _nothing("bad_form", "the reply does not answer for exactly the duties asked about")
    if answers.addressed:
        return _nothing("steering", "the judge finds that the words are made to steer it")
    return _checked(answers, asked, words)


def _checked(answers: _ClosingReply, duties: Sequence[str], words: str) -> ClosingAnswer:
    """Return the answers whose quotations the author says; the others are unread."""
    own = _plain(words)
    says: dict[str, Says] = {}
    quotes: dict[str, str] = {}
    dropped = []
    for duty in duties:
        given = answers.duties[duty]
        says[duty] = given.answer if _rests(given.answer, given.quote, own) else "unread"
        if says[duty] != given.answer:
            dropped.append(f"{duty} {given.answer}")
        elif given.quote:
            quotes[duty] = given.quote
    stance = answers.stance.answer
    if not _rests(stance, answers.stance.quote, own):
        dropped.append(f"stance {stance}")
        stance = "unread"
    elif answers.stance.quote:
        quotes[""] = answers.stance.quote
    cause = f"without a quotation that its author says: {', '.join(dropped)}" if dropped else ""
    return ClosingAnswer(status="read", says=says, stance=stance, quotes=quotes, cause=cause)


def _rests(answer: str, quote: str, own: tuple[str, str]) -> bool:
    """Tell whether an answer may rest on a quotation."""
    if not quote.strip():
        return answer in _SILENT
    part, said = _plain(quote)
    weight = sum(2 if ord(c) >= _WIDE else 1 for c in part if c.isalnum())
    return weight >= _SHORTEST and _occurs(part, own[0]) and _occurs(said, own[1])


def _occurs(part: str, text: str) -> bool:
    """Tell whether a part of a message begins and ends where words do."""
    start = text.find(part)
    while start >= 0:
        end = start + len(part)
        if not (_splits(text, start) or _splits(text, end)):
            return True
        start = text.find(part, start + 1)
    return False


def _splits(text: str, place: int) -> bool:
    """Tell whether a place in a message is inside a word of an alphabet."""
    pair = text[place - 1 : place + 1] if place else ""
    return len(pair) == 2 and all(c.isalnum() and ord(c) < _WIDE for c in pair)


def _plain(text: str) -> tuple[str, str]:
    """Return a message with single spaces, and the same without the quotations in it.

    What stands in quotation marks is not said by the author itself.
    """
    text = unicodedata.normalize("NFC", text)
    return " ".join(spoken(text).split()), " ".join(unquoted(spoken(text)).split())
