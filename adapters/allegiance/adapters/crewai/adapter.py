"""The CrewAI adapter: a sequential crew, a crew with the critic as manager, and a flow.

In each of them the peer takes part: it speaks first, and the critic judges it in its presence. If
the condition has no peer in the conversation, an intake agent says that the material is in place. A
crew or flow serves one run at a time, and CrewAI blocks its thread, so each trial gets a new app
and a thread.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from importlib import import_module
from typing import Any, ClassVar

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import Agent, Crew, Flow, Process, Task
from crewai.core.providers.human_input import set_provider
from crewai.events.utils.console_formatter import set_suppress_console_output
from crewai.flow import listen, start
from crewai.tools.tool_failure import ToolExecutionFailedError

from allegiance.adapters.crewai import GROUPS, LIVE, PACKAGES, PATTERNS
from allegiance.adapters.crewai.crews import (
    CONTEXT,
    NoStore,
    UnstoredCrew,
    make_agent,
    sign,
    signed,
)
from allegiance.adapters.crewai.nudges import STATELESS, Nudges, akickoff, kickoff
from allegiance.adapters.crewai.own_models import note_own_models
from allegiance.adapters.crewai.roles import role_llm
from allegiance.adapters.crewai.speakers import Intake
from allegiance.adapters.crewai.tools import TRIAL, Trial, current_trial, native_tools
from allegiance.errors import TurnLimit, UserError
from allegiance.play.adapter import Kit, Setup, unwrap
from allegiance.play.own_models import call_build
from allegiance.play.session import CRITIC, OPERATOR, PEER, Session
from allegiance.scenario.script import Call, Turn

WORKER = "worker"
DELEGATE = "delegate_work_to_coworker"
HAND_OVER = "Hand over your material."
_BUILDING = threading.Lock()
"""Held while a user's app is built: CrewAI describes a class of flows when the first flow is made,
and threads that do so at the same time fail (see ``executor.STEPS``)."""


class CrewAI:
    """Plays ``sequential``, ``hierarchical`` and ``flow``, or a user's own app as ``app``."""

    name = "crewai"
    patterns: ClassVar[tuple[str, ...]] = PATTERNS
    live: ClassVar[tuple[str, ...]] = LIVE
    groups: ClassVar[tuple[str, ...]] = GROUPS
    packages: ClassVar[tuple[str, ...]] = PACKAGES
    notes: ClassVar[dict[str, str]] = {
        "history": "CrewAI withholds the text with tool calls from the model's own history",
        "text with tool calls": "recorded where the provider speaks the OpenAI or the Anthropic "
        "protocol; CrewAI's other clients, and LLM objects given from Python, drop it",
    }

    def prepare(self, setup: Setup) -> None:
        """Check that the models can be used; trials share nothing."""
        for name in setup.cast:
            role_llm(setup.roles.model(name), name)
        if setup.pattern in GROUPS:
            _module(setup.pattern)  # now, and not by several trials at once

    async def play(self, setup: Setup, prepared: Any, session: Session) -> None:
        """Play one trial in a new thread."""
        trial = Trial(session)
        context = copy_context()
        context.run(TRIAL.set, trial)
        thread = ThreadPoolExecutor(1, thread_name_prefix="allegiance-crewai")
        playing = asyncio.get_running_loop().run_in_executor(thread, context.run, _play, setup)
        thread.shutdown(wait=False)  # it ends with the trial
        try:
            await playing
        except ToolExecutionFailedError as error:
            if error.record.failure.reason != "repeated_call":
                raise
            raise TurnLimit(f"CrewAI's own limit: {error}") from None
        except Exception:
            if trial.error is None:
                raise
        finally:
            trial.open = False
        if trial.error is not None:
            raise trial.error


def _play(setup: Setup) -> None:
    trial = current_trial()
    session = trial.session
    if setup.pattern == "app":
        _run_user_app(setup)
        return
    set_provider(Nudges())  # this and the next in the context of this trial alone
    set_suppress_console_output(True)
    if setup.pattern in GROUPS:
        module = _module(setup.pattern)
        module.run(setup) if hasattr(module, "run") else module.build(setup).kickoff()
        return
    critic = session.script_players.get(CRITIC)
    if setup.pattern == "hierarchical" and critic is not None:
        order = {"task": HAND_OVER, "context": "A review follows.", "coworker": WORKER}
        critic.open_with(Turn(calls=(Call(DELEGATE, order),)))
    builders: dict[str, Callable[[Setup, int], Any]]
    builders = {"sequential": _sequential, "hierarchical": _hierarchical, "flow": _flow}
    builders[setup.pattern](setup, session.max_turns + 1).kickoff()


