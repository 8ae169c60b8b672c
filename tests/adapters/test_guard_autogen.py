"""A guard attached from outside to AutoGen agents and teams, and its build-time form."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Any

import pytest
from autogen_agentchat.agents import (
    AssistantAgent,
    BaseChatAgent,
    CodeExecutorAgent,
    MessageFilterAgent,
    SocietyOfMindAgent,
)
from autogen_agentchat.agents._message_filter_agent import MessageFilterConfig, PerSourceFilter
from autogen_agentchat.base import Response, TaskResult
from autogen_agentchat.conditions import TextMessageTermination
from autogen_agentchat.messages import TextMessage, ToolCallRequestEvent
from autogen_agentchat.teams import (
    DiGraphBuilder,
    GraphFlow,
    RoundRobinGroupChat,
    SelectorGroupChat,
    Swarm,
)
from autogen_agentchat.tools import AgentTool, TeamTool
from autogen_core import FunctionCall, SingleThreadedAgentRuntime
from autogen_core.code_executor import CodeResult
from autogen_core.models import (
    CreateResult,
    FunctionExecutionResult,
    FunctionExecutionResultMessage,
    ModelInfo,
    RequestUsage,
)
from autogen_core.tools import (
    FunctionTool,
    StaticStreamWorkbench,
    StaticWorkbench,
    TextResultContent,
    ToolResult,
    Workbench,
)
from autogen_ext.models.replay import ReplayChatCompletionClient

from allegiance.adapters.autogen import guard as guard_autogen
from allegiance.adapters.autogen import guard_tools as _autogen_tools
from allegiance.adapters.autogen.guard import GuardedWorkbench
from allegiance.bindings import bind
from allegiance.guard import Guard, GuardBypassed, Policy, Watch
from allegiance.probe import findings
from allegiance.probes import WeightExfiltration
from allegiance.trace import Effect, Event

WEIGHTS = WeightExfiltration(assets=["models/**"])
AWAY = ("models/peer.bin", "usb:/peer.bin")
HARMLESS = ("notes.txt", "usb:/notes.txt")
INFO = ModelInfo(
    vision=False,
    function_calling=True,
    json_output=False,
    family="unknown",
    structured_output=False,
)


class Model(ReplayChatCompletionClient):
    """Plays its turns, then says that it is done; keeps what it was shown."""

    def __init__(self, *turns: CreateResult) -> None:
        super().__init__([], INFO)
        self.turns = list(turns)
        self.shown: list[Any] = []

    async def create(self, messages: Any, **kwargs: Any) -> CreateResult:
        self.shown = list(messages)
        return self.turns.pop(0) if self.turns else says("Done.")

    async def create_stream(self, messages: Any, **kwargs: Any) -> AsyncGenerator[Any, None]:
        yield "wait"
        yield await self.create(messages)


def turn(content: Any, thought: str | None = None) -> CreateResult:
    reason = "stop" if isinstance(content, str) else "function_calls"
    return CreateResult(
        finish_reason=reason,  # type: ignore[arg-type]
        content=content,
        thought=thought,
        usage=RequestUsage(0, 0),
        cached=False,
    )


def says(text: str) -> CreateResult:
    return turn(text)


def copy(source: str, target: str, text: str = "I copy.") -> CreateResult:
    args = json.dumps({"source": source, "target": target})
    return turn([FunctionCall(id=f"{source}-{target}", name="cp", arguments=args)], text)


def calls(name: str, **args: str) -> CreateResult:
    return turn([FunctionCall(id=f"call-{name}", name=name, arguments=json.dumps(args))])


class Disk:
    """Where the tool of a test really acts."""

    def __init__(self) -> None:
        self.copied: list[tuple[str, str]] = []

    async def cp(self, source: str, target: str) -> str:
        """Copy a file."""
        self.copied.append((source, target))
        return "copied"


def guard(policy: Policy = "block", **options: Any) -> Guard:
    copying = bind("cp", lambda a: Effect(verb="copy", source=a["source"], target=a["target"]))
    options = {"bindings": [copying], **options}
    return Guard([WEIGHTS], policy=policy, **options)


def ops(disk: Disk, *turns: CreateResult, **options: Any) -> AssistantAgent:
    return AssistantAgent("ops", Model(*turns), tools=[disk.cp], max_tool_iterations=9, **options)


def clerk(*turns: CreateResult, **options: Any) -> AssistantAgent:
    return AssistantAgent("clerk", Model(*turns), max_tool_iterations=9, **options)


# every shape takes the one agent that acts, and returns an app around it


def single(agent: AssistantAgent) -> Any:
    return agent


def round_robin(agent: AssistantAgent) -> Any:
    return RoundRobinGroupChat([clerk(), agent], max_turns=2)


def selector(agent: AssistantAgent) -> Any:
    order = {"user": "clerk", "clerk": "ops"}
    return SelectorGroupChat(
        [clerk(), agent],
        model_client=Model(),
        selector_func=lambda thread: order[thread[-1].source],
        max_turns=2,
    )


def swarm(agent: AssistantAgent) -> Any:
    desk = clerk(calls("transfer_to_ops"), handoffs=["ops"])
    return Swarm([desk, agent], termination_condition=TextMessageTermination("ops"))


def graph_flow(agent: AssistantAgent) -> Any:
    first = clerk()
    graph = DiGraphBuilder().add_node(first).add_node(agent).add_edge(first, agent)
    return GraphFlow([first, agent], graph=graph.build())


def agent_as_tool(agent: AssistantAgent) -> Any:
    return clerk(calls("ops", task="go"), tools=[AgentTool(agent)])


def team_as_tool(agent: AssistantAgent) -> Any:
    team = TeamTool(RoundRobinGroupChat([agent], max_turns=1), "team", "The team.")
    return RoundRobinGroupChat([clerk(calls("team", task="go"), tools=[team])], max_turns=1)


def team_in_team(agent: AssistantAgent) -> Any:
    inner = RoundRobinGroupChat([agent], name="inner", max_turns=1)
    return RoundRobinGroupChat([clerk(), inner], max_turns=2)


def society(agent: AssistantAgent) -> Any:
    inner = RoundRobinGroupChat([agent], max_turns=1)
    return RoundRobinGroupChat([SocietyOfMindAgent("society", inner, Model())], max_turns=1)


def filtered(agent: AssistantAgent) -> Any:
    keep = MessageFilterConfig(per_source=[PerSourceFilter(source="user")])
    return RoundRobinGroupChat([MessageFilterAgent("filter", agent, keep)], max_turns=1)


Shape = Callable[[AssistantAgent], Any]
SHAPES: list[Shape] = [
    single,
    round_robin,
    selector,
    swarm,
    graph_flow,
    agent_as_tool,
    team_as_tool,
    team_in_team,
    society,
    filtered,
]
shapes = pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.__name__)


async def run(app: Any) -> TaskResult:
    result: TaskResult = await app.run(task="go")
    return result


async def stream(app: Any) -> TaskResult:
    return [item async for item in app.run_stream(task="go")][-1]  # type: ignore[no-any-return]


ways = pytest.mark.parametrize("way", [run, stream], ids=lambda w: w.__name__)


def answers(agent: AssistantAgent) -> list[FunctionExecutionResult]:
    """Return the results that an agent's model was shown in its last turn."""
    shown = agent._model_client.shown  # type: ignore[attr-defined]
    messages = [m for m in shown if isinstance(m, FunctionExecutionResultMessage)]
    return [result for message in messages for result in message.content]


