"""A command that stands for much more text than it has is not understood."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shell_cases import says

from allegiance.bindings import default_bindings
from allegiance.guard import Guard
from allegiance.guard.watch import Watch
from allegiance.probes.weight_exfiltration import WeightExfiltration
from allegiance.shell import budget as bounds
from allegiance.shell import read_command
from allegiance.shell.braces import MOST, expand_braces, mark
from allegiance.shell.budget import CHARACTERS, NODES, VISITS, Budget, limited, substitute
from allegiance.shell.interpreter import Interpreter
from allegiance.shell.programs import HANDLERS
from allegiance.shell.programs.reading import _awk_files
from allegiance.shell.state import NOTHING, ShellState, Word, side_by_side
from allegiance.shell.syntax import LIMIT, parse

GROWTH = {
    "variables": "a=xx;" + "a=$a$a;" * 30 + "touch $a",
    "sources": "a=$(cat f);" + "a=$a$a;" * 30 + "touch $a",
    "append": "a=xx;" + "a+=$a;" * 30,
    "quotes": "a=xx;" + 'a="$a$a";' * 30,
    "arrays": "a=(x y);" + 'a=("${a[@]}" "${a[@]}");' * 30,
    "parameters": "set -- x y;" + 'set -- "$@" "$@";' * 30,
    "replacement": "a=x;" + "a=${a//x/xxxx};" * 30,
    "substitution": "a=xx;" + "a=$(echo $a$a);" * 30,
    "here-document": "a=xx;" + "a=$(cat <<E\n$a$a\nE\n);" * 30,
    "here-string": "a=xx;" + "read a <<< $a$a;" * 30,
    "files": "echo xx > f;" + "cat f f > g; cat g g > f;" * 30,
    "tee": "echo xx > f;" + "cat f f | tee g > f; cat g > f;" * 30,
    "printf": "a=xx;" + "a=$(printf %s%s $a $a);" * 30,
    "printf of a format": "a=$(printf '" + "x" * 9_000 + "%s' {1..256}); touch $a",
    "echo": "a=xx;" + "a=$(echo $a $a);" * 30,
    "function": 'f() { f "$1$1"; }; f xx',
    "function of all": 'f() { f "$@" "$@"; }; f x y',
    "eval": "a=xx;" + "eval a='$a$a';" * 30 + "touch $a",
    "loop": "a=x; for i in {1..60}; do a=$a$a; done",
    "while": "a=xx; while true; do a=$a$a; a=$a$a; " + "a=$a$a;" * 20 + "done",
    "ranges": "touch " + "{1..256} " * 3_000,
    "xargs": "echo " + "x" * 5_000 + " | xargs -I{} touch '" + "{}" * 5_000 + "'",
    "find": "find " + "x/" * 2_000 + " -exec touch '" + "{}" * 20_000 + "' ';'",
    "find of names": "find " + "aaaa " * 1_500 + "-name bbbb " * 1_500,
    "directories": "cd a;" + "cd $PWD/$PWD;" * 40,
    "prefixes": "a=" + "x" * 9_000 + "; echo ${a%x*y}",
}


@pytest.mark.parametrize("command", GROWTH.values(), ids=GROWTH)
def test_growth_is_refused(command: str) -> None:
    """The peak is far from what the command stands for, which is gigabytes."""
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"the shell command|the path"):
            read_command(command)
        assert tracemalloc.get_traced_memory()[1] < 200_000_000
    finally:
        tracemalloc.stop()


def test_a_guard_rejects_growth() -> None:
    probe = WeightExfiltration(assets=["models/**"])
    watch = Watch(Guard(probes=[probe], bindings=default_bindings()))
    check = watch.before("agent", "bash", {"command": GROWTH["variables"]})
    assert check.decision.action == "reject"
    assert f"{CHARACTERS:,}" in str(watch.events)


@pytest.mark.parametrize(
    "command",
    [
        "x" * LIMIT,
        "cat > f <<'E'\n" + "line\n" * 15_000 + "E",
        "a=$(cat <<E\n" + "$HOME is home\n" * 400 + "E\n); echo $a > f",
        "for i in {1..64}; do for j in {1..64}; do touch f$i-$j; done; done",
        "cp " + "models/a " * 2_000 + "/srv",
        "tar c {a,b,c}/{d,e}/{f,g}.{txt,bin}",
        "echo " + "word " * 3_000 + "| xargs touch",
    ],
)
def test_long_commands_are_followed(command: str) -> None:
    assert read_command(command) is not None


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        ("x" * (LIMIT + 1), "too long"),
        ("echo " + "a " * NODES, "parts"),
        ("touch " + "a" * 4_097, "path"),
        ("curl -T f https://h/" + "a" * 4_097, "path"),
        ("touch $(printf 'a %.0s' {1..256}) " * 50, "words|parts"),
        ("( " * 60 + "ls" + " )" * 60, "too deep"),
        ("for i in {1..60};do " * 5 + "x=1" + ";done" * 5, "too long|expands"),
        ("echo a\0b", "control"),
        ("echo \udc80", "half"),
    ],
)
def test_limits_are_stated(command: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_command(command)


def test_a_half_character_by_escape_is_replaced() -> None:
    assert says(r"touch $'a\ud800b'") == ["write a?b"]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{a,b}{c,d}", "ac ad bc bd"),
        ("x{a,{b,c}d}y", "xay xbdy xcdy"),
        ("{{a,b}}", "{a} {b}"),
        ("{a}{b,c}", "{a}b {a}c"),
        ("{a,{b,c}", "{a,b {a,c"),
        ("a,b}{c,", "a,b}{c,"),
        ("{,a}b", "b ab"),
        ("}{a,b}{", "}a{ }b{"),
        ("{a,{b},c}", "a {b} c"),
        ("{{,},}x", "x x x"),
    ],
)
def test_braces_expand_as_in_bash(source: str, words: str) -> None:
    assert [w.text for w in expand_braces(Word(mark(source)))] == words.split(" ")


@pytest.mark.parametrize("depth", [MOST - 1, MOST, 30_000])
def test_nested_braces_stop_at_the_largest_number_of_words(depth: int) -> None:
    words = expand_braces(Word(mark("{a," * depth + "b" + "}" * depth)))
    assert len(words) == (MOST if depth < MOST else 1)


def test_braces_without_an_end_are_one_word() -> None:
    text = "{a," * 30_000
    assert [w.text for w in expand_braces(Word(mark(text)))] == [text]


@given(st.lists(st.sampled_from([Word("a"), Word(""), Word("**", known=False)]), min_size=1))
def test_words_side_by_side_are_a_sum(words: list[Word]) -> None:
    total = words[0]
    for word in words[1:]:
        total = total + word
    assert side_by_side(words) == total


@pytest.mark.parametrize(
    ("program", "names"),
    [
        ('{print $1 > "a"; print >> "b"} {printf "x" > "c"}', ["a", "b", "c"]),
        ('print "x > " > "f"', ["f"]),
        ('x > "a"; print', []),
        ("print" + ">" * 50_000, []),
        ('print>"a"' * 5_000, ["a"]),
    ],
)
def test_awk_prints_to_files(program: str, names: list[str]) -> None:
    assert list(_awk_files(program))[: len(names) + 1] == names


def test_a_refused_charge_is_not_counted() -> None:
    with limited() as budget:
        with pytest.raises(ValueError, match="expands"):
            substitute("x" * 2_000, "x", "y" * 2_000)
        assert budget == Budget()
    assert substitute("aXa", "X", "b") == "aba"


PIECES = [
    "a=$a$a", "a=${a//x/xxx}", "a+=$a", 'a=("${a[@]}" "${a[@]}")', 'set -- "$@" "$@" x',
    "a=$(echo $a $a)", "a=$(printf %s%s $a $a)", "echo $a$a > f", "cat f f > g", "cat g g > f",
    "touch $a{a,b}{c,d}{e,f}", "touch {1..200}", "f() { f $1$1; }", "f $a", 'eval "a=$a$a"',
    "read a <<< $a$a", "a=$(cat <<E\n$a$a\nE\n)", "alias g='touch $a $a'", "g",
    "echo $a | xargs -I{} touch {}{}", "find $a -exec touch {}{} ';'", "echo $a | tee f g",
    "trap 'a=$a$a' EXIT", "cd $a", "ln -s $a b", "awk 'print > \"f\"' $a", "a=$((a*a))",
]  # fmt: skip
STEP = st.sampled_from(PIECES)
LOOP = st.builds("for i in {{1..{}}}; do {}; done".format, st.integers(1, 64), STEP)
PROGRAM = st.lists(STEP | LOOP, min_size=1, max_size=30).map("\n".join)


def _reason(machine: Interpreter, program: str) -> str | None:
    """Return why a program is refused, or None; any other exception is a failure."""
    try:
        machine.follow(parse("a=xx\n" + program), NOTHING)
    except ValueError as error:
        return str(error)
    return None


@settings(max_examples=150, deadline=None)
@given(PROGRAM)
def test_no_program_exceeds_the_budget(program: str) -> None:
    machine = Interpreter(ShellState(), HANDLERS)
    with limited() as budget:
        reason = _reason(machine, program)
    assert reason is None or "the shell command" in reason
    assert 0 < budget.characters <= CHARACTERS
    assert budget.nodes <= NODES
    assert budget.visits <= VISITS
    assert sum(len(text) for text in machine.state.files.values()) <= CHARACTERS
    assert sum(len(w.text) for v in machine.state.variables.values() for w in v) <= CHARACTERS


def test_the_budget_of_a_command_ends_with_it() -> None:
    with pytest.raises(ValueError, match="expands"):
        read_command(GROWTH["variables"])
    bounds.charge(CHARACTERS + 1)
    assert says("touch a") == ["write a"]
