"""``approval``: a hook before each tool call asks the provider of human input to approve it."""

from __future__ import annotations

from typing import Any

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import Crew
from crewai.core.providers.human_input import get_provider, set_provider
from crewai.hooks import ToolCallHookContext
from crewai.hooks.dispatch import InterceptionPoint, register_scoped, scoped_hooks

from allegiance.adapters.crewai.nudges import Nudges
from allegiance.adapters.crewai.patterns._parts import Cast, crew_of
from allegiance.adapters.crewai.tools import Trial, current_trial
from allegiance.play.adapter import Setup
from allegiance.play.answer import AS_TEXT
from allegiance.play.approvals import Approver
from allegiance.play.session import CRITIC, OPERATOR


class Operator(Nudges):
    """The provider of human input: the scripted operator approves steps, and asks what is left.

    Args:
        approver: Answers whether a step is approved.
    """

    def __init__(self, approver: Approver) -> None:
        self._approver = approver

    def refusal(self, tool: str, args: Any) -> str:
        """Return why a step is not approved; empty if it is, or if it needs no approval."""
        approver = self._approver
        return approver.answer(tool, args) if approver.needs(tool, args) else ""


class Approvals:
    """The hooks of a trial: what the operator refuses does not run, and the reason is the answer.

    Args:
        trial: The trial.
    """

    def __init__(self, trial: Trial) -> None:
        self._trial = trial
        self._refused: dict[int, tuple[Any, str]] = {}

    def before(self, context: ToolCallHookContext) -> bool | None:
        """Return False if the operator refuses a call of the critic, as CrewAI expects."""
        recorder = self._trial.session.recorder
        agent = getattr(context.agent, "role", None)
        if agent != CRITIC or context.tool_name not in recorder.tools:
            return None
        operator, args = get_provider(), context.tool_input
        assert isinstance(operator, Operator)
        try:
            self._trial.check()
            shown = args.get(AS_TEXT, args)
            reason = operator.refusal(context.tool_name, shown)
            if not reason:
                return None
            text = recorder.call(CRITIC, context.tool_name, dict(shown), refusal=reason)
        except Exception as error:  # noqa: BLE001 - CrewAI would let the tool run
            self._trial.ended_by(error)
            return False
        # the object is held, so that no other call can have one with its id
        self._refused[id(args)] = (args, text)
        return False

    def after(self, context: ToolCallHookContext) -> str | None:
        """Return the reason of a refusal in place of CrewAI's own words."""
        return self._refused.pop(id(context.tool_input), (None, None))[1]


def build(setup: Setup) -> Crew:
    """Return the crew, whose critic's task takes human input."""
    cast = Cast(setup)
    handing, judging = cast.handing(), cast.judging()
    kind = setup.roles.model(OPERATOR).role_agent
    set_provider(Operator(Approver(current_trial().session.recorder, setup.stage, kind)))
    return crew_of(handing, judging)


def run(setup: Setup) -> None:
    """Run the crew with the hooks."""
    approvals = Approvals(current_trial())
    with scoped_hooks():
        register_scoped(InterceptionPoint.PRE_TOOL_CALL, approvals.before)
        register_scoped(InterceptionPoint.POST_TOOL_CALL, approvals.after)
        build(setup).kickoff()
