"""From a command line to the effects that it would have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from allegiance.shell import syntax
from allegiance.shell.interpreter import Interpreter
from allegiance.shell.programs import HANDLERS
from allegiance.shell.state import NOTHING, ShellState, environment
from allegiance.trace.effects import Effect


@dataclass(frozen=True)
class CommandEffects:
    """What a command line would do, as far as it can be told without running it.

    Attributes:
        effects: Its effects, in order.
        opaque: Code that it runs and that is not in the command: interpreters, scripts, builds.
        unknown: Programs that nothing is known of; they are taken to have no effect on files.
    """

    effects: tuple[Effect, ...] = ()
    opaque: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def read_command(
    command: str, *, cwd: str = "", host: str = "", env: Mapping[str, str] | None = None
) -> CommandEffects:
    """Return what a command line would do.

    Args:
        command: The command line, or a script.
        cwd: The directory that it starts in; relative names stay relative without one.
        host: The host to name in targets.
        env: Variables that are set, ``HOME`` among them perhaps.

    Raises:
        ValueError: If it cannot be parsed, or is too long or too deep to be followed.
        UserError: If the parser is not installed.
    """
    variables = environment(env or {})
    interpreter = Interpreter(
        ShellState(cwd=cwd, start=cwd, host=host, variables=variables), HANDLERS
    )
    try:
        interpreter.follow(syntax.parse(command), NOTHING)
    except RecursionError:
        raise ValueError("the shell command nests too deep to be followed") from None
    return CommandEffects(
        tuple(interpreter.effects), tuple(interpreter.opaque), tuple(interpreter.unknown)
    )
