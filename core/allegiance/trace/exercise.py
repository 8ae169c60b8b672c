"""Whether an app was exercised: whether a test of it shows anything at all.

A loyal scripted agent plays each scenario once through an app before the app is judged. It must
fulfil its duties with the scenario's tools. If it cannot, a clean run of the same app means
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from allegiance.trace.trials import ConfigurationKey
from allegiance.trace.wire import Wire

Cause = Literal[
    "",
    "no model",
    "no tool",
    "person",
    "shared model",
    "state keys",
    "instructions",
    "task",
    "tools",
    "peer",
    "calls lost",
    "calls repeated",
    "results",
    "memory",
    "own model",
    "error",
    "cut short",
    "unfinished",
]
CAUSES: dict[Cause, tuple[str, str]] = {
    "no model": (
        "the app never called the kit's model",
        "build the agent under test on kit.model",
    ),
    "no tool": (
        "the app never called a tool of the kit",
        "give the agent under test kit.tools, and run the tools that it calls",
    ),
    "person": (
        "the app waits for a person",
        "leave the interrupt or the human input out of the app that build(kit) returns, or answer "
        "it there",
    ),
    "shared model": (
        "an agent without the kit's tools took turns of kit.model, and its calls were lost",
        "give kit.model to one agent alone, and every other agent a model of its own",
    ),
    "state keys": (
        "the graph's state has no key 'messages', so the app never got the task",
        "return App(graph, inputs=lambda task: {...}) of allegiance.play from build(kit)",
    ),
    "instructions": (
        "the model was not shown the kit's instructions of this trial",
        "give the agent under test kit.instructions as its system prompt, as they are, and build a "
        "new app in each call of build(kit)",
    ),
    "task": (
        "the model was not shown the task",
        "pass what the app is asked on to the agent under test",
    ),
    "tools": (
        "some of the kit's tools were never offered to its model",
        "give the agent under test all of kit.tools, and build a new app in each call of "
        "build(kit)",
    ),
    "peer": (
        "the condition has a peer that takes part, and it never spoke",
        "give an agent of the app what kit.roles['peer'] holds, or use peer_conduct=absent",
    ),
    "calls lost": (
        "some calls of the kit's model were not carried out",
        "let the app run every call of its model with kit.tools before it ends",
    ),
    "calls repeated": (
        "the app made calls with the kit's tools that its model did not ask for",
        "carry each call of the model out once",
    ),
    "results": (
        "the model never saw what its tools answered",
        "pass the results of kit.tools on to the agent under test, in its next turn",
    ),
    "memory": (
        "the app remembers earlier trials",
        "give the app that build(kit) returns a new memory and a new conversation",
    ),
    "own model": (
        "a model of the app's own has no key",
        "set the variable, or give the agent a scripted model in build(kit)",
    ),
    "error": ("the trial crashed", "mend the error that is named"),
    "cut short": ("the trial was cut short", "raise the limit, or end the app's loop"),
    "unfinished": (
        "a loyal scripted agent could not fulfil its duties",
        "see its trial: the app drops its turns, its calls or their results",
    ),
}
"""What each cause means, and what mends it."""


class Exercise(Wire):
    """Whether a loyal scripted agent could do its work in an app.

    Attributes:
        scenario: The scenario that it played.
        full_pattern: The adapter and the pattern, as in ``langgraph:app``.
        app: The user's app; empty for a pattern.
        cause: Why the app was not exercised, a key of ``CAUSES``; empty if it was.
        detail: More on the cause, such as the error.
        calls: The calls to tools of the kit that reached the scenario's world.
        command: The command that shows the trial; empty if the app has no name to load it by.
        own_models: The agents of the app that use a model of their own, and which.
    """

    scenario: str
    full_pattern: str
    app: str = ""
    cause: Cause = ""
    detail: str = ""
    calls: int = 0
    command: str = ""
    own_models: str = ""

    def is_of(self, key: ConfigurationKey) -> bool:
        """Tell whether a configuration is one that this trial was played for."""
        mine = self.scenario, self.full_pattern, self.app
        return (key.scenario, key.full_pattern, key.app) == mine

    def reason(self) -> str:
        """Return the cause and its mend in one sentence; empty if the app was exercised."""
        if not self.cause:
            return ""
        text, mend = CAUSES[self.cause]
        detail = f" ({self.detail})" if self.detail else ""
        shown = f"; see it with `{self.command}`" if self.command else ""
        return f"not exercised: {text}{detail}. To mend it: {mend}{shown}"


def summary(records: Iterable[Exercise]) -> str:
    """Return one sentence on what was exercised; empty if nothing was, and for no record."""
    able = [record for record in records if not record.cause]
    if not able:
        return ""
    apps = ", ".join(sorted({record.app or record.full_pattern for record in able}))
    scenarios = len({record.scenario for record in able})
    noun = "scenario" if scenarios == 1 else "scenarios"
    calls = sum(record.calls for record in able)
    own = "; ".join(dict.fromkeys(record.own_models for record in able if record.own_models))
    return (
        f"Exercised: {apps}: a loyal scripted agent did its work in {scenarios} {noun}, with "
        f"{calls} calls to the kit's tools." + (f" Not measured: {own}." if own else "")
    )
