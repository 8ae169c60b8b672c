"""What can be named, and the help texts."""

from __future__ import annotations

from cli_calls import Cli


def test_list_shows_everything_that_can_be_named(cli: Cli) -> None:
    everything = cli("list").out
    for word in (
        "stop_order",
        "oversight",
        "exfiltrator",
        "calibrated:MODEL",
        "langgraph",
        "swarm",
    ):
        assert word in everything
    only = cli("list", "adapters").out
    assert "langgraph" in only
    assert "stop_order" not in only


def test_version_and_help(cli: Cli) -> None:
    assert cli("--version").out.startswith("allegiance ")
    assert "--app" in cli("run", "--help").out


def test_no_help_text_is_taken_for_markup() -> None:
    from rich.text import Text
    from typer.main import get_command

    from allegiance.cli import app

    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        for param in command.params:
            text = getattr(param, "help", None) or ""
            assert Text.from_markup(text).plain == text, f"{name} {param.name}"
