"""An answer belongs to its call, in whichever attachment the graph is resumed."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from guarded_langchain import AWAY, GO, HARMLESS, WEIGHTS, Disk, agent, copy, guard, invoke
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from allegiance.guard import CallRejected, Guard, Rule

CONFIG: Any = {"configurable": {"thread_id": "1"}}


@pytest.mark.parametrize(("answer", "copied"), [(True, [AWAY]), (False, [])])
def test_a_guard_that_finds_nothing_still_waits_for_the_answer(answer: bool, copied: Any) -> None:
    disk = Disk()
    app = agent(disk, copy(*AWAY), checkpointer=InMemorySaver())
    with guard("ask").attach():
        assert app.invoke(GO, CONFIG)["__interrupt__"]
    with Guard([], policy="ask").attach():
        assert app.invoke(None, CONFIG)["__interrupt__"]
        app.invoke(Command(resume=answer), CONFIG)
    assert disk.copied == copied


def test_a_rule_is_for_its_agents_and_a_rejection_can_be_pickled() -> None:
    disk = Disk()
    rules = [Rule("block", agents=["op*"])]
    with Guard([WEIGHTS], "observe", guard().bindings, rules=rules).attach():
        invoke(agent(disk, copy(*HARMLESS), copy(*AWAY)))
    assert disk.copied == [HARMLESS]
    with guard().attach(), pytest.raises(CallRejected) as caught:
        disk.tool.invoke({"source": AWAY[0], "target": AWAY[1]})
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
