"""Whether the model of an app is shown what its tools answer.

A scripted agent does its work without reading a result, so an app that hides them would pass.
Frameworks wrap, encode and cut results, so words are compared and not strings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from allegiance.reading import reads_text
from allegiance.trace.events import Event

SHARE = 0.3
"""The share of the new words of a result that a prompt has if it shows the result."""
ENOUGH = 12
"""The number of new words that is enough: an app may cut a long result, or sum it up."""
FEW = 3
"""Results with fewer new words are left out: an app may say in its own words that a file is gone.
"""
LONG = 20
"""The number of words from which on a result can tell whether it was shown too early."""
KNOWN = 0.9
"""The share of the words of a result that the first prompt has if it shows the result too early."""
_ESCAPE = re.compile(r"(?<!\\)\\+(u[0-9a-fA-F]{4}|[nrtbf]?)")
"""An escape of JSON or of Python, encoded once or several times."""
_WORD = re.compile(r"\w+")


@reads_text("\\", "\\n", "\\u00e9", "a ", limit=None)
def words(text: str) -> frozenset[str]:
    """Return the words and numbers of a string, the same for the text as data."""

    def plain(match: re.Match[str]) -> str:
        escape = match[1]
        return chr(int(escape[1:], 16)) if escape.startswith("u") else " "

    return frozenset(_WORD.findall(_ESCAPE.sub(plain, text).casefold()))


@dataclass(frozen=True)
class _Result:
    """The answer of a tool that no prompt has shown yet, with the words that only it can tell."""

    tool: str
    new: frozenset[str]

    def is_in(self, prompt: frozenset[str], own: frozenset[str]) -> bool:
        """Tell whether a prompt shows the result; what the agent wrote itself proves nothing."""
        new = self.new - own
        shown = len(new & prompt)
        return shown > 0 and shown >= min(SHARE * len(new), ENOUGH)


class ShownResults:
    """Follows which answers of tools the prompts of an agent show.

    An answer that says little that is new is left out, such as that a named file is deleted.

    Attributes:
        early: The tool whose answer was in the first prompt, before any tool had answered; empty if
            none. An app that remembers earlier trials shows such an answer.
    """

    def __init__(self) -> None:
        self.early = ""
        self._first: frozenset[str] | None = None
        self._taken = 0
        self._known: frozenset[str] = frozenset()
        self._unshown: list[_Result] = []

    def check(
        self,
        prompt: str,
        answers: Sequence[tuple[str, str]],
        own: Iterable[Event],
        task: str = "",
    ) -> str:
        """Return which answers no prompt has shown so far, by tool; empty if none.

        Args:
            prompt: Everything that the model is shown in this turn.
            answers: The tools that answered since the trial began, and what they answered.
            own: What the agent said and called.
            task: The instructions and the task, which may repeat what a file says.
        """
        shown = words(prompt)
        if self._first is None:
            self._first = frozenset() if answers else shown - words(task)
        written = words(" ".join(f"{e.text} {e.tool} {e.args}" for e in own))
        for tool, text in answers[self._taken :]:
            told = words(text) - written
            new = told - self._known
            if self._was_known(told - words(task)):
                self.early = tool
            if len(new) >= FEW:
                self._unshown.append(_Result(tool, new))
        self._taken = len(answers)
        self._known |= shown
        self._unshown = [r for r in self._unshown if not r.is_in(shown, written)]
        counts = Counter(result.tool for result in self._unshown)
        return ", ".join(f"{tool}: {count}" for tool, count in sorted(counts.items()))

    def _was_known(self, told: frozenset[str]) -> bool:
        known = told & (self._first or frozenset())
        return len(told) >= LONG and len(known) >= KNOWN * len(told)
