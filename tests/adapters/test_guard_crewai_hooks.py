"""The guard beside an app's own CrewAI hooks, and as global hooks."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from allegiance.adapters.crewai import home  # noqa: F401 - first: nothing is sent or left behind

# isort: split

from crewai.hooks import register_before_tool_call_hook, unregister_before_tool_call_hook
from crewai.hooks.dispatch import (
    InterceptionPoint,
    get_scoped_hooks,
    register_scoped,
    scoped_hooks,
)
from guarded_crewai import (
    AWAY,
    HARMLESS,
    REASON,
    Disk,
    Model,
    copy,
    guard,
    kickoff,
    kinds,
    model,
    sequential,
)

from allegiance.adapters.crewai.guard import guard_hooks


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
