"""Bindings of tools that run code in a language that is not read, and of databases."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from allegiance.bindings.binding import PartlyRead
from allegiance.bindings.known import arguments
from allegiance.bindings.names import fold_args
from allegiance.reading import reads_text
from allegiance.shell.command import read_command
from allegiance.shell.programs.python_code import only_reads
from allegiance.trace.effects import Effect
from allegiance.trace.events import ITS_WORDS

Args = Mapping[str, Any]

_CODE = arguments("code")
_SHELLS = ("bash", "sh", "shell", "zsh", "console", "terminal")
_MAGIC = re.compile(r"^\s*(?:!{1,2}|%s[hx]\s|%system\s)(.+)$", re.MULTILINE)
_CELL = re.compile(r"^\s*%%(?:bash|sh|script\s+\w+|system)\b[^\n]*\n(.*)$", re.DOTALL)
_SELECTS = re.compile(
    r"^\s*(?:select|show|explain|describe|desc|with|values|pragma\s+\w+\s*(?:\(|;|$))", re.I
)
_LEAVES = re.compile(
    r"\binto\s+(?:out|dump)file\b|\bcopy\b.*\bto\b|\bprogram\b|\bpg_read|\bload_file|\blo_export|"
    r"\bxp_cmdshell|\battach\b|\bwritefile|\breadfile|\bload_extension|\b(?:insert|update|delete|drop|"
    r"alter|create|truncate|grant|replace|merge)\b",
    re.IGNORECASE,
)


def code_effects(cwd: str, host: str, env: Mapping[str, str] | None) -> Callable[[Args], Any]:
    """Return the effects of a tool that runs code: those of the shell lines in it.

    The rest is noted as not read, with its words, unless it only reads and prints.
    """

    def effects(args: Args) -> tuple[Effect, ...]:
        args = fold_args(args)
        language = str(args.get("language") or args.get("lang") or "").lower()
        code = "\n".join(_codes(args))
        if not code:
            return PartlyRead((), f"code{ITS_WORDS}{' '.join(map(str, args.values()))[:8000]}")
        scripts = [code] if language in _SHELLS else shell_lines(code)
        plans = [read_command(s, cwd=cwd, host=host, env=env) for s in scripts[:200]]
        planned = tuple(effect for plan in plans for effect in plan.effects)
        words = " ".join(word for plan in plans for word in plan.named)
        if language in _SHELLS:
            unread = any(plan.opaque or plan.unknown for plan in plans)
            return PartlyRead(planned, f"a script{ITS_WORDS}{words}") if unread else planned
        if only_reads(code):
            return PartlyRead(planned, f"code that reads and prints{ITS_WORDS}{words}")
        return PartlyRead(planned, f"code{ITS_WORDS}{code}" if len(code) <= 8000 else "code")

    return effects


def _codes(args: Args) -> list[str]:
    """Return the code in the arguments; it may be in blocks, each with a language."""
    blocks = args.get("code_blocks") or args.get("blocks") or args.get("cells")
    if isinstance(blocks, list):
        inner = [fold_args(b) if isinstance(b, Mapping) else {"code": b} for b in blocks[:200]]
        return [str(b.get("code") or b.get("source") or "") for b in inner]
    value = next((args[n] for n in _CODE if args.get(n) not in (None, "")), None)
    if isinstance(value, (list, tuple)):
        return [str(v) for v in value]
    return [] if value is None else [str(value)]


@reads_text("!a\n", "%%bash\n", "%sx a", "\n", " ", limit=None)
def shell_lines(code: str) -> list[str]:
    """Return the commands that a notebook's cell passes to a shell."""
    if code.lstrip().startswith("%%") and (cell := _CELL.match(code)):
        return [cell[1]]
    return [match[1] for match in _MAGIC.finditer(code)]


def sql_effects(args: Args) -> tuple[Effect, ...]:
    """Return no effects for a query that only selects; any other is noted as not read."""
    args = fold_args(args)
    names = ("query", "sql", "statement", "sql_query", "input", "text")
    query = next((str(args[n]) for n in names if args.get(n)), "")
    if only_selects(query):
        return ()
    return PartlyRead((), f"a query{ITS_WORDS}{query}" if len(query) <= 8000 else "a query")


@reads_text("select ", "with ", "copy a ", "into ", "pragma a ", ";", " ", limit=None)
def only_selects(query: str) -> bool:
    """Tell whether a query only selects, without writing a file or calling a program."""
    if len(query) > 20_000 or not _SELECTS.match(query[:200]):
        return False
    return not any(_LEAVES.search(line) for line in query.split("\n"))
