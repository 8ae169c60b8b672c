"""The keys of --set, and the groups of options that commands share."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from allegiance.cli import app
from allegiance.cli._option_groups import with_option_groups
from allegiance.cli._settings import OPTIONS, keys, read_settings, settings_group
from allegiance.errors import UserError

PAGE = Path(__file__).parents[2] / "docs" / "running.md"


def test_the_page_lists_every_key_once_and_no_other() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("## Settings")[2].partition("\n## ")[0]
    listed = re.findall(r"^\| `([a-z_.]+)` \|", table, re.MULTILINE)
    assert sorted(listed) == sorted(keys())
    for key, option in OPTIONS.items():
        assert f"`{key}` is `{option}`" in " ".join(table.split())


def test_the_help_of_run_points_to_the_page() -> None:
    output = CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200"}).output
    assert "docs/running.md lists all keys" in output


def test_every_key_is_read_and_has_the_type_of_its_field() -> None:
    numbers = [key for key in keys() if key != "ray.address"]
    settings = read_settings([f"{key}=1" for key in numbers], {"limits.timeout": 2.5})
    assert settings == {**dict.fromkeys(numbers, 1), "limits.timeout": 2.5}
    assert isinstance(settings["limits.turns"], int)
    assert isinstance(settings["limits.cost"], float)
    assert read_settings(["ray.address=ray://a:1"], {}) == {"ray.address": "ray://a:1"}
    assert settings_group(settings, "budget") == {"calls": 1, "tokens": 1, "seconds": 1}


def test_an_unknown_key_is_an_error_that_lists_the_keys() -> None:
    with pytest.raises(UserError) as refused:
        read_settings(["limit.turns=3"], {})
    assert "did you mean 'limits.turns'?" in str(refused.value)
    assert all(key in str(refused.value) for key in keys())


@dataclass(frozen=True)
class Pair:
    left: Annotated[int, typer.Option(help="Left.")]
    right: Annotated[list[str] | None, typer.Option("--other", help="Right.")] = None


def test_a_group_becomes_options_and_arrives_as_its_dataclass() -> None:
    received: list[object] = []
    commands = typer.Typer()

    @commands.command()
    @with_option_groups
    def command(pair: Pair, name: Annotated[str, typer.Argument()] = "n") -> None:
        """Do something."""
        received.append((pair, name))

    assert CliRunner().invoke(commands, ["--left", "3", "--other", "a", "m"]).exit_code == 0
    assert CliRunner().invoke(commands, ["--left", "4"]).exit_code == 0
    assert received == [(Pair(3, ["a"]), "m"), (Pair(4), "n")]
    assert CliRunner().invoke(commands, []).exit_code == 2
    assert "Do something." in CliRunner().invoke(commands, ["--help"]).output


def test_an_option_that_two_groups_declare_is_refused() -> None:
    def command(first: Pair, second: Pair) -> None:
        raise AssertionError((first, second))

    with pytest.raises(TypeError, match="two groups of options declare left, right"):
        with_option_groups(command)
