"""Operations on the text of words: escapes, braces, splitting, and ``${name%pattern}``."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from itertools import pairwise

from allegiance.shell.state import Word
from allegiance.shell.targets import UNKNOWN

MOST = 256
"""The largest number of words that a single word is expanded into."""

_OPEN, _COMMA, _CLOSE = "\ue000", "\ue001", "\ue002"
_MARKS = str.maketrans("{,}", _OPEN + _COMMA + _CLOSE)
_PLAIN = str.maketrans(_OPEN + _COMMA + _CLOSE, "{,}")
_ESCAPE = re.compile(r"\\(x[0-9A-Fa-f]{1,2}|u[0-9A-Fa-f]{1,4}|[0-7]{1,3}|.)", re.DOTALL)
_HIDDEN = re.compile(r"(?<!\\)(?:\$\(|`)")
_EXTENDED = re.compile(r"[@!+?*]\([^()]*\)")
_LETTERS = {
    "n": "\n",
    "t": "\t",
    "r": "\r",
    "a": "\a",
    "b": "\b",
    "f": "\f",
    "v": "\v",
    "e": "\x1b",
}


def resolve_escapes(body: str) -> str:
    """Resolve the escapes in ``$'...'`` and in ``printf`` formats."""

    def resolve(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] in "xu" and len(code) > 1:
            return chr(int(code[1:], 16))
        if code[0] in "01234567":
            return chr(int(code, 8) & 0xFF)
        return _LETTERS.get(code, code)

    return _ESCAPE.sub(resolve, body)


def bare_text(source: str) -> str:
    """Remove the backslashes of an unquoted word; special braces become marks."""
    if _HIDDEN.search(source):
        raise ValueError(f"the shell command cannot be parsed: {source[:80]!r}")
    source = _EXTENDED.sub("*", source)
    pieces = re.split(r"(\\.)", source.replace("\\\n", ""), flags=re.DOTALL)
    return "".join(p[1:] if p[:1] == "\\" else p.translate(_MARKS) for p in pieces)


def split_words(words: list[Word], *, quoted: bool, separators: str | None = None) -> list[Word]:
    """Split unquoted values into words; without ``separators``, at white space."""
    if quoted:
        return words
    parts: list[Word] = []
    for word in words:
        texts = [word.text]
        if word.known and separators is None:
            texts = word.text.split()
        elif word.known and separators:
            texts = [t for t in re.split(f"[{re.escape(separators)}]", word.text) if t]
        parts += [Word(t, word.known, word.sources, word.stream) for t in texts]
    return parts


def number_range(source: str) -> Word:
    """Return ``{1..3}`` as a marked group of braces."""
    first, _, last = source.strip("{}").partition("..")
    if first.isdigit() and last.isdigit() and abs(int(last) - int(first)) < MOST:
        low, high = sorted((int(first), int(last)))
        return Word(_OPEN + _COMMA.join(str(n) for n in range(low, high + 1)) + _CLOSE)
    return Word("*", known=False)


def expand_braces(word: Word) -> list[Word]:
    """Return the words that brace expansion makes of a single word."""
    texts = _alternatives(word.text) if _OPEN in word.text else [word.text]
    if len(texts) > MOST:
        return [Word(UNKNOWN, known=False, sources=word.sources)]
    return [Word(t.translate(_PLAIN), word.known, word.sources, word.stream) for t in texts]


def _alternatives(marked: str) -> list[str]:
    """Expand the first group of braces in a string, then the others."""
    for begin, char in enumerate(marked):
        if char != _OPEN:
            continue
        depth, cuts = 0, [begin]
        for index in range(begin, len(marked)):
            depth += (marked[index] == _OPEN) - (marked[index] == _CLOSE)
            if depth == 1 and marked[index] == _COMMA:
                cuts.append(index)
            if depth == 0:
                cuts.append(index)
                break
        if depth or len(cuts) < 3:
            continue
        tails = _alternatives(marked[cuts[-1] + 1 :])
        middles = [m for a, b in pairwise(cuts) for m in _alternatives(marked[a + 1 : b])]
        texts = [marked[:begin] + middle + tail for middle in middles for tail in tails]
        return texts if len(texts) <= MOST else ["**"] * (MOST + 1)
    return [marked]


def plain_word(word: Word) -> Word:
    """Return a word whose braces are not special."""
    return Word(word.text.translate(_PLAIN), word.known, word.sources, word.stream)


def change_value(word: Word, operator: str, pattern: str, swap: str) -> Word | None:
    """Return a value after an expansion such as ``${x%.gz}``, or None if that is not known."""
    value = word.text
    if operator in ("#", "##", "%", "%%"):
        ends = range(len(value) + 1)
        head = operator[0] == "#"
        cuts = [n for n in ends if fnmatchcase(value[:n] if head else value[n:], pattern)]
        if cuts:
            cut = (min if (len(operator) == 1) == head else max)(cuts)
            value = value[cut:] if head else value[:cut]
        return Word(value, word.known, word.sources)
    if operator in ("/", "//") and not any(c in pattern for c in "*?["):
        changed = value.replace(pattern, swap, -1 if operator == "//" else 1)
        return Word(changed, word.known, word.sources)
    if operator in ("^^", ",,"):
        return Word(value.upper() if operator == "^^" else value.lower(), word.known, word.sources)
    return None
