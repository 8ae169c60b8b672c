"""Whatever a command is, it ends: loops, growth, nesting and expressions are bounded."""

from __future__ import annotations

from dataclasses import replace

import pytest

from allegiance.shell.budget import CHARACTERS
from allegiance.terminal import RUN_COMMAND, run_script
from allegiance.terminal.regex import Regex
from allegiance.terminal.tool import LONGEST_OUTPUT, ROOM
from allegiance.world import File, World

MEMORY = "bash: fork: Cannot allocate memory\n"
LETTERS = "prod:/letters"
LINES = "prod:/lines"


@pytest.fixture
def world(world: World) -> World:
    """The small world, with a long line and a long file."""
    lines = "".join(f"line {n} of many\n" for n in range(2000))
    files = {LETTERS: File("a" * 60_000, 60_000, "2026-01-01")}
    files[LINES] = File(lines, len(lines), "2026-01-01")
    return replace(world, files={**world.files, **files})


@pytest.mark.parametrize(
    "command",
    [
        "a=x;" + "a=$a$a;" * 40 + "echo $a",
        "while true; do echo x; done",
        "while true; do echo x >> /f; done",
        "until false; do :; done",
        "for ((;;)); do :; done",
        "f() { f; }; f",
        "f() { f | f; }; f",
        "x='eval $x'; eval $x",
        "$(" * 60 + "echo x" + ")" * 60,
        "echo {1..99}{1..99}{1..99}",
        "ssh spare " * 60 + "hostname",
        "echo a | sed ':a;ba'",
        "awk 'BEGIN {while (1);}'",
        "awk 'BEGIN {for (s = \"x\";;) s = s s}'",
        "awk 'BEGIN {for (;;) a[n++]}'",
        "awk 'BEGIN {for (;;) print > \"/f\"}'",
        "awk 'BEGIN {for (;;) system(\"true\")}'",
        "echo a | sed ':a;s/a/aa/;ta'",
        "sed -n 'H;G;G;p' /lines",
        "cat /lines /lines > /a; for i in 1 2 3 4 5 6 7 8 9; do cat /a /a > /b; mv /b /a; done",
        "diff <(seq 1 4000) <(seq 4000 -1 1)",
        "x=" + "a" * 20_000 + "; echo ${x%%" + "a*" * 50 + "b}",
        "[ " + "! " * 2000 + "x ]",
        "printf '%9999d' " + "1 " * 3000,
    ],
    ids=lambda command: command[:30],
)
def test_a_command_without_an_end_is_ended(world: World, command: str) -> None:
    outcome = run_script(command, world, "prod")
    assert outcome.status == 254
    assert outcome.errors.endswith(MEMORY)
    assert len(outcome.output) <= CHARACTERS + ROOM
    plan = RUN_COMMAND.run(world, {"host": "prod", "command": command}, "critic")
    assert len(plan.text) <= LONGEST_OUTPUT + 200


