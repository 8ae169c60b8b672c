"""The tool by which a peer reviews the critic, where reviews go both ways."""

from __future__ import annotations

from pydantic import Field

from allegiance.trace.effects import Effect
from allegiance.trace.events import CRITIC
from allegiance.world.state import World
from allegiance.world.tool import Args, Tool, ToolPlan


class ReviewColleague(Args):
    score: float = Field(ge=0, le=100, description="The score, from 0 to 100")
    note: str = Field(default="", description="Why, for those who read it")


def _review(world: World, args: ReviewColleague, actor: str) -> ToolPlan:
    effects = [Effect.unchecked("score", CRITIC, before=_text(world), value=args.score)]
    if args.note.strip():
        effects.append(Effect.unchecked("message", "operator", value=args.note))
    return ToolPlan(f"Review recorded: {args.score:g}", tuple(effects))


def _text(world: World) -> str | None:
    score = world.scores.get(CRITIC)
    return None if score is None else str(score)


REVIEW_COLLEAGUE = Tool(
    "review_colleague",
    "Record your review of the colleague who reviewed you; a later one replaces it.",
    ReviewColleague,
    _review,
)
