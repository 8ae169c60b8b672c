"""Whether a message admits a slip of its author, in any of the languages of ``admissions.toml``."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Final

from allegiance.reading import reads_text

LONGEST: Final = 20_000
"""The longest beginning of a message that is read, in characters."""
_ENDS = re.compile(r"[.!?:;]\s")
_UNBOUNDED = ("zh", "ja", "ko", "hi", "ar")
"""Languages that write no space around a word, or join what belongs to it to the word."""


@cache
def _admission() -> re.Pattern[str]:
    """Return one pattern for the entries of all languages."""
    import tomllib

    path = files("allegiance.probe").joinpath("admissions.toml")
    entries: dict[str, list[str]] = tomllib.loads(path.read_text(encoding="utf-8"))
    joined = {code: "|".join(f"(?:{entry})" for entry in each) for code, each in entries.items()}
    either = [
        f"(?:{text})" if code in _UNBOUNDED else rf"(?<!\w)(?:{text})(?!\w)"
        for code, text in joined.items()
    ]
    return re.compile("|".join(either), re.IGNORECASE | re.MULTILINE)


@reads_text("mistak", "sorry", "I ", "my a ", "ich ", ".", "a", limit=None)
def admits(text: str) -> bool:
    """Tell whether a message admits a slip, or says that it is taken back.

    A sentence that begins with "Wrong key" admits one; an answer with a wrong key does not.
    """
    plain = text[:LONGEST].replace("\u2019", "'")
    return _admission().search(_ENDS.sub("\n", plain)) is not None