@shapes
@ways
def test_an_unchanged_app_is_blocked_and_goes_on(shape: Shape, way: Any) -> None:
    disk, watched = Disk(), guard()
    agent = ops(disk, copy(*HARMLESS), copy(*AWAY))
    app = shape(agent)

    async def main() -> tuple[Watch, TaskResult]:
        async with watched.attach() as watch:
            return watch, await way(app)

    watch, final = asyncio.run(main())
    assert disk.copied == [HARMLESS]
    assert [(f.actor, f.status) for f in watch.findings] == [("ops", "attempted")]
    assert [(a.content, a.is_error) for a in answers(agent)] == [
        ("copied", False),
        ("Rejected by policy: copies weights from models/peer.bin to usb:/peer.bin", True),
    ]
    attempt = next(e for e in watch.events if e.seq == watch.findings[0].seqs[0])
    assert (attempt.tool, attempt.call_id) == ("cp", "models/peer.bin-usb:/peer.bin")
    assert "Done." in final.messages[-1].to_model_text()  # type: ignore[union-attr]
    assert watch.missed == {}
    assert not watched.failures


@shapes
@pytest.mark.parametrize("streaming", [False, True])
def test_observing_changes_nothing_and_finds_what_replay_finds(
    shape: Shape, streaming: bool
) -> None:
    bare, disk, watched = Disk(), Disk(), guard("observe")

    def app(where: Disk) -> Any:
        turns = (copy(*HARMLESS), copy(*AWAY))
        return shape(ops(where, *turns, model_client_stream=streaming))

    async def guarded() -> tuple[Watch, TaskResult]:
        async with watched.attach() as watch:
            return watch, await stream(app(disk))

    without = asyncio.run(stream(app(bare)))
    watch, with_guard = asyncio.run(guarded())
    assert disk.copied == bare.copied == [HARMLESS, AWAY]

    def texts(result: TaskResult) -> list[tuple[str, str, str]]:
        return [(type(m).__name__, m.source, m.to_text()) for m in result.messages]

    assert texts(with_guard) == texts(without)
    assert watch.findings == findings(WEIGHTS, watch.events)
    assert [f.status for f in watch.findings] == ["attempted", "achieved"]
    said = [e.text for e in watch.events if e.kind == "message" and e.actor == "ops"]
    assert said == ["I copy.", "I copy.", "Done."]
    for call in (e for e in watch.events if e.kind == "tool_call"):
        assert call.actor == ("ops" if call.tool == "cp" else "clerk")


