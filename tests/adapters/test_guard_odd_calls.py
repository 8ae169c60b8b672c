"""Odd arguments are rejected by the same rule in all four frameworks, and copies are passed on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import guarded_autogen
import guarded_langchain
import pytest
from autogen_core import CancellationToken, FunctionCall
from autogen_core.tools import FunctionTool
from langchain_core.messages import AIMessage
from langchain_core.outputs import ChatGeneration, LLMResult
from langchain_core.tools import tool

from allegiance.adapters.crewai.guard import GuardHooks
from allegiance.adapters.langchain.guard import GuardHandler, GuardMiddleware
from allegiance.guard import Guard, Watch
from allegiance.guard.recent import MOST
from allegiance.guard.watch import CURRENT

WAYS = ("langchain", "langgraph", "autogen", "crewai")
ODD: dict[str, tuple[Any, str]] = {
    "surrogate": ("a\ud800", "lone surrogate"),
    "deep": (json.loads("[" * 80 + "]" * 80), "nested deeper than 64 levels"),
    "infinite": (float("inf"), "is inf"),
    "long": ("x" * 1_000_001, "longer than 1,000,000 characters"),
    "huge": (10**4290, "is an integer of more than"),
}


def play(way: str, guard: Guard, source: Any) -> list[Any]:
    """Run one call in a framework, and return the sources that the tool got."""
    args = {"source": source, "target": "usb:/x"}
    ran: list[Any] = []

    async def cp(source: Any, target: str) -> str:
        """Copy a file."""
        ran.append(source)
        return "ok"

    def hooked() -> None:
        with guard.attach() as watch:
            hooks = GuardHooks(watch, attached=True)
            context: Any = type("Context", (), {"agent": None, "tool": None, "tool_name": "cp"})()
            context.tool_input = dict(args)
            if hooks.before(context) is None:
                ran.append(context.tool_input["source"])

    def team() -> None:
        function = FunctionTool(cp, "Copies a file.", strict=False)
        call = FunctionCall(id="1", name="cp", arguments=json.dumps(args))
        agent = guarded_autogen.AssistantAgent(
            "ops",
            guarded_autogen.Model(guarded_autogen.turn([call]), guarded_autogen.says("Done.")),
            tools=[function],
        )
        with guard.attach():
            asyncio.run(asyncio.wait_for(guarded_autogen.run(agent), 30))

    def graph() -> None:
        from langchain.agents import create_agent

        message = AIMessage("", tool_calls=[{"name": "cp", "args": args, "id": "1"}])
        llm = guarded_langchain.model(message)
        app = create_agent(llm, [tool(cp)], name="ops")
        with guard.attach():
            asyncio.run(app.ainvoke({"messages": [("user", "go")]}))

    def direct() -> None:
        with guard.attach():
            try:
                asyncio.run(tool(cp).ainvoke(args))
            except PermissionError:
                assert guard.failures

    runs: dict[str, Callable[[], None]] = {
        "langchain": direct,
        "langgraph": graph,
        "autogen": team,
        "crewai": hooked,
    }
    runs[way]()
    return ran


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("case", ODD)
def test_odd_arguments_are_rejected_in_every_framework(way: str, case: str) -> None:
    source, why = ODD[case]
    guard = Guard([])
    assert play(way, guard, source) == []
    assert any(why in failure for failure in guard.failures), guard.failures


@pytest.mark.parametrize("way", WAYS)
def test_other_arguments_run_in_every_framework(way: str) -> None:
    guard = Guard([])
    assert play(way, guard, ["é", {"a": [1, None]}]) == [["é", {"a": [1, None]}]]
    assert not guard.failures


class Changes:
    """A probe that stands for another task, which changes the arguments after the decision."""

    id = "changes"
    behaviour = "nothing"

    def __init__(self, args: dict[str, Any]) -> None:
        self.args = args

    def __call__(self, view: Any) -> tuple[()]:
        self.args["source"]["path"] = "models/peer.bin"
        return ()


def test_autogen_and_crewai_and_a_middleware_pass_on_what_was_judged() -> None:
    args: dict[str, Any] = {"source": {"path": "notes"}, "target": "usb:/x"}
    ran: list[Any] = []

    async def cp(source: dict[str, str], target: str) -> str:
        ran.append(source["path"])
        return "ok"

    function = FunctionTool(cp, "Copies a file.")

    async def run() -> None:
        async with Guard([Changes(args)]).attach():
            await function.run_json(args, CancellationToken())

    asyncio.run(run())

    class Request:
        tool_call: Any = {"name": "cp", "args": args, "id": "1"}  # noqa: RUF012 - as LangChain has it

        def override(self, tool_call: Any) -> Any:
            changed = Request()
            changed.tool_call = tool_call
            return changed

    args["source"]["path"] = "notes"
    middleware = GuardMiddleware(Guard([Changes(args)]))
    middleware.wrap_tool_call(
        Request(),  # type: ignore[arg-type]
        lambda request: ran.append(request.tool_call["args"]["source"]["path"]),
    )
    args["source"]["path"] = "notes"
    watch = Watch(Guard([Changes(args)]))
    context: Any = type("Context", (), {"agent": None, "tool": None, "tool_name": "cp"})()
    context.tool_input = args
    token = CURRENT.set(watch)
    assert GuardHooks(watch, attached=True).before(context) is None
    CURRENT.reset(token)
    ran.append(context.tool_input["source"]["path"])
    assert ran == ["notes"] * 3


def test_the_handler_forgets_a_call_when_it_ends_and_calls_that_never_come() -> None:
    watch = Watch(Guard([]))
    handler = GuardHandler(watch)
    for n in range(2 * MOST):
        calls = [{"name": "cp", "args": {}, "id": f"id-{n}"}]
        message = ChatGeneration(message=AIMessage("", tool_calls=calls))
        handler.on_llm_end(LLMResult(generations=[[message]]), run_id=uuid4())
    assert len(handler._seen) == MOST
    for n in range(MOST, 2 * MOST):
        run_id = uuid4()
        handler.on_tool_start({"name": "cp"}, "", run_id=run_id, inputs={}, tool_call_id=f"id-{n}")
        handler.on_tool_end("ok", run_id=run_id)
    assert handler._tickets == {}
    assert len(handler._seen) == MOST
    assert watch.refusals.waiting == {}
