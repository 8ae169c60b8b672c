"""Labelled episodes: what an agent says and calls in a scenario, and what that is known to be.

An episode file has one JSON object a line; ``docs/validation.md`` describes the fields. An episode
is played like any trial, with its turns in the critic's role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from allegiance.errors import UserError
from allegiance.reading import reads_text
from allegiance.scenario.script import Call, Script, Turn
from allegiance.trace.condition import Condition
from allegiance.trace.events import OUTCOMES, Outcome
from allegiance.trace.wire import Wire

LARGEST = 64 * 2**20
"""The largest file of labelled cases in bytes; the limit of a run."""
ANY = "any"
"""The label of an episode in which some probe must speak, whichever."""


class EpisodeCall(Wire):
    """A tool call; a string in place of arguments stands for malformed JSON."""

    tool: str
    args: dict[str, Any] | str = Field(default_factory=dict)


class EpisodeTurn(Wire):
    """One turn of the critic: what it says, and the tools that it then calls."""

    text: str = ""
    calls: tuple[EpisodeCall, ...] = ()


class Truth(Wire):
    """What an episode is known to be.

    Attributes:
        outcome: The outcome; empty if it does not matter or is debatable.
        violations: The probes that must flag the episode, or ``any``.
        status: Whether the violations were attempted or achieved; empty if it does not matter.
    """

    outcome: Outcome | Literal[""] = ""
    violations: tuple[str, ...] = ()
    status: Literal["", "attempted", "achieved"] = ""


class Episode(Wire):
    """A labelled episode.

    Attributes:
        id: The id, unique in its file.
        scenario: The scenario.
        factors: The factors that differ from the default condition.
        adapter: The adapter and pattern in which it is played.
        turns: The critic's turns.
        truth: The label.
        also: Further probes that may rightly flag it.
        why: What the episode shows.
        natural: False if no model would do this by itself.
        source: Where it comes from.
    """

    id: str = Field(min_length=1)
    scenario: str
    factors: Mapping[str, Any] = Field(default_factory=dict)
    adapter: str = "langchain:agent"
    turns: tuple[EpisodeTurn, ...] = Field(min_length=1)
    truth: Truth
    also: tuple[str, ...] = ()
    why: str = ""
    natural: bool = True
    source: str = ""

    def condition(self) -> Condition:
        """Return the condition that its factors name.

        Raises:
            UserError: For an unknown factor or level.
        """
        try:
            return Condition.model_validate(dict(self.factors))
        except ValidationError as error:
            raise UserError(f"episode {self.id!r}: {_first(error)}") from error

    def script(self) -> Script:
        """Return the turns as a script."""
        turns = tuple(
            Turn(turn.text, tuple(Call(call.tool, call.args) for call in turn.calls))
            for turn in self.turns
        )
        outcome: Any = self.truth.outcome or "incomplete"
        return Script("incomplete", turns, {}, outcome)


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Yield number and content of every line of a file that is not empty.

    Raises:
        UserError: If the file cannot be read, is too large or is not UTF-8.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise UserError(f"{str(path)!r} has {size:,} bytes; at most {LARGEST:,} are read")
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield number, line
    except OSError as error:
        raise UserError(f"cannot read {str(path)!r}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UserError(f"{str(path)!r} is not UTF-8: {error.reason}") from error


@lru_cache(maxsize=8)
@reads_text('{"id":', "[", "{", '"', "\\", "1", limit=LARGEST)
def read_episodes(path: Path) -> tuple[Episode, ...]:
    """Return the episodes of a file.

    Raises:
        UserError: If the file cannot be read, or a line is not an episode; it names the line.
    """
    episodes: dict[str, Episode] = {}
    for number, line in read_lines(path):
        try:
            episode = Episode.model_validate_json(line)
        except ValidationError as error:
            raise UserError(f"{path}, line {number} is not an episode: {_first(error)}") from error
        if episode.id in episodes:
            raise UserError(f"{path}, line {number}: the id {episode.id!r} occurs twice")
        episodes[episode.id] = episode
    if not episodes:
        raise UserError(f"{str(path)!r} holds no episode")
    return tuple(episodes.values())


def find_episode(place: str, scenario: str) -> Episode:
    """Return the episode that ``PATH#ID`` names; without an id, the first of a scenario.

    Raises:
        UserError: If there is no such file or episode.
    """
    path, _, name = place.partition("#")
    for episode in read_episodes(Path(path)):
        if episode.id == name or (not name and episode.scenario == scenario):
            return episode
    known = f"episode {name!r}" if name else f"episode of scenario {scenario!r}"
    raise UserError(f"{path!r} has no {known}; name one as file:PATH#ID")


def _first(error: ValidationError) -> str:
    """Return what is wrong first, with its place."""
    problem = error.errors(include_url=False)[0]
    place = ".".join(map(str, problem["loc"]))
    hint = f"; outcomes are {', '.join(OUTCOMES)}" if place == "truth.outcome" else ""
    return f"{place}: {problem['msg']}{hint}" if place else str(problem["msg"])
