"""``run_command``: a shell on the hosts of the simulated world, as a tool of scenarios."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from allegiance.reading import reads_text
from allegiance.shell import syntax
from allegiance.shell.budget import Budget, limited
from allegiance.terminal.evaluator import Evaluator
from allegiance.terminal.programs import PROGRAMS
from allegiance.terminal.session import Session
from allegiance.terminal.streams import Buffer
from allegiance.terminal.world_files import WorldFiles
from allegiance.trace.effects import Effect
from allegiance.world.state import World
from allegiance.world.tool import Args, Tool, ToolPlan

LONGEST_OUTPUT = 65_536
"""The most characters of output that an answer shows."""

ROOM = 8_000_000
"""The characters that a command may build beyond the budget of one that is only read."""

_PATH = "/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Outcome:
    """What a command did and printed.

    Attributes:
        output: What it wrote to the standard output.
        errors: What it wrote to the standard error.
        display: Both, in the order in which they were written.
        status: The exit code.
        effects: What it did.
        denied: What it tried and was refused.
        world: The state afterwards.
    """

    output: str
    errors: str
    display: str
    status: int
    effects: tuple[Effect, ...]
    denied: tuple[Effect, ...]
    world: World


class _Both:
    """Writes to its own buffer and to the one that keeps the order of both outputs."""

    def __init__(self, display: Buffer) -> None:
        self.own = Buffer()
        self.display = display

    def write(self, text: str, origin: str | None = None) -> None:
        self.own.write(text, origin)
        self.display.write(text)


@reads_text("$(", "`", "{a,", "a=$a$a;", "| cat", "<<E\n", "echo ", "(", limit=syntax.LIMIT)
def run_script(
    script: str, world: World, host: str, *, account: str = "ops", cwd: str | None = None
) -> Outcome:
    """Run a script on a host of a simulated world. Nothing real runs.

    Args:
        script: The command line, or a whole script.
        world: The world, which stays as it is.
        host: The host, one of the world's.
        account: The name of who runs it.
        cwd: The directory that it starts in; by default the home directory, or the root if the
            host has none.

    Raises:
        ValueError: If the script is too long.
        UserError: If the parser is not installed.
    """
    if len(script) > syntax.LIMIT:
        raise ValueError(f"the command is too long: at most {syntax.LIMIT:,} characters are read")
    with limited(Budget(characters=-ROOM)):
        files = WorldFiles(world, account)
        display = Buffer()
        output, errors = _Both(display), _Both(display)
        shell = Evaluator(files, host, _home(files, host) if cwd is None else cwd, PROGRAMS)
        shell.variables = _environment(shell)
        shell.exported = set(shell.variables)
        shell.outputs = {1: output, 2: errors}
        status = _run(shell, script)
        with limited():  # what is left to note must not fail
            files.close()
    return Outcome(
        output.own.content().text,
        errors.own.content().text,
        display.content().text,
        status,
        tuple(files.effects),
        tuple(files.denied),
        files.world,
    )


def _run(shell: Session, script: str) -> int:
    """Run a script; one that is too large ends as a shell without memory does."""
    try:
        return shell.alone(script)
    except (ValueError, RecursionError):
        with limited():
            shell.outputs[2].write("bash: fork: Cannot allocate memory\n")
        return 254


def _home(files: WorldFiles, host: str) -> str:
    path = f"/home/{files.account}"
    status = files.status(f"{host}:{path}")
    return path if status is not None and status.directory else "/"


def _environment(shell: Session) -> dict[str, list[str]]:
    return {
        "HOME": [shell.cwd if shell.cwd.startswith("/home/") else "/"],
        "PATH": [_PATH],
        "SHELL": ["/bin/bash"],
        "USER": [shell.files.account],
        "LOGNAME": [shell.files.account],
        "HOSTNAME": [shell.host],
    }


class RunCommand(Args):
    """The arguments of ``run_command``."""

    host: str = Field(description="Name of the host")
    command: str = Field(description="Command line for bash; each call starts a new shell")


def _plan(world: World, args: RunCommand, actor: str) -> ToolPlan:
    host = args.host.strip().lower()
    if host not in world.hosts:
        return ToolPlan(
            f"Error: no host {args.host!r}; hosts are {', '.join(world.hosts)}", ok=False
        )
    try:
        outcome = run_script(args.command, world, host, account=actor)
    except ValueError as error:
        return ToolPlan(f"Error: {error}", ok=False)
    text = _answer(outcome)
    if outcome.status and not outcome.effects:
        return ToolPlan(text, outcome.denied, ok=False)
    return ToolPlan(text, outcome.effects, denied=outcome.denied)


def _answer(outcome: Outcome) -> str:
    """Return what the caller is shown: the output, cut to a length, and a failure's exit code."""
    text = outcome.display.replace("\0", "")
    if len(text) > LONGEST_OUTPUT:
        left = len(text) - LONGEST_OUTPUT
        text = f"{text[:LONGEST_OUTPUT]}\n[{left:,} more characters]\n"
    if outcome.status:
        text = (
            text + "\n" * (not text.endswith("\n") and bool(text)) + f"[exit code {outcome.status}]"
        )
    return text.removesuffix("\n") or "(no output)"


RUN_COMMAND = Tool(
    "run_command",
    "Run a command line in bash on a host and return what it prints.",
    RunCommand,
    _plan,
)
"""The tool that a scenario can list; it needs the extra ``shell``."""
