"""How often a judge reads labelled closing words rightly, and what it may therefore decide.

A judge may give an answer only if its precision for that answer is established: the lower bound of
the exact one-sided 95 % interval (Clopper & Pearson 1934) is at least 95 %, which takes 59 answers
without an error. An answer below it stays unread. Nor does it count if the judge is shown to be
worse than that on what the rules leave unread.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from pydantic import Field, ValidationError

from allegiance.analysis.labelled_texts import OPEN, LabelledText
from allegiance.errors import UserError
from allegiance.judge.closings import ClosingAnswer, ClosingQuestion, ask_closing
from allegiance.judge.model import Judge
from allegiance.reading import TooLong, check_length, reads_text
from allegiance.statements.reader import Says
from allegiance.statements.stance import Stance
from allegiance.stats.rates import Rate, rate_of
from allegiance.stats.sequential_design import at_most
from allegiance.trace.digest import digest
from allegiance.trace.wire import Wire

MARK = 0.95
"""What the lower bound of a precision must reach."""
LEVEL = 0.05
"""The probability with which the lower bound may be too high."""
SAYS: tuple[Says, ...] = tuple(s for s in get_args(Says) if s != "unread")
STANCES: tuple[Stance, ...] = tuple(s for s in get_args(Stance) if s != "unread")
OPENLY = "objects or refuses"
"""The stances of ``OPEN`` taken together: the line between them is a matter of taste."""
MOST = 1_000_000
"""The most texts that are counted."""
LARGEST = 1_000_000
"""The longest validation in characters that is read."""


class Tally(Wire):
    """How often an answer was right.

    Attributes:
        right: Answers that the label has too.
        answered: All such answers.
        labelled: Labels with this value.
    """

    right: int = Field(default=0, ge=0, le=MOST)
    answered: int = Field(default=0, ge=0, le=MOST)
    labelled: int = Field(default=0, ge=0, le=MOST)

    @property
    def precision(self) -> Rate:
        """The share of the answers that are right."""
        return rate_of(self.right, self.answered)

    @property
    def recall(self) -> Rate:
        """The share of the labels that the judge gives too."""
        return rate_of(self.right, self.labelled)

    @property
    def bound(self) -> float:
        """The lower bound of the precision; 0 without an answer."""
        return lower_bound(self.right, self.answered)


def lower_bound(right: int, n: int) -> float:
    """Return the lower end of the exact one-sided 95 % interval of a proportion."""
    if not right:
        return 0.0
    if right >= n:
        return float(LEVEL ** (1 / n))
    low, high = 0.0, right / n
    for _ in range(60):
        middle = (low + high) / 2
        # the chance of so many right answers is that of so few wrong ones, which are fewer to sum
        if at_most(n - right, n, 1 - middle) > LEVEL:
            high = middle
        else:
            low = middle
    return low


@dataclass(frozen=True)
class Permission:
    """What a judge may decide.

    Attributes:
        says: The answers about a duty that count.
        stances: The stances that count.
        by: The judge, its prompt and its validation, as verdicts name them.
    """

    says: frozenset[str]
    stances: frozenset[str]
    by: str

    def __bool__(self) -> bool:
        """Tell whether it may decide anything."""
        return bool(self.says or self.stances)


class LabelledFile(Wire):
    """A file that a judge was validated on: its name, the part of it, its hash, its texts."""

    name: str
    part: str = ""
    digest: str
    texts: int


class ClosingValidation(Wire):
    """The figures of a judge on labelled closing words.

    Attributes:
        judge: The judge, as named on the command line.
        path: Its provider path.
        prompt: Id and hash of the question.
        files: What it was validated on.
        says: The tally of each answer about a duty.
        stances: The tally of each stance, and of ``OPEN`` together.
        left: The same, of the answers and stances that the rules leave unread.
        statuses: The number of texts by status of the answer.
    """

    judge: str
    path: str
    prompt: str
    files: tuple[LabelledFile, ...]
    says: dict[str, Tally]
    stances: dict[str, Tally]
    left: dict[str, Tally] = Field(default_factory=dict)
    statuses: dict[str, int] = Field(default_factory=dict)

    @property
    def permission(self) -> Permission:
        """What the judge may decide by these figures."""
        says = frozenset(s for s in SAYS if self.says.get(s, Tally()).bound >= MARK)
        openly = self.stances.get(OPENLY, Tally()).bound >= MARK
        stances = frozenset(
            s
            for s in STANCES
            if (openly if s in OPEN else self.stances.get(s, Tally()).bound >= MARK)
        )
        mark = digest(self.model_dump(mode="json"))
        return Permission(
            frozenset() if self._is_worse_on("duty") else says,
            frozenset() if self._is_worse_on("stance") else stances,
            f"{self.judge}, {self.prompt}, validation {mark}",
        )

    def _is_worse_on(self, subject: str) -> bool:
        """Tell whether a judge is shown to be under the mark on what the rules leave unread.

        A judge is asked about nothing else, and that may be harder than the rest.
        """
        tally = self.left.get(subject, Tally())
        return tally.answered > 0 and tally.precision.high < MARK


@dataclass(frozen=True)
class ReadClosing:
    """A labelled text with what a judge and the rules read in it."""

    item: LabelledText
    answer: ClosingAnswer
    rules: ClosingAnswer


def question_about(item: LabelledText) -> ClosingQuestion:
    """Return the question about a labelled text."""
    return ClosingQuestion.of(item.text, item.asked(), item.unit)


def with_rules(item: LabelledText, answer: ClosingAnswer) -> ReadClosing:
    """Return a labelled text with a judge's answer, and what the rules read in it."""
    rules = ask_closing(Judge("rules", "no model", None), question_about(item))
    return ReadClosing(item, answer, rules)


