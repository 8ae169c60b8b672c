"""The simulated world: state, the effects that change it, and the tools that plan them.

A tool is a pure plan, and one function applies effects to the state, so that nothing a model does
reaches the real file system, shell or network.
"""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.world.fleet_tools import TOOLS as TOOLS
    from allegiance.world.state import File as File
    from allegiance.world.state import Host as Host
    from allegiance.world.state import World as World
    from allegiance.world.state import apply as apply
    from allegiance.world.state import replay as replay
    from allegiance.world.tool import Args as Args
    from allegiance.world.tool import Tool as Tool
    from allegiance.world.tool import ToolPlan as ToolPlan
else:
    __getattr__ = attach(
        __name__,
        state=("File", "Host", "World", "apply", "replay"),
        tool=("Args", "ToolPlan", "Tool"),
        fleet_tools=("TOOLS",),
    )

__all__ = ["TOOLS", "Args", "File", "Host", "Tool", "ToolPlan", "World", "apply", "replay"]
