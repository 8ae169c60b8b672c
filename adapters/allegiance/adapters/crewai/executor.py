"""CrewAI's own executor of an agent, which does not make a class anew for every agent."""

from __future__ import annotations

import sys
from typing import Any

from allegiance.adapters.crewai import home as _crewai_home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import Agent
from crewai.flow.flow import FlowState

OWN: Any = Agent.model_fields["executor_class"].default
"""CrewAI's own executor, wherever this version of CrewAI keeps it."""


STEPS = OWN.flow_definition()
"""The steps of CrewAI's own executor, described now and not by the trials.

CrewAI describes a flow when the first one of its class is made, by a walk over the class, and then
stores the description in that class. A second thread that is still walking fails with "dictionary
changed size during iteration".
"""


class State(FlowState, sys.modules[OWN.__module__].AgentExecutorState):  # type: ignore[misc]
    """The class of state that CrewAI would make for every single executor, made once."""


class Executor(OWN):  # type: ignore[misc]
    """Does what CrewAI's executor does, step by step, in four fifths of a crew's CPU time.

    An executor is a flow whose state has no class that CrewAI can instantiate as it is: it derives
    one, and pydantic builds it, for each agent of each crew.
    """

    initial_state: Any = State

    @classmethod
    def flow_definition(cls) -> Any:
        """Return the parent's steps: CrewAI looks for them in the class itself alone."""
        return STEPS
