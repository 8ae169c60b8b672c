"""CrewAI's executor of agents, without a new class for every agent."""

from __future__ import annotations

import sys
from typing import Any

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import Agent
from crewai.flow.flow import FlowState

OWN: Any = Agent.model_fields["executor_class"].default
"""CrewAI's own executor, from wherever this version of CrewAI defines it."""


STEPS = OWN.flow_definition()
"""The steps of CrewAI's own executor, described at import and not by the trials.

CrewAI describes a class of flows when its first flow is made: it walks over the class, then stores
the description in the class. A second thread that is still walking fails with "dictionary changed
size during iteration".
"""


class State(FlowState, sys.modules[OWN.__module__].AgentExecutorState):  # type: ignore[misc]
    """The class of state, made once; CrewAI would make one for every executor."""


class Executor(OWN):  # type: ignore[misc]
    """CrewAI's executor, with the same steps, in four fifths of a crew's CPU time.

    An executor is a flow. CrewAI cannot instantiate its class of state, so it derives a new class,
    which pydantic builds, for each agent of each crew.
    """

    initial_state: Any = State

    @classmethod
    def flow_definition(cls) -> Any:
        """Return the parent's steps: CrewAI looks for them only in the class itself."""
        return STEPS
