"""The shell binding: which tools it covers, and where it finds the command."""

from __future__ import annotations

from typing import Any

import pytest

from allegiance.bindings import PartlyRead, default_bindings, shell
from allegiance.bindings.binding import find
from allegiance.errors import UserError
from allegiance.shell import syntax as parser


def test_a_strict_binding_rejects_what_cannot_be_seen() -> None:
    binding = shell("bash", strict=True)
    assert binding.plan({"command": "ls"}) == ()
    with pytest.raises(ValueError, match="cannot be read from it: python"):
        binding.plan({"command": "python -c 'x'"})


@pytest.mark.parametrize(
    "args",
    [
        {"command": "rm a"},
        {"cmd": "rm a"},
        {"commands": ["ls", "rm a"]},
        {"commands": "rm a"},
        {"command": ["rm", "a"]},
        {"command": ["bash", "-lc", "rm a"]},
        {"script": "rm a", "timeout": 5},
    ],
)
def test_where_the_command_is_found(args: dict[str, Any]) -> None:
    assert [e.target for e in shell().plan(args)] == ["a"]


def test_a_call_may_say_where_it_runs() -> None:
    effects = shell(cwd="/srv").plan({"command": "rm a", "workdir": "/opt"})
    assert [e.target for e in effects] == ["/opt/a"]


@pytest.mark.parametrize("args", [{"command": 3}, {"command": "cp 'a"}])
def test_a_call_that_cannot_be_read_is_an_error(args: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        shell().plan(args)


def test_a_call_without_a_command_is_not_read_and_not_rejected() -> None:
    plan = shell().plan({"limit": 1})
    assert isinstance(plan, PartlyRead)
    assert plan == ()


def test_a_restart_has_no_effects() -> None:
    assert shell().plan({"restart": True}) == ()


@pytest.mark.parametrize(
    ("tool", "covered"),
    [
        ("bash", True),
        ("Shell", True),
        ("terminal", True),
        ("run_command", True),
        ("execute_command", True),
        ("execute_bash", True),
        ("shell_exec", True),
        ("run_shell_command", True),
        ("local_shell", True),
        ("run_terminal_cmd", True),
        ("powershell", False),
        ("read_file", False),
        ("publish", False),
    ],
)
def test_the_usual_names_are_covered(tool: str, covered: bool) -> None:
    assert shell().covers(tool) is covered


def test_the_ready_made_bindings_put_exact_names_first() -> None:
    bindings = default_bindings()
    exact = [isinstance(b.tool, str) for b in bindings]
    assert exact == sorted(exact, reverse=True)
    assert len({str(b.tool) for b in bindings}) == len(bindings)
    assert all(find(bindings, name) for name in ("bash", "write_file", "requests_post"))


def test_without_the_parser_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    parser._language.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "tree_sitter_bash", None)
    with pytest.raises(UserError, match=r"pip install 'allegiance\[shell\]'"):
        shell()
    parser._language.cache_clear()
