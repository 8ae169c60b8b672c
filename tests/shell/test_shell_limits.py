"""What cannot be read or followed is an error, and nothing breaks the reader."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shell_cases import says

from allegiance.shell import read_command
from allegiance.shell import syntax as parser


@pytest.mark.parametrize(
    "command",
    [
        "cp a 'b",
        "if true; then",
        "cp a b )",
        "for do",
        "a\0b",
        "a\x01b",
        "cp models/peer.bin \\ ",
        "$(" * 99,
    ],
)
def test_what_cannot_be_parsed_is_an_error(command: str) -> None:
    with pytest.raises(ValueError):
        read_command(command)


@pytest.mark.parametrize(
    "command",
    [
        "x" * (parser.LIMIT + 1),
        "(" * 500 + "ls" + ")" * 500,
        "f() { f; f; }; f",
        "for a in {1..60}; do for b in {1..60}; do for c in {1..60}; do ls; done; done; done",
    ],
)
def test_what_cannot_be_followed_is_an_error(command: str) -> None:
    with pytest.raises(ValueError):
        read_command(command)


WRITING = (
    "cp|mv|rm|cat|tar|ssh h|xargs|find|curl -T|sed -i|a|b/c|$X|${X:-y}|${#X}|$(|)|`|'|\"|\\|>|>>|"
    "<|<<E\n|E\n|<<<|2>&1|&>|>(|<(|;|&&|\n| |{|}|{a,b}|(|((|))|[[|]]|if|then|fi|for i in|do|done|"
    "while|case x in|esac|;;|f()|function|=|A=|A=(|$@|*|?|~|#|!|-|--|%|\t|\u00e9|\U0001f600"
)
PIECES = st.sampled_from(WRITING.split("|"))


@settings(max_examples=500, deadline=None)
@given(st.lists(PIECES, max_size=25).map(" ".join) | st.lists(PIECES, max_size=25).map("".join))
def test_no_text_breaks_the_reader(command: str) -> None:
    _read(command)


@pytest.mark.parametrize("command", ["{\U00031860", "echo {\ue000,\ue001}", "{\x85\u2028$\udc80"])
def test_characters_that_are_hard_on_the_parser_are_not(command: str) -> None:
    _read(command)


def test_other_alphabets_are_kept() -> None:
    assert says("rm mod\u00e8les/\u65e5\u672c 'a\u00a0b'") == [
        "delete mod\u00e8les/\u65e5\u672c",
        "delete a\u00a0b",
    ]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_no_characters_break_the_reader(command: str) -> None:
    _read(command)


def _read(command: str) -> None:
    with contextlib.suppress(ValueError):
        read_command(command)
