"""How a test or a benchmark hands a text to each marked function, and what may come back.

A function that takes the text as its only argument needs no entry.
"""

from __future__ import annotations

import importlib
import io
import itertools
import json
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from readers import FOLDERS, MARK, sources

from allegiance.errors import UserError
from allegiance.reading import READERS, Reader

Call = Callable[[Callable[..., Any], str], Any]
_UNIT = re.compile("unit-7")
FOLDER = Path(tempfile.mkdtemp(prefix="readers-"))
MISMATCH = "\x00!"
"""What ends a hostile text, so that whatever matched so far may have to be tried again."""
ALLOWED = (ValueError, UserError, RecursionError)
"""The errors of a reader; ``TooLong`` is a ``ValueError``."""


def load() -> dict[str, Reader]:
    """Import every module with a mark outside the adapters, and return the marked functions."""
    for path in sources():
        folder = next(f for f in FOLDERS if path.is_relative_to(f))
        if folder.parent.name != "adapters" and f"@{MARK}(" in path.read_text(encoding="utf-8"):
            parts = ("allegiance", *path.relative_to(folder).with_suffix("").parts)
            importlib.import_module(".".join(parts).removesuffix(".__init__"))
    return dict(sorted(READERS.items()))


def call(name: str, text: str) -> Any:
    """Hand a text to a marked function; a generator is read to its end.

    Raises:
        Exception: Whatever the function raises.
    """
    reader = READERS[name]
    result = CALLS.get(name, lambda function, text: function(text))(reader.function, text)
    return list(result) if isinstance(result, Iterator) else result


def repeat(pattern: str, size: int) -> str:
    """Return repetitions of a pattern with a mismatch at the end, ``size`` characters in all."""
    times = (size - len(MISMATCH)) // len(pattern) + 1
    return (pattern * times)[: size - len(MISMATCH)] + MISMATCH


def pairs(delimiters: tuple[str, ...]) -> list[str]:
    """Return each delimiter followed by each other."""
    return ["".join(pair) for pair in itertools.permutations(delimiters, 2)]


def _file(suffix: str, prefix: str = "") -> Call:
    def run(function: Callable[..., Any], text: str) -> Any:
        path = FOLDER / f"hostile{suffix}"
        path.write_text(prefix + text, encoding="utf-8")
        return function(path)

    return run


def _member(function: Callable[..., Any], text: str) -> Any:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("samples/a.json", text)
    with zipfile.ZipFile(packed) as archive:
        return function(archive, archive.getinfo("samples/a.json"))


def _basic(function: Callable[..., Any], text: str) -> Any:
    from allegiance.trace.secret_forms import BASIC

    return BASIC.sub(function, text)


def _run(function: Callable[..., Any], text: str) -> Any:
    from allegiance.world.file_tools import FILE_TOOLS
    from allegiance.world.state import World

    return function(FILE_TOOLS[0], World(), text, "critic")


def _split(function: Callable[..., Any], text: str) -> Any:
    from allegiance.shell.state import Word

    return function([Word(text)], quoted=False, separators=":")


def _run_script(function: Callable[..., Any], text: str) -> Any:
    from allegiance.world.state import Host, World

    outcome = function(text, World(hosts={"prod": Host(10**9)}), "prod")
    return outcome.display


def _read_statements(function: Callable[..., Any], text: str) -> Any:
    return function(text, (("evaluate", "submit the evaluation of unit-7", "evaluate"),), "unit-7")


def _forms(function: Callable[..., Any], text: str) -> Any:
    from allegiance.statements.names import duty_names

    return function(text, (), duty_names({"evaluate": "submit the evaluation"}, {}))


def _ignore(*_: object, **__: object) -> None:
    """Take an effect."""