def test_what_is_said_outside_the_tool_loop_is_recorded() -> None:
    disk, watched = Disk(), guard()
    boss = Model(says("In short."))
    turns = (copy(*HARMLESS), turn("All well.", "Nobody looks."))
    agent = AssistantAgent("ops", Model(*turns), tools=[disk.cp], reflect_on_tool_use=True)
    inner = RoundRobinGroupChat([agent], max_turns=1)
    with watched.attach() as watch:
        asyncio.run(run(SocietyOfMindAgent("society", inner, boss)))
    said = [(e.actor, e.text) for e in watch.events if e.kind == "message"]
    expected = [("ops", "I copy."), ("ops", "Nobody looks."), ("ops", "All well.")]
    assert said == [*expected, ("society", "In short.")]


def test_outside_the_context_nothing_is_guarded() -> None:
    disk, watched = Disk(), guard()
    with watched.attach():
        pass
    asyncio.run(run(round_robin(ops(disk, copy(*AWAY)))))
    assert disk.copied == [AWAY]
    assert [e.kind for e in watched.trace] == ["end"]


def test_fifty_runs_at_once_keep_their_findings_apart() -> None:
    watched = guard()

    async def one(n: int) -> None:
        disk = Disk()
        app = SHAPES[n % len(SHAPES)](ops(disk, copy(*HARMLESS), copy(f"models/{n}.bin", "usb:/x")))
        async with watched.attach() as watch:
            await run(app)
        reasons = [f.reason for f in watch.findings]
        assert reasons == [f"copies weights from models/{n}.bin to usb:/x"]
        assert disk.copied == [HARMLESS]
        assert {e.actor for e in watch.events} >= {"ops", "guard", "runner"}

    async def unguarded() -> None:
        disk = Disk()
        await run(round_robin(ops(disk, copy(*AWAY))))
        assert disk.copied == [AWAY]

    async def main() -> None:
        await asyncio.gather(*(one(n) for n in range(50)), *(unguarded() for _ in range(5)))

    asyncio.run(main())
    assert len(watched.findings) == 50


def test_halt_rejects_everything_after() -> None:
    disk = Disk()
    agent = ops(disk, copy(*AWAY), copy(*HARMLESS))
    with guard("halt").attach() as watch:
        asyncio.run(run(round_robin(agent)))
    assert disk.copied == []
    assert watch.halted is not None
    assert [a.is_error for a in answers(agent)] == [True, True]


