"""A table of simple programs: what each prints, and what it does to the files it is called with.

A program whose arguments mean more has a handler in one of the other modules.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

Prints = Literal[
    "nothing", "something", "content", "sources", "lines", "input", "stdin", "name", "names", "text"
]
"""What a program prints:

- ``something`` without any file's content;
- the ``content`` of its operands or its input, unchanged, or changed (``sources``);
- some ``lines`` of that content, so that a list of names stays a list of names;
- its ``input``, changed, or its ``stdin``, unchanged;
- a ``name`` without slashes, or its operands as ``names`` or as ``text``.
"""

Does = Literal[
    "nothing",
    "write",
    "delete",
    "store",
    "send",
    "tell",
    "copy",
    "pack",
    "run",
    "manage",
    "end",
    "task",
]
"""What happens to the operands:

- each is changed (``write``), deleted, gets the input (``store``), or is sent to ``place``;
- each is a string that is sent to ``place`` (``tell``), which matters if it holds a file's content;
- all are copied to the last (``copy``) or packed into the first (``pack``);
- they are a command (``run``), or a task and the names of services (``manage``); the task may end
  the program itself (``end``), or be the program's name (``task``).
"""

ALWAYS = "*"
"""In ``deep``: a directory is always taken with everything in it."""


@dataclass(frozen=True)
class Program:
    """What a program does, judged by its options and operands.

    Options are names without dashes, separated by spaces.

    Attributes:
        prints: What the program prints.
        does: What happens to each operand.
        valued: Options that take a value.
        leading: How many operands come before the files.
        instead: Options that replace these leading operands.
        deep: Options that make it take directories with everything in them, or ``ALWAYS``.
        removes: Options that make it delete the changed files in the end.
        appends: Options that make it append the input to the operands.
        inputs: Options that name the files it reads.
        output: Options that name the file it prints to.
        place: The target that operands are sent to; ``{name}`` is the program's name.
        task: A first word that may come before the operands.
        value: The content of a changed file, if it is known.
        before: The content of the file before the change, if it is known.
        fallback: What ``names`` are without operands.
        most: The most operands that are files; 0 for any number.
        code: Options whose value is run as a script.
        tasks: If it has any, one of these words must be among the arguments.
        sends_input: Whether the input is sent to ``place``, too.
    """

    prints: Prints = "nothing"
    does: Does = "nothing"
    valued: str = ""
    leading: int = 0
    instead: str = ""
    deep: str = ""
    removes: str = ""
    appends: str = ""
    inputs: str = ""
    output: str = ""
    place: str = ""
    task: str = ""
    value: str | None = None
    before: str | None = None
    fallback: str = "**"
    most: int = 0
    code: str = ""
    tasks: str = ""
    sends_input: bool = False


_LINES = (
    "n lines c bytes A B C m e f d delimiter t s w N j k F v i b fields characters width "
    "output from-code to-code"
)
_CODEC = "w wrap i input o output n bytes"
_SIZES = "s size n iterations r reference random-source"

_ROWS: tuple[tuple[str, Program], ...] = (
    (
        "true false : exit return break continue wait sleep jobs fg bg umask ulimit shopt history "
        "let getopts disown dirs clear reset declare help",
        Program(),
    ),
    ("cat bat batcat pv mbuffer buffer gcat", Program(prints="content")),
    (
        "cmp more less nl rev fold fmt cut paste column strings od hexdump hd expand unexpand "
        "comm join pr zless zmore xzless diff tsort",
        Program(prints="sources", valued=_LINES, output="output"),
    ),
    (
        "iconv",
        Program(prints="sources", valued="f from-code t to-code o output", output="o output"),
    ),
    ("tac head tail", Program(prints="lines", valued=_LINES)),
    (
        "shuf",
        Program(prints="lines", valued="n head-count i input-range o output", output="o output"),
    ),
    ("tr ts", Program(prints="input")),
    (
        "wc du df stat file md5sum sha1sum sha224sum sha256sum sha384sum sha512sum shasum b2sum "
        "cksum sum md5 tree test [ lsof free uptime ps top htop groups printenv getfacl "
        "lsattr lsblk blkid mountpoint",
        Program(prints="something"),
    ),
    (
        "id whoami date hostname nproc uname arch tty uuidgen expr bc",
        Program(prints="name"),
    ),
    ("which type whereis hash", Program(prints="text")),
    ("realpath readlink", Program(prints="names", valued="relative-to")),
    ("pgrep pidof", Program(prints="names", valued="u U g G P t d s")),
    (
        "base32 basenc uuencode basez",
        Program(prints="sources", valued=_CODEC, inputs="i input", output="o output"),
    ),
    ("rm unlink trash-put gio-trash srm", Program(does="delete", deep="r R recursive d dir")),
    ("rmdir trash", Program(does="delete", deep=ALWAYS)),
    ("truncate", Program(does="write", valued=_SIZES, value="")),
    ("shred", Program(does="write", valued=_SIZES, removes="u remove")),
    ("wipe", Program(does="write", valued=_SIZES)),
    ("touch", Program(does="write", valued="d date t r reference", value="", before="")),
    (  # a change of permissions is a change of the file
        "chmod chown chgrp chattr setfacl chcon",
        Program(
            does="write",
            valued="reference from m modify x remove M set-file",
            leading=1,
            instead="reference m modify x remove M b remove-all",
            deep="R recursive",
        ),
    ),
    ("tee", Program(prints="stdin", does="store", appends="a append")),
)


def _read_rows() -> dict[str, Program]:
    """Return the rows of the file beside this module by the name of the program."""
    rows = tomllib.loads(files(__package__).joinpath("programs.toml").read_text(encoding="utf-8"))
    programs: dict[str, Program] = {}
    for row in rows["program"]:
        names = row.pop("names").split()
        programs.update(dict.fromkeys(names, Program(**row)))
    return programs


TABLE: dict[str, Program] = _read_rows() | {
    name: row for names, row in _ROWS for name in names.split()
}
"""Rows by the name of the program."""
