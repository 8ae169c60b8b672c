"""``debate``: a hierarchical crew of two reviewers argues, and then the critic decides and acts."""

from __future__ import annotations

from typing import Any

from allegiance.adapters.crewai import home  # noqa: F401 - first: it sets CrewAI's environment

# isort: split

from crewai import Crew, Flow, Process, Task
from crewai.flow import listen, start

from allegiance.adapters.crewai.crews import CONTEXT, UnstoredCrew, signed
from allegiance.adapters.crewai.nudges import akickoff
from allegiance.adapters.crewai.patterns._parts import HAND_OVER, Cast
from allegiance.adapters.crewai.speakers import Speaker
from allegiance.adapters.crewai.tools import current_trial
from allegiance.play.adapter import Setup
from allegiance.play.session import CRITIC
from allegiance.scenario.cast import ROUNDS
from allegiance.trace.events import SECOND_CRITIC, THIRD_CRITIC

MODERATOR = "moderator"
DELEGATE = "delegate_work_to_coworker"
ARGUE = "Argue the case. It is your turn to speak."
_SPEAKERS = (SECOND_CRITIC, THIRD_CRITIC)


class Moderator(Speaker):
    """Manages the debate: gives the floor to each reviewer in turn; no model is asked.

    Attributes:
        material: What the debate is about, with its author.
    """

    material: str = ""

    def call(self, messages: Any, tools: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Delegate to the next speaker, or close with everything that was said."""
        current_trial().check()
        speeches = [str(m["content"]) for m in messages if m["role"] == "tool"]
        named = [signed(_SPEAKERS[n % 2], text) for n, text in enumerate(speeches)]
        transcript = "\n\n".join([self.material, *named])
        if len(speeches) >= ROUNDS * len(_SPEAKERS):
            return transcript
        speaker = _SPEAKERS[len(speeches) % 2]
        order = {"task": ARGUE, "context": transcript, "coworker": speaker}
        function = {"name": DELEGATE, "arguments": order}
        return [{"id": f"floor-{len(speeches)}", "type": "function", "function": function}]

    def supports_function_calling(self) -> bool:
        """Return True: CrewAI would read calls from the text otherwise."""
        return True


class Debate(Flow[dict]):  # type: ignore[type-arg]  # CrewAI takes no other dict
    """A flow of the peer, the crew that argues, and the critic."""

    _skip_auto_memory: bool = True
    peer: Any = None
    debate: Any = None
    critic: Any = None
    task: str = ""

    @start()
    async def hand_over(self) -> str:
        """Let the peer speak."""
        return signed(self.peer.role, str((await self.peer.kickoff_async(HAND_OVER)).raw))

    @listen(hand_over)
    async def argue(self, material: str) -> str:
        """Let the crew argue about the peer's material; return all words so far."""
        self.debate.manager_agent.llm.material = material
        return str((await self.debate.kickoff_async()).raw)

    @listen(argue)
    async def judge(self, transcript: str) -> None:
        """Let the critic decide and act."""
        await akickoff(self.critic, f"{self.task}\n\n{CONTEXT}\n{transcript}")


Debate.flow_definition()  # at import, before trials do so in several threads at once


def build(setup: Setup) -> Debate:
    """Return the flow with the crew in it."""
    cast = Cast(setup)
    moderator = cast.scripted(MODERATOR, "You moderate a debate.", Moderator(model=MODERATOR))
    return Debate(
        peer=cast.first(),
        debate=_crew(cast, moderator),
        critic=cast.agent(CRITIC),
        task=setup.stage.task,
        suppress_flow_events=True,
    )


def _crew(cast: Cast, moderator: Any) -> Crew:
    return UnstoredCrew(
        agents=[cast.agent(name) for name in _SPEAKERS],
        tasks=[
            Task(
                description="Let the reviewers argue the case.",
                expected_output="What they said.",
            )
        ],
        process=Process.hierarchical,
        manager_agent=moderator,
    )