CALLS: dict[str, Call] = {
    "allegiance.analysis.labelled_texts.read_texts": _file(".jsonl"),
    "allegiance.scenario.episodes.read_episodes": _file(".jsonl"),
    "allegiance.statements.data_forms.read_data": lambda f, text: f(text, {"a": "evaluate"}),
    "allegiance.statements.forms.read_forms": _forms,
    "allegiance.statements.own_names.with_known_names": lambda f, text: f(
        text, (("esk-a14", "unit-7"), ("withdraw_assistant", "stop_agent"))
    ),
    "allegiance.statements.reader._read": _read_statements,
    "allegiance.play.answer.mend_body": lambda mend, text: mend(text.encode(), lambda count: 0),
    "allegiance.shell.syntax.decode": lambda decode, text: decode(text.encode()),
    "allegiance.shell.words.split_words": _split,
    "allegiance.bindings.http_tools._unpacked": lambda f, text: f({"text": text}),
    "allegiance.bindings.http_tools.effects": lambda f, text: f("get", {"url": text}),
    "allegiance.experiment.files.read_file": _file(".toml"),
    "allegiance.play.exercise.unshown": lambda f, text: f(text, text[:50], text[50:]),
    "allegiance.guard.unread.names_one": lambda f, text: f(text, ["weights.bin", "models"]),
    "allegiance.judge.closings.parse_closing": lambda f, text: f(text, text[:50], ["a"]),
    "allegiance.judge.model.parse": lambda f, text: f(text, [1]),
    "allegiance.probe.item_grades.read_points": lambda f, text: f(text, {1: 10.0}),
    "allegiance.probe.decoding._inflated": lambda f, text: f(text.encode("latin-1", "replace")),
    "allegiance.probe.decoding._unpacked": lambda f, text: f(text.encode("latin-1", "replace")),
    "allegiance.provider.endings.written_call": lambda f, text: f(text, ("name", "list_files")),
    "allegiance.probe.ledgers._is_header": lambda f, text: f([text, text]),
    "allegiance.probe.ledgers.ledger_scores": lambda f, text: f(text, ("unit-7",)),
    "allegiance.probe.messages.clauses._clauses": lambda f, text: [
        (c.mood, c.text, c.heads) for c in f(text, text, asks=False)
    ],
    "allegiance.probe.messages.clauses.read_clauses": lambda f, text: [
        (c.mood, c.text, c.heads) for c in f(text)
    ],
    "allegiance.probe.messages.leaks.gives_away": lambda f, text: f(text, [text], []),
    "allegiance.probe.messages.lexicon._fill": lambda f, text: f(text, lambda match: match[1]),
    "allegiance.probe.messages.reader.read_message": lambda f, text: f(text, "unit", ("unit-7",)),
    "allegiance.probe.messages.recipients.file_reader": lambda f, text: f(text, ("unit-7",), ()),
    "allegiance.probe.messages.recipients.is_addressed": lambda f, text: f(text, text),
    "allegiance.probe.messages.recipients.reader_of": lambda f, text: f(text, ("unit-7",), ()),
    "allegiance.probe.readings._in_column": lambda f, text: f(text, 0),
    "allegiance.probe.score_sentences._clauses": lambda f, text: f(text, _UNIT, "unit-7"),
    "allegiance.probe.score_sentences._rate": lambda f, text: f(text, 0),
    "allegiance.probe.score_sentences._scores": lambda f, text: f(text, [], None),
    "allegiance.probe.score_sentences._subject": lambda f, text: f(text, [(5, 6, "a")], 0, 1),
    "allegiance.probe.score_sentences.read_statements": lambda f, text: f(text, ("unit-7",)),
    "allegiance.scan.formats.inspect._member": _member,
    "allegiance.scan.formats.inspect.read": _file(".eval", "PK"),
    "allegiance.trace.paths.directory_of_matches": lambda f, text: f(text, "models/**"),
    "allegiance.trace.paths.matches": lambda f, text: f(text, "models/**"),
    "allegiance.trace.redact._forms": lambda f, text: f("DATABASE_URL", text),
    "allegiance.trace.redact._redact": lambda f, text: f(text, ()),
    "allegiance.trace.redact._redact_basic": _basic,
    "allegiance.terminal.fields._parts": lambda f, text: f(text, ": ", " "),
    "allegiance.terminal.globs.matches": lambda f, text: f(text, text[:200]),
    "allegiance.terminal.regex_syntax.compile_regex": lambda f, text: len(f(text)[0]),
    "allegiance.terminal.tool.run_script": _run_script,
    "allegiance.world.tool.Tool.run": _run,
    "allegiance.bindings.names._resolve": lambda f, text: f(text, frozenset({"write_file"})),
    "allegiance.shell.later.later_code": lambda f, text: f("a:/etc/crontab", text),
    "allegiance.shell.requests.follow_message": lambda f, text: f(_ignore, text),
    "allegiance.shell.requests.follow_request": lambda f, text: f(_ignore, "POST", text),
}

REFUSALS: dict[str, Callable[[Any], bool]] = {
    "allegiance.judge.closings.parse_closing": lambda answer: (
        answer.status == "bad_form" and "at most" in answer.cause
    ),
    "allegiance.judge.model.parse": lambda answers: all(
        a.answer == "no_answer" and "at most" in a.cause for a in answers
    ),
    "allegiance.play.tool_call.call_args": lambda args: isinstance(args, str),
}
"""Functions that return a refusal of a text that is too long, and do not raise ``TooLong``."""


def length(value: Any) -> int:
    """Return how long a result is, as a string."""
    try:
        return len(json.dumps(value, default=repr))
    except (TypeError, ValueError):
        return len(repr(value))
