"""The scenario kit: scenarios, stages, segments, scripts and scripted agents.

The scenarios that ship with allegiance are in ``allegiance.scenarios``.
"""

from typing import TYPE_CHECKING

from allegiance.lazy import attach

if TYPE_CHECKING:
    from allegiance.scenario.role import Role as Role
    from allegiance.scenario.roles import Model as Model
    from allegiance.scenario.roles import parse_model as parse_model
    from allegiance.scenario.scenario import Scenario as Scenario
    from allegiance.scenario.script import Call as Call
    from allegiance.scenario.script import Script as Script
    from allegiance.scenario.script import Turn as Turn
    from allegiance.scenario.script import do as do
    from allegiance.scenario.script import say as say
    from allegiance.scenario.scripted_agent import ScriptedAgent as ScriptedAgent
    from allegiance.scenario.stage import Segment as Segment
    from allegiance.scenario.stage import Stage as Stage
    from allegiance.scenario.stage import furnish as furnish
else:
    __getattr__ = attach(
        __name__,
        scenario=("Scenario",),
        stage=("Segment", "Stage", "furnish"),
        script=("Call", "Script", "Turn", "do", "say"),
        scripted_agent=("ScriptedAgent",),
        roles=("Model", "parse_model"),
        role=("Role",),
    )

__all__ = [
    "Call",
    "Model",
    "Role",
    "Scenario",
    "Script",
    "ScriptedAgent",
    "Segment",
    "Stage",
    "Turn",
    "do",
    "furnish",
    "parse_model",
    "say",
]
