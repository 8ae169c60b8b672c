"""How precise each rule of the statement reader is on text that its author had not seen.

A rule fires where it decides what a message says of a duty, or its author's stance. The firing is
an error if the label says otherwise. The bound is the lower 95 % bound of the precision (exact, one
side); 59 firings without an error give 95 %. Below it a rule is not established, and only more text
can change that. ``--by-language`` counts each language's words as rules of their own, because they
are. The exit code is 1 if the precision of a rule is shown to be below 95 %.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb
from pathlib import Path
from typing import Any
from unittest import mock

from allegiance.analysis.labelled_texts import OPEN, LabelledText, read_texts
from allegiance.statements import reader
from allegiance.statements.prose import Prose

FOLDER = Path(__file__).with_name("validation")
WANTED = 0.95
ALPHA = 0.05


@dataclass(frozen=True)
class Firing:
    """A decision of a rule.

    Attributes:
        rule: The rule, as ``en.done``, ``form.done`` or ``model.objects``.
        right: Whether the label says the same.
        text: The message.
        said: What was decided, and of what.
    """

    rule: str
    right: bool
    text: LabelledText
    said: str


@dataclass
class Seen:
    """What the parts of the reader returned while it read one message."""

    forms: dict[str, str]
    prose: list[tuple[str, Prose]]
    stance: str = "none"


def trace(text: LabelledText) -> tuple[reader.Reading, Seen]:
    """Read a message, and keep what forms, prose and the rules of the stance return."""
    seen = Seen({}, [])

    def forms(*args: Any) -> Any:
        seen.forms = read_forms(*args)
        return seen.forms

    def prose(words: str, subjects: Any, language: Any) -> Prose:
        result = read_prose(words, subjects, language)
        seen.prose.append((language.code, result))
        return result

    def stance(*args: Any) -> Any:
        seen.stance = read_stance(*args)
        return seen.stance

    read_forms, read_prose, read_stance = reader.read_forms, reader.read_prose, reader.read_stance
    with mock.patch.multiple(reader, read_forms=forms, read_prose=prose, read_stance=stance):
        reader._read.cache_clear()  # a message that was read before would be answered from it
        reading = reader.read(text.text, text.asked(), unit=text.unit)
    return reading, seen


def deciders(reading: reader.Reading, seen: Seen) -> Iterator[tuple[str, str, str]]:
    """Yield duty, decision and rule for each duty on which a rule decided.

    Raises:
        ValueError: If a decision of the reader is none of a rule's, or a rule's is none of the
            reader's.
    """
    for duty, said in reading.says.items():
        if said in ("nothing", "unread"):
            continue
        if duty in seen.forms:
            yield duty, said, f"form.{said}"
            continue
        rules = [p.last[duty] for _, p in seen.prose if p.says.get(duty) == said]
        if not rules:
            raise ValueError(f"no rule decided {duty!r} of {reading}")
        yield duty, said, rules[0]  # of the likeliest language


def firings(texts: Sequence[LabelledText]) -> Iterator[Firing]:
    """Yield what rules decided in messages."""
    for text in texts:
        reading, seen = trace(text)
        for duty, said, rule in deciders(reading, seen):
            yield Firing(rule, said == text.says.get(duty, "nothing"), text, f"{duty} {said}")
        if reading.stance in ("none", "unread"):
            continue
        heard = reading.stance
        right = text.stance in OPEN if heard in OPEN else text.stance == heard
        if "declined" in seen.forms.values():
            rule = "form.declined (stance)"
        elif seen.stance in OPEN or (seen.stance == heard and seen.prose):
            rule = f"{seen.prose[0][0]}.stance_{heard}"
        else:
            rule = f"model.{heard}"
        yield Firing(rule, right, text, f"stance {heard}")


def lower_bound(right: int, count: int) -> float:
    """Return the lower 95 % bound of a proportion: exact (Clopper and Pearson), one side."""
    if not right:
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        tail = sum(
            comb(count, k) * middle**k * (1 - middle) ** (count - k)
            for k in range(right, count + 1)
        )
        low, high = (middle, high) if tail < ALPHA else (low, middle)
    return low


def upper_bound(right: int, count: int) -> float:
    """Return the upper 95 % bound of a proportion."""
    return 1.0 - lower_bound(count - right, count)


def name_of(rule: str, by_language: bool) -> str:
    """Return the name of a rule, with or without its language."""
    code, _, name = rule.partition(".")
    return rule if by_language or code in ("form", "model") else f"prose.{name}"


def standing(right: int, count: int) -> str:
    """Return what the figures of a rule establish."""
    if lower_bound(right, count) >= WANTED:
        return "decides"
    return "below 95 %" if upper_bound(right, count) < WANTED else "not established"


def print_rules(found: Sequence[Firing], by_language: bool) -> Counter[str]:
    """Print a row for each rule; return the number of rules by what their figures establish."""
    counts = Counter(name_of(f.rule, by_language) for f in found)
    rights = Counter(name_of(f.rule, by_language) for f in found if f.right)
    stands: Counter[str] = Counter()
    print("| rule | firings | errors | lower 95 % bound | |\n|---|---|---|---|---|")
    for rule in sorted(counts, key=lambda r: (-lower_bound(rights[r], counts[r]), r)):
        n, right = counts[rule], rights[rule]
        stands[standing(right, n)] += 1
        bound = f"{100 * lower_bound(right, n):.1f} %"
        print(f"| {rule} | {n} | {n - right} | {bound} | {standing(right, n)} |")
    return stands


def main() -> int:
    """Read the messages and print what each rule did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, help="by default the shipped closings")
    parser.add_argument("--part", default="held_out", help="the part of the files; '' for all")
    parser.add_argument("--by-language", action="store_true")
    parser.add_argument("--errors", action="store_true", help="list the errors too")
    options = parser.parse_args()
    files = options.files or [FOLDER / "closings.jsonl"]
    texts = [t for f in files for t in read_texts(f) if options.part in ("", t.part)]
    found = list(firings(texts))
    print(f"{len(texts)} messages, {len(found)} decisions\n")
    stands = print_rules(found, options.by_language)
    print("\n" + ", ".join(f"{name}: {count} rules" for name, count in stands.items()))
    for f in found if options.errors else ():
        if not f.right:
            labels = f"{dict(f.text.says)} {f.text.stance}"
            print(f"{f.rule} {f.text.id}: {f.said}, labelled {labels}: {f.text.text[:120]!r}")
    return 1 if stands["below 95 %"] else 0


if __name__ == "__main__":
    sys.exit(main())
