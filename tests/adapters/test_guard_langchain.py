"""A guard attached from outside to LangChain and LangGraph apps, and built in."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextvars import copy_context
from typing import Any

import pytest
from guarded_langchain import (
    AWAY,
    GO,
    HARMLESS,
    SHAPES,
    WEIGHTS,
    Disk,
    agent,
    ainvoke,
    copy,
    guard,
    invoke,
    model,
    stream,
)
from langchain_core.messages import ToolMessage
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt.tool_node import ToolInvocationError

from allegiance.adapters.langchain.guard import GuardMiddleware, tool_node
from allegiance.guard import CallRejected, GuardBypassed
from allegiance.probe import findings


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.__name__)
@pytest.mark.parametrize("way", [invoke, ainvoke, stream], ids=lambda w: w.__name__)
def test_an_unchanged_app_is_blocked_and_goes_on(
    shape: Callable[..., Any], way: Callable[[Any], Any]
) -> None:
    disk, watched = Disk(), guard()
    app = shape(disk, copy(*HARMLESS), copy(*AWAY))
    with watched.attach() as watch:
        final = way(app)
    assert disk.copied == [HARMLESS]
    assert [f.actor for f in watch.findings] == ["ops"]
    assert any(e.kind == "decision" and "copies weights" in e.text for e in watched.latest_events)
    assert final["messages"][-1].text == "Done."
    assert watch.missed == {}
    assert not watched.failures


@pytest.mark.parametrize("shape", SHAPES, ids=lambda s: s.__name__)
def test_observing_changes_nothing_and_finds_what_replay_finds(shape: Callable[..., Any]) -> None:
    bare, disk, watched = Disk(), Disk(), guard("observe")
    without = invoke(shape(bare, copy(*HARMLESS), copy(*AWAY)))
    with watched.attach() as watch:
        with_guard = invoke(shape(disk, copy(*HARMLESS), copy(*AWAY)))
    assert disk.copied == bare.copied == [HARMLESS, AWAY]
    assert [m.text for m in with_guard["messages"]] == [m.text for m in without["messages"]]
    assert watch.findings == findings(WEIGHTS, watched.latest_events)
    assert [f.status for f in watch.findings] == ["attempted", "achieved"]
    assert "I copy." in [e.text for e in watched.latest_events if e.actor == "ops"]


def test_the_model_is_shown_why() -> None:
    disk = Disk()
    with guard().attach():
        final = invoke(agent(disk, copy(*AWAY)))
    (answer,) = [m for m in final["messages"] if isinstance(m, ToolMessage)]
    assert answer.status == "error"
    assert "copies weights from models/peer.bin" in answer.text


def test_outside_the_context_nothing_is_guarded() -> None:
    disk, watched = Disk(), guard()
    with pytest.warns(GuardBypassed, match="nothing reached"), watched.attach():
        pass
    invoke(agent(disk, copy(*AWAY)))
    assert disk.copied == [AWAY]
    assert [e.kind for e in watched.latest_events] == ["end"]


def test_fifty_runs_at_once_keep_their_findings_apart() -> None:
    watched = guard()

    async def one(n: int) -> tuple[int, list[str], Disk]:
        disk = Disk()
        app = agent(disk, copy(*HARMLESS), copy(f"models/{n}.bin", "usb:/x"))
        async with watched.attach() as watch:
            await app.ainvoke(GO)
        return n, [f.reason for f in watch.findings], disk

    async def all_() -> list[tuple[int, list[str], Disk]]:
        return await asyncio.gather(*(one(n) for n in range(50)))

    for n, reasons, disk in asyncio.run(all_()):
        assert reasons == [f"copies weights from models/{n}.bin to usb:/x"]
        assert disk.copied == [HARMLESS]
    assert len(watched.findings) == 50


def test_halt_rejects_everything_after() -> None:
    disk = Disk()
    with guard("halt").attach() as watch:
        invoke(agent(disk, copy(*AWAY), copy(*HARMLESS)))
    assert disk.copied == []
    assert watch.halted is not None


def test_the_guard_failing_rejects(monkeypatch: pytest.MonkeyPatch) -> None:
    from allegiance.guard import Watch

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(Watch, "intend", broken)
    disk, watched = Disk(), guard()
    with watched.attach():
        invoke(agent(disk, copy(*HARMLESS)))
    assert disk.copied == []
    assert any("ZeroDivisionError" in failure for failure in watched.failures)


def test_a_runner_keeps_the_context_it_began_with() -> None:
    async def main(disk: Disk) -> None:
        await agent(disk, copy(*AWAY)).ainvoke(GO)

    unseen, seen = Disk(), Disk()
    with asyncio.Runner() as runner:
        runner.run(asyncio.sleep(0))
        with (
            pytest.warns(GuardBypassed, match="a context that was created earlier"),
            guard().attach(),
        ):
            runner.run(main(unseen))
        with guard().attach() as watch:
            runner.run(main(seen), context=copy_context())
    assert unseen.copied == [AWAY]
    assert seen.copied == []
    assert [f.status for f in watch.findings] == ["attempted"]


def in_bare_thread(function: Callable[[], Any]) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def test_a_tool_run_in_a_bare_thread_is_warned_of_and_can_be_wrapped() -> None:
    def app(disk: Disk, run: Callable[..., Any]) -> Any:
        speaker = model(copy(*AWAY))

        def ops(state: MessagesState) -> dict[str, Any]:
            message = speaker.invoke(state["messages"])
            for call in message.tool_calls:
                in_bare_thread(lambda args=call["args"]: run(**args))
            return {"messages": [message]}

        built = StateGraph(MessagesState)
        built.add_node("ops", ops)
        built.add_edge(START, "ops")
        return built.compile()

    disk = Disk()
    watched = guard()
    with pytest.warns(GuardBypassed, match=r"1 tool calls \(cp\)"), watched.attach() as watch:
        invoke(app(disk, lambda **args: disk.tool.invoke(args)))
    assert disk.copied == [AWAY]
    assert list(watch.missed.values()) == ["cp"]

    refused: list[str] = []
    with guard().attach() as watch:
        wrapped = watch.wrap(disk.tool.func, tool="cp", actor="ops")  # type: ignore[attr-defined]

        def run(**args: str) -> None:
            try:
                wrapped(**args)
            except CallRejected as error:
                refused.append(str(error))

        invoke(app(disk, run))
    assert watch.missed == {}
    assert disk.copied == [AWAY]
    assert "copies weights" in refused[0]
    assert [f.actor for f in watch.findings] == ["ops"]


def test_the_public_error_catches_a_rejected_call_of_a_tool() -> None:
    disk = Disk()
    with guard().attach():
        with pytest.raises(CallRejected, match="copies weights") as caught:
            disk.tool.invoke({"source": AWAY[0], "target": AWAY[1]})
        assert isinstance(caught.value, ToolInvocationError)
    assert disk.copied == []


def test_middleware_and_tool_node_guard_by_themselves() -> None:
    disk, watched = Disk(), guard()
    invoke(agent(disk, copy(*HARMLESS), copy(*AWAY), middleware=[GuardMiddleware(watched)]))
    asyncio.run(agent(disk, copy(*AWAY), middleware=[GuardMiddleware(watched)]).ainvoke(GO))
    assert disk.copied == [HARMLESS]
    speaker = model(copy(*AWAY))
    built = StateGraph(MessagesState)
    built.add_node("ops", lambda s: {"messages": [speaker.invoke(s["messages"])]})
    built.add_node("tools", tool_node([disk.tool], watched))
    built.add_edge(START, "ops")
    built.add_edge("ops", "tools")
    final = invoke(built.compile())
    assert disk.copied == [HARMLESS]
    assert "copies weights" in final["messages"][-1].text
    assert len(watched.findings) == 3


def test_inside_an_attached_guard_the_middleware_stands_back() -> None:
    disk, watched = Disk(), guard()
    with watched.attach() as watch:
        invoke(agent(disk, copy(*AWAY), middleware=[GuardMiddleware(watched)]))
    assert len(watched.findings) == len(watch.findings) == 1
