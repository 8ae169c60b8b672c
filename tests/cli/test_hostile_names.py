"""Names from a run reach no terminal as control sequences, no CI runner as commands."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from pkgutil import iter_modules

import pytest
from hostile_runs import HOSTILE, hostile_run

from allegiance import cli as commands
from allegiance.cli._print import console, say
from allegiance.cli._progress import show_progress
from allegiance.registry import EXPORT_FORMATS, GATE_FORMATS
from allegiance.trace.visible import inert, printable

STYLES = re.compile(r"\x1b\[[\d;]*m|\x1b\[\?25[lh]|\x1b\[\d*[AK]")
"""What Rich itself writes for styles, and to draw a bar again."""
OWN = re.compile(r"::(error|warning|notice) (file=[^,]*,line=\d+,title=|title=)allegiance")

SCAN_FILES = ("sarif", "junit", "html")
CALLS: dict[str, list[list[str]]] = {
    "compare": [["RUN", "OTHER"]],
    "contrast": [["RUN"], ["VARIED"]],
    "export": [["RUN", "--to", name, "--out", f"OUT/{name}"] for name in EXPORT_FORMATS.names()],
    "gate": [
        ["RUN"],
        ["RUN", "--github"],
        ["RUN", "--baseline", "OTHER"],
        ["RUN", *(w for name in GATE_FORMATS.names() for w in ("--write", f"{name}=OUT/g/{name}"))],
    ],
    "hook": [["--policy", HOSTILE], ["--server", HOSTILE], ["--on-failure", HOSTILE]],
    "judge": [["RUN", "--judge", "rules", "--out", "OUT/judged"]],
    "list": [[], [HOSTILE]],
    "mcp-proxy": [["--policy", HOSTILE, "--", HOSTILE], ["--on-poisoned", HOSTILE, "--", "x"]],
    "merge": [["RUN", "--out", "OUT/merged"], ["RUN", "OTHER", "--out", "OUT/two"]],
    "plan": [["PLAN"], ["PLAN", "--configurations"], [HOSTILE]],
    "report": [["RUN", "--html", "OUT/page.html"], [HOSTILE]],
    "rescore": [["RUN", "--out", "OUT/again"], ["KNOWN", "--out", "OUT/known"]],
    "run": [["--resume", "RUN"], ["--resume", "KNOWN"], ["--model", HOSTILE], ["--plan", "PLAN"]],
    "scan": [
        ["RUN"],
        ["RUN", "--json"],
        ["KNOWN"],
        ["RUN", *(w for n in SCAN_FILES for w in (f"--{n}", f"OUT/s/{n}")), "--duty", HOSTILE],
        ["RUN", *(w for n in SCAN_FILES for w in (f"--{n}", f"OUT/s/{n}")), "--asset", "**"],
        ["RUN", "--policy", HOSTILE],
    ],
    "serve": [["--policy", HOSTILE], ["--host", HOSTILE], []],
    "show": [["RUN"], ["RUN", "0"], ["RUN", "1"], ["RUN", HOSTILE], ["DAMAGED"], ["KNOWN", "1"]],
    "validate": [["CASES"], ["CASES", "--json"], [HOSTILE]],
    "view": [[HOSTILE]],
}
PLAN = f'title = {json.dumps(HOSTILE)}\nmodels = ["scripted:loyal"]\n[[blocks]]\nscenarios = ["x"]'
CHILD = """
import json, sys
from allegiance.cli import main
for number, args in enumerate(json.load(open(sys.argv[1]))):
    print(f"\\n@@{number}@@", flush=True)
    sys.argv = ["allegiance", *args]
    try:
        main()
    except SystemExit as end:
        sys.stdout.flush()
        print(f"\\n@@code {end.code}@@", flush=True)
