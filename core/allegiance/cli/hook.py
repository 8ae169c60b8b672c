"""The command that answers one event of a coding agent's hook."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from allegiance.cli._option_groups import with_option_groups
from allegiance.cli._print import say
from allegiance.cli._service_options import (
    DeciderOptions,
    ServerOption,
    decider_of,
    failure_rule,
)
from allegiance.errors import UserError


@with_option_groups
def command(
    decider: DeciderOptions,
    server: ServerOption = "",
    timeout: Annotated[
        float, typer.Option(min=0.01, help="Seconds to wait for the server or the state.")
    ] = 10.0,
) -> None:
    """Answer one event of Claude Code's or Codex' hooks, read from standard input.

    Exit codes: 0 with the answer on standard output, 2 to block a call that cannot be judged.
    """
    from dataclasses import replace

    from allegiance.service.hook import LONGEST_EVENT, answer_event

    rule = failure_rule(decider)
    if not server and decider.state is None:
        decider = replace(decider, state=_default_state())
    if sys.stdin.isatty():
        raise UserError("an event is expected on standard input; a coding agent writes it")
    text = sys.stdin.buffer.read(LONGEST_EVENT * 4 + 1).decode("utf-8", "replace")
    options = decider
    answer = answer_event(text, lambda: decider_of(options, server, timeout, wait=timeout), rule)
    if answer.error:
        say(answer.error, err=True)
    if answer.output is not None:
        typer.echo(json.dumps(answer.output))  # JSON escapes control characters
    if answer.code:
        raise typer.Exit(answer.code)


def _default_state() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "allegiance" / "hooks.db"
