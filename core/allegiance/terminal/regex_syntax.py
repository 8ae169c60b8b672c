"""The syntax of regular expressions of POSIX, basic and extended, compiled to a small program.

A program is a list of steps, which ``regex`` follows for all alternatives at once, so that its time
is linear in the text whatever the expression is.
"""

from __future__ import annotations

from allegiance.reading import check_length, reads_text
from allegiance.shell.budget import charge
from allegiance.terminal.regex_steps import (
    ASSERTIONS,
    CLASSES,
    LETTERS,
    RegexError,
    Step,
    Test,
    moved,
    set_test,
)

LONGEST_REGEX = 2_000
"""The longest expression, in characters."""

_STEPS, _REPEATS, _DEPTH = 4_000, 255, 40


class Compiler:
    """Compiles one expression.

    Attributes:
        steps: The program.
        groups: The number of groups.
    """

    def __init__(self, pattern: str, *, extended: bool, fold: bool) -> None:
        self.pattern = pattern
        self.extended = extended
        self.fold = fold
        self.steps: list[Step] = []
        self.groups = 0
        self._at = self._depth = 0

    def compile(self) -> list[Step]:
        """Return the program.

        Raises:
            RegexError: If the expression is wrong.
        """
        self._emit(Step("save", number=0))
        self._alternatives()
        if self._at < len(self.pattern):
            raise RegexError("Unmatched ) or \\)")
        self._emit(Step("save", number=1))
        self._emit(Step("match"))
        return self.steps

    def _emit(self, step: Step) -> int:
        charge(0, 1)
        self.steps.append(step)
        if len(self.steps) > _STEPS:
            raise RegexError("Regular expression too big")
        return len(self.steps) - 1

    def _sees(self, sign: str) -> bool:
        """Tell whether an operator comes next; it has a backslash in basic expressions."""
        token = sign if self.extended else f"\\{sign}"
        return self.pattern.startswith(token, self._at)

    def _takes(self, sign: str) -> bool:
        if self._sees(sign):
            self._at += 1 if self.extended else 2
            return True
        return False

    def _alternatives(self) -> None:
        starts = [len(self.steps)]
        self._branch()
        ends: list[int] = []
        while self._takes("|"):
            body = self.steps[starts[-1] :]
            del self.steps[starts[-1] :]
            place = self._emit(Step("split", targets=(starts[-1] + 1, 0)))
            self.steps += moved(body, 1, starts[-1])
            ends.append(self._emit(Step("split")))
            self.steps[place] = Step("split", targets=(place + 1, len(self.steps)))
            starts.append(len(self.steps))
            self._branch()
        for end in ends:
            self.steps[end] = Step("split", targets=(len(self.steps),))

    def _branch(self) -> None:
        first = True
        while self._at < len(self.pattern) and not self._sees("|"):
            if self._sees(")") and (self._depth or not self.extended):
                return
            start = len(self.steps)
            star = self._atom(first=first)
            first = False
            if star:
                self._repeated(start)

    def _atom(self, *, first: bool) -> bool:
        """Compile one atom; tell whether it can be repeated."""
        if self._takes("("):
            self._group()
            return True
        char = self.pattern[self._at]
        self._at += 1
        if char == "^" and (self.extended or first):
            self._emit(Step("bol"))
            return self.extended
        if char == "$" and (self.extended or self._ends()):
            self._emit(Step("eol"))
            return self.extended
        if char == "[":
            self._emit(Step("char", self._set()))
        elif char == ".":
            self._emit(Step("char", lambda c: True))
        elif char == "\\":
            return self._escaped()
        elif char in "*+?{" and first and self.extended and char != "{":
            return False  # a repetition of nothing
        else:
            self._literal(char)
        return True

    def _ends(self) -> bool:
        return self._at == len(self.pattern) or self._sees("|") or self._sees(")")

    def _literal(self, char: str) -> None:
        if self.fold and char.lower() != char.upper():
            both = {char.lower(), char.upper()}
            self._emit(Step("char", lambda c: c in both))
        else:
            self._emit(Step("char", lambda c: c == char))

    def _escaped(self) -> bool:
        if self._at >= len(self.pattern):
            raise RegexError("Trailing backslash")
        char = self.pattern[self._at]
        self._at += 1
        if char in LETTERS:
            self._emit(Step("char", LETTERS[char]))
        elif char in ASSERTIONS:
            self._emit(Step(ASSERTIONS[char]))
            return False
        elif char.isdigit() and char != "0":
            raise RegexError("Invalid back reference")
        else:
            self._literal({"n": "\n", "t": "\t"}.get(char, char))
        return True

    def _group(self) -> None:
        self._depth += 1
        if self._depth > _DEPTH:
            raise RegexError("Regular expression too big")
        self.groups += 1
        number = self.groups
        self._emit(Step("save", number=2 * number))
        self._alternatives()
        if not self._takes(")"):
            raise RegexError("Unmatched ( or \\(")
        self._emit(Step("save", number=2 * number + 1))
        self._depth -= 1

    def _repeated(self, start: int) -> None:
        while self._at < len(self.pattern):
            if self.pattern[self._at] == "*":
                self._at += 1
                self._repeat(start, 0, None)
            elif self._takes("+"):
                self._repeat(start, 1, None)
            elif self._takes("?"):
                self._repeat(start, 0, 1)
            elif self._sees("{") and (not self.extended or self._is_bounded()):
                self._repeat(start, *self._bounds())
            else:
                return

    def _between(self) -> tuple[str, int]:
        """Return what is in the braces that come next, and where they end; -1 if they do not."""
        begin = self._at + (1 if self.extended else 2)
        end = self.pattern.find("}" if self.extended else "\\}", begin)
        return self.pattern[begin : max(end, begin)], end

    def _is_bounded(self) -> bool:
        """Tell whether the brace that comes next begins a number of repetitions."""
        numbers, end = self._between()
        digits = numbers.replace(",", "", 1)
        return end >= 0 and digits.isascii() and digits.isdigit() and len(digits) < 8

    def _bounds(self) -> tuple[int, int | None]:
        """Read ``{2,3}``."""
        numbers, end = self._between()
        if not self._is_bounded():
            raise RegexError("Invalid content of \\{\\}" if end >= 0 else "Unmatched { or \\{")
        low, comma, high = numbers.partition(",")
        self._at = end + (1 if self.extended else 2)
        least, most = int(low or 0), int(high) if high else (None if comma else int(low))
        if max(least, most or 0) > _REPEATS or (most is not None and most < least):
            raise RegexError("Invalid content of \\{\\}")
        return least, most

    def _repeat(self, start: int, least: int, most: int | None) -> None:
        body = self.steps[start:]
        charge(0, len(body) * max(least, most or 0))
        if len(body) * (max(least, most or 0) + 1) > _STEPS:
            raise RegexError("Regular expression too big")
        del self.steps[start:]
        for _ in range(least):
            self.steps += moved(body, len(self.steps) - start, start)
        if most is None:
            place = self._emit(Step("split"))
            self.steps += moved(body, len(self.steps) - start, start)
            self._emit(Step("split", targets=(place,)))
            self.steps[place] = Step("split", targets=(place + 1, len(self.steps)))
            return
        places = []
        for _ in range(most - least):
            places.append(self._emit(Step("split")))
            self.steps += moved(body, len(self.steps) - start, start)
        for place in places:
            self.steps[place] = Step("split", targets=(place + 1, len(self.steps)))

    def _set(self) -> Test:
        """Read a set in brackets."""
        negated = self.pattern.startswith("^", self._at)
        self._at += negated
        chars: set[str] = set()
        ranges: list[tuple[str, str]] = []
        tests: list[Test] = []
        begin = self._at
        while not (self.pattern.startswith("]", self._at) and self._at > begin):
            if self._at >= len(self.pattern):
                raise RegexError("Unmatched [, [^, [:, [., or [=")
            if self.pattern.startswith("[:", self._at):
                tests.append(self._class())
                continue
            char = self.pattern[self._at]
            last = self.pattern[self._at + 2 : self._at + 3]
            if self.pattern.startswith("-", self._at + 1) and last not in ("", "]"):
                if last < char:
                    raise RegexError("Invalid range end")
                ranges.append((char, last))
                self._at += 3
                continue
            chars.add(char)
            self._at += 1
        self._at += 1
        return set_test(chars, ranges, tests, negated=negated, fold=self.fold)

    def _class(self) -> Test:
        end = self.pattern.find(":]", self._at)
        name = self.pattern[self._at + 2 : end] if end >= 0 else ""
        if name not in CLASSES:
            raise RegexError("Invalid character class name")
        self._at = end + 2
        return CLASSES[name]


@reads_text("(", "\\(", "[", "a*", "a{9}", "\\{", "|", "[:", limit=LONGEST_REGEX)
def compile_regex(
    pattern: str, *, extended: bool = True, fold: bool = False
) -> tuple[list[Step], int]:
    """Return the program of an expression, and how many groups it has.

    Raises:
        RegexError: If the expression is wrong.
        TooLong: If it is longer than ``LONGEST_REGEX``.
    """
    check_length(pattern, LONGEST_REGEX)
    compiler = Compiler(pattern, extended=extended, fold=fold)
    return compiler.compile(), compiler.groups
