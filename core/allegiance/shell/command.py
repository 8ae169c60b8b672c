"""Turns a shell command line into the effects it would have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from allegiance.reading import reads_text
from allegiance.shell import syntax
from allegiance.shell.budget import limited
from allegiance.shell.interpreter import Interpreter
from allegiance.shell.programs import HANDLERS
from allegiance.shell.state import NOTHING, ShellState, environment
from allegiance.trace.effects import Effect


@dataclass(frozen=True)
class CommandEffects:
    """What a command line would do, as far as its text tells.

    Attributes:
        effects: The effects, in order.
        opaque: Code that the command runs and does not contain: interpreters, scripts, builds.
        unknown: Programs without a description; they are taken to have no effect on files.
        named: The words of these programs, and the code that they run: what they may change.
    """

    effects: tuple[Effect, ...] = ()
    opaque: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    named: tuple[str, ...] = ()


@reads_text("$(", "`", "{a,", "a=$a$a;", "{1..99}", "<<E\n", "print>", "(", limit=syntax.LIMIT)
def read_command(
    command: str, *, cwd: str = "", host: str = "", env: Mapping[str, str] | None = None
) -> CommandEffects:
    """Return what a command line would do, without running it.

    Example:
        ``read_command("cp models/a /mnt").effects``

    Args:
        command: The command line, or a whole script.
        cwd: The directory that the command starts in; without it, relative names stay relative.
        host: The host to name in targets.
        env: Environment variables that are set, such as ``HOME``.

    Raises:
        ValueError: If the command cannot be parsed, is too long, nests too deep, or expands
            to too much text.
        UserError: If the parser is not installed.
    """
    with limited():
        variables = environment(env or {})
        state = ShellState(cwd=cwd, start=cwd, host=host, variables=variables)
        interpreter = Interpreter(state, HANDLERS)
        try:
            interpreter.follow(syntax.parse(command), NOTHING)
            interpreter.leave()
        except RecursionError:
            raise ValueError("the shell command nests too deep to be followed") from None
    return CommandEffects(
        tuple(interpreter.effects),
        tuple(interpreter.opaque),
        tuple(interpreter.unknown),
        tuple(interpreter.named),
    )
