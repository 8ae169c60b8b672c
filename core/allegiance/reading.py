"""Marks the functions that read text from a model, a provider or a file.

Such text can be of any length and shape, so these functions run in linear time or refuse a text
above a stated length. Only a marked function may use ``re``, ``json``, ``yaml``, ``tomllib``,
``zipfile``, ``base64`` or ``zlib`` on a text (a test). Another test feeds each marked function
long repetitions of the strings named in its mark.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

LONGEST = 1_000_000
"""The usual cap, in characters, for a text that is read."""


class TooLong(ValueError):
    """A text is longer than its reader accepts; the message has both lengths."""


@dataclass(frozen=True)
class Reader:
    """What the tests know about a marked function.

    Attributes:
        function: The function.
        delimiters: Strings that mean something to it, which hostile text repeats.
        limit: The longest text in characters that it reads; None if it reads any length.
    """

    function: Callable[..., Any]
    delimiters: tuple[str, ...]
    limit: int | None


READERS: dict[str, Reader] = {}
"""Every marked function whose module is loaded, by ``module.qualified_name``."""


def reads_text(*delimiters: str, limit: int | None = LONGEST) -> Callable[[F], F]:
    """Mark a function that reads untrusted text; the function itself stays as it is.

    Args:
        delimiters: Strings that mean something to the function: quotes, brackets, key words.
        limit: The longest text in characters that the function reads before it refuses.
    """

    def mark(function: F) -> F:
        READERS[f"{function.__module__}.{function.__qualname__}"] = Reader(
            function, delimiters, limit
        )
        return function

    return mark


def check_length(text: str | bytes, limit: int = LONGEST) -> None:
    """Refuse a text that is longer than its reader accepts.

    Raises:
        TooLong: If the text has more than ``limit`` characters (bytes, for ``bytes``).
    """
    if len(text) > limit:
        raise TooLong(f"the text has {len(text):,} characters; at most {limit:,} are read")