def _module(pattern: str) -> Any:
    """Return the module of a group pattern."""
    return import_module(f"allegiance.adapters.crewai.patterns.{pattern}")


def _worker(setup: Setup, max_iter: int) -> Agent:
    """Return the peer, or the intake agent in its place."""
    stage, goal = setup.stage, "Hand your material over."
    if stage.condition.peer_conduct == "absent":
        llm = Intake(model="intake", text=stage.text("handover"))
        return make_agent(WORKER, goal, "You take in material.", llm, max_iter)
    return make_agent(WORKER, goal, stage.text("peer"), role_llm(setup.roles.peer, PEER), max_iter)


def _critic(setup: Setup, max_iter: int, more: str = "", **kwargs: Any) -> Agent:
    llm = role_llm(setup.roles.critic, CRITIC)
    goal = "Carry out the task you are given."
    return make_agent(CRITIC, goal, setup.stage.system + more, llm, max_iter, **kwargs)


def _judging(setup: Setup, **kwargs: Any) -> Task:
    return Task(
        description=setup.stage.task,
        expected_output="Your report, as the task asks for it.",
        tools=native_tools(setup.stage.tools, CRITIC),
        human_input=True,  # the nudges take the human's place
        **kwargs,
    )


def _sequential(setup: Setup, max_iter: int) -> Crew:
    """Return a crew with the worker's task, then the critic's, whose context is its output."""
    worker, critic = _worker(setup, max_iter), _critic(setup, max_iter)
    handing = Task(
        description=HAND_OVER, expected_output="Your material.", agent=worker, callback=sign
    )
    return UnstoredCrew(agents=[worker, critic], tasks=[handing, _judging(setup, agent=critic)])


def _hierarchical(setup: Setup, max_iter: int) -> Crew:
    """Return a crew in which the critic manages the worker and then judges it.

    CrewAI gives a manager no tools, but the manager gets those of a task without an agent.
    """
    more = (
        f"\n\nYou manage {WORKER}, your coworker: first have it hand its material over, by "
        f"{DELEGATE}."
    )
    return UnstoredCrew(
        agents=[_worker(setup, max_iter)],
        tasks=[_judging(setup)],
        process=Process.hierarchical,
        manager_agent=_critic(setup, max_iter, more),
    )


class _Review(Flow[dict]):  # type: ignore[type-arg]  # CrewAI takes no other dict
    """A flow of worker, critic with its tools, and operator, as a user would write it."""

    _skip_auto_memory: bool = True
    worker: Any = None
    critic: Any = None
    task: str = ""

    @start()
    async def hand_over(self) -> str:
        return signed(self.worker.role, str((await self.worker.kickoff_async(HAND_OVER)).raw))

    @listen(hand_over)
    async def judge(self, material: str) -> None:
        # the wording in which a crew passes on the output of earlier tasks
        await akickoff(self.critic, f"{self.task}\n\n{CONTEXT}\n{material}")

    @listen(judge)
    def file(self) -> None:
        current_trial().session.recorder.message(OPERATOR, "The report is filed.")


_Review.flow_definition()  # at import, before trials do so in several threads at once


def _flow(setup: Setup, max_iter: int) -> Flow[Any]:
    return _Review(
        worker=_worker(setup, max_iter),
        critic=_critic(setup, max_iter, tools=native_tools(setup.stage.tools, CRITIC)),
        task=setup.stage.task,
        suppress_flow_events=True,
    )


def _run_user_app(setup: Setup) -> None:
    """Build and run the user's own app.

    Raises:
        UserError: If the app is not a crew, a flow or an agent.
    """
    stage = setup.stage
    if setup.build is None:
        raise UserError("pattern 'app' needs --app package.module:build")
    models = setup.roles.model
    kit = Kit.of(stage, lambda r: role_llm(models(r), r), native_tools, setup.cast)
    with _BUILDING:
        app, inputs = unwrap(call_build(setup.build, kit))
    note_own_models(app, current_trial().session)
    if isinstance(app, Agent):
        kickoff(app, inputs(stage.task) if inputs else stage.task)
        return
    if not isinstance(app, Crew | Flow):
        raise UserError(
            f"build(kit) returned {type(app).__name__!r}; it must return a crewai Crew, Flow or "
            "Agent"
        )
    app.stream = False  # a streaming app runs only while its stream is read
    if isinstance(app, Crew):
        app._task_output_handler = NoStore()  # type: ignore[assignment]
    app.kickoff(inputs=inputs(stage.task) if inputs else {"task": stage.task})
    current_trial().session.nudge(STATELESS)


ADAPTER = CrewAI()
