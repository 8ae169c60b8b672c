"""Words are expanded as a real shell expands them."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allegiance.shell import read_command
from allegiance.trace import Effect

FRAGMENTS = [
    "a",
    "b/c",
    "'q r'",
    '"d e"',
    "$X",
    '"$X"',
    "${X}y",
    "${U:-z}",
    '"${U:-z w}"',
    "$(echo s t)",
    '"$(echo s t)"',
    "`echo k`",
    "\\'",
    "$'\\x41b'",
    "p{q,r}",
    "{1..3}",
    "x{u,v{w,}}",
    '""',
    '"a\\"b"',
    '"\\$X"',
    "'$X'",
    "${X%o}",
    "${X#h}",
    "${X/l/L}",
    "a\\\nb",
    '"$@"',
    "$1",
    "a#b",
    "a=b",
    ":",
    "a..b",
    "\\\\",
    '"${A[@]}"',
    '"${A[1]}"',
    '"${A[*]}"',
    "${X^^}",
    "a,b",
    "{a}",
    "%",
    "@",
    "+",
]
WORDS = st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=2).map("".join)


@pytest.mark.skipif(shutil.which("bash") is None, reason="compares with a real shell")
@settings(max_examples=60, deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=4))
def test_words_are_those_of_a_real_shell(words: list[str]) -> None:
    """Arguments are expanded as by bash, but for braces around several words and unset names."""
    head = 'X=hello; A=(r "s t"); set -- p1 "p 2"\n'
    line = " ".join(words)
    real = subprocess.run(
        ["bash", "--norc", "-c", f'{head}printf "%s\\0" {line}'],
        capture_output=True,
        check=True,
        env={"PATH": "/usr/bin:/bin"},
    )
    try:
        found = [e.target for e in read_command(f"{head}touch -- {line}").effects]
    except ValueError:
        return
    wanted = real.stdout.decode().split("\0")[:-1]
    listed = [e.target for name in wanted if name for e in _touched(name)]
    if any("*" in name for name in found):
        return  # a name that is not set: taken to be anything
    if not any("{" in w and ("@" in w or "t)" in w) for w in words):
        assert set(listed) <= set(found)


def _touched(name: str) -> tuple[Effect, ...]:
    return read_command(f"touch -- {shlex.quote(name)}").effects
