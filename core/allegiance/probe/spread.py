"""What is known of protected content at a point of a trace, and where it is by then."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from allegiance.probe.content import (
    NO_CONTENT,
    NO_MATCH,
    NO_TALLY,
    Content,
    Match,
    Tally,
    find,
)
from allegiance.probe.decoding import normal
from allegiance.probe.windows import LONG
from allegiance.reading import TooLong
from allegiance.trace.effects import Effect
from allegiance.trace.events import Event

_SHOWN, _SHOWN_CHARS, _MOST_NAMES = 32, 8192, 4096
_LISTING = 2000


@dataclass(frozen=True)
class Spread:
    """A state of the fold; every change creates a new one.

    Attributes:
        held: Files with protected content, beside the assets.
        content: What is known of the content.
        left: How much of it is out.
        tried: The same with calls that were not carried out.
        ends: The begin and the end of what was read of each file, to recognise it across pieces.
        shown: What else was shown to actors lately, with who wrote it: not secret.
        written: Files that actors have written, copied or moved: what they read there is theirs.
        authored: Those of them with content that is an actor's own.
        partial: Calls that read a part of a file.
    """

    held: frozenset[str] = frozenset()
    content: Content = NO_CONTENT
    left: Tally = NO_TALLY
    tried: Tally = NO_TALLY
    ends: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    shown: tuple[tuple[str, str], ...] = ()
    written: frozenset[str] = frozenset()
    authored: frozenset[str] = frozenset()
    partial: frozenset[str | None] = frozenset()

    def update(self, **changes: Any) -> Spread:
        """Return the state with other values of some attributes."""
        new = object.__new__(Spread)  # takes a fifth of the time of ``dataclasses.replace``
        vars(new).update(vars(self), **changes)
        return new

    def drop(self, name: str) -> Spread:
        """Return the state after a file was deleted, moved away or overwritten."""
        return self.update(held=self.held - {name}) if name in self.held else self

    def learn(self, name: str, value: object, *, whole: bool) -> Spread:
        """Return the state with content of a protected file."""
        if not isinstance(value, str) or name in self.authored:
            return self
        try:
            piece = normal(value)
        except TooLong:
            return self.learn(name, value[: len(value) // 2], whole=False)
        head, tail = self.ends.get(name, ("", ""))
        content = self.content.add(tail + piece, whole=whole)
        if head:
            content = content.add(piece[1 - LONG :] + head, whole=False)
        ends = (piece + head)[: LONG - 1], (tail + piece)[1 - LONG :]
        return self.update(content=content, ends={**self.ends, name: ends})

    def see(self, actor: str, text: str) -> Spread:
        """Return the state after a text was shown that is not protected."""
        if len(text) < LONG:
            return self
        return self.update(shown=(*self.shown[1 - _SHOWN :], (actor, text[:_SHOWN_CHARS])))

    def see_file(self, name: str, value: object) -> Spread:
        """Return the state after a file was read that is neither protected nor the actors' work."""
        if name in self.written or not isinstance(value, str):
            return self
        return self.see("", value)

    def count(self, match: Match, actor: str, before: object = None) -> Spread:
        """Return the state after parts of the content went out."""
        if not match or (self.left.full and self.tried.full):
            return self
        known = self.known_to(actor, before)
        left, tried = self.left.add(match, known), self.tried.add(match, known)
        return self.update(left=left, tried=tried)

    def known_to(self, actor: str, before: object) -> frozenset[str]:
        """Return the windows that are no secret: in what a file held before, or in what was shown.

        What an actor has passed on itself stays a secret, wherever it reads it again.
        """
        texts = tuple(text for author, text in self.shown if author != actor)
        public = _marks(texts, self.content) - self.tried.marks if texts else frozenset()
        if isinstance(before, str):
            try:
                public |= find(before, self.content).marks
            except TooLong:
                return public
        return public

    def note_names(self, effect: Effect, name: str, *, own: bool) -> Spread:
        """Return the state after a file was written, copied or moved to."""
        if name in self.written and (name in self.authored) == own:
            return self
        written = self.written if len(self.written) < _MOST_NAMES else frozenset()
        authored = self.authored | {name} if own else self.authored - {name}
        if len(authored) > _MOST_NAMES:
            authored = frozenset()
        return self.update(written=written | {name}, authored=authored)


@lru_cache(maxsize=4)
def _marks(texts: tuple[str, ...], content: Content) -> frozenset[str]:
    """Return the windows of protected content that texts have which were shown to everybody."""
    marks: frozenset[str] = frozenset()
    for text in texts:
        try:
            marks |= find(text, content).marks
        except TooLong:
            continue
    return marks


def parts_of(effect: Effect, content: Content) -> Match:
    """Return what the text and the name in an effect have of protected content.

    Raises:
        TooLong: If they are too long to be compared.
    """
    if not content:
        return NO_MATCH
    named = find(effect.target, content)
    pasted = find(effect.value, content) if isinstance(effect.value, str) else NO_MATCH
    if not named:
        return pasted
    return Match(
        (*pasted.short, *named.short), (*pasted.long, *named.long), pasted.small | named.small
    )


def is_listing(name: str, value: object) -> bool:
    """Tell whether what was read of a file is its size, date or checksum: that names the file."""
    last = name.rsplit("/", 1)[-1]
    return isinstance(value, str) and len(value) < _LISTING and len(last) > 3 and last in value


def reads_part(event: Event) -> bool:
    """Tell whether a call names a number, such as an offset, or is a command line."""
    values = event.args.values() if isinstance(event.args, Mapping) else (event.args or "",)
    return any(
        isinstance(v, int) or (isinstance(v, str) and (v.strip().isdigit() or " " in v.strip()))
        for v in values
    )