@pytest.mark.parametrize(
    ("command", "output"),
    [
        ("grep -cE '(a*)*b' /letters", "0\n"),
        ("grep -cE '(a|aa)+$' /letters", "1\n"),
        ("grep -cE '((a*)+)+b|(a|b|ab)*c' /letters", "0\n"),
        ("grep -cE 'a.*a.*a.*a.*a.*b' /letters", "0\n"),
        ("grep -c '\\(a*\\)*$' /letters", "1\n"),
        ("sed -E 's/(a|a)*b/x/g' /letters | wc -c", "60000\n"),
        ("[[ " + "a" * 5000 + " == " + "*a" * 500 + "b ]]; echo $?", "1\n"),
        ("case " + "a" * 5000 + " in " + "*a" * 200 + "b) echo y;; *) echo n;; esac", "n\n"),
        ("echo $((2**99999999)) $((1<<999)) $((9999999999999999999*9))", "0 549755813888 0\n"),
        ("echo a" + " | cat" * 1000, "a\n"),
        ("awk '/(a*)*b/ {n++} END {print n + 0}' /letters", "0\n"),
        ("awk '{print gsub(/(a|aa)+/, \"b\")}' /letters", "1\n"),
        ("awk 'function f(x) {return f(x)} BEGIN {f(1)}'; echo $?", "2\n"),
        ("awk 'BEGIN {printf \"%999999999d\", 1}'; echo $?", "2\n"),
        ("awk 'BEGIN {$99999999 = 1}'; echo $?", "2\n"),
        ("awk 'BEGIN {print " + "(" * 500 + "1" + ")" * 500 + "}'; echo $?", "2\n"),
        ("yes | head -n 2 | wc -l", "2\n"),
        ("seq 1 999999999999 | wc -l", "0\n"),
        ("head -c 999999999999 /lines | wc -c", "34890\n"),
        ("cut -c" + ",".join(f"{n}-" for n in range(1, 3000)) + " /lines | wc -l", "2000\n"),
        ("find / " + "\\( " * 500 + " | wc -l", "0\n"),
    ],
    ids=lambda value: value[:30],
)
def test_a_hard_question_has_its_answer(world: World, command: str, output: str) -> None:
    assert run_script(command, world, "prod").output == output


def test_too_many_repetitions_of_an_expression_are_refused(world: World) -> None:
    outcome = run_script("grep -E '(((a{1,50}){1,50}){1,50})' /letters", world, "prod")
    assert outcome.errors == "grep: Regular expression too big\n"
    assert outcome.status == 2


def test_the_time_of_an_expression_grows_with_the_text_alone() -> None:
    """Count steps, not seconds: the states that are built stay the same for any length."""
    counts = []
    for size in (1_000, 100_000):
        regex = Regex("(x+x+)+y", extended=True)
        assert not regex.matches("x" * size)
        counts.append(len(regex._states))
    assert counts[0] == counts[1] < 10


def test_output_is_cut_and_says_so(world: World) -> None:
    command = "cat /lines /lines /lines"
    plan = RUN_COMMAND.run(world, {"host": "prod", "command": command}, "critic")
    whole = run_script(command, world, "prod").output
    assert plan.text.startswith(whole[:LONGEST_OUTPUT])
    left = len(whole) - LONGEST_OUTPUT
    assert plan.text[LONGEST_OUTPUT:] == f"\n[{left:,} more characters]"


def test_what_was_done_before_the_end_stays_done(world: World) -> None:
    outcome = run_script("cp /srv/notes.txt /copy; while true; do :; done", world, "prod")
    assert outcome.status == 254
    assert [e.target for e in outcome.effects] == ["prod:/copy"]
    assert "prod:/copy" in outcome.world.files


@pytest.mark.parametrize("command", ["echo " + "x" * 100_000, "echo | " * 3000 + "cat"])
def test_a_command_that_is_too_long_is_refused(world: World, command: str) -> None:
    plan = RUN_COMMAND.run(world, {"host": "prod", "command": command}, "critic")
    assert "at most 100,000 characters" in plan.text
    assert (plan.ok, plan.effects) == (False, ())


@pytest.mark.parametrize("command", ["(", "echo 'a", "if true", "for", "a |", "}", "$(", "`"])
def test_what_is_no_command_is_a_syntax_error(world: World, command: str) -> None:
    outcome = run_script(command, world, "prod")
    assert outcome.status == 2
    assert outcome.errors.startswith("bash: -c: ")


@pytest.mark.parametrize("name", ["a" * 300, "/a" * 3000, "a/" * 300])
def test_a_name_that_is_too_long_is_refused(world: World, name: str) -> None:
    outcome = run_script(f"touch {name}; cat {name}; mkdir {name}", world, "prod")
    assert outcome.status == 1
    assert outcome.world.files == world.files
    assert outcome.effects == ()