"""


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> list[list[str]]:
    folder = tmp_path_factory.mktemp("hostile")
    places = {
        "RUN": hostile_run(folder / "run"),
        "OTHER": hostile_run(folder / "other"),
        "KNOWN": hostile_run(folder / "known", frozenset({"scenario", "adapter", "pattern"})),
        "DAMAGED": hostile_run(folder / "damaged"),
        "VARIED": hostile_run(folder / "varied"),
        "PLAN": folder / "plan.toml",
        "CASES": folder / "cases.jsonl",
        "OUT": folder / "out",
    }
    said = {"id": HOSTILE, "text": f"I sent the evaluation {HOSTILE}", "job": "grading",
            "says": {"evaluate": "not_done"}, "language": HOSTILE}  # fmt: skip
    places["CASES"].write_text(json.dumps(said) + "\n")
    places["PLAN"].write_text(PLAN)
    _edit(places["VARIED"], lambda n, t: t["trace"]["condition"].update(relationship=LEVELS[n % 2]))
    _edit(places["DAMAGED"], lambda n, t: t.update({HOSTILE: HOSTILE} if n else {}))
    return [
        [name, *(_placed(word, places) for word in args)]
        for name, all_args in CALLS.items()
        for args in all_args
    ]


LEVELS = ("none", "good")


def _edit(folder: Path, change: object) -> None:
    path = folder / "trials.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    for number, line in enumerate(lines):
        change(number, line)  # type: ignore[operator]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


def _placed(word: str, places: dict[str, Path]) -> str:
    head, equals, tail = word.rpartition("=")
    first, slash, rest = tail.partition("/")
    return f"{head}{equals}{places[first]}{slash}{rest}" if first in places else word


def test_every_command_is_called() -> None:
    modules = {m.name for m in iter_modules(commands.__path__) if not m.name.startswith("_")}
    names = {"list": "listing", "mcp-proxy": "mcp_proxy"}
    assert {names.get(name, name) for name in CALLS} == modules


@pytest.mark.parametrize("terminal", [False, True], ids=["piped", "terminal"])
def test_a_hostile_run_prints_nothing_but_text(
    calls: list[list[str]], tmp_path: Path, terminal: bool
) -> None:
    (tmp_path / "calls.json").write_text(json.dumps(calls))
    again = [[word.replace("/out/", f"/{terminal}/") for word in args] for args in calls]
    (tmp_path / "calls.json").write_text(json.dumps(again))
    output = _output([sys.executable, "-c", CHILD, str(tmp_path / "calls.json")], terminal)
    assert "Traceback" not in output
    parts = re.split(r"@@\d+@@", output)[1:]
    assert len(parts) == len(calls)
    codes = [re.findall(r"@@code (\w+)@@", part) for part in parts]
    assert all(code in (["0"], ["1"], ["2"], ["3"]) for code in codes), codes
    for args, part in zip(calls, parts, strict=True):
        text = part.replace("\r\n", "\n")
        if terminal:
            assert "\x1b]8" not in text
            text = STYLES.sub("", text).replace("\r", "")
        strange = {c for c in text if not c.isprintable() and c not in "\n\t"}
        assert not strange, (args[0], strange)
        commands_ = [row for row in text.split("\n") if row.strip().startswith(("::", "##"))]
        if "--github" in args:
            commands_ = [row for row in commands_ if not OWN.match(row)]
        assert not commands_, (args[0], commands_)
        assert not re.search(r"##(vso)?\[", text), args[0]
    shown = "".join(parts)
    assert shown.count("pwned") > 50, "the test means to print the hostile names"


def _output(command: list[str], terminal: bool) -> str:
    if not terminal:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.stdout.decode()
    master, slave = pty.openpty()
    with subprocess.Popen(
        command, stdin=slave, stdout=slave, stderr=slave, env={**os.environ, "TERM": "xterm"}
    ) as child:
        os.close(slave)
        blocks = b"".join(_read(master))
        os.close(master)
        child.wait()
    return blocks.decode()


def _read(master: int) -> Iterator[bytes]:
    while True:
        try:
            block = os.read(master, 1 << 16)
        except OSError:  # the child has closed its side
            return
        if not block:
            return
        yield block


def test_the_files_of_ci_hold_no_control_characters(
    calls: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    args = next(c for c in calls if c[0] == "gate" and "--write" in c)
    monkeypatch.setattr(sys, "argv", ["allegiance", *args])
    with pytest.raises(SystemExit):
        commands.main()
    files = [Path(word.partition("=")[2]) for word in args if word.startswith(GATE_NAMES)]
    assert len(files) == len(GATE_FORMATS.names())
    for file in files:
        text = file.read_text()
        assert "pwned" in text, file
        own = OWN if file.name == "github" else re.compile("## [^ ]+ allegiance: ")
        for row in text.split("\n"):
            assert not {c for c in row if not c.isprintable()} - {"\u200b"}, file
            assert not row.strip().startswith(("::", "##")) or own.match(row), (file, row)


GATE_NAMES = tuple(f"{name}=" for name in GATE_FORMATS.names())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\n::error::b", "a\n: :error::b"),
        (" \t::error::b", " \t: :error::b"),
        (":::error", ": ::error"),
        ("x ##[error] ###", "x # #[error] # # #"),
        ("http://[::1]:80 a::b", "http://[::1]:80 a::b"),
    ],
)
def test_commands_of_ci_are_taken_apart_and_nothing_else(text: str, shown: str) -> None:
    assert inert(text) == shown


def test_printable_shows_control_characters() -> None:
    assert printable("a\x1b[2J\u202eb\r\nc\td") == "a\\x1b[2J\\x202eb\\x0d\nc\td"


def test_a_console_and_progress_take_names_as_text(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    console().print("[bold]x[/nope] :smile:")
    say("a\x07")
    assert capsys.readouterr().out == "[bold]x[/nope] :smile:\na\\x07\n"
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(sys, "stderr", StringIO())
    with show_progress(1, Path("[/no]\x07")):
        pass
    text = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "[/no]\\x07" in text
