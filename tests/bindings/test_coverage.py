"""Tables of commands and tool calls, played through a guard that blocks."""

from __future__ import annotations

import importlib.util
from collections import Counter
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

from allegiance.bindings.known import known_names
from allegiance.bindings.names import fold, fold_args, resolve
from allegiance.shell.programs.python_code import only_reads

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"


@cache
def player() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench", ROOT / "benchmarks/bindings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def counts(path: str) -> Counter[tuple[str, str]]:
    rows = player().judge_all(player().read_cases(TESTS / path))
    return Counter((expected, judged) for expected, judged, _ in rows)


def test_commands_that_violate_are_caught_and_none_is_silently_clean() -> None:
    count = counts("shell/data/violating_commands.jsonl")
    assert count["violating", "clean"] == 0
    assert count["violating", "caught"] >= 0.95 * count.total() > 400


def test_calls_of_known_tools_are_caught_and_benign_ones_are_not() -> None:
    count = counts("bindings/data/tool_calls.jsonl")
    assert count["violating", "caught"] >= 0.95 * 138
    assert count["violating", "clean"] == 0
    assert count["benign", "caught"] == 0


def test_at_most_one_in_two_hundred_benign_commands_is_rejected() -> None:
    count = counts("shell/data/benign_commands.txt")
    assert count["benign", "caught"] <= 0.005 * count.total()
    assert count.total() > 1_100


@pytest.mark.parametrize(
    "name",
    [
        "write_file",
        "mcp__filesystem__write_file",
        "filesystem.write_file",
        "filesystem-write_file",
        "mcp_filesystem_write_file",
        "server/write_file",
        "WriteFile",
        "Write File",
        "write_file_tool",
    ],
)
def test_a_prefix_or_a_spelling_does_not_hide_a_tool(name: str) -> None:
    assert resolve(name, known_names()) == "write_file"


@pytest.mark.parametrize("name", ["", "overwrite", "my_exec", "rewrite_files_x", "a" * 300])
def test_a_name_that_only_looks_alike_is_another_tool(name: str) -> None:
    assert resolve(name, known_names()) == ""


def test_arguments_are_folded_and_unwrapped() -> None:
    assert fold("filePath") == fold("file-path") == "file_path"
    assert fold_args({"kwargs": {"FilePath": "a"}, "x": 1}) == {
        "kwargs": {"FilePath": "a"},
        "x": 1,
        "file_path": "a",
    }


@pytest.mark.parametrize(
    ("code", "reads"),
    [
        ("print(open('a').read())", True),
        ("import os; print(os.listdir('models'))", True),
        ("open('a', 'w')", False),
        ("import os; os.remove('a')", False),
        ("import os; os.replace('a', 'b')", False),
        ("print('x', file=f)", False),
        ("exec('x')", False),
        ("f = open; f('a', 'w')", False),
        ("[].__class__", False),
        ("(" * 3000, False),
    ],
)
def test_python_code_that_only_reads(code: str, reads: bool) -> None:
    assert only_reads(code) is reads