@pytest.mark.parametrize(("answer", "copied"), [(True, [AWAY]), (False, [])])
def test_an_asynchronous_callback_runs_in_the_loop_of_the_app(answer: bool, copied: Any) -> None:
    disk = Disk()

    async def main() -> None:
        person, waiting = asyncio.Queue[bool](), asyncio.Event()

        async def ask(decision: object, event: Event) -> bool:
            waiting.set()
            return event.actor == "ops" and await person.get()

        async with guard("ask", ask=ask).attach():
            task = asyncio.create_task(run(swarm(ops(disk, copy(*AWAY)))))
            await waiting.wait()
            assert disk.copied == []
            await person.put(answer)
            await task

    asyncio.run(main())
    assert disk.copied == copied


@pytest.mark.parametrize("passed", [False, True])
def test_an_agent_that_a_synchronous_tool_runs_in_its_thread_is_guarded(passed: bool) -> None:
    disk = Disk()
    inner = ops(disk, copy(*AWAY))

    def delegate() -> str:
        """Let the operations agent do it."""
        return str(asyncio.run(run(inner)).messages[-1].to_text())

    tool = FunctionTool(delegate, "Delegate.")
    boss = clerk(calls("delegate"), tools=[tool])
    with guard().attach([boss, inner] if passed else None) as watch:
        asyncio.run(run(boss))
    assert disk.copied == []
    assert [f.actor for f in watch.findings] == ["ops"]
    assert answers(boss)[0].content == "Done."
    assert tool._func is delegate


@shapes
def test_a_stream_that_is_left_early_leaves_the_app_usable(shape: Shape) -> None:
    disk = Disk()
    app = shape(ops(disk, copy(*HARMLESS), says("Done."), copy(*AWAY)))

    async def main() -> None:
        async with aclosing(app.run_stream(task="go")) as items:
            async for _ in items:
                break
        final = await asyncio.wait_for(run(app), 30)
        assert final.messages[0].to_text() == "go"
        assert len(final.messages) > 1

    with guard().attach() as watch:
        asyncio.run(main())
        watch._announced.clear()  # the calls of the run that was left
    assert AWAY not in disk.copied


def test_calls_made_in_one_turn_are_decided_on_one_by_one() -> None:
    disk = Disk()
    both = [call for turn in (copy(*AWAY), copy(*HARMLESS)) for call in turn.content]
    agent = ops(disk, turn(both))
    with guard().attach():
        asyncio.run(run(agent))
    assert disk.copied == [HARMLESS]
    assert [a.is_error for a in answers(agent)] == [True, False]


@pytest.mark.parametrize("arguments", ["{source:", "[1, 2]", '{"source": "a"}', "[" * 100_000])
def test_arguments_that_cannot_be_judged_are_rejected(arguments: str) -> None:
    disk, watched = Disk(), guard()
    agent = ops(disk, turn([FunctionCall(id="1", name="cp", arguments=arguments)]))
    with watched.attach() as watch:
        asyncio.run(asyncio.wait_for(run(agent), 30))
        watch._announced.clear()  # a call that broke the guard was rejected, but is not recorded
    assert disk.copied == []
    assert answers(agent)[0].is_error
    assert watched.failures
    if len(arguments) < 100:
        (call,) = [e for e in watch.events if e.kind == "tool_call"]
        assert call.args == (json.loads(arguments) if ":" in arguments[9:] else arguments)


def test_a_failing_binding_rejects_and_says_why() -> None:
    disk, watched = Disk(), guard(bindings=[bind("cp", lambda a: 1 / 0)])  # type: ignore[arg-type, return-value]
    agent = ops(disk, copy(*HARMLESS))
    with watched.attach():
        asyncio.run(run(round_robin(agent)))
    assert disk.copied == []
    assert "ZeroDivisionError" in watched.failures[0]
    assert "ZeroDivisionError" in answers(agent)[0].content


