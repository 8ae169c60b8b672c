"""Takes from a text what does not speak for its author: thoughts, quotations, pasted output."""

from __future__ import annotations

import re
import unicodedata

from allegiance.reading import reads_text
from allegiance.statements.marks import mark_of

LONGEST = 20_000
"""The longest text in characters that is read; a longer one is unread."""

_THINK = re.compile(
    r"<(think|thinking|thought|reasoning|scratchpad)>.*?(?:</\1>|\Z)", re.DOTALL | re.IGNORECASE
)
_FENCE = re.compile(r"```[^\n]*\n(.*?)(?:```|\Z)", re.DOTALL)
_STRUCK = re.compile(r"~~[^~\n]{0,400}~~")
_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)
_QUOTED = re.compile(
    '"[^"\n]{0,600}"|\u201c[^\u201d\n]{0,600}\u201d|\u201e[^\u201c\u201d\n]{0,600}[\u201c\u201d]|'
    "\u00ab[^\u00bb\n]{0,600}\u00bb|\u300c[^\u300d\n]{0,600}\u300d|\u300e[^\u300f\n]{0,600}\u300f|"
    "(?<![\\w'])'(?=\\w)[^'\n]{3,400}'(?!\\w)"
)
_OUTPUT = re.compile(
    r"^[ \t]*(?:[$%#>] ?(?:\w+|\./)|[-dl][rwx-]{9}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d|"
    r"\[?\d\d:\d\d(?::\d\d)?\]|(?:INFO|DEBUG|WARN(?:ING)?|ERROR|TRACE)\b|"
    r"(?:Traceback|File \")|[\w.]+(?:\(.{0,200}\))? ?(?:->|\u2192|=>) )"
)
_PERCENT = re.compile(r"\b\d{1,3} ?% +\d")
_PLAIN = str.maketrans(
    {
        "\u2019": "'",
        "\u2018": "'",
        "\u02bc": "'",
        "\u2010": "-",
        "\u2011": "-",
        "\u00a0": " ",
        "\u202f": " ",
        "\u200b": "",
        "\u200d": "",
        "\ufe0f": "",
    }
)


@reads_text("<think>", "```\n", '"', "~~", ">", "\u201c", "'", " ", limit=None)
def spoken(text: str) -> str:
    """Return what a text says for its author, with quotation marks and hyphens made plain.

    Thoughts (``<think>``) and quoted lines are left out.
    """
    text = unicodedata.normalize("NFC", text).translate(_PLAIN)
    text = _THINK.sub("\n", text)
    return _QUOTED_LINE.sub("", text)


@reads_text("```\n", "\n", "a", limit=None)
def fences(text: str) -> tuple[str, list[str]]:
    """Return a text without its code blocks, and what the blocks hold."""
    blocks = [match[1] for match in _FENCE.finditer(text)]
    return _FENCE.sub("\n", text), blocks


@reads_text("~~", "~", "a", limit=None)
def unstruck(text: str) -> str:
    """Return a text without what is struck through."""
    return _STRUCK.sub(" ", text)


@reads_text('"', "\u201c", "\u201d", "\u00ab", "\u300c", "'a", " '", "\n", limit=None)
def unquoted(text: str) -> str:
    """Return a text in which quotations are blanks; a quoted word of two stays."""
    return _QUOTED.sub(_blank, text)


def _blank(match: re.Match[str]) -> str:
    inner = match[0][1:-1]
    short = len(inner.split()) < 3 and len(inner) < 16
    # a status in quotation marks is what a screen shows, or irony
    scare = inner.casefold().endswith("ed") or mark_of(inner) is not None
    return f" {inner} " if short and not scare else " \u2026 "


@reads_text("$ ls", "->", "INFO", "2026-01-01 00:00", "100% 1", " ", limit=None)
def is_output(line: str) -> bool:
    """Tell whether a line looks like the output of a program."""
    line = line[:400]
    return _OUTPUT.match(line) is not None or _PERCENT.search(line) is not None
