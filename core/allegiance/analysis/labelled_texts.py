"""Labelled closings, and how well the statement reader reads them.

A file has one JSON object a line: what an agent wrote, what that asserts of each duty, and its
stance. ``docs/validation.md`` describes the fields.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from allegiance.errors import UserError
from allegiance.reading import reads_text
from allegiance.scenario.episodes import LARGEST, read_lines
from allegiance.statements import Duty
from allegiance.stats.rates import Rate, rate
from allegiance.trace.wire import Wire

Says = Literal["done", "not_done", "declined", "nothing", "unread"]
Stance = Literal["none", "objects", "refuses", "asks", "unread"]
OPEN: tuple[Stance, ...] = ("objects", "refuses")
"""The stances of an agent that says openly that it does not go along."""


class LabelledText(Wire):
    """A text and what it asserts.

    Attributes:
        id: The id, unique in its file.
        text: The text.
        job: A set of duties that the package knows, see ``JOBS``; empty if ``duties`` has them.
        duties: The duties by id, with their texts.
        says: What the text asserts, by duty.
        stance: The stance of its author.
        language: The language as a code, or ``mixed``.
        style: The form, such as ``prose`` or ``table``.
        unit: The id of the unit that the duties are about.
        form: The form in more detail than ``style``; it is not used.
        note: What is hard about the text; it is not used.
        part: The part of the set, such as ``held_out``; ``--part`` reads only one.
    """

    id: str = Field(min_length=1)
    text: str
    job: str = ""
    duties: Mapping[str, str] = Field(default_factory=dict)
    says: Mapping[str, Says]
    stance: Stance = "none"
    language: str = ""
    style: str = ""
    unit: str = "unit-7"
    part: str = ""
    form: str = ""
    note: str = ""

    def asked(self) -> tuple[Duty, ...]:
        """Return the duties of the text.

        Raises:
            UserError: If its job is unknown, or a label names no duty of the job.
        """
        texts = self.duties or _jobs().get(self.job)
        if texts is None:
            raise UserError(
                f"text {self.id!r}: unknown job {self.job!r}; write duties, or one of "
                f"{', '.join(_jobs())}"
            )
        if unknown := sorted(self.says.keys() - texts.keys()):
            raise UserError(
                f"text {self.id!r}: no duty {unknown[0]!r}; its duties are {', '.join(texts)}"
            )
        return tuple(Duty(name, text, ()) for name, text in texts.items())


@cache
def _jobs() -> dict[str, dict[str, str]]:
    import tomllib

    text = files("allegiance.analysis").joinpath("jobs.toml").read_text(encoding="utf-8")
    jobs: dict[str, dict[str, str]] = tomllib.loads(text)
    return jobs


@reads_text('{"id":', "[", "{", '"', "\\", "1", limit=LARGEST)
def read_texts(path: Path) -> tuple[LabelledText, ...]:
    """Return the labelled texts of a file.

    Raises:
        UserError: If the file cannot be read, or a line is not a labelled text; it names the line.
    """
    texts: dict[str, LabelledText] = {}
    for number, line in read_lines(path):
        try:
            item = LabelledText.model_validate_json(line)
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]
            place = ".".join(map(str, problem["loc"]))
            raise UserError(
                f"{path}, line {number} is not a labelled text: {place}: {problem['msg']}"
            ) from error
        if item.id in texts:
            raise UserError(f"{path}, line {number}: the id {item.id!r} occurs twice")
        texts[item.id] = item
    if not texts:
        raise UserError(f"{str(path)!r} holds no labelled text")
    return tuple(texts.values())


@dataclass(frozen=True)
class ReadText:
    """A labelled text with what a reader made of it."""

    item: LabelledText
    says: Mapping[str, Says]
    stance: Stance


Read = Callable[[str, Sequence[Duty], str], tuple[Mapping[str, Says], Stance]]
"""Reads a text for duties of a unit."""


@dataclass(frozen=True)
class TextReport:
    """The figures of a set of labelled texts.

    Attributes:
        done: The share of labelled ``done`` that is read as ``done``, by language or form.
        false_done: The share of the other labels that is read as ``done``, by language or form.
        open: The share of refusals and objections that is heard as one of them.
        false_open: The share of other texts that is taken for a refusal or an objection.
        asks: The share of questions that is heard as one.
        says: Labels by what was labelled and what was read.
        stances: Texts by labelled stance and stance read.
        missed: Texts in which something labelled was not read.
        false: Texts that are read as ``done``, a refusal or an objection, and are not.
    """

    done: dict[str, Rate]
    false_done: dict[str, Rate]
    open: dict[str, Rate]
    false_open: dict[str, Rate]
    asks: Rate
    says: Counter[tuple[str, str]]
    stances: Counter[tuple[str, str]]
    missed: tuple[ReadText, ...]
    false: tuple[ReadText, ...]


ALL = "all"


def report(texts: Iterable[ReadText]) -> TextReport:
    """Return the figures of texts that were read."""
    texts = tuple(texts)
    labels = [(t, label, t.says.get(duty, "nothing")) for t in texts for duty, label in _says(t)]
    return TextReport(
        done=_by_group((t, got == "done") for t, label, got in labels if label == "done"),
        false_done=_by_group((t, got == "done") for t, label, got in labels if label != "done"),
        open=_by_group((t, t.stance in OPEN) for t in texts if t.item.stance in OPEN),
        false_open=_by_group((t, t.stance in OPEN) for t in texts if t.item.stance not in OPEN),
        asks=rate(t.stance == "asks" for t in texts if t.item.stance == "asks"),
        says=Counter((label, got) for _, label, got in labels),
        stances=Counter((t.item.stance, t.stance) for t in texts),
        missed=tuple(t for t in texts if _missed(t)),
        false=tuple(t for t in texts if _is_false(t)),
    )


def _says(text: ReadText) -> Iterable[tuple[str, Says]]:
    return text.item.says.items()


def _missed(text: ReadText) -> bool:
    done = any(s == "done" and text.says.get(d) != "done" for d, s in _says(text))
    return done or (text.item.stance in OPEN and text.stance not in OPEN)


def _is_false(text: ReadText) -> bool:
    done = any(s != "done" and text.says.get(d) == "done" for d, s in _says(text))
    return done or (text.item.stance not in OPEN and text.stance in OPEN)


def _by_group(hits: Iterable[tuple[ReadText, bool]]) -> dict[str, Rate]:
    """Return the rates of all texts, of each language and of each form."""
    groups: dict[str, list[bool]] = {ALL: []}
    for text, hit in hits:
        for group in dict.fromkeys((ALL, text.item.language, text.item.style)):
            if group:
                groups.setdefault(group, []).append(hit)
    return {group: rate(flags) for group, flags in sorted(groups.items())}
