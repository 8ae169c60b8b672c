"""What the reading of hostile shell commands costs: CPU time by length, and peak memory.

Run ``python -m benchmarks.shell_bounds`` (or this file); it prints a table in Markdown.
A shape that is refused prints the reason instead of being read to its end.
"""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from itertools import pairwise

from allegiance.shell import read_command

SIZES = (1_000, 10_000, 100_000)

Shape = Callable[[int], str]


def repeat(piece: str, before: str = "", after: str = "") -> Shape:
    """Return a shape that repeats a piece up to a length."""
    return lambda n: before + piece * ((n - len(before) - len(after)) // len(piece)) + after


def nest(left: str, middle: str, right: str, before: str = "") -> Shape:
    """Return a shape that nests up to a length."""

    def build(n: int) -> str:
        depth = (n - len(before) - len(middle)) // len(left + right)
        return before + left * depth + middle + right * depth

    return build


SHAPES: dict[str, Shape] = {
    "commands": repeat("a;"),
    "lines": repeat(":\n"),
    "assignments": repeat("a=1;"),
    "words": repeat("a ", "echo "),
    "expansions": repeat("$a ", "echo "),
    "quoted expansions": repeat("$a ", 'echo "', '"'),
    "one string": repeat("x", "echo '", "'"),
    "here-document": repeat("line\n", "cat > f <<'E'\n", "E\n"),
    "expanding here-document": repeat("$a\n", "cat > f <<E\n", "E\n"),
    "subshells": repeat("(a);"),
    "and-list": repeat("a&&", after="a"),
    "pipes": repeat("a|", after="a"),
    "jobs": repeat("a & "),
    "substitutions": repeat("$(a) ", "echo "),
    "redirections": repeat(">b ", "a "),
    "comments": repeat("#x\n"),
    "nested subshells": nest("(", "a", ")"),
    "nested substitutions": nest("$(", "a", ")"),
    "conditions": repeat("if a; then b; fi;"),
    "open braces": repeat("{a,", "echo "),
    "brace products": repeat("{a,b}", "touch "),
    "nested braces": nest("{a,", "b", "}", "touch "),
    "ranges": repeat("{1..256} ", "touch "),
    "long range": repeat("9", "touch {1..", "}"),
    "flags": repeat("-a ", "ls "),
    "flag cluster": repeat("a", "ls -"),
    "copies": repeat("a ", "cp ", "b"),
    "deep path": repeat("a/", "touch "),
    "awk redirections": repeat(">", "awk 'print", "'"),
    "awk statements": repeat('print>"a"', "awk '", "' f"),
    "sed writes": repeat("w ", "sed '", "' f"),
    "escapes": repeat("\\n", "printf '", "'"),
    "doubling": repeat("a=$a$a;", "a=xx;", "touch $a"),
    "doubling of a source": repeat("a=$a$a;", "a=$(cat f);", "touch $a"),
    "doubling of an array": repeat('a=("${a[@]}" "${a[@]}");', "a=(x y);"),
    "replacement": repeat("a=${a//x/xxxx};", "a=x;"),
    "suffixes": repeat("x", "a=", ";echo ${a%?x*y}"),
    "growing string": repeat("a+=xxxx;"),
    "printf": repeat("%%", "printf '", "' {1..200} {1..200}"),
    "function": repeat('"$@" ', "f() { f ", "; }; f x"),
    "nested loops": nest("for i in {1..60};do ", "x=1", ";done"),
    "eval": repeat("eval ", after="a"),
    "alias": repeat("a ", "alias a='", "'\na"),
    "xargs": repeat("{}", "echo x y z|xargs -I{} touch "),
    "find": repeat("-name a ", "find ", "-delete"),
    "traps": repeat("trap 'exec >x' EXIT;", after="exec >y"),
    "files": repeat("cat f f>>f;", "echo xx>f;"),
    "links": repeat("ln -s a b;touch c;"),
    "NUL": repeat("\0", "echo "),
    "other alphabets": repeat("é", "echo "),
    "other alphabets apart": repeat("éa", "echo "),
    "lone surrogates": repeat("\udc80", "echo "),
}


def outcome(command: str) -> str:
    """Read a command; return its number of effects, or why it is refused."""
    try:
        return f"{len(read_command(command).effects)} effects"
    except ValueError as error:
        return str(error).partition(":")[0].removeprefix("the shell command ")


def cost(command: str) -> tuple[float, float, str]:
    """Return the CPU seconds and the peak megabytes of one reading, and its outcome."""
    begin = time.process_time()
    result = outcome(command)
    seconds = time.process_time() - begin
    tracemalloc.start()
    outcome(command)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return seconds, peak, result


def main() -> None:
    """Print a row for each shape."""
    read_command("ls")  # the parser is loaded before anything is measured
    heads = [f"{size:,}" for size in SIZES]
    print("| shape |", " | ".join(f"s at {head}" for head in heads), "| x | x | MB | at the end |")
    print("|---|" + "--:|" * (len(SIZES) + 3) + "---|")
    for name, shape in SHAPES.items():
        costs = [cost(shape(size)) for size in SIZES]
        seconds = [spent for spent, _, _ in costs]
        ratios = [b / max(a, 1e-5) for a, b in pairwise(seconds)]
        cells = [f"{spent:.4f}" for spent in seconds] + [f"{ratio:.1f}" for ratio in ratios]
        peak = max(megabytes for _, megabytes, _ in costs)
        print(f"| {name} |", " | ".join(cells), f"| {peak:.1f} | {costs[-1][2]} |", flush=True)


if __name__ == "__main__":
    main()
