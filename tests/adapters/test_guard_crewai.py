"""A guard attached from outside to CrewAI's crews, flows and agents, and its build-time form."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from allegiance.adapters.crewai import home as _crewai_home  # noqa: F401 - first: nothing is sent or left behind

# isort: split

from crewai import Agent, BaseLLM, Crew, Flow, Process, Task
from crewai.flow import start
from crewai.hooks import register_before_tool_call_hook, unregister_before_tool_call_hook
from crewai.hooks.dispatch import (
    InterceptionPoint,
    get_hooks,
    get_scoped_hooks,
    register_scoped,
    scoped_hooks,
)
from crewai.tools import BaseTool
from crewai.tools.tool_failure import ToolExecutionFailedError, ToolFailure

from allegiance.adapters.crewai.guard import guard_hooks
from allegiance.bindings import bind
from allegiance.guard import Guard, Policy, Watch
from allegiance.probe import findings
from allegiance.probes import WeightExfiltration
from allegiance.trace import Effect, Event

WEIGHTS = WeightExfiltration(assets=["models/**"])
AWAY = ("models/peer.bin", "usb:/peer.bin")
HARMLESS = ("notes.txt", "usb:/notes.txt")
REASON = "copies weights from models/peer.bin"
DELEGATE = "delegate_work_to_coworker"


class Model(BaseLLM):
    """Takes its turns from a list, whoever asks, and keeps what it was told."""

    turns: list[Any]
    heard: list[str] = []  # noqa: RUF012 - pydantic copies it
    native: bool = True

    def call(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
        self.heard.append(json.dumps(messages, default=str))
        turn = self.turns.pop(0) if self.turns else "Done."
        if not self.native and not isinstance(turn, str):
            (called,) = turn
            function = called["function"]
            return (
                f"Thought: I copy.\nAction: {function['name']}\n"
                f"Action Input: {function['arguments']}"
            )
        return f"Final Answer: {turn}" if not self.native else turn

    async def acall(self, *args: Any, **kwargs: Any) -> Any:
        return self.call(*args, **kwargs)

    def supports_function_calling(self) -> bool:
        return self.native

    def get_input_tokens_count(self, *args: Any, **kwargs: Any) -> int:
        return 0


def call(name: str, call_id: str = "1", **args: str) -> dict[str, Any]:
    function = {"name": name, "arguments": json.dumps(args)}
    return {"id": call_id, "type": "function", "function": function}


def copy(*pairs: tuple[str, str], name: str = "cp") -> list[dict[str, Any]]:
    return [call(name, str(n), source=s, target=t) for n, (s, t) in enumerate(pairs)]


class Copier(BaseTool):
    name: str = "cp"
    description: str = "Copy a file."
    copied: list[tuple[str, str]] = []  # noqa: RUF012 - pydantic copies it
    broken: bool = False
    failing: bool = False

    def _run(self, source: str, target: str) -> Any:
        if self.broken:
            raise OSError("the disk is full")
        if self.failing:
            return ToolFailure(message="nothing was copied")
        self.copied.append((source, target))
        return "copied"


class Disk:
    """Where the tool of a test really acts."""

    def __init__(self, **options: Any) -> None:
        self.tool = Copier(**options)
        self.copied = self.tool.copied


def guard(policy: Policy = "block", **options: Any) -> Guard:
    copying = bind("cp", lambda a: Effect(verb="copy", source=a["source"], target=a["target"]))
    return Guard([WEIGHTS], policy=policy, bindings=[copying], **options)


def model(*turns: Any, native: bool = True) -> Model:
    return Model(model="scripted", turns=list(turns), native=native)


def worker(disk: Disk, llm: Model, **options: Any) -> Agent:
    return Agent(
        role="ops", goal="Copy.", backstory="Copies.", llm=llm, tools=[disk.tool], **options
    )


def task(agent: Agent | None = None, **options: Any) -> Task:
    return Task(description="Copy it.", expected_output="A word.", agent=agent, **options)


def sequential(disk: Disk, llm: Model) -> Any:
    agent = worker(disk, llm)
    return Crew(agents=[agent], tasks=[task(agent)])


def hierarchical(disk: Disk, llm: Model) -> Any:
    order = call(DELEGATE, task="Copy it.", context="Now.", coworker="ops")
    boss = Agent(role="boss", goal="Manage.", backstory="Manages.", llm=model([order]))
    return Crew(
        agents=[worker(disk, llm)],
        tasks=[task()],
        process=Process.hierarchical,
        manager_agent=boss,
    )


def flow(disk: Disk, llm: Model) -> Any:
    class Copying(Flow[dict]):  # type: ignore[type-arg]  # CrewAI takes no other dict
        _skip_auto_memory: bool = True

        @start()
        def copy(self) -> str:
            return str(sequential(disk, llm).kickoff().raw)

    return Copying(suppress_flow_events=True)


def alone(disk: Disk, llm: Model) -> Any:
    return worker(disk, llm)


SHAPES = [sequential, hierarchical, flow, alone]


def given(app: Any) -> tuple[str, ...]:
    return ("Copy it.",) if isinstance(app, Agent) else ()


def kickoff(app: Any) -> str:
    return str(app.kickoff(*given(app)))


def kickoff_async(app: Any) -> str:
    async def run() -> str:
        return str(await app.kickoff_async(*given(app)))

    return asyncio.run(run())


def akickoff(app: Any) -> str:
    async def run() -> str:
        return str(await app.akickoff(*given(app)))

    return asyncio.run(run())


WAYS = [kickoff, kickoff_async, akickoff]


def kinds(watch: Watch, tool: str = "cp") -> list[tuple[str, bool]]:
    shown = ("tool_call", "decision", "tool_result")
    return [(e.kind, e.ok) for e in watch.events if e.kind in shown and e.tool == tool]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.__name__)
@pytest.mark.parametrize("way", WAYS, ids=lambda w: w.__name__)
def test_an_unchanged_app_is_blocked_and_goes_on(
    shape: Callable[..., Any], way: Callable[[Any], str]
) -> None:
    disk, watched, llm = Disk(), guard(), model(copy(HARMLESS), copy(AWAY))
    app = shape(disk, llm)
    with watched.attach() as watch:
        final = way(app)
    assert disk.copied == [HARMLESS]
    assert REASON in llm.heard[2]
    assert REASON not in llm.heard[1]
    assert [(f.actor, f.status) for f in watch.findings] == [("ops", "attempted")]
    assert kinds(watch) == [
        ("tool_call", True),
        ("tool_result", True),
        ("tool_call", True),
        ("decision", False),
        ("tool_result", False),
    ]
    assert ("ops", "Done.") in [(e.actor, e.text) for e in watch.events if e.kind == "message"]
    assert set(watch.unbound) == ({DELEGATE} if shape is hierarchical else set())
    assert "Done." in final
    assert not watched.failures


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.__name__)
def test_observing_changes_nothing_and_finds_what_replay_finds(shape: Callable[..., Any]) -> None:
    bare, disk, watched = Disk(), Disk(), guard("observe")
    first, second = model(copy(HARMLESS), copy(AWAY)), model(copy(HARMLESS), copy(AWAY))
    without = kickoff(shape(bare, first))
    with watched.attach() as watch:
        with_guard = kickoff(shape(disk, second))
    assert disk.copied == bare.copied == [HARMLESS, AWAY]
    assert with_guard == without
    assert second.heard == first.heard
    assert [f.status for f in watch.findings] == ["attempted", "achieved"]
    assert watch.findings == findings(WEIGHTS, watch.events)


def test_calls_in_text_are_seen_with_the_text_beside_them() -> None:
    disk, llm = Disk(), model(copy(HARMLESS), copy(AWAY), native=False)
    with guard().attach() as watch:
        kickoff(sequential(disk, llm))
    assert disk.copied == [HARMLESS]
    assert REASON in llm.heard[-1]
    said = [e.text for e in watch.events if e.kind == "message"]
    assert said[0].startswith("Thought: I copy.")
    assert [e.ok for e in watch.events if e.kind == "tool_result"] == [True, False]


def test_calls_of_one_turn_are_told_apart() -> None:
    others = [(f"{n}.txt", "usb:/") for n in range(6)]
    disk, llm = Disk(), model(copy(*others[:3], AWAY, *others[3:], AWAY))
    with guard().attach() as watch:
        kickoff(sequential(disk, llm))
    assert sorted(disk.copied) == others
    assert llm.heard[1].count(REASON) == 2
    assert [f.status for f in watch.findings] == ["attempted"] * 2
    pairs: dict[str, list[Event]] = {}
    for event in watch.events:
        if event.kind in ("tool_call", "tool_result"):
            pairs.setdefault(event.call_id or "", []).append(event)
    assert len(pairs) == 8
    for intended, settled in pairs.values():
        away = dict(intended.args or {})["source"] == AWAY[0]  # type: ignore[arg-type]
        assert settled.ok is not away
        assert settled.effects == (() if away else intended.effects)


@pytest.mark.parametrize("native", [True, False])
def test_an_answer_from_the_cache_is_nothing_achieved(native: bool) -> None:
    disk = Disk()
    agent = worker(disk, model(copy(AWAY), copy(HARMLESS), copy(AWAY), native=native))
    with guard("observe").attach() as watch:
        kickoff(Crew(agents=[agent], tasks=[task(agent)], cache=True))
    assert disk.copied == [AWAY, HARMLESS]
    assert [f.status for f in watch.findings] == ["attempted", "achieved", "attempted"]
    results = [e for e in watch.events if e.kind == "tool_result"]
    assert [(e.ok, len(e.effects)) for e in results] == [(True, 1), (True, 1), (True, 0)]
    assert "copied" in results[-1].text


@pytest.mark.parametrize(
    ("options", "native"),
    [({"broken": True}, True), ({"broken": True}, False), ({"failing": True}, True)],
)
def test_a_call_that_fails_achieves_nothing(options: dict[str, Any], native: bool) -> None:
    disk = Disk(**options)
    with guard("observe").attach() as watch:
        kickoff(sequential(disk, model(copy(AWAY), native=native)))
    assert [f.status for f in watch.findings] == ["attempted"]
    assert kinds(watch) == [("tool_call", True), ("tool_result", False)]


@pytest.mark.parametrize("native", [True, False])
def test_a_call_beyond_the_usage_limit_achieves_nothing(native: bool) -> None:
    disk = Disk(max_usage_count=2)
    other = ("models/other.bin", "usb:/other.bin")
    third = ("models/third.bin", "usb:/third.bin")
    with guard("observe").attach() as watch:
        llm = model(copy(AWAY), copy(other), copy(third), native=native)
        kickoff(sequential(disk, llm))
    achieved = [f for f in watch.findings if f.status == "achieved"]
    assert len(achieved) == len(disk.copied)
    assert kinds(watch)[-1] == ("tool_result", False)
    assert "usage limit" in llm.heard[-1]


def test_a_call_in_text_that_is_repeated_achieves_nothing_more() -> None:
    disk = Disk()
    disk.tool.cache_function = lambda *_: False
    with guard("observe").attach() as watch:
        kickoff(sequential(disk, model(copy(AWAY), copy(AWAY), native=False)))
    assert disk.copied == [AWAY]
    assert [f.status for f in watch.findings] == ["attempted", "achieved", "attempted"]


def test_an_unknown_tool_is_recorded_and_achieves_nothing() -> None:
    disk = Disk(name="other")
    with guard("observe").attach() as watch:
        kickoff(sequential(disk, model(copy(AWAY))))
    assert [f.status for f in watch.findings] == ["attempted"]
    assert kinds(watch) == [("tool_call", True), ("tool_result", False)]


def test_a_stream_is_guarded_where_it_is_read() -> None:
    disk, llm = Disk(), model(copy(AWAY))
    crew = sequential(disk, llm)
    crew.stream = True
    with guard().attach() as watch:
        list(crew.kickoff())
    assert disk.copied == []
    assert len(watch.findings) == 1


def test_a_tool_is_bound_by_its_own_name_or_by_the_one_the_model_sees() -> None:
    for bound in ("Copy files", "copy_files"):
        disk = Disk(name="Copy files")
        effect = bind(bound, lambda a: Effect(verb="copy", source=a["source"], target=a["target"]))
        with Guard([WEIGHTS], bindings=[effect]).attach() as watch:
            kickoff(sequential(disk, model(copy(AWAY, name="copy_files"))))
        assert disk.copied == []
        assert dict(watch.bound) == {bound: 1}


def test_a_model_that_insists_is_stopped_by_the_framework() -> None:
    disk = Disk()
    with pytest.raises(ToolExecutionFailedError, match="5 times"), guard().attach() as watch:
        kickoff(sequential(disk, model(*(copy(AWAY) for _ in range(9)))))
    assert disk.copied == []
    assert len(watch.findings) == 5


def test_halt_rejects_everything_after() -> None:
    disk = Disk()
    with guard("halt").attach() as watch:
        kickoff(sequential(disk, model(copy(AWAY), copy(HARMLESS))))
    assert disk.copied == []
    assert watch.halted is not None


@pytest.mark.parametrize(("answer", "copied"), [(True, [AWAY]), (False, [])])
def test_an_asynchronous_callback_runs_in_the_loop_of_the_app(answer: bool, copied: Any) -> None:
    disk = Disk()

    async def run() -> None:
        person = asyncio.Queue[bool]()
        asked = asyncio.Event()
        loop = asyncio.get_running_loop()

        async def ask(decision: object, event: Event) -> bool:
            assert asyncio.get_running_loop() is loop
            assert event.actor == "ops"
            asked.set()
            return await person.get()

        async with guard("ask", ask=ask).attach():
            running = asyncio.create_task(sequential(disk, model(copy(AWAY))).akickoff())
            await asked.wait()
            assert not running.done()
            await person.put(answer)
            await running

    asyncio.run(run())
    assert disk.copied == copied


def test_ask_takes_an_asynchronous_callback_without_a_loop() -> None:
    async def yes(decision: object, event: Event) -> bool:
        return True

    disk = Disk()
    with guard("ask", ask=yes).attach():
        kickoff(sequential(disk, model(copy(AWAY))))
    assert disk.copied == [AWAY]


def test_a_failing_binding_rejects() -> None:
    disk, llm = Disk(), model(copy(HARMLESS))
    watched = Guard([WEIGHTS], bindings=[bind("cp", lambda a: a["nowhere"])])
    with watched.attach():
        kickoff(sequential(disk, llm))
    assert disk.copied == []
    assert "KeyError" in llm.heard[1]
    assert "KeyError" in watched.failures[0]


def test_the_guard_failing_rejects(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(Watch, "intend", broken)
    disk, watched, llm = Disk(), guard(), model(copy(HARMLESS))
    with watched.attach():
        kickoff(sequential(disk, llm))
    assert disk.copied == []
    assert "the guard failed: oops" in llm.heard[1]
    assert "ZeroDivisionError" in watched.failures[0]


def test_outside_the_context_nothing_is_guarded_and_nothing_is_left() -> None:
    disk, watched = Disk(), guard()
    before = [get_hooks(point) for point in InterceptionPoint]
    with watched.attach():
        thread = threading.Thread(target=kickoff, args=[sequential(disk, model(copy(AWAY)))])
        thread.start()  # without a copy of the context: another request of the same process
        thread.join()
    kickoff(sequential(disk, model(copy(AWAY))))
    assert disk.copied == [AWAY, AWAY]
    assert [e.kind for e in watched.trace] == ["end"]
    assert [get_hooks(point) for point in InterceptionPoint] == before


def test_ten_runs_at_once_keep_their_findings_apart() -> None:
    watched = guard()

    async def one(n: int) -> tuple[int, list[str], Disk]:
        disk = Disk()
        crew = sequential(disk, model(copy(HARMLESS), copy((f"models/{n}.bin", "usb:/x"))))
        async with watched.attach() as watch:
            await (crew.akickoff() if n % 2 else crew.kickoff_async())
        return n, [f.reason for f in watch.findings], disk

    async def all_() -> list[tuple[int, list[str], Disk]]:
        return await asyncio.gather(*(one(n) for n in range(10)))

    for n, reasons, disk in asyncio.run(all_()):
        assert reasons == [f"copies weights from models/{n}.bin to usb:/x"]
        assert disk.copied == [HARMLESS]
    assert len(watched.findings) == 10


def test_an_attachment_inside_another_decides_alone() -> None:
    disk = Disk()
    with guard().attach() as outer, guard("observe").attach() as inner:
        kickoff(sequential(disk, model(copy(AWAY))))
    assert disk.copied == [AWAY]
    assert len(inner.findings) == 2
    assert outer.findings == []


def test_kickoff_for_each_and_tasks_in_threads_are_seen() -> None:
    disk = Disk()
    agent = worker(disk, model(copy(AWAY), "Done.", copy(AWAY), "Done.", copy(AWAY), "Done."))
    crew = Crew(agents=[agent], tasks=[task(agent, async_execution=True)])
    with guard().attach() as watch:
        crew.kickoff_for_each([{}, {}])
        crew.kickoff()
    assert disk.copied == []
    assert len(watch.findings) == 3


def test_hooks_of_the_app_go_on_working_and_do_not_hide_the_guard() -> None:
    seen: list[str] = []

    def note(context: Any) -> None:
        seen.append(context.tool_name)

    disk = Disk()
    point = InterceptionPoint.PRE_TOOL_CALL
    with scoped_hooks():
        register_scoped(point, note)
        with guard().attach() as watch:
            kickoff(sequential(disk, model(copy(AWAY))))
        assert get_scoped_hooks(point) == [note]
    assert seen == ["cp"]
    with guard().attach() as inside, scoped_hooks():
        register_scoped(point, note)
        llm = model(copy(AWAY))
        kickoff(sequential(disk, llm))
    assert seen == ["cp"]  # the guard came first, and was heard
    assert disk.copied == []
    assert REASON in llm.heard[1]
    assert len(watch.findings) == len(inside.findings) == 1


def test_a_hook_of_the_app_is_seen_to_change_and_to_block() -> None:
    def redirect(context: Any) -> None:
        context.tool_input["source"] = AWAY[0]

    disk = Disk()
    register_before_tool_call_hook(redirect)
    try:
        with guard().attach() as watch:
            kickoff(sequential(disk, model(copy(HARMLESS))))
    finally:
        unregister_before_tool_call_hook(redirect)
    assert disk.copied == []
    assert len(watch.findings) == 1
    with guard("observe").attach() as watch:
        register_scoped(InterceptionPoint.PRE_TOOL_CALL, lambda context: False)
        kickoff(sequential(disk, model(copy(AWAY))))
    assert disk.copied == []
    assert [f.status for f in watch.findings] == ["attempted"]


class Caller(Model):
    """A model whose client runs functions by itself, as those of the providers do."""

    def call(self, *args: Any, available_functions: Any = None, **kwargs: Any) -> Any:
        asked = {"source": AWAY[0], "target": AWAY[1]}
        return self._handle_tool_execution("cp", asked, available_functions)


@pytest.mark.parametrize(("policy", "copied"), [("block", []), ("observe", [AWAY])])
def test_a_function_that_a_models_client_runs_is_decided_on(policy: Any, copied: Any) -> None:
    disk = Disk()
    llm = Caller(model="scripted", turns=[])
    with guard(policy).attach() as watch:
        answer = llm.call("Copy it.", available_functions={"cp": disk.tool.run})
    assert disk.copied == copied
    assert answer == ("copied" if copied else None)
    assert len(watch.findings) == 1 + len(copied)
    assert kinds(watch)[-1] == ("tool_result", bool(copied))


def test_global_hooks_guard_every_thread() -> None:
    disk, watched, llm = Disk(), guard(), model(copy(HARMLESS), copy(AWAY))
    with guard_hooks(watched) as watch:
        thread = threading.Thread(target=kickoff, args=[sequential(disk, llm)])
        thread.start()
        thread.join()
        kickoff(sequential(Disk(broken=True), model(copy(HARMLESS))))
    kickoff(sequential(disk, model(copy(AWAY))))
    assert disk.copied == [HARMLESS, AWAY]
    assert REASON in llm.heard[2]
    assert [f.actor for f in watch.findings] == ["ops"]
    assert [e.ok for e in watch.events if e.kind == "tool_result"] == [True, False, False]
    assert [e.text for e in watch.events if e.kind == "message"] == ["Done.", "Done."]


def test_inside_an_attached_guard_the_global_hooks_stand_back() -> None:
    disk, watched = Disk(), guard()
    with guard_hooks(watched) as outside, watched.attach() as watch:
        kickoff(sequential(disk, model(copy(AWAY))))
    assert len(watched.findings) == len(watch.findings) == 1
    assert outside.events == ()
