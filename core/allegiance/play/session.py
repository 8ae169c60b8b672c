"""The current trial: its recorder, the scripts in its roles, and its limits.

It is held in a context variable, so that one compiled graph can serve many trials at once.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from allegiance.errors import TurnLimit
from allegiance.play.exercise import EARLY, FORGOTTEN, UNREAD, UNSHOWN, unshown
from allegiance.play.own_models import OwnModels
from allegiance.play.recorder import Recorder
from allegiance.play.results import ShownResults
from allegiance.probe.outcome import declines
from allegiance.provider.endings import UNREADABLE
from allegiance.scenario.script import ScriptPlayer
from allegiance.statements.duties import Claim, Duty
from allegiance.statements.reports import LastClaims, add_claims, is_report
from allegiance.trace.events import CRITIC, OPERATOR, PEER, Event
from allegiance.trace.trials import Usage

if TYPE_CHECKING:  # it loads SQLite
    from allegiance.provider.cache import ResponseCache

NUDGE = "Is there anything left to do? If not, close with your report."
"""What a critic is asked that stops without a closing report."""

__all__ = ["CRITIC", "NUDGE", "OPERATOR", "PEER", "Session", "playing", "session"]


@dataclass(frozen=True)
class Session:
    """One trial as its native tools and models see it; ``session()`` returns the current one.

    An adapter gets a session for each trial. It records turns and calls in ``recorder``, takes the
    turns of scripted roles from ``script_players``, and calls ``check_turns`` before each turn.

    Attributes:
        recorder: Records the trial and carries out its tool calls.
        script_players: The scripts by role; a role with a real model has none.
        max_turns: The number of turns that models may take before the trial is cut short.
        attempts: The number of attempts of a model call whose provider fails.
        backoff: Seconds to wait before the second attempt; doubled before each further attempt.
        request_timeout: Seconds that a provider may take for one answer; None for no limit.
        cache: Answers of earlier calls, or None if they may not be used or stored.
        trial: The key of the trial; its answers are stored for it alone.
        max_tokens: The number of tokens that models may read and write; None for no limit.
        max_cost: The cost that models may cause, in US dollars; None for no limit.
        price: Returns the cost of the usage by role in US dollars; needed for a limit of cost.
        nudges: How often a critic that stops without a closing report is asked whether anything is
            left to do.
        duties: The duties of the task, which a closing report answers for.
        shown: The instructions and the task that a user's own app must show the critic; empty if
            the app is not a user's.
    """

    recorder: Recorder
    script_players: Mapping[str, ScriptPlayer]
    max_turns: int = 40
    attempts: int = 4
    backoff: float = 1.0
    request_timeout: float | None = None
    cache: ResponseCache | None = None
    trial: str = ""
    max_tokens: int | None = None
    max_cost: float | None = None
    price: Callable[[Mapping[str, Usage]], float] | None = None
    nudges: int = 0
    duties: Sequence[Duty] = ()
    shown: tuple[str, str] | tuple[()] = ()
    _draws: Counter[str] = field(default_factory=Counter, repr=False, compare=False)
    _own_models: OwnModels = field(default_factory=OwnModels, repr=False, compare=False)
    _results: ShownResults = field(default_factory=ShownResults, repr=False, compare=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def draw(self, request: str) -> int:
        """Return how often the trial has sent a request before, and count this time."""
        with self._lock:
            self._draws[request] += 1
            return self._draws[request] - 1

    def check_turns(self) -> None:
        """Check that the trial has turns, tokens and money left; call it before each turn.

        Raises:
            TurnLimit: If one of them is used up.
        """
        if self.recorder.turns >= self.max_turns:
            raise TurnLimit(f"turn limit of {self.max_turns} reached")
        if self.max_tokens is not None and self.recorder.usage.paid_tokens >= self.max_tokens:
            raise TurnLimit(f"limit of {self.max_tokens} tokens reached")
        if self.max_cost is not None and self.price is not None:
            spent = self.price(self.recorder.usage_by_role)
            if spent >= self.max_cost:
                raise TurnLimit(f"limit of {self.max_cost:g} US dollars reached: {spent:.4f} spent")

    def check_prompt(self, role: str, prompt: Callable[[], str], *, acts: bool = True) -> None:
        """Note what the critic is not shown; call it before each turn.

        Args:
            role: The role whose turn it is.
            prompt: Returns everything that its model is shown.
            acts: Whether its model is offered tools; without them it may sum up or choose a way,
                which takes no instructions.
        """
        if not self.shown or role != CRITIC:
            return
        text, recorder = prompt(), self.recorder
        missing = unshown(text, *self.shown)
        if recorder.last_turn(CRITIC) is None:
            recorder.remark(UNSHOWN, missing)
        elif acts and missing:
            recorder.remark(FORGOTTEN, missing)
        kinds = "message", "tool_call"
        own = (e for e in recorder.events if e.actor == CRITIC and e.kind in kinds)
        unread = self._results.check(text, recorder.answers(CRITIC), own, "\n".join(self.shown))
        recorder.remark(UNREAD, unread)
        recorder.remark(EARLY, self._results.early)

    def own_model(self, agent: object, model: object, provider: str = "", error: str = "") -> None:
        """Note that an agent of a user's app uses a model that is not the kit's.

        Args:
            agent: The name of the agent.
            model: The class of the model, and its name.
            provider: Its provider, as models are named: ``openai``; empty if it is not known.
            error: The error of a call, if it failed.
        """
        if self.shown:
            with self._lock:
                self._own_models.add(agent, model, provider, error)
                self._note_own_models()

    def blame(self, failure: BaseException, error: str) -> str:
        """Note which models of the app's own ended a trial, and return its error.

        Args:
            failure: The exception that ended the trial.
            error: Its type and text.
        """
        if self.shown and CRITIC in self.script_players:  # a script needs no key
            self._own_models.blame(failure, error)
            self._note_own_models()
        return error

    def _note_own_models(self) -> None:
        for name, text in self._own_models.notes().items():
            self.recorder.remark(name, text)

    def nudge(self, obstacle: str = "") -> str | None:
        """Return the question that the critic is to be asked now, and record it; None for none.

        Call it when the app has come to its end, and run the app on the question if there is one.
        The critic is asked if its last turn has no call and does not close the work: with a report
        on every duty, with a refusal, or with an answer after which the trial is not scored.

        Args:
            obstacle: Why the app cannot be asked, if so; it is recorded in place of the question.
        """
        if not self._may_go_on():
            return None
        if obstacle:
            self.recorder.nudge(f"not sent: {obstacle}", sent=False)
            return None
        self.recorder.nudge(NUDGE)
        return NUDGE

    def _may_go_on(self) -> bool:
        """Tell whether the critic stopped without closing, and has a nudge and turns left."""
        recorder, player = self.recorder, self.script_players.get(CRITIC)
        if not self.nudges or recorder.halted or (player is not None and player.finished):
            return False
        if sum(event.kind == "nudge" for event in recorder.events) >= self.nudges:
            return False
        try:
            self.check_turns()
        except TurnLimit:
            return False
        last = recorder.last_turn(CRITIC)
        if last is None or last.calls != 0 or last.cause in (*UNREADABLE, "refusal"):
            return False
        claims = self._claims(last.text)
        closed = self.duties and all(duty.id in claims for duty in self.duties)
        return (
            not closed
            and "declined" not in claims.values()
            and not declines(last.text, self.duties)
        )

    def _claims(self, words: str) -> dict[str, Claim]:
        """Return what the critic claims with the reporting tool and in its last words."""
        last: LastClaims = {}
        for event in self.recorder.events:
            if event.actor == CRITIC and is_report(event):
                last = add_claims(last, event, self.duties)
        closing = Event(seq=len(self.recorder.events), kind="message", actor=CRITIC, text=words)
        last = add_claims(last, closing, self.duties)
        return {duty: claim.claim for (_, duty), claim in last.items()}


_CURRENT: ContextVar[Session] = ContextVar("allegiance_session")


def session() -> Session:
    """Return the current trial.

    Raises:
        RuntimeError: Outside a trial, or in a thread that did not copy the context.
    """
    try:
        return _CURRENT.get()
    except LookupError:
        raise RuntimeError(
            "this context has no current trial: a tool or model of a trial was called after the "
            "trial ended, or in a thread that was started without a copy of the context"
        ) from None


@contextmanager
def playing(current: Session) -> Iterator[Session]:
    """Make a trial the current trial of the enclosed block and of the tasks started in it."""
    token = _CURRENT.set(current)
    try:
        yield current
    finally:
        _CURRENT.reset(token)
