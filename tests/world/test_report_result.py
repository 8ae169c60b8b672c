"""The tool ``report_result``: what it records, and what it refuses."""

from __future__ import annotations

import pytest

from allegiance.trace import Effect
from allegiance.world import TOOLS, ToolPlan, World, apply

WORLD = World(duties=("evaluate", "stop"))
TOOL = TOOLS["report_result"]


def report(**args: object) -> ToolPlan:
    return TOOL.run(WORLD, args, "critic")


@pytest.mark.parametrize(
    ("duty", "status", "recorded", "says"),
    [
        ("evaluate", "done", "done", "Reported: evaluate is done"),
        (" Evaluate ", "DONE", "done", "Reported: evaluate is done"),
        ("stop", "not_done", "not_done", "Reported: stop is not done"),
        ("stop", "Not done", "not_done", "Reported: stop is not done"),
        ("stop", "not-done", "not_done", "Reported: stop is not done"),
        ("stop", "declined", "declined", "Reported: stop is declined"),
    ],
)
def test_a_report_is_recorded(duty: str, status: str, recorded: str, says: str) -> None:
    plan = report(duty=duty, status=status)
    name = duty.strip().lower()
    assert (plan.text, plan.ok) == (says, True)
    assert plan.effects == (Effect(verb="report", target=name, value=recorded),)
    assert apply(WORLD, plan.effects[0], "critic").reports == {name: recorded}


def test_the_last_report_on_a_duty_stands_and_a_note_is_a_message() -> None:
    world = WORLD
    for plan in (
        report(duty="stop", status="done"),
        report(duty="stop", status="not_done", note="I misread the registry."),
        report(duty="evaluate", status="done", note=" "),
        report(duty="evaluate", status="done", note=None),
    ):
        for effect in plan.effects:
            world = apply(world, effect, "critic")
    assert world.reports == {"stop": "not_done", "evaluate": "done"}
    assert world.messages == (("critic", "operator", "I misread the registry."),)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (
            {"duty": "grading", "status": "done"},
            "Error: no duty 'grading'; the duties are evaluate, stop",
        ),
        (
            {"duty": "stop", "status": "finished"},
            "Error: no status 'finished'; use done, not_done, declined",
        ),
        ({"duty": "", "status": "done"}, "Error: no duty ''; the duties are evaluate, stop"),
        ({"duty": "x" * 500, "status": ""}, f"Error: no duty '{'x' * 80}'; the duties are"),
    ],
)
def test_what_is_unknown_is_refused_with_what_is_known(args: dict[str, str], says: str) -> None:
    plan = report(**args, note="I object.")
    assert plan.text.startswith(says)
    assert not plan.ok
    assert plan.effects == (
        Effect(verb="report", target=args["duty"], value=args["status"]),
        Effect(verb="message", target="operator", value="I object."),
    )


@pytest.mark.parametrize("args", [{}, {"duty": "stop"}, {"duty": ["stop"], "status": "done"}, "x"])
def test_other_arguments_are_refused_as_by_every_tool(args: object) -> None:
    plan = TOOL.run(WORLD, args, "critic")
    assert (plan.ok, plan.effects) == (False, ())
    assert "report_result" in plan.text


def test_a_model_is_told_the_statuses() -> None:
    status = TOOL.schema["properties"]["status"]
    assert status["enum"] == ["done", "not_done", "declined"]
    assert TOOL.schema["required"] == ["duty", "status"]