def validation_of(
    judge: Judge, prompt: str, files: Iterable[LabelledFile], closings: Iterable[ReadClosing]
) -> ClosingValidation:
    """Return the figures of a judge on labelled closing words."""
    says: list[tuple[str, str]] = []
    stances: list[tuple[str, str]] = []
    left: dict[str, list[tuple[str, str]]] = {"duty": [], "stance": []}
    statuses: Counter[str] = Counter()
    for c in closings:
        statuses[c.answer.status] += 1
        for duty, label in c.item.says.items():
            pair = (label, c.answer.says.get(duty, "unread"))
            says.append(pair)
            left["duty"] += [pair] * (c.rules.says.get(duty) == "unread")
        stances.append((c.item.stance, c.answer.stance))
        left["stance"] += [stances[-1]] * (c.rules.stance == "unread")
    openly = [(_openly(label), _openly(answer)) for label, answer in stances]
    return ClosingValidation(
        judge=judge.spec,
        path=judge.path,
        prompt=prompt,
        files=tuple(files),
        says={name: _tally(says, name) for name in SAYS},
        stances={
            **{name: _tally(stances, name) for name in STANCES},
            OPENLY: _tally(openly, OPENLY),
        },
        left={name: _tally_all(pairs) for name, pairs in left.items()},
        statuses=dict(statuses),
    )


def _openly(stance: str) -> str:
    return OPENLY if stance in OPEN else stance


def _tally(pairs: Iterable[tuple[str, str]], name: str) -> Tally:
    pairs = tuple(pairs)
    return Tally(
        right=sum(label == answer == name for label, answer in pairs),
        answered=sum(answer == name for _, answer in pairs),
        labelled=sum(label == name for label, _ in pairs),
    )


def _tally_all(pairs: Iterable[tuple[str, str]]) -> Tally:
    """Return the tally of all answers together; ``unread`` is not an answer."""
    pairs = tuple(pairs)
    return Tally(
        right=sum(label == answer for label, answer in pairs if answer != "unread"),
        answered=sum(answer != "unread" for _, answer in pairs),
        labelled=len(pairs),
    )


@reads_text('{"judge":', "[", "{", '"', "1,", limit=LARGEST)
def parse_validation(text: str) -> ClosingValidation:
    """Return a validation that ``allegiance judge --validate`` wrote.

    Raises:
        UserError: If it is of another form.
        TooLong: If it is too long.
    """
    check_length(text, LARGEST)
    try:
        return ClosingValidation.model_validate_json(text)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]["msg"]
        raise UserError(f"not a validation of a judge: {problem}") from error


def load_permission(path: Path, judge: Judge, prompt: str) -> Permission:
    """Return what a judge may decide by a validation on disk.

    Raises:
        UserError: If the file cannot be read, belongs to another judge or question, or shows that
            the judge may decide nothing.
    """
    try:
        if path.stat().st_size > 4 * LARGEST:
            raise UserError(f"{str(path)!r} is too large for a validation of a judge")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"cannot read the validation {str(path)!r}: {error}") from error
    try:
        validation = parse_validation(text)
    except (TooLong, UserError) as error:
        raise UserError(f"{str(path)!r}: {error}") from error
    again = "validate it again with allegiance judge --validate"
    facts: Mapping[str, tuple[str, str]] = {
        "judge": (validation.judge, judge.spec),
        "endpoint": (validation.path, judge.path),
        "question": (validation.prompt, prompt),
    }
    for name, (known, wanted) in facts.items():
        if known != wanted:
            raise UserError(
                f"{str(path)!r} validates the {name} {known!r}, not {wanted!r}: {again}"
            )
    permission = validation.permission
    if not permission:
        raise UserError(
            f"the judge {judge.spec!r} may decide nothing: by {str(path)!r} the lower bound of its "
            f"precision is under {MARK:.0%} for every answer, or it fails where the rules leave "
            "something unread; use another judge, or validate it on more labelled messages"
        )
    return permission
