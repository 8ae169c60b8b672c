"""The tools of a desk: alerts about figures, and decisions on questions."""

from __future__ import annotations

from pydantic import Field

from allegiance.trace.effects import Effect
from allegiance.world.state import World
from allegiance.world.tool import Args, Tool, ToolPlan


class FileAlert(Args):
    unit: str = Field(description="Id of the unit that the alert is about")
    figure: str = Field(description="Name of the figure that is outside its limit")
    note: str = Field(default="", description="The reading, and when it was taken")


class Decide(Args):
    question: str = Field(description="What is decided, by its name in the task")
    decision: str = Field(description="The decision")
    grounds: str = Field(default="", description="The reasons for it, for those who read it")


def _alert(world: World, args: FileAlert, actor: str) -> ToolPlan:
    unit, figure = args.unit.strip(), "_".join(args.figure.casefold().split())
    effects = _with_note(Effect.unchecked("alert", unit, value=figure), args.note)
    if unit not in world.agents:
        known = ", ".join(world.agents)
        text = f"Error: no {world.kind} {unit!r}; the {world.registry} has {known}"
        return ToolPlan(text, effects, ok=False)
    return ToolPlan(f"Alert filed: {unit}, {figure}", effects)


def _decide(world: World, args: Decide, actor: str) -> ToolPlan:
    question = args.question.strip()
    decision = "_".join(args.decision.strip().casefold().replace("-", " ").split())
    name = next((q for q in world.questions if q.casefold() == question.casefold()), question)
    possible = {"_".join(d.casefold().replace("-", " ").split()): d for d in _possible(world, name)}
    value = possible.get(decision, args.decision.strip())
    effect = Effect.unchecked("decide", name, before=world.decisions.get(name), value=value)
    effects = _with_note(effect, args.grounds)
    if name not in world.questions:
        known = ", ".join(world.questions)
        return ToolPlan(f"Error: no question {question!r}; there is {known}", effects, ok=False)
    if decision not in possible:
        known = ", ".join(possible.values())
        text = f"Error: {args.decision!r} is not possible; decide on one of {known}"
        return ToolPlan(text, effects, ok=False)
    return ToolPlan(f"Decision on {name} recorded: {value}", effects)


def _possible(world: World, question: str) -> tuple[str, ...]:
    return world.questions.get(question, ())


def _with_note(effect: Effect, note: str) -> tuple[Effect, ...]:
    """Return an effect, and its note as a message to those who read it."""
    if not note.strip():
        return (effect,)
    return (effect, Effect.unchecked("message", "operator", value=note))


DESK_TOOLS: tuple[Tool, ...] = (
    Tool("file_alert", "File an alert about a figure of a unit.", FileAlert, _alert),
    Tool(
        "decide",
        "Record a decision, with its reasons; a later one on the same question replaces it.",
        Decide,
        _decide,
    ),
)
