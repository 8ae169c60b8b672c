"""Regular expressions in time linear in the text: the longest of the first matches, as in POSIX."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from allegiance.shell.budget import charge
from allegiance.terminal.regex_steps import Step, is_word
from allegiance.terminal.regex_syntax import compile_regex

_CACHED = 500
"""How many states are remembered."""

_SPECIAL = "\\^$.*[]+?{}()|"

Groups = tuple[int, ...]


@dataclass(frozen=True)
class Match:
    """A match of an expression.

    Attributes:
        text: The text.
        ends: The begin and the end of the match and of each group; -1 if a group took no part.
    """

    text: str
    ends: Groups

    @property
    def start(self) -> int:
        """Where the match begins."""
        return self.ends[0]

    @property
    def end(self) -> int:
        """Where the match ends."""
        return self.ends[1]

    def group(self, number: int) -> str:
        """Return the text of a group; it is empty if the group took no part."""
        if 2 * number + 1 >= len(self.ends) or self.ends[2 * number + 1] < 0:
            return ""
        return self.text[self.ends[2 * number] : self.ends[2 * number + 1]]


@dataclass
class _State:
    """Places in the program that are reached at once.

    Attributes:
        places: The places.
        accepts: Whether a match ends here.
        next: The states behind each character.
        last: Whether each character leads to a match if it is the last one.
    """

    places: frozenset[int]
    accepts: bool
    next: dict[str, _State] = field(default_factory=dict)
    last: dict[str, bool] = field(default_factory=dict)


class Regex:
    """A compiled expression.

    Args:
        pattern: The expression.
        extended: Whether its operators are written without backslashes.
        fold: Whether the case of letters is ignored.

    Raises:
        RegexError: If the expression is wrong.
    """

    def __init__(self, pattern: str, *, extended: bool = False, fold: bool = False) -> None:
        plain = not any(char in _SPECIAL for char in pattern) and not fold
        self.literal = pattern if plain and pattern else None
        self.steps: list[Step] = []
        self.groups = 0
        if self.literal is None:
            self.steps, self.groups = compile_regex(pattern, extended=extended, fold=fold)
        self._simple = not any(s.kind in ("edge", "inner", "begin", "end") for s in self.steps)
        self._states: dict[frozenset[int], _State] = {}
        self._first: _State | None = None

    def matches(self, text: str) -> bool:
        """Tell whether the expression matches anywhere in a string of one line."""
        if self.literal is not None:
            charge(len(text) // 16)
            return self.literal in text
        if not self._simple or not text:
            return self._longest(text, 0) is not None
        charge(1 + len(text) // 4)
        if self._first is None:
            self._first = self._state(self._closed({0}, first=True, last=False))
        state = self._first
        for char in text[:-1]:
            if state.accepts:
                return True
            state = state.next.get(char) or self._next(state, char)
        return state.accepts or self._ends(state, text[-1])

    def _ends(self, state: _State, char: str) -> bool:
        """Tell whether the last character leads to a match; ``$`` holds behind it."""
        if (known := state.last.get(char)) is None:
            places = self._behind(state, char) | {0}
            known = self._final in self._closed(places, first=False, last=True)
            state.last[char] = known
        return known

    def _next(self, state: _State, char: str) -> _State:
        """Return the state behind a character, where another match may begin."""
        if len(self._states) > _CACHED:
            self._states.clear()
            state.next.clear()
        places = self._behind(state, char) | {0}
        after = self._state(self._closed(places, first=False, last=False))
        state.next[char] = after
        return after

    def _state(self, places: frozenset[int]) -> _State:
        if (state := self._states.get(places)) is None:
            state = self._states[places] = _State(places, self._final in places)
        return state

    def _behind(self, state: _State, char: str) -> set[int]:
        charge(4 + 2 * len(state.places))
        return {p + 1 for p in state.places if (test := self.steps[p].test) and test(char)}

    @property
    def _final(self) -> int:
        return len(self.steps) - 1

    def _closed(self, places: set[int], *, first: bool, last: bool) -> frozenset[int]:
        """Return the places that can be reached without a character."""
        passed = {"save", *(["bol"] if first else []), *(["eol"] if last else [])}
        seen: set[int] = set()
        todo = list(places)
        while todo:
            place = todo.pop()
            if place in seen:
                continue
            seen.add(place)
            step = self.steps[place]
            if step.kind == "split":
                todo += step.targets
            elif step.kind in passed:
                todo.append(place + 1)
        charge(len(seen))
        return frozenset(p for p in seen if self.steps[p].kind in ("char", "match"))

    def search(self, text: str, start: int = 0) -> Match | None:
        """Return the longest of the first matches at or behind a place, or None."""
        if self.literal is not None:
            charge(len(text) // 16)
            place = text.find(self.literal, start)
            return Match(text, (place, place + len(self.literal))) if place >= 0 else None
        if start == 0 and not self.matches(text):
            return None
        return self._longest(text, start)

    def _longest(self, text: str, start: int) -> Match | None:
        """Return the longest of the first matches, with its groups."""
        threads: list[tuple[int, Groups]] = []
        blank: Groups = (-1,) * (2 * self.groups + 2)
        best: Groups | None = None
        for index in range(start, len(text) + 1):
            charge(10 + 6 * len(threads))  # about a microsecond for each
            seen = {place for place, _ in threads}
            if best is None:
                threads += self._reached(text, index, 0, blank, seen)
            elif not threads:
                break
            following: list[tuple[int, Groups]] = []
            seen = set()
            for place, ends in threads:
                step = self.steps[place]
                if best is not None and ends[0] > best[0]:
                    continue
                if step.kind == "match":
                    if best is None or ends[0] < best[0] or ends[1] > best[1]:
                        best = ends
                elif index < len(text) and step.test is not None and step.test(text[index]):
                    following += self._reached(text, index + 1, place + 1, ends, seen)
            threads = following
        return Match(text, best) if best is not None else None

    def _reached(
        self, text: str, index: int, place: int, ends: Groups, seen: set[int]
    ) -> Iterator[tuple[int, Groups]]:
        """Yield the places that can be reached without a character, the preferred ones first."""
        todo = [(place, ends)]
        while todo:
            place, ends = todo.pop()
            if place in seen:
                continue
            seen.add(place)
            step = self.steps[place]
            if step.kind == "split":
                todo += [(target, ends) for target in reversed(step.targets)]
            elif step.kind == "save":
                changed = (*ends[: step.number], index, *ends[step.number + 1 :])
                todo.append((place + 1, changed))
            elif step.kind in ("char", "match"):
                yield place, ends
            elif _asserted(step.kind, text, index):
                todo.append((place + 1, ends))

    def matches_in(self, text: str) -> Iterator[Match]:
        """Yield the matches of a line that do not overlap, as ``sed`` and ``grep -o`` see them."""
        position, bound = 0, -1
        while position <= len(text) and (match := self.search(text, position)) is not None:
            if match.end == match.start == bound:  # an empty match behind the last one
                position = match.end + 1
                continue
            yield match
            bound = match.end
            position = match.end if match.end > match.start else match.end + 1
            if match.end == match.start:
                bound = -1


def _asserted(kind: str, text: str, index: int) -> bool:
    """Tell whether an assertion holds at a place of a string."""
    if kind == "bol":
        return index == 0
    if kind == "eol":
        return index == len(text)
    before = index > 0 and is_word(text[index - 1])
    after = index < len(text) and is_word(text[index])
    if kind == "begin":
        return after and not before
    if kind == "end":
        return before and not after
    return (before != after) == (kind == "edge")
