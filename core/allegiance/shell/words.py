"""Operations on the text of words: escapes, splitting, and ``${name%pattern}``."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from allegiance.reading import reads_text
from allegiance.shell.braces import mark
from allegiance.shell.budget import charge, substitute
from allegiance.shell.state import Word

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


@reads_text("\\", "\\x", "\\u1", "\\0", "1", limit=None)
def resolve_escapes(body: str) -> str:
    """Resolve the escapes in ``$'...'`` and in ``printf`` formats."""

    def resolve(match: re.Match[str]) -> str:
        code = match[1]
        if code[0] in "xu" and len(code) > 1:
            number = int(code[1:], 16)
            return "?" if 0xD800 <= number <= 0xDFFF else chr(number)
        if code[0] in "01234567":
            return chr(int(code, 8) & 0xFF)
        return _LETTERS.get(code, code)

    return _ESCAPE.sub(resolve, body)


@reads_text("\\", "@(", "(", ")", "\\\n", "a", "{", limit=None)
def bare_text(source: str) -> str:
    """Remove the backslashes of an unquoted word; special braces become marks."""
    if _HIDDEN.search(source):
        raise ValueError(f"the shell command cannot be parsed: {source[:80]!r}")
    source = _EXTENDED.sub("*", source)
    pieces = re.split(r"(\\.)", source.replace("\\\n", ""), flags=re.DOTALL)
    return "".join(p[1:] if p[:1] == "\\" else mark(p) for p in pieces)


@reads_text(" ", "\n", "a", ":", limit=None)
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
        parts += word.split_into(texts)
    return parts


def change_value(word: Word, operator: str, pattern: str, swap: str) -> Word | None:
    """Return a value after an expansion such as ``${x%.gz}``, or None if that is not known."""
    value = word.text
    if operator in ("#", "##", "%", "%%"):
        charge(len(value) ** 2 // 16 + 20 * len(pattern))  # each end is compared with it
        ends = range(len(value) + 1)
        head = operator[0] == "#"
        cuts = [n for n in ends if fnmatchcase(value[:n] if head else value[n:], pattern)]
        if cuts:
            cut = (min if (len(operator) == 1) == head else max)(cuts)
            value = value[cut:] if head else value[:cut]
        return Word(value, word.known, word.sources)
    if operator in ("/", "//") and not any(c in pattern for c in "*?["):
        changed = substitute(value, pattern, swap, -1 if operator == "//" else 1)
        return Word(changed, word.known, word.sources)
    if operator in ("^^", ",,"):
        return Word(value.upper() if operator == "^^" else value.lower(), word.known, word.sources)
    return None