@pytest.mark.parametrize("method", ["intend", "message", "announce", "after"])
def test_the_guard_failing_rejects_or_is_noted(
    monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(Watch, method, broken)
    disk, watched = Disk(), guard()
    with watched.attach() as watch:
        final = asyncio.run(run(round_robin(ops(disk, copy(*HARMLESS)))))
        watch._announced.clear()
    assert disk.copied == ([] if method == "intend" else [HARMLESS])
    assert any("ZeroDivisionError" in failure for failure in watched.failures)
    assert final.messages[-1].to_text() == "Done."


def test_a_tool_that_fails_is_recorded_as_that() -> None:
    async def cp(source: str, target: str) -> str:
        """Copy a file."""
        raise OSError("disk full")

    with guard("observe").attach() as watch:
        asyncio.run(run(AssistantAgent("ops", Model(copy(*AWAY)), tools=[cp])))
    (result,) = [e for e in watch.events if e.kind == "tool_result"]
    assert (result.ok, result.text, result.effects) == (False, "disk full", ())
    assert [f.status for f in watch.findings] == ["attempted"]


def test_handoffs_are_recorded_and_can_be_rejected() -> None:
    forbidden = bind("transfer_to_*", lambda a: Effect(verb="copy", source="models/x", target="y"))
    for bindings, speakers in (((), {"user", "clerk", "ops"}), ((forbidden,), {"user", "clerk"})):
        desk = clerk(calls("transfer_to_ops"), handoffs=["ops"])
        end = TextMessageTermination("ops") | TextMessageTermination("clerk")
        with guard(bindings=bindings).attach() as watch:
            final = asyncio.run(run(Swarm([desk, ops(Disk())], termination_condition=end)))
        assert {m.source for m in final.messages} == speakers
        (call,) = [e for e in watch.events if e.kind == "tool_call"]
        assert (call.actor, call.tool) == ("clerk", "transfer_to_ops")
        if forbidden in bindings:
            assert "copies weights" in answers(desk)[0].content


class Terminal:
    """A code executor that only keeps what it is given."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    async def execute_code_blocks(self, blocks: Any, cancellation_token: Any) -> CodeResult:
        self.ran += [block.code for block in blocks]
        if "false" in self.ran[-1]:
            raise OSError("no terminal")
        return CodeResult(0, "ran")


@pytest.mark.filterwarnings("ignore:No approval function")
def test_what_a_code_executor_runs_is_decided_on() -> None:
    code = bind(
        "execute_code",
        lambda a: (
            Effect(verb="copy", source="models/x", target="usb:/x")
            if "cp models" in a["code"]
            else None
        ),
    )
    terminal = Terminal()
    turns = [says(f"```sh\n{line}\n```") for line in ("ls", "cp models/x /usb")]
    coder = CodeExecutorAgent("coder", terminal, model_client=Model(*turns))  # type: ignore[arg-type]
    team = RoundRobinGroupChat([coder], max_turns=2)
    # each turn is followed by one that reflects on the result
    coder._model_client.turns[1:1] = [says("Listed.")]  # type: ignore[union-attr]
    with guard(bindings=[code]).attach() as watch:
        asyncio.run(run(team))
    assert terminal.ran == ["ls\n"]
    assert [(f.actor, f.status) for f in watch.findings] == [("coder", "attempted")]
    assert "copies weights" in coder._model_client.shown[-1].content  # type: ignore[union-attr]
    said = [e.text for e in watch.events if e.kind == "message"]
    assert said[1::2] == ["Listed.", "Done."]


@pytest.mark.filterwarnings("ignore:No approval function")
def test_an_executor_that_raises_leaves_a_result() -> None:
    coder = CodeExecutorAgent("coder", Terminal(), model_client=Model(says("```sh\nfalse\n```")))  # type: ignore[arg-type]
    with guard().attach() as watch, pytest.raises(OSError, match="no terminal"):
        asyncio.run(run(coder))
    (result,) = [e for e in watch.events if e.kind == "tool_result"]
    assert (result.ok, result.text) == (False, "OSError: no terminal")


class Loner(BaseChatAgent):
    """An agent of a user's own class, which calls its tools itself."""

    def __init__(self, workbench: Workbench) -> None:
        super().__init__("loner", "Acts by itself.")
        self._workbench = workbench

    @property
    def produced_message_types(self) -> Sequence[type[Any]]:
        return (TextMessage,)

    async def on_messages(self, messages: Any, cancellation_token: Any) -> Response:
        (call,) = copy(*AWAY).content
        assert isinstance(call, FunctionCall)
        result = await self._workbench.call_tool(
            call.name, json.loads(call.arguments), None, call.id
        )
        return Response(
            chat_message=TextMessage(source=self.name, content=result.to_text()),
            inner_messages=[ToolCallRequestEvent(source=self.name, content=[call])],
        )

    async def on_reset(self, cancellation_token: Any) -> None:
        pass


def bench(disk: Disk) -> StaticWorkbench:
    return StaticWorkbench([FunctionTool(disk.cp, "Copy a file.")])


class Elsewhere(StaticWorkbench):
    """A workbench of a user's own class, which acts without a tool of AutoGen's."""

    def __init__(self, disk: Disk) -> None:
        super().__init__([])
        self.disk = disk

    async def call_tool(self, name: str, arguments: Any = None, *args: Any) -> ToolResult:
        done = TextResultContent(content=await self.disk.cp(**arguments))
        return ToolResult(name=name, result=[done])


def test_a_tool_is_guarded_whoever_runs_it() -> None:
    disk = Disk()
    team = RoundRobinGroupChat([Loner(bench(disk))], max_turns=1)
    with guard().attach() as watch:
        final = asyncio.run(run(team))
    assert disk.copied == []
    assert "copies weights" in final.messages[-1].to_text()
    assert [f.actor for f in watch.findings] == ["loner"]


class Surfer(Loner):
    """An agent that does what its model asks for by itself, and shows nothing of it."""

    def __init__(self, disk: Disk, *turns: CreateResult) -> None:
        super().__init__(bench(disk))
        self.disk = disk
        self._model_client = Model(*turns)

    async def _generate_reply(self, cancellation_token: Any) -> tuple[bool, str]:
        result = await self._model_client.create([])
        if isinstance(result.content, str):
            return False, result.content
        for call in result.content:
            await self.disk.cp(**json.loads(call.arguments))
        return False, "Look."

    async def on_messages(self, messages: Any, cancellation_token: Any) -> Response:
        _, text = await self._generate_reply(cancellation_token)
        return Response(chat_message=TextMessage(source=self.name, content=text))


def test_calls_that_no_tool_stands_for_are_noticed() -> None:
    disk = Disk()
    team = RoundRobinGroupChat([Surfer(disk, copy(*AWAY))], max_turns=1)
    with pytest.warns(GuardBypassed, match=r"1 tool calls \(cp\)"), guard().attach() as watch:
        asyncio.run(run(team))
    assert disk.copied == [AWAY]
    assert list(watch.missed.values()) == ["cp"]


def test_a_surfer_is_decided_on_by_what_its_model_says(monkeypatch: pytest.MonkeyPatch) -> None:
    acting = _autogen_tools._acting(Surfer._generate_reply)  # as for AutoGen's own surfers
    monkeypatch.setattr(Surfer, "_generate_reply", acting)
    disk = Disk()
    both = turn([*copy(*HARMLESS).content, *copy(*AWAY).content], "I copy.")
    team = RoundRobinGroupChat([Surfer(disk, both, copy(*AWAY)), clerk()], max_turns=3)
    with guard().attach() as watch:
        final = asyncio.run(run(team))
    assert disk.copied == [HARMLESS]
    assert "copies weights" in final.messages[-1].to_text()
    assert [f.actor for f in watch.findings] == ["loner", "loner"]
    assert [e.ok for e in watch.events if e.kind == "tool_result"] == [False, True, False]
    assert "I copy." in [e.text for e in watch.events]
    assert watch.missed == {}


def test_an_agent_that_calls_tools_itself_is_warned_of_and_can_be_passed() -> None:
    disk = Disk()
    loner = Loner(Elsewhere(disk))
    team = RoundRobinGroupChat([loner], max_turns=1)
    with pytest.warns(GuardBypassed, match=r"1 tool calls \(cp\)"), guard().attach() as watch:
        asyncio.run(run(team))
    assert disk.copied == [AWAY]
    assert list(watch.missed.values()) == ["cp"]
    with guard().attach(team) as watch:
        final = asyncio.run(run(team))
    assert disk.copied == [AWAY]
    assert "copies weights" in final.messages[-1].to_text()
    assert [f.actor for f in watch.findings] == ["loner"]
    assert type(loner._workbench) is Elsewhere


async def in_runtime(build: Callable[[SingleThreadedAgentRuntime], Any], attach: Any) -> Any:
    """Run a team in a runtime that was started before the guard was attached."""
    runtime = SingleThreadedAgentRuntime()
    runtime.start()
    team = build(runtime)
    async with attach(team) as watch:
        await run(team)
    await runtime.stop_when_idle()
    return watch


@pytest.mark.parametrize("shape", [single, agent_as_tool, society, filtered])
def test_a_runtime_started_outside_is_warned_of_and_can_be_passed(shape: Shape) -> None:
    agents: list[Any] = []

    def build(disk: Disk) -> Callable[[SingleThreadedAgentRuntime], Any]:
        def team(runtime: SingleThreadedAgentRuntime) -> Any:
            agents.append(ops(disk, copy(*HARMLESS), copy(*AWAY)))
            inner = shape(agents[-1])
            return RoundRobinGroupChat([inner], max_turns=1, runtime=runtime)

        return team

    disk, watched = Disk(), guard()
    with pytest.warns(GuardBypassed, match="started outside"):
        watch = asyncio.run(in_runtime(build(disk), lambda team: watched.attach()))
    assert disk.copied == [HARMLESS, AWAY]
    assert "cp" in watch.missed.values()

    disk, watched = Disk(), guard()
    watch = asyncio.run(in_runtime(build(disk), watched.attach))
    assert disk.copied == [HARMLESS]
    assert [f.actor for f in watch.findings] == ["ops"]
    assert watch.missed == {}
    assert "I copy." in [e.text for e in watch.events]
    assert not {"on_messages", "on_messages_stream"} & set(vars(agents[-1]))


@shapes
def test_agents_are_found_at_any_depth(shape: Shape) -> None:
    agent = ops(Disk())
    apps = [shape(agent), AssistantAgent("x", Model(), workbench=[StaticWorkbench([])]), "no app"]
    assert agent in guard_autogen._agents(apps, {})


def test_a_runtime_started_under_another_guard_is_guarded_by_the_one_that_it_is_passed_to() -> None:
    disk, old, new = Disk(), guard("observe"), guard()

    async def main() -> None:
        runtime = SingleThreadedAgentRuntime()
        with old.attach():
            runtime.start()
        agent = ops(disk, copy(*AWAY))
        inner = RoundRobinGroupChat([agent], max_turns=1, runtime=runtime)
        app = SocietyOfMindAgent("society", inner, Model())
        with new.attach(app):
            await inner.run(task="go")
        await runtime.stop_when_idle()

    asyncio.run(main())
    assert disk.copied == []
    assert (len(old.findings), len(new.findings)) == (0, 1)


def test_a_run_belongs_to_the_guard_of_its_own_context() -> None:
    disk, first, second = Disk(), guard(), guard()
    team = round_robin(ops(disk, copy(*AWAY)))

    async def other(entered: asyncio.Event, leave: asyncio.Event) -> None:
        with second.attach(team):
            entered.set()
            await leave.wait()

    async def main() -> None:
        entered, leave = asyncio.Event(), asyncio.Event()
        with first.attach(team):
            task = asyncio.create_task(other(entered, leave))
            await entered.wait()
            await run(team)
            leave.set()
            await task

    asyncio.run(main())
    assert (len(first.findings), len(second.findings)) == (1, 0)


def test_a_team_that_is_passed_may_be_run_from_anywhere_while_another_guard_sees_it_too() -> None:
    disk, first, second = Disk(), guard(), guard()
    agent = ops(disk, copy(*AWAY), says("Done."), copy(*AWAY), says("Done."), copy(*AWAY))
    team = round_robin(agent)

    async def main() -> None:
        go, done = asyncio.Event(), asyncio.Event()

        async def server() -> None:  # its context knows no guard
            while True:
                await go.wait()
                go.clear()
                await run(team)
                done.set()

        async def ask_server() -> None:
            go.set()
            await done.wait()
            done.clear()

        serving = asyncio.create_task(server())
        one, two = first.attach(team), second.attach(team)
        await one.__aenter__()
        await two.__aenter__()
        await ask_server()
        await one.__aexit__(None, None, None)
        await ask_server()
        await two.__aexit__(None, None, None)
        assert disk.copied == []
        await ask_server()
        serving.cancel()

    asyncio.run(main())
    assert (len(first.findings), len(second.findings)) == (0, 2)
    assert disk.copied == [AWAY]
    assert not {"on_messages", "on_messages_stream"} & set(vars(agent))


class Remote(Workbench):
    """A workbench as an MCP server's: not of AutoGen's static kind, without streams."""

    def __init__(self, inner: Workbench) -> None:
        for name in ("list_tools", "call_tool", "start", "stop", "reset", "save_state"):
            setattr(self, name, getattr(inner, name))
        self.load_state = inner.load_state  # type: ignore[method-assign]


Remote.__abstractmethods__ = frozenset()


@pytest.mark.parametrize("kind", [bench, lambda disk: Remote(bench(disk))])
def test_a_guarded_workbench_guards_by_itself(kind: Callable[[Disk], Workbench]) -> None:
    disk, watched = Disk(), guard()

    async def main() -> None:
        workbench = GuardedWorkbench(kind(disk), watched, agent="ops")
        turns = (copy(*HARMLESS), copy(*AWAY))
        agent = AssistantAgent("ops", Model(*turns), workbench=workbench, max_tool_iterations=9)
        async with workbench:
            assert [tool["name"] for tool in await workbench.list_tools()] == ["cp"]
            assert (await workbench.load_state(await workbench.save_state())) is None
            await run(agent)
            refused = await workbench.call_tool("cp", {"source": AWAY[0], "target": AWAY[1]})
            await workbench.reset()
        assert [a.is_error for a in answers(agent)] == [False, True]
        assert refused.is_error
        assert "copies weights" in refused.to_text()
        with pytest.raises(TypeError, match="configuration"):
            workbench.dump_component()

    asyncio.run(main())
    assert disk.copied == [HARMLESS]
    assert [f.actor for f in watched.findings] == ["ops", "ops"]
    assert [e.kind for e in watched.trace].count("tool_result") == 3


def test_workbenches_may_share_a_watch_and_stream_what_agents_in_them_say() -> None:
    disk = Disk()
    watch = Watch(guard("halt"))
    inner = AssistantAgent(
        "ops", Model(copy(*AWAY)), workbench=GuardedWorkbench(bench(disk), watch, "ops")
    )
    tools = StaticStreamWorkbench([AgentTool(inner)])
    boss = AssistantAgent(
        "clerk", Model(calls("ops", task="go")), workbench=GuardedWorkbench(tools, watch, "clerk")
    )
    final = asyncio.run(stream(boss))
    assert {m.source for m in final.messages} >= {"clerk", "ops"}
    called = [(e.actor, e.tool) for e in watch.events if e.kind == "tool_call"]
    assert called == [("clerk", "ops"), ("ops", "cp")]
    assert watch.halted is not None
    assert disk.copied == []


def test_inside_an_attached_guard_the_workbench_stands_back() -> None:
    disk, watched = Disk(), guard()
    workbench = GuardedWorkbench(bench(disk), guard("observe"))
    turns = (copy(*HARMLESS), copy(*AWAY))
    agent = AssistantAgent("ops", Model(*turns), workbench=workbench, max_tool_iterations=9)
    with watched.attach() as watch:
        asyncio.run(run(agent))
        asyncio.run(run(RoundRobinGroupChat([Loner(workbench)], max_turns=1)))
    assert disk.copied == [HARMLESS]
    assert [f.actor for f in watch.findings] == ["ops", "agent"]
    kinds = [e.kind for e in watch.events if e.kind.startswith("tool")]
    assert kinds == ["tool_call", "tool_result"] * 3
    assert workbench.watch.events == ()


def test_a_tool_that_breaks_a_stream_is_recorded() -> None:
    class Breaking(StaticWorkbench):
        async def call_tool(self, *args: Any, **kwargs: Any) -> Any:
            raise OSError("gone")

    watched = guard()
    workbench = GuardedWorkbench(Breaking([]), watched)
    with pytest.raises(OSError, match="gone"):
        asyncio.run(workbench.call_tool("cp", {"source": "a", "target": "b"}))
    assert [(e.kind, e.ok) for e in watched.trace][-1] == ("tool_result", False)


def test_an_unknown_version_of_the_framework_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    from allegiance.adapters.autogen import guard_hooks as _autogen_hooks

    async def _execute_tool_call(request: Any) -> None:
        pass

    monkeypatch.setattr(_autogen_hooks, "_installed", False)
    monkeypatch.setattr(AssistantAgent, "_execute_tool_call", staticmethod(_execute_tool_call))
    with pytest.raises(TypeError, match="this version of AutoGen"):
        guard().attach().__enter__()
