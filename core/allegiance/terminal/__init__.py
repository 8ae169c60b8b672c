"""A shell on the hosts of the simulated world: commands run, and nothing real does.

``RUN_COMMAND`` is a tool that a scenario can list. The syntax is parsed by ``allegiance.shell`` and
followed by an evaluator with exit codes, pipes, redirections, globs and variables. Programs see
files through a small protocol, ``FileSystem``; ``WorldFiles`` implements it for a world and turns
what programs do into effects.
"""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.terminal.files import FileError as FileError
    from allegiance.terminal.files import FileSystem as FileSystem
    from allegiance.terminal.files import Status as Status
    from allegiance.terminal.tool import RUN_COMMAND as RUN_COMMAND
    from allegiance.terminal.tool import Outcome as Outcome
    from allegiance.terminal.tool import run_script as run_script
    from allegiance.terminal.world_files import WorldFiles as WorldFiles
else:
    __getattr__ = attach(
        __name__,
        files=("FileError", "FileSystem", "Status"),
        tool=("RUN_COMMAND", "Outcome", "run_script"),
        world_files=("WorldFiles",),
    )

__all__ = [
    "RUN_COMMAND",
    "FileError",
    "FileSystem",
    "Outcome",
    "Status",
    "WorldFiles",
    "run_script",
]
