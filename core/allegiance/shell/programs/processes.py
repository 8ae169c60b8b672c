"""Commands that send signals to processes."""

from __future__ import annotations

import re

from allegiance.shell.call import Call, Handler
from allegiance.shell.options import parse_options
from allegiance.shell.programs.tasks import change
from allegiance.shell.state import NOTHING, SOMETHING, Stream, Word

_KEPT = frozenset(("0", "1", "10", "12", "18", "28", "HUP", "USR1", "USR2", "CONT", "WINCH"))
_SIGNALS = frozenset(
    [
        "HUP",
        "INT",
        "QUIT",
        "ILL",
        "TRAP",
        "ABRT",
        "BUS",
        "FPE",
        "KILL",
        "USR1",
        "SEGV",
        "USR2",
        "PIPE",
        "ALRM",
        "TERM",
        "STKFLT",
        "CHLD",
        "CONT",
        "STOP",
        "TSTP",
        "TTIN",
        "TTOU",
        "URG",
        "XCPU",
        "XFSZ",
        "VTALRM",
        "PROF",
        "WINCH",
        "IO",
        "PWR",
        "SYS",
    ]
)
_KILL_VALUED = (
    "-s", "--signal", "-u", "--user", "-t", "--terminal", "-g", "-P", "--parent", "-G", "-U", "-o",
    "-y", "--older-than", "--younger-than", "-q", "--queue", "--uid", "--euid", "--pgroup",
)  # fmt: skip
_MATCHED = ("-u", "--user", "-t", "--terminal", "-P", "--parent", "-U", "--uid", "--euid")


def _kill(call: Call) -> Stream:
    """Follow ``kill``, ``pkill`` and the like, whose signal may be written ``-STOP`` or ``-19``."""
    signal, names, lists = _killed(call)
    if signal in _KEPT or lists:
        return NOTHING
    for word in names:
        change(call, "process", word.text, "stop", stops=True)
        # a program that is killed by its name is what runs the service of that name
        name = word.text.removeprefix("%")
        if re.search("[A-Za-z]", name) and " " not in name:
            change(call, "service", name.strip("^$*/").rpartition("/")[2], "stop", stops=False)
    return NOTHING


def _killed(call: Call) -> tuple[str, list[Word], bool]:
    """Return the signal that ``kill`` sends, what gets it, and whether it only lists signals."""
    signal, names, lists = "", [], False
    words = list(call.args)
    first = True
    while words:
        word = words.pop(0)
        text = word.text
        option, equals, value = text.partition("=")
        bare = text[1:].upper().removeprefix("SIG")
        if text in _KILL_VALUED or (equals and option in _KILL_VALUED):
            given = Word(value, word.known) if equals else words.pop(0) if words else Word("")
            if option in ("-s", "--signal") or (option == "-g" and call.name == "killall"):
                signal = given.text.upper().removeprefix("SIG")
            elif option in _MATCHED:
                names.append(given)
        elif text.startswith("-") and first and (bare in _SIGNALS or bare.isdigit()):
            signal = bare
        elif text in ("-l", "-L", "--list", "--table"):
            lists = call.name == "kill"
        elif text[:1] != "-" or (text[1:].isdigit() and call.name == "kill"):
            names.append(word)
        first = first and text[:1] == "-" and text not in ("--",) and not bare.isdigit()
    return signal, names, lists


def _fuser(call: Call) -> Stream:
    """Follow ``fuser -k``, which ends what uses a file or a port."""
    options = parse_options(call.args, "n s")
    for word in options.operands if options.has("k", "kill") else []:
        name = word.text.rstrip("/").rpartition("/")[2].partition(".")[0]
        change(call, "process", name, "kill", stops=True)
        change(call, "service", name, "kill", stops=False)
    return SOMETHING


HANDLERS: dict[str, Handler] = {
    **dict.fromkeys(("kill", "pkill", "killall", "xkill", "skill", "snice"), _kill),
    "fuser": _fuser,
}
